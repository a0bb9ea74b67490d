"""From the bytes of ``Newstate Ringing`` to the desk's ``Ringing``: 100 desks on one Asterisk, open-loop.

A process of its own plays the switch: a call comes when it is due, however slow we are, rings, is answered after
0.3 s and ends after 0.6 s. The moment of sending travels in the caller's name. The baseline is a loop that only
splits the same stream. Then the rate is raised until the delay runs away.
"""

import asyncio
import contextlib
import multiprocessing
import statistics
import time
from typing import Any

from offhook.embed import clock
from offhook.interfaces.asterisk.about import ABOUT
from offhook.interfaces.asterisk.driver import AsteriskInterface
from offhook.line import Line, feed
from offhook.model import News, Ringing
from offhook.settings.given import given
from offhook.testing.pretend_asterisk import CHALLENGE, GREETING, block

DESKS = 100
SECONDS = 8.0
RATES = (10, 100, 500)
RUNAWAY_S = 0.5
"""A delay that grows beyond this means the rate is too high."""


def serve(port: Any, rate: Any) -> None:
    """The switch, in a process of its own."""
    asyncio.run(_serve(port, rate))


async def _serve(port: Any, rate: Any) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while raw := await reader.readuntil(b"\r\n\r\n"):
            asked = dict(line.split(": ", 1) for line in raw.decode()[:-4].split("\r\n"))
            name, number = asked["Action"], asked["ActionID"]
            writer.write(block([("Response", "Success"), ("ActionID", number), ("Challenge", CHALLENGE)]))
            if name in ("Status", "ParkedCalls"):
                writer.write(block([("Event", f"{name}Complete"), ("ActionID", number)]))
            if name == "ParkedCalls":
                break
        with contextlib.suppress(ConnectionError):
            await load(writer)
        writer.close()

    async def load(writer: asyncio.StreamWriter) -> None:
        loop, count = asyncio.get_running_loop(), 0
        await asyncio.sleep(0.3)
        due = ends = loop.time()
        ends += SECONDS
        while due < ends and not writer.is_closing():
            due += 1 / rate.value
            await asyncio.sleep(max(0.0, due - loop.time()))
            count += 1
            writer.write(_begins(count))
            loop.call_later(0.3, writer.write, _answered(count))
            loop.call_later(0.6, writer.write, _ends(count))
            await writer.drain()
        await asyncio.sleep(1.5)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port.value = server.sockets[0].getsockname()[1]
    await server.serve_forever()


def _channel(count: int, prefix: str, *, phone: bool, state: str) -> list[tuple[str, str]]:
    desk = f"1{count % DESKS:03}"
    return [
        (f"{prefix}Channel", f"PJSIP/{desk if phone else 'trunk'}-{count:08x}"),
        (f"{prefix}ChannelState", state),
        (f"{prefix}CallerIDNum", desk if phone else f"0388{count:06}"),
        (f"{prefix}CallerIDName", "" if phone else f"{time.monotonic():.6f}"),
        (f"{prefix}Exten", desk),
        (f"{prefix}Context", "from-internal" if phone else "from-trunk"),
        (f"{prefix}Uniqueid", f"b{count}.{'2' if phone else '1'}"),
        (f"{prefix}Linkedid", f"b{count}.1"),
    ]


def _begins(count: int) -> bytes:
    trunk, phone = _channel(count, "", phone=False, state="4"), _channel(count, "", phone=True, state="0")
    ringing = _channel(count, "", phone=True, state="5")
    dial = [*trunk, *_channel(count, "Dest", phone=True, state="0")]
    return b"".join(
        block([("Event", name), *headers])
        for name, headers in (
            ("Newchannel", trunk),
            ("Newchannel", phone),
            ("DialBegin", dial),
            ("Newstate", ringing),
        )
    )


def _answered(count: int) -> bytes:
    trunk, phone = _channel(count, "", phone=False, state="6"), _channel(count, "", phone=True, state="6")
    bridge = [("BridgeUniqueid", f"br{count}"), ("BridgeType", "basic")]
    dial = [*trunk, *_channel(count, "Dest", phone=True, state="6"), ("DialStatus", "ANSWER")]
    said = [("Newstate", phone), ("DialEnd", dial), ("Newstate", trunk)]
    return b"".join(block([("Event", name), *headers]) for name, headers in said) + b"".join(
        block([("Event", "BridgeEnter"), *bridge, *headers]) for headers in (phone, trunk)
    )


def _ends(count: int) -> bytes:
    trunk, phone = _channel(count, "", phone=False, state="6"), _channel(count, "", phone=True, state="6")
    return b"".join(
        block([("Event", name), *headers, ("Cause", "16")])
        for name, headers in (("HangupRequest", trunk), ("Hangup", trunk), ("Hangup", phone))
    )


async def ours(port: int) -> list[float]:
    """Return the delays until the desk's Ringing."""
    desks = [f"1{number:03}" for number in range(DESKS)]
    options = {
        "address": f"127.0.0.1:{port}",
        "extensions": "1[0-9][0-9][0-9]",
        "devices": "*=PJSIP/*",
        "trunks": "PJSIP/trunk",
    }
    link, _device = AsteriskInterface.for_desk("", given(ABOUT, options))
    lines = {desk: Line(link, desk, clock) for desk in desks}
    delays: list[float] = []

    def tell(_line: Line, news: list[News]) -> None:
        now = time.monotonic()
        events = (each.event for each in news)
        delays.extend(now - float(event.party.name) for event in events if isinstance(event, Ringing))

    await link.open()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SECONDS + 2.0):
            await feed(link, lines.get, lines.values, tell)
    await link.close()
    return delays


async def split_only(port: int) -> list[float]:
    """The baseline: the same bytes, split and nothing more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, name in enumerate(("Challenge", "Login", "Status", "ParkedCalls")):
        writer.write(block([("Action", name), ("ActionID", str(number))]))
    rest = b""
    delays: list[float] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SECONDS + 2.0):
            stamps: dict[str, float] = {}
            while data := await reader.read(65536):
                *blocks, rest = (rest + data).split(b"\r\n\r\n")
                for each in blocks:
                    lines = each.decode().split("\r\n")
                    event = dict(line.split(": ", 1) for line in lines if ": " in line)
                    if event.get("Event") == "Newchannel" and event.get("CallerIDName"):
                        stamps[event["Linkedid"]] = float(event["CallerIDName"])
                    if event.get("Event") == "Newstate" and event.get("ChannelState") == "5":
                        delays.append(time.monotonic() - stamps.pop(event["Linkedid"]))
    writer.close()
    return delays


def shown(delays: list[float]) -> str:
    cuts = statistics.quantiles(delays, n=100)
    return f"p50 {cuts[49] * 1000:6.2f} ms  p99 {cuts[98] * 1000:7.2f} ms"


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    at_port, a_rate = context.Value("i", 0), context.Value("d", 10.0)
    server = context.Process(target=serve, args=(at_port, a_rate), daemon=True)
    server.start()
    while not at_port.value:
        time.sleep(0.01)
    for each in RATES:
        a_rate.value = float(each)
        base, mine = asyncio.run(split_only(at_port.value)), asyncio.run(ours(at_port.value))
        ratio = statistics.median(mine) / statistics.median(base)
        print(
            f"{each:>5} calls/s  split only: {shown(base)}   offhook: {shown(mine)}   ratio of p50 {ratio:.1f}",
            flush=True,
        )
    each = 1000
    while True:
        a_rate.value = float(each)
        mine = asyncio.run(ours(at_port.value))
        due = each * SECONDS
        print(
            f"{each:>5} calls/s  offhook: {shown(mine)}   {len(mine) / due:.0%} of the calls heard in time",
            flush=True,
        )
        if statistics.quantiles(mine, n=100)[49] > RUNAWAY_S or len(mine) < 0.9 * due:
            print(f"the delay runs away at {each} calls/s")
            break
        each = round(each * 1.25)
    server.kill()
