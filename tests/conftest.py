"""Fixtures: the demo as a real process, and its tokens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubs import Program, program
from offhook.settings.running import Running, running
from told import watched


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    """The demo, running, with its files under ``tmp_path``."""
    with program(tmp_path, "demo", "--port", "0") as found:
        yield found


@pytest.fixture
def here(demo: Program, tmp_path: Path) -> Running:
    """How to reach the demo's hub."""
    found = running(folder=str(tmp_path))
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def whole_sentences() -> Iterator[None]:
    """Nothing that a test makes us say has a hole in its sentence."""
    with watched() as holes:
        yield
    assert not holes
