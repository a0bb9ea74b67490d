"""Change one line of what decides, at random, and see whether the fast tests notice: ``make mutants``.

Each mutant is made in a copy of the tree and judged by the fast tests alone: first those that run its line, then all.
Survivors are printed: a rule that no test checks, a line that changes nothing, or one that only the slow tests see.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from coverage import CoverageData
from printed import ROOT, pure

LEFT_OUT = {
    ".git",
    ".venv",
    "build",
    "dist",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}
TABLES = ("about", "fields", "routes", "options")
"""Modules that are tables of words: another word changes only the documentation, and the test of what is printed."""
MOST_FIRST = 60
MOST_OF_A_KIND = 5
"""How many of the tests that run a line are tried before all are."""
FAST = "not slow and not browser"
SWAPS: dict[type[ast.AST], str] = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
    ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.And: "or", ast.Or: "and",
}  # fmt: skip
WRITTEN: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.And: "and", ast.Or: "or",
}  # fmt: skip


class Mutant(NamedTuple):
    """A line of a module, as it is and as it is changed."""

    path: Path
    line: int
    was: str
    now: str


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every change to a module that fits on one line."""
    source = path.read_text("utf-8")
    lines = source.splitlines()
    for node in _statements(ast.parse(source)):
        for start, end, text in _changes(node, lines):
            line = node.lineno if isinstance(node, ast.stmt | ast.expr) else 0
            was = lines[line - 1]
            now = was.encode()[:start] + text.encode() + was.encode()[end:]
            yield Mutant(path, line, was, now.decode())


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Walk what runs: no docstrings, no annotations, nothing a type checker alone reads."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "__repr__":
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        for name, value in ast.iter_fields(node):
            if name not in (
                "annotation",
                "returns",
                "decorator_list",
                "keywords" if isinstance(node, ast.ClassDef) else "",
            ):
                waiting += [
                    each
                    for each in (value if isinstance(value, list) else [value])
                    if isinstance(each, ast.AST)
                ]


def _changes(node: ast.AST, lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield where a node's line changes, in bytes, and to what."""
    if (
        not isinstance(node, ast.stmt | ast.expr)
        or node.lineno != node.end_lineno
        or node.end_col_offset is None
    ):
        return
    start, end = node.col_offset, node.end_col_offset
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            yield from _swapped(lines, left, op, right)
        case ast.BoolOp(op=op, values=[left, right, *_]):
            yield from _swapped(lines, left, op, right)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SWAPS:
            yield from _swapped(lines, left, op, right)
        case ast.UnaryOp(op=ast.Not()):
            yield start, start + len("not "), ""
        case ast.Constant(value=bool(value)):
            yield start, end, str(not value)
        case ast.Constant(value=int(value)):
            yield start, end, str(value + 1)
        case ast.Constant(value=str(value)) if value:
            yield start, end, '""'
        case ast.Return(value=ast.expr()):
            yield start, end, "return None"
        case ast.Assign() | ast.AugAssign() | ast.Expr(value=ast.Call()) | ast.Continue() | ast.Break():
            yield start, end, "pass"
        case _:
            return


def _swapped(
    lines: list[str], left: ast.expr, op: ast.AST, right: ast.expr
) -> Iterator[tuple[int, int, str]]:
    """Yield the operator between two operands, turned into its opposite."""
    assert left.end_col_offset is not None
    if left.end_lineno != right.lineno:
        return
    line = lines[right.lineno - 1].encode()
    written = WRITTEN[type(op)].encode()
    place = line.find(written, left.end_col_offset, right.col_offset)
    if place >= 0:
        yield place, place + len(written), SWAPS[type(op)]


def chosen(count: int, seed: int) -> list[Mutant]:
    """Return that many mutants, no two on the same line, each module as likely as it is long."""
    paths = [ROOT / "src" / Path(*name.split(".")).with_suffix(".py") for name in pure()]
    every = [
        each for path in paths if path.stem not in TABLES for each in mutants_of(path) if each.was != each.now
    ]
    chance = random.Random(seed)
    chance.shuffle(every)
    of_lines = {(each.path, each.line): each for each in every}
    return chance.sample(list(of_lines.values()), count)


def copied(tree: Path) -> Path:
    """Return a copy of the project; some tests ask git which files are its own."""
    shutil.copytree(ROOT, tree, ignore=lambda _folder, names: LEFT_OUT & set(names))
    for words in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *words], cwd=tree, check=True)
    return tree


class Passing(NamedTuple):
    """Which tests run which line: the first to be tried on it."""

    data: CoverageData
    tree: Path

    @classmethod
    def measured(cls, tree: Path) -> "Passing":
        """Run the fast tests as they are. Raises ``RuntimeError`` naming one that fails."""
        place = tree / "coverage"
        seen = ["--cov=offhook", "--cov-context=test", "--cov-report="]
        if wrong := failing(tree, [*seen, str(tree / "tests")], {"COVERAGE_FILE": str(place)}):
            raise RuntimeError(wrong)
        data = CoverageData(str(place))
        data.read()
        return cls(data, tree)

    def tests(self, mutant: Mutant, tree: Path) -> list[str]:
        """Return some of the tests that run a mutant's line, one of each kind before a second of any."""
        module = str(self.tree / mutant.path.relative_to(ROOT))
        contexts = self.data.contexts_by_lineno(module).get(mutant.line, [])
        found = sorted({context.partition("|")[0] for context in contexts if context})
        kinds: dict[str, list[str]] = {}
        for each in found:
            kinds.setdefault(each.partition("[")[0], []).append(each)
        few = [each for kind in kinds.values() for each in kind[:MOST_OF_A_KIND]]
        return [str(tree / each) for each in few[:MOST_FIRST]]


def is_killed(mutant: Mutant, tree: Path, passing: Passing) -> str:
    """Return the test that fails for a mutant, ``""`` where none does; ``tree`` is as it was afterwards."""
    place = tree / mutant.path.relative_to(ROOT)
    lines = place.read_text("utf-8").split("\n")
    lines[mutant.line - 1] = mutant.now
    place.write_text("\n".join(lines), "utf-8")
    try:
        first = passing.tests(mutant, tree)
        return (failing(tree, first) if first else "") or failing(tree, _nearest(mutant, tree))
    finally:
        shutil.copy2(mutant.path, place)


def failing(tree: Path, tests: list[str], more: Mapping[str, str] | None = None) -> str:
    """Return the first fast test that fails, ``""`` where none does. ``more`` is added to the environment."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout", "60", "-m", FAST, *tests],
            cwd=tree, env=os.environ | {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"} | dict(more or {}),
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "it never ends"
    if done.returncode == 0:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))]
    return failed[0] if failed else "it does not start"


def _nearest(mutant: Mutant, tree: Path) -> list[str]:
    """Return the tests, the likeliest to notice first: those that import the module, then the rest."""
    name = ".".join(mutant.path.relative_to(ROOT / "src").with_suffix("").parts)
    tests = [path for path in sorted((tree / "tests").rglob("test_*.py")) if "stranger" not in path.parts]
    return [str(path) for path in sorted(tests, key=lambda path: name not in path.read_text("utf-8"))]


def main() -> int:
    """Try some mutants; says of each whether it was killed, and at the end how many were."""
    parser = argparse.ArgumentParser(
        description="change single lines of what decides and see whether the fast tests notice"
    )
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    trees: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        for job in range(options.jobs):
            trees.put(copied(Path(folder) / str(job)))
        whole = copied(Path(folder) / "whole")
        passing = Passing.measured(whole)

        def judge(mutant: Mutant) -> bool:
            tree = trees.get()
            killer = is_killed(mutant, tree, passing)
            trees.put(tree)
            place = f"{mutant.path.relative_to(ROOT)}:{mutant.line}"
            said = f"{place}\n  - {mutant.was.strip()}\n  + {mutant.now.strip()}\n"
            print(f"{'killed' if killer else 'SURVIVED'} {said}  {killer[:150]}", flush=True)
            return bool(killer)

        with ThreadPoolExecutor(options.jobs) as pool:
            killed = sum(pool.map(judge, chosen(options.count, options.seed)))
    print(f"{killed} of {options.count} killed")
    return 0 if killed * 10 >= options.count * 9 else 1


if __name__ == "__main__":
    sys.exit(main())
