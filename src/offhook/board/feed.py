"""One desk's events in sequence, for any number of streams that read them at their own pace.

The newest few are in memory; a stream further behind reads from the store. So a slow stream costs no
memory, and one that comes back goes on where it stopped.
"""

import asyncio
from collections import deque
from dataclasses import replace

from offhook.board.key import DeskKey
from offhook.board.store import Kept, Store, Written
from offhook.model import Call, LineBack, LineLost, Merged, News, State

AT_HAND = 32


class FellBehind(Exception):
    """What the stream should read next is no longer kept; never leaves the hub."""


class Feed:
    """The events of one desk, and its calls as they are after the newest of them.

    ``readers`` counts the streams that read it; ``quiet_since`` is when one was last told anything, by the caller's
    clock.
    """

    def __init__(self, desk: DeskKey, store: Store, kept: Kept) -> None:
        self.desk = desk
        self.last = kept.last
        self.up = False
        self.readers = 0
        self._store = store
        self._newest: deque[Written] = deque(maxlen=AT_HAND)
        self._more = asyncio.Event()
        self._calls = {call.id: call for call in kept.calls}

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls as of :attr:`last`, the oldest first; nothing can be asked of them while the line is lost."""
        calls = [self._calls[key] for key in sorted(self._calls)]
        return tuple(calls if self.up else (replace(call, can=()) for call in calls))

    def add(self, written: Written, news: News) -> None:
        """Take in a committed event."""
        self._newest.append(written)
        self.last = written.seq
        event, call = news
        if isinstance(event, LineBack | LineLost):
            self.up = isinstance(event, LineBack)
        if isinstance(event, Merged):
            self._calls.pop(event.other, None)
        if call is not None and call.state is State.CLEARED:
            self._calls.pop(call.id, None)
        elif call is not None:
            self._calls[call.id] = call

    def wake(self) -> None:
        """Wake every stream: there is more, or it has been quiet for a long time."""
        if self.readers:
            self._more.set()
            self._more = asyncio.Event()

    async def after(self, seq: str) -> list[Written]:
        """Wait to be woken; returns the next events after ``seq``, in order. Raises :class:`FellBehind`."""
        if seq == self.last:
            await self._more.wait()
            if seq == self.last:
                return []
        at_hand = list(self._newest)
        for place, written in enumerate(at_hand):
            if written.after == seq:
                return at_hand[place:]
        events = await self._store.since(self.desk, seq)
        if events is None:
            raise FellBehind(self.desk)
        return events

    async def can_resume(self, seq: str) -> bool:
        """Say whether every event after ``seq`` is still there."""
        if seq == self.last or any(written.after == seq for written in self._newest):
            return True
        return await self._store.since(self.desk, seq, 1) is not None
