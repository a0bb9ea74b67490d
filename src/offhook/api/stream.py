"""``/v1/desk``: one desk's conversation with the board over a WebSocket, JSON objects both ways.

=========================================  ==========================================================
from the desk                              from the board
=========================================  ==========================================================
``{"hello": {"version", "resume"}}``       ``{"welcome": {"version", "desk", "seq", "last", "up",
..                                         "accepts", "calls"}}``
``{"command": "Dial", "id", …}``           ``{"answer": id, "as": id}`` or ``{"answer": id, "error": {…}}``;
..                                         of a dial with its ``call``, where there is one, and ``ext``: an
..                                         extension behind the number, not dialled
..                                         ``{"event": "Ringing", …, "seq", "after", "snapshot": {…}}``
..                                         ``{"beat": seq}`` after ten quiet seconds
=========================================  ==========================================================

``snapshot`` is the call as it is after the event, even if it has ended. A reader takes an event whose ``after`` is
the last ``seq`` it had, skips one whose ``seq`` it already had, and otherwise resumes. With ``"show": "calls"`` in the
hello, every batch of events is followed by ``{"calls": […], "up", "seq"}``, the calls as they are then.

The welcome carries the calls as they are after the event ``last``, the newest; the events after ``seq`` follow. Those
two are the same, unless the hello gives the ``seq`` last heard as ``resume``: then ``seq`` is that one. Where what came
after it is gone, the welcome says ``"gap": true``. A desk that falls behind what is kept is disconnected (1013); it
resumes and is told of the gap.
"""

import asyncio
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from offhook.api.answers import LONGEST_MESSAGE
from offhook.board.feed import FellBehind
from offhook.board.key import DeskKey
from offhook.board.switchboard import Switchboard
from offhook.codec import decode_command, dumps, encode_call, loads
from offhook.errors import OffhookError, ProtocolError
from offhook.line import number_of
from offhook.model import MODEL_VERSION, Dial, is_clean
from offhook.numbers import extension

HELLO_S = 5.0
BEAT_S = 10.0
BEATEN_AT_ONCE = 100
COMMANDS_AT_ONCE = 32
CALL_WITHIN_S = 0.5
"""How long the answer to a dial waits to hear of its call."""


async def converse(socket: WebSocket, board: Switchboard, key: DeskKey) -> None:
    """Speak with a desk that has shown who it is, until one side leaves."""
    await socket.accept()
    try:
        async with asyncio.timeout(HELLO_S):
            hello = (await _heard(socket)).get("hello")
        welcome, seq = await _welcome(board, key, hello)
        await socket.send_text(dumps({"welcome": welcome}))
        await _both_ways(socket, board, key, seq, show_calls=_shows_calls(hello))
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        pass  # the desk left, or never said hello: its own business
    except OffhookError as error:
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.send_text(dumps({"error": error.to_json()}))
            await socket.close(1008)


async def _both_ways(
    socket: WebSocket, board: Switchboard, key: DeskKey, seq: str, *, show_calls: bool
) -> None:
    """Write in a task of its own, listen in this one; where either ends, so does the other."""
    feed = board.feeds[key]
    feed.readers += 1
    listening, gone = asyncio.current_task(), False

    def stop(_done: object) -> None:
        if not gone and listening is not None:
            listening.cancel()

    writing = asyncio.ensure_future(_write(socket, board, key, seq, show_calls=show_calls))
    writing.add_done_callback(stop)
    try:
        await _listen(socket, board, key)
    except asyncio.CancelledError:
        if listening is None or not writing.done() or writing.cancelled():
            raise
        listening.uncancel()
        if isinstance(writing.exception(), FellBehind):
            await socket.close(1013)  # the desk comes back, and is told of the gap
    finally:
        gone = True
        feed.readers -= 1
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _write(socket: WebSocket, board: Switchboard, key: DeskKey, seq: str, *, show_calls: bool) -> None:
    """Send every event after ``seq``, and a beat when woken with nothing to send."""
    feed = board.feeds[key]
    while board.feeds.get(key) is feed:
        events = await feed.after(seq)
        for written in events:
            await socket.send_text(written.text)
            seq = written.seq
        if not events:
            await socket.send_text(dumps({"beat": seq}))
        elif show_calls:
            newest, up, calls = board.state(key)
            shown = [encode_call(call) for call in calls]
            await socket.send_text(dumps({"calls": shown, "up": up, "seq": newest}))


async def beats(board: Switchboard) -> None:
    """Wake every desk's streams now and then, a few at a time: one clock for all of them."""
    while True:
        feeds = [feed for feed in board.feeds.values() if feed.readers]
        slices = range(0, len(feeds), BEATEN_AT_ONCE)
        for start in slices:
            for feed in feeds[start : start + BEATEN_AT_ONCE]:
                feed.wake()
            await asyncio.sleep(BEAT_S / len(slices))
        if not slices:
            await asyncio.sleep(BEAT_S)


async def _listen(socket: WebSocket, board: Switchboard, key: DeskKey) -> None:
    """Carry out what the desk asks, several things at once, each answered under its id."""
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            message = await _heard(socket)
            if len(under_way) >= COMMANDS_AT_ONCE:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(_carry_out(socket, board, key, message))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    finally:
        await asyncio.gather(*under_way, return_exceptions=True)


async def _carry_out(socket: WebSocket, board: Switchboard, key: DeskKey, message: dict[str, Any]) -> None:
    answer = await answered(board, key, message)
    await socket.send_text(dumps(answer))


async def answered(board: Switchboard, key: DeskKey, message: dict[str, Any]) -> dict[str, Any]:
    """Carry out one command and return its answer, in the form that :mod:`offhook.api.stream` shows."""
    asked = message.get("id")
    asked = asked if isinstance(asked, str) and is_clean(asked) else None
    try:
        command = decode_command(message)
        done_as = await board.desk(key).send(command)
    except OffhookError as error:
        return {"answer": asked, "error": error.to_json()}
    call = await board.desk(key).call_of(done_as, CALL_WITHIN_S) if isinstance(command, Dial) else ""
    await board.settled()
    ext = extension(number_of(command) or "")
    return {"answer": asked, "as": done_as} | ({"call": call} if call else {}) | ({"ext": ext} if ext else {})


async def _welcome(board: Switchboard, key: DeskKey, hello: object) -> tuple[dict[str, Any], str]:
    """Return the welcome and the ``seq`` after which events follow."""
    if not isinstance(hello, dict):
        raise ProtocolError("reply_unreadable", source="hello")
    version = str(hello.get("version", ""))
    if version.partition(".")[0] != MODEL_VERSION.partition(".")[0]:
        raise ProtocolError("version_unknown", version=version[:20], known=MODEL_VERSION)
    resume = hello.get("resume")
    resumes = isinstance(resume, str) and bool(resume)
    can_resume = resumes and await board.feeds[key].can_resume(str(resume))
    last, up, calls = board.state(key)  # nothing is awaited between here and the first event that is read
    seq = str(resume) if can_resume else last
    welcome: dict[str, Any] = {
        "version": MODEL_VERSION, "desk": str(key), "seq": seq, "last": last, "up": up,
        "accepts": sorted(kind.__name__ for kind in board.line(key).interface.accepts),
        "calls": [encode_call(call) for call in calls],
    }  # fmt: skip
    return welcome | ({"gap": True} if resumes and not can_resume else {}), seq


def _shows_calls(hello: object) -> bool:
    return isinstance(hello, dict) and hello.get("show") == "calls"


async def _heard(socket: WebSocket) -> dict[str, Any]:
    """Return the next message. Raises ``ProtocolError`` for what is none, and what the socket raises."""
    frame = await socket.receive()
    if frame["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(frame.get("code", 1000))
    text = frame.get("text")
    if text is None:
        raise ProtocolError("reply_unreadable", source="binary")
    if len(text) > LONGEST_MESSAGE:
        raise ProtocolError("message_too_long", limit=LONGEST_MESSAGE)
    return loads(text)
