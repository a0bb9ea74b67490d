"""Every command, its arguments and its help, in the reader's language."""

import argparse
from collections.abc import Callable
from typing import NoReturn

from offhook import texts
from offhook.errors import CommandError

Run = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are errors like any other."""

    def error(self, message: str) -> NoReturn:
        """Raise ``CommandError`` instead of leaving the process."""
        raise CommandError("usage", why=message, command=self.prog)


def build(language: str) -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    say = _Say(language)
    parser = Parser(
        prog="offhook",
        description=say("about"),
        epilog=say("examples"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    _help(parser, say)
    parser.add_argument("--version", action=_Version, nargs=0, help=say("version"))
    parser.add_argument(
        "--print-completion", action=_Completion, metavar="bash|zsh|tcsh", help=say("completion")
    )
    commands = parser.add_subparsers(
        title=say("commands"), metavar="COMMAND", required=True, parser_class=Parser
    )

    def command(name: str, run: Run, *, desk: bool = True) -> argparse.ArgumentParser:
        found = commands.add_parser(
            name,
            help=say(f"{name}.about"),
            description=say(f"{name}.about"),
            epilog=say(f"{name}.examples"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )
        _help(found, say)
        if desk:
            found.add_argument("--desk", metavar="EXTENSION", help=say("desk"))
        found.add_argument("--json", action="store_true", help=say("json"))
        found.set_defaults(run=run, command=name, language=language)
        return found

    _call_commands(command, say)
    _running_commands(command, say)
    return parser


def _call_commands(command: Callable[..., argparse.ArgumentParser], say: "_Say") -> None:
    dial = command("dial", _lazily("calls", "dial"))
    dial.add_argument("number", help=say("number"))
    dial.add_argument("--record", metavar="SOURCE:ID", help=say("record"))
    dial.add_argument("--wait", action="store_true", help=say("wait"))
    dial.add_argument("--dry-run", action="store_true", help=say("dry_run"))
    for name in ("hangup", "answer", "hold", "resume"):
        command(name, _lazily("calls", "act")).add_argument("call", nargs="?", default="", help=say("call"))
    transfer = command("transfer", _lazily("calls", "transfer"))
    transfer.add_argument("to", nargs="?", default="", help=say("transfer.to"))
    transfer.add_argument("--call", default="", metavar="ID", help=say("call"))
    transfer.add_argument("--record", metavar="SOURCE:ID", help=say("record"))
    consult = command("consult", _lazily("calls", "consult"))
    consult.add_argument("to", nargs="?", default="", help=say("consult.to"))
    consult.add_argument("--cancel", action="store_true", help=say("consult.cancel"))
    consult.add_argument("--call", default="", metavar="ID", help=say("call"))
    park = command("park", _lazily("calls", "park"))
    park.add_argument("slot", nargs="?", default="", help=say("park.slot"))
    park.add_argument("--call", default="", metavar="ID", help=say("call"))
    digits = command("digits", _lazily("calls", "digits"))
    digits.add_argument("digits", help=say("digits.digits"))
    digits.add_argument("--call", default="", metavar="ID", help=say("call"))
    command("lines", _lazily("calls", "lines"))
    listen = command("listen", _lazily("listen", "listen"))
    listen.add_argument("--from", dest="resume", type=int, metavar="SEQ", help=say("listen.from"))


def _running_commands(command: Callable[..., argparse.ArgumentParser], say: "_Say") -> None:
    hub = command("hub", _lazily("hub", "hub"), desk=False)
    hub.add_argument("action", nargs="?", choices=("run", "page"), default="run", help=say("hub.action"))
    hub.add_argument("extension", nargs="?", default="", help=say("hub.extension"))
    hub.add_argument("--port", help=say("hub.port"))
    hub.add_argument("--address", help=say("hub.address"))
    hub.add_argument("--desks", help=say("hub.desks"))
    hub.add_argument("--interface", help=say("hub.interface"))
    hub.add_argument("--simulator", metavar="HOST:PORT", help=say("hub.simulator"))
    hub.add_argument("--directory", metavar="CSV", help=say("hub.directory"))
    hub.add_argument("--trigger", help=say("hub.trigger"))

    simulate = command("simulate", _lazily("simulate", "simulate"), desk=False)
    simulate.add_argument(
        "action", nargs="?", choices=("run", "call", "hangup", "lift", "dial", "drop"), default="run",
        help=say("simulate.action"),
    )  # fmt: skip
    simulate.add_argument("extension", nargs="?", default="1001", help=say("simulate.extension"))
    simulate.add_argument("number", nargs="?", default="", help=say("simulate.number"))
    simulate.add_argument("--name", default="", help=say("simulate.name"))
    simulate.add_argument("--late-name", default="", metavar="NAME", help=say("simulate.late_name"))
    simulate.add_argument("--seconds", type=float, default=5.0, help=say("simulate.seconds"))
    simulate.add_argument("--at", metavar="HOST:PORT", help=say("simulate.at"))
    simulate.add_argument("--port", type=int, default=0, help=say("simulate.port"))
    simulate.add_argument("--desks", default="1001-1004", help=say("hub.desks"))
    simulate.add_argument(
        "--traffic", type=float, default=0.0, metavar="CALLS/S", help=say("simulate.traffic")
    )
    simulate.add_argument("--talk", type=float, default=20.0, metavar="SECONDS", help=say("simulate.talk"))

    demo = command("demo", _lazily("demo", "demo"), desk=False)
    demo.add_argument("--port", help=say("hub.port"))
    demo.add_argument("--open", action="store_true", help=say("demo.open"))

    doctor = command("doctor", _lazily("doctor", "doctor"), desk=False)
    doctor.add_argument("--errors", action="store_true", help=say("doctor.errors"))


def _lazily(module: str, function: str) -> Run:
    def run(options: argparse.Namespace) -> int:
        from importlib import import_module

        found: Run = getattr(import_module(f"offhook.cli.{module}"), function)
        return found(options)

    return run


def _help(parser: argparse.ArgumentParser, say: "_Say") -> None:
    parser._optionals.title = say("options")  # noqa: SLF001 - argparse has no other way to name the group
    parser._positionals.title = say("arguments")  # noqa: SLF001 - the same
    parser.add_argument("-h", "--help", action="help", help=say("help"))


class _Say:
    def __init__(self, language: str) -> None:
        self._language = language

    def __call__(self, key: str) -> str:
        return texts.say(f"cli.{key}", self._language)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> NoReturn:
        import offhook

        print(f"offhook {offhook.__version__}")
        raise SystemExit(0)


class _Completion(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, _options: object, value: object, *_rest: object
    ) -> NoReturn:
        try:
            import shtab
        except ImportError:
            from offhook.errors import Unavailable

            raise Unavailable("part_missing", part="shtab") from None
        if value not in shtab.SUPPORTED_SHELLS:
            parser.error(f"--print-completion: {' | '.join(shtab.SUPPORTED_SHELLS)}")
        print(shtab.complete(parser, str(value)))
        raise SystemExit(0)
