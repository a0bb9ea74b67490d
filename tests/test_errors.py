"""Every error: on its branch, with a sentence and a hint in each language, safe to show, able to travel."""

import re

import pytest

from offhook import errors, texts
from offhook.errors import CODES, OffhookError, ProtocolError, error_from_json

EXITS = {
    "CommandError": 2,
    "Unsupported": 2,
    "SettingsError": 3,
    "Unavailable": 4,
    "Refused": 5,
    "LoginRefused": 5,
    "Unreachable": 6,
    "OutcomeUnknown": 7,
    "ProtocolError": 8,
}


def branches(kind: type[OffhookError]) -> list[type[OffhookError]]:
    return [each for child in kind.__subclasses__() for each in (child, *branches(child))]


def test_the_tree_is_the_one_drawn() -> None:
    drawn = re.findall(r"── (\w+) +(\d)", errors.__doc__ or "")
    assert {name: int(code) for name, code in drawn} == {
        kind.__name__: kind.exit_code for kind in branches(OffhookError)
    }
    assert {kind.__name__: kind.exit_code for kind in branches(OffhookError)} == EXITS


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_error_speaks(code: str, language: str) -> None:
    error = CODES[code](code)
    assert len(error.text(language)) > 10
    assert len(error.hint_text(language)) > 10 or code == "part_missing"
    assert str(error) == error.text("en")


def test_every_branch_has_a_code() -> None:
    assert set(CODES.values()) == set(branches(OffhookError))


@pytest.mark.parametrize("code", CODES)
def test_every_error_travels(code: str) -> None:
    error = CODES[code](code, interface="hub", number="12")
    back = error_from_json(error.to_json())
    assert type(back) is type(error)
    assert (back.code, back.params, back.interface) == (error.code, error.params, error.interface)


@pytest.mark.parametrize(
    "value", [None, 3, {}, {"code": "new_in_the_next_version", "params": {}}, {"code": "usage", "params": 3}]
)
def test_an_unknown_error_is_an_error(value: object) -> None:
    assert isinstance(error_from_json(value), ProtocolError)


def test_a_code_stays_on_its_branch() -> None:
    with pytest.raises(AssertionError):
        errors.Refused("usage")


def test_languages_have_the_same_sentences_and_parameters() -> None:
    english, french = (texts.catalogue(language) for language in texts.LANGUAGES)
    assert list(english) == list(french)
    for key in english:
        assert set(re.findall(r"\{(\w+)\}", english[key])) == set(re.findall(r"\{(\w+)\}", french[key])), key


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LC_ALL": "C", "LANG": "fr_FR"}, "en"),
        ({"OFFHOOK_LANGUAGE": "fr", "LANG": "en_US"}, "fr"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_language(environ: dict[str, str], language: str) -> None:
    assert texts.language_of(environ) == language


def test_a_missing_parameter_is_no_second_error() -> None:
    assert "…" in errors.Refused("number_unreadable").text()
