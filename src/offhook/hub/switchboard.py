"""The switch's interface and every desk on it: what the hub is for.

Events come in from one interface, become each desk's events, are committed, and only then are handed out.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence

from offhook.desk import Desk
from offhook.directory.identify import Source
from offhook.errors import Unavailable
from offhook.hub.feed import Feed
from offhook.hub.store import DeskLedger, Noted, Store
from offhook.interface import Clock, Interface, Line, feed
from offhook.model import Call, Event
from offhook.popup.choose import PopRules

FORGET_EVERY_S = 5.0
RETRY_S = 1.0
"""How long to wait after a failed write."""
MOST_PENDING = 50_000
"""Events kept for a disk that takes none; beyond, the hub stops and says so."""

log = logging.getLogger(__name__)


class Switchboard:
    """Runs the desks ``extensions`` on ``interface``, with their events kept in ``store``."""

    def __init__(
        self,
        interface: Interface,
        extensions: Sequence[str],
        store: Store,
        clock: Clock,
        sources: Sequence[Source] = (),
        rules: PopRules | None = None,
        keep: tuple[float, int] = (300.0, 1000),
    ) -> None:
        self.interface = interface
        self.store = store
        self._clock = clock
        self._keep = keep
        self._lines = [Line(interface, each, clock, DeskLedger(store, each)) for each in extensions]
        self.desks = {line.device: Desk([line], clock, sources, rules) for line in self._lines}
        self.feeds = {each: Feed(each, store) for each in extensions}
        self._pending: list[Noted] = []
        self._work: list[asyncio.Task[None]] = []
        for line in self._lines:
            desk = self.desks[line.device]
            desk.restore(line, store.open_calls(line.device), store.ended_calls(line.device))
            desk.on_event(self._noting(line.device))

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

    async def watch(self) -> None:
        """Run until a part of it fails, and raise why."""
        done, _rest = await asyncio.wait(self._work, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()

    def commit(self) -> None:
        """Write what happened since the last time, then hand it out. What cannot be written is kept and tried again."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        concerned = {extension: self.desks[extension].calls for extension, _event in pending}
        try:
            written = self.store.append(pending, concerned, self._clock())
        except sqlite3.Error as error:
            self._pending = [*pending, *self._pending]
            self._not_written(error)
            return
        for extension, seq, text in written:
            self.feeds[extension].add(seq, text)
        for extension in concerned:
            self.feeds[extension].wake()

    def _not_written(self, error: sqlite3.Error) -> None:
        log.error("events cannot be written: %s", error)
        if len(self._pending) > MOST_PENDING:
            raise Unavailable("store_failed", interface="hub", why=str(error)) from error
        asyncio.get_running_loop().call_later(RETRY_S, self.commit)

    def _noting(self, extension: str) -> Callable[[Event], None]:
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
            try:
                self.store.forget(now, *self._keep)
            except sqlite3.Error as error:
                log.warning("old events cannot be dropped: %s", error)
