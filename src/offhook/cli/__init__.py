"""The command line: ``offhook``. One module per group of commands, loaded when its command runs."""

import io
import os
import sys
from collections.abc import Sequence

from offhook import texts
from offhook.errors import OffhookError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (specification section 10)."""
    from offhook.cli.parser import build

    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        _prepare(stream)
    language = texts.language_of()
    as_json = "--json" in words
    try:
        _move_settings()
        language = _language()
        options = build(language, words[0] if words else "").parse_args(words)
        return int(options.run(options))
    except OffhookError as error:
        return report(error, language, as_json=as_json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has left; there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if "OFFHOOK_DEBUG" in os.environ:
            raise
        print(texts.say("cli.crashed", language, what=f"{type(error).__name__}: {error}"), file=sys.stderr)
        return 1


def _move_settings() -> None:
    """Move the settings of an earlier version to their place, and say so: once."""
    from offhook.settings.places import is_old_there

    if not is_old_there():
        return
    from offhook.settings.changes import move_old

    for old, new in move_old():
        print(texts.say("cli.settings.moved", texts.language_of(), old=old, new=new), file=sys.stderr)


def _prepare(stream: object) -> None:
    """Let every letter through: UTF-8 into files and pipes; what a terminal cannot show does not stop the command."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def _language() -> str:
    """Return the reader's language: the setting, else the session's."""
    from offhook.settings.places import resolve

    try:
        return resolve()["language"] or texts.language_of()
    except OffhookError:
        return texts.language_of()


def report(error: OffhookError, language: str, *, as_json: bool) -> int:
    """Say what went wrong and what to do; returns the exit code."""
    if error.code == "usage" and language != "en":
        from offhook.cli.usage import translated

        error.params["why"] = translated(str(error.params["why"]), language)
    if as_json:
        import json

        words = {"text": error.text(language), "hint": error.hint_text(language)}
        print(json.dumps({"error": error.to_json() | words}, ensure_ascii=False))
    red, plain = ("\033[31m", "\033[0m") if colours(sys.stderr) else ("", "")
    print(f"{red}offhook: {error.text(language)}{plain}\n  → {error.hint_text(language)}", file=sys.stderr)
    return error.exit_code


def colours(stream: object) -> bool:
    """Say whether ``stream`` is a terminal that shows colours."""
    return bool(getattr(stream, "isatty", lambda: False)()) and "NO_COLOR" not in os.environ
