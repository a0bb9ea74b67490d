"""50,000 events of a real FreeSWITCH over one loopback socket: ours against a plain loop.

The plain loop reads lines and unquotes each header. Ours parses and follows the calls; the calls it finds must be the
true ones times the cycles, or the figure is void. Same run, three rounds; prints how many times as fast it is.
"""

import contextlib
import multiprocessing
import re
import socket
import statistics
import sys
import time
import tomllib
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import unquote

from bench.ami import DATA, RECORDINGS, peak_memory_kb
from offhook.codec import loads
from offhook.interfaces.freeswitch.driver import FreeswitchInterface
from offhook.switch.plan import plan_from
from offhook.switch.recordings import recorded
from offhook.switch.story import is_told

EVENTS = 50_000
ROUNDS = 3
_LENGTH = re.compile(rb"Content-Length: ([0-9]+)")
_UUID = re.compile(rb"([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-)")


def stream() -> tuple[bytes, int, int]:
    """Return the bytes, how many events they are, and how many calls they hold."""
    truth = loads((DATA / "truth.json").read_text("utf-8"))["esl"]
    names = [name for name in truth if not name.startswith("json")]
    bodies = []
    for name in names:
        data, _reads = recorded(RECORDINGS / "esl" / f"{name}.esl.gz")
        place = 0
        while (end := data.find(b"\n\n", place)) >= 0:
            found = _LENGTH.search(data[place:end])
            length = int(found[1]) if found else 0
            if b"text/event-plain" in data[place:end]:
                bodies.append(data[end + 2 : end + 2 + length])
            place = end + 2 + length
    cycles = EVENTS // len(bodies) + 1
    pieces = []
    for cycle in range(cycles):
        for body in bodies:
            renamed = _UUID.sub(partial(_another, cycle), body)
            pieces.append(b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(renamed) + renamed)
    return b"".join(pieces), cycles * len(bodies), cycles * sum(len(truth[name]) for name in names)


def _another(cycle: int, found: re.Match[bytes]) -> bytes:
    return b"%08x" % (int(found[1], 16) + cycle * 7919 & 0xFFFFFFFF) + found[2]


def serve(data: bytes, port: Any) -> None:
    """Run a process that sends the stream to whoever connects, and closes."""
    listening = socket.create_server(("127.0.0.1", 0))
    port.value = listening.getsockname()[1]
    while True:
        link, _peer = listening.accept()
        with contextlib.suppress(OSError):
            link.sendall(data)
        link.close()


def plain(port: int) -> tuple[float, int]:
    """The baseline: read a line, split it, unquote its value."""
    link = socket.create_connection(("127.0.0.1", port))
    count, began = 0, time.perf_counter()
    with link.makefile("rb") as file:
        while line := file.readline():
            head = {}
            while line.strip():
                key, _colon, value = line.decode().rstrip().partition(": ")
                head[key] = value
                line = file.readline()
            left, event = int(head.get("Content-Length", 0)), {}
            while left > 0:
                line = file.readline()
                left -= len(line)
                key, colon, value = line.decode().rstrip("\n").partition(": ")
                if colon:
                    event[key] = unquote(value)
            count += "Event-Name" in event
    return time.perf_counter() - began, count


def ours(port: int) -> tuple[float, int]:
    """Parse, and follow the calls."""
    plan = plan_from(
        tomllib.loads((RECORDINGS / "switch.toml").read_text("utf-8"))["freeswitch"], "freeswitch"
    )
    talks = 0

    def ended(talk: Any) -> None:
        nonlocal talks
        talks += is_told(talk)

    framer, watch = FreeswitchInterface.reading(plan, "FR", ended)
    watch.syncing = False
    link, began = socket.create_connection(("127.0.0.1", port)), time.perf_counter()
    while data := link.recv(65536):
        at = datetime.now(UTC)
        for message in framer.receive(data):
            watch.take(message, at)
    watch.settle(None)
    return time.perf_counter() - began, talks


def child(name: str, port: int, answer: Any) -> None:
    """Run one of them in a process of its own, for its own memory."""
    seconds, found = (plain if name == "plain loop" else ours)(port)
    answer.put((seconds, found, peak_memory_kb()))


if __name__ == "__main__":
    everything, events, calls = stream()
    context, fresh = multiprocessing.get_context("fork"), multiprocessing.get_context("spawn")
    at_port = context.Value("i", 0)
    server = context.Process(target=serve, args=(everything, at_port), daemon=True)
    server.start()
    while not at_port.value:
        time.sleep(0.01)
    print(f"{events:,} events, {len(everything) / 1e6:.0f} MB; calls {calls}")
    ratios = []
    for _round in range(ROUNDS):
        took = []
        for each in ("plain loop", "offhook, calls followed"):
            queue = fresh.Queue()
            runner = fresh.Process(target=child, args=(each, at_port.value, queue))
            runner.start()
            seconds, found, memory = queue.get()
            runner.join()
            if each.startswith("offhook") and found != calls:
                sys.exit(f"void: {found} calls found, not {calls}")
            took.append(seconds)
            print(f"  {each:24} {events / seconds:>9,.0f} events/s  {found:>6} found  {memory / 1024:.0f} MB")
        ratios.append(took[0] / took[1])
    print(
        f"  offhook is {statistics.median(ratios):.1f} times as fast ({min(ratios):.1f} to {max(ratios):.1f})"
    )
    server.kill()
