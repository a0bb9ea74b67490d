"""No text, however hostile, keeps the reading of numbers busy: the patterns take no more than their text's square."""

import re
import time
from collections.abc import Callable
from types import ModuleType

import pytest

from offhook import dialling, numbers
from offhook.directory import cells
from offhook.numbers import party, read_all

BOUND_S = 0.5
"""Seconds of processor time for one text: far above what is needed, far below what backtracking takes."""

BEGINNINGS = ["", "1", "1 ", "0388202020 ", "(", "1x1", "+1 (", '"', "tel:", "1,"]
REPEATED = [
    "a", "a.", "1.", "(0", "1 ", " ", "  a", "(", ")", "((a", ",", ", ", "p", "p ", "x", "x1 ", "ext", "poste ", "-", " - ", "/", " / ",
    "1/", "1 / ", "0", "00", "+", "#", "1 #", "*", "tel:", "tel: ", ";", ";a=", "<", "<1", "@", "é", "°", "a:", "a ", "1a ", " ou ", "1 ou ",
    "\n", "1\n", "|", "1 | ", "&", "[", "1)", "E+", "1E", ".0", ",000", "０", "١ ", "tél. ", "15 ", "112 - ",
]  # fmt: skip
ENDS = ["", "!", "a", "1"]


def hostile() -> list[str]:
    texts = [
        (begin + each * 300)[: 300 - len(end)] + end
        for begin in BEGINNINGS
        for each in REPEATED
        for end in ENDS
    ]
    named = ["1 " + "a" * 298, "a." * 149, "1." * 150, "(0" * 150, "0388202020 " + "a" * 26]
    named += [
        "1" + " " * 100 + "x1" + " " * 195 + "!",
        "1" + " " * 150 + "(" + "a" * 148,
        "1" + " " * 99 + "," * 199,
    ]
    return [*named, *texts[::5]]


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    modules: tuple[ModuleType, ...] = (numbers, cells, dialling)
    return [
        (f"{module.__name__}.{name}", value)
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    ]


def busy(texts: list[str], act: Callable[[str], object]) -> list[str]:
    """Return the texts that take longer than the bound."""
    slow = []
    for text in texts:
        begun = time.process_time()
        act(text)
        if time.process_time() - begun > BOUND_S:
            slow.append(text)
            break
    return slow


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("name", "pattern"), patterns(), ids=lambda each: each if isinstance(each, str) else ""
)
def test_no_pattern_is_slow_on_a_hostile_text(name: str, pattern: re.Pattern[str]) -> None:
    assert not busy(hostile(), lambda text: (pattern.search(text), pattern.fullmatch(text)))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("country", ["FR", "DE"])
def test_nobody_who_calls_keeps_a_desk_busy(country: str) -> None:
    texts = hostile()[:: 1 if country == "FR" else 5]
    assert not busy(texts, lambda text: party(text, country, strip=("0",)))
    assert not busy(texts, lambda text: read_all(text, country))
    assert not busy(texts, lambda text: cells.numbers_in(text, country))
