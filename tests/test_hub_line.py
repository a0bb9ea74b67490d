"""A desk's line on a hub: what ends it for good, what it comes back from, and whose call a click became."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from hubs import program
from offhook.codec import dumps
from offhook.dialling import Dialled
from offhook.errors import OffhookError
from offhook.interface import Device
from offhook.interfaces.hub.driver import HubInterface
from offhook.model import Dial, Event, Gap, LineBack, LineLost
from offhook.settings.running import running

PATIENCE_S = 20.0
WELCOME: dict[str, Any] = {"welcome": {"version": "1.0", "desk": "1001", "seq": "a.1", "last": "a.1", "up": True, "accepts": ["Dial"], "calls": []}}  # fmt: skip
UNKNOWN_DESK = {
    "error": {"kind": "SettingsError", "code": "desk_unknown", "params": {"desk": "1001", "desks": "1002"}}
}


@asynccontextmanager
async def pretend_hub(*talks: list[Any]) -> AsyncIterator[HubInterface]:
    """A hub that says one list of messages to each connection in turn, the last to all the others, and closes it."""
    came = 0

    async def speak(socket: ServerConnection) -> None:
        nonlocal came
        says = talks[min(came, len(talks) - 1)]
        came += 1
        await socket.recv()
        for each in says:
            await socket.send(each if isinstance(each, str) else dumps(each))

    async with serve(speak, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        line = HubInterface(f"http://127.0.0.1:{port}", "1001", "1001.token")
        yield line
        await line.close()


async def outcome(work: Awaitable[Any]) -> tuple[str, str]:
    """Return the kind and code of the error that comes of it, in time."""
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(OffhookError) as caught:
            await work
    return type(caught.value).__name__, caught.value.code


def error(kind: str, code: str, **params: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "code": code, "params": params}}


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        (UNKNOWN_DESK, ("SettingsError", "desk_unknown")),
        (error("Refused", "foreign_request", what="Host"), ("Refused", "foreign_request")),
        (error("Unavailable", "store_failed", why="full"), ("Unavailable", "store_failed")),
        (error("CommandError", "usage", why="x", command="y"), ("CommandError", "usage")),
        (error("LoginRefused", "login_refused"), ("LoginRefused", "login_refused")),
        (error("ProtocolError", "version_unknown", version="9", known="1.0"), ("ProtocolError", "version_unknown")),
        (error("Unreachable", "line_lost"), ("Unreachable", "hub_unreachable")),
        (error("NoSuchKind", "x"), ("Unreachable", "hub_unreachable")),
        ("no JSON", ("Unreachable", "hub_unreachable")),
        ({"welcome": {"seq": 1}}, ("Unreachable", "hub_unreachable")),
    ],
)  # fmt: skip
async def test_whatever_the_hub_answers_opening_a_line_ends(said: Any, raised: tuple[str, str]) -> None:
    async with pretend_hub([said]) as line:
        assert await outcome(line.open()) == raised


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:port", "127.0.0.1:8080", "ftp://127.0.0.1", ""])  # fmt: skip
async def test_an_address_that_is_none_is_said_at_once(url: str) -> None:
    line = HubInterface(url, "1001", "1001.token")
    assert await outcome(line.open()) == ("SettingsError", "url_unusable")
    await line.close()


WELCOMED = WELCOME["welcome"]
NONSENSE = [
    {"calls": [5]}, {"calls": [None]}, {"calls": [{"id": 5}]}, {"calls": [{"id": "a", "state": {}}]}, {"calls": [{"id": "a", "refs": 5}]},
    {"calls": [{"id": "a", "started_at": 5}]}, {"calls": [{"id": "a", "contacts": [5]}]}, {"calls": "x"}, {"accepts": [{}, [], 5]}, {"seq": "x" * 101},
]  # fmt: skip


@pytest.mark.parametrize(
    "welcome", [*({"welcome": WELCOMED | each} for each in NONSENSE), "[" * 100_000, '{"welcome":' * 9000]
)
async def test_no_welcome_however_strange_keeps_a_line_from_opening_or_ending(welcome: Any) -> None:
    async with pretend_hub([welcome]) as line:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await line.open()
        except OffhookError as error:
            assert error.code in ("hub_unreachable", "interface_broken")


async def told(line: HubInterface, until: Callable[[list[type[Event]]], bool]) -> list[type[Event]]:
    """Return what a line tells, until that is enough."""
    kinds: list[type[Event]] = []
    async with asyncio.timeout(PATIENCE_S):
        async for event in line.events():
            kinds.append(type(event))
            if until(kinds):
                break
    return kinds


async def test_a_desk_that_is_taken_from_the_hub_ends_a_line_that_was_up() -> None:
    async with pretend_hub([WELCOME], [UNKNOWN_DESK]) as line:
        await line.open()
        assert await told(line, lambda kinds: kinds[-1] is LineLost) == [LineBack, LineLost]
        assert await outcome(anext(line.events())) == ("SettingsError", "desk_unknown")


async def test_a_message_that_cannot_be_read_is_mended_by_connecting_again() -> None:
    async with pretend_hub([WELCOME, "no JSON"], [WELCOME]) as line:
        await line.open()
        found = await told(line, lambda so_far: so_far.count(LineBack) == 2)
        assert [kind for kind in found if kind is not Gap] == [LineBack, LineLost, LineBack]


@pytest.mark.slow
async def test_a_double_click_from_two_clients_is_answered_with_the_first_ones_id(tmp_path: Path) -> None:
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1002"):
        here = running(folder=str(tmp_path))
        assert here is not None
        first, second = (HubInterface(here.url, "1001", here.tokens["1001"]) for _client in "12")
        for line in (first, second):
            await line.open()
        sent = [
            await line.send(Dial(id=name, number="0388202020"), Device("1001"), Dialled("0388202020"))
            for line, name in ((first, "one"), (second, "two"), (second, "two"), (first, "one"))
        ]
        assert sent[:2] == ["one", "one"]
        assert sent[3] == "one"
        other = Dial(id="three", number="0388202021")
        assert await second.send(other, Device("1001"), Dialled("0388202021")) == "three"
        for line in (first, second):
            await line.close()
