"""The desks of a board, and the interface they share if they share one.

Events come in from the interfaces, become each desk's news, are committed, and only then are handed out. Desks come and
go while it runs.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from offhook.board.feed import Feed
from offhook.board.key import DeskKey
from offhook.board.store import DeskLedger, Kept, Noted, Store, StoreFailed, Unwritable
from offhook.desk import Desk
from offhook.dialling import DialRules
from offhook.directory.identify import Source
from offhook.errors import OffhookError, SettingsError, Unavailable, some_of
from offhook.interface import Interface, Remembering
from offhook.ledger import Ledger
from offhook.line import Clock, Line, closed, feed, feed_one, opened
from offhook.model import Call, Ended, LineBack, LineLost, News, State
from offhook.popup.choose import PopRules
from offhook.settings.files import reading_alone
from offhook.settings.places import home
from offhook.thread import Turns

FORGET_EVERY_S = 5.0
RETRY_S = 1.0
"""How long to wait after a failed write."""
MOST_PENDING = 50_000
"""Events kept while the disk takes none; beyond this, the board stops and says so."""
UP_S = 1.0
"""How long the start waits for the switch to be heard."""
SETTLED_S = 2.0
"""How long an answer waits until what the command caused is written."""
WRITTEN_AT_ONCE = 200
"""How many events are written and handed out together; of more, others on the loop get their turn in between."""

OwnLine = Callable[[DeskKey, Ledger, Line | None], Line | None]
"""Gives a desk its own line, if its settings say so: the one it has, where they say what they said."""

log = logging.getLogger(__name__)


class Switchboard:
    """Runs desks, with their events kept in ``store``.

    ``interface`` is the switch they share, ``None`` where each has a line of its own. ``own_line`` gives a desk a line
    of its own instead of the switch's, or ``None``; ``dial_rules`` what is dialled for a number at a desk. Both are
    asked again when a desk's settings have changed (:meth:`reline`).
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        interface: Interface | None = None,
        sources: Sequence[Source] = (),
        rules: PopRules | None = None,
        keep: tuple[float, int] = (300.0, 1000),
        own_line: OwnLine | None = None,
        dial_rules: Callable[[DeskKey], DialRules] | None = None,
    ) -> None:
        self.interface = interface
        self.store = store
        self.desks: dict[DeskKey, Desk] = {}
        self.feeds: dict[DeskKey, Feed] = {}
        self._clock = clock
        self._sources = sources
        self._rules = rules
        self._keep = keep
        self._own_line = own_line
        self._dial_rules = dial_rules
        self._on_switch: dict[str, tuple[DeskKey, Line]] = {}
        self._in_use: dict[DeskKey, Line] = {}
        self._kept: dict[DeskKey, Kept] = {}
        self._pending: list[Noted] = []
        self._writing = False
        self._more = asyncio.Event()
        self._settled: list[asyncio.Future[None]] = []
        self._work: list[asyncio.Task[None]] = []
        self._reading: dict[DeskKey, asyncio.Task[None]] = {}
        self._changing: dict[DeskKey, asyncio.Lock] = {}
        self._started = False
        self._heard = asyncio.Event()

    async def start(self) -> None:
        """Open the interface and begin. Raises what :meth:`Interface.open` raises."""
        loop = asyncio.get_running_loop()
        if self.interface is not None:
            await opened(self.interface)
            self._work.append(loop.create_task(self._read(self.interface)))
        self._work += [loop.create_task(self._write()), loop.create_task(self._forget())]
        self._started = True
        for key in self.desks:
            self._start_own(key)
        if self.interface is not None:
            with contextlib.suppress(TimeoutError):  # whoever comes at once should find the lines up
                async with asyncio.timeout(UP_S):
                    await self._heard.wait()
            await self.settled()

    async def stop(self) -> None:
        """Close every interface and commit what is left."""
        for key in list(self._reading):
            await self._stop_own(key)
        if self.interface is not None:
            await closed(self.interface)
        await self.settled()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    # --- desks come and go ----------------------------------------------------------------------------

    async def add(self, keys: Iterable[DeskKey]) -> None:
        """Add desks, with what is known of them from before. A desk that is already there stays as it is."""
        new = [key for key in dict.fromkeys(keys) if key not in self.desks]
        self._kept |= await self.store.kept(new)
        turns = Turns()
        for key in new:
            self._add(key)
            await turns.next()

    def _add(self, key: DeskKey) -> None:
        if self.interface is not None:
            self._on_switch[key.extension] = (key, self._switch_line(key, self.interface))
        line = self._in_use[key] = self._line_now(key)
        desk = self.desks[key] = Desk([line], self._clock, self._sources, self._rules)
        self.feeds[key] = Feed(key, self.store, self._kept[key])
        desk.on_news(self._noting(key))
        self._restore(key, line)
        if self._started:
            self._start_own(key)
            if line.interface is self.interface and self._switch_is_up:
                desk.receive(line, line.receive(LineBack(at=self._clock(), line=line.name)))

    @property
    def _switch_is_up(self) -> bool:
        """Whether the switch is heard: each of its lines is told so, and a line that comes later is not."""
        return any(line.table.up for _key, line in self._on_switch.values())

    async def remove(self, key: DeskKey) -> None:
        """Remove a desk: its streams end, and what was kept of it is forgotten."""
        if key not in self.desks:
            return
        await self._stop_own(key)
        self._on_switch.pop(key.extension, None)
        self._in_use.pop(key)
        self.desks.pop(key)
        await self.settled()
        self.feeds.pop(key).wake()
        for known in (self._kept, self._changing):
            known.pop(key, None)
        await self.store.drop(key)

    def desk(self, key: DeskKey) -> Desk:
        """Return a desk. Raises ``SettingsError`` for one that is not here."""
        found = self.desks.get(key)
        if found is None:
            raise SettingsError("desk_unknown", desk=str(key)[:40], desks=some_of(map(str, self.desks)))
        return found

    # --- lines ----------------------------------------------------------------------------------------

    def line(self, key: DeskKey) -> Line:
        """Return the line a desk uses."""
        self.desk(key)
        return self._in_use[key]

    def add_line(self, key: DeskKey, line: Line) -> None:
        """Give a desk a further line, which is told rather than read."""
        self.desks[key].use(line)
        self._restore(key, line)

    async def reline(self, key: DeskKey) -> None:
        """Read a desk's settings anew: its line becomes what they say now. Raises what making the line raises.

        Calls of the line given up are taken as over; those of the new line are told with it.
        """
        async with self._changing.setdefault(key, asyncio.Lock()):
            old, desk = self._in_use[key], self.desks[key]
            line = self._line_now(key, old if self._is_read(key) else None)
            if line is old:
                return
            line.goes_on(old)
            await self._stop_own(key)
            now = self._clock()
            desk.receive(old, [_over(old, call, now) for call in old.table.calls])
            self._in_use[key] = line
            desk.use(line)
            up = line.table.up
            news = News(LineBack(at=now, line=line.name) if up else LineLost(at=now, line=line.name))
            desk.receive(line, [news, *line.table.again(now)])
            self._start_own(key)

    def _is_read(self, key: DeskKey) -> bool:
        reading = self._reading.get(key)
        return reading is not None and not reading.done()

    def _line_now(self, key: DeskKey, now: Line | None = None) -> Line:
        own = self._own_line(key, DeskLedger(self.store, key), now) if self._own_line else None
        if own is not None:
            return own
        _key, line = self._on_switch[key.extension]
        line.rules = self._dial_rules(key) if self._dial_rules else None
        return line

    def _switch_line(self, key: DeskKey, interface: Interface) -> Line:
        return Line(interface, key.extension, self._clock, DeskLedger(self.store, key))

    def _restore(self, key: DeskKey, line: Line) -> None:
        """Put back a line's calls from before a restart."""
        kept = self._kept[key]
        calls = [call for call in kept.calls if call.line == line.name]
        self.desks[key].restore(line, calls, kept.ended)
        if isinstance(line.interface, Remembering):
            line.interface.remember(calls)

    def _start_own(self, key: DeskKey) -> None:
        line = self._in_use[key]
        if line.interface is not self.interface:
            self._reading[key] = asyncio.get_running_loop().create_task(self._read_own(key, line))

    async def _stop_own(self, key: DeskKey) -> None:
        reading = self._reading.pop(key, None)
        if reading is not None:
            await closed(self._in_use[key].interface)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read_own(self, key: DeskKey, line: Line) -> None:
        """Read a desk's own line, as its only reader. Its end for good is the desk's trouble, not the board's."""
        try:
            with reading_alone(home(), str(key)):
                await opened(line.interface)
                await feed_one(line, self.desks[key].receive)
        except OffhookError as error:
            log.warning("the line of desk %s is given up: %s", key, error)
            lost = LineLost(at=self._clock(), line=line.name, why=error.code)
            self.desks[key].receive(line, line.receive(lost))

    async def _read(self, interface: Interface) -> None:
        await feed(
            interface,
            self._switch_line_of,
            lambda: (line for _key, line in self._on_switch.values()),
            self._tell,
        )

    def _switch_line_of(self, device: str) -> Line | None:
        found = self._on_switch.get(device)
        return found[1] if found else None

    def _tell(self, line: Line, news: list[News]) -> None:
        """Tell a desk what happens on its switch line, if that is the one it uses."""
        self._heard.set()
        key, _line = self._on_switch[line.device]
        if self._in_use[key] is line:
            self.desks[key].receive(line, news)

    # --- what is written, and handed out --------------------------------------------------------------

    def state(self, key: DeskKey) -> tuple[str, bool, tuple[Call, ...]]:
        """Return the desk's newest ``seq``, whether its line is up, and its calls at that ``seq``."""
        self.desk(key)
        found = self.feeds[key]
        return found.last, found.up, found.calls

    async def settled(self) -> None:
        """Wait until what has happened so far is written and handed out; not for ever, if the disk takes nothing."""
        if not self._pending and not self._writing:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settled.append(done)
        self._more.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_S):
                await done

    async def watch(self) -> None:
        """Run until a part of it fails, and raise why."""
        done, _rest = await asyncio.wait(self._work, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()

    def _noting(self, key: DeskKey) -> Callable[[News], None]:
        def note(news: News) -> None:
            self._pending.append(Noted(key, news))
            self._more.set()

        return note

    async def _write(self) -> None:
        """Write what happens, everything since the last time together, and hand it out."""
        while True:
            await self._more.wait()
            self._more.clear()
            pending, self._pending = self._pending, []
            waiting, self._settled = self._settled, []
            with self._busy():
                for start in range(0, len(pending), WRITTEN_AT_ONCE):
                    await self._write_whole(pending[start : start + WRITTEN_AT_ONCE])
            for done in waiting:
                if not done.done():
                    done.set_result(None)

    @contextlib.contextmanager
    def _busy(self) -> Iterator[None]:
        self._writing = True
        try:
            yield
        finally:
            self._writing = False

    async def _write_whole(self, pending: Sequence[Noted]) -> None:
        """Write and hand out. What cannot be written is kept and tried again, until there is too much of it."""
        while True:
            try:
                written = await self.store.append(pending, self._clock())
                break
            except Unwritable as error:
                await self._write_in_halves(pending, error)
                return
            except StoreFailed as error:
                log.warning("events cannot be written: %s", error)
                if len(pending) + len(self._pending) > MOST_PENDING:
                    raise Unavailable("store_failed", why=str(error)) from error
                await asyncio.sleep(RETRY_S)
        concerned: dict[DeskKey, Feed] = {}
        for row, noted in zip(written, pending, strict=True):
            feed_of = self.feeds.get(row.desk)
            if feed_of is not None:
                feed_of.add(row, noted.news)
                concerned[row.desk] = feed_of
        for each in concerned.values():
            each.wake()

    async def _write_in_halves(self, pending: Sequence[Noted], error: Unwritable) -> None:
        """Write all but the event that cannot be written, whichever it is."""
        if len(pending) == 1:
            log.warning(
                "an event of the desk %s cannot be written and is left out: %s", pending[0].desk, error
            )
            return
        half = len(pending) // 2
        await self._write_whole(pending[:half])
        await self._write_whole(pending[half:])

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(FORGET_EVERY_S)
            now = self._clock()
            async for desk, line in self._with_calls():
                desk.receive(line, line.table.expire(now))
            try:
                await self.store.forget(now, *self._keep)
            except StoreFailed as error:
                log.warning("old events cannot be dropped: %s", error)

    async def _with_calls(self) -> AsyncIterator[tuple[Desk, Line]]:
        """Yield every line that has a call; others get their turn in between."""
        turns = Turns()
        for desk in list(self.desks.values()):
            for line in desk.lines.values():
                if line.table.busy:
                    yield desk, line
            await turns.next()


def _over(line: Line, call: Call, now: datetime) -> News:
    """Return the event that ends a call, as its line is given up: how it ended is not known."""
    return News(Ended(at=now, line=line.name, call=call.id), replace(call, state=State.CLEARED, can=()))
