"""What Offhook says to people, in English and French: ``en.json`` and ``fr.json``, the same keys in both.

Messages travel as a code and parameters and become a sentence only here, at the edge. The terminal, the
page and ``doctor`` read the same files. They are plain JSON keyed by code rather than gettext catalogues: the page
can load them as they are, nothing has to be compiled, and a test holds the languages to the same keys and the same
parameters.

What is said about one interface is in that interface's folder; its keys are ``NAME/key``. It may put a common
error in its own words.
"""

import errno
import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache

from offhook import installed

LANGUAGES = ("en", "fr")
_WORDS = {"state": "state", "command": "command", "why": "cause"}
"""Parameters whose values may have a word of their own, and where it is."""
_SENTENCES = {"finding": "check", "wanted": "wanted"}
"""The same for whole sentences, which take the other parameters."""
FOLDER = os.path.dirname(__file__)


@cache
def catalogue(language: str, interface: str = "") -> dict[str, str]:
    """Return every sentence of ``language`` by key: Offhook's own, or those about one interface.

    An interface without a readable file of sentences has none.
    """
    if not interface:
        return _read(os.path.join(FOLDER, f"{language}.json"))
    folder = installed.folder(interface)
    try:
        return _read(os.path.join(folder, "texts", f"{language}.json")) if folder else {}
    except (OSError, ValueError):
        return {}


def everything(language: str) -> dict[str, str]:
    """Return every sentence of ``language``, those about an interface under ``NAME/key``: what a page needs.

    What neither an interface nor we say in that language is there in English.
    """
    ours = catalogue(language)
    found = dict(ours)
    for name in installed.names():
        otherwise = {key: text for key, text in catalogue("en", name).items() if key not in ours}
        found |= {f"{name}/{key}": text for key, text in (otherwise | catalogue(language, name)).items()}
    return found


def _read(path: str) -> dict[str, str]:
    with open(path, "rb") as file:
        found = json.load(file)
    if not isinstance(found, dict):
        raise ValueError(path)  # noqa: TRY004 - it is the file that is wrong, as any other JSON error
    return {str(key): str(text) for key, text in found.items()}


def say(key: str, language: str = "en", /, **params: object) -> str:
    """Return the sentence ``key`` in ``language`` with its parameters filled in.

    A parameter that is itself one of our words (a state, a command, a switch's reason, an error of the operating
    system) is said in that language, too. One that was not sent shows as ``…``: a message about a failure must not fail
    itself. What an interface does not say in that language is said in English, or else shows as its key.
    """
    interface, slash, rest = key.rpartition("/")
    text = catalogue(language)[key] if not slash else _about(interface, rest, language)
    return _filled(text, language, params)


def of_error(what: str, code: str, interface: str, language: str, params: Mapping[str, object]) -> str:
    """Return an error's sentence (``what`` is ``error``) or what to do about it (``hint``)."""
    key = f"{what}.{code}"
    said, otherwise = (catalogue(each, interface) if interface else {} for each in (language, "en"))
    text = said.get(key) or catalogue(language).get(key) or otherwise.get(key)
    if not text:
        return say(f"{what}.unknown_code", language, code=code, where=interface or "Offhook")
    return _filled(text, language, params)


def _about(interface: str, key: str, language: str) -> str:
    return (
        catalogue(language, interface).get(key)
        or catalogue("en", interface).get(key)
        or f"{interface}: {key}"
    )


def _filled(text: str, language: str, params: Mapping[str, object]) -> str:
    known = catalogue(language)
    spoken: dict[str, object] = {"wanted": known["wanted.other"], **params}
    for name, value in params.items():
        if name in _WORDS:
            spoken[name] = known.get(f"{_WORDS[name]}.{value}") or _of_system(value)
        elif name in _SENTENCES:
            spoken[name] = known.get(f"{_SENTENCES[name]}.{value}", str(value)).format_map(_Lenient(params))
        elif name == "can":
            spoken[name] = ", ".join(_named(str(value).split(), known)) or known["can.nothing"]
        elif name == "missing":
            spoken[name] = argument(str(value), language)
        elif name == "headings":
            spoken[name] = ", ".join(known["quoted"].format(text=each) for each in str(value).splitlines())
        elif name == "calls":
            spoken[name] = "".join(f"\n  {_call(line, known)}" for line in str(value).splitlines())
    try:
        return text.format_map(_Lenient(spoken))
    except (ValueError, IndexError, AttributeError):  # a stranger's sentence with a stray brace
        return text


def argument(text: str, language: str) -> str:
    """Return the names of arguments (``HOST:PORT``, ``number``) in ``language``, small where they are."""
    known = catalogue(language)

    def named(found: re.Match[str]) -> str:
        word = found[0]
        said = known.get(f"word.{word.upper()}", word)
        return said.lower() if word.islower() else said

    return re.sub(r"[^\W\d_]+", named, text)


def _of_system(value: object) -> object:
    """Return the operating system's own words for an error of it that we have no sentence for."""
    number = getattr(errno, str(value), None)
    return os.strerror(number) if isinstance(number, int) else value


def _named(commands: Iterable[str], known: Mapping[str, str]) -> Iterable[str]:
    """Return command names in the reader's words."""
    return (known.get(f"command.{each}", each) for each in commands)


def _call(line: str, known: Mapping[str, str]) -> str:
    """Return a call as an error lists it, its short number, state and party, in the reader's words."""
    short, _blank, rest = line.partition(" ")
    state, _blank, who = rest.partition(" ")
    party, _blank, name = who.partition(" ")
    words = (short, known.get(f"state.{state}", state), known.get(f"party.{party}", party), name)
    return "  ".join(word for word in words if word)


def language_of(environ: Mapping[str, str] | None = None) -> str:
    """Return the reader's language from OFFHOOK_LANGUAGE, else the locale's variables; English otherwise."""
    known = os.environ if environ is None else environ
    for name in ("OFFHOOK_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        wanted = known.get(name, "")[:2].lower()
        if wanted in LANGUAGES:
            return wanted
        if wanted:
            break
    return "en"


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"
