"""What must outlive a crash: each desk's events, open calls and commands. ``sqlite`` is a store that keeps it.

Nothing is handed to a desk before it is committed, and a command's id is noted, on the disk, before the command
goes out. Every method is awaited and none keeps the loop waiting, however many desks there are.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple, Protocol

from offhook.board.key import DeskKey
from offhook.errors import OffhookError, Unavailable
from offhook.ledger import Outcome
from offhook.model import Call, Command, News

log = logging.getLogger(__name__)


class Noted(NamedTuple):
    """Something that happened at a desk."""

    desk: DeskKey
    news: News


class Written(NamedTuple):
    """An event that is committed: its desk, its ``seq`` there, the one before it, and its JSON text."""

    desk: DeskKey
    seq: str
    after: str
    text: str


class Kept(NamedTuple):
    """What is known of a desk from before: its newest ``seq``, its open calls, and when others ended."""

    last: str = ""
    calls: tuple[Call, ...] = ()
    ended: dict[str, datetime] = {}  # noqa: RUF012 - never changed


class StoreFailed(Exception):
    """A write failed as a whole; it may be tried again. Never leaves the board."""


class Unwritable(StoreFailed):
    """What was to be written cannot be said at all: to try again is of no use."""


class Store(Protocol):
    """The memory of a board."""

    async def kept(self, desks: Iterable[DeskKey]) -> dict[DeskKey, Kept]:
        """Return what is known of desks from before."""
        ...

    async def append(self, happened: Sequence[Noted], now: datetime) -> list[Written]:
        """Commit what happened and the calls as they are after it, all or nothing.

        Raises :class:`StoreFailed`, of its kind :class:`Unwritable` where an event is not fit to be written.
        """
        ...

    async def since(self, desk: DeskKey, seq: str, limit: int = 200) -> list[Written] | None:
        """Return a desk's next events after ``seq``; ``None`` where some of them are no longer kept."""
        ...

    async def forget(self, now: datetime, keep_s: float, keep_events: int) -> None:
        """Drop what is too old or too many, oldest first. Raises :class:`StoreFailed`."""
        ...

    async def drop(self, desk: DeskKey) -> None:
        """Forget a desk that no longer exists."""
        ...

    async def outcome(self, desk: DeskKey, command: Command) -> Outcome:
        """See :meth:`offhook.ledger.Ledger.outcome`.

        Where the hub died between sending and hearing the answer, an event caused by the command is the answer.
        """
        ...

    async def begin(self, desk: DeskKey, command: Command, at: datetime) -> None:
        """See :meth:`offhook.ledger.Ledger.begin`; it survives a power cut."""
        ...

    async def finish(self, desk: DeskKey, command: Command, error: OffhookError | None) -> None:
        """See :meth:`offhook.ledger.Ledger.finish`."""
        ...

    async def close(self) -> None:
        """Close it; what it holds is kept."""
        ...


class DeskLedger:
    """One desk's commands, as its line asks for them (:class:`offhook.ledger.Ledger`).

    Where the disk takes nothing, a command is refused before anything is sent; of one that was sent it is not noted
    what became of it.
    """

    def __init__(self, store: Store, desk: DeskKey) -> None:
        self._store = store
        self._desk = desk

    async def outcome(self, command: Command) -> Outcome:
        """See :meth:`Store.outcome`. Raises ``Unavailable``."""
        with _refusing():
            return await self._store.outcome(self._desk, command)

    async def begin(self, command: Command, at: datetime) -> None:
        """See :meth:`Store.begin`. Raises ``Unavailable``."""
        with _refusing():
            await self._store.begin(self._desk, command, at)

    async def finish(self, command: Command, error: OffhookError | None) -> None:
        """See :meth:`Store.finish`."""
        try:
            await self._store.finish(self._desk, command, error)
        except StoreFailed as failed:
            log.warning("what became of a command cannot be written: %s", failed)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except StoreFailed as error:
        raise Unavailable("store_failed", why=str(error)) from error
