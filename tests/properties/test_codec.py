"""Values survive JSON; anything else that comes is read, or refused with a name."""

import contextlib
import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.codec import (
    contact_from_json,
    decode_call,
    decode_command,
    decode_event,
    encode_call,
    encode_command,
    encode_event,
    loads,
)
from offhook.errors import CommandError, OffhookError, ProtocolError
from offhook.model import COMMANDS, EVENTS, Call, Dial, Ended, Party, PartyKind, Ringing
from runs import examples
from world import NOON

times = st.datetimes(timezones=st.just(UTC))
st.register_type_strategy(type(NOON), times)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=examples(400), deadline=None)
@given(st.sampled_from(list(EVENTS.values())).flatmap(st.from_type))
def test_events_survive(event: Any) -> None:
    assert decode_event(json.loads(json.dumps(encode_event(event)))) == event


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(list(COMMANDS.values())).flatmap(st.from_type))
def test_commands_survive(command: Any) -> None:
    if command.id:
        assert decode_command(json.loads(json.dumps(encode_command(command)))) == command


@settings(max_examples=examples(150), deadline=None)
@given(st.from_type(Call))
def test_calls_survive(call: Call) -> None:
    assert decode_call(json.loads(json.dumps(encode_call(call)))) == call


@settings(max_examples=examples(300), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["event", "command", "id", "at", "line", "call", "number", "party", "record"]),
        json_values,
    )
)
def test_anything_is_read_or_refused(value: dict[str, Any]) -> None:
    for decode in (decode_event, decode_command, decode_call):
        try:
            decode(value)
        except OffhookError as error:
            assert error.text("fr")


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_a_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(loads(data), dict)


def test_people_read_it_flat() -> None:
    event = Ringing(
        at=NOON, line="1001", call="X", party=Party(number="+33388202020", raw="0388202020", name="Éva")
    )
    assert encode_event(event) == {
        "event": "Ringing",
        "at": "2026-11-20T12:00:00.000000Z",
        "line": "1001",
        "call": "X",
        "direction": "inbound",
        "number": "+33388202020",
        "raw": "0388202020",
        "name": "Éva",
    }
    hidden = encode_event(Ringing(at=NOON, line="1001", call="X", party=Party(kind=PartyKind.HIDDEN)))
    assert hidden["party"] == "hidden"


def test_the_next_version_is_understood() -> None:
    assert decode_event({"event": "Whispering", "at": "2026-11-20T12:00:00Z", "line": "1"}) is None
    known = {"event": "Ended", "at": "2026-11-20T12:00:00Z", "line": "1", "call": "X", "mood": "good"}
    assert isinstance(decode_event(known), Ended)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"command": "Dial", "id": "1"}, "number"),
        ({"command": "Dial", "id": "1", "number": 33}, "number"),
        ({"command": "Dial", "number": "33"}, "id"),
        ({"command": "Fly", "id": "1"}, "command"),
        ({"command": "Dial", "id": "1", "number": "3" * 5000}, "number"),
        ({"command": "Transfer", "id": "1", "to": "2", "record": {"source": "s"}}, "record.id"),
    ],
)
def test_a_wrong_command_says_which_field(value: dict[str, Any], field: str) -> None:
    with pytest.raises(CommandError) as caught:
        decode_command(value)
    assert caught.value.params == {"field": field}


def test_a_right_command_is_read() -> None:
    assert decode_command({"command": "Dial", "id": "7", "number": "15"}) == Dial(id="7", number="15")


@pytest.mark.parametrize("value", [
    None, 3, [], {"id": 3}, {"record": "x"}, {"record": {"source": "a"}}, {"record": {"source": "a", "id": "b", "title": 3}}, {"record": {"source": "a", "id": "b"}, "name": "\ud800"},
    {"record": {"source": "a", "id": "b"}, "name": "x" * 100_000},
])  # fmt: skip
def test_a_contact_that_cannot_be_read_says_where(value: Any) -> None:
    with pytest.raises(ProtocolError, match="contact"):
        contact_from_json(value)


CALL_JSON = {"id": "A", "line": "1", "state": "alerting", "direction": "inbound", "number": ""}
WRONG_PARTS = [
    ("started_at", "2026-11-20T12:00:00"), ("started_at", "noon"), ("started_at", 3), ("rang", "yes"), ("rang", 1), ("state", "nowhere"), ("state", 3), ("contacts", {}),
    ("contacts", [{}] * 10_001), ("name", "a\ud800b"), ("can", "HangUp"),
]  # fmt: skip


@pytest.mark.parametrize(("part", "value"), WRONG_PARTS)
def test_a_call_with_one_wrong_part_is_refused_naming_it(part: str, value: Any) -> None:
    assert decode_call(CALL_JSON).id == "A"
    with pytest.raises(ProtocolError):
        decode_call(CALL_JSON | {part: value})
