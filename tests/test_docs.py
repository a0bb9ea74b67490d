"""The documentation says what the code says, its commands run, its links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hubs import Program, environment

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import printed  # noqa: E402 - found through the line above

PAGES = printed.pages()
README = (ROOT / "README.md").read_text("utf-8")


def ids(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_printed_parts_are_what_the_code_says(path: Path) -> None:
    page = path.read_text("utf-8")
    assert printed.printed(page) == page, "run `make docs`"


def test_the_contract_holds_every_module_that_says_it_does_no_io() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert printed.contracted(project) == project, "run `make docs`"
    assert len(printed.pure()) > 30


def test_the_description_of_the_api_is_what_the_code_says() -> None:
    page = printed.DESCRIPTION.read_text("utf-8")
    assert printed.description(page) == page, "run `make docs`"


def test_every_part_is_printed_somewhere() -> None:
    used = {
        name
        for path in PAGES
        for _whole, name in re.findall(r"(<!-- printed: (\w+) -->)", path.read_text("utf-8"))
    }
    assert used == set(printed.PARTS)


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_every_section_that_is_named_is_in_the_specification() -> None:
    """What cites "specification section N", or "section N" alone, leads to a heading of the page."""
    headings = set(
        re.findall(r"^## ([0-9]+)\. ", (ROOT / "docs" / "specification.md").read_text("utf-8"), re.MULTILINE)
    )
    assert headings == {str(number) for number in range(1, 12)}
    sources = [
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "bench").glob("*.py"),
        *PAGES,
    ]
    cited = {
        (path.name, number)
        for path in sources
        for number in re.findall(r"(?<!RFC )\b[Ss]ections? ([0-9]+)", path.read_text("utf-8"))
    }
    assert cited, "nothing cites the specification any more"
    assert {(name, number) for name, number in cited if number not in headings} == set()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2))
def test_the_commands_of_the_readme(demo: Program, tmp_path: Path, number: int) -> None:
    """Every line of every ``sh`` block, in order, in one shell, as a newcomer types them."""
    block = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[number]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # a person takes a moment between two lines; here the next one comes when the line before has had its effect
    lines = "\n".join(
        f"for try in 1 2 3 4 5 6 7 8 9 10; do {line} && break; sleep 0.3; done || exit 9"
        for line in block.splitlines()
    )
    done = subprocess.run(
        ["bash", "-c", lines],
        env=environment(tmp_path) | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_there_is_no_untested_block() -> None:
    assert len(re.findall(r"```sh\n", README)) == 2
    assert len(re.findall(r"```python\n", README)) == 1


@pytest.mark.slow
def test_the_python_of_the_readme() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    body = block[block.index("async def") : block.index("asyncio.run")].strip()
    assert len(body.splitlines()) + 3 <= 13, "twelve lines and a blank one"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    heard = [line.split()[1] for line in done.stdout.splitlines()]
    assert heard[-1] == "Ended"
    assert "Connected" in heard


@pytest.mark.slow
def test_make_demo(tmp_path: Path) -> None:
    """The one command: it prints two addresses and leaves when it is told to."""
    with subprocess.Popen(
        ["make", "--no-print-directory", "demo"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
        start_new_session=True,
    ) as making:
        assert making.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = making.stdout.readline()
            assert line, said
            said += line
        os.killpg(making.pid, 2)
        making.wait(30)
    assert len(re.findall(r"http://127\.0\.0\.1:\d+/login\?code=\S+", said)) == 2


@pytest.mark.slow
def test_system_packages_are_asked_for_not_skipped(tmp_path: Path) -> None:
    """Where it may not install, it prints the line to run and leaves with 2."""
    for name, text in (("id", "echo 1000"), ("dpkg-query", "exit 1")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    tools = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    (tmp_path / "sudo").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "sudo").chmod(0o755)
    done = subprocess.run(
        [ROOT / "tools" / "needs", "chromium"], env=tools, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "apt-get install --yes --no-install-recommends chromium" in done.stderr


def test_the_project_speaks_of_itself_alone() -> None:
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in files:
        if name.endswith((".py", ".md", ".toml", ".js", ".html", ".css", ".json")) and not name.startswith(
            "tests/data"
        ):
            text = (ROOT / name).read_text("utf-8")
            assert not re.search(r"(?<![\w.])/(work|root|home)/\w", text), (
                f"{name} names a path of one machine"
            )
