"""200,000 events of a real Asterisk over one loopback socket: ours, the plain split loop, and two libraries.

The events are built from the recordings, with ids rewritten in every cycle. Ours parses and follows the calls; the
calls it finds must be the true ones times the cycles, or the figure is void. The others only parse. Same run, three
rounds; a ratio of 1.0 is the plain loop's time.
"""

import asyncio
import importlib
import importlib.util
import json
import multiprocessing
import re
import socket
import statistics
import sys
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from offhook.interfaces.asterisk.driver import AsteriskInterface
from offhook.switch.plan import plan_from
from offhook.switch.recordings import recorded
from offhook.switch.story import is_told

DATA = Path(__file__).parents[1] / "tests" / "data"
RECORDINGS = DATA / "recordings"
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
EVENTS = 200_000
ROUNDS = 3
LAST = b"Event: UserEvent\r\nUserEvent: OffhookLast\r\n\r\n"
MASKED = (
    b"VarSet",
    b"Newexten",
    b"Cdr",
    b"SuccessfulAuth",
    b"ChallengeSent",
    b"RTCPSent",
    b"RTCPReceived",
    b"DTMFEnd",
)
"""Events of classes that ``read = call,agent`` leaves out."""
FILTERED = (b"CEL", b"QueueMemberStatus", b"NewConnectedLine")
"""Events that the documented ``eventfilter`` leaves out."""


def stream(*, masked: bool) -> tuple[bytes, int, int]:
    """Return the bytes, how many events they are, and how many calls they hold."""
    truth = json.loads((DATA / "truth.json").read_text("utf-8"))["ami"]
    left_out = (*MASKED, *FILTERED) if masked else ()
    blocks = []
    for name in truth:
        data, _reads = recorded(RECORDINGS / "ami" / f"{name}.ami.gz")
        found = [block for block in data.split(b"\r\n\r\n") if block.startswith(b"Event: ")]
        blocks += [block for block in found if block[7 : block.find(b"\r\n")] not in left_out]
    one = b"\r\n\r\n".join(blocks) + b"\r\n\r\n"
    cycles = EVENTS // len(blocks) + 1
    pieces = [_renamed(one, cycle) for cycle in range(cycles)]
    return b"".join(pieces), cycles * len(blocks), cycles * sum(len(calls) for calls in truth.values())


def _renamed(data: bytes, cycle: int) -> bytes:
    """Give every channel, call and bridge another id."""
    mark = b"%04d" % cycle
    data = re.sub(rb"(telecom-[0-9]+)(\.[0-9]+)", rb"\g<1>" + mark + rb"\2", data)
    data = data.replace(b"cti-call-0001", b"cti-call-" + mark)
    data = re.sub(rb"(ActionID: telecom-)", rb"\g<1>" + mark + b"-", data)
    data = re.sub(rb"((?:PJSIP|Local)/[\w@-]+-)([0-9a-f]{8})", rb"\g<1>" + mark + rb"\2", data)
    return re.sub(rb"([0-9a-f]{8}-[0-9a-f]{4})-", rb"\1" + mark + b"-", data)


def serve(data: bytes, port: Any) -> None:
    """Run a process that sends the stream to whoever connects, and answers a login."""
    listening = socket.create_server(("127.0.0.1", 0))
    port.value = listening.getsockname()[1]
    while True:
        link, _peer = listening.accept()
        link.sendall(GREETING)
        asked = link.recv(4096)
        number = re.search(rb"(?i)ActionID: ([^\r\n]+)", asked)
        named = b"ActionID: " + number[1] + b"\r\n" if number else b""
        link.sendall(b"Response: Success\r\n" + named + b"Message: Authentication accepted\r\n\r\n")
        time.sleep(0.2)
        try:
            link.sendall(data + LAST)
            link.recv(4096)
        except OSError:
            pass
        link.close()


def connected(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port))
    link.sendall(b"Action: Login\r\nActionID: 1\r\nUsername: x\r\nSecret: y\r\n\r\n")
    return link


def plain(port: int) -> tuple[float, int]:
    """The baseline: receive, split, a dictionary for each event."""
    link, rest, count, began = connected(port), b"", 0, 0.0
    while True:
        data = link.recv(65536)
        began = began or time.perf_counter()
        *blocks, rest = (rest + data).split(b"\r\n\r\n")
        for block in blocks:
            lines = block.decode("utf-8", "replace").split("\r\n")
            event = dict(line.split(": ", 1) for line in lines if ": " in line)
            count += "Event" in event
            if event.get("UserEvent") == "OffhookLast":
                link.close()
                return time.perf_counter() - began, count


def ours(port: int) -> tuple[float, int]:
    """Parse, and follow the calls."""
    plan = plan_from(tomllib.loads((RECORDINGS / "switch.toml").read_text("utf-8"))["asterisk"], "asterisk")
    talks = 0

    def ended(talk: Any) -> None:
        nonlocal talks
        talks += is_told(talk)

    framer, watch = AsteriskInterface.reading(plan, "FR", ended)
    watch.syncing = False
    link, began, tail = connected(port), 0.0, b""
    while True:
        data = link.recv(65536)
        began = began or time.perf_counter()
        at = datetime.now(UTC)
        for message in framer.receive(data):
            watch.take(message, at)
        tail = (tail + data)[-len(LAST) :]
        if tail == LAST:
            watch.settle(None)
            link.close()
            return time.perf_counter() - began, talks


def asterisk_ami(port: int) -> tuple[float, int]:
    """The library asterisk-ami: a thread, and a callback for each event."""
    library = importlib.import_module("asterisk.ami")
    client, seen = library.AMIClient(address="127.0.0.1", port=port), [0, 0.0, 0.0]

    def hear(event: Any, **_more: Any) -> None:
        seen[1] = seen[1] or time.perf_counter()
        seen[0] += 1
        if event.keys.get("UserEvent") == "OffhookLast":
            seen[2] = time.perf_counter()

    client.add_event_listener(hear)
    client.login(username="x", secret="y")  # noqa: S106 - a pretend account
    while not seen[2]:
        time.sleep(0.01)
    client.disconnect()
    return seen[2] - seen[1], int(seen[0])


def panoramisk(port: int) -> tuple[float, int]:
    """The library panoramisk: asyncio, and a callback for each event."""
    library = importlib.import_module("panoramisk")
    seen = [0, 0.0, 0.0]

    async def run() -> None:
        manager = library.Manager(host="127.0.0.1", port=port, username="x", secret="y")  # noqa: S106 - a pretend account
        done = asyncio.Event()

        def hear(_manager: Any, message: Any) -> None:
            seen[1] = seen[1] or time.perf_counter()
            seen[0] += 1
            if message.get("UserEvent") == "OffhookLast":
                seen[2] = time.perf_counter()
                done.set()

        manager.register_event("*", hear)
        await manager.connect()
        await done.wait()
        manager.close()

    asyncio.run(run())
    return seen[2] - seen[1], int(seen[0])


def child(name: str, port: int, answer: Any) -> None:
    """Run one of them in a process of its own, for its own memory."""
    seconds, found = RUNNERS[name](port)
    answer.put((seconds, found, peak_memory_kb()))


def peak_memory_kb() -> int:
    """Return this process's own peak, without what it inherited from the one that started it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


RUNNERS: dict[str, Callable[[int], tuple[float, int]]] = {
    "plain split loop": plain,
    "offhook, calls followed": ours,
    "asterisk-ami": asterisk_ami,
    "panoramisk": panoramisk,
}
NEEDS = {"asterisk-ami": "asterisk", "panoramisk": "panoramisk"}


def measured(*, masked: bool) -> dict[str, float]:
    """Return the seconds each took for one call's events."""
    data, events, calls = stream(masked=masked)
    context = multiprocessing.get_context("fork")
    fresh = multiprocessing.get_context("spawn")  # for its own memory
    port = context.Value("i", 0)
    server = context.Process(target=serve, args=(data, port), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.01)
    print(
        f"{events:,} events, {len(data) / 1e6:.0f} MB{', masked and filtered' if masked else ''}; calls {calls}"
    )
    names = [name for name in RUNNERS if importlib.util.find_spec(NEEDS.get(name, "json"))]
    times: dict[str, list[float]] = {name: [] for name in names}
    for _round in range(ROUNDS):
        for name in names:
            answer = fresh.Queue()
            runner = fresh.Process(target=child, args=(name, port.value, answer))
            runner.start()
            seconds, found, memory = answer.get()
            runner.join()
            if name.startswith("offhook") and found != calls:
                sys.exit(f"void: {found} calls found, not {calls}")
            times[name].append(seconds)
            print(f"  {name:24} {events / seconds:>9,.0f} events/s  {found:>7} found  {memory / 1024:.0f} MB")
    base = times["plain split loop"]
    for name in names[1:]:
        ratios = [mine / plainly for mine, plainly in zip(times[name], base, strict=True)]
        print(
            f"  {name} / plain: median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    server.kill()
    return {name: statistics.median(found) / calls for name, found in times.items()}


if __name__ == "__main__":
    whole, masked_ones = measured(masked=False), measured(masked=True)
    ours_now = masked_ones["offhook, calls followed"]
    ratio = ours_now / whole["plain split loop"]
    print(f"with our mask, offhook / plain loop over all events of the same calls: {ratio:.2f}")
