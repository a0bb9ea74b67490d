"""Who is calling: every source at once, one deadline, every match kept (specification section 8)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from offhook.directory.match import ranked
from offhook.model import Contact, Party

Source = Callable[[Party], Awaitable[tuple[Contact, ...]]]
"""Finds a party's contacts. Finding nobody is no error."""

DEADLINE_S = 0.3

log = logging.getLogger(__name__)


async def identify(
    party: Party, sources: Sequence[Source], deadline_s: float = DEADLINE_S
) -> AsyncIterator[tuple[Contact, ...]]:
    """Yield every match known at the deadline, best first, then all again as each late source answers.

    A source that is late or fails costs nothing but itself.
    """
    waiting = {asyncio.ensure_future(source(party)) for source in sources}
    found: list[Contact] = []
    timeout: float | None = deadline_s
    try:
        while waiting:
            when = asyncio.ALL_COMPLETED if timeout is not None else asyncio.FIRST_COMPLETED
            done, waiting = await asyncio.wait(waiting, timeout=timeout, return_when=when)
            timeout = None
            new = [contact for each in done for contact in _matches(each)]
            if new:
                found += new
                yield ranked(found)
    finally:
        for each in waiting:
            each.cancel()


def _matches(answered: "asyncio.Future[tuple[Contact, ...]]") -> tuple[Contact, ...]:
    error = answered.exception()
    if error is not None:
        log.warning("a directory did not answer: %s", error)
        return ()
    return answered.result()
