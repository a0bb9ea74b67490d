"""What each desk is told in a recording, as lines a person can read and a test can compare.

``python tests/heard.py`` prints them. They are compared with ``tests/data/desk_events.txt``, which was read line by
line: write a difference there once you have read it and know it to be right. A line that is known to be wrong ends
with ``wrong: kind N``; the kinds are listed at the top of that file.
"""

import re
from pathlib import Path
from typing import Any

from offhook.codec import encode_event
from recordings import DATA, LAB, NAMES, Replayed, messages_of

FILE = DATA / "desk_events.txt"
MARK = re.compile(r"\s+wrong: kind \d+.*$")
LEFT_OUT = ("event", "at", "line", "call", "refs", "dialled", "raw")
NAMED = {"conversation": "~", "other": "#", "consult_of": "#"}
"""What is an id, and the sign that its short name here begins with: the n-th of its kind in the recording."""


def heard(kind: str, name: str) -> list[str]:
    """Return the events of a recording, a line each: desk, call, event, and what it says."""
    short: dict[str, str] = {}
    return [
        _line(encode_event(event), short)
        for event in Replayed(kind).messages(messages_of(kind, name)).end().events
    ]


def _line(event: dict[str, Any], short: dict[str, str]) -> str:
    def named(sign: str, value: str) -> str:
        count = sum(each.startswith(sign) for each in short.values())
        return short.setdefault(sign + value, f"{sign}{count + 1}")

    call = named("#", event["call"])
    facts = [
        f"{key}={named(NAMED[key], value) if key in NAMED else _told(value)}"
        for key, value in event.items()
        if key not in LEFT_OUT
    ]
    raw, dialled = event.get("raw", ""), event.get("dialled", "")
    facts += [f"raw={raw}"] if raw not in (event.get("number", ""), "") else []
    facts += [f"dialled={dialled}"] if dialled else []
    return " ".join([event["line"], call, event["event"], *facts])


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ":".join(map(str, value.values()))
    return str(value)


def everything() -> str:
    """Return the whole file as the code would have it, without a word about what is wrong."""
    return "\n".join(f"\n{kind}/{name}\n" + "\n".join(heard(kind, name)) for kind, name in NAMES + LAB)


def written(path: Path = FILE) -> dict[tuple[str, str], list[str]]:
    """Return the file's lines by recording, marks and all."""
    found: dict[tuple[str, str], list[str]] = {}
    lines: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith(("ami/", "esl/", "lab/")):
            kind, name = line.split("/")
            lines = found.setdefault((kind, name), [])
        elif line and not line.startswith("//"):
            lines.append(line)
    return found


if __name__ == "__main__":
    print(everything())
