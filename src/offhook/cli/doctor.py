"""``offhook doctor``: what can run here, what cannot, why, and what to do about it."""

import asyncio
import json
import os
import platform
import re
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from offhook import __version__, catalogue, texts
from offhook.about import About, Availability
from offhook.board.desk_settings import DeskSettings
from offhook.board.key import DeskKey
from offhook.codec import error_in
from offhook.dialling import hidden_short_numbers, rules_from
from offhook.directory.files import read_csv
from offhook.errors import CODES, OffhookError, SettingsError, Unavailable, reason, some_of
from offhook.interface import Doubt, Interface, Seen, Tried, fault_in
from offhook.seed import parameters
from offhook.seed.folder import WEB_FILE, web_file, with_shared
from offhook.settings.kinds import extensions
from offhook.settings.model import everything
from offhook.settings.places import FILE, home, machine_file, resolve, system_file, user_file
from offhook.settings.running import AGENT, HUB, Running, running
from offhook.settings.shared import shared_folder
from offhook.settings.values import Settings
from offhook.thread import in_thread
from offhook.transport.http import request
from offhook.view import View

PATIENCE_S = 30.0
"""How long an interface may take to try its settings."""
AT_ONCE = 10
"""How many desks of a hub are tried at once."""
MOST_LINES = 10
"""How many faults of one file are listed."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing looked at: its name, ``ok``, ``missing`` or ``wrong``, what was seen, what to do.

    ``missing`` stops nobody, or could not be looked at. ``tried`` is what was tried, ``settings`` where each setting
    concerned is set, if it is.
    """

    name: str
    verdict: str
    text: str
    hint: str = ""
    tried: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    together: str = ""
    """The sentence that says it of several at once, in one line, for people."""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as an object."""
        return {name: value for name, value in asdict(self).items() if name != "together"}


TELLING = ("text", "file", "folder", "address", "host", "url", "template")
"""Kinds of settings whose value, in an error, tells which setting is meant."""
MARKS = {"ok": "✓", "missing": "·", "wrong": "✗"}
COLOURS = {"ok": "\033[32m", "missing": "\033[2m", "wrong": "\033[31m"}


def doctor(options: Namespace) -> int:
    """Print every finding; exit code 1 where something is wrong."""
    if options.errors:
        return _errors(options)
    findings = list(examine(options.language))
    if options.json:
        print(json.dumps({"findings": [finding.to_json() for finding in findings]}, ensure_ascii=False))
    else:
        together: dict[str, list[str]] = {}
        for finding in findings:
            if finding.together:
                together.setdefault(finding.together, []).append(finding.name)
            else:
                _print(finding, options.language)
        for key, names in together.items():
            _print(
                Examined("–", "missing", texts.say(key, options.language, names=", ".join(names))),
                options.language,
            )
    return 1 if any(finding.verdict == "wrong" for finding in findings) else 0


def examine(language: str) -> Iterator[Examined]:
    """Look at this machine, the settings, the boards that run here and every interface."""
    yield Examined("offhook", "ok", f"{__version__}, Python {platform.python_version()}, {platform.system()}")
    yield from _folders(language)
    try:
        settings = resolve()
    except SettingsError as error:
        yield _from_error(FILE, "wrong", error, language)
        yield from asyncio.run(_interfaces(_Asked(None, {}, language)))
        return
    yield from _settings(settings, language)
    yield from _numbers(settings, language)
    yield from _parameter_file(settings, language)
    yield from _directory(settings, language)
    served: dict[str, Examined] = {}
    for name in (HUB, AGENT):
        if (here := running(name)) is not None:
            yield from _board(name, here, settings, served, language)
    yield from asyncio.run(_interfaces(_Asked(with_shared(settings), served, language)))


# --- this machine and its files ------------------------------------------------------------------------


def _folders(language: str) -> Iterator[Examined]:
    """Say whether the folders that are written to can be: a file is made in each, and removed."""
    folder = Path(home())
    if not folder.exists():
        nearest = next(each for each in folder.parents if each.exists())
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            later = texts.say("doctor.folder_later", language, path=folder)
            yield Examined("OFFHOOK_HOME", "missing", later)
            return
    for each in (folder, *(place for place in (folder / "log", folder / "shared") if place.exists())):
        try:
            with tempfile.TemporaryFile(dir=each):
                pass
        except OSError as error:
            seen = SettingsError("folder_unusable", path=str(each), why=reason(error)).text(language)
            yield Examined("OFFHOOK_HOME", "wrong", seen, texts.say("doctor.folder_hint", language))
            return
    yield Examined("OFFHOOK_HOME", "ok", str(folder))


def _settings(settings: Settings, language: str) -> Iterator[Examined]:
    """Name the settings files that were read, what a lock makes ineffective, and where TLS is not checked."""
    paths = dict.fromkeys(map(Path, (system_file(), machine_file(), user_file())))
    there = ", ".join(str(path) for path in paths if path.exists())
    if there:
        yield Examined(FILE, "ok", texts.say("doctor.settings_ok", language, paths=there))
    else:
        yield Examined(FILE, "missing", texts.say("doctor.settings_none", language))
    for name, origin in settings.overruled.items():
        seen = texts.say("doctor.overruled", language, name=name, origin=origin, where=settings.origin(name))
        yield Examined(FILE, "missing", seen, texts.say("doctor.overruled_hint", language))
    for name in everything():
        if name.endswith(("tls.insecure", ".tls_insecure")) and settings[name] == "yes":
            open_to_all = texts.say("doctor.insecure", language, name=name)
            hint = texts.say("doctor.insecure_hint", language)
            yield Examined("tls", "missing", open_to_all, hint, settings={name: settings.origin(name)})


def _numbers(settings: Settings, language: str) -> Iterator[Examined]:
    """Name the public short numbers that the patterns take for internal ones."""
    try:
        hidden = hidden_short_numbers(rules_from(settings.__getitem__))
    except SettingsError as error:
        yield _from_error("internal_numbers", "wrong", error, language, settings)
        return
    if hidden:
        seen = texts.say("doctor.internal", language, numbers=" ".join(hidden))
        yield Examined("numbers", "missing", seen, texts.say("doctor.internal_hint", language))


def _parameter_file(settings: Settings, language: str) -> Iterator[Examined]:
    """Say what is wrong with the parameter file in force, line by line, if there is one."""
    name, folder = "clicktocall", shared_folder(settings.__getitem__)
    try:
        found = web_file(settings.__getitem__, home())
    except SettingsError as error:
        yield _from_error(name, "wrong", error, language, settings)
        return
    if found is None:
        if folder:
            none = texts.say("doctor.file_none", language, name=WEB_FILE, path=folder)
            yield Examined(
                name, "missing", none, settings={"shared_folder": settings.origin("shared_folder")}
            )
        return
    if found.read_at:
        copy = texts.say("doctor.file_copy", language, path=Path(found.path).parent, name=found.name)
        yield Examined(name, "missing", copy, texts.say("doctor.file_copy_hint", language))
    findings = parameters.read(found.data).findings
    errors = [each for each in findings if each.level == "error"]
    for each in errors[:MOST_LINES]:
        said = texts.say(f"check.{each.code}", language, **each.params)
        line = texts.say("doctor.file_error", language, path=found.path, line=each.line, text=said)
        yield Examined(name, "wrong", line, texts.say("doctor.file_hint", language))
    if len(findings) > min(len(errors), MOST_LINES):
        seen = texts.say("doctor.file", language, path=found.name, count=len(findings))
        yield Examined(name, "missing", seen, texts.say("doctor.file_hint", language))
    elif not findings:
        yield Examined(name, "ok", texts.say("doctor.file_ok", language, path=found.path))


def _directory(settings: Settings, language: str) -> Iterator[Examined]:
    """Read the directory's file, where one is set."""
    path = settings["hub.directory"]
    if not path:
        return
    try:
        count = sum(1 for _contact in read_csv(Path(path), Path(path).stem))
    except SettingsError as error:
        yield _from_error("directory", "wrong", error, language, settings)
        return
    yield Examined("directory", "ok", texts.say("doctor.directory_ok", language, path=path, count=count))


# --- the hub and the agent that run here ---------------------------------------------------------------


def _board(
    file: str, here: Running, settings: Settings, served: dict[str, Examined], language: str
) -> Iterator[Examined]:
    """Ask a board which interface each desk's line has and whether it hears it; put each interface into ``served``."""
    lines: dict[tuple[str, str], list[str]] = {}
    try:
        version = request("GET", here.url, "/v1/about", "").get("offhook", "?")
        for desk, token in here.tokens.items():
            line = request("GET", here.url, f"/v1/desk/calls?desk={desk}", token)
            if (error := error_in(line)) is not None:
                raise error
            why = "" if line.get("up") else str(line.get("why") or "line_lost")
            lines.setdefault((str(line.get("interface", "")), why), []).append(desk)
    except OffhookError as error:
        yield Examined(file, "wrong", error.text(language), texts.say("doctor.hub_stale", language))
        return
    seen = texts.say("doctor.hub_ok", language, url=here.url, version=version, desks=len(here.tokens))
    yield Examined(file, "ok", seen)
    for (interface, why), desks in sorted(lines.items(), key=lambda each: bool(each[0][1])):
        known = catalogue.known(interface)
        said = {"url": here.url, "desks": some_of(desks)}
        if why:
            own = [each.name for each in known.settings if not each.secret] if known else []
            params = {each: settings[f"{interface}.{each}"] for each in own}
            cause = texts.of_error("error", why, interface, language, params).replace(" (…)", "")
            down = texts.say("doctor.served_down", language, **said, why=cause)
            finding = Examined(file, "wrong", down, texts.say("doctor.served_down_hint", language))
        else:
            finding = Examined(file, "ok", texts.say("doctor.served", language, **said))
        if known is None:  # of a desk whose settings cannot be used, or not told by an older board
            yield replace(finding, name=said["desks"])
        elif why or interface not in served:
            served[interface] = replace(finding, name=interface)


# --- interfaces ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known when the interfaces are examined: settings, if readable; those a board was asked about."""

    settings: Settings | None
    served: dict[str, Examined]
    language: str

    def set_up(self) -> set[str]:
        """Return the interfaces that somebody has chosen, or set anything of."""
        settings = self.settings
        if settings is None:
            return set()
        chosen = {settings["hub.interface"]}
        if settings.place("interface") != "default":
            chosen.add(settings["interface"])
        own = (name for name, each in everything().items() if each.owner)
        owners = {name.partition(".")[0] for name in own if settings.place(name) not in ("default", "shared")}
        return {catalogue.canonical(name) for name in chosen} | owners


async def _interfaces(asked: _Asked) -> list[Examined]:
    """Say of each interface whether it can run here, and of each that is set up what comes of trying it."""
    language, set_up = asked.language, asked.set_up()
    found, not_yet, trying = list(asked.served.values()), [], []
    known = await catalogue.availabilities()
    unknown = sorted(set_up - {each.name for each in known})
    for each in [*known, *[await catalogue.availability(name) for name in unknown]]:
        if each.name in asked.served:
            continue
        if asked.settings is not None and each.name in set_up:
            trying.append(_tried(each, asked.settings, language))
        elif each.error is not None and each.error.code == "interface_not_there_yet":
            text, hint = each.error.text(language), each.error.hint_text(language)
            not_yet.append(Examined(each.name, "missing", text, hint, together="doctor.not_yet"))
        elif each.error is not None:
            found.append(_from_error(each.name, "missing", each.error, language))
        else:
            found.append(Examined(each.name, "missing", texts.say("doctor.interface_ok", language)))
    found += [finding for tried in await asyncio.gather(*trying) for finding in tried]
    return sorted(found, key=lambda finding: finding.name) + not_yet


async def _tried(available: Availability, settings: Settings, language: str) -> list[Examined]:
    """Have an interface try what is set; a tick only where nothing is wrong."""
    name, error = available
    if error is not None and error.code == "interface_broken":
        return [_from_error(name, "wrong", error, language, settings)]
    few = asyncio.Semaphore(AT_ONCE)

    async def of_one(desk: str, get: Callable[[], Settings]) -> list[tuple[str, Examined]]:
        try:
            whose = get()
        except OffhookError as wrong:
            return [(desk, _from_error(name, "wrong", wrong, language, settings))]
        async with few:
            seen = await _examination(name, whose)
        if error is not None and not seen:  # it cannot run here, and looked at nothing
            seen = [error]
        return [(desk, finding) for finding in _findings(name, seen, whose, language)]

    each = await asyncio.gather(*(of_one(desk, get) for desk, get in _whose(name, settings)))
    alike: dict[tuple[str, str], tuple[Examined, list[str]]] = {}
    for desk, finding in chain.from_iterable(each):
        alike.setdefault((finding.verdict, finding.text), (finding, []))[1].extend([desk] if desk else [])
    found = [
        replace(finding, text=texts.say("doctor.of_desks", language, desks=some_of(desks), text=finding.text))
        if desks
        else finding
        for finding, desks in alike.values()
    ]
    is_wrong = any(finding.verdict == "wrong" for finding in found)
    return [finding for finding in found if not (is_wrong and finding.verdict == "ok")]


def _whose(name: str, settings: Settings) -> list[tuple[str, Callable[[], Settings]]]:
    """Return the settings to try an interface with: this user's.

    Of one with which a hub gives each desk a line of its own: each desk's, under its extension.
    """
    said = catalogue.known(name)
    is_hubs = (
        settings.place("hub.interface") != "default"
        and catalogue.canonical(settings["hub.interface"]) == name
    )
    if said is None or not said.per_desk or said.applies_rules or not is_hubs:
        return [("", lambda: settings)]
    desks = extensions(settings["hub.desks"])
    first = DeskKey(settings["desk.extension"] or desks[0])
    of_desks = DeskSettings(name, 0, per_desk=True, first=first)
    return [(desk, partial(of_desks.settings, DeskKey(desk))) for desk in desks]


def _findings(name: str, seen: Sequence[Seen], settings: Settings, language: str) -> list[Examined]:
    """Return what an interface saw as findings, a tick first: it stands if nothing is wrong."""
    found: list[Examined] = []
    tried: list[str] = []
    for each in seen:
        if isinstance(each, Tried):
            tried.append(texts.say(f"{name}/tried.{each.what}", language, **each.params))
        elif isinstance(each, Doubt):
            found.append(_from_error(name, "missing", each.error, language, settings))
        else:
            found.append(_from_error(name, "wrong", each, language, settings, tried="; ".join(tried)))
    key = "doctor.tried" if tried else "doctor.examined"
    return [Examined(name, "ok", texts.say(key, language, tried="; ".join(tried))), *found]


async def _examination(name: str, settings: Settings) -> list[Seen]:
    """Return what an interface sees, asked beside the loop and for no longer than :data:`PATIENCE_S`."""
    seen: list[Seen] = []

    async def look() -> None:
        with catalogue.answering(name):
            kind = catalogue.load(name)
            made, desks = _made(kind, settings)
            async for each in made.examine(desks):
                if not isinstance(each, OffhookError | Tried | Doubt):
                    raise TypeError(f"its examination yields {each!r:.60}")
                seen.append(each)

    try:
        async with asyncio.timeout(PATIENCE_S):
            await in_thread(lambda: asyncio.run(look()))
    except OffhookError as error:
        seen.append(error)
    except TimeoutError:
        seen.append(Unavailable("examination_late", name=name, seconds=f"{PATIENCE_S:g}"))
    for each in seen:
        if (fault := fault_in(each)) is not None:
            fault.interface = fault.interface or name
    return list(seen)


def _made(kind: type[Interface], settings: Settings) -> tuple[Interface, list[str]]:
    """Return an interface as its settings make it, and the desks it is to serve."""
    own, view = settings["desk.extension"], View(kind.about, settings.__getitem__)
    if kind.about.per_desk:
        return kind.for_desk(own, view)[0], [own]
    desks = extensions(settings["hub.desks"])
    if own:
        desks = [own] if settings.place("hub.desks") == "default" else list(dict.fromkeys([*desks, own]))
    return kind.for_desk("", view)[0], desks


# --- printing ------------------------------------------------------------------------------------------


def _from_error(
    name: str,
    verdict: str,
    error: OffhookError,
    language: str,
    settings: Settings | None = None,
    tried: str = "",
) -> Examined:
    """Return what an error says, and where the settings concerned are set."""
    text, hint = error.text(language), error.hint_text(language)
    where = _where(settings, f"{text} {hint}", error) if settings is not None else {}
    return Examined(name, verdict, text, hint, tried, where)


def _where(settings: Settings, said: str, error: OffhookError) -> dict[str, str]:
    """Return the origin of each setting that is set and that an error names, by its name or its value."""
    named = set(re.findall(r"[a-z]+\.[a-z_]+|[a-z]+_[a-z_]+", said))
    return {
        name: settings.origin(name)
        for name, each in everything().items()
        if settings.place(name) != "default"
        and (name in named or (each.kind in TELLING and settings.shown(name) in error.params.values()))
    }


def _print(finding: Examined, language: str) -> None:
    from offhook.cli import colours

    colour, plain = (COLOURS[finding.verdict], "\033[0m") if colours(sys.stdout) else ("", "")
    head = f"{colour}{MARKS[finding.verdict]} {finding.name:13}{plain} {finding.text}"
    more = []
    if finding.tried:
        more.append(texts.say("doctor.line_tried", language, tried=finding.tried))
    if finding.settings:
        where = (f"{name} ({origin})" for name, origin in finding.settings.items())
        more.append(texts.say("doctor.line_set", language, settings=", ".join(where)))
    hint = [f"→ {finding.hint}"] if finding.hint else []
    if not more and finding.verdict == "missing":
        print(" ".join([head, *hint]))
        return
    print(head)
    for line in [*more, *hint]:
        print(f"  {'':13} {line}")


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
