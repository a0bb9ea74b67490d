"""Numbers as people write them, and what a switch sends."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.errors import Refused
from offhook.model import PartyKind
from offhook.numbers import Number, e164, party, pretty, read, shown

READ = [
    ("0388202020", Number("0388202020")),
    (" 03 88 20 20 20 ", Number("0388202020")),
    ("03.88.20.20.20", Number("0388202020")),
    ("03-88-20-20-20", Number("0388202020")),
    ("03/88/20/20/20", Number("0388202020")),
    ("03\u00a088\u202f20 20 20", Number("0388202020")),
    ("+33 (0)3 88 20 20 20", Number("+33388202020")),
    ("0033 (0) 388202020", Number("0033388202020")),
    ("(03) 88 20 20 20", Number("0388202020")),
    ("tel:+33-388-202-020", Number("+33388202020")),
    ("tel:0388202020;phone-context=+33", Number("0388202020")),
    ("tel:0388202020;ext=12", Number("0388202020", ext="12")),
    ("callto:0388202020", Number("0388202020")),
    ("callto://0388202020", Number("0388202020")),
    ("sip:1001@pbx.example", Number("1001")),
    ("SIPS:1001@pbx.example;transport=tls", Number("1001")),
    ("skype:+33388202020?call", Number("+33388202020")),
    ("0388202020,,12#", Number("0388202020", post_dial="12#")),
    ("0388202020p1w2", Number("0388202020", post_dial="12")),
    ("*91001", Number("*91001")),
    ("*8", Number("*8")),
    ("#31#0388202020", Number("#31#0388202020")),
    ("15", Number("15")),
    ("\u200e+33 3 88 20 20 20\u200f", Number("+33388202020")),
]


@pytest.mark.parametrize(("text", "number"), READ)
def test_read(text: str, number: Number) -> None:
    assert read(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "abc",
        "03 88 20 20 2O",
        "0388202020\r\nX: 1",
        "0388202020&x=1",
        "12;rm -rf",
        "$(id)",
        '"15"',
        "+",
        "#",
        "1" * 33,
        "tel:",
        "0388202020'--",
    ],
)
def test_no_number_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read(text)
    assert caught.value.hint


@given(st.text(max_size=40))
def test_anything_is_digits_or_refused(text: str) -> None:
    try:
        digits = read(text).digits
    except Refused as error:
        assert "\n" not in error.text()
        assert "\n" not in error.text("fr")
    else:
        assert set(digits) <= set("+0123456789*#")


@pytest.mark.parametrize(
    ("raw", "number", "kind"),
    [
        ("0388202020", "+33388202020", PartyKind.EXTERNAL),
        ("+33388202020", "+33388202020", PartyKind.EXTERNAL),
        ("0033388202020", "+33388202020", PartyKind.EXTERNAL),
        ("+4930123456", "+4930123456", PartyKind.EXTERNAL),
        ("1002", "1002", PartyKind.INTERNAL),
        ("anonymous", "", PartyKind.HIDDEN),
        ("Anonymous", "", PartyKind.HIDDEN),
        ("private", "", PartyKind.HIDDEN),
        ("unknown", "", PartyKind.HIDDEN),
        ("unavailable", "", PartyKind.HIDDEN),
        ("Restricted", "", PartyKind.HIDDEN),
        ("withheld", "", PartyKind.HIDDEN),
        ("masque", "", PartyKind.HIDDEN),
        ("MASQUÉ", "", PartyKind.HIDDEN),
        ("<unknown>", "", PartyKind.HIDDEN),
        ("", "", PartyKind.HIDDEN),
        ("sans numéro", "", PartyKind.UNREADABLE),
    ],
)
def test_party(raw: str, number: str, kind: PartyKind) -> None:
    found = party(raw, "FR")
    assert (found.number, found.kind, found.raw) == (number, kind, raw)


def test_printed_for_people() -> None:
    assert pretty("+33388202020", "FR") == "03 88 20 20 20"
    assert pretty("+4930123456", "FR").startswith("+49 30")
    assert pretty("*8", "FR") == "*8"
    assert e164("03 88 20 20 20", "FR") == "+33388202020"
    assert e164("hello", "FR") == ""
    assert shown("a\nb\x00") == "a�b�"
    assert len(shown("x" * 500)) == 40


@pytest.mark.parametrize("country", ["FR", "DE", "US"])
def test_what_is_got_ready_need_not_be_loaded_by_the_first_caller(country: str) -> None:
    """Seen from a program that has just begun: what is loaded by asking is loaded already."""
    program = f"""if True:
        import sys
        from offhook.numbers import get_ready, pretty
        get_ready({country!r})
        before = set(sys.modules)
        import phonenumbers
        pretty(str(phonenumbers.example_number({country!r}).national_number), {country!r})
        print(*(set(sys.modules) - before))
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
