"""One desk: its lines' events become calls, callers get their contacts, what must pop pops.

The page to read first. Everything Offhook does for a person goes through :meth:`Desk.receive` on the way
in and :meth:`Desk.send` on the way out; the hub runs one desk per extension, an application embeds its own.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Generic, Self, TypeVar

from offhook.calls import meant
from offhook.directory.identify import Source, identify
from offhook.errors import CommandError, OffhookError, OutcomeUnknown
from offhook.ids import new_command_id
from offhook.line import Clock, Line, closed, feed_one, opened
from offhook.model import (
    Call,
    CallCommand,
    CallEvent,
    Command,
    Dial,
    Event,
    Gap,
    LineLost,
    News,
    Record,
    State,
    Updated,
)
from offhook.popup.choose import PopRules, Pops

CALL_WITHIN_S = 5.0
"""How long to wait for a line to come up at the start, or for a dial to be heard of as a call."""
WAITING = 10_000
"""Events kept for a listener who does not read."""
CAUSES = 100
"""For how many commands the call is remembered, for whoever waits for it."""

log = logging.getLogger(__name__)
Heard = TypeVar("Heard")


class Desk:
    """A desk with one line or several; ``lines[0]`` dials unless a command names another.

    ``sources`` are asked who is calling; ``rules`` say what pops by itself; ``clock`` gives the time.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        clock: Clock,
        sources: Sequence[Source] = (),
        rules: PopRules | None = None,
    ) -> None:
        self.lines = {line.name: line for line in lines}
        self._first = lines[0]
        self._clock = clock
        self._sources = sources
        self._pops = Pops(rules or PopRules())
        self._tells: list[Callable[[News], None]] = []
        self._ends: list[Callable[[Exception | None], None]] = []
        self._over: tuple[Exception | None, ...] = ()
        self._begun: OrderedDict[str, str] = OrderedDict()
        self._work: set[asyncio.Task[None]] = set()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every open call on every line, the oldest first."""
        return tuple(sorted((call for line in self.lines.values() for call in line.table.calls), key=_by_id))

    def on_news(self, tell: Callable[[News], None]) -> Callable[[], None]:
        """Call ``tell`` with everything that happens here, each with its call as it is then; returns what stops it."""
        self._tells.append(tell)
        return lambda: self._tells.remove(tell)

    def use(self, line: Line) -> None:
        """Use a line, in place of one of the same name if there is one."""
        self.lines[line.name] = line
        if self._first.name == line.name:
            self._first = line

    def restore(self, line: Line, calls: Sequence[Call], ended: Mapping[str, datetime]) -> None:
        """Put back what a line knew before a restart: nothing is told and nothing pops again."""
        line.table.restore(calls, ended)
        self._pops.restore(calls)

    # --- the way in ---------------------------------------------------------------------------------

    def receive(self, line: Line, news: Sequence[News]) -> None:
        """Take in what is new on a line: tell it, find out who it is, and pop what must pop."""
        for each in news:
            self._note_cause(each.event)
            self._tell(each)
            self._find_out(line, each)
            if not line.interface.about.applies_rules:
                for pop in self._pops.after(each, self._clock()):
                    self._tell(News(pop, each.call))

    def _note_cause(self, event: Event) -> None:
        """Remember which call a command brought about, for those who wait for it."""
        if event.cause and isinstance(event, CallEvent):
            self._begun.setdefault(event.cause, event.call)
            if len(self._begun) > CAUSES:
                self._begun.popitem(last=False)

    def _tell(self, news: News) -> None:
        for tell in list(self._tells):
            try:
                tell(news)
            except Exception:
                log.exception("a listener failed on %s", type(news.event).__name__)

    def _find_out(self, line: Line, news: News) -> None:
        """Ask the directories about a party heard of for the first time."""
        party, call = getattr(news.event, "party", None), news.call
        if not self._sources or party is None or not party.number or call is None:
            return
        if call.party == party and not call.contacts and call.state is not State.CLEARED:
            self._start(self._identified(line, call))

    async def _identified(self, line: Line, call: Call) -> None:
        async for contacts in identify(call.party, self._sources):
            now = line.table.get(call.id)
            if now is None or now.party != call.party:
                return
            found = Updated(at=self._clock(), line=line.name, call=now.id, contacts=contacts)
            self.receive(line, line.receive(found))

    # --- the way out --------------------------------------------------------------------------------

    async def send(self, command: Command) -> str:
        """Carry a command out on its line, once; returns the id under which it was done.

        Raises ``CommandError`` where the line or call is not here, and what :meth:`Line.send` raises.
        """
        if (
            isinstance(command, CallCommand)
            and not command.line
            and len(self.lines) > 1
            and self._takes(command)
        ):
            call = meant(command, self.calls)
            return await self.lines[call.line].send(replace(command, call=call.id))
        return await self._line(command.line).send(command)

    def _takes(self, command: Command) -> bool:
        """Say whether any line takes such a command at all; if none does, the first says why."""
        return any(type(command) in line.interface.accepts for line in self.lines.values())

    def _line(self, name: str) -> Line:
        if not name:
            return self._first
        if name not in self.lines:
            raise CommandError("line_unknown", line=name, lines=", ".join(self.lines))
        return self.lines[name]

    # --- for the application that embeds it ---------------------------------------------------------

    async def dial(self, number: str, record: Record | None = None) -> str:
        """Dial a number; returns the call's id as soon as there is a call.

        Raises what :meth:`send` raises, and ``OutcomeUnknown`` where no call is heard of in time.
        """
        call = await self.call_of(await self.send(Dial(id=new_command_id(), number=number, record=record)))
        if not call:
            raise OutcomeUnknown("answer_lost", interface=self._first.interface.about.name)
        return call

    async def call_of(self, cause: str, within_s: float = CALL_WITHIN_S) -> str:
        """Return the id of the call that a command brought about, ``""`` where none is heard of in time."""
        with self.events() as heard, contextlib.suppress(TimeoutError, StopAsyncIteration):
            async with asyncio.timeout(within_s):
                while cause not in self._begun:
                    await anext(heard)
        return self._begun.get(cause, "")

    def news(self) -> "Listening[News]":
        """Iterate over everything that happens here from now on, each event with its call as it is then."""
        return Listening(self, _whole)

    def events(self) -> "Listening[Event]":
        """The same without the calls."""
        return Listening(self, _event_of)

    async def heard(self) -> None:
        """Wait until every line is heard, or is known not to be; a moment at most."""
        with self.events() as told:
            await self._come_up(told, lost_is_known=True)

    async def _come_up(self, told: "Listening[Event]", *, lost_is_known: bool = False) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CALL_WITHIN_S):
                while not all(line.table.up for line in self.lines.values()):
                    if isinstance(await anext(told), LineLost) and lost_is_known:
                        return

    async def __aenter__(self) -> Self:
        """Open every line and begin to listen; a line that is not heard at once comes up later."""
        self._over = ()
        with self.events() as heard:
            try:
                for line in self.lines.values():
                    await opened(line.interface)
                    self._start(self._follow(line))
                await self._come_up(heard)
            except BaseException:
                await self.__aexit__()
                raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close every line; whoever still listens has heard everything."""
        for line in self.lines.values():
            await closed(line.interface)
        for task in list(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self._end(None)

    async def _follow(self, line: Line) -> None:
        """Read a line to its end; tell listeners when it ends for good."""
        try:
            await feed_one(line, self.receive)
        except OffhookError as error:
            self._end(error)

    def _end(self, error: Exception | None) -> None:
        self._over = (error,)
        for end in list(self._ends):
            end(error)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


class Listening(Generic[Heard]):
    """Everything that happens at a desk since this was made, to iterate over, until the desk is closed.

    A listener who falls :data:`WAITING` events behind gets a ``Gap`` with the calls as they are, then goes on.
    Iterating raises the error for which a line was given up, if one was.
    """

    def __init__(self, desk: Desk, part: Callable[[News], Heard]) -> None:
        self._desk = desk
        self._part = part
        self._waiting: asyncio.Queue[News | Exception | None] = asyncio.Queue()
        self._stop = desk.on_news(self._hear)
        for error in desk._over:  # noqa: SLF001 - as below
            self._waiting.put_nowait(error)
        desk._ends.append(self._waiting.put_nowait)  # noqa: SLF001 - the desk's other half, in the same module

    def _hear(self, news: News) -> None:
        if self._waiting.qsize() >= WAITING:
            while not self._waiting.empty():
                self._waiting.get_nowait()
            event = news.event
            news = News(Gap(at=event.at, line=event.line, calls=self._desk.calls, seq=event.seq))
        self._waiting.put_nowait(news)

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> Heard:
        """Wait for the next event."""
        news = await self._waiting.get()
        if isinstance(news, News):
            return self._part(news)
        self._waiting.put_nowait(news)  # whoever asks again gets the same answer
        raise news or StopAsyncIteration

    def __enter__(self) -> Self:
        """Go on listening until the block ends."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop listening."""
        self._stop()
        self._desk._ends.remove(self._waiting.put_nowait)  # noqa: SLF001 - see above


def _whole(news: News) -> News:
    return news


def _event_of(news: News) -> Event:
    return news.event


def _by_id(call: Call) -> str:
    return call.id
