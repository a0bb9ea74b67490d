"""Listening: the application on uvicorn, in this one process, until a signal.

Everything is in one process, so the switch's interface lives in the same event loop as the streams and a kill leaves
nothing behind. uvicorn with its ``websockets-sansio`` holds a desk's stream in a fifth of the memory of anything else
measured (``bench/README.md``). A free port is found by asking the system.
"""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from offhook.api.access import check_loopback
from offhook.api.answers import LONGEST_MESSAGE
from offhook.errors import Unavailable

BACKLOG = 2048


def bound(address: str, port: int) -> socket.socket:
    """Return a socket that listens: on ``port`` if it is free, or any free one for 0.

    Raises ``Unavailable`` for a port that cannot be had and ``SettingsError`` for an address that is not the
    loopback.
    """
    check_loopback(address)
    numeric = "127.0.0.1" if address == "localhost" else address
    made = socket.socket(socket.AF_INET6 if ":" in numeric else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((numeric, port))
        made.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        made.close()
        code = "port_taken" if getattr(error, "errno", 0) == errno.EADDRINUSE else "port_refused"
        raise Unavailable(code, port=port, address=numeric) from None
    return made


def url_of(made: socket.socket) -> str:
    """Return the address of a bound socket as people write it."""
    host, port = made.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn, which leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Nothing: :func:`listen` handles them."""
        yield


async def listen(
    app: ASGIApp, made: socket.socket, ready: Callable[[], None], *beside: Coroutine[None, None, None]
) -> None:
    """Serve ``app`` until SIGINT or SIGTERM, or until one of ``beside`` fails; then raise what it failed with.

    Calls ``ready`` once connections are accepted.
    """
    server = _Server(
        uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=16 * LONGEST_MESSAGE,  # what is too long is refused in words
            ws_ping_interval=None,  # desks and pages hear a beat, and say when they leave
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # nobody is believed about who is behind a proxy
            server_header=False,
            date_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=1,
        )
    )

    def stop(*_signal: object) -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    tasks = [asyncio.ensure_future(each) for each in beside]
    for task in tasks:
        task.add_done_callback(stop)
    serving = asyncio.ensure_future(server.serve(sockets=[made]))
    while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.005)
    if not serving.done():
        ready()
    await serving
    failed = [task for task in tasks if task.done() and not task.cancelled() and task.exception() is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in failed:
        task.result()
