"""What stays is kept from the garbage collector: looking through it all, again and again, makes every desk wait.

Ten thousand desks are a million objects; a full round takes a second. So what has lasted is frozen, and only what came
since is looked through. Frozen rubbish is found when most desks have left and looking takes no time.
"""

import asyncio
import gc
from collections.abc import Callable

EVERY_S = 10.0
GROWN = 1_000
"""After this many more streams, what they are made of is set aside."""
THRESHOLDS = (10_000, 5, 1_000)


async def set_aside(streams: Callable[[], int]) -> None:
    """Freeze what stays, now and whenever many streams have come; ``streams`` says how many there are."""
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()
    frozen_at = streams()
    while True:
        await asyncio.sleep(EVERY_S)
        now = streams()
        if now * 2 < frozen_at:
            gc.unfreeze()
            gc.collect()
        elif now < frozen_at + GROWN:
            continue
        gc.freeze()
        frozen_at = now
