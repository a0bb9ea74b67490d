"""Print the generated parts of the documentation into their places: what stands there is what the code says.

A part stands between ``<!-- printed: NAME -->`` and ``<!-- end -->``. Run by ``make docs``; a test fails when a
page is behind the code.
"""

import inspect
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import offhook
from offhook import catalogue, errors, texts
from offhook.calls import CAN, COLUMNS, CONSULTING, REASON_WORDS, TRANSITIONS
from offhook.cli.parser import COMMANDS as CLI
from offhook.errors import CODES
from offhook.hub import app
from offhook.interfaces.asterisk import commands as asterisk_commands
from offhook.interfaces.freeswitch import commands as freeswitch_commands
from offhook.model import COMMANDS, EVENTS, Command
from offhook.settings.model import SETTINGS

ROOT = Path(__file__).resolve().parents[1]
PART = re.compile(r"(<!-- printed: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def layers() -> str:
    """The import contract, top to bottom."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    return "```\n" + "\n   ↓\n".join(contracts[0]["layers"]) + "\n```"


def rooms() -> str:
    """Every module with the first sentence of its docstring."""
    rows = []
    for path in sorted((ROOT / "src" / "offhook").rglob("*.py")):
        name = path.relative_to(ROOT / "src" / "offhook").as_posix()
        if name.endswith("/__main__.py"):
            continue
        docstring = re.search(r'\A"""(.+?)(?:\n\n|""")', path.read_text("utf-8"), re.DOTALL)
        assert docstring, f"{name} has no docstring"
        rows.append([f"`{name}`", " ".join(docstring[1].split()).replace("``", "`")])
    return table(["room", "what it is for"], rows)


def transitions() -> str:
    """The transition table."""
    rows = [
        [f"`{kind.__name__}`", *(state.value if state else "·" for state in row)]
        for kind, row in TRANSITIONS.items()
    ]
    rows.append(["`Ended` `HandedOver`", *["cleared"] * len(COLUMNS)])
    return table(["event", *(state.value for state in COLUMNS)], rows)


def state_diagram() -> str:
    """The same as a diagram, without the arrows that only recover from missed events."""
    usual = {
        ("null", "Dialling"), ("null", "Ringing"), ("initiated", "Prompted"), ("initiated", "RemoteRinging"), ("prompted", "RemoteRinging"),
        ("delivered", "Connected"), ("alerting", "Connected"), ("connected", "Held"), ("held", "Resumed"), ("connected", "Parked"),
        ("parked", "Retrieved"), ("parked", "Ringing"),
    }  # fmt: skip
    lines = ["```mermaid", "stateDiagram-v2"]
    for kind, row in TRANSITIONS.items():
        for column, state in zip(COLUMNS, row, strict=True):
            if state and (column.value, kind.__name__) in usual:
                lines.append(f"    {column.value} --> {state.value}: {kind.__name__}")
    return "\n".join([*lines, "```"])


def can() -> str:
    """What can be asked of a call in each state."""
    rows = []
    for state, kinds in CAN.items():
        consulting = CONSULTING.get(state, ())
        rows.append(
            [
                state.value,
                " ".join(kind.__name__ for kind in kinds),
                " ".join(kind.__name__ for kind in consulting),
            ]
        )
    return table(["state", "what can be asked", "of a consultation"], rows)


def error_tree() -> str:
    """The tree as the module draws it."""
    drawn = (errors.__doc__ or "").partition("::\n\n")[2]
    return "```\n" + inspect.cleandoc(drawn[: drawn.index("\n\nAn error travels")]) + "\n```"


def error_list() -> str:
    """Every error with its exit code, sentence and hint."""
    rows = []
    for code, kind in CODES.items():
        said = [
            re.sub(r"\{(\w+)\}", r"*\1*", texts.catalogue("en")[f"{what}.{code}"])
            for what in ("error", "hint")
        ]
        rows.append([str(kind.exit_code), kind.__name__, f"`{code}`", *said])
    return table(["exit", "kind", "code", "what it says", "what to do"], rows)


def capabilities() -> str:
    """What each interface that is there takes and tells."""
    built = [found for found in (_loaded(name) for name in catalogue.KNOWN) if found is not None]
    rows = []
    for what, kinds in (("accepts", COMMANDS), ("emits", EVENTS)):
        for name, kind in kinds.items():
            rows.append(
                [what, f"`{name}`", *("yes" if kind in getattr(each, what) else "–" for each in built)]
            )
    return table(["", "", *(f"`{each.name}`" for each in built)], rows)


def interfaces() -> str:
    """Which interfaces are there."""
    rows = [[f"`{name}`", "there" if _loaded(name) else "not there yet"] for name in catalogue.KNOWN]
    return table(["interface", "in this version"], rows)


def settings() -> str:
    """Every setting."""
    rows = []
    for each in SETTINGS.values():
        variable = "OFFHOOK_" + each.name.upper().replace(".", "__")
        about = texts.catalogue("en")[f"setting.{each.name}"] + (
            " Secret: never shown; `…_FILE` names a file that holds it." if each.secret else ""
        )
        choices = (
            " One of: " + ", ".join(f"`{choice}`" for choice in each.choices if choice) + "."
            if each.choices
            else ""
        )
        rows.append(
            [f"`{each.name}`", f"`{each.default}`" if each.default else "", about + choices, f"`{variable}`"]
        )
    return table(["setting", "default", "what it is", "in the environment"], rows)


def asterisk() -> str:
    """What each command becomes on Asterisk."""
    return _sent(asterisk_commands.SENT)


def freeswitch() -> str:
    """What each command becomes on FreeSWITCH."""
    return _sent(freeswitch_commands.SENT)


def _sent(sent: dict[type[Command], str]) -> str:
    rows = [[f"`{name}`", sent.get(kind, "–")] for name, kind in COMMANDS.items()]
    return table(["command", "what is sent"], rows)


def asterisk_settings() -> str:
    """Asterisk's settings."""
    return _settings("asterisk.")


def freeswitch_settings() -> str:
    """FreeSWITCH's settings."""
    return _settings("freeswitch.")


def _settings(begin: str) -> str:
    english = texts.catalogue("en")
    rows = [
        [
            f"`{each.name}`",
            f"`{each.default}`" if each.default else "",
            english[f"setting.{each.name}"].partition(": ")[2],
        ]
        for each in SETTINGS.values()
        if each.name.startswith(begin)
    ]
    return table(["setting", "default", "what it is"], rows)


def routes() -> str:
    """The hub's routes, as its module lists them."""
    lines = (app.__doc__ or "").splitlines()
    found = [
        re.split(r"``\s+", line.removeprefix("``"), maxsplit=1) for line in lines if line.startswith("``")
    ]
    return table(
        ["route", "what it does"],
        [[f"`{route}`", re.sub(r":mod:`([^`]+)`", r"`\1`", about)] for route, about in found],
    )


def commands() -> str:
    """Every command of the command line."""
    english = texts.catalogue("en")
    return table(
        ["command", "what it does"], [[f"`offhook {name}`", english[f"cli.{name}.about"]] for name in CLI]
    )


def public() -> str:
    """The public names."""
    rows = []
    for name in sorted(set(offhook.__all__) - {"__version__"}):
        about = (inspect.getdoc(getattr(offhook, name)) or "").partition("\n\n")[0]
        rows.append([f"`{name}`", " ".join(about.split()).replace("``", "`")])
    return table(["name", "what it is"], rows)


def reasons() -> str:
    """The reasons of ``Ended`` and the recordings' words for them."""
    return table(
        ["reason", "in the recordings' words"],
        [[f"`{reason.value}`", word] for reason, word in REASON_WORDS.items()],
    )


PARTS: dict[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        layers, rooms, transitions, state_diagram, can, error_tree, error_list, capabilities, interfaces, settings,
        routes, commands, public, reasons, asterisk, asterisk_settings, freeswitch, freeswitch_settings,
    )
}  # fmt: skip


def _loaded(name: str):  # type: ignore[no-untyped-def]
    entry = catalogue._entries().get(name)  # noqa: SLF001 - whether it is there, not whether it runs here
    return entry.load() if entry else None


def printed(page: str) -> str:
    """Return a page with its parts printed again."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", page)


def pages() -> list[Path]:
    """Return every page of the documentation."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def main() -> int:
    """Print every part; say which pages changed."""
    for path in pages():
        page = path.read_text("utf-8")
        if (now := printed(page)) != page:
            path.write_text(now, "utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
