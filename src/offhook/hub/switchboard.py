"""The switch's interface and every desk on it: what the hub is for.

Events come in from one interface, become each desk's events, are committed, and only then are handed out.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence

from offhook.desk import Desk
from offhook.dialling import DialRules
from offhook.directory.identify import Source
from offhook.errors import OffhookError, Unavailable
from offhook.hub.feed import Feed
from offhook.hub.store import DeskLedger, Noted, Store
from offhook.interface import Clock, Interface, Ledger, Line, feed
from offhook.model import Call, Ended, Event, LineBack, LineLost
from offhook.popup.choose import PopRules
from offhook.settings.alone import reading_alone
from offhook.settings.layers import home

FORGET_EVERY_S = 5.0
RETRY_S = 1.0
"""How long to wait after a failed write."""
MOST_PENDING = 50_000
"""Events kept for a disk that takes none; beyond, the hub stops and says so."""

OwnLine = Callable[[str, Ledger], Line | None]
"""Gives a desk its own line, where its settings say so."""

log = logging.getLogger(__name__)


class Switchboard:
    """Runs the desks ``extensions`` on the switch's ``interface``, with their events kept in ``store``.

    ``own_line`` gives a desk a line of its own instead of the switch's, or ``None``; ``dial_rules`` what is dialled
    for a number at a desk. Both are asked again when a desk's settings have changed (:meth:`reline`).
    """

    def __init__(
        self,
        interface: Interface,
        extensions: Sequence[str],
        store: Store,
        clock: Clock,
        sources: Sequence[Source] = (),
        rules: PopRules | None = None,
        keep: tuple[float, int] = (300.0, 1000),
        own_line: "OwnLine | None" = None,
        dial_rules: Callable[[str], DialRules] | None = None,
    ) -> None:
        self.interface = interface
        self.store = store
        self._clock = clock
        self._keep = keep
        self._own_line = own_line
        self._dial_rules = dial_rules
        self._on_switch = {each: self._switch_line(each) for each in extensions}
        self._in_use = {each: self._line_now(each) for each in extensions}
        self.desks = {each: Desk([line], clock, sources, rules) for each, line in self._in_use.items()}
        self.feeds = {each: Feed(each, store) for each in extensions}
        self._pending: list[Noted] = []
        self._work: list[asyncio.Task[None]] = []
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._changing: dict[str, asyncio.Lock] = {}
        for extension, desk in self.desks.items():
            desk.on_event(self._noting(extension))
            self._restore(extension, self._in_use[extension])

    async def start(self) -> None:
        """Open the interface and begin. Raises what :meth:`Interface.open` raises."""
        await self.interface.open()
        loop = asyncio.get_running_loop()
        self._work = [loop.create_task(self._read()), loop.create_task(self._forget())]
        for extension in self.desks:
            self._start_own(extension)

    async def stop(self) -> None:
        """Close every interface and commit what is left."""
        for extension in list(self._reading):
            await self._stop_own(extension)
        await self.interface.close()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self.commit()

    # --- lines ----------------------------------------------------------------------------------------

    def add_line(self, extension: str, line: Line) -> None:
        """Give a desk a further line, which is told rather than read."""
        self.desks[extension].use(line)
        self._restore(extension, line)

    async def reline(self, extension: str) -> None:
        """Take a desk's settings anew: its line becomes what they say now. Raises what making it raises.

        Calls of a line that is given up are over as far as can be told; those of the one that is taken up are
        told with it.
        """
        async with self._changing.setdefault(extension, asyncio.Lock()):
            line = self._line_now(extension)
            old, desk = self._in_use[extension], self.desks[extension]
            if line is old:
                return
            await self._stop_own(extension)
            now = self._clock()
            desk.receive(old, [Ended(at=now, line=old.name, call=call.id) for call in old.table.calls])
            self._in_use[extension] = line
            desk.use(line)
            up = line.table.up
            back = LineBack(at=now, line=line.name, calls=line.table.calls)
            desk.receive(line, [back if up else LineLost(at=now, line=line.name)])
            self._start_own(extension)

    def _line_now(self, extension: str) -> Line:
        own = self._own_line(extension, DeskLedger(self.store, extension)) if self._own_line else None
        if own is not None:
            return own
        line = self._on_switch[extension]
        line.rules = self._dial_rules(extension) if self._dial_rules else None
        return line

    def _switch_line(self, extension: str) -> Line:
        return Line(self.interface, extension, self._clock, DeskLedger(self.store, extension))

    def _restore(self, extension: str, line: Line) -> None:
        """Put back a line's calls of before a restart."""
        calls = [call for call in self.store.open_calls(extension) if call.line == line.name]
        self.desks[extension].restore(line, calls, self.store.ended_calls(extension))

    def _start_own(self, extension: str) -> None:
        line = self._in_use[extension]
        if line is not self._on_switch[extension]:
            self._reading[extension] = asyncio.get_running_loop().create_task(self._read_own(extension, line))

    async def _stop_own(self, extension: str) -> None:
        reading = self._reading.pop(extension, None)
        if reading is not None:
            await self._in_use[extension].interface.close()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read_own(self, extension: str, line: Line) -> None:
        """Read a desk's own line, as its only reader. What ends it for good is that desk's trouble, not the hub's."""
        try:
            with reading_alone(home(), extension):
                await line.interface.open()
                await feed(line.interface, [line], self.desks[extension].receive)
        except OffhookError as error:
            log.warning("the line of desk %s is given up: %s", extension, error)
            lost = LineLost(at=self._clock(), line=line.name, why=error.code)
            self.desks[extension].receive(line, line.receive(lost))

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
        await feed(self.interface, self._on_switch.values(), self._tell)

    def _tell(self, line: Line, news: list[Event]) -> None:
        """Tell a desk what happens on its switch line, if that is the one it uses."""
        if self._in_use[line.device] is line:
            self.desks[line.device].receive(line, news)

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(FORGET_EVERY_S)
            now = self._clock()
            for extension, desk in self.desks.items():
                for line in desk.lines.values():
                    self.desks[extension].receive(line, line.table.expire(now))
            try:
                self.store.forget(now, *self._keep)
            except sqlite3.Error as error:
                log.warning("old events cannot be dropped: %s", error)
