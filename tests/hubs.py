"""Real processes for the tests: a pretend exchange, a hub, the demo, each on a free port."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OFFHOOK = str(Path(sys.executable).with_name("offhook"))


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment without this machine's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFHOOK_")}
    return kept | {"OFFHOOK_HOME": str(home), "OFFHOOK_LANGUAGE": "en", "PYTHONWARNINGS": "default"} | more


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """An ``offhook`` process that says in one JSON line where it is."""

    def __init__(self, home: Path, *words: str, **more: str) -> None:
        self.process = subprocess.Popen(
            [OFFHOOK, *words, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(home, **more),
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _out, error = self.process.communicate(timeout=20)
            self._close()
            raise RuntimeError(f"{words}: {error}")
        self.said: dict[str, Any] = json.loads(line)
        if "error" in self.said:
            self.process.wait(20)
            self._close()
            raise RuntimeError(self.said["error"]["text"])

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        self._close()

    def stop(self) -> int:
        """Ask it to stop; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        finally:
            self._close()

    def _close(self) -> None:
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@contextmanager
def program(home: Path, *words: str, **more: str) -> Iterator[Program]:
    """Run one for the length of a block."""
    running = Program(home, *words, **more)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def offhook(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [OFFHOOK, *words],
        capture_output=True,
        text=True,
        env=environment(home, **more),
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
