"""Scenes at the pretend exchange: what people and links do there, and what every desk is then told, line by line.

A scene in ``tests/data/exchange_scenes.txt`` begins with ``# name`` and settings of the exchange. A line ``> …`` is what
is done (``> 1001 MakeCall to=1002``, ``> wait 2``, ``> Incoming to=1001``); ``#1`` is the first call of the desk that is meant,
in the order they came to it. The lines below are what the exchange then says on its link: ``1001 #1 Delivered …``; ``! reason``
is a refusal. ``= …`` is a connection of a snapshot.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from offhook.interfaces.simulator.pbx import Habit, Numbering, Pbx, PbxRefused

PLACE = Path(__file__).parent / "data" / "exchange_scenes.txt"
PLAN = Numbering(
    phones={"1001": "Claire", "1002": "Hugo", "1003": "Inès", "1004": "Paul", "1005": "Rémi", "1006": "Zoé", "1007": "Luc"},
    groups={"600": ("1001", "1002", "1004")},
    queues={"700": ("1001", "1003")},
    direct={"02888300300": "1001"},
    habits={
        "1004": Habit("busy"), "1005": Habit("reject", ring_s=1.0), "1006": Habit(pick_up_s=None), "1007": Habit(ring_s=1.0, after_s=2.0, talk_s=10.0),
        **{desk: Habit(pick_up_s=0.5) for desk in ("1001", "1002", "1003")},
    },
    outside={
        "0388000001": Habit("busy", ring_s=1.0), "0388000002": Habit("unallocated", ring_s=1.0), "0388000003": Habit(ring_s=1.0),
        "0388000004": Habit("reject", ring_s=1.0), "17": Habit(ring_s=0.5, after_s=1.0),
    },
    unregistered=frozenset({"1008"}),
)  # fmt: skip
SAID = ("alerting", "by", "to", "kind", "why", "taken")
VIEWED = ("called", "role", "slot", "data", "cause", "outside", "click")


class Scene:
    """One exchange from its first moment; :meth:`play` is one line of what is done."""

    def __init__(self) -> None:
        self.pbx = Pbx(PLAN, "x")
        self.now = 1_000_000.0
        self.pbx.tick(self.now)
        self.keys: dict[str, list[str]] = {}
        self.threads: list[str] = []

    def play(self, line: str) -> list[str]:
        """Return what is said of it."""
        words = line.split()
        if words[0] == "wait":
            self.now += float(words[1])
            self.pbx.tick(self.now)
            return self.said()
        if words[0] == "snapshot":
            return [
                f"= {view['device']} {self.facts(view)} {view['state']}"
                for view in self.pbx.snapshot()["connections"]
            ]
        device = words.pop(0) if words[0].isdigit() else ""
        request: dict[str, Any] = {"do": words.pop(0)} | ({"device": device} if device else {})
        for word in words:
            key, _equals, value = word.partition("=")
            number = int(value[1:]) - 1 if value.startswith("#") else -1
            keys = self.keys.get(device, [])
            request[key] = (
                keys[number]
                if 0 <= number < len(keys)
                else json.loads(value)
                if key == "data" or key.endswith("_s")
                else value
            )
        try:
            answer = self.pbx.do(request, self.now)
        except PbxRefused as error:
            return [f"! {error}", *self.said()]
        slot = [f"slot {answer['slot']}"] if "slot" in answer else []
        return [*slot, *self.said()]

    def said(self) -> list[str]:
        """Return what the exchange said since the last time."""
        return [
            f"{view['device']} {self.facts(view)} {view['event']}{self.more(view)}"
            for view in self.pbx.drain()
        ]

    def call(self, device: str, key: str) -> str:
        keys = self.keys.setdefault(device, [])
        if key not in keys:
            keys.append(key)
        return f"#{keys.index(key) + 1}"

    def facts(self, view: dict[str, Any]) -> str:
        """The connection, whom it sees, and what is unusual about it."""
        if view["thread"] not in self.threads:
            self.threads.append(view["thread"])
        party = "/".join(filter(None, (view["party"]["number"], view["party"]["name"])))
        found = [
            self.call(view["device"], view["call"]),
            f"~{self.threads.index(view['thread']) + 1}",
            party,
            view["role"],
        ]
        found += [f"called={view['called']}"] if view["called"] != view["party"]["number"] else []
        found += ["outside"] if view["outside"] else []
        found += ["click"] if view["click"] else []
        found += ["answered"] if view["answered"] else []
        found += ["ringing"] if view["ringing"] else []
        found += [f"consult_of={self.call(view['device'], view['consult_of'])}"] if view["consult_of"] else []
        found += [f"{name}={view[name]}" for name in ("slot", "data", "cause") if view[name]]
        return " ".join(found)

    def more(self, view: dict[str, Any]) -> str:
        found = [f"{name}={view[name]}" for name in SAID if view.get(name)]
        found += [f"old={self.call(view['device'], view['old'])}"] if "old" in view else []
        return "".join(f" {each}" for each in found)


def scenes() -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """Yield each scene's name and its steps, with what is said after each."""
    for part in PLACE.read_text("utf-8").split("\n# ")[1:]:
        name, *lines = part.splitlines()
        steps: list[tuple[str, list[str]]] = []
        for line in lines:
            if line.startswith("> "):
                steps.append((line[2:], []))
            elif line.strip():
                steps[-1][1].append(line.strip())
        yield name, steps
