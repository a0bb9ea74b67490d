"""A line: commands act once, on the call meant, and only where they can."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offhook.desk import Desk
from offhook.dialling import Dialled
from offhook.errors import CommandError, OutcomeUnknown, Refused, Unreachable, Unsupported
from offhook.interface import Device
from offhook.interfaces.simulator.driver import SimulatorInterface
from offhook.interfaces.simulator.pbx import Habit
from offhook.line import Line
from offhook.model import (
    Answer,
    Call,
    CallCommand,
    CancelConsult,
    Command,
    CompleteTransfer,
    Connected,
    Consult,
    Dial,
    Dialling,
    Ended,
    Event,
    HangUp,
    Hold,
    LineBack,
    LineLost,
    News,
    Park,
    PassRecord,
    Prompted,
    Record,
    RecordPassed,
    Ringing,
    SendDigits,
    Snapshot,
    State,
    Transfer,
)
from offhook.switch.desks import DeskCall
from recordings import AT, LAB, NAMES, Replayed, messages_of


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def steady_s(self) -> float:
        """Its seconds, as a clock that nobody sets counts them."""
        return self.now.timestamp()


@pytest.fixture
async def exchange() -> AsyncIterator[SimulatorInterface]:
    interface = SimulatorInterface("FR")
    await interface.open()
    yield interface
    await interface.close()


async def up(line: Line) -> AsyncIterator[Event]:
    """Yield the line's news; the line is up when the first has come."""
    async for event in line.interface.events():
        if event.line in ("", line.device):
            for news in line.receive(event):
                yield news.event


async def until(news: AsyncIterator[Event], kind: type[Event]) -> Event:
    async with asyncio.timeout(10):
        async for event in news:
            if isinstance(event, kind):
                return event
    raise AssertionError("the events ended")


def calls_made(exchange: SimulatorInterface) -> int:
    assert exchange.own is not None
    return sum(talk.legs[0].click for talk in exchange.own.pbx.talks.values() if talk.legs)


async def test_a_repeated_command_acts_once(exchange: SimulatorInterface) -> None:
    line = Line(exchange, "1001", Clock())
    news = up(line)
    await until(news, LineBack)
    dial = Dial(id="once", number="03 88 20 20 20")
    await asyncio.gather(line.send(dial), line.send(dial), line.send(dial))
    await line.send(dial)
    assert calls_made(exchange) == 1


async def test_a_double_click_dials_once(exchange: SimulatorInterface) -> None:
    clock = Clock()
    line = Line(exchange, "1001", clock, steady_s=clock.steady_s)
    news = up(line)
    await until(news, LineBack)
    assert await line.send(Dial(id="first", number="0388202020")) == "first"
    assert await line.send(Dial(id="second", number="03 88 20 20 20")) == "first"
    assert calls_made(exchange) == 1
    assert await line.send(Dial(id="other", number="0388202021")) == "other"
    clock.now += timedelta(seconds=3)
    assert await line.send(Dial(id="later", number="0388202021")) == "later"
    assert calls_made(exchange) == 3


async def test_two_clicks_in_one_breath_dial_once(exchange: SimulatorInterface) -> None:
    clock = Clock()
    line = Line(exchange, "1001", clock, steady_s=clock.steady_s)
    await until(up(line), LineBack)
    clicks = (line.send(Dial(id=each, number="0388202020")) for each in ("a", "b"))
    done = await asyncio.gather(*clicks)
    assert done == ["a", "a"]
    assert calls_made(exchange) == 1
    clock.now += timedelta(seconds=5)
    await line.send(Dial(id="b", number="0388202020"))
    assert calls_made(exchange) == 1, (
        "the second click repeated after a lost answer is still the second click"
    )


async def test_digits_after_the_answer_are_not_lost_in_silence(exchange: SimulatorInterface) -> None:
    line = Line(exchange, "1001", Clock())
    await until(up(line), LineBack)
    with pytest.raises(Refused, match="pause"):
        await line.send(Dial(id="a", number="0388202020,,1234#"))
    assert calls_made(exchange) == 0


async def test_a_snapshot_asked_for_keeps_its_place_among_the_events(exchange: SimulatorInterface) -> None:
    line, other = Line(exchange, "1001", Clock()), []
    news = up(line)
    await until(news, LineBack)
    assert exchange.own is not None
    exchange.own._do({"do": "Incoming", "to": "1001", "number": "0388202020"})
    await asyncio.gather(*(line.send(Snapshot(id=f"s{number}")) for number in range(5)))
    exchange.own._do({"do": "LiftHandset", "device": "1001"})
    async with asyncio.timeout(10):
        async for event in exchange.events():
            other.append(event)
            line.receive(event)
            if isinstance(event, Connected):
                break
    assert [call.state for call in line.table.calls] == [State.CONNECTED]
    assert {event.line for event in other} == {"1001"}, "nobody else is told of one desk's snapshot"


async def test_a_dial_that_ends_at_once_is_still_a_call() -> None:
    interface = SimulatorInterface("FR")
    async with Desk([Line(interface, "1001", Clock())], Clock()) as desk:
        assert interface.own is not None
        interface.own.pbx.plan.outside["0199000001"] = Habit(does="busy", ring_s=0.0)
        interface.own.pbx.plan.habits["1001"] = Habit(pick_up_s=0.0)
        assert await desk.dial("0199000001")
        assert await desk.dial("0199000001"), "the second half of a double click is the first one's call"


async def test_listening_ends_with_the_desk_and_survives_others() -> None:
    def fails(_news: News) -> None:
        raise RuntimeError("a listener's own fault")

    desk = Desk([Line(SimulatorInterface("FR"), "1001", Clock())], Clock())
    desk.on_news(fails)
    with desk.events() as heard:
        async with desk:
            await desk.dial("15")
        async with asyncio.timeout(10):
            kinds = [type(event) async for event in heard]
    assert Dialling in kinds


async def test_a_refused_dial_may_be_tried_again_at_once(exchange: SimulatorInterface) -> None:
    line = Line(exchange, "1001", Clock())
    await until(up(line), LineBack)
    assert exchange.own is not None
    exchange.own.pbx.unregistered.add("1001")
    with pytest.raises(Refused, match="not registered"):
        await line.send(Dial(id="a", number="15"))
    exchange.own.pbx.unregistered.clear()
    assert await line.send(Dial(id="b", number="15")) == "b"


async def test_a_repeated_refusal_is_the_same_refusal(exchange: SimulatorInterface) -> None:
    line = Line(exchange, "9999", Clock())
    await until(up(line), LineBack)
    for _time in range(2):
        with pytest.raises(Refused, match="no such extension"):
            await line.send(Dial(id="a", number="15"))


async def test_the_only_sensible_call_is_taken(exchange: SimulatorInterface) -> None:
    line = Line(exchange, "1001", Clock())
    line.receive(LineBack(at=Clock().now, line="1001", calls=()))
    with pytest.raises(CommandError, match="No call"):
        await line.send(Hold(id="1"))
    line.receive(Ringing(at=Clock().now, line="1001", call="A"))
    line.receive(Ringing(at=Clock().now, line="1001", call="B"))
    with pytest.raises(CommandError) as caught:
        await line.send(Answer(id="2"))
    listed = str(caught.value.params["calls"]).splitlines()
    assert [each.split()[1] for each in listed] == ["alerting", "alerting"]
    assert {each.split()[0] for each in listed} == {Call(id=each, line="1001").short for each in "AB"}
    with pytest.raises(Unsupported, match="before the call is answered"):
        await line.send(Hold(id="3", call="A"))
    with pytest.raises(CommandError, match="no call X"):
        await line.send(HangUp(id="4", call="X"))


async def test_what_a_line_cannot_do_at_all(exchange: SimulatorInterface) -> None:
    class Mute(SimulatorInterface):
        accepts = SimulatorInterface.accepts - {SendDigits}

    line = Line(Mute("FR"), "1001", Clock())
    with pytest.raises(Unsupported, match="sending digits"):
        await line.send(SendDigits(id="1", digits="1"))


async def test_nothing_can_be_asked_of_a_lost_line() -> None:
    line = Line(SimulatorInterface("FR"), "1001", Clock())
    now = Clock().now
    line.receive(LineBack(at=now, line="1001", calls=(Call(id="A", line="1001", state=State.CONNECTED),)))
    assert "Hold" in line.table.calls[0].can
    line.receive(LineLost(at=now, line="1001"))
    assert line.table.calls[0].can == ()
    with pytest.raises(Unreachable):
        await line.send(Dial(id="1", number="15"))


@pytest.mark.parametrize("kind", [Transfer, Consult])
async def test_a_name_is_nobody_to_pass_a_call_to(
    exchange: SimulatorInterface, kind: type[Transfer | Consult]
) -> None:
    line = Line(exchange, "1001", Clock())
    line.receive(
        LineBack(at=Clock().now, line="1001", calls=(Call(id="A", line="1001", state=State.CONNECTED),))
    )
    with pytest.raises(Refused) as caught:
        await line.send(kind(id="1", to="hugo"))
    assert (caught.value.code, caught.value.params) == ("nobody_named", {"name": "hugo"})


ALONE: list[tuple[State, type[CallCommand], str]] = [
    # the desk's only call, the command, the code of what is said
    (State.HELD, Consult, "resume_first"), (State.HELD, Park, "resume_first"), (State.HELD, Hold, "not_now"),
    (State.PARKED, Transfer, "resume_first"), (State.ALERTING, Hold, "answer_first"), (State.ALERTING, Park, "answer_first"),
    (State.CONNECTED, Answer, "not_now"), (State.CONNECTED, CompleteTransfer, "no_consultation"),
    (State.DELIVERED, Hold, "not_now"), (State.CONNECTED, CancelConsult, "no_consultation"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "kind", "code"), ALONE)
async def test_of_an_only_call_is_said_what_comes_first(
    exchange: SimulatorInterface, state: State, kind: type[CallCommand], code: str
) -> None:
    line = Line(exchange, "1001", Clock())
    line.receive(LineBack(at=Clock().now, line="1001", calls=(Call(id="A", line="1001", state=state),)))
    more = {"to": "1002"} if kind in (Consult, Transfer) else {}
    with pytest.raises(CommandError) as caught:
        await line.send(kind(id="1", **more))
    assert caught.value.code == code


@pytest.mark.parametrize("number", ["", "rm -rf", "12\r\nInjected: 1", "12&x=1"])
async def test_what_is_no_number_is_never_sent(exchange: SimulatorInterface, number: str) -> None:
    line = Line(exchange, "1001", Clock())
    for command in (Dial(id="1", number=number), Transfer(id="2", call="A", to=number)):
        line.receive(Ringing(at=Clock().now, line="1001", call="A"))
        with pytest.raises((Refused, Unsupported)):
            await line.send(command)
    assert calls_made(exchange) == 0


async def test_a_whole_call_through_the_exchange(exchange: SimulatorInterface) -> None:
    line = Line(exchange, "1001", Clock())
    news = up(line)
    await until(news, LineBack)
    await line.send(Dial(id="d", number="0388202020"))
    assert (await until(news, Dialling)).cause == "d"
    await until(news, Prompted)
    await until(news, Connected)
    record = Record(source="clients", id="411ALSA")
    await line.send(PassRecord(id="p", record=record))
    await until(news, RecordPassed)
    assert line.table.calls[0].record == record
    await line.send(HangUp(id="h"))
    await until(news, Ended)
    assert line.table.calls == ()


async def test_an_answer_that_never_comes() -> None:
    class Silent(SimulatorInterface):
        async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
            raise OutcomeUnknown("answer_lost")

    line = Line(Silent("FR"), "1001", Clock())
    for _time in range(2):
        with pytest.raises(OutcomeUnknown):
            await line.send(Dial(id="x", number="15"))


async def test_a_desk_finds_the_line_of_a_call(exchange: SimulatorInterface) -> None:
    first, second = Line(exchange, "1001", Clock()), Line(exchange, "1002", Clock())
    await until(up(first), LineBack)
    desk = Desk([first, second], Clock())
    for line in (first, second):
        line.receive(LineBack(at=Clock().now, line=line.device, calls=()))
    second.receive(Ringing(at=Clock().now, line="1002", call="A"))
    with pytest.raises(
        Refused, match="no such call any more"
    ):  # it went out on the second line, where the exchange knows no such call
        await desk.send(Answer(id="1"))
    with pytest.raises(CommandError, match="no line 1009"):
        await desk.send(Dial(id="2", line="1009", number="15"))


# --- many desks on one switch -------------------------------------------------------------------------


class Unread(dict[str, DeskCall]):
    """Every desk's calls, which nobody may go through."""

    def values(self) -> Any:
        raise AssertionError("every call of the switch was looked at")


def test_a_switch_finds_a_desks_calls_without_looking_at_anybody_elses() -> None:
    watch = Replayed("ami").watch
    desks = watch.desks
    legs = {desk: watch.legs.leg(f"1.{desk}", AT, f"PJSIP/{desk}") for desk in ("1001", "1002")}
    for desk, leg in legs.items():
        desks.dialling(desk, leg, "0388202020", f"click at {desk}", None)
    first, second = (desks.of_leg(leg) for leg in legs.values())
    assert first is not None
    assert second is not None
    first.state = State.CONNECTED
    desks._calls = Unread(desks._calls)
    assert (desks.talking("1001"), desks.talking("1002"), desks.talking("1003")) == ([first], [], [])
    assert (desks.begun_by("click at 1001"), desks.begun_by("click at 1002")) == (first, second)
    assert desks.begun_by("a click nobody made") is None
    also = watch.legs.leg("1.3", AT, "PJSIP/1002")
    desks.dialling("1002", also, "0388202020", "click at 1002", None)
    assert (desks.of_leg(also), second.legs) == (second, [legs["1002"], also])
    desks._calls = dict(desks._calls)
    for leg in (*legs.values(), also):
        watch.legs.goes(leg, AT)
    desks.news(AT)
    assert (desks._calls, desks._at, desks._begun) == ({}, {}, {})


@pytest.mark.parametrize(("kind", "name"), [*NAMES[::8], *LAB[::4]])
def test_a_desks_calls_are_those_of_its_switch_that_are_there(kind: str, name: str) -> None:
    """After every message of a recording."""
    replayed = Replayed(kind)
    desks = replayed.watch.desks
    for message in messages_of(kind, name):
        replayed.messages([message])
        everybodys = list(desks._calls.values())
        for desk in {call.desk for call in everybodys} | set(desks._at):
            talks = [call for call in everybodys if call.desk == desk and call.state is State.CONNECTED]
            assert desks.talking(desk) == talks
    replayed.end()
    assert (desks._calls, desks._at, desks._begun) == ({}, {}, {})
