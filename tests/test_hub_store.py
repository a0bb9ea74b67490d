"""What must outlive a crash: sequence numbers, open calls, commands."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from offhook.errors import OutcomeUnknown, Refused, SettingsError, Unreachable
from offhook.hub.feed import AT_HAND, Feed, FellBehind
from offhook.hub.store import Store
from offhook.model import Call, Dial, Dialling, Ended, Ringing, State
from world import NOON


def ringing(call: str) -> Ringing:
    return Ringing(at=NOON, line="1001", call=call)


def test_a_sequence_goes_on_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "hub.sqlite")
    assert (tmp_path / "hub.sqlite").stat().st_mode & 0o077 == 0
    log = store.log
    open_calls = {"1001": (Call(id="A", line="1001", state=State.ALERTING),)}
    assert [
        seq
        for _desk, seq, _text in store.append(
            [("1001", ringing("A")), ("1001", ringing("B"))], open_calls, NOON
        )
    ] == [1, 2]
    store.close()
    again = Store(tmp_path / "hub.sqlite")
    assert (again.log, again.last("1001"), again.last("1002")) == (log, 2, 0)
    assert [call.id for call in again.open_calls("1001")] == ["A"]
    assert again.append([("1001", Ended(at=NOON, line="1001", call="A"))], {"1001": ()}, NOON)[0][1] == 3
    assert again.open_calls("1001") == []
    assert again.ended_calls("1001") == ["A"]
    assert [seq for seq, _text in again.since("1001", 1)] == [2, 3]
    again.close()


def test_old_and_many_events_are_forgotten() -> None:
    store = Store(None)
    store.append([("1001", ringing(str(number))) for number in range(20)], {"1001": ()}, NOON)
    store.forget(NOON, 300, 5)
    assert store.oldest("1001") == 16
    store.forget(NOON + timedelta(seconds=301), 300, 5)
    assert store.oldest("1001") == 21
    feed = Feed("1001", store)
    assert feed.can_resume(20)
    assert not feed.can_resume(19)
    assert not feed.can_resume(21), "a number never given is not resumed from"
    store.close()


def test_a_failed_write_changes_nothing() -> None:
    store = Store(None)
    store.append([("1001", ringing("A"))], {"1001": ()}, NOON)
    with pytest.raises(TypeError):
        store.append([("1001", ringing("B")), ("1001", None)], {"1001": ()}, NOON)  # type: ignore[list-item]
    assert store.last("1001") == 1
    assert store.append([("1001", ringing("C"))], {"1001": ()}, NOON)[0][1] == 2
    store.close()


async def test_a_feed_reads_from_hand_or_from_the_store() -> None:
    store = Store(None)
    feed = Feed("1001", store)
    for number in range(AT_HAND * 3):
        for _desk, seq, text in store.append([("1001", ringing(str(number)))], {"1001": ()}, NOON):
            feed.add(seq, text)
    seq, found = 0, []
    while seq < AT_HAND * 3:
        events = await feed.after(seq)
        found += [number for number, _text in events]
        seq = found[-1]
    assert found == list(range(1, AT_HAND * 3 + 1))
    store.close()


def test_what_became_of_a_command() -> None:
    store = Store(None)
    dial = Dial(id="c", number="15")
    assert store.outcome("1001", dial) == (False, None)
    store.begin("1001", dial, NOON)
    begun, error = store.outcome("1001", dial)
    assert begun
    assert isinstance(error, OutcomeUnknown), "sent, no answer: never sent again"
    store.append([("1001", Dialling(at=NOON, line="1001", call="A", cause="c"))], {"1001": ()}, NOON)
    assert store.outcome("1001", dial) == (True, None), "the call it made is the answer"
    store.finish("1001", dial, Refused("refused_by_switch", why="busy"))
    assert isinstance(store.outcome("1001", dial)[1], Refused)
    store.finish("1001", dial, Unreachable("line_lost"))
    assert store.outcome("1001", dial) == (False, None), "never sent: may be tried again"
    store.begin("1001", dial, NOON)
    store.forget(NOON + timedelta(minutes=11), 300, 10)
    assert store.outcome("1001", dial) == (False, None)
    store.close()


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="newer"):
        Store(path)
    assert path.read_bytes() == before


def test_a_power_cut_gives_the_log_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk lost must not be mistaken for what comes instead."""
    path = tmp_path / "hub.sqlite"
    boot = tmp_path / "boot_id"
    boot.write_text("monday")
    monkeypatch.setattr("offhook.hub.store.BOOT_ID", boot)
    killed = Store(path)
    log = killed.log
    killed._db.close()  # as a kill leaves it: nothing is said goodbye to
    again = Store(path)
    assert again.log == log, "a kill loses nothing"
    again._db.close()
    boot.write_text("tuesday")
    after_cut = Store(path)
    assert after_cut.log != log
    name = after_cut.log
    after_cut.close()
    boot.write_text("wednesday")
    after_shutdown = Store(path)
    assert after_shutdown.log == name, "a shutdown loses nothing"
    after_shutdown.close()


def test_events_are_dropped_oldest_first_whatever_their_own_time() -> None:
    """A call found after a reconnect begins with an event of its own, earlier time: it leaves no hole."""
    store = Store(None)
    early = Dialling(at=NOON - timedelta(hours=1), line="1001", call="A")
    store.append([("1001", ringing("B")), ("1001", early), ("1001", ringing("C"))], {"1001": ()}, NOON)
    store.forget(NOON + timedelta(seconds=10), 300, 1000)
    assert [seq for seq, _text in store.since("1001", 0)] == [1, 2, 3]
    store.close()


def test_a_call_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path / "hub.sqlite")
    calls = {"1001": (Call(id="A", line="1001"), Call(id="B", line="1001"))}
    store.append([("1001", ringing("A"))], calls, NOON)
    store._db.execute("UPDATE call SET body = '{' WHERE id = 'A'")
    assert [call.id for call in store.open_calls("1001")] == ["B"]
    store.close()


async def test_a_stream_that_fell_behind_is_let_go() -> None:
    """What it missed is gone from the store: never silence, never a hole."""
    store = Store(None)
    feed = Feed("1001", store)
    for number in range(100):
        for _desk, seq, text in store.append([("1001", ringing(str(number)))], {"1001": ()}, NOON):
            feed.add(seq, text)
    store.forget(NOON, 300, 50)
    async with asyncio.timeout(5):
        assert (await feed.after(50))[0][0] == 51
        with pytest.raises(FellBehind):
            await feed.after(10)
    assert not feed.can_resume(10)
    store.close()
