"""Listening: the hub's application on granian, in this one process, until a signal.

Granian's embedded server keeps everything in one process, so the switch's interface lives in the same
event loop as the streams and a kill leaves nothing behind. A free port is found by asking the system.
"""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Callable, Coroutine

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from offhook.errors import Unavailable
from offhook.hub.access import check_loopback

MOST_CONNECTIONS = 50_000
"""Connections served at once; granian's own limit is the backlog's, which five hundred desks with two tabs reach."""


def bound(address: str, port: int) -> tuple[str, int]:
    """Return the numeric address and port to listen on: ``port`` if it is free, or any free one for 0.

    Raises ``Unavailable`` for one that cannot be had and ``SettingsError`` for an address that is not the
    loopback.
    """
    check_loopback(address)
    numeric = "127.0.0.1" if address == "localhost" else address
    family = socket.AF_INET6 if ":" in numeric else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((numeric, port))
            return numeric, int(probe.getsockname()[1])
    except (OSError, OverflowError) as error:
        code = "port_taken" if getattr(error, "errno", 0) == errno.EADDRINUSE else "port_refused"
        raise Unavailable(code, interface="hub", port=port, address=numeric) from None


async def listen(
    app: ASGIApp, address: str, port: int, ready: Callable[[], None], board: Coroutine[None, None, None]
) -> None:
    """Serve ``app`` until SIGINT or SIGTERM, or until ``board`` fails, and raise what it failed with.

    Calls ``ready`` once connections are accepted.
    """
    logging.getLogger("_granian").setLevel(logging.ERROR)
    server = Server(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,
        log_enabled=False,
        backlog=1024,
        backpressure=MOST_CONNECTIONS,
        runtime_threads=1,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, server.stop)
    serving, watching = asyncio.ensure_future(server.serve()), asyncio.ensure_future(board)
    watching.add_done_callback(lambda _done: server.stop())  # type: ignore[no-untyped-call]
    accepting = asyncio.ensure_future(_accepting(address, port))
    await asyncio.wait([accepting, serving], return_when=asyncio.FIRST_COMPLETED)
    accepting.cancel()
    if not serving.done():
        ready()
    await serving
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def _accepting(address: str, port: int) -> None:
    while True:
        try:
            _reader, writer = await asyncio.open_connection(address, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
