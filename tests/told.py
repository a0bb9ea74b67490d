"""Every error and finding made while a test runs must have what its sentences name, in both languages.

A sentence with a hole in it ("the account  is not accepted") is a fault wherever it is made, so it is looked for
under every test rather than in one: ``conftest`` watches, and the test that made it fails.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import offhook
from offhook import texts
from offhook.errors import OffhookError
from offhook.seed.parameters import Finding

OURS = str(Path(offhook.__file__).parent)
NAMED = re.compile(r"{(\w+)}")
QUOTED = re.compile("“{\\w+}”|«\u00a0{\\w+}\u00a0»")
"""A value between quotation marks may be blank: the reader sees that it is."""
SAID_WHEN_BLANK = {"can", "calls"}


def holes(sentences: Iterable[str], params: Mapping[str, object]) -> set[str]:
    """Return which parameters of some sentences are not there, or blank where that cannot be seen."""
    found = set()
    for text in sentences:
        found |= {name for name in NAMED.findall(text) if name not in params}
        bare = set(NAMED.findall(QUOTED.sub("", text))) - SAID_WHEN_BLANK
        found |= {name for name in bare if not str(params.get(name, "")).strip()}
    return found


def of_error(error: OffhookError) -> set[str]:
    """Return the holes in what is said of an error and in its hint."""
    keys = [f"error.{error.code}", f"hint.{error.code}"]
    catalogues = [
        texts.catalogue(language) | (texts.catalogue(language, error.interface) if error.interface else {})
        for language in texts.LANGUAGES
    ]
    return holes((each.get(key, "") for each in catalogues for key in keys), error.params)


def of_finding(finding: Finding) -> set[str]:
    """Return the holes in what is said of something to mend in a file."""
    key = f"check.{finding.code}"
    return holes((texts.catalogue(language).get(key, "") for language in texts.LANGUAGES), finding.params)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect, until the end, what would have been said with a hole in it."""
    errors: list[OffhookError] = []
    findings: list[Finding] = []
    raised, found = OffhookError.__init__, Finding.__new__

    def an_error(self: OffhookError, code: str, *, interface: str = "", **params: str | int | float) -> None:
        raised(self, code, interface=interface, **params)
        maker = sys._getframe(1).f_code.co_filename
        if maker.startswith(OURS) and not maker.endswith("errors.py"):
            errors.append(self)

    def a_finding(*args: Any, **params: Any) -> Finding:
        findings.append(found(*args, **params))
        return findings[-1]

    said: list[str] = []
    with patch.object(OffhookError, "__init__", an_error), patch.object(Finding, "__new__", a_finding):
        yield said
    said += sorted(
        {f"{each.code}: {', '.join(sorted(of_error(each)))}" for each in errors if of_error(each)}
        | {f"{each.code}: {', '.join(sorted(of_finding(each)))}" for each in findings if of_finding(each)}
    )
