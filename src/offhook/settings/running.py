"""Where the hub running on this machine says how to reach it: ``hub.json``, readable by its owner only.

It lets every command on the machine find the hub without a setting. It holds the desks' tokens, so it is
written with mode 600 and taken away when the hub stops; what a killed hub left behind does no harm.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from offhook.settings.layers import home

NAME = "hub.json"


@dataclass(frozen=True, slots=True)
class RunningHub:
    """The hub's address, its desks' tokens, and the pretend exchange's address where there is one."""

    url: str
    tokens: dict[str, str] = field(repr=False)
    simulator: str = ""


def announce(hub: RunningHub, folder: Path | None = None) -> Path:
    """Write down where the hub is; returns the file."""
    folder = folder or home()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / NAME
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": hub.url, "tokens": hub.tokens, "simulator": hub.simulator}, file)
    draft.replace(path)
    return path


def running(folder: Path | None = None) -> RunningHub | None:
    """Return the hub that said it runs here, or ``None``."""
    try:
        found = json.loads((folder or home()).joinpath(NAME).read_bytes())
        return RunningHub(str(found["url"]), dict(found["tokens"]), str(found.get("simulator", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
