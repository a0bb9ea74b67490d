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
from offhook.about import About
from offhook.dialling import hidden_short_numbers, rules_from
from offhook.errors import CODES, OffhookError, SettingsError
from offhook.seed import parameters
from offhook.seed.folder import web_file, with_shared
from offhook.settings.kinds import extensions
from offhook.settings.places import home, resolve
from offhook.settings.running import running
from offhook.settings.values import Settings
from offhook.view import View


@dataclass(frozen=True, slots=True)
class Examined:
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


def examine(language: str) -> Iterator[Examined]:
    """Look at this machine, the settings, the hub and every interface."""
    yield Examined("offhook", "ok", f"{__version__}, Python {platform.python_version()}, {platform.system()}")
    yield _folder(language)
    try:
        resolve()
        yield Examined("settings.toml", "ok", texts.say("doctor.settings_ok", language))
    except SettingsError as error:
        yield _from_error("settings.toml", error, language, "wrong")
    yield from _numbers(language)
    yield from _parameter_file(language)
    yield _hub(language)
    yield from asyncio.run(_interfaces(language))


def _numbers(language: str) -> Iterator[Examined]:
    """Name the public short numbers that the patterns take for internal ones."""
    try:
        hidden = hidden_short_numbers(rules_from(resolve().__getitem__))
    except SettingsError as error:
        yield _from_error("internal_numbers", error, language, "wrong")
        return
    if hidden:
        seen = texts.say("doctor.internal", language, numbers=" ".join(hidden))
        yield Examined("numbers", "missing", seen, texts.say("doctor.internal_hint", language))


def _parameter_file(language: str) -> Iterator[Examined]:
    """Say what is wrong with the parameter file in force, if there is one."""
    try:
        found = web_file(resolve().__getitem__, home())
    except SettingsError as error:
        yield _from_error("clicktocall", error, language, "wrong")
        return
    if found is None:
        return
    findings = parameters.read(found.data).findings
    wrong = any(finding.level == "error" for finding in findings)
    seen = texts.say("doctor.file", language, path=found.name, count=len(findings))
    hint = texts.say("doctor.file_hint", language) if findings else ""
    yield Examined("clicktocall", "wrong" if wrong else "missing" if findings else "ok", seen, hint)


async def _interfaces(language: str) -> list[Examined]:
    """Say of each interface whether it can run here, and of each that is set up what is wrong when tried."""
    found: list[Examined] = []
    try:
        settings = resolve()
        names = {catalogue.canonical(settings[name]) for name in ("interface", "hub.interface")}
        desks = extensions(settings["hub.desks"])
    except SettingsError:
        settings, names, desks = None, set(), []  # already said
    for availability in await catalogue.availabilities():
        name = availability.name
        if availability.error is not None:
            verdict = _verdict(availability.error) if name in names else "missing"
            found.append(_from_error(name, availability.error, language, verdict))
        elif settings is not None and name in names:
            found += await _examined(name, settings, desks, language)
        else:
            found.append(Examined(name, "ok", texts.say("doctor.interface_ok", language)))
    return found


async def _examined(name: str, settings: Settings, desks: list[str], language: str) -> list[Examined]:
    """Have an interface that is set up try its settings."""
    kind = catalogue.load(name)
    own = settings["desk.extension"]
    try:
        settings = with_shared(settings) if "shared_folder" in kind.about.uses else settings
        view = View(kind.about, settings.__getitem__)
        with catalogue.answering(name):
            made, _device = kind.for_desk(own if kind.about.per_desk else "", view)
            wrong = [each async for each in made.examine([own] if kind.about.per_desk else desks)]
            for each in wrong:
                each.interface = each.interface or name
    except OffhookError as error:
        wrong = [error]
    return [_from_error(name, each, language, _verdict(each)) for each in wrong] or [
        Examined(name, "ok", texts.say("doctor.examined", language))
    ]


def _verdict(error: OffhookError) -> str:
    """Return how much an error matters here: an interface not there yet, or a phone that is off, stops nobody."""
    mild = ("device_unregistered", "plan_no_outside", "no_hub", "parameter_file_missing")
    return "missing" if error.code in mild else "wrong"


def _folder(language: str) -> Examined:
    folder = Path(home())
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Examined("OFFHOOK_HOME", "ok", str(folder))
    hint = texts.say("doctor.folder_hint", language)
    return Examined("OFFHOOK_HOME", "wrong", texts.say("doctor.folder_wrong", language, path=folder), hint)


def _hub(language: str) -> Examined:
    from offhook.transport.http import request

    here = running()
    if here is None:
        return Examined(
            "hub.json",
            "missing",
            texts.say("doctor.hub_none", language),
            texts.say("doctor.hub_hint", language),
        )
    try:
        about = request("GET", here.url, "/v1/about", "")
    except OffhookError as error:
        return Examined("hub.json", "wrong", error.text(language), texts.say("doctor.hub_stale", language))
    seen = texts.say(
        "doctor.hub_ok", language, url=here.url, version=about.get("offhook", "?"), desks=len(here.tokens)
    )
    return Examined("hub.json", "ok", seen)


def _from_error(name: str, error: OffhookError, language: str, verdict: str) -> Examined:
    return Examined(name, verdict, error.text(language), error.hint_text(language))


def _print(finding: Examined) -> None:
    from offhook.cli import colours

    colour, plain = (COLOURS[finding.verdict], "\033[0m") if colours(sys.stdout) else ("", "")
    print(f"{colour}{MARKS[finding.verdict]} {finding.name:13}{plain} {finding.text}")
    if finding.hint:
        print(f"  {'':13} → {finding.hint}")


def _errors(options: Namespace) -> int:
    """Print every error once: its exit code, its sentence and its hint; every interface's own as well."""
    rows: list[dict[str, Any]] = []
    codes = [("", code, kind) for code, kind in CODES.items()]
    for said in catalogue.abouts().values():
        if isinstance(said, About):
            codes += [(said.name, code, kind) for code, kind in said.codes.items()]
    for interface, code, kind in codes:
        words = [texts.of_error(what, code, interface, options.language, {}) for what in ("error", "hint")]
        rows.append(
            {
                "code": code, "kind": kind.__name__, "exit": kind.exit_code, "interface": interface,
                "text": words[0], "hint": words[1],
            }
        )  # fmt: skip
    if options.json:
        print(json.dumps({"errors": rows}, ensure_ascii=False))
        return 0
    for row in rows:
        print(f"{row['exit']}  {row['kind']:14} {row['code']}\n     {row['text']}\n     → {row['hint']}")
    return 0
