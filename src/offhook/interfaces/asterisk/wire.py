"""Asterisk's manager protocol: blocks of ``Key: value`` lines. No I/O.

Bytes are framed before they are decoded, so an accent cut in two survives; headers are read when they are
asked for, because most events of a busy switch are about something else. Keys are compared without regard to
case (``Uniqueid``, ``UniqueID``) and may be repeated. Source: Asterisk's ``main/manager.c``, "AMI v2
Specification".
"""

from collections.abc import Iterable, Mapping

from offhook.errors import ProtocolError, Refused

MAX_MESSAGE = 1 << 20
"""Longest message accepted, in bytes: command output comes as one."""
MAX_GREETING = 256

_END = b"\r\n\r\n"


class AmiMessage:
    """One block the manager sent: ``event`` is its name, ``""`` for a response."""

    __slots__ = ("_headers", "event", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        first = raw[: raw.find(b"\r\n")] if b"\r\n" in raw else raw
        self.event = first[7:].decode("utf-8", "replace").strip() if first[:7] == b"Event: " else ""
        self._headers: dict[str, str] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers by lower-case key; of a repeated header, the last."""
        if self._headers is None:
            found = {}
            for line in self.raw.decode("utf-8", "replace").split("\r\n"):
                key, colon, value = line.partition(": ")
                if colon:
                    found[key.lower()] = value
            self._headers = found
        return self._headers

    def get(self, key: str) -> str:
        """Return a header's value, ``""`` where it is missing or ``<unknown>``. ``key`` in lower case."""
        value = self.headers.get(key, "")
        return "" if value == "<unknown>" else value

    def all(self, key: str) -> list[str]:
        """Return every value of a repeated header."""
        lines = _split(self.raw.decode("utf-8", "replace"))
        return [value for name, _colon, value in lines if name.lower() == key]

    def __repr__(self) -> str:
        return f"Message({self.event or 'Response: ' + self.get('response')})"


def _split(text: str) -> Iterable[tuple[str, str, str]]:
    for line in text.split("\r\n"):
        key, colon, value = line.partition(": ")
        if colon:
            yield key, colon, value
        elif line.endswith(":"):
            yield line[:-1], ":", ""


class AmiFramer:
    """Bytes in, messages out. The first line is the greeting; :attr:`greeting` holds it once it came.

    ``wanted`` are the events that are handed on, ``None`` for all; responses always are. ``only`` names, for some
    of them, what must be in the block: of thousands of ``VarSet`` events one variable matters.
    """

    def __init__(self, wanted: Iterable[str] | None = None, only: Mapping[str, str] | None = None) -> None:
        self.greeting: str | None = None
        self._rest = b""
        self._only = {name.encode(): part.encode() for name, part in (only or {}).items()}
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)

    def receive(self, data: bytes) -> list[AmiMessage]:
        """Return the messages that ``data`` completes. Raises ``ProtocolError``."""
        searched = max(0, len(self._rest) - 3)
        data = self._rest + data if self._rest else data
        if self.greeting is None:
            data = self._greeted(data)
            searched = 0
            if self.greeting is None:
                return []
        if data.find(_END, searched) < 0:
            self._rest = data
            if len(data) > MAX_MESSAGE:
                raise ProtocolError("message_too_long", limit=MAX_MESSAGE)
            return []
        *blocks, self._rest = data.split(_END)
        if len(self._rest) > MAX_MESSAGE or (
            len(data) > MAX_MESSAGE and any(len(b) > MAX_MESSAGE for b in blocks)
        ):
            raise ProtocolError("message_too_long", limit=MAX_MESSAGE)
        wanted, only = self._wanted, self._only
        if wanted is None:
            return [AmiMessage(bare) for block in blocks if (bare := block.lstrip(b"\r\n"))]
        found = []
        for block in blocks:
            if block[:2] == b"\r\n":  # some events end with one blank line too many
                block = block.lstrip(b"\r\n")
            if block[:7] == b"Event: ":
                end = block.find(b"\r\n")
                name = block[7 : end if end > 0 else None]
                if name not in wanted or (name in only and only[name] not in block):
                    continue
            if block:
                found.append(AmiMessage(block))
        return found

    def _greeted(self, data: bytes) -> bytes:
        """Take the greeting off the front. Raises ``ProtocolError`` where it is none."""
        line, end, rest = data.partition(b"\r\n")
        hopeful = line[:9] == b"Asterisk "[: len(line)]
        if not hopeful or len(line) > MAX_GREETING:
            raise ProtocolError("reply_unreadable", source="greeting")
        if not end:
            self._rest = data
            return data
        self.greeting, self._rest = line.decode("ascii", "replace"), b""
        return rest


def encode(action: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return an action. Raises ``Refused`` for a line break or a NUL in any key or value."""
    lines = [f"Action: {action}"]
    for key, value in headers:
        if any(character in value + key for character in "\r\n\0"):
            raise Refused("value_breaks_line", field=key)
        lines.append(f"{key}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")
