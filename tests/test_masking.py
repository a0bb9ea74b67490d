"""A secret is not seen in any form in which it may stand: every form made by somebody else's encoder."""

import base64
import json
import urllib.parse
import xml.sax.saxutils as sax
from collections.abc import Callable
from html import escape

import pytest

from offhook import template
from offhook.masking import MASK, masked
from offhook.template import Values

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
}  # fmt: skip
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


def test_all_of_several_and_the_longest_first() -> None:
    """One secret that begins another leaves nothing of the longer one behind; one of a single letter is no secret."""
    assert masked("pass passport p", ["pass", "passport", "p", ""]) == f"{MASK} {MASK} p"
    assert masked("nothing here", []) == "nothing here"


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
