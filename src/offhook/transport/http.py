"""One small JSON request to a hub on this machine.

``offhook dial`` runs on every click, so this speaks the little HTTP it needs over a plain socket:
``http.client`` and every HTTP library measured take longer to import than the whole command may. It is
for our own hub on the loopback and for nothing else.
"""

import json
import socket
from typing import Any

from offhook.errors import (
    LoginRefused,
    OutcomeUnknown,
    ProtocolError,
    SettingsError,
    Unreachable,
    reason,
    unresolved,
)

CONNECT_S = 3.0
ANSWER_S = 15.0
LONGEST_ANSWER = 1 << 22


def request(
    method: str, url: str, path: str, token: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Send a request and return the JSON object that comes back, whatever its status.

    Raises ``Unreachable`` where nothing was sent, ``OutcomeUnknown`` where the answer was lost,
    ``LoginRefused`` and ``ProtocolError``.
    """
    host, _colon, port = url.removeprefix("http://").rstrip("/").rpartition(":")
    try:
        # as bytes: a name given as text would first load the codec for international names
        link = socket.create_connection((host.strip("[]").encode("ascii"), int(port)), CONNECT_S)  # type: ignore[arg-type]
    except ValueError:
        raise SettingsError("url_unusable", url=url[:80]) from None
    except OSError as error:
        raise unresolved(host, error) or Unreachable("hub_unreachable", url=url, why=reason(error)) from None
    with link:
        link.settimeout(ANSWER_S)
        try:
            link.sendall(_head(method, f"{host}:{port}", path, token, data := _data(body)) + data)
            answer = _read(link)
        except OSError:
            raise OutcomeUnknown("answer_lost") from None
    return _parsed(answer)


def _data(body: dict[str, Any] | None) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def _head(method: str, host: str, path: str, token: str, data: bytes) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {token}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
    ]
    if any("\r" in line or "\n" in line for line in lines):
        raise ProtocolError("reply_unreadable", source="token")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _read(link: socket.socket) -> bytes:
    """Read to the end of the answer: as long as it says, else to the end of the stream."""
    data = b""
    while chunk := link.recv(1 << 16):
        data += chunk
        if len(data) > LONGEST_ANSWER:
            raise ProtocolError("message_too_long", limit=LONGEST_ANSWER)
        head, blank, rest = data.partition(b"\r\n\r\n")
        if blank and len(rest) >= (_length(head) or LONGEST_ANSWER):
            break
    return data


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _colon, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0


def _parsed(answer: bytes) -> dict[str, Any]:
    head, blank, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if not blank:
        raise OutcomeUnknown("answer_lost")
    if status == [b"401"]:
        raise LoginRefused("login_refused")
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ProtocolError("reply_unreadable", source="answer")
    return value
