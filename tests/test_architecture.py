"""The shape of the house, read from the syntax tree: who may name an interface, and that a name means one thing."""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import printed  # noqa: E402 - found through the line above

SOURCE = ROOT / "src" / "offhook"
ENTRY_POINTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "entry-points"
]["offhook.interfaces"]
NAMES = frozenset(ENTRY_POINTS)
ROOMS = ("interfaces", "demo", "seed")
"""Where an interface may be named: its own folder, the demo that shows one, the words of the seed."""

HUBS_OWN = (
    "the company's hub: its settings, files and texts; the interface that speaks to one has its name from it"
)
ALLOWED = {
    ("api/fields.py", "hub"): "a source of calls, in the words of the event that tells it",
    ("cli/demo.py", "hub"): HUBS_OWN,
    ("cli/demo.py", "simulator"): "the demo's own",
    ("cli/doctor.py", "hub"): HUBS_OWN,
    ("cli/hub.py", "hub"): HUBS_OWN,
    ("cli/parser.py", "hub"): HUBS_OWN,
    ("cli/simulate.py", "hub"): HUBS_OWN,
    ("cli/target.py", "hub"): "which board a command is for: a hub's address and token may be set",
    ("embed.py", "hub"): "what is connected to where nothing is named: a default, written once more for whoever reads the signature",
    ("hub/divalto.py", "hub"): HUBS_OWN,
    ("hub/run.py", "hub"): HUBS_OWN,
    ("numbers.py", "callto"): "a scheme of addresses, which a number may be written as",
    ("settings/kinds.py", "hub"): HUBS_OWN,
    ("settings/model.py", "hub"): "Offhook's own settings: the hub's, and which interface is used where none is set",
    ("settings/model.py", "simulator"): "which interface a hub has where none is set",
    ("settings/running.py", "hub"): HUBS_OWN,
    ("foreign.html", "hub"): "the server that asks, in a sentence",
    ("desk.js", "callto"): "a scheme of addresses, which a number may be written as",
}  # fmt: skip
"""Where else a string holds an interface's name, and why it is none."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module, by its place below the source, with its syntax tree."""
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text("utf-8"))


def said(tree: ast.Module) -> Iterator[str]:
    """Every string of a module that is no docstring."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def named(text: str) -> set[str]:
    """The interfaces whose names stand in a text as words."""
    return set(re.findall(r"[A-Za-z_]+", text)) & NAMES


def outside() -> Iterator[tuple[str, ast.Module]]:
    """Every module that no interface may be named in."""
    return ((place, tree) for place, tree in modules() if place.partition("/")[0] not in ROOMS)


def test_no_string_outside_names_an_interface() -> None:
    found = {(place, name) for place, tree in outside() for text in said(tree) for name in named(text)}
    assert {each for each in found if each not in ALLOWED} == set()


def test_no_page_names_an_interface() -> None:
    found = {
        (path.name, name)
        for path in (SOURCE / "console").rglob("*")
        if path.suffix in (".js", ".html", ".css")
        for text in re.findall(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`|/(?:\\.|[^/\n])+/", re.sub(r"^\s*(//|/?\*).*$", "", path.read_text("utf-8"), flags=re.MULTILINE))
        for name in named(text)
    }  # fmt: skip
    assert {each for each in found if each not in ALLOWED} == set()


def test_every_exception_is_still_one() -> None:
    found = {(place, name) for place, tree in outside() for text in said(tree) for name in named(text)}
    assert {(place, name) for place, name in ALLOWED if place.endswith(".py")} == found


def test_no_import_and_no_type_outside_is_an_interface_s() -> None:
    """Neither an import, also not one inside a function or for the type checker, nor a name made of one's."""
    wrong = []
    for place, tree in outside():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                wrong += [
                    (place, each.name) for each in node.names if each.name.startswith("offhook.interfaces")
                ]
            elif isinstance(node, ast.ImportFrom):
                whole = f"{node.module}.{node.names[0].name}"
                wrong += [(place, whole)] if whole.startswith("offhook.interfaces") else []
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("isinstance", "issubclass")
            ):
                kinds = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
                wrong += [(place, kind) for kind in kinds if kind.removesuffix("Interface").lower() in NAMES]
    assert wrong == []


def test_every_folder_has_its_entry_point_and_every_entry_point_its_folder() -> None:
    folders = {path.parent.name for path in (SOURCE / "interfaces").glob("*/__init__.py")}
    assert folders == NAMES
    assert {name: f"offhook.interfaces.{name}.about:ABOUT" for name in folders} == ENTRY_POINTS


OUTWARD = {
    "open",
    "now",
    "today",
    "utcnow",
    "print",
    "input",
    "uuid4",
    "urandom",
    "getenv",
    "read_text",
    "read_bytes",
    "write_text",
}
"""What a pure module calls by no name: a clock, a file, a screen, chance."""


@pytest.mark.parametrize("module", printed.pure())
def test_what_decides_calls_no_clock_and_no_file(module: str) -> None:
    """Beside what its imports forbid: ``datetime.now()`` and ``open()`` need none."""
    place = SOURCE.parent / Path(*module.split(".")).with_suffix(".py")
    calls = (
        node.func for node in ast.walk(ast.parse(place.read_text("utf-8"))) if isinstance(node, ast.Call)
    )
    named = {
        func.id if isinstance(func, ast.Name) else func.attr
        for func in calls
        if isinstance(func, ast.Name | ast.Attribute)
    }
    assert named & OUTWARD == set()


ONCE = {
    "Json": "a JSON object, whoever reads one",
    "Ready": "told where a board is",
}
"""Names that are written in several modules and mean the same in each."""


def test_a_class_s_name_means_one_thing() -> None:
    places = defaultdict(list)
    for place, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(place)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name) and isinstance(
                    node.value, ast.Name | ast.BinOp | ast.Subscript
                ):
                    places[name].append(place)
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in ONCE} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    ["import time", "def f():\n    from random import random", "def f():\n    from offhook import texts"],
)
def test_the_contract_on_what_decides_fails_for_what_reaches_out(source: str, tmp_path: Path) -> None:
    """The import contract itself, on a copy in which one pure module reaches out."""
    import shutil
    import subprocess
    import sys

    shutil.copytree(SOURCE, tmp_path / "offhook", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "offhook" / "numbers.py").open("a", encoding="utf-8") as module:
        module.write(f"\n\n{source}\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", "--config", ROOT / "pyproject.toml"],
        cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "offhook.numbers is not allowed to import" in done.stdout
