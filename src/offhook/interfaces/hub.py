"""The interface ``hub``: a desk's line on an Offhook hub, over its stream (``/v1/desk``).

After a lost link it comes back by itself and resumes after the last event it had: every event once, in
order, or a ``Gap`` with the calls as they are. A command whose answer was lost is repeated with its id,
under which the hub acts once.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from offhook.codec import decode_call, decode_event, dumps, encode_command, error_in, loads
from offhook.errors import LoginRefused, OffhookError, OutcomeUnknown, ProtocolError, Unavailable, Unreachable
from offhook.interface import Availability, only
from offhook.model import (
    COMMANDS,
    EVENTS,
    MODEL_VERSION,
    Call,
    Command,
    Event,
    Gap,
    LineBack,
    LineLost,
)
from offhook.settings.running import running
from offhook.transport.backoff import pauses

ANSWER_S = 15.0
SILENCE_S = 30.0
LONGEST_MESSAGE = 1 << 22
LONGEST_PAUSE_S = 5.0


class HubInterface:
    """Speaks with the hub at ``url`` (``http://…``) for the desk ``extension``, showing ``token``.

    ``resume`` goes on after that sequence number instead of starting with the calls as they are.
    """

    name: ClassVar[str] = "hub"
    accepts: ClassVar[frozenset[type[Command]]] = frozenset(COMMANDS.values())
    emits: ClassVar[frozenset[type[Event]]] = frozenset(EVENTS.values())
    applies_rules: ClassVar[bool] = True
    per_desk: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {"url": "hub.url", "token": "hub.token"}

    def __init__(self, url: str, extension: str, token: str, resume: int | None = None) -> None:
        self.url = url
        self.extension = extension
        self._token = token
        self._resume: dict[str, Any] | None = None if resume is None else {"seq": resume}
        self._socket: ClientConnection | None = None
        self._up = False
        self._fatal: OffhookError | None = None
        self._asked: dict[str, tuple[str, asyncio.Future[None]]] = {}
        self._sent: set[str] = set()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._first_try: asyncio.Future[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    def availability(cls) -> Availability:
        """Say whether a hub is known on this machine."""
        return Availability(
            name=cls.name, error=None if running() else Unavailable("no_hub", interface=cls.name)
        )

    @classmethod
    def for_desk(cls, extension: str, options: Mapping[str, str]) -> tuple[Self, str]:
        """Return the line of ``extension`` on the hub given, else on the one running on this machine."""
        known = only(options, *cls.settings, "resume")
        here = running()
        if "url" not in known and here is None:
            raise Unavailable("no_hub", interface=cls.name)
        url = known.get("url") or (here.url if here else "")
        tokens = here.tokens if here else {}
        extension = extension or known.get("token", "").partition(".")[0] or next(iter(tokens), "")
        token = known.get("token") or tokens.get(extension, "")
        resume = int(known["resume"]) if known.get("resume") else None
        return cls(url, extension, token, resume), extension

    async def open(self) -> None:
        """Connect; from then on the link comes back by itself.

        Raises ``Unreachable`` where the hub is not there, ``LoginRefused`` for a token it does not accept.
        """
        loop = asyncio.get_running_loop()
        self._first_try = loop.create_future()
        self._reading = loop.create_task(self._keep_reading())
        try:
            await asyncio.shield(self._first_try)
        except OffhookError:
            await self.close()
            raise

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens until closed, or until the hub refuses this desk for good."""
        while (event := await self._events.get()) is not None:
            yield event
        if self._fatal is not None:
            raise self._fatal

    async def send(self, command: Command) -> None:
        """Ask the hub; see :meth:`offhook.interface.Interface.send`."""
        text = dumps(encode_command(replace(command, line=self.extension)))
        done = asyncio.get_running_loop().create_future()
        self._asked[command.id] = (text, done)
        try:
            if self._socket is not None:
                await self._write(self._socket, command.id, text)
            async with asyncio.timeout(ANSWER_S):
                await done
        except TimeoutError:
            if command.id in self._sent:
                raise OutcomeUnknown("answer_lost", interface=self.name) from None
            raise Unreachable("line_lost", interface=self.name) from None
        finally:
            self._asked.pop(command.id, None)
            self._sent.discard(command.id)

    async def close(self) -> None:
        """Leave the hub."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
            self._events.put_nowait(None)

    # --- the link -----------------------------------------------------------------------------------

    async def _keep_reading(self) -> None:
        waits = pauses(longest_s=LONGEST_PAUSE_S)
        while True:
            try:
                await self._once()
            except LoginRefused as error:
                self._give_up(error)
                return
            except (OSError, WebSocketException, TimeoutError, ProtocolError):
                self._tell_first(Unreachable("hub_unreachable", interface=self.name, url=self.url))
            if self._up:
                waits = pauses(longest_s=LONGEST_PAUSE_S)
                self._up = False
                self._events.put_nowait(LineLost(at=_now(), line=self.extension, why="hub"))
            await asyncio.sleep(next(waits))

    async def _once(self) -> None:
        """Connect, say hello, and read until the link ends."""
        address = self.url.replace("http", "ws", 1).rstrip("/") + f"/v1/desk?desk={self.extension}"
        try:
            socket = await connect(
                address,
                additional_headers={"Authorization": f"Bearer {self._token}"},
                max_size=LONGEST_MESSAGE,
                open_timeout=5,
                ping_interval=SILENCE_S / 2,
                ping_timeout=SILENCE_S / 2,
                proxy=None,
                compression=None,
            )
        except InvalidStatus as error:
            if error.response.status_code in (401, 403):
                raise LoginRefused("login_refused", interface=self.name) from None
            raise
        async with socket:
            await socket.send(dumps({"hello": {"version": MODEL_VERSION, "resume": self._resume}}))
            async with asyncio.timeout(5):
                self._welcomed(_message(await socket.recv()))
            self._socket = socket
            try:
                for command_id, (text, _done) in list(self._asked.items()):
                    await self._write(socket, command_id, text)
                async for data in socket:
                    self._take(_message(data))
            finally:
                self._socket = None

    async def _write(self, socket: ClientConnection, command_id: str, text: str) -> None:
        self._sent.add(command_id)
        with contextlib.suppress(WebSocketException):  # repeated under its id when the link is back
            await socket.send(text)

    def _welcomed(self, message: dict[str, Any]) -> None:
        welcome = message.get("welcome")
        if not isinstance(welcome, dict):
            raise error_in(message) or ProtocolError(
                "reply_unreadable", interface=self.name, source="welcome"
            )
        calls = _calls(welcome)
        self._resume = {"log": welcome.get("log"), "seq": _sequence(welcome)}
        self._up = True
        common: dict[str, Any] = {"at": _now(), "line": self.extension}
        if welcome.get("gap"):
            self._events.put_nowait(Gap(**common, calls=calls or (), seq=_sequence(welcome)))
        if welcome.get("up"):
            self._events.put_nowait(LineBack(**common, calls=None if welcome.get("gap") else calls))
        elif calls is not None:
            self._events.put_nowait(LineBack(**common, calls=calls))
            self._events.put_nowait(LineLost(**common, why="switch"))
        self._tell_first(None)

    def _take(self, message: dict[str, Any]) -> None:
        if "answer" in message:
            _text, done = self._asked.get(str(message["answer"]), ("", None))
            if done is not None and not done.done():
                error = error_in(message)
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
            return
        if "event" not in message:
            return
        seq = _sequence(message)
        had = self._resume["seq"] if self._resume else 0
        if seq <= had:
            return
        if seq != had + 1:
            raise ProtocolError(
                "reply_unreadable", interface=self.name, source="seq"
            )  # resumed after a new welcome
        self._resume = (self._resume or {}) | {"seq": seq}
        try:
            event = decode_event(message)
        except ProtocolError:
            self._resume = None  # what it said is learnt from the calls as they are
            raise
        if event is not None:
            self._events.put_nowait(event)

    def _tell_first(self, error: OffhookError | None) -> None:
        if self._first_try is None or self._first_try.done():
            return
        if error is None:
            self._first_try.set_result(None)
        else:
            self._first_try.set_exception(error)

    def _give_up(self, error: OffhookError) -> None:
        self._fatal = error
        self._tell_first(error)
        self._events.put_nowait(None)


def _message(data: str | bytes) -> dict[str, Any]:
    return loads(data)


def _sequence(message: dict[str, Any]) -> int:
    seq = message.get("seq")
    if not isinstance(seq, int) or seq < 0:
        raise ProtocolError("reply_unreadable", interface="hub", source="seq")
    return seq


def _calls(welcome: dict[str, Any]) -> tuple[Call, ...] | None:
    calls = welcome.get("calls")
    if calls is None:
        return None
    if not isinstance(calls, list):
        raise ProtocolError("reply_unreadable", interface="hub", source="calls")
    return tuple(decode_call(call) for call in calls)


def _now() -> datetime:
    return datetime.now(UTC)
