"""The recordings of real switches, and what replays them."""

import json
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from offhook import catalogue
from offhook.model import Event
from offhook.switch.plan import Plan, plan_from
from offhook.switch.recordings import recorded
from offhook.switch.story import is_told, story

DATA = Path(__file__).parent / "data"
RECORDINGS = DATA / "recordings"
CONFIG = RECORDINGS / "switch.toml"
TRUTH = json.loads((DATA / "truth.json").read_text("utf-8"))
TRUTH["lab"] = json.loads((RECORDINGS / "lab" / "truth.json").read_text("utf-8"))
INTERFACES = {"ami": "asterisk", "esl": "freeswitch", "lab": "asterisk"}
NAMES = [(kind, name) for kind in ("ami", "esl") for name in TRUTH[kind]]
LAB = [("lab", name) for name in TRUTH["lab"]]
AT = datetime(2026, 11, 22, 14, tzinfo=UTC)


def path_of(kind: str, name: str) -> Path:
    return RECORDINGS / kind / f"{name}.{'esl' if kind == 'esl' else 'ami'}.gz"


def data_of(kind: str, name: str) -> bytes:
    return recorded(path_of(kind, name))[0]


def plan_for(kind: str) -> Plan:
    section = INTERFACES[kind]
    return plan_from(tomllib.loads(CONFIG.read_text("utf-8"))[section], section)


class Replayed:
    """What came of a replay: the stories, the desks' events, and the legs left over."""

    def __init__(self, kind: str) -> None:
        self._talks: list[Any] = []
        interface: Any = catalogue.load(INTERFACES[kind])
        self.framer, self.watch = interface.reading(plan_for(kind), "FR", self._talks.append)
        self.watch.syncing = False
        self.events: list[Event] = []
        self.left = 0

    def chunks(self, chunks: Iterable[bytes]) -> "Replayed":
        for chunk in chunks:
            self.messages(self.framer.receive(chunk))
        return self.end()

    def messages(self, messages: Iterable[Any]) -> "Replayed":
        for message in messages:
            self.events += self.watch.take(message, AT)
        return self

    def end(self) -> "Replayed":
        self.watch.settle(None)
        self.left = len(self.watch.legs.legs)
        self.watch.settle_all(AT)
        return self

    @property
    def stories(self) -> list[dict[str, Any]]:
        return [story(talk) for talk in sorted(self._talks, key=lambda talk: talk.order) if is_told(talk)]


def differences(told: Sequence[dict[str, Any]], truth: Sequence[dict[str, Any]]) -> list[str]:
    """Return where a story is not the truth; what it adds does not matter."""
    if len(told) != len(truth):
        return [f"{len(told)} calls, not {len(truth)}"]
    return [
        f"{key}: {mine.get(key)!r}, not {value!r}"
        for mine, true in zip(told, truth, strict=True)
        for key, value in true.items()
        if mine.get(key) != value
    ]


def messages_of(kind: str, name: str) -> list[Any]:
    """Return a recording's events, as far as they are read."""
    return [message for message in Replayed(kind).framer.receive(data_of(kind, name)) if message.event]
