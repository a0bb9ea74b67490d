"""The API as OpenAPI 3.1, printed from its routes and from the model: it cannot drift from either. No I/O."""

import re
import types
from collections.abc import Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from offhook.api.fields import FIELDS, word_on
from offhook.api.routes import QUERY, Endpoint
from offhook.errors import CODES, KINDS
from offhook.model import COMMANDS, EVENTS, Call, CallEvent, Contact, Party, Record

Json = dict[str, Any]


def openapi(endpoints: Sequence[Endpoint], version: str) -> Json:
    """Return the whole description of an API with those routes, of that version of Offhook."""
    paths: Json = {}
    for each in endpoints:
        method = "get" if each.method == "WS" else each.method.lower()
        paths.setdefault(each.path, {})[method] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Offhook",
            "version": version,
            "license": {"identifier": "Apache-2.0", "name": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "desk": {"type": "http", "scheme": "bearer", "description": "A desk's token."},
                "page": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "offhook-{desk}",
                    "description": "A page's login.",
                },
            },
        },
        "security": [{"desk": []}, {"page": []}],
    }


def schemas() -> Json:
    """Return every schema: values, commands, events, and what requests and answers are made of."""
    found: Json = {kind.__name__: _schema(kind) for kind in (Call, Contact, Party, Record)}
    found |= {name: _schema(kind, tag="command", name=name) for name, kind in COMMANDS.items()}
    found |= {name: _schema(kind, tag="event", name=name) for name, kind in EVENTS.items()}
    found["Command"] = {"description": "Any command.", "oneOf": [_ref(name) for name in COMMANDS]}
    found["Event"] = {"description": "Any event.", "oneOf": [_ref(name) for name in EVENTS]}
    return found | _SHAPES


# --- requests, answers and messages -----------------------------------------------------------------

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(of: Json) -> Json:
    return {"type": "array", "items": of}


def _said(about: str, maybe: str = "", **properties: Json) -> Json:
    """Return an object's schema; every property is required except those that ``maybe`` names."""
    words = {
        name: {"description": FIELDS.get(f"api.{name}") or FIELDS.get(name)} | each
        for name, each in properties.items()
    }
    required = [name for name in properties if name not in maybe.split()]
    return {"type": "object", "description": about, "properties": words, "required": required}


_SHAPES: Json = {
    "Error": _said(
        "An error: its sentence is made by the reader, from `GET /texts/{language}.json`.",
        kind={"enum": sorted(KINDS), "description": "The branch of the tree: who must act."},
        code={"type": "string", "description": "One of the codes, or an interface's own.", "examples": sorted(CODES)},
        interface={"type": "string", "description": "The interface it happened on."},
        params={"type": "object", "description": "The values its sentence needs."},
    ),
    "Refusal": _said("A request that was not carried out.", error=_ref("Error"))
    | {"not": {"required": ["answer"]}},  # that one is an outcome
    "Outcome": _said(
        "What became of a command.",
        "as call error ext",
        answer={"type": ["string", "null"], "description": "The command's id; null where it could not be read."},
        **{"as": {"type": "string", "description": "The id it was done under: of a double click, the first one's."}},
        call={"type": "string", "description": "The id of the call that a dial brought about, where there is one."},
        error=_ref("Error"),
        ext={"type": "string", "description": "The extension behind the number dialled, to be sent after the answer."},
    ),
    "Calls": _said(
        "A desk's calls now.",
        desk=_TEXT, seq=_TEXT, interface=_TEXT, up=_FLAG, why=_TEXT, calls=_list(_ref("Call")),
    ),
    "Contacts": _said("What the directory found.", contacts=_list(_ref("Contact"))),
    "PageLink": _said("Where a page opens once.", path=_TEXT),
    "About": _said("What this is.", offhook=_TEXT, version=_TEXT, training=_FLAG),
    "Texts": {"type": "object", "description": "Every sentence by its key.", "additionalProperties": _TEXT},
    "OpenAPI": {"type": "object", "description": "This description."},
    "Training": _said(
        "What somebody does there.",
        "to number name device",
        do=_TEXT, to=_TEXT, number=_TEXT, name=_TEXT, device=_TEXT,
    ),
    "Trained": {"type": "object", "description": "What the pretend telephone system answered."},
    "TestDial": _said(
        "A number to try.", "dial",
        number=_TEXT, dial={"type": "boolean", "description": "Really dial it."},
    ),
    "TestDialled": _said(
        "What would be sent, what was sent and answered, and what went wrong.",
        sent=_list(_TEXT),
        wire=_list(_TEXT),
        error={"oneOf": [_ref("Error"), {"type": "null"}]},
    ),
    "SettingsChange": _said(
        "What to set; null takes it back.",
        "scope",
        scope={"enum": ["user", "machine"]},
        set={"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    ),
    "Settings": _said(
        "A desk's settings.",
        "path",
        desk=_TEXT,
        first=_TEXT,
        path=_TEXT,
        settings=_list({"type": "object"}),
        interfaces=_list({"type": "object"}),
        file={"type": ["object", "null"]},
    ),
    "Hello": _said(
        "The first message of a desk.",
        hello=_said(
            "Who speaks, and from where on.",
            "resume show",
            version={"type": "string", "description": "The model's version, `2.0`."},
            resume={"type": ["string", "null"], "description": "The `seq` last heard; what came after it follows."},
            show={"enum": ["calls"], "description": "Have the calls told after every batch of events, too."},
        ),
    ),
    "Welcome": _said(
        "The answer to it.",
        welcome=_said(
            "How the desk stands.",
            "gap",
            version=_TEXT,
            desk=_TEXT,
            seq={"type": "string", "description": "Events after this one follow."},
            last={"type": "string", "description": "The newest event, after which the calls are as they are."},
            up={"type": "boolean", "description": "Whether its line is heard."},
            gap={"type": "boolean", "description": "Events were missed for good."},
            accepts={"type": "array", "items": _TEXT, "description": "The commands its line takes at all."},
            calls=_list(_ref("Call")),
        ),
    ),
    "EventMessage": {
        "description": "An event, with the call as it is after it.",
        "allOf": [
            _ref("Event"),
            _said("The call after the event, also after it has ended.", "snapshot", snapshot=_ref("Call")),
        ],
    },
    "CallsMessage": _said(
        "The calls after a batch of events, where the hello asked for them.",
        calls=_list(_ref("Call")), up=_FLAG, seq=_TEXT,
    ),
    "Beat": _said("Nothing happened for a while.", beat={"type": "string", "description": "The newest `seq`."}),
    "Message": {
        "description": "What goes over the stream, either way.",
        "oneOf": [
            _ref(name)
            for name in (
                "Hello", "Welcome", "Command", "Outcome", "EventMessage", "CallsMessage", "Beat", "Refusal",
            )
        ],
    },
}  # fmt: skip


def _operation(endpoint: Endpoint) -> Json:
    media = "application/json" if endpoint.answer else "text/html"
    schema = _ref(endpoint.answer) if endpoint.answer else _TEXT
    found: Json = {
        "summary": endpoint.about,
        "responses": {
            "200": {"description": endpoint.about, "content": {media: {"schema": schema}}},
            "default": {
                "description": "Refused",
                "content": {"application/json": {"schema": _ref("Refusal")}},
            },
        },
    }
    if endpoint.method == "WS":
        found["responses"] = {"101": {"description": "A WebSocket; its messages are `Message`."}}
        found["x-websocket"] = schema
    if endpoint.body:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(endpoint.body)}},
        }
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in re.findall(r"\{(\w+)", endpoint.path)
    ]
    parameters += [
        {"name": name, "in": "query", "description": QUERY[name], "schema": _TEXT} for name in endpoint.query
    ]
    if parameters:
        found["parameters"] = parameters
    if endpoint.open:
        found["security"] = []
    return found


# --- values -----------------------------------------------------------------------------------------


def _schema(kind: type, tag: str = "", name: str = "") -> Json:
    """Return a value's JSON form; a party's fields stand in their owner, as the codec writes them."""
    hints = get_type_hints(kind)
    properties: Json = {tag: {"const": name}} if tag else {}
    required = [tag] if tag else []
    for item in fields(kind):
        if item.name == "can" and issubclass(kind, CallEvent):
            continue  # what a source says; on a stream it is in the snapshot
        if _bare(hints[item.name]) is Party and item.name == "party":
            for part in ("number", "raw", "name", "party"):
                properties[part] = _TEXT | {"description": word_on(Party, part)}
            continue
        key = "party" if kind is Party and item.name == "kind" else item.name
        properties[key] = _type(hints[item.name]) | {"description": word_on(kind, key)}
        if item.default is MISSING:
            required.append(key)
    about = (kind.__doc__ or "").strip().partition("\n")[0]
    return {"type": "object", "description": about, "properties": properties, "required": required}


def _type(hint: Any) -> Json:
    hint = _bare(hint)
    if get_origin(hint) is tuple:
        return _list(_type(get_args(hint)[0]))
    if hint is datetime:
        return {"type": "string", "format": "date-time"}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [each.value for each in hint]}
    simple: dict[Any, Json] = {str: _TEXT, int: {"type": "integer"}, bool: _FLAG}
    return dict(simple.get(hint) or _ref(hint.__name__))


def _bare(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not types.NoneType)
    return hint
