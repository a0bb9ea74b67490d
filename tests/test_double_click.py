"""The second half of a double click is the first one; a dial after the end of a call is a new one (section 3).

On one line, whatever is told of the first dial in between; in processes of their own, see ``test_once.py``.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.about import About
from offhook.dialling import Dialled, DialRules, Guard
from offhook.errors import OffhookError, OutcomeUnknown, Refused, Unreachable
from offhook.interface import Availability, Device, Telling, nothing_wrong
from offhook.line import Line
from offhook.model import (
    Call,
    Command,
    Connected,
    Dial,
    Dialling,
    Ended,
    Event,
    Gap,
    HandedOver,
    HangUp,
    Held,
    LineBack,
    LineLost,
    Merged,
    Prompted,
    RemoteRinging,
    Ringing,
    State,
    Updated,
)
from offhook.view import View

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALL, OLDER, OTHER = "01B", "01A", "01C"
PLAIN, EMERGENCY = "0388202020", "112"
RULES = DialRules("FR", emergency=("112", "15"))


class Scripted(Telling):
    """A telephone system that notes what is dialled and tells what it is told to tell."""

    about: ClassVar[About] = About("scripted")
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial, HangUp})
    emits: ClassVar[frozenset[type[Event]]] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.dialled: list[str] = []
        self.answers: list[OffhookError] = []
        self.hold = asyncio.Event()
        self.hold.set()

    @classmethod
    async def availability(cls) -> Availability:
        return Availability("scripted")

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        return cls(), Device(extension)

    async def open(self) -> None:
        """There is nothing to open."""

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        self.dialled.append(command.id)
        await self.hold.wait()
        if self.answers:
            raise self.answers.pop(0)

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        return [dialled]

    def examine(self, desks: Sequence[str]) -> AsyncIterator[OffhookError]:
        return nothing_wrong()

    async def close(self) -> None:
        self.end()


class Steady:
    """Seconds that pass when the test says so; the time of day jumps about meanwhile."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.day = NOON

    def __call__(self) -> float:
        return self.seconds

    def clock(self) -> datetime:
        self.day += timedelta(days=-1 if self.day > NOON else 2)  # somebody keeps setting it
        return self.day


def made(rules: DialRules | None = RULES) -> tuple[Line, Scripted, Steady]:
    steady, interface = Steady(), Scripted()
    line = Line(interface, "1001", steady.clock, rules=rules, steady_s=steady)
    line.receive(LineBack(at=NOON, line="1001", calls=()))
    return line, interface, steady


AT: dict[str, Any] = {"at": NOON, "line": "1001"}
BEGUN = Dialling(**AT, call=CALL, cause="first")
"""What an interface tells of the first dial."""

HEARD: list[tuple[str, list[Event], str, str]] = [
    # what is told after the first dial, and whether the next click within 2 s is a new call: for an ordinary number,
    # and for an emergency number
    ("nothing yet", [], "folded", "new"),
    ("it is dialled", [BEGUN], "folded", "folded"),
    ("it rings there", [BEGUN, Prompted(**AT, call=CALL), RemoteRinging(**AT, call=CALL)], "folded", "folded"),
    ("they talk", [BEGUN, Connected(**AT, call=CALL)], "folded", "folded"),
    ("it is on hold", [BEGUN, Connected(**AT, call=CALL), Held(**AT, call=CALL)], "folded", "folded"),
    ("it has ended", [BEGUN, Ended(**AT, call=CALL)], "new", "new"),
    ("it ended without a word before", [Ended(**AT, call=CALL, cause="first")], "new", "new"),
    ("another command caused something in between", [BEGUN, Connected(**AT, call=OTHER, cause="x"), Ended(**AT, call=CALL)], "new", "new"),
    ("another call has ended", [BEGUN, Ringing(**AT, call=OTHER), Ended(**AT, call=OTHER)], "folded", "folded"),
    ("it was handed over", [BEGUN, HandedOver(**AT, call=CALL, cause="first")], "folded", "new"),
    ("it became one with an older call", [BEGUN, Ringing(**AT, call=OLDER), Merged(**AT, call=OLDER, other=CALL)], "folded", "folded"),
    ("the call it became has ended", [BEGUN, Ringing(**AT, call=OLDER), Merged(**AT, call=OLDER, other=CALL), Ended(**AT, call=OLDER)], "new", "new"),
    ("the line is lost", [BEGUN, LineLost(**AT)], "folded", "new"),
    ("the line is back without it", [BEGUN, LineLost(**AT), LineBack(**AT, calls=())], "new", "new"),
    ("the line is back with it", [BEGUN, LineLost(**AT), LineBack(**AT, calls=(Call(id=CALL, line="1001", state=State.CONNECTED),))], "folded", "new"),
    ("a gap hid its end", [BEGUN, Gap(**AT, calls=())], "new", "new"),
    ("more is known of it", [BEGUN, Updated(**AT, call=CALL)], "folded", "folded"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "ordinary", "emergency"), [row[1:] for row in HEARD], ids=[row[0] for row in HEARD]
)
@pytest.mark.parametrize("number", [PLAIN, EMERGENCY])
async def test_what_a_second_click_is_follows_what_is_known_of_the_first(
    number: str, told: list[Event], ordinary: str, emergency: str
) -> None:
    line, interface, steady = made()
    await line.send(Dial(id="first", number=number))
    for event in told:
        line.receive(event)
    steady.seconds += 1.9
    await line.send(Dial(id="second", number=number))
    expected = emergency if number == EMERGENCY else ordinary
    assert interface.dialled == (["first"] if expected == "folded" else ["first", "second"])


@pytest.mark.parametrize("number", [PLAIN, EMERGENCY])
async def test_clicks_in_between_change_nothing_of_what_is_known(number: str) -> None:
    """The second half of a double click, a third one, and the first sent again by a client that lost its answer."""
    line, interface, _steady = made()
    await line.send(Dial(id="first", number=number))
    line.receive(BEGUN)
    for again in ("second", "third", "first", "second"):
        assert await line.send(Dial(id=again, number=number)) == "first"
    line.receive(Ended(**AT, call=CALL))
    assert await line.send(Dial(id="after", number=number)) == "after"
    assert interface.dialled == ["first", "after"]


async def test_the_end_may_be_told_before_the_dial_is_answered() -> None:
    line, interface, _steady = made()
    interface.hold.clear()
    first = asyncio.ensure_future(line.send(Dial(id="first", number=PLAIN)))
    await asyncio.sleep(0)
    line.receive(BEGUN)
    line.receive(Ended(**AT, call=CALL))
    interface.hold.set()
    await first
    await line.send(Dial(id="second", number=PLAIN))
    assert interface.dialled == ["first", "second"]


@given(st.floats(0, 10), st.booleans())
def test_two_seconds_by_a_clock_nobody_sets_decide(seconds: float, emergency: bool) -> None:
    async def clicked() -> list[str]:
        line, interface, steady = made()
        for each in ("first", "second"):
            await line.send(Dial(id=each, number=EMERGENCY if emergency else PLAIN))
            line.receive(Dialling(**AT, call=f"01{each}", cause=each))
            steady.seconds += seconds
        return interface.dialled

    assert (asyncio.run(clicked()) == ["first"]) == (1000.0 + seconds - 1000.0 < 2)


FIRST_FAILED: list[tuple[str, OffhookError, list[str], list[str]]] = [
    # how the first dial failed that was still on its way at the second click; what is dialled then
    ("refused", Refused("refused_by_switch", why="x"), ["first"], ["first", "second"]),
    ("not sent", Unreachable("line_lost"), ["first"], ["first", "second"]),
    ("unknown", OutcomeUnknown("answer_lost"), ["first"], ["first", "second"]),
]


@pytest.mark.parametrize(
    ("error", "ordinary", "emergency"),
    [row[1:] for row in FIRST_FAILED],
    ids=[row[0] for row in FIRST_FAILED],
)
@pytest.mark.parametrize("number", [PLAIN, EMERGENCY])
async def test_a_click_beside_one_that_fails(
    number: str, error: OffhookError, ordinary: list[str], emergency: list[str]
) -> None:
    line, interface, _steady = made()
    interface.answers.append(error)
    interface.hold.clear()
    clicks = [asyncio.ensure_future(line.send(Dial(id=each, number=number))) for each in ("first", "second")]
    for _turn in range(5):
        await asyncio.sleep(0)
    interface.hold.set()
    outcomes = await asyncio.gather(*clicks, return_exceptions=True)
    assert interface.dialled == (emergency if number == EMERGENCY else ordinary)
    assert outcomes == [error, "second" if number == EMERGENCY else error]


async def test_an_emergency_call_does_not_wait_for_one_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offhook.line.DOUBLE_CLICK_S", 0.05)
    line, interface, _steady = made()
    interface.hold.clear()
    clicks = [
        asyncio.ensure_future(line.send(Dial(id=each, number=EMERGENCY))) for each in ("first", "second")
    ]
    async with asyncio.timeout(5):
        while interface.dialled != ["first", "second"]:
            await asyncio.sleep(0.01)
    interface.hold.set()
    assert await asyncio.gather(*clicks) == ["first", "second"]


@pytest.mark.parametrize("number", ["112", "15", "3639"])
async def test_without_rules_any_short_number_may_be_an_emergency(number: str) -> None:
    line, interface, _steady = made(rules=None)
    for each in ("first", "second"):
        await line.send(Dial(id=each, number=number))
    assert interface.dialled == ["first", "second"], "nothing was heard of the first"


async def test_where_the_other_end_has_the_rules_it_knows_a_double_click() -> None:
    """A hub folds clicks of every client; a line on it that folded as well would keep back a dial after another's end."""

    class Elsewhere(Scripted):
        about = About("elsewhere", applies_rules=True)

    interface = Elsewhere()
    line = Line(interface, "1001", lambda: NOON, steady_s=Steady())
    for each in ("first", "second"):
        await line.send(Dial(id=each, number=PLAIN))
    assert interface.dialled == ["first", "second"]


async def test_a_line_in_place_of_another_knows_its_clicks_and_that_its_calls_are_over() -> None:
    for told, dialled in (([], ["first"]), ([BEGUN], ["first", "second"])):
        line, interface, steady = made()
        await line.send(Dial(id="first", number=PLAIN))
        for event in told:
            line.receive(event)
        after = Line(interface, "1001", steady.clock, rules=RULES, steady_s=steady)
        after.goes_on(line)
        await after.send(Dial(id="second", number=PLAIN))
        assert interface.dialled == dialled


async def test_the_guards_pace_is_by_the_steady_clock_and_never_counts_an_emergency() -> None:
    line, interface, steady = made(RULES._replace(guard=Guard(per_minute=2)))
    outcomes = []
    for second, number in enumerate(["0388202020", "15", "0388202021", "112", "0388202022", "1001", "112"]):
        try:
            await line.send(Dial(id=str(second), number=number))
            outcomes.append("")
        except Refused as error:
            outcomes.append(error.code)
        steady.seconds += 5
    assert outcomes == ["", "", "", "", "guard_rate", "", ""]
    steady.seconds += 30
    await line.send(Dial(id="after a minute", number="0388202022"))
    assert interface.dialled[-1] == "after a minute"


@pytest.mark.parametrize("number", [PLAIN, EMERGENCY])
async def test_an_answer_asked_for_again_is_no_click(number: str) -> None:
    """A client that lost the answer sends its command again, by then long over: the next click is a first one."""
    line, interface, steady = made()
    await line.send(Dial(id="first", number=number))
    line.receive(BEGUN)
    line.receive(Ended(**AT, call=CALL))
    steady.seconds += 5
    assert await line.send(Dial(id="first", number=number)) == "first"
    steady.seconds += 1
    assert await line.send(Dial(id="second", number=number)) == "second"
    line.receive(Dialling(**AT, call=OTHER, cause="second"))
    assert await line.send(Dial(id="first", number=number)) == "first"
    assert await line.send(Dial(id="third", number=number)) == "second", "the click before is still known"
    assert interface.dialled == ["first", "second"]


async def test_one_number_written_two_ways_is_one_click_and_digits_behind_a_pause_are_not_lost() -> None:
    line, interface, _steady = made(DialRules("FR", prefix="0", form="national"))
    for each in ("+33 3 88 20 20 20", "0388202020", "0 0388202020"):
        await line.send(Dial(id=each, number=each))
    assert interface.dialled == ["+33 3 88 20 20 20"]
    with pytest.raises(Refused) as caught:
        await line.send(Dial(id="tones", number="0388202020,5"))
    assert caught.value.code == "number_post_dial"
