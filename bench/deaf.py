"""How long a hub hears nobody: 10,000 connected desks, a minute of silence and a minute of 50 calls a second.

Then the switch is lost and comes back with 3,000 more calls in progress, which every desk must be told of.

A probe inside the hub (``lag.py``) measures how late its event loop turns, beside the same for
``relay.py``, the named baseline, which only passes lines on. The aim: 99.9 of 100 turns at most 50 ms late. The longest
stall is printed with the processor time its thread took and where it stood; a stall without processor time is the
machine's. Also printed: how long the hub takes to start, and the memory a connected desk takes.

Run: ``make bench`` or ``python -m bench.deaf [DESKS] [SECONDS] [CALLS_S]``.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.stream import HERE, Process, percentile

BIN = Path(sys.executable).parent
AIM_MS = 50
FIRST = 20001
KEPT = 3_000
"""How many calls there are when the switch is lost."""


def measure(which: str, desks: int, seconds: float, rate: float) -> None:
    """Start everything, connect the desks, and print how the loop did in each phase."""
    with tempfile.TemporaryDirectory() as home:
        told = Path(home) / "lag.jsonl"
        environment = os.environ | {"OFFHOOK_HOME": home, "LAG_FILE": str(told)}
        span = f"{FIRST}-{FIRST + desks - 1}"
        exchange = Process(
            [sys.executable, str(HERE / "exchange.py"), str(FIRST), str(desks), str(rate)], environment
        )
        running = [exchange]
        try:
            address = exchange.hear()["simulator"]
            begun = time.monotonic()
            words = {
                "hub": ["offhook", "hub", "--json", "--port", "0", "--desks", span, "--simulator", address],
                "relay": ["relay", address, "0"],
            }[which]
            served = Process([sys.executable, str(HERE / "lag.py"), *words], environment)
            running.append(served)
            said = served.hear()
            started = time.monotonic() - begun
            tokens = {str(FIRST + number): "" for number in range(desks)}
            if which == "hub":
                tokens = json.loads((Path(home) / "hub.json").read_text())["tokens"]
            alone = served.memory_mb()
            listeners = Process([sys.executable, str(HERE / "desks.py")], environment)
            running.append(listeners)
            listeners.say({"url": said["hub"], "desks": tokens, "page": ""})
            listeners.hear()
            each = (served.memory_mb() - alone) / desks * 1000
            print(f"{which:5}  started in {started:.1f} s, {each:.0f} kB a desk", flush=True)
            time.sleep(15)  # time to clear away what connecting left behind
            listeners.say("begin")
            listeners.hear()
            phase(which, "nobody calls", served, told, seconds)
            exchange.say("call")
            phase(which, f"{rate:g} calls/s", served, told, seconds)
            if which == "hub":
                exchange.say(f"keep {min(KEPT, desks)}")
                exchange.hear()
                phase(which, "more calls", served, told, 5)
                exchange.say("drop")
                phase(which, "lost and back", served, told, max(10, seconds / 4))
            listeners.say("end")
            delays = listeners.hear()["delays"][:]
            print(f"{which:5}  events heard: {len(delays)}, p50 {percentile(delays, 0.5):.1f} ms", flush=True)
        finally:
            for process in running:
                process.stop()


def phase(which: str, name: str, served: Process, told: Path, seconds: float) -> None:
    """Let it run for so long, and print how late its loop was."""
    told.unlink(missing_ok=True)
    tell(served, told)
    cpu = served.cpu_s()
    time.sleep(seconds)
    found = tell(served, told)
    used = (served.cpu_s() - cpu) / seconds * 100
    print(
        f"{which:5}  {name:14} late by p50 {found['p50']:.1f}, p99 {found['p99']:.1f}, "
        f"p99.9 {found['p99_9']:.1f} ms (aim {AIM_MS}); {used:.0f} % of one processor\n"
        f"       longest {found['longest']:.0f} ms, its thread took {found['thread_cpu']:.0f} ms of it, "
        f"the collector {found['collecting']:.0f} ms",
        flush=True,
    )
    if found["longest"] > AIM_MS:
        print("".join(f"         {line}\n" for line in found["stack"].splitlines()), end="", flush=True)


def tell(served: Process, told: Path) -> dict[str, Any]:
    """Have the probe say what it found since the last time."""
    before = told.read_text().count("\n") if told.exists() else 0
    os.kill(served.process.pid, signal.SIGUSR1)
    while not told.exists() or told.read_text().count("\n") == before:
        time.sleep(0.01)
    found: dict[str, Any] = json.loads(told.read_text().splitlines()[-1])
    return found


def main() -> None:
    """Measure the relay and the hub, one after the other."""
    desks = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60
    rate = float(sys.argv[3]) if len(sys.argv) > 3 else 50
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{desks} desks; {seconds:.0f} s of nothing, then {seconds:.0f} s of {rate:g} calls a second")
    for which in ("relay", "hub"):
        measure(which, desks, seconds, rate)


if __name__ == "__main__":
    main()
