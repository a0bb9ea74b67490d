"""``offhook doctor``: what can run here, what cannot, why, and what to do about it."""

import asyncio
import json
import os
import platform
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from offhook import __version__, catalogue, texts
from offhook.dialling import hidden_short_numbers, rules_from
from offhook.embed import options_of
from offhook.errors import CODES, OffhookError, SettingsError
from offhook.settings import divalto
from offhook.settings.layers import Settings, home, resolve
from offhook.settings.model import extensions
from offhook.settings.running import running
from offhook.settings.shared import web_file


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its name, ``ok``, ``missing`` or ``wrong``, what was seen, what to do."""

    name: str
    verdict: str
    text: str
    hint: str = ""


MARKS = {"ok": "✓", "missing": "·", "wrong": "✗"}
COLOURS = {"ok": "\033[32m", "missing": "\033[2m", "wrong": "\033[31m"}


def doctor(options: Namespace) -> int:
    """Print every finding; exit code 1 where something is wrong."""
    if options.errors:
        return _errors(options)
    findings = list(examine(options.language))
    if options.json:
        print(json.dumps({"findings": [asdict(finding) for finding in findings]}, ensure_ascii=False))
    else:
        for finding in findings:
            _print(finding)
    return 1 if any(finding.verdict == "wrong" for finding in findings) else 0


def examine(language: str) -> Iterator[Finding]:
    """Look at this machine, the settings, the hub and every interface."""
    yield Finding("offhook", "ok", f"{__version__}, Python {platform.python_version()}, {platform.system()}")
    yield _folder(language)
    try:
        resolve()
        yield Finding("settings.toml", "ok", texts.say("doctor.settings_ok", language))
    except SettingsError as error:
        yield _from_error("settings.toml", error, language, "wrong")
    yield from _numbers(language)
    yield from _parameter_file(language)
    yield _hub(language)
    yield from _switch(language)
    for availability in catalogue.availabilities():
        if availability.error is None:
            yield Finding(availability.name, "ok", texts.say("doctor.interface_ok", language))
        else:
            yield _from_error(availability.name, availability.error, language, "missing")


def _numbers(language: str) -> Iterator[Finding]:
    """Name the public short numbers that the patterns take for internal ones."""
    try:
        hidden = hidden_short_numbers(rules_from(resolve().__getitem__))
    except SettingsError as error:
        yield _from_error("internal_numbers", error, language, "wrong")
        return
    if hidden:
        seen = texts.say("doctor.internal", language, numbers=" ".join(hidden))
        yield Finding("numbers", "missing", seen, texts.say("doctor.internal_hint", language))


def _parameter_file(language: str) -> Iterator[Finding]:
    """Say what is wrong with the parameter file in force, if there is one."""
    try:
        found = web_file(resolve().__getitem__, home())
    except SettingsError as error:
        yield _from_error("web", error, language, "wrong")
        return
    if found is None:
        return
    findings = divalto.read(found.data).findings
    wrong = any(finding.level == "error" for finding in findings)
    seen = texts.say("doctor.file", language, path=found.name, count=len(findings))
    hint = texts.say("doctor.file_hint", language) if findings else ""
    yield Finding("clicktocall", "wrong" if wrong else "missing" if findings else "ok", seen, hint)


def _switch(language: str) -> Iterator[Finding]:
    """Ask the switch that the settings name what is wrong with it, or with them."""
    try:
        settings = resolve()
        names = {settings["interface"], settings["hub.interface"]}
        for name in sorted(names & {"asterisk", "freeswitch"}):
            yield from _examined(name, settings, language)
    except SettingsError as error:
        yield _from_error("switch", error, language, "wrong")


def _examined(name: str, settings: Settings, language: str) -> Iterator[Finding]:
    kind: Any = catalogue.load(name)
    link, _device = kind.for_desk("", options_of(kind, settings))
    desks = extensions(settings["hub.desks"])

    async def ask() -> list[OffhookError]:
        return [wrong async for wrong in link.examine(desks)]

    found = asyncio.run(ask())
    for wrong in found:
        verdict = "missing" if wrong.code in ("device_unregistered", "plan_no_outside") else "wrong"
        yield _from_error(name, wrong, language, verdict)
    if not found:
        yield Finding(name, "ok", texts.say("doctor.switch_ok", language))


def _folder(language: str) -> Finding:
    folder = Path(home())
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("OFFHOOK_HOME", "ok", str(folder))
    hint = texts.say("doctor.folder_hint", language)
    return Finding("OFFHOOK_HOME", "wrong", texts.say("doctor.folder_wrong", language, path=folder), hint)


def _hub(language: str) -> Finding:
    from offhook.transport.http import request

    here = running()
    if here is None:
        return Finding(
            "hub.json",
            "missing",
            texts.say("doctor.hub_none", language),
            texts.say("doctor.hub_hint", language),
        )
    try:
        about = request("GET", here.url, "/v1/about", "")
    except OffhookError as error:
        return Finding("hub.json", "wrong", error.text(language), texts.say("doctor.hub_stale", language))
    seen = texts.say(
        "doctor.hub_ok", language, url=here.url, version=about.get("offhook", "?"), desks=len(here.tokens)
    )
    return Finding("hub.json", "ok", seen)


def _from_error(name: str, error: OffhookError, language: str, verdict: str) -> Finding:
    return Finding(name, verdict, error.text(language), error.hint_text(language))


def _print(finding: Finding) -> None:
    from offhook.cli import colours

    colour, plain = (COLOURS[finding.verdict], "\033[0m") if colours(sys.stdout) else ("", "")
    print(f"{colour}{MARKS[finding.verdict]} {finding.name:13}{plain} {finding.text}")
    if finding.hint:
        print(f"  {'':13} → {finding.hint}")


def _errors(options: Namespace) -> int:
    """Print every error there is, once: its exit code, its sentence and its hint."""
    rows: list[dict[str, Any]] = []
    for code, kind in CODES.items():
        words = texts.say(f"error.{code}", options.language), texts.say(f"hint.{code}", options.language)
        rows.append(
            {"code": code, "kind": kind.__name__, "exit": kind.exit_code, "text": words[0], "hint": words[1]}
        )
    if options.json:
        print(json.dumps({"errors": rows}, ensure_ascii=False))
        return 0
    for row in rows:
        print(f"{row['exit']}  {row['kind']:14} {row['code']}\n     {row['text']}\n     → {row['hint']}")
    return 0
