"""A secret is not seen in any form in which it may stand: every form made by somebody else's encoder."""

import base64
import json
import time
import urllib.parse
import xml.sax.saxutils as sax
from collections.abc import Callable
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook import template
from offhook.masking import MASK, masked
from offhook.seed.replies import decoded
from offhook.template import Values
from runs import examples

SECRETS = [
    'S3cret"<&é zZ',
    "p/q+r=s?t&u",
    "'''",
    "naïve€",
    "tab\tand\\back",
    "ÿ~",
    "a b",
    "œuf à la coque",
    "x\ud800y",
    "🔑 key",
]
FORMS: dict[str, Callable[[str], str]] = {
    "clear": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode("utf-8", "replace")).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode("utf-8", "replace")).decode().rstrip("="),
    "percent": lambda text: urllib.parse.quote(text, safe="", errors="replace"),
    "percent, path": lambda text: urllib.parse.quote(text, errors="replace"),
    "percent, lower": lambda text: urllib.parse.quote(text, safe="", errors="replace").lower(),
    "form": lambda text: urllib.parse.quote_plus(text, errors="replace"),
    "form, lower": lambda text: urllib.parse.quote_plus(text, errors="replace").lower(),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, other letters as they are": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON as PHP writes it": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "base64 in JSON as PHP writes it": lambda text: base64.b64encode(text.encode("utf-8", "replace")).decode().replace("/", "\\/"),
    "XML text": sax.escape,
    "XML attribute": lambda text: sax.escape(text, {'"': "&quot;"}),
    "XML, both quotes": lambda text: escape(text).replace("&#x27;", "&#39;"),
    "XML, quotes as numbers": lambda text: escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "HTML": escape,
    "XML in ASCII": lambda text: sax.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
    "HTML, every letter a number": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML, every letter in hexadecimal": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "HTML, letters by name": lambda text: escape(text).replace("é", "&eacute;").replace("à", "&agrave;").replace("€", "&euro;"),
    "JSON, every letter a number": lambda text: "".join(f"\\u{unit:04x}" for unit in utf_16(text)),
    "percent, every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "replace")),
    "percent, Windows-1252": lambda text: urllib.parse.quote(text, safe="", encoding="cp1252", errors="replace"),
    "hexadecimal": lambda text: text.encode("utf-8", "replace").hex(),
    "a string in a string": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON in an address": lambda text: urllib.parse.quote(json.dumps(text)[1:-1], safe=""),
    "an address in JSON": lambda text: json.dumps(urllib.parse.quote_plus(text, errors="replace"))[1:-1],
    "XML in JSON": lambda text: json.dumps(escape(text))[1:-1],
    "JSON in HTML": lambda text: escape(json.dumps(text)[1:-1]),
    "XML in XML": lambda text: escape(escape(text)),
    "a string in a string in a string": lambda text: json.dumps(json.dumps(json.dumps(text)))[7:-7],
    "JSON in HTML in an address": lambda text: urllib.parse.quote(escape(json.dumps(text)[1:-1]), safe=""),
    "XML in a form in JSON": lambda text: json.dumps(urllib.parse.quote_plus(escape(text), errors="replace"))[1:-1],
    "base64 in an address": lambda text: urllib.parse.quote(base64.b64encode(text.encode("utf-8", "replace")), safe=""),
}  # fmt: skip


def utf_16(text: str) -> list[int]:
    data = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


DOT_NET = ("S3cret<&'+\"", "S3cret\\u003C\\u0026\\u0027\\u002B\\u0022")
UPPER = ("é<", "\\u00E9<")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_not_seen(form: str, secret: str) -> None:
    written = FORMS[form](secret)
    assert masked(f"a={written};b", [secret]) == f"a={MASK};b"


@pytest.mark.parametrize(("secret", "written"), [DOT_NET, UPPER])
def test_other_makers_escapes(secret: str, written: str) -> None:
    assert masked(f"[{written}]", [secret]) == f"[{MASK}]"


@pytest.mark.parametrize("secret", [each for each in SECRETS if len(each) > 6])
@pytest.mark.parametrize("user", ["", "x", "jo", "zoé", "user"])
def test_a_password_is_not_seen_in_the_account_that_holds_it(secret: str, user: str) -> None:
    """Base64 of ``user:password`` is nowhere base64 of the password; what is left of it must not give it away."""
    pair = f"{user}:".encode() + secret.encode("utf-8", "replace") + b":end"
    for coded in (base64.b64encode(pair), base64.urlsafe_b64encode(pair)):
        shown = masked(f"Basic {coded.decode()}", [secret])
        assert MASK in shown
        left = shown.removeprefix("Basic ").split(MASK)
        assert len("".join(left)) <= len(base64.b64encode(f"{user}:".encode() + b":end")) + 8


BYTES: dict[str, Callable[[bytes], str]] = {
    "percent": lambda data: "".join(f"%{byte:02X}" for byte in data),
    "percent where it must be": lambda data: urllib.parse.quote_from_bytes(data, safe=""),
    "backslash x": lambda data: "".join(f"\\x{byte:02x}" for byte in data),
    "as Python shows bytes": lambda data: repr(data)[2:-1],
    "JSON, every byte taken for a letter": lambda data: "".join(f"\\u{byte:04x}" for byte in data),
    "HTML, every byte taken for a letter": lambda data: "".join(f"&#{byte};" for byte in data),
    "percent in JSON in percent": lambda data: urllib.parse.quote(json.dumps(urllib.parse.quote_from_bytes(data))),
    "a reply read in the wrong character set": lambda data: decoded(b"x\xff" + data, "text/plain"),
    "a reply that names the wrong one": lambda data: decoded(b"x" + data, "text/plain; charset=latin-1"),
}  # fmt: skip
LETTERS = st.text("sS9é~ÉàÃ©ƒ€œŒЖß🔑 \\%&+\t", min_size=2, max_size=8)
NOISE = st.binary(max_size=3) | st.sampled_from(
    [b"\xc3", b"\xe2\x82", b"\xff", b"\xf0\x9f", b"%", b"\\", b"&", b"\xa9"]
)


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "latin-1"])
@pytest.mark.parametrize("escaping", BYTES)
@settings(max_examples=examples(30), deadline=None)
@given(secret=LETTERS, before=NOISE, after=NOISE, case=st.sampled_from([str, str.lower, str.upper]))
def test_a_secret_is_not_seen_whatever_bytes_stand_beside_it(
    escaping: str, charset: str, secret: str, before: bytes, after: bytes, case: Callable[[str], str]
) -> None:
    data = case(secret).encode(charset, "replace")
    text = BYTES[escaping](before + data + after)
    assert MASK in masked(text, [secret]), text
    assert BYTES[escaping](data).removeprefix("x\xff") not in masked(text, [secret]).replace(MASK, "|"), text


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=examples(10), deadline=None)
@given(secret=LETTERS, before=NOISE, after=NOISE, escaping=st.sampled_from(sorted(BYTES)))
def test_a_secret_is_not_seen_beside_what_another_encoder_wrote(
    form: str, escaping: str, secret: str, before: bytes, after: bytes
) -> None:
    text = FORMS[form](secret)
    shown = masked(f"{BYTES[escaping](before)}{text}{BYTES[escaping](after)}", [secret])
    assert MASK in shown
    assert text not in shown.replace(MASK, "|")


BESIDE = [
    # what stands there, the secret, what is seen
    ("pw=%FF%C3%A9%C3%A8%C3%A0%C3%BC", "éèàü", f"pw=%FF{MASK}"),
    ("pw=%C3%A9%C3%A8%C3%A0%C3%BC%E9", "éèàü", f"pw={MASK}%E9"),
    ("x\\\\ud83d\\udd119", "🔑9", f"x{MASK}"),
    ("%5C%5Cu00a9%5C%5C9", "©\\9", f"%5C{MASK}"),
    ("%C3%A9k", "©k", f"%C3{MASK}"),
    ("\\xff\\xc3\\xa9t\\xc3\\xa9!", "été!", f"\\xff{MASK}"),
    ("%C3%A9t%E9", "été", MASK),
    ("a SECRET9 b", "secret9", f"a {MASK} b"),
    ("a secret9 b", "SeCrET9", f"a {MASK} b"),
    ("ÉTÉ9 %C3%89T%c9%39", "été9", f"{MASK} {MASK}"),
    ("abcd", "abc bcd", MASK),
]


@pytest.mark.parametrize(("text", "secrets", "seen"), BESIDE)
def test_what_stands_beside_a_secret_is_left_and_hides_nothing_of_it(
    text: str, secrets: str, seen: str
) -> None:
    assert masked(text, secrets.split()) == seen


HALF = [
    "%",
    "%4",
    "\\",
    "\\u12",
    "\\x",
    "&#",
    "&#;",
    "&#x110000;",
    "&#99999999;",
    "&nosuch;",
    "%ff%fe",
    "\\ud83d",
    "\\ud83d\\ude00",
    "&amp",
    "&#0;",
    "%00",
]


@pytest.mark.parametrize("half", HALF)
def test_what_is_half_an_escape_hides_nothing_and_stops_nothing(half: str) -> None:
    """Also where it stands right beside the secret, and where the secret looks like one."""
    assert masked(f"{half} S3cret{half}", ["S3cret"]) in (f"{half} {MASK}{half}", f"{half} {MASK}")
    assert masked(f"{half}S%33cret", ["S3cret"]).endswith(MASK)
    assert masked(f"a {half}{half} b", [half * 2]) == (f"a {MASK} b")
    assert masked(f"nothing {half} here", ["S3cret"]) == f"nothing {half} here"


def test_the_rest_of_the_text_is_left_as_it_is() -> None:
    text = 'a%20b &amp; "\\u00e9" S%33cret&#x21; + tail'
    assert masked(text, ["S3cret"]) == text.replace("S%33cret", MASK)


@pytest.mark.parametrize("fill", ["x", "%41", "&amp;", "\\u0041", "\\\\", "%2525", '\\"&amp;%41'])
def test_many_escapes_are_masked_in_a_moment(fill: str) -> None:
    text = fill * ((1 << 17) // len(fill))
    begun = time.process_time()
    assert masked(f"{text}S%33cret", ["S3cret"]).endswith(MASK)
    assert time.process_time() - begun < 3


def test_all_of_several_and_the_longest_first() -> None:
    """One secret that begins another leaves nothing of the longer one behind; one of a single letter is no secret."""
    assert masked("pass passport p", ["pass", "passport", "p", ""]) == f"{MASK} {MASK} p"
    assert masked("nothing here", []) == "nothing here"
    assert masked("[S3cret%20pass]", ["cret", "S3cret pass"]) == f"[{MASK}]", "also one within the other"


VALUES = Values(
    number="0388", extension="1024", user="zoe", password="S3cret", ident="z", token="T0K", event="DIAL"
)
PLACEHOLDERS = [
    ("$teldest$", "0388", False), ("$telorg$", "1024", False), ("$user$", "zoe", False), ("$ident$", "z", False), ("$event$", "DIAL", False),
    ("$mdp$", "S3cret", True), ("$mpd$", "S3cret", True), ("$token$", "T0K", True), ("$auth$", base64.b64encode(b"zoe:S3cret").decode(), True), ("$MDP$", "S3cret", True),
]  # fmt: skip


@pytest.mark.parametrize(("placeholder", "value", "secret"), PLACEHOLDERS)
def test_a_placeholder_s_value_is_shown_or_masked(placeholder: str, value: str, secret: bool) -> None:
    assert template.fill(f"a{placeholder}b", VALUES, template.plain) == f"a{value}b"
    assert (
        template.fill(f"a{placeholder}b", VALUES.masked(), template.plain) == f"a{MASK if secret else value}b"
    )
    assert repr(VALUES) == "Values(number='0388')"
    assert {"S3cret", "T0K"} <= set(VALUES.secrets())
