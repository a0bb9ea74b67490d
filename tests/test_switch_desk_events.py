"""What each desk is told in every recording, compared with what was read and found right."""

import re

import pytest

from heard import FILE, MARK, heard, written
from recordings import LAB, NAMES

WRITTEN = written()


def test_every_recording_is_there() -> None:
    assert list(WRITTEN) == NAMES + LAB


@pytest.mark.parametrize(("kind", "name"), NAMES + LAB)
def test_what_the_desks_hear(kind: str, name: str) -> None:
    assert heard(kind, name) == [MARK.sub("", line) for line in WRITTEN[kind, name]]


def test_what_is_wrong_is_of_a_kind_that_is_explained() -> None:
    text = FILE.read_text("utf-8")
    explained = set(re.findall(r"^//\s+(\d+) ", text, re.MULTILINE))
    assert explained == set(re.findall(r"wrong: kind (\d+)$", text, re.MULTILINE))


@pytest.mark.parametrize(("kind", "name"), NAMES + LAB)
def test_a_call_ends_once_and_last(kind: str, name: str) -> None:
    over: set[str] = set()
    begun: set[str] = set()
    for line in heard(kind, name):
        _desk, call, event, *facts = line.split()
        assert call not in over, line
        begun.add(call)
        if event == "Ended":
            over.add(call)
        if event == "Merged":
            over.add(next(fact for fact in facts if fact.startswith("other="))[6:])
    assert begun == over
