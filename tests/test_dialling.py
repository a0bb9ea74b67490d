"""What is dialled for a number, row by row: forms, prefix, internal, emergency, short numbers, guard.

``data/numbers.tsv`` names for every row where its reading comes from: libphonenumber's own test data, the French
numbering plan (ARCEP), RFC 3966 and 3261.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offhook import emergency
from offhook.dialling import DialRules, Guard, hidden_short_numbers, rules_from
from offhook.errors import Refused, SettingsError
from offhook.interfaces.callto.about import ABOUT
from offhook.interfaces.callto.driver import CalltoInterface
from offhook.line import Line
from offhook.model import Dial, PartyKind
from offhook.numbers import e164, party, read
from offhook.settings.changes import change
from offhook.settings.given import given
from offhook.settings.model import everything

TABLE = (Path(__file__).parent / "data" / "numbers.tsv").read_text("utf-8").splitlines()[1:]
ROWS = [(json.loads(text), *rest) for text, *rest in (line.split("\t") for line in TABLE)]
OUTSIDE = DialRules("FR", internal=("4xxx",))
EMERGENCY = emergency.of("FR")


def test_there_are_enough_rows_each_with_its_source() -> None:
    assert len(ROWS) >= 200
    assert sum(row[4].startswith(("libphonenumber", "ARCEP")) for row in ROWS) >= 80
    assert all(row[4] for row in ROWS)


@pytest.mark.parametrize(("text", "country", "digits", "standard", "source"), ROWS)
def test_every_form(text: str, country: str, digits: str, standard: str, source: str) -> None:
    if digits == "refused":
        with pytest.raises(Refused):
            read(text)
        return
    rules = OUTSIDE._replace(country=country)
    assert read(text, country).digits == digits
    assert rules.dialled(text) == digits, "as typed"
    wanted = digits if standard == "-" else standard
    assert rules._replace(form="e164").dialled(text) == wanted
    with_prefix = rules._replace(form="e164", prefix="0").dialled(text)
    if standard != "-":
        assert with_prefix == wanted, "no prefix in front of a +"
    elif country in ("FR", "DE"):
        assert with_prefix == rules._replace(prefix="0").dialled(text), "what has no E.164 form goes as typed"
    if standard != "-":
        assert rules._replace(form="international_00").dialled(text) == f"00{standard[1:]}"
    if country == "FR" and standard.startswith("+33"):
        assert rules._replace(form="national").dialled(text) == f"0{standard[3:]}"
        assert rules._replace(form="national", prefix="9").dialled(text) == f"90{standard[3:]}"
        assert rules._replace(form="international_00", prefix="9").dialled(text) == f"900{standard[1:]}"
        typed = f"00{digits[1:]}" if digits.startswith("+") else digits
        assert rules._replace(prefix="9").dialled(text) == f"9{typed}", "a typed + becomes 00"
        assert e164(text, "FR") == standard


@pytest.mark.parametrize("text", ['"03 88 20 20 20"', "<0388202020>", "++33388202020", "03_88", "03•88", "0388&x=1", "0388;x", "03\n88202020x", "+",
    "+***", "#", "", " ", "tel:", "callto:", "03882020\r\nX: 1", "tel:%0d%0a1", "$(id)", "javascript:1", "0388'", "a", "0" * 33, "١٢x"])  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read(text)
    assert caught.value.hint


PREFIX = [
    # typed, prefix, country, dialled, why
    ("0388202020", "0", "FR", "00388202020", "external"),
    ("00388202020", "0", "FR", "00388202020", "has it already: no number as typed, one without"),
    ("+33388202020", "0", "FR", "00033388202020", "+ becomes 00"),
    ("0033388202020", "0", "FR", "00033388202020", "international as typed: a number, so it has no prefix"),
    ("00033388202020", "0", "FR", "00033388202020", "has it already"),
    ("+49 30 123456", "0", "FR", "0004930123456", "abroad"),
    ("0388202020", "9", "FR", "90388202020", "another prefix"),
    ("90388202020", "9", "FR", "90388202020", "has that already"),
    ("9 0388202020", "9", "FR", "90388202020", "typed with a blank"),
    ("030 123456", "0", "DE", "0030123456", "another country"),
    ("650 253 0000", "9", "US", "96502530000", "another country"),
    ("9 650 253 0000", "9", "US", "96502530000", "has it already"),
    ("02 12345678", "0", "IT", "00212345678", "a leading 0 that belongs to the number"),
    ("3639", "0", "FR", "03639", "a short number that no pattern takes for internal"),
    ("03639", "0", "FR", "03639", "has it already"),
    ("118218", "0", "FR", "0118218", "short"),
    ("4012", "0", "FR", "4012", "internal: a pattern says so"),
    ("*21*0388202020#", "0", "FR", "*21*0388202020#", "a feature code"),
    ("#31#", "0", "FR", "#31#", "a feature code"),
    ("112", "0", "FR", "112", "emergency, unprefixed"),
    ("0112", "0", "FR", "112", "emergency, however it was typed"),
    ("116 000", "0", "FR", "116000", "emergency"),
    ("15", "", "FR", "15", "emergency, no prefix anyhow"),
    ("0388202020", "", "FR", "0388202020", "no prefix"),
]


@pytest.mark.parametrize(
    ("typed", "prefix", "country", "dialled"), [row[:4] for row in PREFIX], ids=[row[4] for row in PREFIX]
)
def test_the_outside_prefix(typed: str, prefix: str, country: str, dialled: str) -> None:
    rules = OUTSIDE._replace(prefix=prefix, country=country, emergency=EMERGENCY)
    assert rules.dialled(typed) == dialled
    assert rules.of(dialled) == dialled, "never twice"


def test_the_prefix_in_front_of_emergency_numbers_where_the_administrator_says_so() -> None:
    rules = OUTSIDE._replace(prefix="0", emergency=EMERGENCY, emergency_prefix=True)
    assert [rules.dialled(each) for each in ("112", "0112", "15")] == ["0112", "0112", "015"]


@pytest.mark.parametrize(
    ("entries", "internal", "external"),
    [
        (("5",), ["1", "12345", "3639"], ["123456", "0388202020"]),
        (("1xxx",), ["1000", "1999"], ["2000", "10000", "3639"]),
        (("2000-2999",), ["2000", "2999"], ["1999", "3000", "02000"]),
        (("8.",), ["8", "81234567"], ["7"]),
        (("3", "4xxx"), ["123", "4123"], ["1234"]),
        (("12",), ["1", "123456789012"], ["1234567890123"]),
        (("120",), ["120"], ["1", "12", "121", "1200"]),
        ((), ["*21"], ["1", "12"]),
    ],
)
def test_what_is_internal(entries: tuple[str, ...], internal: list[str], external: list[str]) -> None:
    rules = DialRules("FR", internal=entries)
    assert [each for each in internal + external if rules.is_internal(each)] == internal


def test_the_default_length_hides_short_numbers_and_that_is_said() -> None:
    assert "3639" in hidden_short_numbers(DialRules("FR"))
    assert "118218" not in hidden_short_numbers(DialRules("FR"))
    assert hidden_short_numbers(DialRules("FR", internal=("1xxx",))) == ["1014", "1023", "1064"]
    four = ["3103", "3200", "3630", "3639", "3646", "3900", "3939", "1014", "1023", "1064"]
    assert hidden_short_numbers(DialRules("FR")) == four
    assert hidden_short_numbers(DialRules("FR", internal=("6",))) == [*four, "118000", "118218", "118712"]
    assert hidden_short_numbers(DialRules("DE")) == []


# --- guard ----------------------------------------------------------------------------------------

GUARDED = [
    (Guard(countries=("FR",)), "0388202020", ""),
    (Guard(countries=("FR",)), "+49 30 123456", "guard_country"),
    (Guard(countries=("FR",)), "3639", ""),
    (Guard(countries=("FR", "DE")), "004930123456", ""),
    (Guard(countries=("BE",)), "0388202020", "guard_country"),
    (Guard(bar_premium=True), "0899 70 12 34", "guard_premium"),
    (Guard(bar_premium=True), "+33 892 70 12 34", "guard_premium"),
    (Guard(bar_premium=True), "0800 12 34 56", ""),
    (Guard(bar_premium=True), "0388202020", ""),
    (Guard(barred=("+33899.",)), "0899 70 12 34", "guard_listed"),
    (Guard(barred=("+33899.",)), "0033 899 70 12 34", "guard_listed"),
    (Guard(barred=("0388202020",)), "03 88 20 20 20", "guard_listed"),
    (Guard(barred=("0388202020",)), "0388202021", ""),
    (Guard(barred=("4xxx",)), "4012", "guard_listed"),
    (Guard(bar_premium=True), "0899 70 12 34#", "guard_premium"),
    (Guard(bar_premium=True), "0899 70 12 34*1", "guard_premium"),
    (Guard(bar_premium=True), "*31#0899701234", "guard_premium"),
    (Guard(bar_premium=True), "089970123400", "guard_premium"),
    (Guard(barred=("0899.",)), "*31#0899701234", "guard_listed"),
    (Guard(countries=("FR",)), "00447911123456#", "guard_country"),
    (Guard(countries=("FR",)), "00447911123456000", "guard_country"),
    (Guard(countries=("FR",)), "004479111234560000000000", "number_too_long"),
    (Guard(countries=("FR",)), "*21*0388202020#", ""),
    (Guard(countries=("FR",)), "*21#", "guard_code"),
    (Guard(countries=("FR",), codes=("*21#",)), "*21#", ""),
    (Guard(countries=("FR",), codes=("#.",)), "#31#", ""),
    (Guard(countries=("FR",), codes=("*.",)), "*8", ""),
    (Guard(barred=("*8",), codes=("*.",)), "*8", "guard_listed"),
    (Guard(per_minute=3), "*8", ""),
    (Guard(countries=("FR",)), "*21*004930123456#", "guard_country"),
    (Guard(bar_premium=True), "*21*0899701234*11*20#", "guard_premium"),
    (Guard(bar_premium=True), "**61*0899701234#", "guard_premium"),
    (Guard(bar_premium=True), "*21*3639#", "guard_premium"),
    (Guard(bar_premium=True), "*21*4012#", ""),
    (Guard(bar_premium=True), "*21*15#", ""),
    (Guard(bar_premium=True), "*21*0388202020123#", "guard_unknown"),
    (Guard(bar_premium=True, codes=("*67.",)), "*670899701234", "guard_premium"),
    (Guard(bar_premium=True, codes=("*67.",)), "*670388202020", ""),
    (Guard(bar_premium=True), "*670388202020", "guard_code"),
    (Guard(bar_premium=True), "3639", "guard_premium"),
    (Guard(bar_premium=True), "3200", "guard_premium"),
    (Guard(bar_premium=True), "39 49", "guard_premium"),
    (Guard(bar_premium=True), "118 218", "guard_premium"),
    (Guard(bar_premium=True), "3103", ""),
    (Guard(bar_premium=True), "1014", ""),
    (Guard(countries=("BE",)), "3639", "guard_country"),
    (Guard(bar_premium=True), "388202020", "guard_unknown"),
    (Guard(bar_premium=True), "363912345", "guard_premium"),
    (Guard(bar_premium=True), "899701234", "guard_unknown"),
    (Guard(bar_premium=True), "0388", "guard_unknown"),
    (Guard(bar_premium=True), "038820202", "guard_unknown"),
    (Guard(barred=("0899.",)), "123456789", "guard_unknown"),
    (Guard(bar_premium=True), "06 39 98 12 34", ""),
    (Guard(countries=("FR",)), "0262 30 03 00", "guard_country"),
    (Guard(countries=("FR", "RE")), "0262 30 03 00", ""),
    (Guard(bar_premium=True), "tel:+33899701234", "guard_premium"),
    (Guard(bar_premium=True), "0033 (0)899 70 12 34", "guard_premium"),
    (Guard(barred=("*21*0388202020#",)), "*21*0388202020#", "guard_listed"),
    (Guard(barred=("0388202020123",)), "0388202020123", "guard_listed"),
    (Guard(countries=("BE",), bar_premium=True, barred=("1.", "11.", "+.", "0.")), "112", ""),
]


@pytest.mark.parametrize(("guard", "number", "code"), GUARDED)
def test_the_guard(guard: Guard, number: str, code: str) -> None:
    """Barred is refused with the reason; emergency numbers pass whatever it says, with a prefix, too."""
    for prefix in ("", "0"):
        rules = OUTSIDE._replace(guard=guard, emergency=EMERGENCY, prefix=prefix)
        if not code:
            rules.dialled(number)
            continue
        with pytest.raises(Refused) as caught:
            rules.dialled(number)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("barred", "form", "prefix", "number"),
    [
        ("0388202020", "e164", "", "0388202020"),
        ("+33388202020", "as_typed", "0", "0388202020"),
        ("00388202020", "as_typed", "0", "0388202020"),
        ("0388202020", "as_typed", "", "0388202020*1"),
        ("0033388202020", "international_00", "", "0388202020"),
    ],
)
def test_a_listed_number_is_barred_as_typed_as_dialled_and_as_reached(
    barred: str, form: str, prefix: str, number: str
) -> None:
    rules = OUTSIDE._replace(form=form, prefix=prefix, guard=Guard(barred=(barred,)))
    with pytest.raises(Refused) as caught:
        rules.dialled(number)
    assert caught.value.code == "guard_listed"


@pytest.mark.parametrize("form", ["national", "e164", "international_00"])
def test_the_guard_judges_what_leaves(form: str) -> None:
    rules = OUTSIDE._replace(form=form, guard=Guard(countries=("FR",), bar_premium=True))
    assert rules.dialled("388202020").endswith("388202020"), (
        "without its 0 it is no number; as it leaves it is one"
    )
    with pytest.raises(Refused) as caught:
        rules.dialled("899701234")
    assert caught.value.code == "guard_premium"


@pytest.mark.parametrize(
    ("prefix", "internal", "number", "code"),
    [
        ("", ("5",), "3639", "guard_premium"),
        ("", ("5",), "*21*3639#", "guard_premium"),
        ("", ("5",), "*21*1024#", ""),
        ("0", ("5",), "0 3639", "guard_premium"),
        ("0", ("5",), "3639", "guard_premium"),
        ("0", ("6",), "118218", "guard_premium"),
        ("0", ("5", "36xx"), "3639", ""),
        ("0", ("5",), "3001", ""),
        ("0", ("5",), "1024", ""),
        ("9", ("5",), "9 0899 70 12 34", "guard_premium"),
        ("9", ("5",), "9,0899701234", "guard_premium"),
        ("0", ("5",), "*21*0 0899701234#", "guard_premium"),
    ],
)
def test_only_a_pattern_makes_a_paid_short_number_internal(
    prefix: str, internal: tuple[str, ...], number: str, code: str
) -> None:
    """What leaves is judged: not how it was written, nor that it is short."""
    rules = DialRules("FR", prefix=prefix, internal=internal, guard=Guard(bar_premium=True))
    if not code:
        assert rules.dialled(number)
        return
    with pytest.raises(Refused) as caught:
        rules.dialled(number)
    assert caught.value.code == code
    assert caught.value.hint_text("fr")


async def test_the_cap_and_emergency_past_it() -> None:
    """Calls per minute, counted on the line; internal and emergency numbers are not capped."""
    seconds = [1000.0]
    rules = OUTSIDE._replace(guard=Guard(per_minute=2), emergency=EMERGENCY)
    line = Line(
        CalltoInterface(given(ABOUT, {"command": "/bin/true $teldest$"}), "1"),
        "1",
        lambda: datetime(2026, 1, 5, 12, tzinfo=UTC),
        None,
        rules,
        steady_s=lambda: seconds[0],
    )
    await line.send(Dial(id="1", number="0388202020"))
    await line.send(Dial(id="2", number="0388202021"))
    with pytest.raises(Refused) as caught:
        await line.send(Dial(id="3", number="0388202022"))
    assert caught.value.code == "guard_rate"
    await line.send(Dial(id="4", number="112"))
    await line.send(Dial(id="5", number="4012"))
    seconds[0] += 61
    await line.send(Dial(id="6", number="0388202022"))


def test_rules_come_from_settings() -> None:
    values = {name: known.default for name, known in everything().items()}
    rules = rules_from(
        (
            values | {"outside_prefix": "0", "guard.countries": "fr, be", "internal_numbers": "1xxx 5"}
        ).__getitem__
    )
    assert (rules.prefix, rules.guard.countries, rules.internal) == ("0", ("FR", "BE"), ("1xxx", "5"))
    assert (rules.emergency, rules.international_prefix) == (emergency.of("FR"), "")
    assert rules_from((values | {"country": "de"}).__getitem__).emergency == ("110", "112")
    for name, text in (("outside_prefix", "0x"), ("international_prefix", "+")):
        with pytest.raises(SettingsError):
            rules_from((values | {name: text}).__getitem__)


NONSENSE = [
    ("internal_numbers", "[a]"), ("guard.barred", "a.*"), ("guard.barred", "1-"), ("guard.barred", "9-1"), ("internal_numbers", "1-2-3"),
    ("guard.countries", "France"), ("guard.countries", "FR XX"), ("country", "XX"), ("country", "33"), ("country", ""), ("hub.port", "99999"),
    ("hub.port", "-1"), ("interface", "asteriks"), ("interface", ""), ("hub.interface", "sip"), ("hub.desks", "1-"), ("hub.desks", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), NONSENSE)
def test_what_cannot_be_meant_is_refused_when_it_is_set(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        change(str(tmp_path / "settings.toml"), {name: text})
    assert caught.value.params["name"] == name
    assert not (tmp_path / "settings.toml").exists()


# --- incoming -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "strip", "number", "kind"),
    [
        ("0388202020", (), "+33388202020", PartyKind.EXTERNAL),
        ("00388202020", ("0",), "+33388202020", PartyKind.EXTERNAL),
        ("0388202020", ("0",), "+33388202020", PartyKind.EXTERNAL),
        ("0033388202020", ("0",), "+33388202020", PartyKind.EXTERNAL),
        ("00033388202020", ("0",), "+33388202020", PartyKind.EXTERNAL),
        ("91002", ("9",), "91002", PartyKind.INTERNAL),
        ("1002", ("9",), "1002", PartyKind.INTERNAL),
        ("anonymous", ("0",), "", PartyKind.HIDDEN),
        ("sip:+33388202020@pbx", (), "+33388202020", PartyKind.EXTERNAL),
        ("N<7868772298>", (), "7868772298", PartyKind.EXTERNAL),
    ],
)
def test_incoming(raw: str, strip: tuple[str, ...], number: str, kind: PartyKind) -> None:
    found = party(raw, "FR", strip=strip)
    assert (found.number, found.kind) == (number, kind)
    assert found.raw == raw
