"""``/v1/desk``: one desk's conversation with the hub over a WebSocket, JSON objects both ways.

=========================================  ==========================================================
from the desk                              from the hub
=========================================  ==========================================================
``{"hello": {"version", "resume"}}``       ``{"welcome": {"version", "desk", "log", "seq", "up", "calls"}}``
``{"command": "Dial", "id", …}``           ``{"answer": id, "as": id}`` or ``{"answer": id, "error": {…}}``
..                                         ``{"event": "Ringing", "seq", …}``
..                                         ``{"beat": seq}`` after ten quiet seconds
=========================================  ==========================================================

With ``"show": "calls"`` in the hello, every batch of events is followed by ``{"calls": […], "seq"}``, the
calls as they are then: a page needs no call model of its own.

``resume`` is ``{"log", "seq"}`` as last heard. What came after it follows; where that is gone, the welcome
says ``"gap": true``. The welcome carries the calls as they are at its ``seq``, unless everything since
``resume`` follows: then ``seq`` is the one resumed from, and there are no ``calls`` but for a page that shows them.
A desk that falls behind what is kept is disconnected (1013); it resumes and is told of the gap.
"""

import asyncio
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from offhook.codec import decode_command, dumps, encode_call, loads
from offhook.errors import OffhookError, ProtocolError
from offhook.hub.feed import FellBehind
from offhook.hub.switchboard import Switchboard
from offhook.model import MODEL_VERSION

HELLO_S = 5.0
BEAT_S = 10.0
LONGEST_MESSAGE = 1 << 16
COMMANDS_AT_ONCE = 32


async def converse(socket: WebSocket, board: Switchboard, extension: str) -> None:
    """Speak with a desk that has shown who it is, until one side leaves."""
    await socket.accept()
    try:
        async with asyncio.timeout(HELLO_S):
            hello = _read(await socket.receive_text()).get("hello")
        welcome, seq = _welcome(board, extension, hello)
        await socket.send_text(dumps({"welcome": welcome}))
        await _both_ways(
            socket, board, extension, seq, isinstance(hello, dict) and hello.get("show") == "calls"
        )
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        pass  # the desk left, or never said hello: its own business
    except OffhookError as error:
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.send_text(dumps({"error": error.to_json()}))
            await socket.close(1008)


async def _both_ways(
    socket: WebSocket, board: Switchboard, extension: str, seq: int, show_calls: bool
) -> None:
    ways = [
        asyncio.ensure_future(_write(socket, board, extension, seq, show_calls)),
        asyncio.ensure_future(_listen(socket, board, extension)),
    ]
    try:
        done, _rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()
    except FellBehind:
        await socket.close(1013)  # it comes back, and is told of the gap
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _write(socket: WebSocket, board: Switchboard, extension: str, seq: int, show_calls: bool) -> None:
    """Send every event after ``seq``, and a beat when there is nothing to send."""
    feed = board.feeds[extension]
    while True:
        try:
            async with asyncio.timeout(BEAT_S):
                events = await feed.after(seq)
        except TimeoutError:
            await socket.send_text(dumps({"beat": seq}))
            continue
        for number, text in events:
            await socket.send_text(text)
            seq = number
        if show_calls:
            newest, up, calls = board.state(extension)
            shown = [encode_call(call) for call in calls]
            await socket.send_text(dumps({"calls": shown, "up": up, "seq": newest}))


async def _listen(socket: WebSocket, board: Switchboard, extension: str) -> None:
    """Carry out what the desk asks, several things at once, each answered by its id."""
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            message = _read(await socket.receive_text())
            if len(under_way) >= COMMANDS_AT_ONCE:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(_carry_out(socket, board, extension, message))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    finally:
        await asyncio.gather(*under_way, return_exceptions=True)


async def _carry_out(socket: WebSocket, board: Switchboard, extension: str, message: dict[str, Any]) -> None:
    answer = await answered(board, extension, message)
    await socket.send_text(dumps(answer))


async def answered(board: Switchboard, extension: str, message: dict[str, Any]) -> dict[str, Any]:
    """Carry out one command and return its answer, as :mod:`offhook.hub.stream` draws it."""
    asked = message.get("id")
    try:
        command = decode_command(message)
        done_as = await board.desks[extension].send(command)
    except OffhookError as error:
        return {"answer": asked, "error": error.to_json()}
    board.commit()
    return {"answer": asked, "as": done_as}


def _welcome(board: Switchboard, extension: str, hello: object) -> tuple[dict[str, Any], int]:
    """Return the welcome and the sequence number after which events follow."""
    if not isinstance(hello, dict):
        raise ProtocolError("reply_unreadable", source="hello")
    version = str(hello.get("version", ""))
    if version.partition(".")[0] != MODEL_VERSION.partition(".")[0]:
        raise ProtocolError("version_unknown", version=version[:20], known=MODEL_VERSION)
    seq, up, calls = board.state(extension)
    welcome: dict[str, Any] = {"version": MODEL_VERSION, "desk": extension, "log": board.store.log, "up": up}
    shown = {"calls": [encode_call(call) for call in calls]}
    resume = hello.get("resume")
    if isinstance(resume, dict) and isinstance(resume.get("seq"), int):
        same_log = resume.get("log", board.store.log) == board.store.log
        if same_log and board.feeds[extension].can_resume(resume["seq"]):
            return welcome | {"seq": resume["seq"]} | (shown if hello.get("show") == "calls" else {}), resume[
                "seq"
            ]
        welcome["gap"] = True
    return welcome | {"seq": seq} | shown, seq


def _read(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_MESSAGE:
        raise ProtocolError("message_too_long", limit=LONGEST_MESSAGE)
    return loads(text)
