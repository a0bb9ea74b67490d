"""The hub as a real process: its routes, its stream, its refusals."""

import asyncio
import http.client
import json
import os
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hubs import Program, program
from offhook.model import COMMANDS, EVENTS
from offhook.settings.running import Running, running
from offhook.transport.http import request

pytestmark = pytest.mark.slow


def get(
    here: Running, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send one request as any program might; returns status, headers and body."""
    host = here.url.removeprefix("http://")
    link = http.client.HTTPConnection(host, timeout=10)
    try:
        data = json.dumps(body).encode() if body is not None else None
        content = {"Content-Type": "application/json"} if body is not None else {}
        link.request(
            method, path, data, content | {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = link.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        link.close()


def bearer(here: Running, desk: str = "1001") -> dict[str, str]:
    return {"Authorization": f"Bearer {here.tokens[desk]}"}


def command(here: Running, **words: Any) -> tuple[int, dict[str, Any]]:
    status, _headers, body = get(
        here, "POST", "/v1/desk/commands", {"id": "i" + words.get("command", ""), **words}, **bearer(here)
    )
    return status, json.loads(body)


def test_the_answer_names_the_extension_that_was_not_dialled(here: Running) -> None:
    status, answer = command(here, command="Dial", number="0388202021 poste 12")
    assert (status, answer["ext"]) == (200, "12")


def test_a_command_and_its_refusals(here: Running) -> None:
    status, answer = command(here, command="Dial", number="0388202020")
    assert (status, answer) == (200, {"answer": "iDial", "as": "iDial", "call": answer["call"]})
    assert command(here, command="Dial", number="0388202020") == (200, answer)
    status, answer = command(here, command="Answer", call="nope")
    assert (status, answer["error"]["code"]) == (400, "call_unknown")
    status, answer = command(here, command="Dial", number="x\r\ny", id="other")
    assert (status, answer["error"]["kind"]) == (403, "Refused")
    status, answer = command(here, command="Fly")
    assert (status, answer["error"]["code"]) == (400, "command_unreadable")
    status, _headers, body = get(here, "GET", "/v1/desk/calls", **bearer(here))
    (call,) = json.loads(body)["calls"]
    assert (status, call["dialled"], call["direction"]) == (200, "0388202020", "click2dial")


@pytest.mark.parametrize("path", ["/v1/desk/calls", "/v1/contacts?q=a", "/v1/contacts"])
def test_nothing_is_read_without_a_login(here: Running, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer 1001.AAAA"}, {"Cookie": "offhook-1001=1.A"}):
        status, _headers, body = get(here, "GET", path, **headers)
        assert status == 401
        assert b"Alsace" not in body


@pytest.mark.parametrize("path", ["/v1/desk/commands", "/v1/page-links", "/v1/training"])
def test_nothing_is_done_without_a_login(here: Running, path: str) -> None:
    assert get(here, "POST", path, {"command": "Dial", "id": "1", "number": "15"})[0] == 401


def test_a_form_is_not_a_command(here: Running) -> None:
    status, _headers, _body = get(
        here, "POST", "/v1/desk/commands", {"command": "Dial"}, Content_Type="text/plain", **bearer(here)
    )
    assert status == 400


def test_a_desk_reads_its_own_calls_only(here: Running) -> None:
    assert get(here, "GET", "/v1/desk/calls?desk=1002", **bearer(here))[0] == 401


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"{" * 2000, b'"x"'])
def test_a_body_that_is_no_object(here: Running, data: bytes) -> None:
    host = here.url.removeprefix("http://")
    link = http.client.HTTPConnection(host, timeout=10)
    link.request("POST", "/v1/desk/commands", data, {"Content-Type": "application/json", **bearer(here)})
    answer = link.getresponse()
    assert answer.status == 400
    assert json.loads(answer.read())["error"]["code"] == "reply_unreadable"
    link.close()


def test_a_body_that_is_too_long(here: Running) -> None:
    status, _headers, body = get(here, "POST", "/v1/desk/commands", {"x": "y" * 100_000}, **bearer(here))
    assert (status, json.loads(body)["error"]["code"]) == (400, "message_too_long")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/login?code=x",
        "/desk/1001",
        "/v1/desk/calls",
        "/v1/contacts",
        "/v1/about",
        "/v1/openapi.json",
        "/static/desk.js",
        "/texts/fr.json",
        "/nowhere",
    ],
)
def test_foreign_requests_are_turned_away_on_every_route(
    here: Running, path: str, headers: dict[str, str]
) -> None:
    status, answered, body = get(here, "GET", path, **headers, **bearer(here))
    assert status == 403
    assert "access-control-allow-origin" not in answered
    assert json.loads(body)["error"]["code"] == "foreign_request"


def test_the_page_and_its_cookie(demo: Program, here: Running) -> None:
    path = demo.said["pages"]["1001"].removeprefix(here.url)
    status, headers, _body = get(here, "GET", path)
    assert (status, headers["location"]) == (303, "/desk/1001")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert get(here, "GET", path)[0] == 401, "the address works once"
    kept = cookie.partition(";")[0]
    status, headers, body = get(here, "GET", "/desk/1001", Cookie=kept)
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert b"code=" not in body
    assert get(here, "GET", "/desk/1002", Cookie=kept)[0] == 401
    assert get(here, "GET", "/", Cookie=kept)[1]["location"] == "/desk/1001"
    assert get(here, "GET", "/")[0] == 401


def test_the_api_describes_itself(here: Running) -> None:
    status, _headers, body = get(here, "GET", "/v1/openapi.json")
    schemas = json.loads(body)["components"]["schemas"]
    assert status == 200
    assert set(COMMANDS) | set(EVENTS) <= set(schemas)
    assert schemas["Dial"]["required"] == ["command", "id", "number"]
    assert {"number", "raw", "name", "party"} <= set(schemas["Ringing"]["properties"])
    for text in json.dumps(schemas).split('"$ref": "')[1:]:
        assert text.partition('"')[0].rpartition("/")[2] in schemas


def stream(here: Running, desk: str = "1001", **headers: str) -> connect:
    return connect(
        here.url.replace("http", "ws") + f"/v1/desk?desk={desk}",
        additional_headers=headers or bearer(here, desk),
        proxy=None,
        compression=None,
    )


async def hello(socket: ClientConnection, **words: Any) -> dict[str, Any]:
    await socket.send(json.dumps({"hello": {"version": "2.0", **words}}))
    found: dict[str, Any] = json.loads(await socket.recv())
    return found


async def test_the_stream(here: Running) -> None:
    async with stream(here) as socket, asyncio.timeout(20):
        welcome = (await hello(socket))["welcome"]
        assert (welcome["desk"], welcome["version"], welcome["up"], welcome["calls"]) == (
            "1001",
            "2.0",
            True,
            [],
        )
        await socket.send(json.dumps({"command": "Dial", "id": "d", "number": "1003"}))
        heard: list[dict[str, Any]] = []
        while not any(message.get("event") == "Connected" for message in heard):
            heard.append(json.loads(await socket.recv()))
        events = [message for message in heard if "event" in message]
        assert {"answer": "d", "as": "d", "call": events[0]["call"]} in heard
        assert [event["event"] for event in events][:2] == ["Dialling", "Prompted"]
        assert [event["after"] for event in events] == [
            welcome["seq"],
            *(event["seq"] for event in events[:-1]),
        ]
        assert [event["snapshot"]["state"] for event in events][:2] == ["initiated", "prompted"]
        assert events[0]["cause"] == "d"
    async with stream(here) as socket, asyncio.timeout(20):
        resumed = (await hello(socket, resume=events[1]["seq"]))["welcome"]
        assert (resumed["seq"], resumed["last"]) == (events[1]["seq"], events[-1]["seq"])
        assert [call["state"] for call in resumed["calls"]] == ["connected"]
        assert "gap" not in resumed
        assert json.loads(await socket.recv()) == events[2]
    async with stream(here) as socket, asyncio.timeout(20):
        gap = (await hello(socket, resume="another.1"))["welcome"]
        assert gap["gap"] is True
        assert [call["state"] for call in gap["calls"]] == ["connected"]


async def test_a_page_gets_the_calls_ready_made(here: Running) -> None:
    async with stream(here) as socket, asyncio.timeout(20):
        await hello(socket, show="calls")
        await socket.send(json.dumps({"command": "Dial", "id": "d", "number": "0388202020"}))
        while "calls" not in (message := json.loads(await socket.recv())):
            pass
        assert message["calls"][0]["can"] == ["HangUp"]


@pytest.mark.parametrize(
    "first",
    [
        '{"hello": {"version": "9.0"}}',
        '{"hello": {"version": "1.0"}}',
        '{"hello": 3}',
        "{}",
        "[]",
        "x" * 70_000,
        '{"command": "Dial", "id": "1", "number": "15"}',
    ],
)
async def test_a_wrong_hello_is_refused(here: Running, first: str) -> None:
    async with stream(here) as socket, asyncio.timeout(20):
        await socket.send(first)
        assert "error" in json.loads(await socket.recv())
        with pytest.raises(ConnectionClosed):
            await socket.recv()


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer no"}, {"Origin": "http://evil.example"}, {"Cookie": "offhook-1001=9.A"}],
)
async def test_a_stream_without_a_right_is_not_opened(here: Running, headers: dict[str, str]) -> None:
    token = {} if "Authorization" in headers or "Cookie" in headers else bearer(here)
    with pytest.raises(InvalidStatus):
        async with stream(here, **headers, **token):
            pass


async def test_garbage_on_the_stream_harms_nobody(here: Running) -> None:
    async with stream(here) as other, asyncio.timeout(20):
        await hello(other)
        async with stream(here) as socket:
            await hello(socket)
            await socket.send(json.dumps({"id": {"a": 1}, "command": ["Dial"]}))
            assert json.loads(await socket.recv())["error"]["code"] == "command_unreadable"
            await socket.send("\x00{{{")
            assert "error" in json.loads(await socket.recv())
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        await other.send(json.dumps({"command": "Dial", "id": "d", "number": "15"}))
        assert json.loads(await other.recv())


async def test_hostile_frames_are_answered(here: Running) -> None:
    """Half a letter as an id is an id nobody can say; a frame of bytes is no message, and said to be none."""
    async with stream(here) as socket, asyncio.timeout(20):
        await hello(socket)
        for frame in (
            r'{"command": "Dial", "number": "15", "id": "\ud800"}',
            r'{"command": "\ud800", "id": "\ud800"}',
        ):
            await socket.send(frame)
            answer = json.loads(await socket.recv())
            assert (answer["answer"], answer["error"]["code"]) == (None, "command_unreadable")
        await socket.send(b"\x00\x01")
        assert json.loads(await socket.recv())["error"]["code"] == "reply_unreadable"
        with pytest.raises(ConnectionClosed):
            await socket.recv()


def test_only_the_words_are_served(here: Running) -> None:
    assert json.loads(get(here, "GET", "/texts/fr.json")[2])["page.calls"] == "Appels"
    for path in (
        "/texts/__init__.py",
        "/texts/..%2f__init__.py",
        "/texts/de.json",
        "/static/../desk.html",
        "/static/",
    ):
        assert get(here, "GET", path)[0] == 404, path


def test_a_link_from_elsewhere_is_refused_in_words(here: Running) -> None:
    status, headers, body = get(
        here, "GET", "/desk/1001", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate"
    )
    assert status == 403
    assert headers["content-type"].startswith("text/html")
    assert "propre adresse" in body.decode()


def test_no_second_hub_on_the_same_port(here: Running, tmp_path: Path) -> None:
    port = here.url.rpartition(":")[2]
    with pytest.raises(RuntimeError, match=f"Port {port} is in use"):
        Program(tmp_path / "other", "hub", "--port", port)


def test_it_refuses_to_serve_the_network(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="this machine only"):
        Program(tmp_path, "hub", "--address", "0.0.0.0")  # noqa: S104 - what must be refused


def test_no_second_hub_in_the_same_folder(demo: Program, here: Running, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="running already"):
        Program(tmp_path, "hub", "--port", "0")
    assert running(folder=str(tmp_path)) == here, "the one that runs can still be found"


@pytest.mark.parametrize("words", [("--port", "99999"), ("--port", "1")])
def test_a_port_that_cannot_be_had(tmp_path: Path, words: tuple[str, ...]) -> None:
    if words[1] == "1" and os.geteuid() == 0:
        words = ("--port", "70000")
    with pytest.raises(RuntimeError, match=r"is not a port|does not grant port"):
        Program(tmp_path, "hub", *words)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RuntimeError, match=r"cannot be (used|read)"):
        Program(tmp_path / "file", "hub", "--port", "0")
    (tmp_path / "hub.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(RuntimeError, match="not a hub database"):
        Program(tmp_path, "hub", "--port", "0")
    assert (tmp_path / "hub.sqlite").read_bytes() == b"no database" * 100


@pytest.mark.parametrize("address", ["::1", "localhost"])
def test_every_name_of_the_loopback(tmp_path: Path, address: str) -> None:
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001", "--address", address):
        here = running(folder=str(tmp_path))
        assert here is not None
        assert request("GET", here.url, "/v1/desk/calls", here.tokens["1001"])["calls"] == []


def test_it_stops_cleanly_and_takes_its_address_away(tmp_path: Path) -> None:
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001") as hub:
        assert running(folder=str(tmp_path)) is not None
        assert hub.stop() == 0
    assert running(folder=str(tmp_path)) is None
