"""From the exchange's event to the desk's stream and to the page, with 1,000 desks connected.

A pretend exchange in a process of its own lets customers call at 1, 10 and 100 calls a second: open-loop,
each call when it is due, however slow the rest is; every event is stamped with the moment it was due. The
hub, the desks and, for one desk, a real Chromium with the desk page each run in their own process. The
delay from that stamp to the read on the desk's stream, and to the card showing on the page, is printed as
p50 and p99 beside the same for a bare relay (``relay.py``), the named baseline, and the share of one
processor each process took. The stamp is made before the byte is sent: what is printed is an upper bound
of the time from byte at the hub to desk.

Run: ``make bench`` or ``python bench/stream.py [DESKS] [SECONDS]``.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from offhook.interfaces.simulator.server import ask

BIN = Path(sys.executable).parent
HERE = Path(__file__).parent
RATES = (1, 10, 100)
PAGE_CALLS_S = 2.0
WATCH = """() => {
  window.shown = {};
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes)
      if (node.dataset?.call) window.shown[node.dataset.call] = (performance.timeOrigin + performance.now()) / 1000;
  }).observe(document.getElementById("call-list"), { childList: true });
}"""


class Process:
    """A process that speaks JSON lines, and what it cost."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def hear(self) -> dict[str, Any]:
        """Read one line."""
        assert self.process.stdout is not None  # noqa: S101 - a pipe was asked for
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def say(self, value: object) -> None:
        """Write one line."""
        assert self.process.stdin is not None  # noqa: S101 - a pipe was asked for
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def cpu_s(self) -> float:
        """Return the processor seconds it has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Return the memory it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def processes(
    which: str, rate: float, desks: int, home: str
) -> Iterator[tuple[Process, Process, Process, dict[str, str], dict[str, Any]]]:
    """Start exchange, hub (or relay) and desks; yields them, the desks' tokens and what the hub said."""
    environment = os.environ | {"OFFHOOK_HOME": home}
    span = f"2001-{2000 + desks}"
    running: list[Process] = []
    try:
        exchange = Process(
            [
                str(BIN / "offhook"),
                "simulate",
                "--json",
                "--desks",
                span,
                "--traffic",
                str(rate),
                "--talk",
                "4",
            ],
            environment,
        )
        running.append(exchange)
        address = exchange.hear()["simulator"]
        if which == "hub":
            words = [
                str(BIN / "offhook"),
                "hub",
                "--json",
                "--port",
                "0",
                "--desks",
                span,
                "--simulator",
                address,
            ]
            hub = Process(words, environment)
        else:
            hub = Process([sys.executable, str(HERE / "relay.py"), address, "0"], environment)
        running.append(hub)
        said = hub.hear() | {"simulator": address}
        tokens = {str(number): "" for number in range(2001, 2001 + desks)}
        if which == "hub":
            tokens = json.loads((Path(home) / "hub.json").read_text())["tokens"]
        listeners = Process([sys.executable, str(HERE / "desks.py")], environment)
        running.append(listeners)
        listeners.say({"url": said["hub"], "desks": tokens, "page": "2001"})
        listeners.hear()
        yield exchange, hub, listeners, tokens, said
    finally:
        for each in running:
            each.stop()


def percentile(values: list[float], part: float) -> float:
    """Return the value below which ``part`` of them lie, in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] * 1000 if values else float("nan")


async def call_the_page(address: str, seconds: float) -> None:
    """Let somebody call the page's desk at a steady rate, and give up quickly."""
    begun = time.monotonic()
    for number in range(int(seconds * PAGE_CALLS_S)):
        await asyncio.sleep(max(0.0, begun + number / PAGE_CALLS_S - time.monotonic()))
        await ask(address, {"do": "Incoming", "to": "2001", "number": "0388202020", "patience_s": 0.4})


def measure(which: str, rate: float, desks: int, seconds: float, page: Any) -> dict[str, float]:
    """Run one load and return delays in ms and shares of one processor in per cent."""
    with (
        tempfile.TemporaryDirectory() as home,
        processes(which, rate, desks, home) as (exchange, hub, listeners, _tokens, said),
    ):
        if page is not None and which == "hub":
            page.goto(said["page"])
            page.wait_for_selector("#line[data-state=up]")
            page.evaluate(WATCH)
        time.sleep(2)
        listeners.say("begin")
        listeners.hear()
        before, begun = [each.cpu_s() for each in (exchange, hub, listeners)], time.monotonic()
        calling = threading.Thread(target=lambda: asyncio.run(call_the_page(said["simulator"], seconds)))
        calling.start()
        calling.join()
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
        took = time.monotonic() - begun
        used = [
            (each.cpu_s() - old) / took * 100
            for each, old in zip((exchange, hub, listeners), before, strict=True)
        ]
        memory = hub.memory_mb()
        shown = page.evaluate("window.shown") if page is not None and which == "hub" else {}
        listeners.say("end")
        noted = listeners.hear()
    drawn = [shown[call] - at for call, at in noted["rang"].items() if call in shown]
    return {
        "events": len(noted["delays"]),
        "p50": percentile(noted["delays"], 0.5),
        "p99": percentile(noted["delays"], 0.99),
        "page_n": len(drawn),
        "page_p50": percentile(drawn, 0.5),
        "page_p99": percentile(drawn, 0.99),
        "generator": used[0],
        "hub": used[1],
        "desks": used[2],
        "memory": memory,
    }


def main() -> None:
    """Measure every rate, hub and relay in turn, and print."""
    from playwright.sync_api import sync_playwright

    desks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20
    flags = [
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    print(f"{desks} desks, {seconds:.0f} s a row; delays in ms; share of one processor in %")
    print("calls/s  which   events    p50    p99   page p50   page p99 (n)   generator   hub  desks")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        for rate in RATES:
            rows = {}
            for which in ("relay", "hub"):
                page = browser.new_page()
                row = rows[which] = measure(which, rate, desks, seconds, page)
                page.close()
                drawn = (
                    f"{row['page_p50']:9.1f}  {row['page_p99']:9.1f} ({row['page_n']:.0f})"
                    if row["page_n"]
                    else " " * 25
                )
                print(
                    f"{rate:7}  {which:5} {row['events']:8.0f} {row['p50']:6.1f} {row['p99']:6.1f}  {drawn}"
                    f"   {row['generator']:9.0f} {row['hub']:5.0f} {row['desks']:6.0f}",
                    flush=True,
                )
            times = {part: rows["hub"][part] / rows["relay"][part] for part in ("p50", "p99")}
            print(f"         hub / relay: p50 {times['p50']:.2f}, p99 {times['p99']:.2f}")
        browser.close()
    print("how many desks one hub serves by WebSocket, 10 calls/s")
    for many in (1000, 2000, 4000):
        row = measure("hub", 10, many, seconds, None)
        delay = f"p50 {row['p50']:.1f} ms, p99 {row['p99']:.1f} ms"
        print(
            f"  {many:5} desks: {delay}, hub {row['hub']:.0f} % of one processor, {row['memory']:.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
