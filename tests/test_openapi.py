"""The API's description: it is what is served, a foreign validator takes it, and every message there is fits its schema."""

import json
from collections.abc import Iterator
from datetime import UTC
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute

from offhook.api.app import endpoints_of, make_app
from offhook.api.door import Door
from offhook.api.schema import openapi
from offhook.codec import encode_call, encode_command, encode_event, encode_news
from offhook.errors import CODES, KINDS, Unreachable
from offhook.model import COMMANDS, EVENTS, Call, News
from runs import examples
from world import NOON

NOBODY: Any = SimpleNamespace(interface=None)
"""A board nobody asks: the routes are looked at, not used."""
DESCRIBED = openapi(endpoints_of(NOBODY, NOBODY, None, None)[1], "1.2")
SCHEMAS = DESCRIBED["components"]["schemas"]
st.register_type_strategy(type(NOON), st.datetimes(timezones=st.just(UTC)))


def validator(name: str) -> Draft202012Validator:
    """A foreign validator of one schema of the description."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}"} | DESCRIBED)


def served() -> set[tuple[str, str]]:
    """What an application over a board answers to, read from the framework's own table."""
    app = make_app(NOBODY, NOBODY)
    assert isinstance(app, Door)
    inner: Any = app.routed
    assert isinstance(inner, Starlette)
    found = set()
    for route in inner.routes:
        if isinstance(route, WebSocketRoute):
            found.add((route.path, "get"))
        elif isinstance(route, Route):
            found |= {(route.path, method.lower()) for method in route.methods or () if method != "HEAD"}
        else:
            assert isinstance(route, Mount)
            assert route.path == "/static", "a folder of files that is not described"
    return found


def test_what_is_described_is_what_is_served() -> None:
    described = {(path, method) for path, methods in DESCRIBED["paths"].items() for method in methods}
    assert described == served()


def test_a_foreign_validator_takes_it() -> None:
    OpenAPIV31SpecValidator(json.loads(json.dumps(DESCRIBED))).validate()


def properties(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a schema, at any depth, with its place."""
    if isinstance(schema, dict):
        for name, each in schema.get("properties", {}).items():
            yield f"{place}.{name}", each
        for key, each in schema.items():
            inside = each.items() if key == "properties" else [("", each)]
            for name, inner in inside:
                yield from properties(inner, f"{place}.{name}" if name else place)
    elif isinstance(schema, list):
        for each in schema:
            yield from properties(each, place)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_has_a_word_on_it(name: str) -> None:
    wordless = [
        place
        for place, each in properties(SCHEMAS[name], name)
        if not str(each.get("description") or "").strip() and "const" not in each
    ]
    assert wordless == []


def test_every_operation_has_a_word_on_it() -> None:
    operations = [each for methods in DESCRIBED["paths"].values() for each in methods.values()]
    assert all(each["summary"].strip() and each["responses"] for each in operations)
    assert all(
        each["description"].strip()
        for operation in operations
        for each in operation.get("parameters", ())
        if each["in"] == "query"
    )


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(list(EVENTS.values())).flatmap(st.from_type))
def test_every_event_fits_its_schema(event: Any) -> None:
    told = json.loads(json.dumps(encode_event(event)))
    validator(type(event).__name__).validate(told)
    validator("EventMessage").validate(told)


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(list(EVENTS.values())).flatmap(st.from_type), st.from_type(Call))
def test_every_news_of_a_call_fits_its_schema(event: Any, call: Call) -> None:
    validator("Message").validate(json.loads(json.dumps(encode_news(News(event, call)))))


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(list(COMMANDS.values())).flatmap(st.from_type))
def test_every_command_fits_its_schema(command: Any) -> None:
    told = json.loads(json.dumps(encode_command(command)))
    validator(type(command).__name__).validate(told)
    validator("Command").validate(told)


@settings(max_examples=examples(100), deadline=None)
@given(st.from_type(Call))
def test_every_call_fits_its_schema(call: Call) -> None:
    validator("Call").validate(json.loads(json.dumps(encode_call(call))))


HELLO, CALLS = {"hello": {"version": "2.0"}}, {"calls": [], "up": True, "seq": "x.1"}
WELCOME = {
    "version": "2.0",
    "desk": "1001",
    "seq": "x.1",
    "last": "x.1",
    "up": True,
    "accepts": ["Dial"],
    "calls": [],
}
FITTING: list[tuple[str, dict[str, Any]]] = [
    ("Hello", HELLO), ("Hello", {"hello": {"version": "2.0", "resume": "x.1", "show": "calls"}}), ("Hello", {"hello": {"version": "2.0", "resume": None}}),
    ("Welcome", {"welcome": WELCOME}), ("Welcome", {"welcome": WELCOME | {"gap": True}}), ("CallsMessage", CALLS), ("Beat", {"beat": "x.1"}),
    ("Outcome", {"answer": "i", "as": "i"}), ("Outcome", {"answer": None, "error": Unreachable("line_lost").to_json()}), ("Refusal", {"error": Unreachable("line_lost").to_json()}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message"), FITTING)
def test_every_message_fits_its_schema_and_no_other(name: str, message: dict[str, Any]) -> None:
    messages = [each["$ref"].rpartition("/")[2] for each in SCHEMAS["Message"]["oneOf"]]
    assert [each for each in messages if validator(each).is_valid(message)] == [name]
    for part in message:
        inner = message[part]
        for field in inner if isinstance(inner, dict) else ():
            less = {part: {key: value for key, value in inner.items() if key != field}}
            optional = field in ("resume", "show", "gap")
            assert validator(name).is_valid(less) == optional, f"without {field}"


def test_an_error_fits_its_schema() -> None:
    told = Unreachable("link_lost", interface="somebody-s", address="10.0.0.1").to_json()
    validator("Error").validate(told)
    assert set(SCHEMAS["Error"]["properties"]) == set(told)
    assert set(SCHEMAS["Error"]["properties"]["kind"]["enum"]) == set(KINDS)
    assert set(CODES) == set(SCHEMAS["Error"]["properties"]["code"]["examples"])


@pytest.mark.parametrize(
    "spoiled",
    [
        {"event": "Ringing"},
        {"event": "Ringing", "at": 5},
        {"command": "Dial", "id": "x"},
        {"hello": {"version": 2}},
        {"welcome": "yes"},
        {"beat": 7},
    ],
)
def test_a_schema_refuses_what_is_none(spoiled: dict[str, Any]) -> None:
    """A schema that takes everything would show nothing above."""
    assert not validator("Message").is_valid(spoiled)
