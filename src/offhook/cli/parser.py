"""Every command, its arguments and its help, in the reader's language."""

import argparse
import contextlib
from collections.abc import Callable
from typing import Any, NoReturn

from offhook import texts
from offhook.errors import CommandError

Run = Callable[[argparse.Namespace], int]
COMMAND = "COMMAND"
"""What stands for a command's name in the help."""
DESKS = "--desks"


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Says argparse's own words and the arguments' names in the reader's language.

    It asks for the terminal's width only when help is shown; argparse would ask for every argument it adds.
    """

    def __init__(self, prog: str, language: str) -> None:
        super().__init__(prog, width=80)
        self._language = language

    def add_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None) -> None:
        prefix = texts.say("cli.usage", self._language) if prefix is None else prefix
        super().add_usage(usage, actions, groups, prefix)

    def _metavar_formatter(self, action: argparse.Action, default_metavar: str) -> Any:
        named = super()._metavar_formatter(action, default_metavar)
        if action.metavar is None and (action.choices is not None or not default_metavar):
            return named  # what is typed as it stands; or argparse only asks whether the argument fits
        return lambda size: tuple(texts.argument(word, self._language) for word in named(size))

    def format_help(self) -> str:
        import shutil

        self._width = shutil.get_terminal_size().columns - 2
        return super().format_help()


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are errors like any other."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read a command line; the extensions behind :data:`DESKS` may be several words, up to the next other one."""
        return super().parse_known_args(_desks_together(list(args)) if args else args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise ``CommandError`` instead of leaving the process."""
        import re

        if found := re.fullmatch(r"the following arguments are required: (.+)", message):
            what = found[1].replace(",", "").upper()
            raise CommandError("value_missing", command=self.prog, missing=what)
        choice = r"argument (.+): invalid choice: (.+) \(choose from (.+)\)"
        if found := re.fullmatch(choice, message, re.DOTALL):
            raise self._no_such(found[1], found[2].strip("'\""), found[3].replace("'", "").split(", "))
        raise CommandError("usage", why=message, command=self.prog)

    def _no_such(self, where: str, name: str, known: list[str]) -> CommandError:
        """Return the error of a word that is none of those known, naming the nearest."""
        from difflib import get_close_matches

        from offhook.numbers import shown

        words = {
            "name": shown(name),
            "near": get_close_matches(name.lower(), known, 1, 0.0)[0],
            "command": self.prog,
        }
        if where == COMMAND:
            return CommandError("command_unknown", **words)
        return CommandError("choice_unknown", known=", ".join(known), **words)


def build(language: str, only: str = "") -> argparse.ArgumentParser:
    """Return the parser of the whole command line; for one command named, only that one, which is faster."""
    say = _Say(language)
    parser = Parser(
        prog="offhook",
        description=say("about"),
        epilog=say("examples"),
        formatter_class=say.formatter,
        add_help=False,
    )
    _help(parser, say)
    parser.add_argument("--version", action="store_true", help=say("version"))
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--print-completion", action=_Completion, metavar="bash|zsh|tcsh", help=say("completion")
    )
    commands = parser.add_subparsers(
        title=say("commands"), metavar=COMMAND, required=False, parser_class=Parser, prog="offhook"
    )
    parser.set_defaults(run=_alone(parser))
    for name in (only,) if only in COMMANDS else COMMANDS:
        module, function, arguments = COMMANDS[name]
        found = commands.add_parser(
            name,
            help=say(f"{name}.about"),
            description=say(f"{name}.about"),
            epilog=say(f"{name}.examples"),
            formatter_class=say.formatter,
            add_help=False,
        )
        _help(found, say)
        arguments(found, say)
        if module in ("calls", "listen"):
            found.add_argument("--desk", metavar="EXTENSION", help=say("desk"))
        found.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=say("json"))
        found.set_defaults(run=_lazily(module, function), command=name, language=language)
    return parser


def _desks_together(words: list[str]) -> list[str]:
    """Make one word of the extensions behind ``--desks``: ``1001-1010 1050``. Each has a digit; no action has one."""
    if DESKS not in words:
        return words
    first = end = words.index(DESKS) + 1
    while end < len(words) and not words[end].startswith("-") and any(map(str.isdigit, words[end])):
        end += 1
    return [*words[:first], " ".join(words[first:end]), *words[end:]] if end > first else words


# --- the arguments of each command ------------------------------------------------------------------


def _dial(dial: argparse.ArgumentParser, say: "_Say") -> None:
    dial.add_argument("number", help=say("number"))
    dial.add_argument("--record", metavar="SOURCE:ID", help=say("record"))
    dial.add_argument("--wait", action="store_true", help=say("wait"))
    dial.add_argument("--dry-run", action="store_true", help=say("dry_run"))
    dial.add_argument("--interface", help=say("interface"))


def _act(act: argparse.ArgumentParser, say: "_Say") -> None:
    act.add_argument("call", nargs="?", default="", help=say("call"))


def _transfer(transfer: argparse.ArgumentParser, say: "_Say") -> None:
    transfer.add_argument("to", nargs="?", default="", help=say("transfer.to"))
    transfer.add_argument("--record", metavar="SOURCE:ID", help=say("record"))
    _named_call(transfer, say)


def _consult(consult: argparse.ArgumentParser, say: "_Say") -> None:
    consult.add_argument("to", nargs="?", default="", help=say("consult.to"))
    consult.add_argument("--cancel", action="store_true", help=say("consult.cancel"))
    _named_call(consult, say)


def _park(park: argparse.ArgumentParser, say: "_Say") -> None:
    park.add_argument("slot", nargs="?", default="", help=say("park.slot"))
    _named_call(park, say)


def _digits(digits: argparse.ArgumentParser, say: "_Say") -> None:
    digits.add_argument("digits", help=say("digits.digits"))
    _named_call(digits, say)


def _named_call(parser: argparse.ArgumentParser, say: "_Say") -> None:
    parser.add_argument("--call", default="", metavar="ID", help=say("call"))


def _lines(_lines: argparse.ArgumentParser, _say: "_Say") -> None:
    """It has none of its own."""


def _listen(listen: argparse.ArgumentParser, say: "_Say") -> None:
    listen.add_argument("--interface", help=say("interface"))
    listen.add_argument("--from", dest="resume", metavar="SEQ", help=say("listen.from"))


def _hub(hub: argparse.ArgumentParser, say: "_Say") -> None:
    hub.add_argument("action", nargs="?", choices=("run", "page"), default="run", help=say("hub.action"))
    hub.add_argument("extension", nargs="?", default="", help=say("hub.extension"))
    hub.add_argument("--port", help=say("hub.port"))
    hub.add_argument("--address", help=say("hub.address"))
    hub.add_argument(DESKS, help=say("hub.desks"))
    hub.add_argument("--interface", help=say("hub.interface"))
    hub.add_argument("--directory", metavar="CSV", help=say("hub.directory"))
    hub.add_argument("--trigger", help=say("hub.trigger"))
    from offhook.settings.model import everything

    for each in everything().values():  # ours stay ours; of two others the first has it
        if each.option and each.option != "json":
            text = say.about(each.text_key)
            with contextlib.suppress(argparse.ArgumentError):
                hub.add_argument(f"--{each.option}", dest=each.name, metavar="VALUE", help=text)


def _simulate(simulate: argparse.ArgumentParser, say: "_Say") -> None:
    from offhook.cli.simulate import pretenders

    actions = ("run", *pretenders(), "call", "hangup", "lift", "dial", "drop")
    simulate.add_argument("action", nargs="?", choices=actions, default="run", help=say("simulate.action"))
    simulate.add_argument("extension", nargs="?", default="1001", help=say("simulate.extension"))
    simulate.add_argument("number", nargs="?", default="", help=say("simulate.number"))
    simulate.add_argument("--name", default="", help=say("simulate.name"))
    simulate.add_argument("--late-name", default="", metavar="NAME", help=say("simulate.late_name"))
    simulate.add_argument("--seconds", type=float, default=5.0, help=say("simulate.seconds"))
    simulate.add_argument("--at", metavar="HOST:PORT", help=say("simulate.at"))
    simulate.add_argument("--port", type=int, default=0, help=say("simulate.port"))
    simulate.add_argument(DESKS, default="1001-1004", help=say("hub.desks"))
    simulate.add_argument(
        "--traffic", type=float, default=0.0, metavar="CALLS/S", help=say("simulate.traffic")
    )
    simulate.add_argument("--play", action="append", default=[], metavar="FILE", help=say("simulate.play"))
    simulate.add_argument("--speed", type=float, default=1.0, help=say("simulate.speed"))
    simulate.add_argument("--talk", type=float, default=20.0, metavar="SECONDS", help=say("simulate.talk"))


def _replay(replay: argparse.ArgumentParser, say: "_Say") -> None:
    replay.add_argument("interface", help=say("replay.interface"))
    replay.add_argument("file", help=say("replay.file"))
    replay.add_argument("--config", metavar="TOML", help=say("replay.config"))
    replay.add_argument("--calls", action="store_true", help=say("replay.calls"))


def _record(record: argparse.ArgumentParser, say: "_Say") -> None:
    record.add_argument("interface", help=say("replay.interface"))
    record.add_argument("file", help=say("record.file"))
    record.add_argument("--seconds", type=float, default=0.0, help=say("record.seconds"))
    record.add_argument("--replace-numbers", action="store_true", help=say("record.replace_numbers"))
    record.add_argument("--force", action="store_true", help=say("record.force"))


def _agent(agent: argparse.ArgumentParser, say: "_Say") -> None:
    agent.add_argument("action", nargs="?", choices=("run",), default="run", help=say("agent.action"))
    agent.add_argument("--interface", help=say("interface"))
    agent.add_argument("--desk", metavar="EXTENSION", help=say("desk"))


def _demo(demo: argparse.ArgumentParser, say: "_Say") -> None:
    demo.add_argument("--port", help=say("hub.port"))
    demo.add_argument("--open", action="store_true", help=say("demo.open"))


def _doctor(doctor: argparse.ArgumentParser, say: "_Say") -> None:
    doctor.add_argument("--errors", action="store_true", help=say("doctor.errors"))


SETTINGS_ACTIONS = {
    "show": ("?", None), "get": (None, None), "set": (None, "?"), "unset": (None, None), "lock": (None, None),
    "unlock": (None, None), "apply": (None, None), "import": (None, None), "export": (None, None),
}  # fmt: skip
"""Each action of ``settings``, and how often its name and its value may be given."""


def _settings(settings: argparse.ArgumentParser, say: "_Say") -> None:
    settings.set_defaults(action="show", name="", value=None, machine=False, desk=None, dry_run=False)
    actions = settings.add_subparsers(metavar="ACTION", title=say("settings.action"), parser_class=Parser)
    for action, (name, value) in SETTINGS_ACTIONS.items():
        found = actions.add_parser(
            action,
            help=say(f"settings.{action}"),
            description=say(f"settings.{action}"),
            formatter_class=say.formatter,
            add_help=False,
        )
        _help(found, say)
        if action != "export":
            words: dict[str, Any] = {"nargs": name, "default": ""} if name else {}
            found.add_argument("name", help=say("settings.name"), **words)
        if value:
            found.add_argument("value", nargs=value, help=say("settings.value"))
        if action not in ("lock", "unlock", "apply"):
            found.add_argument("--desk", metavar="EXTENSION", help=say("settings.desk"))
        if action in ("set", "unset", "import", "export"):
            found.add_argument("--machine", action="store_true", help=say("settings.machine"))
        if action in ("set", "unset", "lock", "unlock", "apply", "import"):
            found.add_argument("--dry-run", action="store_true", help=say("settings.dry_run"))
        found.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=say("json"))
        found.set_defaults(action=action, **({"machine": True} if action == "apply" else {}))


def _check(check: argparse.ArgumentParser, say: "_Say") -> None:
    check.add_argument("file", nargs="?", default="", help=say("check.file"))
    check.add_argument("--live", action="store_true", help=say("check.live"))
    check.add_argument("--events", action="store_true", help=say("check.events"))
    check.add_argument("--dial", metavar="NUMBER", default="", help=say("check.dial"))


def _directory(directory: argparse.ArgumentParser, say: "_Say") -> None:
    directory.add_argument("action", choices=("check",), help=say("directory.action"))
    directory.add_argument("file", help=say("directory.file"))
    directory.add_argument("--country", metavar="FR", help=say("directory.country"))


COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser, "_Say"], None]]] = {
    "dial": ("calls", "dial", _dial),
    "hangup": ("calls", "act", _act),
    "answer": ("calls", "act", _act),
    "hold": ("calls", "act", _act),
    "resume": ("calls", "act", _act),
    "transfer": ("calls", "transfer", _transfer),
    "consult": ("calls", "consult", _consult),
    "park": ("calls", "park", _park),
    "digits": ("calls", "digits", _digits),
    "lines": ("calls", "lines", _lines),
    "listen": ("listen", "listen", _listen),
    "settings": ("settings", "settings", _settings),
    "check": ("check", "check", _check),
    "directory": ("directory", "directory", _directory),
    "simulate": ("simulate", "simulate", _simulate),
    "hub": ("hub", "hub", _hub),
    "agent": ("agent", "agent", _agent),
    "replay": ("replay", "replay", _replay),
    "record": ("record", "record", _record),
    "demo": ("demo", "demo", _demo),
    "doctor": ("doctor", "doctor", _doctor),
}
"""Every command: its module, the function that runs it, and what adds its arguments."""


def _lazily(module: str, function: str) -> Run:
    def run(options: argparse.Namespace) -> int:
        from importlib import import_module

        found: Run = getattr(import_module(f"offhook.cli.{module}"), function)
        return found(options)

    return run


def _alone(parser: argparse.ArgumentParser) -> Run:
    """Return what runs where no command is named."""

    def run(options: argparse.Namespace) -> int:
        if options.version:
            _print_version(as_json=options.json)
        else:
            parser.print_help()
        return 0

    return run


def _print_version(*, as_json: bool) -> None:
    import json

    import offhook
    from offhook.model import MODEL_VERSION

    found = {"offhook": offhook.__version__, "version": MODEL_VERSION}
    print(json.dumps(found) if as_json else f"offhook {offhook.__version__}")


def _help(parser: argparse.ArgumentParser, say: "_Say") -> None:
    parser._optionals.title = say("options")  # noqa: SLF001 - argparse has no other way to name the group
    parser._positionals.title = say("arguments")  # noqa: SLF001 - the same
    parser.add_argument("-h", "--help", action="help", help=say("help"))


class _Say:
    def __init__(self, language: str) -> None:
        self._language = language

    def __call__(self, key: str) -> str:
        return texts.say(f"cli.{key}", self._language)

    def formatter(self, prog: str) -> argparse.HelpFormatter:
        return _Formatter(prog, self._language)

    def about(self, key: str) -> str:
        """Return a sentence of the texts as help shows it."""
        return texts.say(key, self._language).replace("`", "").replace("%", "%%")


class _Completion(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, _options: object, value: object, *_rest: object
    ) -> NoReturn:
        import shtab

        if value not in shtab.SUPPORTED_SHELLS:
            parser.error(f"--print-completion: {' | '.join(shtab.SUPPORTED_SHELLS)}")
        print(shtab.complete(parser, str(value)))
        raise SystemExit(0)
