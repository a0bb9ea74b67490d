"""Fields in a reply: JSON, XML (the seed's not-well-formed kind, too) and plain text. No I/O.

A bare name is the first field of that name at any depth; a dotted or indexed one is a path, and a path through
a list without an index yields all of its items (specification section 5). A value is taken whole or refused.
Replies are hostile: no entity is expanded, no depth is followed without limit, and none chooses just any codec.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

from offhook.errors import ProtocolError

MOST_ITEMS = 1000
DEEPEST = 100
LONGEST_FIELD = 500
MOST_EXACT = 1e15
"""Below this, every whole number is exact as a float."""
LONGEST_TOKEN = 1 << 16
CODECS = re.compile(r"(utf-?(8|16|32)|ascii|iso8859|latin|cp\d|mac|koi8|gb|big5|euc|shift_jis)")
"""Character sets a reply may name, as Python calls them: others may take a time that grows with its square."""

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
    """One event of a reply: number, event word, and the ``id`` beside the word, if there is one."""

    tel: str
    event: str
    id: str = ""


class Found(NamedTuple):
    """A field's text, and the object or element it belongs to."""

    text: str
    owner: "dict[str, Json] | Element | None" = None
    within: "Element | None" = None


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
    tels, events = _all(found, tel, "tel"), _all(found, event, "event")
    rows = sorted({*tels, *events}, key=lambda index: (len(index), index))
    longest = max((len(index) for index in rows), default=0)
    found_items = []
    for index in [each for each in rows if len(each) == longest][:MOST_ITEMS]:
        word = _for(events, index)  # a bare name has one value for them all
        one = Item(*(_whole(text, LONGEST_FIELD) for text in (_for(tels, index).text, word.text, _id(word))))
        if one.event or one.tel:
            found_items.append(one)
    return found_items


def first(body: bytes, content_type: str, kind: str, names: "Names", blank: str) -> str:
    """Return the first value of a field, ``""`` where there is none.

    A token may also be all there is. Raises ``ProtocolError`` for a reply or a value that cannot be taken.
    """
    found = _fields(body, content_type, kind)
    values = _all(found, names, blank)
    text = values[min(values)].text if values else ""
    if not text and blank == "token" and not isinstance(found, Element):
        text = _bare(found)
    return _whole(text, LONGEST_TOKEN)


def holds(body: bytes, content_type: str, kind: str, name: str, value: str) -> bool:
    """Say whether a field of that name has that value, in any case of letters; XML: an element or an attribute.

    Raises ``ProtocolError`` for a reply that is not of that kind.
    """
    found = _fields(body, content_type, kind)
    there = [each.text for each in _all(found, Names(name, name), "").values()]
    if isinstance(found, Element):
        head, _dot, last = name.rpartition(".")
        at = (
            [each.within for each in _in_xml(found, head, "").values()]
            if head
            else [e for _p, e in _walk(found)]
        )
        there += [_attribute(each, last) for each in at if each is not None]
    return any(each.lower() == value.strip().lower() for each in there)


def values(body: bytes, content_type: str) -> "Json":
    """Return a reply as what it looks like, XML as an object like JSON's.

    Raises ``ProtocolError`` for what cannot be read.
    """
    found = _fields(body, content_type, "")
    return _as_json(found) if isinstance(found, Element) else found


def _whole(text: str, longest: int) -> str:
    """Return a value as it is. Raises ``ProtocolError`` for one that is too long to be one."""
    if len(text) > longest:
        raise ProtocolError("value_too_long", most=longest)
    return text


def _bare(found: "Json") -> str:
    """Return a reply that is a value and nothing else, in a list or not."""
    if isinstance(found, dict):
        found = found.get("")
    while isinstance(found, list) and found:
        found = found[0]
    return _scalar(found) or ""


def _fields(body: bytes, content_type: str, kind: str) -> "Json | Element":
    """Return a reply as JSON values or an element; text comes as a dictionary, a bare value under ``""``."""
    text = decoded(body, content_type)
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


def decoded(body: bytes, content_type: str) -> str:
    """Return a reply's text: in the character set it has or says it has, else UTF-8, else Windows-1252."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    charset = re.search(r'charset\s*=\s*"?([A-Za-z0-9_.:\-]+)', content_type, re.IGNORECASE)
    declared = re.match(rb"""\s*<\?xml[^>]*encoding=["']([A-Za-z0-9_.:\-]+)""", body)
    named = charset[1] if charset else declared[1].decode("ascii") if declared else ""
    zeros = body[:2].find(b"\0")  # half of a letter of ASCII in UTF-16
    for encoding in (named, ("utf-16-be", "utf-16-le")[zeros] if zeros >= 0 else "", "utf-8"):
        try:
            if encoding and CODECS.match(codecs.lookup(encoding).name):
                return body.decode(encoding).removeprefix("\ufeff")
        except (LookupError, ValueError):
            continue
    return body.decode("cp1252", "replace")


def _kind_of(content_type: str, text: str) -> str:
    """Return the kind of a reply whose file names none: its own type, else how it begins, else JSON.

    ``text/…`` is what many servers call everything: what begins like JSON is, however it is labelled.
    """
    named = content_type.partition(";")[0].strip().lower()
    begins = text.lstrip()[:1]
    if "json" in named or begins in ("{", "["):
        return "json"
    if "xml" in named or begins == "<":
        return "xml"
    return "text" if named.startswith("text/") or named.endswith("form-urlencoded") else "json"


# --- names and paths ------------------------------------------------------------------------------


def _all(found: "Json | Element", names: "Names", blank: str) -> dict[Position, Found]:
    """Return every value a name leads to, each under its place in the lists on the way."""
    if isinstance(found, Element):
        return _in_xml(found, names.xml or blank, names.attribute)
    name = names.json or blank
    values: dict[Position, Found] = {}
    if _is_path(name) and not (isinstance(found, dict) and name in found):
        _follow(found, _steps(name), (), None, values)
    else:
        value = _search(found, name, 0)
        if value is not None:
            values[()] = value
    return values


def _for(values: dict[Position, Found], index: Position) -> Found:
    """Return the value for an item: its own, else that of what encloses it."""
    for length in range(len(index), -1, -1):
        if index[:length] in values:
            return values[index[:length]]
    return Found("")


def _id(word: Found) -> str:
    """Return the ``id`` in the same object as an event word: of XML, an attribute or an element beside it."""
    if isinstance(word.owner, dict):
        return _scalar(_member(word.owner, "id")) or ""
    if word.owner is None:
        return ""
    beside = next((each.text for each in word.owner.children if _named(each, "id")), "")
    own = _attribute(word.within, "id") if word.within is not None else ""
    return own or beside or _attribute(word.owner, "id")


def _is_path(name: str) -> bool:
    return "." in name or "[" in name


def _steps(name: str) -> list[str]:
    """Split ``a.b[0].c`` into ``a b 0 c``; ``[]`` and ``[*]`` stand for all of a list."""
    found = []
    for word, index in re.findall(r"([^.\[\]]+)|\[(\d*|\*)\]", name):
        found.append(word or (f"#{index}" if index.isdigit() else "*"))
    return found


def _follow(
    value: Json,
    steps: list[str],
    index: Position,
    owner: "dict[str, Json] | None",
    values: dict[Position, Found],
) -> None:
    if len(values) >= MOST_ITEMS or len(index) > DEEPEST:
        return
    if isinstance(value, list):
        if steps and steps[0].startswith("#"):
            at = int(steps[0][1:])
            if at < len(value):
                _follow(value[at], steps[1:], index, owner, values)
            return
        rest = steps[1:] if steps and steps[0] == "*" else steps
        for at, each in enumerate(value[:MOST_ITEMS]):
            _follow(each, rest, (*index, at), owner, values)
        return
    if steps and steps[0] in ("*", "#0"):  # where a list is usual, one alone may stand for itself
        _follow(value, steps[1:], index, owner, values)
    elif not steps:
        text = _scalar(value)
        if text is not None:
            values[index] = Found(text, owner)
    elif isinstance(value, dict):
        here = _member(value, steps[0])
        if here is not None:
            _follow(here, steps[1:], index, value, values)


def _member(value: dict[str, Json], name: str) -> Json:
    if name in value:
        return value[name]
    return next((each for key, each in value.items() if key.lower() == name.lower()), None)


def _search(value: Json, name: str, depth: int) -> Found | None:
    """Return the first field of that name at any depth, in the order of the text; of a list, its first value."""
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        for key, each in value.items():
            text = None
            if key.lower() == name.lower():
                text = _scalar(each[0] if isinstance(each, list) and each else each)
            found = Found(text, value) if text is not None else _search(each, name, depth + 1)
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
        return value.strip()
    return None if value is None or isinstance(value, dict | list) else str(value)


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


def _in_xml(root: Element, name: str, attribute: str) -> dict[Position, Found]:
    if _is_path(name):
        values: dict[Position, Found] = {}
        _follow_xml(root, _steps(name), (), values, attribute)
        if not values:  # the path is written from below the outermost element
            for outermost in root.children[:1]:
                _follow_xml(outermost, _steps(name), (), values, attribute)
        return values
    first_one = next((pair for pair in _walk(root) if _named(pair[1], name)), None)
    return {} if first_one is None else {(): _value(*first_one, attribute)}


def _walk(element: Element) -> Iterator[tuple[Element, Element]]:
    """Yield every element below one, each after its parent, in the order of the text."""
    for child in element.children:
        yield element, child
        yield from _walk(child)


def _value(parent: Element, element: Element, attribute: str) -> Found:
    if not attribute:
        return Found(element.text, parent, element)
    return Found(_attribute(element, attribute), element, element)


def _attribute(element: Element, name: str) -> str:
    return next((text.strip() for key, text in element.attributes.items() if key.lower() == name.lower()), "")


def _follow_xml(
    element: Element, steps: list[str], index: Position, values: dict[Position, Found], attribute: str
) -> None:
    there = [child for child in element.children if steps and _named(child, steps[0])]
    rest = steps[1:]
    indexed = len(there) > 1
    if rest and rest[0].startswith("#"):
        at = int(rest[0][1:])
        there, rest, indexed = there[at : at + 1], rest[1:], False
    elif rest and rest[0] == "*":
        rest, indexed = rest[1:], True
    for at, child in enumerate(there[:MOST_ITEMS]):
        place = (*index, at) if indexed else index
        if rest:
            _follow_xml(child, rest, place, values, attribute)
        else:
            values[place] = _value(element, child, attribute)


def _as_json(element: Element) -> Json:
    """Return an element as JSON would have it: attributes and children by their names, without prefixes."""
    if not element.attributes and not element.children:
        return element.text
    found: dict[str, Json] = {}
    own = [(key, text) for key, text in element.attributes.items() if not key.startswith("xmlns")]
    inner: Iterable[tuple[str, Json]] = ((each.name, _as_json(each)) for each in element.children)
    for key, value in (*own, *inner, *([("text", element.text)] if element.text else [])):
        name = key.rpartition(":")[2]
        several = found.get(name)
        found[name] = (
            [*(several if isinstance(several, list) else [several]), value] if name in found else value
        )
    return found


# --- text -----------------------------------------------------------------------------------------


def _plain(text: str) -> dict[str, str]:
    """Read ``key=value`` pairs or lines; a bare value is found under ``""``."""
    found: dict[str, str] = {}
    if re.fullmatch(r"\s*[^\s=&:]{16,}={1,2}\s*", text):
        return {"": text.strip()}  # base64, and no pair
    for line in text.splitlines():
        pairs = [each.partition("=") for each in line.split("&")[:MOST_ITEMS] if "=" in each] or [
            line.partition(":")
        ]
        for name, mark, value in pairs:
            if mark and name.strip():  # a + is a +: these are numbers, not a form
                found.setdefault(name.strip().lower(), unquote(value).strip())
        if not found and line.strip():
            return {"": line.strip()}
    return found
