"""The switch's interface and every desk on it: what the hub is for.

Events come in from one interface, become each desk's events, are committed, and only then are handed out.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from offhook.desk import Desk, Identify
from offhook.hub.feed import Feed
from offhook.hub.store import DeskLedger, Noted, Store
from offhook.interface import Clock, Interface, Line, feed
from offhook.model import Call, Event
from offhook.popup.choose import PopRules

FORGET_EVERY_S = 5.0

log = logging.getLogger(__name__)


class Switchboard:
    """Runs the desks ``extensions`` on ``interface``, with their events kept in ``store``."""

    def __init__(
        self,
        interface: Interface,
        extensions: Sequence[str],
        store: Store,
        clock: Clock,
        identify: Identify | None = None,
        rules: PopRules | None = None,
        keep: tuple[float, int] = (300.0, 1000),
    ) -> None:
        self.interface = interface
        self.store = store
        self._clock = clock
        self._keep = keep
        self._lines = [Line(interface, each, clock, DeskLedger(store, each)) for each in extensions]
        self.desks = {line.device: Desk([line], clock, identify, rules) for line in self._lines}
        self.feeds = {each: Feed(each, store) for each in extensions}
        self._pending: list[Noted] = []
        self._work: list[asyncio.Task[None]] = []
        for line in self._lines:
            line.table.restore(store.open_calls(line.device), store.ended_calls(line.device))
            self.desks[line.device].on_event(self._noting(line.device))

    async def start(self) -> None:
        """Open the interface and begin. Raises what :meth:`Interface.open` raises."""
        await self.interface.open()
        loop = asyncio.get_running_loop()
        self._work = [loop.create_task(self._read()), loop.create_task(self._forget())]

    async def stop(self) -> None:
        """Close the interface and commit what is left."""
        await self.interface.close()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self.commit()

    def state(self, extension: str) -> tuple[int, bool, tuple[Call, ...]]:
        """Return the desk's newest sequence number, whether its line is up, and its calls at that number."""
        self.commit()
        desk = self.desks[extension]
        return self.feeds[extension].last, desk.lines[extension].table.up, desk.calls

    def commit(self) -> None:
        """Write what happened since the last time, then hand it out."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        concerned = {extension: self.desks[extension].calls for extension, _event in pending}
        for extension, seq, text in self.store.append(pending, concerned):
            self.feeds[extension].add(seq, text)
        for extension in concerned:
            self.feeds[extension].wake()

    def _noting(self, extension: str):  # type: ignore[no-untyped-def]
        def note(event: Event) -> None:
            if not self._pending:
                asyncio.get_running_loop().call_soon(self.commit)
            self._pending.append((extension, event))

        return note

    async def _read(self) -> None:
        await feed(
            self.interface, self._lines, lambda line, news: self.desks[line.device].receive(line, news)
        )

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(FORGET_EVERY_S)
            now = self._clock()
            for line in self._lines:
                self.desks[line.device].receive(line, line.table.expire(now))
            with contextlib.suppress(OSError):
                self.store.forget(now, *self._keep)
