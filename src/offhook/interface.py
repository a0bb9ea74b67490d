"""The contract of a telephone system; what it says of itself before it is used is :mod:`offhook.about`.

An interface's capabilities *are* its sets of command and event types, so they cannot drift from the code;
they are upper bounds, read when needed; each call's ``can`` says what may be asked of it now.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

from offhook.about import About, Availability
from offhook.dialling import Dialled
from offhook.errors import OffhookError
from offhook.model import Call, Command, Event
from offhook.view import View

__all__ = [
    "Acted", "Availability", "Cold", "Device", "Doubt", "Interface", "Pretend", "Remembering", "Resumable", "Seen",
    "Telling", "Traffic", "Trained", "Tried", "Watched", "fault_in", "nothing_wrong",
]  # fmt: skip


class Device(str):
    """What a desk's line is called at the telephone system: the ``line`` of an interface's events."""

    __slots__ = ()


class Tried(NamedTuple):
    """Something that is tried, and well unless an error follows: ``tried.WHAT`` of the interface's texts says it."""

    what: str
    params: Mapping[str, str | int] = {}


class Doubt(NamedTuple):
    """What stops nobody, or could not be looked at: its error's sentence says why."""

    error: OffhookError


Seen = OffhookError | Tried | Doubt
"""What an examination yields."""


def fault_in(seen: Seen) -> OffhookError | None:
    """Return the error in what was seen, ``None`` where there is none."""
    return None if isinstance(seen, Tried) else seen.error if isinstance(seen, Doubt) else seen


class Interface(Protocol):
    """A telephone system: for one desk, or a whole switch with a device per extension.

    ``events`` begins with a ``LineBack`` that carries the calls in progress, and sends one again after every
    ``LineLost``. An event's ``line`` is a device; ``""`` means all of them. It reconnects by itself.
    """

    about: ClassVar[About]

    @property
    def accepts(self) -> frozenset[type[Command]]:
        """The commands it takes: on the class at most, on an instance as its settings and the other end allow."""
        ...

    @property
    def emits(self) -> frozenset[type[Event]]:
        """The events it tells at most."""
        ...

    @classmethod
    async def availability(cls) -> Availability:
        """Say whether it can run here, without opening anything. It may take a second."""
        ...

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return the interface for one desk and the device its events will name.

        Raises ``SettingsError`` for settings it cannot use.
        """
        ...

    async def open(self) -> None:
        """Start. Raises ``Unavailable``, ``LoginRefused`` or ``SettingsError`` for what waiting cannot mend."""
        ...

    async def send(self, command: Command, device: Device, dialled: Dialled) -> str | None:
        """Pass a command on for a device; returns when it is accepted, with the id it was done under if not its own.

        ``dialled`` are the digits that go out for the number in the command, ``""`` where it has none. A repeated
        command acts once: its id is the same. Raises ``Refused``, ``Unreachable`` (nothing was sent) or
        ``OutcomeUnknown`` (it may have been).
        """
        ...

    def events(self) -> AsyncIterator[Event]:
        """Yield what happens until :meth:`close`."""
        ...

    async def close(self) -> None:
        """Stop and release everything; safe to call twice."""
        ...

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """Return exactly what a command would send, part by part, secrets masked. Raises what it would raise."""
        ...

    def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """Try the settings, unopened: no dialling, no polling, one login at most. Yield what is seen, as it is seen.

        A :class:`Tried` before each thing that is tried, then the error that says what is wrong with it and how to mend
        it, if anything is. ``desks`` are the extensions it is to serve.
        """
        ...


# --- what some interfaces can do as well ----------------------------------------------------------


class Cold(Protocol):
    """A dial without an event loop: for interfaces with which people dial on every click."""

    def preview(self, dialled: Dialled) -> list[str]:
        """Return what dialling would send, secrets masked. Raises what dialling would raise."""
        ...

    def dial(self, dialled: Dialled) -> None:
        """Dial; returns when it is accepted. Raises what :meth:`Interface.send` raises."""
        ...


@runtime_checkable
class Watched(Protocol):
    """An interface that can show what it sends and what it is answered."""

    def watched(self, told: Callable[[str], None]) -> AbstractContextManager[None]:
        """Tell ``told`` what is sent and answered during the block, secrets masked."""
        ...


@runtime_checkable
class Probed(Protocol):
    """An interface that can be tried against the live server, one exchange after the other."""

    async def probe(
        self, told: Callable[[str], None], *, events: bool = False, dial: Dialled | None = None
    ) -> None:
        """Log in, once; then dial and read once what is waiting, as asked. Raises what became of it.

        ``told`` is told what is sent and what comes, secrets masked. Events that are read are taken from the server.
        """
        ...


@runtime_checkable
class Trained(Protocol):
    """An interface to a pretend telephone system, at which a person can do what people do there."""

    async def act(self, request: dict[str, Any]) -> dict[str, Any]:
        """Let people do something; returns the answer. Raises ``Refused``."""
        ...

    @property
    def address(self) -> str:
        """Where others find it."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """An interface that can go on after an event heard earlier."""

    def resume(self, seq: str) -> None:
        """Begin after the event of that ``seq``, instead of with the calls as they are. Before ``open``."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """An interface that wants to know which calls there were before a restart, to tell of them as it did."""

    def remember(self, calls: Iterable[Call]) -> None:
        """Take in the calls a line had when last heard. Call before ``open``, and for each line that comes later."""
        ...


@dataclass(frozen=True, slots=True)
class Traffic:
    """What happens by itself at a pretend telephone system: customers who call, recordings that are played."""

    calls_per_s: float = 0.0
    talk_s: float = 20.0
    recordings: tuple[str, ...] = ()
    speed: float = 1.0


class Pretend(Protocol):
    """A pretend telephone system to try an interface with: ``offhook simulate NAME``."""

    account: ClassVar[str]
    """The account it accepts, for people to read."""

    @classmethod
    def of_desks(cls, desks: Sequence[str]) -> Self:
        """Return a pretend one with those desks."""
        ...

    async def start(self, port: int = 0) -> str:
        """Listen on the loopback; returns ``host:port``. Raises ``Unavailable`` for a port in use."""
        ...

    async def live(self, traffic: Traffic) -> None:
        """Let things happen by themselves. Raises ``CommandError`` for a recording that cannot be read."""
        ...

    async def stop(self) -> None:
        """Stop."""
        ...


@runtime_checkable
class Acted(Protocol):
    """A pretend telephone system at which people can do things from a command line."""

    @staticmethod
    async def ask(address: str, request: dict[str, Any]) -> dict[str, Any]:
        """Do something at the system that listens at an address; returns its answer."""
        ...


# --- what most interfaces are made of -------------------------------------------------------------


class Telling:
    """Half of an interface: what it tells waits here until it is read."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[Event | OffhookError | None] = asyncio.Queue()

    def tell(self, *events: Event) -> None:
        """Tell events, in order."""
        for event in events:
            self._told.put_nowait(event)

    def end(self, error: OffhookError | None = None) -> None:
        """End the events; with an error, whoever reads them gets it."""
        self._told.put_nowait(error)

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens until closed. Raises what :meth:`end` was given."""
        while (event := await self._told.get()) is not None:
            if isinstance(event, OffhookError):
                raise event
            yield event


async def nothing_wrong() -> AsyncIterator[OffhookError]:
    """Yield nothing: for an interface with nothing to examine."""
    never: tuple[OffhookError, ...] = ()
    for wrong in never:
        yield wrong
