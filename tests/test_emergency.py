"""Emergency numbers: which there are, and that nothing stands in their way."""

import asyncio
from datetime import UTC, datetime

import phonenumbers
import pytest

from offhook import emergency
from offhook.dialling import DialRules, Guard, rules_from
from offhook.errors import Refused
from offhook.interfaces.callto.about import ABOUT
from offhook.interfaces.callto.driver import CalltoInterface
from offhook.line import Line
from offhook.model import Dial
from offhook.settings.given import given
from offhook.settings.model import everything

ALL_BARRED = Guard(countries=("XX",), bar_premium=True, barred=("0.", "1.", "9.", "+."), per_minute=1)
DEFAULTS = {name: known.default for name, known in everything().items()}


def numbers_of() -> list[tuple[str, str]]:
    return [(country, number) for country in emergency.NUMBERS for number in emergency.of(country)]


def test_the_table_has_the_countries_and_france_to_the_letter() -> None:
    assert len(emergency.NUMBERS) >= 30
    assert emergency.of("FR") == ("15", "17", "18", "112", "114", "115", "116000", "119", "191", "196")
    assert all(number.isdigit() and len(number) <= 6 for _country, number in numbers_of())
    assert set(emergency.NUMBERS) <= set(phonenumbers.SUPPORTED_REGIONS)
    assert emergency.of("ZZ") == ()


@pytest.mark.parametrize("country", emergency.NUMBERS)
def test_each_goes_out_unprefixed_past_every_guard(country: str) -> None:
    rules = rules_from((DEFAULTS | {"country": country, "outside_prefix": "0"}).__getitem__)
    rules = rules._replace(guard=ALL_BARRED)
    for number in emergency.of(country):
        assert rules.dialled(number) == number
        assert rules.dialled(" ".join(number)) == number
        assert rules.dialled(f"0{number}") in (number, f"0{number}"), (
            "with the prefix, unless that is one as well"
        )
        assert rules._replace(emergency_prefix=True).dialled(number) == f"0{number}"


@pytest.mark.parametrize(
    ("country", "number"), [("NL", "911"), ("SE", "90000"), ("GE", "033"), ("MX", "060"), ("FR", "112")]
)
def test_those_that_only_phonenumbers_knows_count_too(country: str, number: str) -> None:
    rules = DialRules(country, prefix="9", emergency=(), guard=ALL_BARRED)
    assert rules.dialled(number) == number


def test_an_administrator_s_own_list_adds_and_takes_nothing_away() -> None:
    rules = rules_from((DEFAULTS | {"emergency_numbers": "777", "outside_prefix": "0"}).__getitem__)
    assert [rules.dialled(each) for each in ("777", "112", "0777", "0114")] == ["777", "112", "777", "114"]


@pytest.mark.parametrize("country", emergency.NUMBERS)
@pytest.mark.parametrize("prefix", ["", "0", "9"])
def test_a_plus_before_one_and_a_hash_behind_it_are_not_dialled(country: str, prefix: str) -> None:
    rules = rules_from((DEFAULTS | {"country": country, "outside_prefix": prefix}).__getitem__)
    rules = rules._replace(guard=ALL_BARRED)
    for number in emergency.of(country):
        for form in ("+{}", "tel:+{}", "{}#", "{} #", "+{}#", "tel:{}%23", "+ {}", "{}##"):
            assert rules.dialled(form.format(number)) == number, form
            assert rules.is_emergency(rules.read(form.format(number)).digits)
        with pytest.raises(Refused):
            rules.read(f"+{number},5")


def test_an_administrator_s_own_one_is_read_with_them_too() -> None:
    rules = DialRules("FR", prefix="0", emergency=("777",))
    assert [rules.dialled(each) for each in ("+777", "777#", "0777#")] == ["777"] * 3


INSIDE = [
    # country, prefix, internal, typed, dialled
    ("FR", "1", ("1xx",), "118", "118"), ("FR", "1", ("1xx",), "117", "117"), ("FR", "1", ("100-199",), "118", "118"), ("FR", "1", ("1.",), "1112", "1112"),
    ("GB", "9", ("9xxx",), "9112", "9112"), ("GB", "9", ("9xxx", "5"), "9999", "9999"), ("GB", "9", ("9112",), "9112", "9112"),
    # a length says nothing of the digits, and another pattern nothing of these
    ("FR", "1", ("3",), "118", "18"), ("FR", "1", ("5", "2xx"), "118", "18"), ("GB", "9", ("4",), "9112", "112"), ("GB", "9", ("8xxx",), "9112", "112"),
    # without a prefix one is always one
    ("FR", "1", ("1xx",), "112", "112"), ("FR", "1", ("1.",), "15", "15"), ("GB", "9", ("9xx",), "999", "999"), ("GB", "9", ("9.",), "+999", "999"),
    ("GB", "9", ("1xx",), "112#", "112"),
]  # fmt: skip


@pytest.mark.parametrize(("country", "prefix", "internal", "typed", "dialled"), INSIDE)
def test_a_pattern_of_internal_numbers_decides_before_the_prefix(
    country: str, prefix: str, internal: tuple[str, ...], typed: str, dialled: str
) -> None:
    rules = DialRules(country, prefix=prefix, internal=internal, emergency=emergency.of(country))
    assert rules.dialled(typed) == dialled
    assert rules.is_emergency(rules.read(typed).digits) == (dialled in emergency.of(country))


async def test_no_cap_counts_them() -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    options = given(ABOUT, {"command": "/bin/true $teldest$"})
    rules = DialRules("FR", emergency=emergency.of("FR"), guard=ALL_BARRED._replace(countries=(), barred=()))
    line = Line(CalltoInterface(options, "1"), "1", lambda: now, None, rules)
    await line.send(Dial(id="first", number="0388202020"))
    with pytest.raises(Refused):
        await line.send(Dial(id="second", number="0388202021"))
    await asyncio.gather(*(line.send(Dial(id=each, number=each)) for each in emergency.of("FR")))
