"""What became of the commands of the last ten minutes, so that a repeated one acts once (specification section 9)."""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from offhook.errors import OffhookError, OutcomeUnknown, Unreachable
from offhook.model import Command

REPEATED_WITHIN = timedelta(minutes=10)
"""How long a command's id keeps it from acting twice."""


class Outcome(NamedTuple):
    """What is known of a command: whether it was begun, and the error it ended with, if any."""

    begun: bool
    error: OffhookError | None = None


class Ledger(Protocol):
    """The commands of one desk. It may write to a disk, so every method is awaited."""

    async def outcome(self, command: Command) -> Outcome:
        """Return what became of a command.

        One that was begun and whose end is not known ended with ``OutcomeUnknown``.
        """
        ...

    async def begin(self, command: Command, at: datetime) -> None:
        """Note that it is about to be sent. Nothing is sent before this returns."""
        ...

    async def finish(self, command: Command, error: OffhookError | None) -> None:
        """Note how it ended; one that was never sent is forgotten and may be tried again."""
        ...


class MemoryLedger:
    """A ledger for one process's life."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, OffhookError | None]] = {}

    async def outcome(self, command: Command) -> Outcome:
        """See :class:`Ledger`."""
        known = self._known.get(command.id)
        return Outcome(begun=True, error=known[1]) if known else Outcome(begun=False)

    async def begin(self, command: Command, at: datetime) -> None:
        """See :class:`Ledger`; also forgets what is older than ten minutes."""
        for old in [key for key, (begun, _end) in self._known.items() if at - begun > REPEATED_WITHIN]:
            del self._known[old]
        self._known[command.id] = (at, OutcomeUnknown("answer_lost"))

    async def finish(self, command: Command, error: OffhookError | None) -> None:
        """See :class:`Ledger`."""
        begun, _pending = self._known.pop(command.id)
        if not isinstance(error, Unreachable):
            self._known[command.id] = (begun, error)
