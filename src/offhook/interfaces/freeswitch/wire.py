"""FreeSWITCH's event socket: headers, a blank line, and a body as long as ``Content-Length`` says. No I/O.

An event is a body of headers again, each value percent-encoded, or one JSON object. Values are decoded one by
one after the lines are cut, so an encoded line break stays inside its value; most headers of most events are
never looked at. Source: FreeSWITCH's ``mod_event_socket``.
"""

import json
from collections.abc import Iterable
from urllib.parse import unquote

from offhook.errors import ProtocolError, Refused

MAX_HEAD = 1 << 16
"""Longest head of a message accepted, in bytes."""
MAX_BODY = 1 << 25
"""Longest body accepted, in bytes: the list of channels comes as one."""

_FIRST = b"Content-"
"""What every message begins with, the very first included."""
PLAIN, JSON = b"text/event-plain", b"text/event-json"


class EslMessage:
    """One message. ``kind`` is its content type; ``event`` the event's name, ``""`` for what is not an event."""

    __slots__ = ("_headers", "_lines", "body", "event", "head", "kind")

    def __init__(self, kind: str, head: dict[str, str], body: bytes) -> None:
        self.kind, self.head, self.body = kind, head, body
        self.event = ""
        self._headers: dict[str, str] | None = None
        self._lines: dict[bytes, bytes] | None = None

    def get(self, key: str) -> str:
        """Return a header of the event, decoded; ``""`` where it is missing."""
        if self._headers is not None:
            return self._headers.get(key, "")
        if self._lines is None:
            self._lines = dict(_pairs(self.body.partition(b"\n\n")[0]))
        value = self._lines.get(key.encode(), b"")
        return (
            unquote(value.decode("utf-8", "replace")) if b"%" in value else value.decode("utf-8", "replace")
        )

    @property
    def text(self) -> str:
        """The body of the event itself: a background job's answer."""
        if self._headers is not None:
            return self._headers.get("_body", "")
        return self.body.partition(b"\n\n")[2].decode("utf-8", "replace")

    @property
    def reply(self) -> str:
        """The answer to a command."""
        return self.head.get("reply-text", "") or self.body.decode("utf-8", "replace").strip()

    def __repr__(self) -> str:
        return f"Message({self.event or self.kind})"


def _pairs(block: bytes) -> Iterable[tuple[bytes, bytes]]:
    for line in block.split(b"\n"):
        key, colon, value = line.partition(b": ")
        if colon:
            yield key, value


class EslFramer:
    """Bytes in, messages out. ``wanted`` are the events handed on, ``None`` for all; replies always are."""

    def __init__(self, wanted: Iterable[str] | None = None) -> None:
        self._rest = b""
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._need = 0
        self._begun = False

    def receive(self, data: bytes) -> list[EslMessage]:
        """Return the messages that ``data`` completes. Raises ``ProtocolError``."""
        data = self._rest + data if self._rest else data
        if not self._begun:
            if data[: len(_FIRST)] != _FIRST[: len(data)]:
                raise ProtocolError("reply_unreadable", source="greeting")
            self._begun = len(data) >= len(_FIRST)
        found: list[EslMessage] = []
        start, size = 0, len(data)
        if size < self._need:
            self._rest = data
            return found
        while True:
            while data.startswith(b"\n", start):
                start += 1
            end = data.find(b"\n\n", start)
            if end < 0:
                if size - start > MAX_HEAD:
                    raise ProtocolError("message_too_long", limit=MAX_HEAD)
                self._need = 0
                break
            if end - start > MAX_HEAD:
                raise ProtocolError("message_too_long", limit=MAX_HEAD)
            head = dict(_pairs(data[start:end]))
            length = _length(head.get(b"Content-Length", b"0"))
            if end + 2 + length > size:
                self._need = end + 2 + length - start
                break
            body = data[end + 2 : end + 2 + length]
            start = end + 2 + length
            message = self._message(head, body)
            if message is not None:
                found.append(message)
        self._rest = data[start:]
        return found

    def _message(self, head: dict[bytes, bytes], body: bytes) -> EslMessage | None:
        kind = head.get(b"Content-Type", b"")
        if kind == PLAIN:
            first = body[: body.find(b"\n")]
            name = first[12:] if first.startswith(b"Event-Name: ") else _name_in(body)
            if self._wanted is not None and name not in self._wanted:
                return None
            message = EslMessage("text/event-plain", {}, body)
            message.event = name.decode("ascii", "replace")
            return message
        words = {key.decode("ascii", "replace").lower(): _decoded(value) for key, value in head.items()}
        message = EslMessage(words.get("content-type", ""), words, body)
        if kind == JSON:
            headers = _object(body)
            message._headers = headers  # noqa: SLF001 - the message's own module
            message.event = headers.get("Event-Name", "")
            if self._wanted is not None and message.event.encode() not in self._wanted:
                return None
        return message


def described(headers: dict[str, str]) -> EslMessage:
    """Return a message as if its headers had come as an event."""
    message = EslMessage("text/event-json", {}, b"")
    message._headers = headers  # noqa: SLF001 - the message's own module
    return message


def _decoded(value: bytes) -> str:
    return unquote(value.decode("utf-8", "replace"))


def _name_in(body: bytes) -> bytes:
    return dict(_pairs(body.partition(b"\n\n")[0])).get(b"Event-Name", b"")


def _length(text: bytes) -> int:
    if not text.isdigit() or len(text) > 10:
        raise ProtocolError("reply_unreadable", source="Content-Length")
    length = int(text)
    if length > MAX_BODY:
        raise ProtocolError("message_too_long", limit=MAX_BODY)
    return length


def _object(body: bytes) -> dict[str, str]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProtocolError("reply_unreadable", source="json")
    return {str(key): value for key, value in found.items() if isinstance(value, str)}


def encode(command: str, job: str = "") -> bytes:
    """Return a command; with ``job`` one that is answered under that id.

    Raises ``Refused`` for a line break or a NUL in it: it would begin another.
    """
    if any(character in command + job for character in "\r\n\0"):
        raise Refused("value_breaks_line", field=command.partition(" ")[0])
    text = f"bgapi {command}\nJob-UUID: {job}\n\n" if job else f"{command}\n\n"
    return text.encode("utf-8", "replace")
