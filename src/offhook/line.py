"""``Line``: one device on one interface, its calls, and the only caller of ``send``."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from offhook import catalogue, numbers
from offhook.about import About
from offhook.calls import BACK_TO_THE_HELD, CallTable, held_for, meant, not_now
from offhook.codec import dumps, encode_event
from offhook.dialling import NOTHING, Dialled, DialRules
from offhook.errors import OffhookError, OutcomeUnknown, Refused, Unsupported, on
from offhook.installed import ANYTHING
from offhook.interface import Device, Interface
from offhook.ledger import Ledger, MemoryLedger
from offhook.model import (
    Call,
    CallCommand,
    CallEvent,
    CancelConsult,
    Command,
    CompleteTransfer,
    Consult,
    Dial,
    Ended,
    Event,
    HandedOver,
    HangUp,
    LineBack,
    LineLost,
    Merged,
    News,
    State,
    Transfer,
)
from offhook.ordering import DOUBLE_CLICK_S, Clicks, Pace, dialled, is_emergency, typed
from offhook.thread import Turns

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

REPEATS = 100
"""For how many commands a line remembers under which id each was done."""


class Line:
    """One device on one interface: its calls, and the one way commands go out.

    ``device`` is the extension whose events belong here. ``clock`` gives the time of day, ``steady_s`` seconds of a
    clock that nobody sets. ``rules`` say what is dialled for a number; without them, what was typed: a hub at the
    other end has its own. ``name`` tells two lines of one device apart.
    """

    def __init__(
        self,
        interface: Interface,
        device: str,
        clock: Clock,
        ledger: Ledger | None = None,
        rules: DialRules | None = None,
        name: str = "",
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.interface = interface
        self.device = Device(device)
        self.name = name or device
        self.table = CallTable(self.name, lambda: self.interface.accepts)
        self.rules = rules
        self._clock = clock
        self._steady_s = steady_s
        self._ledger: Ledger = ledger or MemoryLedger()
        self._pace = Pace()
        self._clicks = Clicks()
        self._under_way: dict[str, asyncio.Future[str]] = {}
        self._done_as: OrderedDict[str, str] = OrderedDict()
        self.why_down = ""
        """Why the line is not heard, by the last word of its interface: a code, ``""`` where it said none or is up."""

    def goes_on(self, before: "Line") -> None:
        """Take the place of another line of the same desk: what was dialled a moment ago counts, its calls do not."""
        self._pace, self._clicks, self._done_as = before._pace, before._clicks, before._done_as  # noqa: SLF001
        self._ledger, self._under_way = before._ledger, before._under_way  # noqa: SLF001
        for call in before.table.calls:
            self._clicks.over(call.id)

    def receive(self, event: Event) -> list[News]:
        """Take in an event of the interface; returns what is news on this line."""
        if isinstance(event, LineLost | LineBack):
            self.why_down = getattr(event, "why", "")
        news = self.table.apply(replace(event, line=self.name) if event.line != self.name else event)
        for each in news:
            self._follow_click(each.event)
        return news

    def _follow_click(self, event: Event) -> None:
        """Note what became of the last dial: from what is news, so also from a snapshot that tells its end."""
        if isinstance(event, CallEvent):
            self._clicks.began(event.cause, event.call)
        match event:
            case Ended():
                self._clicks.over(event.call)
            case HandedOver():
                self._clicks.doubt(event.call)
            case Merged():
                self._clicks.became(event.call, event.other)
            case LineLost():
                self._clicks.doubt()

    async def send(self, command: Command) -> str:
        """Carry a command out once, however often it comes; returns the id under which it was done.

        That is the command's own, or for the second half of a double click the first half's. Raises what
        the interface's ``send`` raises, ``Unsupported`` and ``CommandError``.
        """
        if command.id not in self._under_way:
            # nothing is awaited before a click is noted
            first = self._first_of(command) if isinstance(command, Dial) else None
            sending = asyncio.ensure_future(self._once(command, first))
            self._under_way[command.id] = sending
            sending.add_done_callback(lambda _done: self._under_way.pop(command.id, None))
        return await asyncio.shield(self._under_way[command.id])

    def _first_of(self, command: Dial) -> Dial | None:
        """Return the dial of which this is the second half. Where the other end has the rules, it knows better."""
        if self.interface.about.applies_rules:
            return None
        return self._clicks.first_of(command, self._steady_s(), self.rules)

    async def _once(self, command: Command, first: Dial | None) -> str:
        """Carry a command out, unless already done. ``first``: the dial of which it is the second half."""
        known = await self._ledger.outcome(command)
        if known.error is not None or known.begun:
            self._clicks.take_back(command.id)
        if known.error is not None:
            raise known.error
        if known.begun:
            return self._done_as.get(command.id, command.id)
        try:
            return await self._carry_out(command, first)
        except OffhookError as error:
            if not isinstance(error, OutcomeUnknown):
                self._clicks.forget(command.id)
            raise
        finally:
            self._clicks.sent(command.id)

    async def _carry_out(self, command: Command, first: Dial | None) -> str:
        asked, digits = (command, NOTHING) if first is not None else self._checked(command)
        await self._ledger.begin(command, self._clock())
        try:
            if first is not None:
                done_as = await self._with_the_first(command, first)
            else:
                done_as = await self._sent(asked, digits)
        except OffhookError as error:
            await self._ledger.finish(command, error)
            raise
        except ANYTHING as error:  # it may have been sent before the interface failed
            name = self.interface.about.name
            log.warning("the interface %s failed at a command: %s", name, type(error).__name__)
            lost = OutcomeUnknown("answer_lost", interface=name)
            await self._ledger.finish(command, lost)
            raise lost from error
        await self._ledger.finish(command, None)
        self._done_as[command.id] = done_as
        if len(self._done_as) > REPEATS:
            self._done_as.popitem(last=False)
        return done_as

    async def _sent(self, asked: Command, digits: Dialled) -> str:
        """Have the interface carry a command out; returns the id under which it was done."""
        with on(self.interface.about.name):
            said = await self.interface.send(asked, self.device, digits)
        return said if isinstance(said, str) and said else asked.id

    async def _with_the_first(self, command: Command, first: Dial) -> str:
        """Wait for the first half of a double click. An emergency call waits a moment only, and goes if that fails."""
        if not is_emergency(typed(first.number, self.rules).digits, self.rules):
            return await self.send(first)
        try:
            async with asyncio.timeout(DOUBLE_CLICK_S):
                return await self.send(first)
        except (OffhookError, TimeoutError):
            return await self._sent(*self._checked(command))

    def _checked(self, command: Command) -> tuple[Command, Dialled]:
        """Return the command fit to be sent, and what is dialled for it. Only here is ``Unsupported`` raised."""
        with on(self.interface.about.name):
            if type(command) not in self.interface.accepts:
                if self.interface.about.applies_rules:
                    return command, NOTHING  # refused at the other end, which knows why
                raise unsupported(self.interface.about, type(command).__name__)
            if isinstance(command, CallCommand):
                command = self._about_a_call(command)
            return command, self._dialled(command)

    def _about_a_call(self, command: CallCommand) -> Command:
        """Return the command naming its call. Hanging up a consultation that rings cancels it."""
        calls = self.table.calls
        call = meant(command, calls)
        if isinstance(command, CompleteTransfer) and _is_one_of_the_held(call, calls):
            command = replace(command, call="", held=call.id)
            call = meant(command, calls)
        if type(command).__name__ not in call.can:
            raise not_now(type(command).__name__, call)
        back = call.state in BACK_TO_THE_HELD and CancelConsult.__name__ in call.can
        if isinstance(command, HangUp) and back:
            return CancelConsult(id=command.id, line=command.line, call=call.id)
        if isinstance(command, CompleteTransfer):
            held = held_for(command, call, calls)
            if held.consult_of == call.id:  # back with the caller, the consultation is still the one to name
                call, held = held, call
            return replace(command, call=call.id, held=held.id)
        return replace(command, call=call.id)

    def _dialled(self, command: Command) -> Dialled:
        """Return what is dialled for the command's number. Raises ``Refused`` where the guard bars it."""
        text = number_of(command)
        if text is None:
            return NOTHING
        try:
            digits = dialled(text, self.rules)
        except Refused as error:
            if error.code == "number_unreadable" and not isinstance(command, Dial):
                raise Refused("nobody_named", name=numbers.shown(text)) from None
            raise
        if self.rules is not None:
            self._pace.check(typed(text, self.rules).digits, self.rules, self._steady_s())
        return digits


def _is_one_of_the_held(call: Call, calls: Sequence[Call]) -> bool:
    """Say whether a call named to be connected is that one of several held which is to be connected with another."""
    held = [each for each in calls if each.state is State.HELD]
    return call in held and len(held) > 1 and CompleteTransfer.__name__ not in call.can


def unsupported(about: About, command: str) -> Unsupported:
    """Return the error of a command that an interface does not take: in its own words, where it has any."""
    why = about.without.get(command) or about.without.get("*")
    if why:
        return Unsupported(why, interface=about.name, command=command)
    return Unsupported("not_by_interface", interface=about.name, command=command, by=about.name)


def number_of(command: Command) -> str | None:
    """Return the number a command would have dialled, as a person wrote it; ``None`` for one that dials none."""
    match command:
        case Dial():
            return command.number
        case Transfer() | Consult():
            return command.to
        case _:
            return None


async def feed(
    interface: Interface,
    line_of: Callable[[str], Line | None],
    lines: Callable[[], Iterable[Line]],
    tell: Callable[[Line, list[News]], None],
) -> None:
    """Read an interface until it closes, handing each line its news.

    The one reader of an interface that serves many lines. ``line_of`` gives the line of a device, ``lines`` every
    one: they may come and go. Snapshots for every line are dealt out, so that each line sees only its own calls, in
    turns, so that others on the loop get theirs; events for devices nobody has are dropped.
    """

    def hand(line: Line, event: Event) -> None:
        if _is_whole(event):
            tell(line, line.receive(event))
        else:
            _left_out(interface, event)

    async for event in _told(interface):
        if event.line:
            line = line_of(event.line)
            if line is not None:
                hand(line, event)
            continue
        of_device, turns = _by_device(event), Turns()
        for line in list(lines()):
            if line_of(line.device) is line:
                hand(line, of_device(line.device))
            await turns.next()


async def _told(interface: Interface) -> AsyncIterator[Event]:
    with catalogue.answering(interface.about.name):
        async for event in interface.events():
            if _is_event(event):
                yield event
            else:
                _left_out(interface, event)


def _left_out(interface: Interface, event: object) -> None:
    name = interface.about.name
    log.warning("the interface %s told %s, which is no event: left out", name, type(event).__name__)


def _is_event(event: object) -> bool:
    """Say whether what an interface told is an event at a time that says where: of any number of calls, quickly."""
    if not isinstance(event, Event) or not isinstance(event.at, datetime) or event.at.tzinfo is None:
        return False
    calls = getattr(event, "calls", None)
    return calls is None or (isinstance(calls, tuple) and all(isinstance(call, Call) for call in calls))


def _is_whole(event: Event) -> bool:
    """Say whether a line's event can be written down: every part is there, and text is text."""
    try:
        return bool(dumps(encode_event(event)).encode())
    except (AttributeError, TypeError, ValueError):
        return False


async def opened(interface: Interface) -> None:
    """Open an interface. Raises what :meth:`Interface.open` may raise, and ``Unavailable`` for anything else."""
    with catalogue.answering(interface.about.name):
        await interface.open()


async def closed(interface: Interface) -> None:
    """Close an interface; one that fails even at that holds nobody up."""
    try:
        await interface.close()
    except ANYTHING as error:
        name = interface.about.name
        log.warning("the interface %s cannot be closed: %s", name, type(error).__name__)


async def feed_one(line: Line, tell: Callable[[Line, list[News]], None]) -> None:
    """The same for an interface that serves one line."""
    await feed(line.interface, lambda device: line if device == line.device else None, lambda: [line], tell)


def _by_device(event: Event) -> Callable[[str], Event]:
    """Return a function that gives each device its part of an event about all of them."""
    calls = getattr(event, "calls", None)
    if calls is None:
        return lambda device: replace(event, line=device)
    sorted_out: dict[str, list[Call]] = {}
    for call in calls:
        sorted_out.setdefault(call.line, []).append(call)

    def part(device: str) -> Event:
        words: dict[str, Any] = {"line": device, "calls": tuple(sorted_out.get(device, ()))}
        return replace(event, **words)

    return part
