"""The public names: listed once, loaded when used, typed, documented."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import offhook

ROOT = Path(offhook.__file__).parent
HEAVY = ("asyncio", "dataclasses", "phonenumbers", "ssl", "http.client", "websockets")


def test_listed_and_typed_alike() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name for node in ast.walk(block) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert typed | {"__version__"} == set(offhook.__all__)
    assert (ROOT / "py.typed").exists()


@pytest.mark.parametrize("name", sorted(set(offhook.__all__) - {"__version__"}))
def test_there_and_documented(name: str) -> None:
    found = getattr(offhook, name)
    assert (inspect.getdoc(found) or "").strip(), f"{name} has no docstring"


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="Fly"):
        _ = offhook.Fly


@pytest.mark.slow
def test_importing_offhook_loads_nothing_heavy() -> None:
    code = f"import offhook, sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


@pytest.mark.slow
def test_dialling_loads_nothing_heavy() -> None:
    """`offhook dial` runs on every click."""
    code = (
        "import sys; from offhook.cli import main; main(['dial', '15']);"
        f"print([name for name in {(*HEAVY, 'pathlib', 'offhook.model')} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"OFFHOOK_HUB__URL": "http://127.0.0.1:9", "OFFHOOK_HUB__TOKEN": "x"},
    )
    assert done.stdout.strip() == "[]"
