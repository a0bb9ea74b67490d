"""The hub's API as OpenAPI 3.1, printed from the model: it cannot drift from the code. No I/O."""

import types
from dataclasses import MISSING, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from offhook import __version__
from offhook.errors import CODES
from offhook.model import COMMANDS, EVENTS, Call, Contact, Party, Record

Json = dict[str, Any]


def openapi() -> Json:
    """Return the whole description."""
    schemas: Json = {kind.__name__: _schema(kind) for kind in (Call, Contact, Party, Record)}
    schemas |= {name: _schema(kind, tag="command", name=name) for name, kind in COMMANDS.items()}
    schemas |= {name: _schema(kind, tag="event", name=name) for name, kind in EVENTS.items()}
    schemas["Command"] = {"oneOf": [_ref(name) for name in COMMANDS]}
    schemas["Event"] = {"oneOf": [_ref(name) for name in EVENTS]}
    schemas["Error"] = {
        "type": "object",
        "properties": {
            "kind": {"enum": sorted({kind.__name__ for kind in CODES.values()})},
            "code": {"enum": sorted(CODES)},
            "interface": {"type": "string"},
            "params": {"type": "object"},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Offhook hub",
            "version": __version__,
            "license": {"identifier": "Apache-2.0", "name": "Apache-2.0"},
        },
        "paths": {
            "/v1/desk/commands": {"post": _operation("Carry out one command", "Answer", body="Command")},
            "/v1/desk/calls": {"get": _operation("The desk's calls now", "Calls")},
            "/v1/contacts": {"get": _operation("Search the directory", "Contacts", query="q")},
            "/v1/page-links": {"post": _operation("A new one-time address of the desk page", "PageLink")},
            "/v1/desk": {"get": _operation("WebSocket: the desk's stream of events and commands", "Event")},
        },
        "components": {
            "schemas": schemas | _ANSWERS,
            "securitySchemes": {"desk": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"desk": []}],
    }


_TEXT: Json = {"type": "string"}
_ANSWERS: Json = {
    "Answer": {
        "type": "object",
        "properties": {"answer": _TEXT, "as": _TEXT, "error": {"$ref": "#/components/schemas/Error"}},
        "required": ["answer"],
    },
    "Calls": {
        "type": "object",
        "properties": {
            "desk": _TEXT,
            "seq": {"type": "integer"},
            "up": {"type": "boolean"},
            "calls": {"type": "array", "items": {"$ref": "#/components/schemas/Call"}},
        },
    },
    "Contacts": {
        "type": "object",
        "properties": {"contacts": {"type": "array", "items": {"$ref": "#/components/schemas/Contact"}}},
    },
    "PageLink": {"type": "object", "properties": {"path": _TEXT}},
}


def _operation(summary: str, answer: str, body: str = "", query: str = "") -> Json:
    found: Json = {
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": {"application/json": {"schema": _ref(answer)}}},
            "default": {"description": "Refused", "content": {"application/json": {"schema": _ref("Error")}}},
        },
    }
    if body:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    if query:
        found["parameters"] = [{"name": query, "in": "query", "schema": _TEXT}]
    return found


def _schema(kind: type, tag: str = "", name: str = "") -> Json:
    """Return a value's JSON form; a party's fields stand in their owner, as the codec writes them."""
    hints = get_type_hints(kind)
    properties: Json = {tag: {"const": name}} if tag else {}
    required = [tag] if tag else []
    for item in fields(kind):
        if _bare(hints[item.name]) is Party:
            properties |= dict.fromkeys(("number", "raw", "name", "party"), _TEXT)
            continue
        key = "party" if kind is Party and item.name == "kind" else item.name
        properties[key] = _type(hints[item.name])
        if item.default is MISSING:
            required.append(key)
    about = (kind.__doc__ or "").strip().partition("\n")[0]
    return {"type": "object", "description": about, "properties": properties, "required": required}


def _type(hint: Any) -> Json:
    hint = _bare(hint)
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _type(get_args(hint)[0])}
    if hint is datetime:
        return {"type": "string", "format": "date-time"}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [each.value for each in hint]}
    simple: dict[Any, Json] = {str: _TEXT, int: {"type": "integer"}, bool: {"type": "boolean"}}
    return simple.get(hint) or _ref(hint.__name__)


def _bare(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not types.NoneType)
    return hint


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
