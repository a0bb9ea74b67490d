"""A TCP connection to a switch, plain or with TLS, and the rule by which it is made again."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from offhook.errors import Unreachable, reason, unresolved
from offhook.transport.backoff import pauses
from offhook.transport.web import Tls, context_of, is_pinned

CHUNK = 1 << 16
CONNECT_S = 5.0


class Address(NamedTuple):
    """Where a switch listens."""

    host: str
    port: int
    tls: Tls | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(text: str, port: int, tls: Tls | None = None) -> Address | None:
    """Read ``host`` or ``host:port`` or ``[::1]:port``; ``None`` where it is neither."""
    host, colon, last = text.strip().rpartition(":")
    if not colon or text.endswith("]") or (host.count(":") and not host.endswith("]")):
        host, last = text.strip(), str(port)
    host = host.strip("[]")
    if not host or not last.isdigit() or not 0 < int(last) < 1 << 16 or any(each.isspace() for each in host):
        return None
    return Address(host, int(last), tls)


Session = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def connected(address: Address, session: Session) -> None:
    """Hold one connection for the length of ``session``. Raises ``Unreachable`` and what the session raises."""
    try:
        async with asyncio.timeout(CONNECT_S):
            context = context_of(address.tls) if address.tls is not None else None
            reader, writer = await asyncio.open_connection(
                address.host,
                address.port,
                ssl=context,
                limit=CHUNK,
                server_hostname=address.host if context else None,
            )
    except ssl.SSLError as error:
        raise Unreachable("tls_failed", host=address.host, why=reason(error)) from None
    except (OSError, ValueError) as error:
        raise unresolved(address.host, error) or Unreachable(
            "switch_unreachable", address=str(address), why=reason(error)
        ) from error
    try:
        if address.tls is not None and address.tls.pin:
            seen = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            if not is_pinned(seen or b"", address.tls.pin):
                raise Unreachable("tls_failed", host=address.host, why="tls_pin")
        await session(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            writer.transport.abort()


async def kept(attempt: Callable[[], Awaitable[bool]]) -> None:
    """Repeat ``attempt`` for ever, with growing pauses; an attempt says whether it got anywhere."""
    waits = pauses()
    while True:
        if await attempt():
            waits = pauses()
        await asyncio.sleep(next(waits))
