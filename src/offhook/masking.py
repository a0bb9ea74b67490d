"""Keeping secrets out of sight: a text with every secret in it replaced, whatever form it has there. No I/O.

What a server sends back has been through somebody's encoder, or several. So a text is read as it is and with its
escapes undone, in every order up to three deep; what is found is replaced where it stands. It is read as bytes: what
an escape stands for is then certain, whatever stands beside it, and each letter of a secret is looked for in every
way to write it.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain, repeat

MASK = "••••"
DEEPEST = 3
LEAST_CODED = 6
"""How many letters from the middle of base64 are not there by chance."""

Undo = tuple[bytes, re.Pattern[bytes], Callable[[bytes], bytes]]
"""What a text with one kind of escape holds, what the escape looks like, and the bytes it stands for."""
Forms = tuple[re.Pattern[bytes], frozenset[bytes]]
"""How a secret is written in clear, and coded."""


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with every secret in it replaced by ``••••``, in whatever form and case it stands."""
    wanted = [_forms(secret) for secret in secrets if len(secret) > 1]
    if not wanted:
        return text
    letters = [_utf_8(letter) for letter in text]
    places = array("L", chain.from_iterable(repeat(at, len(each)) for at, each in enumerate(letters)))
    places.append(len(text))
    parts, at = [], 0
    for begin, end in sorted(_found(b"".join(letters), places, wanted, 0)):
        if at <= begin < end:
            parts += [text[at:begin], MASK]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _found(data: bytes, places: "array[int]", wanted: list[Forms], depth: int) -> Iterator[tuple[int, int]]:
    """Yield where secrets stand in the original; ``places`` says where each byte of ``data`` stands there."""
    alike = _alike(data)
    for clear, coded in wanted:
        for found in clear.finditer(alike):
            yield places[found.start()], places[found.end()]
        for form in coded:
            begin = alike.find(form)
            while begin >= 0:
                end = begin + len(form)
                yield places[begin], places[end]
                begin = alike.find(form, end)
    for escape in _escapes() if depth < DEEPEST else ():
        inner = _undone(data, places, escape)
        if inner is not None:
            yield from _found(*inner, wanted, depth + 1)


def _undone(data: bytes, places: "array[int]", escape: Undo) -> "tuple[bytes, array[int]] | None":
    """Return a text with one kind of escape undone, ``None`` where it has none."""
    needed, pattern, stands_for = escape
    if needed not in data:
        return None
    parts, inner, at = [], array("L"), 0
    for found in pattern.finditer(data):
        parts += [data[at : found.start()], stands_for(found[0])]
        inner += places[at : found.start()]
        inner.extend(repeat(places[found.start()], len(parts[-1])))
        at = found.end()
    return (b"".join([*parts, data[at:]]), inner + places[at:]) if parts else None


@cache
def _escapes() -> tuple[Undo, ...]:
    """Return the kinds of escape: of addresses and forms, of JSON, of XML and HTML; made when first needed."""
    pair = rb"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}"
    one = rb"(?i:" + pair + rb")|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|"
    doubled = re.compile(one + rb"\\[^\\]")  # where the backslash in front of an escape may be nobody's
    return (
        (b"%", re.compile(rb"%[0-9a-f]{2}", re.IGNORECASE), lambda text: bytes.fromhex(text[1:].decode())),
        (b"\\", re.compile(one + rb"\\.", re.DOTALL), _backslash),
        (b"\\\\", doubled, _backslash),
        (b"&", re.compile(rb"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE), _entity),
    )


def _backslash(text: bytes) -> bytes:
    if len(text) == 2:
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(text[1:], text[1:])
    digits = bytes.fromhex(re.sub(rb"(?i)\\[ux]", b"", text).decode())
    return digits if len(digits) == 1 else _utf_8(digits.decode("utf-16-be", "surrogatepass"))


def _entity(text: bytes) -> bytes:
    from html import unescape

    number = re.fullmatch(rb"&#(?:x([0-9a-f]+)|(\d+));", text, re.IGNORECASE)
    code = (int(number[1], 16) if number[1] else int(number[2])) if number else 0
    return _utf_8(chr(code) if number and code < 0x110000 else unescape(text.decode()))


@lru_cache(maxsize=64)
def _forms(secret: str) -> Forms:
    """Return how a secret may be written where nothing is escaped: clear, in base64, in hexadecimal."""
    import base64

    coded = set()
    for data in {
        each.encode(charset, "replace") for each in _cases(secret) for charset in ("utf-8", "cp1252")
    }:
        whole = base64.b64encode(data)
        coded |= {whole, whole.rstrip(b"="), data.hex().encode()}
        for before in range(3):  # in the middle of something longer: without the letters it shares
            shared = base64.b64encode(bytes(before) + data).rstrip(b"=")
            core = shared[(0, 2, 3)[before] : None if (before + len(data)) % 3 == 0 else -1]
            coded |= {core} if len(core) >= LEAST_CODED else set()
    coded |= {each.translate(bytes.maketrans(b"+/", b"-_")) for each in coded}
    return re.compile(b"".join(map(_letter, secret))), frozenset(map(_alike, coded))


@lru_cache(maxsize=256)
def _letter(letter: str) -> bytes:
    """Return the ways to write a letter: in each case and character set, or with its bytes read in the wrong one."""
    if letter == "\\":  # it stays doubled where the one in front of it was taken for its escape
        return rb"\\{1,2}"
    ways = set()
    for each in _cases(letter):
        written = {each.encode(charset, "replace") for charset in ("utf-8", "cp1252", "latin-1")}
        misread = {
            data.decode(charset, "replace").encode() for data in written for charset in ("cp1252", "latin-1")
        }
        ways |= {_alike(way) for way in (_utf_8(each), *written, *misread)}
    either = b"|".join(map(re.escape, sorted(ways, key=len, reverse=True)))
    return b"(?:" + either + b")" if len(ways) > 1 else either


def _cases(text: str) -> set[str]:
    return {text, text.lower(), text.upper()}


def _alike(data: bytes) -> bytes:
    """Return bytes of the same number in which letters of ASCII have one case, and a blank is a form's ``+``."""
    return data.lower().replace(b" ", b"+")


def _utf_8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
