"""The contract of a telephone system, and ``Line``: one device on one, and the only caller of ``send``.

An interface's capabilities *are* its sets of command and event types, so they cannot drift from the code;
they are upper bounds, each call's ``can`` says what may be asked of it now.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, ClassVar, Protocol, Self

from offhook import numbers
from offhook.calls import CallTable
from offhook.dialling import DialRules
from offhook.errors import (
    CommandError,
    OffhookError,
    OutcomeUnknown,
    Refused,
    SettingsError,
    Unreachable,
    Unsupported,
)
from offhook.model import CallCommand, Command, Dial, Event

Clock = Callable[[], datetime]

REPEATED_WITHIN = timedelta(minutes=10)
"""How long a command's id keeps it from acting twice (section 9)."""
DOUBLE_CLICK = timedelta(seconds=2)
"""A second dial of the same number within this time is the first one (section 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether an interface can run on this machine; if not, ``error`` says why and what to do."""

    name: str
    error: OffhookError | None = None

    @property
    def ready(self) -> bool:
        """Whether it can run."""
        return self.error is None


class Interface(Protocol):
    """A telephone system: for one desk, or a whole switch with a line per extension.

    ``events`` begins with a ``LineBack`` that carries the calls in progress, and again after every
    ``LineLost``. A ``line`` of ``""`` in either speaks for every line. It reconnects by itself.
    """

    name: ClassVar[str]
    emits: ClassVar[frozenset[type[Event]]]
    applies_rules: ClassVar[bool]
    """Whether the other end applies the dial and pop rules itself, as a hub does; else the desk does."""
    per_desk: ClassVar[bool]
    """Whether one serves one desk, with that desk's own account; else one serves a whole switch."""
    settings: ClassVar[Mapping[str, str]]
    """What :meth:`for_desk` takes, and the setting that gives each."""

    @property
    def accepts(self) -> frozenset[type[Command]]:
        """The commands it takes: of the class at most, of one as its settings allow."""
        ...

    @classmethod
    def availability(cls) -> Availability:
        """Say whether it can run here, without opening anything."""
        ...

    @classmethod
    def for_desk(cls, extension: str, options: Mapping[str, str]) -> tuple[Self, str]:
        """Return the interface for one desk and the device its events will name.

        Raises ``SettingsError`` for options it cannot use.
        """
        ...

    async def open(self) -> None:
        """Start. Raises ``Unavailable``, ``LoginRefused`` or ``SettingsError`` for what waiting cannot mend."""
        ...

    async def send(self, command: Command) -> None:
        """Pass a command on; returns when it is accepted.

        Raises ``Refused``, ``Unreachable`` (nothing was sent) or ``OutcomeUnknown`` (it may have been).
        """
        ...

    def events(self) -> AsyncIterator[Event]:
        """Yield what happens until :meth:`close`."""
        ...

    async def close(self) -> None:
        """Stop and let go of everything; safe to call twice."""
        ...


class Ledger(Protocol):
    """What became of the commands of the last ten minutes, so that a repeated one acts once."""

    def outcome(self, command: Command) -> tuple[bool, OffhookError | None]:
        """Return whether this command was begun before, and the error it ended with, if any.

        One that was begun and of which no end is known ended with ``OutcomeUnknown``.
        """
        ...

    def begin(self, command: Command, at: datetime) -> None:
        """Note that it is about to be sent."""
        ...

    def finish(self, command: Command, error: OffhookError | None) -> None:
        """Note how it ended; one that was never sent is forgotten and may be tried again."""
        ...


class MemoryLedger:
    """A ledger for one process's life."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, OffhookError | None]] = {}

    def outcome(self, command: Command) -> tuple[bool, OffhookError | None]:
        """See :class:`Ledger`."""
        known = self._known.get(command.id)
        return (True, known[1]) if known else (False, None)

    def begin(self, command: Command, at: datetime) -> None:
        """See :class:`Ledger`; also forgets what is older than ten minutes."""
        for old in [key for key, (begun, _end) in self._known.items() if at - begun > REPEATED_WITHIN]:
            del self._known[old]
        self._known[command.id] = (at, OutcomeUnknown("answer_lost"))

    def finish(self, command: Command, error: OffhookError | None) -> None:
        """See :class:`Ledger`."""
        begun, _pending = self._known.pop(command.id)
        if not isinstance(error, Unreachable):
            self._known[command.id] = (begun, error)


class Line:
    """One device on one interface: its calls, and the one way commands go out.

    ``device`` is the extension whose events belong here. ``clock`` gives the time in decisions. ``rules`` say
    what is dialled for a number; without them, what was typed: a hub at the other end has its own. ``name``
    tells two lines of one device apart.
    """

    def __init__(
        self,
        interface: Interface,
        device: str,
        clock: Clock,
        ledger: Ledger | None = None,
        rules: DialRules | None = None,
        name: str = "",
    ) -> None:
        self.interface = interface
        self.device = device
        self.name = name or device
        self.table = CallTable(self.name, interface.accepts)
        self._clock = clock
        self._ledger: Ledger = ledger or MemoryLedger()
        self.rules = rules
        self._dialled_at: deque[datetime] = deque()
        self._under_way: dict[str, asyncio.Future[str]] = {}
        self._last_dial: tuple[str, datetime, Dial] | None = None

    def receive(self, event: Event) -> list[Event]:
        """Take an event of the interface in; returns what is news on this line."""
        return self.table.apply(replace(event, line=self.name) if event.line != self.name else event)

    async def send(self, command: Command) -> str:
        """Carry a command out once, however often it comes; returns the id under which it was done.

        That is the command's own, or for the second half of a double click the first one's. Raises what
        the interface's ``send`` raises, ``Unsupported`` and ``CommandError``.
        """
        if command.id not in self._under_way:
            begun, error = self._ledger.outcome(command)
            if begun and error is not None:
                raise error
            if begun:
                return command.id
            self._begin(command)
        return await asyncio.shield(self._under_way[command.id])

    def _begin(self, command: Command) -> None:
        """Start carrying a command out. Nothing is awaited here: a second one sees the first at once."""
        first = self._double_click_of(command)
        if first is None:
            typed = numbers.read(command.number).digits if isinstance(command, Dial) else ""
            command = self._checked(command)
            if isinstance(command, Dial):
                self._last_dial = (typed, self._clock(), command)
        self._ledger.begin(command, self._clock())
        sending = asyncio.ensure_future(self._carry_out(command, first))
        self._under_way[command.id] = sending
        sending.add_done_callback(lambda _done: self._under_way.pop(command.id, None))

    async def _carry_out(self, command: Command, first: Dial | None) -> str:
        try:
            if first is not None:
                await self.send(first)
            else:
                await self.interface.send(command)
        except OffhookError as error:
            self._ledger.finish(command, error)
            if self._last_dial and self._last_dial[2] is command and not isinstance(error, OutcomeUnknown):
                self._last_dial = None
            raise
        self._ledger.finish(command, None)
        return (first or command).id

    def _double_click_of(self, command: Command) -> Dial | None:
        if not isinstance(command, Dial) or self._last_dial is None:
            return None
        number, at, first = self._last_dial
        same = numbers.read(command.number).digits == number and command.id != first.id
        return first if same and self._clock() - at < DOUBLE_CLICK else None

    def _checked(self, command: Command) -> Command:
        """Return the command fit to be sent, its call and number made out. The one place of ``Unsupported``."""
        name = type(command).__name__
        if type(command) not in self.interface.accepts:
            raise Unsupported("not_by_interface", command=name, by=self.interface.name)
        if isinstance(command, Dial):
            number = numbers.read(command.number)
            if number.post_dial:
                raise Refused(
                    "number_post_dial", number=numbers.shown(command.number), by=self.interface.name
                )
            return replace(command, line=self.device, number=self._dialled(number.digits))
        if isinstance(command, CallCommand):
            command = replace(command, call=self._call_for(command, name))
        words: dict[str, Any] = {"line": self.device}
        if hasattr(command, "to"):
            words["to"] = self._dialled(numbers.read(command.to).digits)
        return replace(command, **words)

    def _dialled(self, digits: str) -> str:
        """Return what is dialled for a number. Raises ``Refused`` where the guard bars it."""
        if self.rules is None:
            return digits
        limit = self.rules.guard.per_minute
        if limit and not (self.rules.is_emergency(digits) or self.rules.is_internal(digits)):
            now = self._clock()
            while self._dialled_at and now - self._dialled_at[0] > timedelta(minutes=1):
                self._dialled_at.popleft()
            if len(self._dialled_at) >= limit:
                raise Refused("guard_rate", number=numbers.shown(digits), limit=limit)
            self._dialled_at.append(now)
        return self.rules.of(digits)

    def _call_for(self, command: CallCommand, name: str) -> str:
        """Return the call meant: the one named, else the only one of which this can be asked now."""
        if command.call:
            call = self.table.get(command.call)
            if call is None:
                raise CommandError("call_unknown", call=numbers.shown(command.call))
            if name not in call.can:
                raise Unsupported("not_now", command=name, state=call.state.value)
            return call.id
        able = [call.id for call in self.table.calls if name in call.can]
        if not able:
            raise CommandError("call_none", command=name)
        if len(able) > 1:
            raise CommandError("call_ambiguous", command=name, calls=", ".join(able))
        return able[0]


async def feed(
    interface: Interface, lines: Iterable[Line], tell: Callable[[Line, list[Event]], None]
) -> None:
    """Read an interface until it closes, handing each line its news.

    The one reader of an interface that serves many lines. Snapshots for every line are dealt out, so that
    each line sees its own calls only; events for devices nobody has are dropped.
    """
    by_device = {line.device: line for line in lines}
    async for event in interface.events():
        if event.line:
            line = by_device.get(event.line)
            if line is not None:
                tell(line, line.receive(event))
            continue
        for line in by_device.values():
            tell(line, line.receive(_for_device(event, line.device)))


def _for_device(event: Event, device: str) -> Event:
    words: dict[str, Any] = {"line": device}
    calls = getattr(event, "calls", None)
    if calls is not None:
        words["calls"] = tuple(call for call in calls if call.line == device)
    return replace(event, **words)


def only(options: Mapping[str, str], *known: str) -> dict[str, str]:
    """Return an interface's options, checked to be among ``known``. Raises ``SettingsError``."""
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)
            raise SettingsError("setting_unknown", name=name, near=near[0], where="connect()")
    return dict(options)
