"""The interface ``hub``: a desk's line on an Offhook hub, over its stream (``/v1/desk``).

After a lost link it comes back by itself and resumes after the last event it had: every event once, in
order, or a ``Gap`` with the calls as they are. A command whose answer was lost is repeated with its id,
under which the hub acts once.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.uri import parse_uri

from offhook import catalogue
from offhook.about import About
from offhook.codec import decode_call, decode_event, dumps, encode_command, error_in, loads
from offhook.dialling import Dialled
from offhook.errors import (
    LoginRefused,
    OffhookError,
    OutcomeUnknown,
    ProtocolError,
    SettingsError,
    Unavailable,
    Unreachable,
    on,
    reason,
    unresolved,
)
from offhook.interface import Availability, Device, Seen, Telling, Tried
from offhook.interfaces.hub.about import ABOUT
from offhook.masking import MASK
from offhook.model import (
    COMMANDS,
    EVENTS,
    MODEL_VERSION,
    Call,
    CallEvent,
    Command,
    Event,
    Gap,
    LineBack,
    LineLost,
)
from offhook.settings.running import running
from offhook.thread import in_thread
from offhook.transport.backoff import pauses
from offhook.transport.http import request
from offhook.view import View

link_log = logging.getLogger(f"{__name__}.link")
link_log.setLevel(logging.INFO)  # at DEBUG the library logs its request, and our token with it

ANSWER_S = 15.0
SILENCE_S = 30.0
LONGEST_MESSAGE = 1 << 22
LONGEST_PAUSE_S = 5.0
LONGEST_SEQ = 100
REMEMBERED = 1_000
"""For how many past events the ``seq`` is remembered, in case the hub repeats one."""
COMMANDS_PATH, CALLS_PATH = "/v1/desk/commands", "/v1/desk/calls"


class _Behind(NamedTuple):
    """What the hub said of the desk when we came back; it is true once the event ``last`` is told."""

    last: str
    calls: tuple[Call, ...]
    up: bool


class HubInterface(Telling):
    """Speaks with the hub at ``url`` (``http://…``) for the desk ``extension``, showing ``token``.

    :meth:`resume` goes on after an event instead of starting with the calls as they are.
    """

    about: ClassVar[About] = ABOUT
    emits: ClassVar[frozenset[type[Event]]] = frozenset(EVENTS.values())

    def __init__(self, url: str, extension: str, token: str) -> None:
        super().__init__()
        self.url = url
        self.extension = extension
        self._token = token
        self._last = ""
        self._had: deque[str] = deque(maxlen=REMEMBERED)
        self._accepts = frozenset(COMMANDS.values())
        self._socket: ClientConnection | None = None
        self._up = False
        self._behind: _Behind | None = None
        self._asked: dict[str, tuple[str, asyncio.Future[str]]] = {}
        self._sent: set[str] = set()
        self._first_try: asyncio.Future[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def accepts(self) -> frozenset[type[Command]]:
        """Every command, until the hub says which ones this desk's line takes."""
        return self._accepts

    @classmethod
    async def availability(cls) -> Availability:
        """Say whether a hub is known on this machine."""
        return Availability(ABOUT.name, None if running() else Unavailable("no_hub", interface=ABOUT.name))

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return the line of ``extension`` on the hub given, else on the one running on this machine."""
        here, url, token = running(), options["url"], options["token"]
        if not url and here is None:
            raise Unavailable("no_hub", interface=ABOUT.name)
        tokens = here.tokens if here and url in ("", here.url) else {}
        extension = extension or token.partition(".")[0] or next(iter(tokens), "")
        url = url or (here.url if here else "")
        return cls(url, extension, token or tokens.get(extension, "")), Device(extension)

    def resume(self, seq: str) -> None:
        """See :class:`offhook.interface.Resumable`."""
        self._last = seq

    async def open(self) -> None:
        """Connect; from then on the link comes back by itself.

        Raises ``Unreachable`` where the hub is not there, ``LoginRefused`` for a token it does not accept, and what
        else it answers that waiting cannot mend.
        """
        loop = asyncio.get_running_loop()
        self._first_try = loop.create_future()
        self._reading = loop.create_task(self._keep_reading())
        try:
            await asyncio.shield(self._first_try)
        except OffhookError:
            await self.close()
            raise

    async def send(self, command: Command, device: Device, dialled: Dialled) -> str:
        """Ask the hub, which has rules of its own; see :meth:`offhook.interface.Interface.send`.

        Returns the id under which the hub did it: another client's, where this was the second half of a double click.
        """
        text = dumps(encode_command(replace(command, line="")))
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[command.id] = (text, done)
        try:
            if self._socket is not None:
                await self._write(self._socket, command.id, text)
            async with asyncio.timeout(ANSWER_S):
                return await done
        except TimeoutError:
            if command.id in self._sent:
                raise OutcomeUnknown("answer_lost") from None
            raise Unreachable("line_lost") from None
        finally:
            self._asked.pop(command.id, None)
            self._sent.discard(command.id)

    async def close(self) -> None:
        """Leave the hub."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
            self.end()

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """See :meth:`offhook.interface.Interface.preview`."""
        asked = dumps(encode_command(command))
        return [f"POST {self.url}{COMMANDS_PATH}?desk={device}\nAuthorization: Bearer {MASK}\n\n{asked}"]

    async def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """Ask the hub for this desk's calls: that tests its address, our token, and whether it hears the line."""
        if not self._token:
            yield SettingsError("setting_missing", name="hub.token")
            yield Tried("about", {"url": self.url})
        else:
            yield Tried("hub", {"url": self.url, "desk": self.extension})
        path = f"{CALLS_PATH}?desk={self.extension}" if self._token else "/v1/about"
        try:
            with on(ABOUT.name):
                answer = await in_thread(lambda: request("GET", self.url, path, self._token))
                if (error := error_in(answer)) is not None:
                    raise error
                if self._token and not answer.get("up"):
                    raise Unreachable("hub_line_down", desk=self.extension)
        except (OutcomeUnknown, ProtocolError) as error:
            why = "not_a_hub" if isinstance(error, ProtocolError) else "unanswered"
            yield Unreachable("hub_unreachable", url=self.url, why=why)
        except OffhookError as error:
            yield error

    # --- the link -----------------------------------------------------------------------------------

    async def _keep_reading(self) -> None:
        """Read until closed, or until something is wrong that waiting cannot mend: then the events end with it."""
        try:
            with catalogue.answering(ABOUT.name):
                await self._read_on()
        except OffhookError as error:
            self._give_up(error)

    async def _read_on(self) -> None:
        waits = pauses(longest_s=LONGEST_PAUSE_S)
        while True:
            try:
                await self._once()
            except (OSError, WebSocketException, TimeoutError, Unreachable, ProtocolError) as error:
                if isinstance(error, ProtocolError) and error.code == "version_unknown":
                    raise
                self._tell_first(self._unreachable(error))
            if self._up:
                waits = pauses(longest_s=LONGEST_PAUSE_S)
                self._up = False
                self.tell(LineLost(at=_now(), line=self.extension, why="hub"))
            await asyncio.sleep(next(waits))

    def _unreachable(self, error: Exception) -> Unreachable:
        why = reason(error) if isinstance(error, OSError) else "not_a_hub"
        name = urlsplit(self.url).hostname or self.url
        return unresolved(name, error) or Unreachable("hub_unreachable", url=self.url, why=why)

    async def _once(self) -> None:
        """Connect, say hello, and read until the link ends."""
        address = self.url.replace("http", "ws", 1).rstrip("/") + f"/v1/desk?desk={self.extension}"
        try:
            parse_uri(address)
        except (InvalidURI, ValueError):
            raise SettingsError("url_unusable", url=self.url) from None
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
                logger=link_log,
            )
        except InvalidStatus as error:
            if error.response.status_code in (401, 403):
                raise LoginRefused("login_refused") from None
            raise
        async with socket:
            await socket.send(dumps({"hello": {"version": MODEL_VERSION, "resume": self._last or None}}))
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
            raise error_in(message) or ProtocolError("reply_unreadable", source="welcome")
        self._behind = _Behind(_sequence(welcome, "last"), _calls(welcome), bool(welcome.get("up")))
        accepts = welcome.get("accepts")
        if isinstance(accepts, list):
            self._accepts = frozenset(COMMANDS[name] for name in map(str, accepts) if name in COMMANDS)
        self._last = _sequence(welcome)
        self._up = True
        if welcome.get("gap"):
            self.tell(Gap(at=_now(), line=self.extension, seq=self._last))
        self._caught_up()
        self._tell_first(None)

    def _caught_up(self) -> None:
        """Tell that the line is back, with the calls as they are, once the welcome's newest event has been told."""
        behind = self._behind
        if behind is None or behind.last != self._last:
            return
        self._behind = None
        calls = tuple(replace(call, line=self.extension) for call in behind.calls)
        self.tell(LineBack(at=_now(), line=self.extension, calls=calls))
        if not behind.up:
            self.tell(LineLost(at=_now(), line=self.extension, why="switch"))

    def _take(self, message: dict[str, Any]) -> None:
        if "answer" in message:
            self._take_answer(message)
        elif "event" in message:
            self._take_event(message)

    def _take_answer(self, message: dict[str, Any]) -> None:
        _text, done = self._asked.get(str(message["answer"]), ("", None))
        if done is None or done.done():
            return
        error = error_in(message)
        if error is None:
            done_as = message.get("as")
            done.set_result(done_as if isinstance(done_as, str) and done_as else message["answer"])
        else:
            done.set_exception(error)

    def _take_event(self, message: dict[str, Any]) -> None:
        """Take an event that follows the last one. One already had is left out; if one does not follow, resume."""
        seq, after = _sequence(message), message.get("after", "")
        if seq == self._last or seq in self._had:
            return
        if after != self._last:
            raise ProtocolError("reply_unreadable", source="after")  # resumed after a new welcome
        self._had.append(seq)
        self._last = seq
        try:
            event = decode_event(message)
        except ProtocolError:
            self._last = ""  # its content is learnt from the calls as they are
            raise
        if event is not None:
            self.tell(self._own(_narrowed(event, message.get("snapshot"))))
        self._caught_up()

    def _own(self, event: Event) -> Event:
        """Return an event as this line's: it stands for every line that the desk has at the hub."""
        return event if isinstance(event, LineBack | LineLost | Gap) else replace(event, line=self.extension)

    def _tell_first(self, error: OffhookError | None) -> None:
        if self._first_try is None or self._first_try.done():
            return
        if error is None:
            self._first_try.set_result(None)
        else:
            self._first_try.set_exception(error)

    def _give_up(self, error: OffhookError) -> None:
        self._tell_first(error)
        self.end(error)


def _message(data: str | bytes) -> dict[str, Any]:
    return loads(data)


def _narrowed(event: Event, snapshot: object) -> Event:
    """Return an event with what the hub says can be asked of its call."""
    if not isinstance(event, CallEvent) or not isinstance(snapshot, dict):
        return event
    can = snapshot.get("can", [])
    return replace(event, can=tuple(map(str, can)) if isinstance(can, list) else ())


def _sequence(message: dict[str, Any], name: str = "seq") -> str:
    seq = message.get(name)
    if not isinstance(seq, str) or len(seq) > LONGEST_SEQ:
        raise ProtocolError("reply_unreadable", source=name)
    return seq


def _calls(welcome: dict[str, Any]) -> tuple[Call, ...]:
    calls = welcome.get("calls")
    if not isinstance(calls, list):
        raise ProtocolError("reply_unreadable", source="calls")
    return tuple(decode_call(call) for call in calls)


def _now() -> datetime:
    return datetime.now(UTC)
