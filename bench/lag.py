"""How long a program's event loop stands still: runs the program with a probe in it.

``python bench/lag.py PROGRAM ARGUMENT…``: the program is ``offhook`` or a script here (``relay``). At each SIGUSR1 one
JSON line goes to the file that ``LAG_FILE`` names, and counting begins anew: how late a tick every 5 ms came (p50, p99,
p99.9, longest; ms), and for the longest stall the processor time the loop's thread took (a stall without it is the
machine's), how much of it went to the collector, and where the loop stood.
"""

import asyncio
import gc
import json
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

TICK_S = 0.005
STALL_S = 0.02
"""How late a tick may be before a look is taken at where the loop stands."""


class Probe:
    """Ticks in the loop, and a thread that looks when a tick does not come."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._worst: dict[str, Any] = {"lag": 0.0}
        self._loop_thread = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._loop_thread)
        self._last = (time.monotonic(), time.clock_gettime(self._clock))
        self._stood: tuple[float, str] = (0.0, "")
        self._collecting, self._collected = 0.0, 0.0
        gc.callbacks.append(self._collects)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to tick, and to look."""
        self._tick(loop, time.monotonic())
        threading.Thread(target=self._look, daemon=True).start()
        loop.add_signal_handler(signal.SIGUSR1, self._tell)

    def _collects(self, phase: str, _about: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.monotonic()
        else:
            self._collected += time.monotonic() - self._collecting

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now, cpu = time.monotonic(), time.clock_gettime(self._clock)
        lag = now - due
        self._lags.append(lag)
        if lag > self._worst["lag"]:
            began, stack = self._stood
            self._worst = {
                "lag": lag,
                "thread_cpu": cpu - self._last[1],
                "collecting": self._collected,
                "stack": stack if began == self._last[0] else "one call that lets no other thread look",
            }
        self._collected = 0.0
        self._last = now, cpu
        loop.call_later(TICK_S, self._tick, loop, now + TICK_S)

    def _look(self) -> None:
        while True:
            time.sleep(STALL_S / 2)
            began = self._last[0]
            if time.monotonic() - began > TICK_S + STALL_S:
                frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - the documented way to look
                lines = traceback.format_stack(frame)[-6:] if frame else []
                self._stood = began, "".join(lines)

    def _tell(self) -> None:
        lags, self._lags = sorted(self._lags) or [0.0], []
        worst, self._worst = self._worst, {"lag": 0.0}
        parts = {name: lags[min(len(lags) - 1, int(len(lags) * part))] for name, part in PARTS.items()}
        found = {"ticks": len(lags), **parts, "longest": worst["lag"]}
        said = {name: value * 1000 if name != "ticks" else value for name, value in found.items()}
        told = said | {
            "thread_cpu": worst.get("thread_cpu", 0.0) * 1000,
            "collecting": worst.get("collecting", 0.0) * 1000,
            "stack": worst.get("stack", ""),
        }
        with Path(os.environ["LAG_FILE"]).open("a") as out:
            out.write(json.dumps(told) + "\n")


PARTS = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999}


def main() -> None:
    """Run the program with the probe in its loop."""
    run = asyncio.run

    def probed(main: Any, **words: Any) -> Any:
        async def both() -> Any:
            Probe().start(asyncio.get_running_loop())
            return await main

        return run(both(), **words)

    asyncio.run = probed
    program, *rest = sys.argv[1:]
    sys.argv = [program, *rest]
    if program == "offhook":
        from offhook.cli import main as offhook

        sys.exit(offhook())
    runpy.run_path(str(Path(__file__).with_name(f"{program}.py")), run_name="__main__")


if __name__ == "__main__":
    main()
