"""Print the generated parts of the documentation into their places: what the pages say is what the code says.

A part is between ``<!-- printed: NAME -->`` and ``<!-- end -->``. Run by ``make docs``; a test fails when a
page is behind the code.
"""

import ast
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import offhook
from offhook import catalogue, errors, texts
from offhook.about import About, Setting
from offhook.api.app import endpoints_of
from offhook.api.fields import word_on
from offhook.api.schema import openapi, schemas
from offhook.calls import CAN, COLUMNS, CONSULTING, REASON_WORDS, TRANSITIONS, TWO_CALLS
from offhook.cli.parser import COMMANDS as CLI
from offhook.errors import CODES
from offhook.interface import Interface
from offhook.interfaces.asterisk import commands as asterisk_commands
from offhook.interfaces.freeswitch import commands as freeswitch_commands
from offhook.model import COMMANDS, EVENTS, Command
from offhook.settings.model import everything

ROOT = Path(__file__).resolve().parents[1]
DESCRIPTION = ROOT / "docs" / "openapi.json"
PART = re.compile(r"(<!-- printed: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
PURE = re.compile(r"( *# printed: pure\n).*?( *# end\n)", re.DOTALL)
"""The modules of the contract on what decides, in ``pyproject.toml``."""


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def contracts() -> list[dict[str, Any]]:
    """The import contracts."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts: list[dict[str, Any]] = found["tool"]["importlinter"]["contracts"]
    return contracts


def layers() -> str:
    """The import contract, top to bottom."""
    return "```\n" + "\n".join(contracts()[0]["layers"]) + "\n```"


def pure() -> list[str]:
    """Every module whose docstring says "No I/O."."""
    source = ROOT / "src"
    return [
        ".".join(path.relative_to(source).with_suffix("").parts)
        for path in sorted(source.rglob("*.py"))
        if "No I/O" in (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "")
    ]


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
        beside = (CONSULTING.get(state, ()), TWO_CALLS.get(state, ()))
        rows.append([state.value, *(" ".join(kind.__name__ for kind in each) for each in (kinds, *beside))])
    return table(
        ["state", "what can be asked", "of a consultation", "besides, while another call is held"], rows
    )


def error_tree() -> str:
    """The tree as the module draws it."""
    drawn = (errors.__doc__ or "").partition("::\n\n")[2]
    return "```\n" + inspect.cleandoc(drawn[: drawn.index("\n\nAn error travels")]) + "\n```"


def error_list() -> str:
    """Every error with its exit code, sentence and hint: the common ones, then each interface's own."""
    codes = [("", code, kind) for code, kind in CODES.items()]
    codes += [(said.name, code, kind) for said in abouts() for code, kind in said.codes.items()]
    rows = []
    for interface, code, kind in codes:
        known = texts.catalogue("en", interface) if interface else texts.catalogue("en")
        said = [re.sub(r"\{(\w+)\}", r"*\1*", known[f"{what}.{code}"]) for what in ("error", "hint")]
        rows.append([str(kind.exit_code), kind.__name__, f"`{code}`", *said])
    return table(["exit", "kind", "code", "what it says", "what to do"], rows)


def abouts() -> list[About]:
    """Every interface, as it says of itself."""
    return [said for said in catalogue.abouts().values() if isinstance(said, About)]


def capabilities() -> str:
    """What each existing interface takes and tells."""
    built = [catalogue.load(said.name) for said in abouts() if said.driver]
    rows = []
    for what, kinds in (("accepts", COMMANDS), ("emits", EVENTS)):
        for name, kind in kinds.items():
            taken = [_upper_bound(each, what) for each in built]
            rows.append([what, f"`{name}`", *("yes" if kind in each else "–" for each in taken)])
    return table(["", "", *(f"`{each.about.name}`" for each in built)], rows)


def _upper_bound(kind: type[Interface], what: str) -> frozenset[type]:
    """What an interface takes or tells at most; one that learns it from the other end may take anything."""
    found = getattr(kind, what)
    return frozenset(COMMANDS.values()) if isinstance(found, property) else found


def interfaces() -> str:
    """Which interfaces exist."""
    rows = [[f"`{said.name}`", "there" if said.driver else "not there yet"] for said in abouts()]
    return table(["interface", "in this version"], rows)


def settings() -> str:
    """Every setting."""
    rows = []
    for each in everything().values():
        variable = "OFFHOOK_" + each.name.upper().replace(".", "__")
        about = texts.say(each.text_key, "en") + (
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
    rows = [
        [f"`{each.name}`", f"`{each.default}`" if each.default else "", _short(each)]
        for each in everything().values()
        if each.name.startswith(begin)
    ]
    return table(["setting", "default", "what it is"], rows)


def _short(setting: Setting) -> str:
    """What a setting is, without the interface's name in front."""
    return texts.say(setting.text_key, "en").partition(": ")[2]


def routes() -> str:
    """The routes of the API."""
    board: Any = SimpleNamespace(interface=None)
    found = endpoints_of(board, board, None, None)[1]
    rows = [
        [f"`{each.method} {each.path}{'?q=' if 'q' in each.query else ''}`", each.about] for each in found
    ]
    return table(["route", "what it does"], [*rows, ["`GET /static/…`", "what the pages are made of"]])


def events() -> str:
    """Every event, with a word on each field that is its own."""
    return _values(EVENTS, {"at", "line", "cause", "seq", "after", "call"}, "event")


def command_fields() -> str:
    """Every command, with a word on each field that is its own."""
    return _values(COMMANDS, {"id", "line"}, "command")


def call_fields() -> str:
    """A call's snapshot, with a word on each field."""
    found = schemas()["Call"]["properties"]
    return table(
        ["field", "what it is"], [[f"`{name}`", each["description"]] for name, each in found.items()]
    )


def common_fields() -> str:
    """What every event carries."""
    kind = EVENTS["Updated"]
    return table(
        ["field", "what it is"],
        [[f"`{name}`", word_on(kind, name)] for name in ("at", "line", "call", "cause", "seq", "after")],
    )


def _values(kinds: dict[str, type], common: set[str], kind_of: str) -> str:
    rows = []
    for name in kinds:
        schema = schemas()[name]
        own = [
            f"`{key}`: {each['description']}"
            for key, each in schema["properties"].items()
            if key not in common | {kind_of}
        ]
        rows.append([f"`{name}`", schema["description"].replace("``", "`"), "<br>".join(own)])
    return table(["", "what it says", "its own fields"], rows)


def messages() -> str:
    """Every message of the stream, with a word on each field that is its own."""
    known = schemas()
    rows = []
    for each in known["Message"]["oneOf"]:
        name = each["$ref"].rpartition("/")[2]
        rows.append([f"`{name}`", known[name].get("description", ""), "<br>".join(_fields(known[name]))])
    return table(["", "what it is", "its fields"], rows)


def _fields(schema: dict[str, Any], inside: str = "") -> list[str]:
    """Return a line for each field of a message; fields of an object in it carry its name in front."""
    found = []
    parts = [schema, *schema.get("allOf", ())]
    for name, each in ((name, each) for part in parts for name, each in part.get("properties", {}).items()):
        deeper = _fields(each, f"{inside}{name}.")
        found += deeper or [f"`{inside}{name}`: {each['description']}"]
    return found


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
        routes, commands, public, events, command_fields, call_fields, common_fields, messages, reasons, asterisk, asterisk_settings, freeswitch, freeswitch_settings,
    )
}  # fmt: skip


def printed(page: str) -> str:
    """Return a page with its parts printed again."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", page)


def contracted(project: str) -> str:
    """Return ``pyproject.toml`` with the modules that decide printed again."""
    modules = "".join(f'    "{name}",\n' for name in pure())
    return PURE.sub(lambda found: f"{found[1]}{modules}{found[2]}", project)


def pages() -> list[Path]:
    """Return every page of the documentation."""
    return [path for folder in ("docs", "src") for path in sorted((ROOT / folder).rglob("*.md"))] + sorted(
        ROOT.glob("*.md")
    )


def description(_before: str) -> str:
    """Return the hub's API as OpenAPI 3.1, for a generator of clients that has no hub to ask."""
    nobody: Any = SimpleNamespace(interface=None)
    found = endpoints_of(nobody, nobody, None, None)[1]
    return json.dumps(openapi(found, offhook.__version__), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Print every part; say which files changed."""
    wholes = ((ROOT / "pyproject.toml", contracted), (DESCRIPTION, description))
    for path, print_again in (*wholes, *((page, printed) for page in pages())):
        text = path.read_text("utf-8")
        if (now := print_again(text)) != text:
            path.write_text(now, "utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
