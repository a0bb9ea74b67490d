"""Keeping secrets out of sight: a text with every secret in it replaced, whatever form it has there. No I/O.

What a server sends back has been through somebody's encoder, or several. So a text is read as it is and with its
escapes undone, in every order up to three deep; what is found is replaced where it stands.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import cache

MASK = "••••"
DEEPEST = 3
LEAST_CODED = 6
"""How many letters from the middle of base64 are not there by chance."""

Undo = tuple[re.Pattern[str], Callable[[str], Iterator[tuple[str, int]]]]
"""What an escape looks like, and what gives each character in it with the width it has there."""


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with every secret in it replaced by ``••••``, whatever form it has there."""
    forms = sorted({form for secret in secrets if len(secret) > 1 for form in _forms(secret)}, key=len)
    if not forms:
        return text
    wanted = re.compile("|".join(map(re.escape, reversed(forms))))
    parts, at = [], 0
    for begin, end in sorted(_found(text, array("L", range(len(text) + 1)), wanted, 0)):
        if begin >= at:
            parts += [text[at:begin], MASK]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _found(text: str, places: "array[int]", wanted: re.Pattern[str], depth: int) -> Iterator[tuple[int, int]]:
    """Yield where secrets stand in the original; ``places`` says where each character of ``text`` stands there."""
    for found in wanted.finditer(text.replace(" ", "+")):  # forms write one for the other
        yield places[found.start()], places[found.end()]
    for escape in _escapes() if depth < DEEPEST else ():
        inner = _undone(text, places, escape)
        if inner is not None:
            yield from _found(*inner, wanted, depth + 1)


def _undone(text: str, places: "array[int]", escape: Undo) -> "tuple[str, array[int]] | None":
    """Return a text with one kind of escape undone, ``None`` where it has none."""
    pattern, letters_in = escape
    parts, inner, at = [], array("L"), 0
    for found in pattern.finditer(text):
        parts.append(text[at : found.start()])
        inner += places[at : found.start()]
        at = found.start()
        for letter, width in letters_in(found[0]):
            parts.append(letter)
            inner.append(places[at])
            at += width
        at = found.end()
    return ("".join([*parts, text[at:]]), inner + places[at:]) if parts else None


@cache
def _escapes() -> tuple[Undo, ...]:
    """Return the kinds of escape: of addresses and forms, of JSON, of XML and HTML; made when first needed."""
    return (
        (re.compile(r"(?:%[0-9a-f]{2})+", re.IGNORECASE), _percent),
        (re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\x[0-9a-fA-F]{2}|\\.", re.DOTALL), _backslash),
        (re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE), _entity),
    )


def _percent(text: str) -> Iterator[tuple[str, int]]:
    data = bytes.fromhex(text.replace("%", ""))
    try:
        return ((letter, 3 * len(letter.encode())) for letter in data.decode())
    except UnicodeDecodeError:
        return ((letter, 3) for letter in data.decode("cp1252", "replace"))


def _backslash(text: str) -> Iterator[tuple[str, int]]:
    if text[1] == "u" and len(text) > 2:
        units = bytes.fromhex(text.replace("\\u", ""))
        for letter in units.decode("utf-16-be", "surrogatepass"):
            yield letter, 12 if ord(letter) > 0xFFFF else 6
    elif len(text) > 2:
        yield bytes.fromhex(text[2:]).decode("latin-1"), len(text)
    else:
        yield {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(text[1], text[1]), len(text)


def _entity(text: str) -> Iterator[tuple[str, int]]:
    from html import unescape

    number = re.fullmatch(r"&#(?:x([0-9a-f]+)|(\d+));", text, re.IGNORECASE)
    code = (int(number[1], 16) if number[1] else int(number[2])) if number else 0
    yield (chr(code) if number and code < 0x110000 else unescape(text)[:1]), len(text)


@cache
def _forms(secret: str) -> frozenset[str]:
    """Return how a secret may be written where nothing is escaped: clear, in base64, in hexadecimal."""
    import base64

    clear, coded = {secret, secret.lower()}, set()
    for charset in ("utf-8", "cp1252"):
        data = secret.encode(charset, "replace")
        whole = base64.b64encode(data).decode()
        coded |= {whole, whole.rstrip("=")}
        clear |= {data.decode(charset), data.hex(), data.hex().upper()}
        for before in range(3):  # in the middle of something longer: without the letters it shares
            shared = base64.b64encode(bytes(before) + data).decode().rstrip("=")
            core = shared[(0, 2, 3)[before] : None if (before + len(data)) % 3 == 0 else -1]
            coded |= {core} if len(core) >= LEAST_CODED else set()
    coded |= {each.replace("+", "-").replace("/", "_") for each in coded}
    return frozenset(each.replace(" ", "+") for each in clear | coded)
