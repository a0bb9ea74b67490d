"""Fields in a reply: JSON, XML (the seed's not-well-formed kind, too) and plain text. No I/O.

A bare name is the first field of that name at any depth; a dotted or indexed one is a path, and a path through
a list without an index yields all of its items (specification section 5). Replies are hostile: no entity is
expanded, and no depth is followed without limit.
"""

import json
import re
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

from offhook.errors import ProtocolError

MOST_ITEMS = 1000
DEEPEST = 100
LONGEST_FIELD = 500
MOST_EXACT = 1e15
"""Below this, every whole number is exact as a float."""

Position = tuple[int, ...]
Json = object


class Element(NamedTuple):
    """An XML element: its name as written, its attributes, children and own text."""

    name: str
    attributes: dict[str, str]
    children: list["Element"]
    texts: list[str]

    @property
    def text(self) -> str:
        """Its text, without the blanks around it."""
        return "".join(self.texts).strip()


class Names(NamedTuple):
    """What a field is called: in JSON, in XML, and the attribute that holds it there."""

    json: str = ""
    xml: str = ""
    attribute: str = ""


class Item(NamedTuple):
    """One event of a reply: number, event word, and the reply's own id for it, if it has one."""

    tel: str
    event: str
    id: str = ""


def items(
    body: bytes, content_type: str, kind: str, tel: "Names", event: "Names", ring: str = "RING"
) -> list[Item]:
    """Return the events of a reply; ``ring`` is what a bare number means.

    Raises ``ProtocolError`` for a reply that cannot be read.
    """
    found = _fields(body, content_type, kind)
    if isinstance(found, dict) and found.get("") is not None:
        bare = str(found[""])
        return [Item(bare, ring)] if re.fullmatch(r"\+?[0-9 .*#]{2,32}", bare) else []
    tels, events, ids = _all(found, tel, "tel"), _all(found, event, "event"), _all(found, Names(), "id")
    rows = sorted({*tels, *events}, key=lambda index: (len(index), index))
    longest = max((len(index) for index in rows), default=0)
    beside = _ids_beside(found, tel.json) if len(rows) > 1 else {}
    found_items = []
    for index in [each for each in rows if len(each) == longest][:MOST_ITEMS]:
        # a bare name has one value for them all; a reply's id belongs to its event only where there is just one
        one = Item(
            _for(tels, index),
            _for(events, index),
            ids.get((), "") if len(rows) <= 1 else beside.get(index, ""),
        )
        if one.event or one.tel:
            found_items.append(one)
    return found_items


def first(body: bytes, content_type: str, kind: str, names: "Names", blank: str) -> str:
    """Return the first value of a field, ``""`` where there is none. Raises ``ProtocolError``."""
    found = _fields(body, content_type, kind)
    if isinstance(found, str):  # a JSON string and nothing else
        return found if blank == "token" else ""
    values = _all(found, names, blank)
    if not values and blank == "token" and isinstance(found, dict) and found.get("") is not None:
        return str(found[""])
    return values[min(values)] if values else ""


def _fields(body: bytes, content_type: str, kind: str) -> "Json | Element":
    """Return a reply as JSON values or an element; text comes as a dictionary, a bare value under ``""``."""
    text = _decoded(body, content_type)
    match kind or _kind_of(content_type, text):
        case "xml":
            return _xml(text)
        case "text":
            return _plain(text)
        case _:
            if not text.strip():
                return {}
            try:
                found: Json = json.loads(text, parse_int=str, parse_float=_figure, parse_constant=str)
                return found
            except (ValueError, RecursionError):
                raise ProtocolError("reply_not_of_kind", interface="web", kind="JSON") from None


def _figure(text: str) -> str:
    """Return a number with decimals as it stands; one that is whole (``3.3388202020e10``) as its integer."""
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < MOST_EXACT else text


def _decoded(body: bytes, content_type: str) -> str:
    charset = re.search(r'charset\s*=\s*"?([A-Za-z0-9_.:\-]+)', content_type, re.IGNORECASE)
    declared = re.match(rb"""\s*<\?xml[^>]*encoding=["']([A-Za-z0-9_.:\-]+)""", body)
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    named = charset[1] if charset else declared[1].decode("ascii") if declared else ""
    for encoding in filter(None, (named, "utf-8")):
        try:
            return body.decode(encoding).removeprefix("\ufeff")
        except (LookupError, ValueError):
            continue
    return body.decode("cp1252", "replace")


def _kind_of(content_type: str, text: str) -> str:
    """Return the kind of a reply whose file names none: its own type, else how it begins, else JSON."""
    named = content_type.partition(";")[0].strip().lower()
    for word, kind in (("json", "json"), ("xml", "xml"), ("text/plain", "text")):
        if word in named:
            return kind
    return "xml" if text.lstrip().startswith("<") else "json"


# --- names and paths ------------------------------------------------------------------------------


def _all(found: "Json | Element", names: "Names", blank: str) -> dict[Position, str]:
    """Return every value a name leads to, each under its place in the lists on the way."""
    if isinstance(found, Element):
        return _in_xml(found, names.xml or blank, names.attribute)
    name = names.json or blank
    values: dict[Position, str] = {}
    if _is_path(name):
        _follow(found, _steps(name), (), values)
    else:
        value = _search(found, name, 0)
        if value is not None:
            values[()] = value
    return values


def _for(values: dict[Position, str], index: Position) -> str:
    """Return the value for an item: its own, else that of what encloses it."""
    for length in range(len(index), -1, -1):
        if index[:length] in values:
            return values[index[:length]]
    return ""


def _is_path(name: str) -> bool:
    return "." in name or "[" in name


def _steps(name: str) -> list[str]:
    """Split ``a.b[0].c`` into ``a b 0 c``; ``[]`` and ``[*]`` stand for all of a list."""
    found = []
    for word, index in re.findall(r"([^.\[\]]+)|\[(\d*|\*)\]", name):
        found.append(word or (f"#{index}" if index.isdigit() else "*"))
    return found


def _follow(value: Json, steps: list[str], index: Position, values: dict[Position, str]) -> None:
    if len(values) >= MOST_ITEMS or len(index) > DEEPEST:
        return
    if isinstance(value, list):
        if steps and steps[0].startswith("#"):
            at = int(steps[0][1:])
            if at < len(value):
                _follow(value[at], steps[1:], index, values)
            return
        rest = steps[1:] if steps and steps[0] == "*" else steps
        for at, each in enumerate(value[:MOST_ITEMS]):
            _follow(each, rest, (*index, at), values)
        return
    if not steps:
        text = _scalar(value)
        if text is not None:
            values[index] = text
        return
    if isinstance(value, dict):
        here = _member(value, steps[0])
        if here is not None:
            _follow(here, steps[1:], index, values)


def _member(value: dict[str, Json], name: str) -> Json:
    if name in value:
        return value[name]
    return next((each for key, each in value.items() if key.lower() == name.lower()), None)


def _search(value: Json, name: str, depth: int) -> str | None:
    """Return the first field of that name at any depth, in the order of the text."""
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        for key, each in value.items():
            text = _scalar(each) if key.lower() == name.lower() else None
            found = text if text is not None else _search(each, name, depth + 1)
            if found is not None:
                return found
    elif isinstance(value, list):
        for each in value[:MOST_ITEMS]:
            found = _search(each, name, depth + 1)
            if found is not None:
                return found
    return None


def _scalar(value: Json) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()[:LONGEST_FIELD]
    return None if value is None or isinstance(value, dict | list) else str(value)


def _ids_beside(found: "Json | Element", tel_name: str) -> dict[Position, str]:
    """Return the ``id`` beside each number of a list."""
    if isinstance(found, Element) or not _is_path(tel_name):
        return {}
    head = tel_name.rpartition(".")[0] or tel_name[: tel_name.rfind("]") + 1]
    values: dict[Position, str] = {}
    _follow(found, [*_steps(head), "id"], (), values)
    return values


# --- XML ------------------------------------------------------------------------------------------


def _xml(text: str) -> Element:
    """Read XML; what is not well-formed gets a second, tolerant reading. Raises ``ProtocolError``."""
    from xml.parsers.expat import ExpatError

    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise ProtocolError("reply_not_of_kind", interface="web", kind="XML")
    try:
        found = _strict(text)
    except (ExpatError, ValueError, RecursionError):
        try:
            found = _tolerant(text)
        except (ValueError, OverflowError):  # a character reference that is no character
            raise ProtocolError("reply_not_of_kind", interface="web", kind="XML") from None
    if not found.children:
        if not text.strip():
            return found
        raise ProtocolError("reply_not_of_kind", interface="web", kind="XML")
    return found


def _strict(text: str) -> Element:
    from xml.parsers import expat

    root = Element("", {}, [], [])
    stack = [root]
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > DEEPEST:
            raise ValueError(name)
        element = Element(name, attributes, [], [])
        stack[-1].children.append(element)
        stack.append(element)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: stack.pop()
    parser.CharacterDataHandler = lambda data: stack[-1].texts.append(data)  # noqa: PLW0108 - the stack moves
    parser.Parse(
        re.sub(r"^\s*<\?xml[^>]*\?>", "", text), True
    )  # it is already text: its declared encoding no longer counts
    return root


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what a tag looks like, and an attribute in it; made when first needed."""
    value = r"(?:\"[^\"<]*\"|'[^'<]*'|[^\s<>\"']+?(?=[\s>]|/>|$))"
    tag = re.compile(rf"<(/?)([A-Za-z_][\w.:\-]*)((?:\s+[\w.:\-]+\s*=\s*{value})*)\s*(/?)>")
    attribute = re.compile(r"([\w.:\-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s<>\"']+?)(?=[\s>]|/>|$))")
    return tag, attribute


def _tolerant(text: str) -> Element:
    """Read tags as they come: attributes without quotes, elements never closed."""
    from html import unescape

    root = Element("", {}, [], [])
    stack = [root]
    at = 0
    tags, attributes_in = _patterns()
    for tag in tags.finditer(text):
        stack[-1].texts.append(unescape(text[at : tag.start()]))
        at = tag.end()
        closing, name, attributes, empty = tag.groups()
        if closing:
            while len(stack) > 1 and stack.pop().name != name:
                pass
            continue
        pairs = {
            each[0]: unescape(each[1] or each[2] or each[3]) for each in attributes_in.findall(attributes)
        }
        element = Element(name, pairs, [], [])
        stack[-1].children.append(element)
        if not empty and len(stack) < DEEPEST:
            stack.append(element)
    stack[-1].texts.append(unescape(text[at:]))
    return root


def _named(element: Element, name: str) -> bool:
    """Compare names: a prefix counts only where the file names one."""
    own = element.name if ":" in name else element.name.rpartition(":")[2]
    return own.lower() == name.lower()


def _in_xml(root: Element, name: str, attribute: str) -> dict[Position, str]:
    values: dict[Position, str] = {}
    if _is_path(name):
        _follow_xml(root, _steps(name), (), values, attribute)
        if not values:  # the path is written from below the outermost element
            for outermost in root.children[:1]:
                _follow_xml(outermost, _steps(name), (), values, attribute)
    else:
        found = next((each for each in _walk(root) if _named(each, name)), None)
        if found is not None:
            values[()] = _value(found, attribute)
    return values


def _walk(element: Element):  # type: ignore[no-untyped-def]
    for child in element.children:
        yield child
        yield from _walk(child)


def _value(element: Element, attribute: str) -> str:
    if not attribute:
        return element.text[:LONGEST_FIELD]
    plain = {name.lower(): text for name, text in element.attributes.items()}
    return plain.get(attribute.lower(), "").strip()[:LONGEST_FIELD]


def _follow_xml(
    element: Element, steps: list[str], index: Position, values: dict[Position, str], attribute: str
) -> None:
    if not steps:
        values[index] = _value(element, attribute)
        return
    there = [child for child in element.children if _named(child, steps[0])]
    rest = steps[1:]
    if rest and rest[0].startswith("#"):
        at = int(rest[0][1:])
        there, rest = there[at : at + 1], rest[1:]
    elif len(there) > 1 or rest[:1] == ["*"]:
        rest = rest[1:] if rest[:1] == ["*"] else rest
        for at, child in enumerate(there[:MOST_ITEMS]):
            _follow_xml(child, rest, (*index, at), values, attribute)
        return
    for child in there:
        _follow_xml(child, rest, index, values, attribute)


# --- text -----------------------------------------------------------------------------------------


def _plain(text: str) -> dict[str, str]:
    """Read ``key=value`` pairs or lines; a bare value is found under ``""``."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        pairs = [each.partition("=") for each in line.split("&")[:MOST_ITEMS] if "=" in each] or [
            line.partition(":")
        ]
        for name, mark, value in pairs:
            if mark and name.strip():  # a + is a +: these are numbers, not a form
                found.setdefault(name.strip().lower(), unquote(value).strip()[:LONGEST_FIELD])
        if not found and line.strip():
            return {"": line.strip()[:LONGEST_FIELD]}
    return found
