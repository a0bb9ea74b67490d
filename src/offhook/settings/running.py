"""Where the hub running on this machine says how to reach it: ``hub.json``, readable by its owner only.

It lets every command on the machine find the hub without a setting. It holds the desks' tokens, so it is
written with mode 600 and taken away when the hub stops; what a killed hub left behind does no harm.
"""

import contextlib
import json
import os
from typing import NamedTuple

from offhook.settings.layers import home

NAME = "hub.json"


class RunningHub(NamedTuple):
    """The hub's address, its desks' tokens, and the pretend exchange's address where there is one."""

    url: str
    tokens: dict[str, str]
    simulator: str = ""

    def __repr__(self) -> str:
        """Leave the tokens out."""
        return f"RunningHub(url={self.url!r}, desks={list(self.tokens)!r})"


def announce(hub: RunningHub, folder: str | None = None) -> str:
    """Write down where the hub is; returns the file."""
    folder = folder or home()
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, NAME)
    draft = f"{path}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": hub.url, "tokens": hub.tokens, "simulator": hub.simulator}, file)
    os.replace(draft, path)
    return path


def withdraw(path: str) -> None:
    """Take away what :func:`announce` wrote."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def running(folder: str | None = None) -> RunningHub | None:
    """Return the hub that said it runs here, or ``None``."""
    try:
        with open(os.path.join(folder or home(), NAME), "rb") as file:
            found = json.load(file)
        return RunningHub(str(found["url"]), dict(found["tokens"]), str(found.get("simulator", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
