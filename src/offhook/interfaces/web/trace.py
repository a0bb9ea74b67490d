"""The trace file the seed names: ``DhDivaltoClickToCall.log``, written where the file says ``debug`` 1.

Each request and reply with its time and status; rotated at a megabyte, three kept, readable by its owner only.
No secret is written in any form.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator

from offhook.interfaces.web.wire import Reply, Request
from offhook.masking import masked
from offhook.seed.replies import decoded

NAME = "DhDivaltoClickToCall.log"
LONGEST = 1 << 20
KEPT = 3
SHOWN = 2000


class Trace:
    """Writes what goes over the wire to ``folder``, and tells ``told``; ``""`` or ``None`` turns each off."""

    def __init__(self, folder: str = "", told: Callable[[str], None] | None = None) -> None:
        self._path = os.path.join(folder, NAME) if folder else ""
        self._told = told

    @contextlib.contextmanager
    def watched(self, told: Callable[[str], None]) -> Iterator[None]:
        """Tell ``told`` what goes over the wire during the block."""
        before, self._told = self._told, told
        try:
            yield
        finally:
            self._told = before

    def sent(self, request: Request, secrets: Iterable[str]) -> None:
        """Note a request that goes out now."""
        if self._on:
            self._write(masked(request.shown, secrets))

    def got(self, reply: Reply, took_s: float, secrets: Iterable[str], *, show: bool = True) -> None:
        """Note what came back; a reply that holds a token is not shown."""
        if not self._on:
            return
        text = f"({len(reply.body)} bytes, not shown)"
        if show:  # masked before it is cut: half a secret is still a secret
            text = masked(decoded(reply.body, reply.headers.get("content-type", "")), secrets)[:SHOWN]
        head = f"{reply.status or '–'} {reply.fault} {took_s * 1000:.0f} ms".replace("  ", " ")
        self._write(masked(f"{head}\n{text}" if text else head, secrets))

    def failed(self, why: str, secrets: Iterable[str]) -> None:
        """Note an exchange that failed."""
        if self._on:
            self._write(masked(why, secrets))

    @property
    def _on(self) -> bool:
        return bool(self._path or self._told)

    def _write(self, text: str) -> None:
        if self._told is not None:
            self._told(text)
        if not self._path:
            return
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1000):03}"
        clean = "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)
        lines = clean.splitlines() or [""]
        entry = f"{stamp} [{os.getpid()}] {lines[0]}\n" + "".join(f"    {line}\n" for line in lines[1:])
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            self._rotate()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(entry.encode("utf-8", "replace"))
        except OSError:
            self._path = ""  # a trace that cannot be written must not stop the telephone

    def _rotate(self) -> None:
        if not os.path.exists(self._path) or os.path.getsize(self._path) < LONGEST:
            return
        for number in range(KEPT - 1, 0, -1):
            if os.path.exists(f"{self._path}.{number}"):
                os.replace(f"{self._path}.{number}", f"{self._path}.{number + 1}")
        os.replace(self._path, f"{self._path}.1")
