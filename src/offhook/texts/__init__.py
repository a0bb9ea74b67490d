"""What Offhook says to people, in English and French: ``en.json`` and ``fr.json``, the same keys in both.

Messages travel as a code and parameters and become a sentence only here, at the edge. The terminal, the
page and ``doctor`` read the same two files. They are plain JSON keyed by code rather than gettext
catalogues: the page can load them as they are, nothing has to be compiled, and a test holds the two
languages to the same keys and the same parameters.
"""

import json
import os
from functools import cache

LANGUAGES = ("en", "fr")
_WORDS = {"state": "state", "command": "command", "why": "cause"}
"""Parameters whose values may have a sentence of their own, and where it stands."""
FOLDER = os.path.dirname(__file__)


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return every sentence of ``language`` by key."""
    with open(os.path.join(FOLDER, f"{language}.json"), "rb") as file:
        found: dict[str, str] = json.load(file)
    return found


def say(key: str, language: str = "en", /, **params: object) -> str:
    """Return the sentence ``key`` in ``language`` with its parameters filled in.

    A parameter that is itself one of our words (a state, a command, a switch's reason) is said in that
    language, too. One that was not sent shows as ``…``: a message about a failure must not fail itself.
    """
    known = catalogue(language)
    spoken = dict(params)
    for name, value in params.items():
        if name in _WORDS:
            spoken[name] = known.get(f"{_WORDS[name]}.{value}", value)
    return known[key].format_map(_Lenient(spoken))


def language_of(environ: dict[str, str] | None = None) -> str:
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
