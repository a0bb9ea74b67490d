"""One desk's events in sequence, for any number of streams that read them at their own pace.

The newest few are at hand; whoever is further behind reads from the store. So a slow stream costs no
memory, and a stream that comes back goes on where it stopped.
"""

import asyncio
from collections import deque

from offhook.hub.store import Store

AT_HAND = 32


class FellBehind(Exception):
    """What the stream should read next is no longer kept; never leaves the hub."""


class Feed:
    """The events of one desk; :meth:`after` is all a stream needs."""

    def __init__(self, desk: str, store: Store) -> None:
        self.desk = desk
        self._store = store
        self._newest: deque[tuple[int, str]] = deque(maxlen=AT_HAND)
        self._more = asyncio.Event()
        self.last = store.last(desk)

    def add(self, seq: int, text: str) -> None:
        """Take in an event that is committed."""
        self._newest.append((seq, text))
        self.last = seq

    def wake(self) -> None:
        """Tell every stream that there is more."""
        self._more.set()
        self._more = asyncio.Event()

    async def after(self, seq: int) -> list[tuple[int, str]]:
        """Wait until there are events after ``seq``; returns the next ones, in order. Raises ``FellBehind``."""
        while seq >= self.last:
            await self._more.wait()
        if self._newest and self._newest[0][0] <= seq + 1:
            return [pair for pair in self._newest if pair[0] > seq]
        events = self._store.since(self.desk, seq)
        if not events or events[0][0] != seq + 1:
            raise FellBehind(self.desk)
        return events

    def can_resume(self, seq: int) -> bool:
        """Say whether every event after ``seq`` is still there."""
        return self._store.oldest(self.desk) - 1 <= seq <= self.last
