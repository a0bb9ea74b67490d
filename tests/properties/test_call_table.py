"""Whatever comes in whatever order, a table stays valid and each call ends once."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.calls import CAN, COLUMNS, CONSULTING, TRANSITIONS, CallTable
from offhook.codec import decode_call, encode_call
from offhook.interfaces.simulator.events import ACCEPTS
from offhook.model import (
    EVENTS,
    Call,
    CallEvent,
    Ended,
    Event,
    Gap,
    HandedOver,
    LineBack,
    Merged,
    Party,
    Record,
    RecordPassed,
    State,
)
from runs import examples
from world import NOON

IDS = ("A", "B", "C", "D")
KINDS = sorted(
    (kind for kind in EVENTS.values() if issubclass(kind, CallEvent)), key=lambda kind: kind.__name__
)


@st.composite
def call_events(draw: Any) -> Event:
    """Any event of the model about one of four calls."""
    kind = draw(st.sampled_from(KINDS))
    words: dict[str, Any] = {
        "at": NOON + timedelta(seconds=draw(st.integers(0, 60))),
        "line": "1001",
        "call": draw(st.sampled_from(IDS)),
    }
    if kind is Merged:
        words["other"] = draw(st.sampled_from(IDS))
    if kind is RecordPassed:
        words["record"] = Record(source="s", id="1")
    if "party" in kind.__slots__ and draw(st.booleans()):
        words["party"] = Party(number=draw(st.sampled_from(["+33388202020", "+33199000101"])))
    made: Event = kind(**words)
    return made


def snapshots() -> Any:
    """A line that is back, or a gap, with some calls in some state."""
    calls = st.lists(
        st.builds(Call, id=st.sampled_from(IDS), line=st.just("1001"), state=st.sampled_from(COLUMNS[1:])),
        max_size=3,
        unique_by=lambda call: call.id,
    ).map(tuple)
    return st.one_of(
        st.builds(LineBack, at=st.just(NOON), line=st.just("1001"), calls=calls),
        st.builds(Gap, at=st.just(NOON), line=st.just("1001"), calls=calls),
    )


def valid(table: CallTable) -> None:
    """What holds of every table at every moment."""
    for call in table.calls:
        assert call.state is not State.CLEARED
        assert not table.ended(call.id)
        assert set(call.can) <= {
            kind.__name__ for kind in (*CAN[call.state], *CONSULTING.get(call.state, ()))
        }
        assert decode_call(encode_call(call)) == call
    assert len({call.id for call in table.calls}) == len(table.calls)


@settings(max_examples=examples(600), deadline=None)
@given(st.lists(st.one_of(call_events(), snapshots()), max_size=40))
def test_any_events_leave_a_valid_table_and_one_end_each(events: list[Event]) -> None:
    table = CallTable("1001", lambda: ACCEPTS)
    heard: list[Event] = []
    seen: set[str] = set()
    for event in [LineBack(at=NOON, line="1001", calls=()), *events]:
        news = table.apply(event)
        heard += [each.event for each in news]
        seen |= {each.event.call for each in news if isinstance(each.event, CallEvent)}
        valid(table)
    heard += [each.event for each in table.apply(LineBack(at=NOON, line="1001", calls=()))]
    assert table.calls == ()
    merged = {each.other for each in heard if isinstance(each, Merged)}
    ends = Counter(each.call for each in heard if isinstance(each, Ended | HandedOver))
    assert all(count == 1 for count in ends.values())
    assert seen - merged <= set(ends), "every call heard of ended"
    after_end: set[str] = set()
    for each in heard:
        if isinstance(each, CallEvent):
            assert each.call not in after_end, "nothing is told of a call that is over"
        if isinstance(each, Ended | HandedOver):
            after_end.add(each.call)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(call_events(), max_size=15), st.data())
def test_a_repeated_state_is_no_news(events: list[Event], data: st.DataObject) -> None:
    table = CallTable("1001", lambda: ACCEPTS)
    for event in events:
        table.apply(event)
        if type(event) in TRANSITIONS and type(event).__name__ != "Retrieved":
            assert table.apply(event) == []


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(call_events(), max_size=20), snapshots())
def test_after_a_snapshot_the_table_is_the_snapshot(events: list[Event], back: Any) -> None:
    table = CallTable("1001", lambda: ACCEPTS)
    for event in events:
        table.apply(event)
    table.apply(back)
    for call in back.calls:
        now = table.get(call.id)
        assert now is not None or table.ended(call.id)
    assert {call.state for call in table.calls} <= {call.state for call in back.calls}


def test_each_row_has_a_cell_for_each_state() -> None:
    assert all(len(row) == len(COLUMNS) for row in TRANSITIONS.values())
    assert set(CAN) == set(State)
