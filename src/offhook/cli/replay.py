"""``offhook replay``: what Offhook understands in a recording of a switch."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from offhook import catalogue, texts
from offhook.cli.listen import show
from offhook.errors import CommandError, SettingsError, Unsupported, reason
from offhook.model import News
from offhook.settings.places import resolve
from offhook.switch.link import SwitchLink
from offhook.switch.plan import Plan, plan_from
from offhook.switch.recordings import recorded
from offhook.switch.story import is_told, story
from offhook.switch.talk import Talk

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""When a recording begins, where it does not say so."""


def replay(options: Namespace) -> int:
    """Print the events of a recording, or with ``--calls`` the calls, in the order they began."""
    kind = catalogue.load(options.interface)
    if not issubclass(kind, SwitchLink):
        raise Unsupported("not_by_interface", command="replay", by=options.interface)
    plan = _plan(options)
    talks: list[Talk] = []
    framer, watch = kind.reading(plan, resolve()["country"], talks.append)
    watch.syncing = False
    at = BEGINNING
    for at, data in _chunks(Path(options.file)):
        for message in framer.receive(data):
            for event in watch.take(message, at):
                if not options.calls:
                    if not options.json:
                        print(f"{event.line:>6}  ", end="")
                    show(News(event, None), options)
    watch.settle(None)
    watch.settle_all(at)
    if options.calls:
        for talk in sorted(talks, key=lambda talk: talk.order):
            if is_told(talk):
                _print(story(talk), options)
    return 0


def _plan(options: Namespace) -> Plan:
    if not options.config:
        print(texts.say("cli.replay.guessed", options.language), file=sys.stderr)
        return Plan()
    import tomllib

    try:
        found = tomllib.loads(Path(options.config).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError("settings_file_unreadable", path=options.config, why=reason(error)) from None
    beside = [each.name for each in catalogue.about(options.interface).settings]
    return plan_from(found.get(options.interface, {}), options.interface, beside)


def _chunks(path: Path) -> Iterator[tuple[datetime, bytes]]:
    """Yield the recorded reads with their times; without times, the whole in pieces."""
    try:
        data, reads = recorded(path)
    except (OSError, ValueError, TypeError) as error:
        raise CommandError("recording_unreadable", path=str(path), why=reason(error)) from None
    if sum(length for _seconds, _start, length in reads) != len(data):
        reads = [(0.0, start, 1 << 16) for start in range(0, len(data), 1 << 16)]
    for seconds, start, length in reads:
        yield BEGINNING + timedelta(seconds=seconds), data[start : start + length]


def _print(told: dict[str, Any], options: Namespace) -> None:
    if options.json:
        print(json.dumps(told, ensure_ascii=False))
        return
    words = [f"{told['from'] or '?'} → {told['to'] or '?'}", told["direction"], told["result"]]
    if told.get("answered_by"):
        words.append(texts.say("cli.replay.answered_by", options.language, who=told["answered_by"]))
    words += [
        f"{each['kind']} {each['by']} → {each['to']}: {each['result']}" for each in told.get("transfers", ())
    ]
    print("  ".join(words))
