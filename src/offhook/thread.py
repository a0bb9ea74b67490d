"""Work that must not hold the event loop: in a thread that never keeps the process from ending, or in turns."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
TURN_S = 0.005
"""How long a turn of long work on the loop lasts: nobody else is heard meanwhile."""


class Turns:
    """Long work on the loop: ``await next()`` between two pieces of it gives others theirs when one has lasted."""

    def __init__(self) -> None:
        self._until = time.monotonic() + TURN_S

    async def next(self) -> None:
        """Let others have their turn, if this one has lasted."""
        if time.monotonic() >= self._until:
            await asyncio.sleep(0)
            self._until = time.monotonic() + TURN_S


async def in_thread(work: Callable[[], Result]) -> Result:
    """Run ``work`` in a thread of its own and return its result, or raise what it raises.

    The thread is a daemon: a server that never answers cannot keep the process alive, which the loop's own
    executor would allow.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def tell(result: Result | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]
        else:
            done.set_exception(error)

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it
            failed = error
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(tell, result, failed)

    threading.Thread(target=run, daemon=True).start()
    return await done
