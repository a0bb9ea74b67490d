"""How to reach what runs on this machine: ``hub.json`` and ``agent.json``, readable by their owner only.

The file lets every command on the machine find the hub or agent without a setting. It holds the desks' tokens, so
it is written with mode 600 and removed when the program stops. One that a killed program left behind is not believed:
somebody else may listen on its port by now, and would be shown a token. Whoever lives holds its lock.
"""

import contextlib
import json
import os
from typing import NamedTuple

from offhook.settings.places import home

HUB, AGENT = "hub.json", "agent.json"


class Running(NamedTuple):
    """Its address, its desks' tokens, and where its pretend telephone system is, if it has one."""

    url: str
    tokens: dict[str, str]
    world: str = ""

    def __repr__(self) -> str:
        """Leave the tokens out."""
        return f"Running(url={self.url!r}, desks={list(self.tokens)!r})"


def announce(here: Running, name: str = HUB, folder: str | None = None) -> str:
    """Write down where it is; returns the file."""
    from offhook.settings.files import (
        write_whole,  # with SQLite: a click without a board need not wait for it
    )

    folder = folder or home()
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, name)
    write_whole(path, json.dumps(here._asdict()).encode())
    return path


def withdraw(path: str) -> None:
    """Remove what :func:`announce` wrote."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def running(name: str = HUB, folder: str | None = None, *, in_passing: bool = False) -> Running | None:
    """Return the hub, or the agent, that runs here, or ``None``. ``in_passing``: see :func:`is_held`."""
    folder = folder or home()
    try:
        with open(os.path.join(folder, name), "rb") as file:
            found = json.load(file)
        here = Running(str(found["url"]), dict(found["tokens"]), str(found.get("world", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    from offhook.settings.files import is_held

    return here if is_held(os.path.join(folder, lock_of(name)), in_passing=in_passing) else None


def lock_of(name: str) -> str:
    """Return the name of the lock that whoever announces itself so holds for as long as it lives."""
    return f"{name.removesuffix('.json')}.lock"
