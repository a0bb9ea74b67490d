"""What must outlive a crash: sequence numbers, open calls, commands."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from offhook.errors import OutcomeUnknown, Refused, SettingsError, Unreachable
from offhook.hub.feed import AT_HAND, Feed
from offhook.hub.store import Store
from offhook.model import Call, Dial, Dialling, Ended, Ringing, State
from world import NOON


def ringing(call: str) -> Ringing:
    return Ringing(at=NOON, line="1001", call=call)


def test_a_sequence_goes_on_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "hub.sqlite")
    log = store.log
    open_calls = {"1001": (Call(id="A", line="1001", state=State.ALERTING),)}
    assert [
        seq
        for _desk, seq, _text in store.append([("1001", ringing("A")), ("1001", ringing("B"))], open_calls)
    ] == [1, 2]
    store.close()
    again = Store(tmp_path / "hub.sqlite")
    assert (again.log, again.last("1001"), again.last("1002")) == (log, 2, 0)
    assert [call.id for call in again.open_calls("1001")] == ["A"]
    assert again.append([("1001", Ended(at=NOON, line="1001", call="A"))], {"1001": ()})[0][1] == 3
    assert again.open_calls("1001") == []
    assert again.ended_calls("1001") == ["A"]
    assert [seq for seq, _text in again.since("1001", 1)] == [2, 3]
    again.close()


def test_old_and_many_events_are_forgotten() -> None:
    store = Store(None)
    store.append([("1001", ringing(str(number))) for number in range(20)], {"1001": ()})
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
    store.append([("1001", ringing("A"))], {"1001": ()})
    with pytest.raises(TypeError):
        store.append([("1001", ringing("B")), ("1001", None)], {"1001": ()})  # type: ignore[list-item]
    assert store.last("1001") == 1
    assert store.append([("1001", ringing("C"))], {"1001": ()})[0][1] == 2
    store.close()


async def test_a_feed_reads_from_hand_or_from_the_store() -> None:
    store = Store(None)
    feed = Feed("1001", store)
    for number in range(AT_HAND * 3):
        for _desk, seq, text in store.append([("1001", ringing(str(number)))], {"1001": ()}):
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
    store.append([("1001", Dialling(at=NOON, line="1001", call="A", cause="c"))], {"1001": ()})
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
