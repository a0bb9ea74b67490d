"""Commands, events and calls to JSON and back. No I/O.

One form everywhere: the hub's streams, ``--json`` on the command line and the page. It is flat where
people read it (specification section 10): a party is written as ``number``, ``raw``, ``name`` and, unless it
is an ordinary outside number, ``party`` (its kind). Empty fields that need not be said are left out. A reader
ignores fields and event types it does not know, so it gets along with the next minor version.
"""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from offhook.errors import CommandError, OffhookError, ProtocolError, error_from_json
from offhook.model import COMMANDS, EVENTS, Call, Command, Contact, Event, News, Party, PartyKind, is_clean

MAX_TEXT = 4096
"""Longest string accepted in a value, in characters."""
MAX_ITEMS = 1024
"""Longest list accepted in a value."""

Value = TypeVar("Value")
Json = dict[str, Any]


class _Unreadable(Exception):
    """Raised inside a decode with the field that is wrong; never leaves this module."""


@dataclass(frozen=True, slots=True)
class _Field:
    key: str
    name: str
    default: object
    unsaid: bool
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def encode_event(event: Event) -> Json:
    """Return the event as a JSON object: ``event``, ``at``, ``line``, then what applies."""
    return {"event": type(event).__name__, **_encode(event)}


def encode_news(news: News) -> Json:
    """Return an event as a JSON object, with the call as it is after it as ``snapshot`` (none: without)."""
    event, call = news
    return encode_event(event) if call is None else {**encode_event(event), "snapshot": encode_call(call)}


def encode_command(command: Command) -> Json:
    """Return the command as a JSON object: ``command``, ``id``, then what applies."""
    return {"command": type(command).__name__, **_encode(command)}


def encode_call(call: Call) -> Json:
    """Return a call's snapshot as a JSON object."""
    return _encode(call)


def contact_to_json(contact: Contact) -> Json:
    """Return a contact as a JSON object."""
    return _encode(contact)


def contact_from_json(value: object) -> Contact:
    """Read a contact. Raises ``ProtocolError``."""
    try:
        return _decode(Contact, _object(value))
    except _Unreadable as error:
        raise ProtocolError("reply_unreadable", source=f"contact.{error}") from None


def decode_event(value: object) -> Event | None:
    """Read an event; ``None`` for a type this version does not know. Raises ``ProtocolError``."""
    try:
        found = _object(value)
        name = found.get("event")
        if not isinstance(name, str):
            raise _Unreadable("event")
        kind = EVENTS.get(name)
        return _decode(kind, found) if kind else None
    except _Unreadable as error:
        raise ProtocolError("reply_unreadable", source=f"event.{error}") from None


def decode_call(value: object) -> Call:
    """Read a call's snapshot. Raises ``ProtocolError``."""
    try:
        return _decode(Call, _object(value))
    except _Unreadable as error:
        raise ProtocolError("reply_unreadable", source=f"call.{error}") from None


def decode_command(value: object) -> Command:
    """Read a command, strictly: it comes from outside. Raises ``CommandError`` naming the field."""
    try:
        found = _object(value)
        kind = COMMANDS.get(_text(found.get("command")))
        if kind is None:
            raise _Unreadable("command")
        if not found.get("id"):
            raise _Unreadable("id")
        return _decode(kind, found)
    except _Unreadable as error:
        raise CommandError("command_unreadable", field=str(error) or "command") from None


def loads(text: str | bytes) -> Json:
    """Parse one JSON object that came over a connection. Raises ``ProtocolError``."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ProtocolError("reply_unreadable", source="json") from None
    if not isinstance(value, dict):
        raise ProtocolError("reply_unreadable", source="json")
    return value


def _no_constant(name: str) -> None:
    """NaN and Infinity are no JSON."""
    raise ValueError(name)


def dumps(value: Mapping[str, Any]) -> str:
    """Write one JSON object on one line, accents as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def error_in(answer: Json) -> OffhookError | None:
    """Return the error an answer carries, if it carries one."""
    return error_from_json(answer["error"]) if answer.get("error") else None


def timestamp(at: datetime) -> str:
    """Write a time as RFC 3339 in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# --- the two directions, from the field types -----------------------------------------------------


def _encode(value: object) -> Json:
    found: Json = {}
    for item in _plan(type(value)):
        content = getattr(value, item.name)
        if item.unsaid and content == item.default:
            continue
        if isinstance(content, Party):
            found.update(_party_to_json(content))
        else:
            found[item.key] = item.encode(content)
    return found


def _decode(kind: type[Value], found: Json) -> Value:
    words: dict[str, Any] = {}
    for item in _plan(kind):
        try:
            if item.decode is _party_from_json:
                if found.keys() & _PARTY_KEYS:
                    words[item.name] = _party_from_json(found)
            elif item.key in found:
                words[item.name] = item.decode(found[item.key])
            elif item.default is MISSING:
                raise _Unreadable("")
        except _Unreadable as error:
            raise _Unreadable(f"{item.key}.{error}".rstrip(".")) from None
    return kind(**words)


_PLANS: dict[type, tuple[_Field, ...]] = {}


def _plan(kind: type) -> tuple[_Field, ...]:
    """Return how each field of a class is written and read, worked out once per class."""
    if kind not in _PLANS:
        hints = get_type_hints(kind)
        _PLANS[kind] = tuple(
            _Field(
                _key(kind, item.name),
                item.name,
                item.default,
                _unsaid(item.default),
                *_pair(hints[item.name]),
            )
            for item in fields(kind)
        )
    return _PLANS[kind]


def _unsaid(default: object) -> bool:
    """Say whether a field at this default is left out: nothing, empty, no, or an ordinary number's kind."""
    return default in (None, (), "", False) or default is PartyKind.EXTERNAL


def _key(kind: type, name: str) -> str:
    return "party" if kind is Party and name == "kind" else name


def _pair(hint: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return how a value of this type is written and read."""
    if get_origin(hint) in (Union, types.UnionType):
        inner = next(part for part in get_args(hint) if part is not types.NoneType)
        encode, decode = _pair(inner)
        if inner is Party:
            return encode, decode
        return encode, lambda value: None if value is None else decode(value)
    if get_origin(hint) is tuple:
        encode, decode = _pair(get_args(hint)[0])
        return lambda items: [encode(item) for item in items], lambda items: _items(items, decode)
    if hint is Party:
        return _party_to_json, _party_from_json
    if is_dataclass(hint):
        return _encode, lambda value: _decode(cast(type, hint), _object(value))
    if hint is datetime:
        return timestamp, _time
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return str, lambda value: _enum(hint, value)
    return _same, {str: _text, int: _whole, bool: _truth}[hint]


_PARTY_KEYS = frozenset({"number", "raw", "name", "party"})


def _party_to_json(party: Party) -> Json:
    return {"number": party.number} | _encode(party)


def _party_from_json(value: object) -> Party:
    found = _object(value)
    return _decode(Party, {key: found[key] for key in _PARTY_KEYS & found.keys()})


def _same(value: Any) -> Any:
    return value


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise _Unreadable("")
    return value


def _items(value: object, decode: Callable[[Any], Any]) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise _Unreadable("")
    return tuple(decode(item) for item in value)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not is_clean(value):
        raise _Unreadable("")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Unreadable("")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Unreadable("")
    return value


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(_text(value))
        if at.tzinfo is None:
            raise _Unreadable("")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Unreadable("") from None


def _enum(kind: type[StrEnum], value: object) -> StrEnum:
    try:
        return kind(_text(value))
    except ValueError:
        raise _Unreadable("") from None
