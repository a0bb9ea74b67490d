"""Hub killed, desk killed, link cut, again and again under a steady load of calls: nothing is lost.

Real processes and real sockets: a pretend exchange with customers calling by themselves, a hub, desks
behind a proxy that cuts, each desk an ``offhook listen`` that goes on after the last event it wrote down.
"""

import asyncio
import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from hubs import OFFHOOK, Program, environment, free_port, program
from offhook.board.feed import AT_HAND
from offhook.calls import CallTable
from offhook.codec import decode_event
from offhook.embed import connect
from offhook.errors import OffhookError, OutcomeUnknown, Unreachable, error_from_json
from offhook.interfaces.simulator.server import ask
from offhook.model import Connected, Gap
from offhook.settings.running import running
from offhook.transport.http import request

pytestmark = pytest.mark.slow
MOMENTS = 200
DESKS = ("1001", "1002", "1003", "1004")


class CuttingProxy:
    """Passes bytes between desks and hub until told to cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._links: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        for link in list(self._links):
            link.transport.abort()

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.sleep(0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._links |= {writer, far_writer}
        await asyncio.gather(
            self._pass(reader, far_writer), self._pass(far_reader, writer), return_exceptions=True
        )
        self._links -= {writer, far_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


class ListeningDesk:
    """An ``offhook listen`` that writes to a file, can be killed, and goes on where the file ends."""

    def __init__(self, desk: str, folder: Path, url: str, token: str) -> None:
        self.desk, self.path = desk, folder / f"{desk}.jsonl"
        self._environment = environment(
            folder / f"desk-{desk}", OFFHOOK_HUB__URL=url, OFFHOOK_HUB__TOKEN=token
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._beginning = beginning(folder)
        self.path.touch()

    def start(self) -> None:
        whole = self.path.read_bytes().rpartition(b"\n")[0]
        self.path.write_bytes(whole + b"\n" if whole else b"")  # a line half written when it was killed
        with self.path.open("ab") as out:
            self._process = subprocess.Popen(
                [OFFHOOK, "listen", "--json", "--from", self.last()],
                stdout=out,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            )

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def last(self) -> str:
        """The ``seq`` it has come to; that of the log's beginning where it has heard nothing yet."""
        events = self.events()
        return str(events[-1]["seq"]) if events else self._beginning

    def events(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.path.read_bytes().splitlines() if line.endswith(b"}")]
        return [event for event in lines if event.get("seq")]


async def test_nothing_is_lost_at_200_random_moments(tmp_path: Path) -> None:
    chance = random.Random(20_26)
    port = free_port()
    more = {"OFFHOOK_HUB__KEEP_S": "7200", "OFFHOOK_HUB__KEEP_EVENTS": "1000000"}
    with program(tmp_path, "simulate", "--desks", "1001-1004", "--traffic", "5", "--talk", "2") as exchange:
        words = (
            "hub",
            "--port",
            str(port),
            "--desks",
            "1001-1004",
            "--simulator",
            exchange.said["simulator"],
        )
        proxy = CuttingProxy(port)
        name = f"127.0.0.1:{await proxy.start()}"
        url, more["OFFHOOK_HUB__HOSTS"] = f"http://{name}", name
        hub = Program(tmp_path, *words, **more)
        here = running(folder=str(tmp_path))
        assert here is not None
        desks = [ListeningDesk(desk, tmp_path, url, here.tokens[desk]) for desk in DESKS]
        try:
            for desk in desks:
                desk.start()
            await asyncio.sleep(2)
            done = {"hub": 0, "desk": 0, "link": 0}
            for _moment in range(MOMENTS):
                await asyncio.sleep(chance.uniform(0.02, 0.4))
                what = chance.choice(["hub", "desk", "link"])
                done[what] += 1
                if what == "hub":
                    hub.kill()
                    hub = Program(tmp_path, *words, **more)
                elif what == "desk":
                    desk = chance.choice(desks)
                    desk.kill()
                    desk.start()
                else:
                    proxy.cut()
            exchange.process.send_signal(signal.SIGSTOP)  # the world holds its breath, calls and all
            calls = await settled(tmp_path, desks)
            for desk in desks:
                right(desk, stored(tmp_path, desk.desk), calls[desk.desk])
            assert sum(len(desk.events()) for desk in desks) > MOMENTS, "there was a load"
            assert min(done.values()) > MOMENTS / 5
        finally:
            exchange.process.send_signal(signal.SIGCONT)
            for desk in desks:
                desk.kill()
            await proxy.stop()
            hub.stop()


async def settled(home: Path, desks: list[ListeningDesk]) -> dict[str, dict[str, Any]]:
    """Wait until every desk has what the hub has; returns the hub's calls per desk."""
    here = running(folder=str(home))
    assert here is not None
    calls: dict[str, dict[str, Any]] = {}
    deadline = time.monotonic() + 60
    for desk in desks:
        while True:
            assert desk.alive(), f"the desk {desk.desk} gave up"
            calls[desk.desk] = request("GET", here.url, "/v1/desk/calls", here.tokens[desk.desk])
            if desk.last() == calls[desk.desk]["seq"]:
                break
            assert time.monotonic() < deadline, f"the desk {desk.desk} does not catch up"
            await asyncio.sleep(0.1)
    return calls


def beginning(home: Path) -> str:
    """The ``seq`` before the first event of the hub's log."""
    with contextlib.closing(sqlite3.connect(home / "hub.sqlite")) as db:
        [name] = db.execute("SELECT log FROM about").fetchone()
    return f"{name}.0"


def stored(home: Path, desk: str) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(home / "hub.sqlite")) as db:
        return [
            json.loads(row[0])
            for row in db.execute("SELECT body FROM event WHERE desk = ? ORDER BY n", (desk,))
        ]


def right(desk: ListeningDesk, log: list[dict[str, Any]], calls: dict[str, Any]) -> None:
    """Every event once, in order, the hub's own; and the calls that follow from them are the hub's."""
    heard = desk.events()
    missing = {event["seq"] for event in log} - {event["seq"] for event in heard}
    assert not missing, [event for event in log if event["seq"] in missing]
    for event in (*heard, *log):
        event.pop("snapshot", None)  # one that has just started knows no call's past
    assert heard == log
    assert [event["after"] for event in heard[1:]] == [event["seq"] for event in heard[:-1]]
    table = CallTable(desk.desk)
    for value in heard:
        told = decode_event(value)
        assert told is not None
        table.apply(told)
    assert {call.id: call.state.value for call in table.calls} == {
        call["id"]: call["state"] for call in calls["calls"]
    }


async def test_away_for_too_long_is_a_gap_and_a_right_snapshot(tmp_path: Path) -> None:
    """What a desk missed is no longer kept: it is told so, and its calls are the hub's."""
    more = {"OFFHOOK_HUB__KEEP_EVENTS": "3"}
    with program(tmp_path, "simulate", "--desks", "1001-1002") as exchange:
        address = exchange.said["simulator"]
        with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1002", "--simulator", address, **more):
            here = running(folder=str(tmp_path))
            assert here is not None
            first = request("GET", here.url, "/v1/desk/calls", here.tokens["1001"])["seq"]
            for number in range(2 * AT_HAND):
                await ask(address, {"do": "Incoming", "to": "1001", "number": f"01990000{number:02}"})
            await forgotten(tmp_path, "1001", first)
            options = {"url": here.url, "token": here.tokens["1001"]}
            desk = connect("hub", extension="1001", options=options, resume=first)
            with desk.events() as events:
                async with desk:
                    heard = await anext(events)
                    assert isinstance(heard, Gap)
                    calls = request("GET", here.url, "/v1/desk/calls", here.tokens["1001"])["calls"]
                    assert [(call.id, call.state.value) for call in desk.calls] == [
                        (call["id"], call["state"]) for call in calls
                    ]
                    assert len(calls) == 2 * AT_HAND
                    await ask(address, {"do": "LiftHandset", "device": "1001"})
                    async with asyncio.timeout(10):
                        while not isinstance(heard, Connected):
                            heard = await anext(events)


async def forgotten(home: Path, desk: str, seq: str) -> None:
    """Wait until the hub has dropped what came after ``seq``: it does so every few seconds."""
    deadline = time.monotonic() + 60
    while not (events := stored(home, desk)) or seq in (
        events[-1]["seq"],
        *(event["after"] for event in events),
    ):
        assert time.monotonic() < deadline, "nothing is dropped"
        await asyncio.sleep(0.2)


async def test_a_command_repeated_after_a_kill_acts_once(tmp_path: Path) -> None:
    chance = random.Random(7)
    port = free_port()
    unknown = made = 0
    with program(tmp_path, "simulate", "--desks", "1001") as exchange:
        address = exchange.said["simulator"]
        words = ("hub", "--port", str(port), "--desks", "1001", "--simulator", address)
        hub = Program(tmp_path, *words)
        here = running(folder=str(tmp_path))
        assert here is not None
        for number in range(40):
            dial = {"command": "Dial", "id": f"dial-{number}", "number": f"01990010{number:02}"}
            sending = asyncio.create_task(asyncio.to_thread(post, here.url, here.tokens["1001"], dial))
            await asyncio.sleep(chance.uniform(0, 0.012))
            hub.kill()
            await sending
            hub = Program(tmp_path, *words)
            error = await asyncio.to_thread(post, here.url, here.tokens["1001"], dial)
            while isinstance(error, Unreachable):  # nothing was sent: the same command may be tried again
                await asyncio.sleep(0.05)
                error = await asyncio.to_thread(post, here.url, here.tokens["1001"], dial)
            found = await ask(address, {"do": "Snapshot"})
            calls = [each for each in found["connections"] if each["cause"] == dial["id"]]
            assert len(calls) <= 1, "it rang twice"
            if error is None:
                assert len(calls) == 1
                made += 1
            else:
                assert isinstance(error, OutcomeUnknown)
                unknown += 1
            for call in calls:
                await ask(address, {"do": "ClearConnection", "device": "1001", "call": call["call"]})
        hub.stop()
    assert made > 0
    assert made + unknown == 40


def post(url: str, token: str, command: dict[str, str]) -> OffhookError | None:
    """Send a command; returns the error it ended with, if any."""
    try:
        answer = request("POST", url, "/v1/desk/commands", token, command)
    except OffhookError as error:
        return error
    return error_from_json(answer["error"]) if "error" in answer else None
