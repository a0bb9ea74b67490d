"""The pretend exchange's link: one JSON object per line, UTF-8. No I/O.

``receive`` takes bytes as they come and returns whole objects; lines are cut as bytes and decoded after,
so an accent split between two reads survives. A line longer than :data:`MAX_LINE` is an error, not memory.
"""

import json
from typing import Any

from offhook.errors import ProtocolError

MAX_LINE = 1 << 20
Json = dict[str, Any]


class ExchangeFramer:
    """Bytes in, objects out. ``b""`` is the end of the stream."""

    def __init__(self) -> None:
        self._rest = b""

    def receive(self, data: bytes) -> list[Json]:
        """Return the objects that ``data`` completes. Raises ``ProtocolError``."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE or any(len(line) > MAX_LINE for line in lines):
            raise ProtocolError("message_too_long", limit=MAX_LINE)
        return [_object(line) for line in lines if line.strip()]


def encode(message: Json) -> bytes:
    """Return a message as one line, in ASCII: whatever a name holds can be sent."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def _no_constant(name: str) -> None:
    """NaN and Infinity are no JSON."""
    raise ValueError(name)


def _object(line: bytes) -> Json:
    try:
        value = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ProtocolError("reply_unreadable", source="json")
    return value
