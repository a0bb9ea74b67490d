"""``offhook check``: what is wrong with a parameter file, line by line, before anybody dials with it."""

import json
import sys
from argparse import Namespace

from offhook import texts
from offhook.errors import OffhookError, SettingsError, reason
from offhook.seed import parameters
from offhook.seed.folder import web_file
from offhook.settings.places import home, read_place, resolve
from offhook.settings.shared import LONGEST_FILE


def check(options: Namespace) -> int:
    """``offhook check [FILE]``: print every finding; exit code 1 where one is an error, else what the trial gives."""
    name, findings = _findings(options)
    if options.json:
        rows = [
            {"line": each.line, "level": each.level, "code": each.code, "text": _text(each, options.language)}
            for each in findings
        ]
        print(json.dumps({"file": name, "findings": rows}, ensure_ascii=False))
    else:
        from offhook.cli import colours

        for each in findings:
            colour, plain = _colour(each.level) if colours(sys.stdout) else ("", "")
            level = texts.say(f"check.level.{each.level}", options.language)
            print(f"{name}:{each.line}: {colour}{level}{plain}: {_text(each, options.language)}")
        if not findings:
            print(texts.say("check.clean", options.language, path=name))
    if any(each.level == "error" for each in findings):
        return 1
    if options.live or options.events or options.dial:
        from offhook.cli.live import live

        return live(options)
    return 0


def _findings(options: Namespace) -> tuple[str, list[parameters.Finding]]:
    if options.file and options.file.lower().endswith(".toml"):
        return options.file, _of_settings(options.file, options.language)
    if options.file:
        return options.file, parameters.read(_bytes(options.file)).findings
    found = web_file(resolve().__getitem__, home())
    if found is None:
        raise SettingsError("parameter_file_missing")
    return found.name, parameters.read(found.data).findings


def _of_settings(path: str, language: str) -> list[parameters.Finding]:
    _bytes(path)
    try:
        read_place(path, "machine")
    except OffhookError as error:
        line = str(error.params.get("where", "")).rpartition(":")[2]
        return [
            parameters.Finding(
                int(line) if line.isdigit() else 1, "error", "settings", {"why": error.text(language)}
            )
        ]
    return []


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(LONGEST_FILE + 1)
    except FileNotFoundError:
        raise SettingsError("file_missing", path=path) from None
    except OSError as error:
        raise SettingsError("settings_file_unreadable", path=path, why=reason(error)) from None
    if len(data) > LONGEST_FILE:
        raise SettingsError("settings_file_too_long", path=path, limit=LONGEST_FILE)
    return data


def _text(finding: parameters.Finding, language: str) -> str:
    return texts.say(f"check.{finding.code}", language, **finding.params)


def _colour(level: str) -> tuple[str, str]:
    return ("\033[31m" if level == "error" else "\033[33m"), "\033[0m"
