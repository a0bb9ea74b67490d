"""Who is calling: every source at once, one deadline, every match kept (specification section 8)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from offhook.directory.match import ranked
from offhook.errors import OffhookError
from offhook.model import Contact, Party

Source = Callable[[Party], Awaitable[tuple[Contact, ...]]]

DEADLINE_S = 0.3

log = logging.getLogger(__name__)


async def identify(
    party: Party, sources: Sequence[Source], deadline_s: float = DEADLINE_S
) -> tuple[Contact, ...]:
    """Return every source's matches, best first. A source that is late or fails costs nothing but itself."""
    asked = [asyncio.ensure_future(source(party)) for source in sources]
    if not asked:
        return ()
    done, late = await asyncio.wait(asked, timeout=deadline_s)
    for each in late:
        each.cancel()
    found: list[Contact] = []
    for each in done:
        error = each.exception()
        if error is None:
            found.extend(each.result())
        elif isinstance(error, OffhookError | OSError):
            log.warning("a directory did not answer: %s", error)
        else:
            raise error
    return ranked(found)
