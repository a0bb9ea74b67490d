"""What must outlive a crash: the order of events, open calls, commands."""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from offhook.board.feed import AT_HAND, Feed, FellBehind
from offhook.board.key import DeskKey
from offhook.board.sqlite import SqliteStore
from offhook.board.store import Kept, Noted, StoreFailed, Written
from offhook.errors import OutcomeUnknown, Refused, SettingsError, Unreachable
from offhook.model import Call, Dial, Dialling, Ended, Event, Merged, News, Reason, Ringing, State
from world import NOON

DESK, OTHER = DeskKey("1001"), DeskKey("1002")


def rings(call: str) -> News:
    return News(Ringing(at=NOON, line="1001", call=call), Call(id=call, line="1001", state=State.ALERTING))


def ends(call: str) -> News:
    over = Call(id=call, line="1001", state=State.CLEARED)
    return News(Ended(at=NOON, line="1001", call=call, reason=Reason.COMPLETED), over)


async def append(store: SqliteStore, *news: News, now: datetime = NOON) -> list[Written]:
    return await store.append([Noted(DESK, each) for each in news], now)


async def kept(store: SqliteStore) -> Kept:
    return (await store.kept([DESK]))[DESK]


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    found = await SqliteStore.opened(None)
    yield found
    await found.close()


async def test_a_sequence_goes_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    store = await SqliteStore.opened(path)
    assert path.stat().st_mode & 0o077 == 0
    first, second = await append(store, rings("A"), rings("B"))
    assert second.after == first.seq
    await store.close()
    again = await SqliteStore.opened(path)
    known = await again.kept([DESK, OTHER])
    assert known[DESK].last == second.seq
    assert known[OTHER].last not in (first.seq, second.seq)
    assert [call.id for call in known[DESK].calls] == ["A", "B"]
    (third,) = await append(again, ends("A"))
    assert third.after == second.seq
    assert [call.id for call in (await kept(again)).calls] == ["B"]
    assert list((await kept(again)).ended) == ["A"]
    rest = await again.since(DESK, first.seq)
    assert rest is not None
    assert [written.seq for written in rest] == [second.seq, third.seq]
    await again.close()


async def test_each_desk_has_an_order_of_its_own(store: SqliteStore) -> None:
    written = await store.append(
        [Noted(DESK, rings("A")), Noted(OTHER, rings("B")), Noted(DESK, rings("C"))], NOON
    )
    assert written[2].after == written[0].seq
    assert (await store.since(OTHER, written[1].seq)) == []
    assert (await store.since(OTHER, written[0].seq)) is None, "another desk's event is none of this one's"


async def test_what_happens_at_once_is_written_in_order(store: SqliteStore) -> None:
    """Many ask at the same moment; each gets what is theirs, and the chain has no hole."""
    batches = await asyncio.gather(*(append(store, rings(str(number))) for number in range(50)))
    chain = [written for batch in batches for written in batch]
    assert all(one.seq == two.after for one, two in itertools.pairwise(chain))


async def test_a_merged_call_is_one(store: SqliteStore) -> None:
    await append(store, rings("A"), rings("B"))
    one = Call(id="A", line="1001", state=State.CONNECTED)
    await append(store, News(Merged(at=NOON, line="1001", call="A", other="B"), one))
    assert [(call.id, call.state) for call in (await kept(store)).calls] == [("A", State.CONNECTED)]


async def test_old_and_many_events_are_forgotten(store: SqliteStore) -> None:
    written = await append(store, *(rings(str(number)) for number in range(20)))
    await store.forget(NOON, 300, 5)
    assert (await store.since(DESK, written[13].seq)) is None
    rest = await store.since(DESK, written[14].seq)
    assert rest is not None
    assert len(rest) == 5
    await store.forget(NOON + timedelta(seconds=301), 300, 5)
    feed = Feed(DESK, store, await kept(store))
    assert await feed.can_resume(written[19].seq)
    assert not await feed.can_resume(written[18].seq)
    for strange in ("", "x", "21", f"{store.log}.21", f"{store.log}.-1", f"{store.log}.9\u0663", "\0"):
        assert not await feed.can_resume(strange), "what was never given is not resumed from"


async def test_a_failed_write_changes_nothing(store: SqliteStore) -> None:
    (first,) = await append(store, rings("A"))
    store._db.execute(
        "CREATE TRIGGER full BEFORE INSERT ON event WHEN NEW.cause = 'x' BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    bad = News(Ringing(at=NOON, line="1001", call="B", cause="x"), Call(id="B", line="1001"))
    fails, works = await asyncio.gather(
        append(store, rings("C"), bad), append(store, rings("D")), return_exceptions=True
    )
    assert isinstance(fails, StoreFailed)
    assert not isinstance(works, BaseException)
    assert works[0].after == first.seq, "what failed left no hole, and took nobody with it"
    assert {call.id for call in (await kept(store)).calls} == {"A", "D"}


async def test_a_feed_reads_from_hand_or_from_the_store(store: SqliteStore) -> None:
    feed = Feed(DESK, store, await kept(store))
    beginning, told = feed.last, []
    for number in range(AT_HAND * 3):
        news = rings(str(number))
        (written,) = await append(store, news)
        feed.add(written, news)
        told.append(written.seq)
    seq, found = beginning, list[str]()
    while seq != told[-1]:
        found += [written.seq for written in await feed.after(seq)]
        seq = found[-1]
    assert found == told
    assert len(feed.calls) == AT_HAND * 3


async def test_a_feed_wakes_its_readers_with_nothing_new(store: SqliteStore) -> None:
    feed = Feed(DESK, store, await kept(store))
    feed.readers = 1
    waiting = asyncio.ensure_future(feed.after(feed.last))
    await asyncio.sleep(0)
    feed.wake()
    async with asyncio.timeout(5):
        assert await waiting == []


async def test_what_became_of_a_command(store: SqliteStore) -> None:
    dial = Dial(id="c", number="15")
    assert not (await store.outcome(DESK, dial)).begun
    await store.begin(DESK, dial, NOON)
    begun, error = await store.outcome(DESK, dial)
    assert begun
    assert isinstance(error, OutcomeUnknown), "sent, no answer: never sent again"
    call = Call(id="A", line="1001")
    await append(store, News(Dialling(at=NOON, line="1001", call="A", cause="c"), call))
    assert await store.outcome(DESK, dial) == (True, None), "the call it made is the answer"
    await store.finish(DESK, dial, Refused("refused_by_switch", why="busy"))
    assert isinstance((await store.outcome(DESK, dial)).error, Refused)
    await store.finish(DESK, dial, Unreachable("line_lost"))
    assert not (await store.outcome(DESK, dial)).begun, "never sent: may be tried again"
    await store.begin(DESK, dial, NOON)
    await store.forget(NOON + timedelta(minutes=11), 300, 10)
    assert not (await store.outcome(DESK, dial)).begun


async def test_a_desk_that_is_no_more_is_forgotten(store: SqliteStore) -> None:
    (first,) = await append(store, rings("A"))
    await store.begin(DESK, Dial(id="c", number="15"), NOON)
    await store.drop(DESK)
    assert (await kept(store)).calls == ()
    assert not (await store.outcome(DESK, Dial(id="c", number="15"))).begun
    (again,) = await append(store, rings("A"))
    assert again.seq != first.seq, "a number is never used again"


async def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    await (await SqliteStore.opened(path)).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="newer"):
        await SqliteStore.opened(path)
    assert path.read_bytes() == before


async def test_a_store_of_the_former_version_is_taken_over(tmp_path: Path) -> None:
    """Its commands and calls stay; its events are of another model, so its log gets another name."""
    from offhook.board.sqlite import STEPS

    path = tmp_path / "hub.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(STEPS[0])
        db.execute("PRAGMA user_version = 1")
        db.execute("UPDATE about SET log = 'old', boot = 'b', clean = 1")
        db.execute("INSERT INTO event (desk, seq, at, body) VALUES ('1001', 7, 0, '{}')")
        db.execute("INSERT INTO last (desk, seq) VALUES ('1001', 7)")
        db.execute("INSERT INTO command (desk, id, at, done, body) VALUES ('1001', 'c', 0, 1, '{}')")
        db.execute('INSERT INTO call (desk, id, body) VALUES (\'1001\', \'A\', \'{"id":"A","line":"1001"}\')')
    db.close()
    store = await SqliteStore.opened(path)
    assert store.log != "old"
    assert [call.id for call in (await kept(store)).calls] == ["A"]
    assert await store.outcome(DESK, Dial(id="c", number="15")) == (True, None)
    assert (await store.since(DESK, "old.7")) is None
    await store.close()


async def test_a_power_cut_gives_the_log_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk lost must not be mistaken for what comes instead."""
    path = tmp_path / "hub.sqlite"
    boot = tmp_path / "boot_id"
    boot.write_text("monday")
    monkeypatch.setattr("offhook.board.sqlite.BOOT_ID", boot)
    killed = await SqliteStore.opened(path)
    (heard,) = await append(killed, rings("A"))
    again = await SqliteStore.opened(path)  # the killed one said no goodbye
    assert again.log == killed.log, "a kill loses nothing"
    boot.write_text("tuesday")
    after_cut = await SqliteStore.opened(path)
    assert after_cut.log != again.log
    assert (await after_cut.since(DESK, heard.seq)) is None, "a reader is told of the gap"
    name = after_cut.log
    await after_cut.close()
    boot.write_text("wednesday")
    after_shutdown = await SqliteStore.opened(path)
    assert after_shutdown.log == name, "a shutdown loses nothing"
    for each in (killed, again, after_shutdown):
        await each.close()


async def test_events_are_dropped_oldest_first_whatever_their_own_time(store: SqliteStore) -> None:
    """A call found after a reconnect begins with an event of its own, earlier time: it leaves no hole."""
    early: Event = Dialling(at=NOON - timedelta(hours=1), line="1001", call="A")
    beginning = (await kept(store)).last
    written = await append(store, rings("B"), News(early, Call(id="A", line="1001")), rings("C"))
    await store.forget(NOON + timedelta(seconds=10), 300, 1000)
    assert await store.since(DESK, beginning) == written


async def test_a_call_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    store = await SqliteStore.opened(tmp_path / "hub.sqlite")
    await append(store, rings("A"), rings("B"))
    with sqlite3.connect(tmp_path / "hub.sqlite") as db:
        db.execute("UPDATE call SET body = '{' WHERE id = 'A'")
    db.close()
    assert [call.id for call in (await kept(store)).calls] == ["B"]
    await store.close()


async def test_a_stream_that_fell_behind_is_let_go(store: SqliteStore) -> None:
    """What it missed is gone from the store: never silence, never a hole."""
    feed = Feed(DESK, store, await kept(store))
    written = []
    for number in range(100):
        news = rings(str(number))
        written += await append(store, news)
        feed.add(written[-1], news)
    await store.forget(NOON, 300, 50)
    async with asyncio.timeout(5):
        assert (await feed.after(written[49].seq))[0] == written[50]
        with pytest.raises(FellBehind):
            await feed.after(written[9].seq)
    assert not await feed.can_resume(written[9].seq)
