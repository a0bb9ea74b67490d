"""Listening: the hub's application on granian, in this one process, until a signal.

Granian's embedded server keeps everything in one process, so the switch's interface lives in the same
event loop as the streams and a kill leaves nothing behind. A free port is found by asking the system.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from offhook.errors import Unavailable
from offhook.hub.access import check_loopback


def port_for(address: str, port: int) -> int:
    """Return ``port`` if it is free, or any free one for 0.

    Raises ``Unavailable`` for one in use and ``SettingsError`` for an address that is not the loopback.
    """
    check_loopback(address)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            raise Unavailable("port_taken", interface="hub", port=port) from None
        return int(probe.getsockname()[1])


async def listen(app: ASGIApp, address: str, port: int, ready: Callable[[], None]) -> None:
    """Serve ``app`` until SIGINT or SIGTERM; calls ``ready`` once connections are accepted."""
    logging.getLogger("_granian").setLevel(logging.ERROR)
    server = Server(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,
        log_enabled=False,
        backlog=1024,
        runtime_threads=1,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, server.stop)
    serving = asyncio.ensure_future(server.serve())
    await _accepting(address, port)
    ready()
    await serving


async def _accepting(address: str, port: int) -> None:
    while True:
        try:
            _reader, writer = await asyncio.open_connection(address, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


def store_path(folder: Path) -> Path:
    """Return where the hub keeps its events."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / "hub.sqlite"
