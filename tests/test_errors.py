"""Every error: on its branch, with a sentence and a hint in each language, safe to show, able to travel."""

import ast
import errno
import itertools
import os
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

import offhook
from offhook import catalogue, errors, texts
from offhook.errors import CODES, OffhookError, ProtocolError, error_from_json, reason, some_of

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
    "value",
    [
        None,
        3,
        {},
        {"code": "usage", "params": {}},
        {"kind": "Nonsense", "code": "usage", "params": {}},
        {"code": "usage", "params": 3},
    ],
)
def test_an_unknown_error_is_an_error(value: object) -> None:
    assert isinstance(error_from_json(value), ProtocolError)


def raised(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield every error a module makes with a code written out: its branch, its code, its line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in EXITS
            and node.args
        ):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.func.id, first.value, node.lineno


def test_every_code_is_known_and_on_its_branch() -> None:
    """Everybody's codes, and an interface's own in its own folder."""
    root = Path(offhook.__file__).parent
    found = 0
    for path in root.rglob("*.py"):
        owner = path.relative_to(root).parts
        said = catalogue.known(owner[1]) if owner[0] == "interfaces" and len(owner) > 2 else None
        known = {**CODES, **(said.codes if said is not None else {})}
        for branch, code, line in raised(path):
            found += 1
            assert code in known, f"{path}:{line}: {code} is nobody's code"
            assert known[code].__name__ == branch, f"{path}:{line}: {code} is a {known[code].__name__}"
    assert found > 150


def test_an_interfaces_own_errors_speak() -> None:
    for said in catalogue.abouts().values():
        assert not isinstance(said, OffhookError)
        for (code, kind), language in itertools.product(said.codes.items(), texts.LANGUAGES):
            error = kind(code, interface=said.name)
            assert len(error.text(language)) > 10
            assert len(error.hint_text(language)) > 10
            assert code not in error.text(language), "the sentence is found"


def test_an_error_of_an_interface_that_is_not_here_is_said_anyhow() -> None:
    error = error_from_json(
        {"kind": "Refused", "code": "gong_gone", "interface": "gong", "params": {"why": "x"}}
    )
    assert (type(error), error.exit_code, error.code) == (errors.Refused, 5, "gong_gone")
    for language in texts.LANGUAGES:
        assert "gong_gone" in error.text(language)
        assert "gong" in error.text(language)


def test_the_interface_puts_its_name_in() -> None:
    with pytest.raises(errors.Unreachable) as caught, errors.on("asterisk"):
        raise errors.Unreachable("line_lost")
    assert caught.value.interface == "asterisk"
    with pytest.raises(errors.Unreachable) as named, errors.on("asterisk"):
        raise errors.Unreachable("line_lost", interface="web")
    assert named.value.interface == "web"


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


REASONS: list[tuple[BaseException, str, str, str]] = [
    # what the system raised · its word · in English · in French
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "ECONNREFUSED", "connection refused", "connexion refusée"),
    (OSError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)"), "ECONNREFUSED", "connection refused", "connexion refusée"),
    (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1'), [Errno 111] …"), "ECONNREFUSED", "connection refused", "connexion refusée"),
    (TimeoutError(), "ETIMEDOUT", "no answer in time", "pas de réponse à temps"),
    (PermissionError(errno.EACCES, "Permission denied", "/x"), "EACCES", "permission denied", "accès refusé"),
    (FileNotFoundError(errno.ENOENT, "No such file or directory", "/x"), "ENOENT", "there is no such file or folder", "fichier ou dossier introuvable"),
    (OSError(errno.ENOSPC, "No space left on device"), "ENOSPC", "the disk is full", "le disque est plein"),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "EAI_NONAME", "the name is not known to the network", "le nom est inconnu du réseau"),
    (socket.gaierror(socket.EAI_NODATA, "No address associated with hostname"), "EAI_NONAME", "the name is not known to the network", "le nom est inconnu du réseau"),
    (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "EAI_AGAIN", "no name server answers", "aucun serveur de noms ne répond"),
    (UnicodeError("encoding with 'idna' codec failed (UnicodeError: label too long)"), "EAI_NONAME", "the name is not known to the network", "le nom est inconnu du réseau"),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:992)"), "WRONG_VERSION_NUMBER", "it does not speak TLS", "il ne parle pas TLS"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "not_utf8", "it is not UTF-8 text", "ce n’est pas du texte UTF-8"),
    (OSError(errno.EL2HLT, "Level 2 halted"), "EL2HLT", os.strerror(errno.EL2HLT), os.strerror(errno.EL2HLT)),
    (OSError(None, "unable to open database file"), "unable to open database file", "unable to open database file", "unable to open database file"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "word", "english", "french"), REASONS, ids=[str(row[1]) for row in REASONS]
)
def test_what_the_system_says_is_a_word_until_it_is_read(
    error: BaseException, word: str, english: str, french: str
) -> None:
    if isinstance(error, ssl.SSLError):
        error.reason = "WRONG_VERSION_NUMBER"
    assert reason(error) == word
    found = errors.SettingsError("folder_unusable", path="/x", why=reason(error))
    assert f": {english}." in found.text("en")
    assert f": {french}." in found.text("fr")


def test_no_other_module_passes_on_the_system_s_own_words() -> None:
    """``strerror`` is English, or whatever the process's locale is: it is looked at in one place only."""
    root = Path(offhook.__file__).parent
    found = [path for path in root.rglob("*.py") if "strerror" in path.read_text("utf-8")]
    assert sorted(path.relative_to(root).as_posix() for path in found) == ["errors.py", "texts/__init__.py"]


@pytest.mark.parametrize(
    ("count", "listed"),
    [
        (0, ""),
        (1, "1"),
        (10, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"),
        (11, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …"),
        (500, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …"),
    ],
)
def test_a_list_that_is_cut_says_so(count: int, listed: str) -> None:
    assert some_of(str(number) for number in range(1, count + 1)) == listed
