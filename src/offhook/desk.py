"""One desk: its lines' events become calls, callers get their contacts, what must pop pops.

The page to read first. Everything Offhook does for a person goes through :meth:`Desk.receive` on the way
in and :meth:`Desk.send` on the way out; the hub runs one desk per extension, an application embeds its own.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Self

from offhook.errors import CommandError, OutcomeUnknown
from offhook.interface import Clock, Line, feed
from offhook.model import (
    Call,
    CallCommand,
    Command,
    Contact,
    Dial,
    Dialling,
    Ended,
    Event,
    Gap,
    Party,
    Record,
    Updated,
    new_command_id,
)
from offhook.popup.choose import PopRules, Pops

Identify = Callable[[Party], Awaitable[tuple[Contact, ...]]]
"""Finds who a party is. Best match first; nobody found is no error."""
CALL_WITHIN_S = 5.0
"""How long to wait for a line to come up at the start, or for a dial to be heard of as a call."""
WAITING = 10_000
"""Events kept for one who listens and does not read."""


class Desk:
    """A desk with one line or several; ``lines[0]`` dials unless a command names another.

    ``identify`` finds who is calling; ``rules`` say what pops by itself; ``clock`` gives the time.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        clock: Clock,
        identify: Identify | None = None,
        rules: PopRules | None = None,
    ) -> None:
        self.lines = {line.device: line for line in lines}
        self._first = lines[0]
        self._clock = clock
        self._identify = identify
        self._pops = Pops(rules or PopRules())
        self._tells: list[Callable[[Event], None]] = []
        self._begun: dict[str, str] = {}
        self._work: set[asyncio.Task[None]] = set()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every open call on every line, the oldest first."""
        return tuple(sorted((call for line in self.lines.values() for call in line.table.calls), key=_by_id))

    def on_event(self, tell: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``tell`` with everything that happens here; returns what stops it."""
        self._tells.append(tell)
        return lambda: self._tells.remove(tell)

    # --- the way in ---------------------------------------------------------------------------------

    def receive(self, line: Line, news: Sequence[Event]) -> None:
        """Take in what is new on a line: tell it, find out who it is, and pop what must pop."""
        for event in news:
            if isinstance(event, Dialling) and event.cause:
                self._begun[event.cause] = event.call
            elif isinstance(event, Ended):
                self._begun.pop(event.cause, None)
            self._tell(event)
            self._find_out(line, event)
            for pop in self._pops.after(event, line.table, self._clock()):
                self._tell(pop)

    def _tell(self, event: Event) -> None:
        for tell in list(self._tells):
            tell(event)

    def _find_out(self, line: Line, event: Event) -> None:
        """Ask the directories about a party heard of for the first time."""
        party = getattr(event, "party", None)
        if self._identify is None or party is None or not party.number:
            return
        call = line.table.get(getattr(event, "call", ""))
        if call is not None and call.party == party and not call.contacts:
            self._start(self._identified(line, call))

    async def _identified(self, line: Line, call: Call) -> None:
        assert self._identify is not None  # noqa: S101 - asked for only where there is one
        contacts = await self._identify(call.party)
        now = line.table.get(call.id)
        if contacts and now is not None and now.party == call.party:
            found = Updated(at=self._clock(), line=line.device, call=now.id, contacts=contacts)
            self.receive(line, line.receive(found))

    # --- the way out --------------------------------------------------------------------------------

    async def send(self, command: Command) -> str:
        """Carry a command out on its line, once; returns the id under which it was done.

        Raises ``CommandError`` where the line or call is not here, and what :meth:`Line.send` raises.
        """
        return await self._line_for(command).send(command)

    def _line_for(self, command: Command) -> Line:
        if command.line:
            if command.line not in self.lines:
                raise CommandError("line_unknown", line=command.line, lines=", ".join(self.lines))
            return self.lines[command.line]
        if isinstance(command, CallCommand):
            for line in self.lines.values():
                if command.call and line.table.get(command.call):
                    return line
            able = [call for call in self.calls if type(command).__name__ in call.can]
            return self.lines[able[0].line] if len(able) == 1 else self._first
        return self._first

    # --- for the application that embeds it ---------------------------------------------------------

    async def dial(self, number: str, record: Record | None = None) -> str:
        """Dial a number; returns the call's id as soon as there is a call.

        Raises what :meth:`send` raises, and ``OutcomeUnknown`` where no call is heard of in time.
        """
        with self.events() as heard:
            cause = await self.send(Dial(id=new_command_id(), number=number, record=record))
            try:
                async with asyncio.timeout(CALL_WITHIN_S):
                    while cause not in self._begun:
                        await anext(heard)
            except TimeoutError:
                raise OutcomeUnknown("answer_lost", interface=self._first.interface.name) from None
        return self._begun[cause]

    def events(self) -> "Listening":
        """Iterate over everything that happens here from now on."""
        return Listening(self)

    async def __aenter__(self) -> Self:
        """Open every line and begin to listen; a line that is not heard of at once comes up later."""
        with self.events() as heard:
            for line in self.lines.values():
                await line.interface.open()
                self._start(feed(line.interface, [line], self.receive))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CALL_WITHIN_S):
                    while not all(line.table.up for line in self.lines.values()):
                        await anext(heard)
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close every line."""
        for line in self.lines.values():
            await line.interface.close()
        for task in list(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


class Listening:
    """Everything that happens at a desk since this was made, to iterate over.

    One who falls :data:`WAITING` events behind gets a ``Gap`` with the calls as they are, then goes on.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: asyncio.Queue[Event] = asyncio.Queue()
        self._stop = desk.on_event(self._hear)

    def _hear(self, event: Event) -> None:
        if self._waiting.qsize() >= WAITING:
            self._waiting = asyncio.Queue()
            event = Gap(at=event.at, line=event.line, calls=self._desk.calls, seq=event.seq)
        self._waiting.put_nowait(event)

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event."""
        return await self._waiting.get()

    def __enter__(self) -> Self:
        """Go on listening until the block ends."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop listening."""
        self._stop()


def _by_id(call: Call) -> str:
    return call.id
