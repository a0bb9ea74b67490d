"""A board: desks come and go while it runs, and what was known of their calls outlives it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import pytest

from offhook.about import About, Availability
from offhook.board.desk_settings import DeskSettings
from offhook.board.key import DeskKey, key_of
from offhook.board.sqlite import SqliteStore
from offhook.board.store import StoreFailed
from offhook.board.switchboard import Switchboard
from offhook.desk import Desk
from offhook.dialling import Dialled
from offhook.errors import OffhookError, Refused, SettingsError, Unavailable
from offhook.interface import Device, Telling, nothing_wrong
from offhook.ledger import Outcome
from offhook.line import Line
from offhook.model import (
    Call,
    Command,
    Connected,
    Contact,
    Dial,
    Dialling,
    Ended,
    Event,
    HangUp,
    LineBack,
    News,
    Party,
    Reason,
    Record,
    Ringing,
    State,
    Updated,
)
from offhook.view import View
from world import NOON

CLAIRE, HUGO = DeskKey("1001"), DeskKey("1002")


class Switch(Telling):
    """A switch that tells what it is told to, and notes in which order it is used."""

    about: ClassVar[About] = About("told", per_desk=False)
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial, HangUp})
    emits: ClassVar[frozenset[type[Event]]] = frozenset({Ringing, Connected, Ended, LineBack})

    def __init__(self, *calls: Call) -> None:
        super().__init__()
        self._calls = calls
        self.used: list[str] = []
        self.known: list[Call] = []

    @classmethod
    async def availability(cls) -> Availability:
        return Availability("told")

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        return cls(), Device(extension)

    def remember(self, calls: Iterable[Call]) -> None:
        """See :class:`offhook.interface.Remembering`."""
        self.known += calls
        self.used.append("remember")

    async def open(self) -> None:
        self.used.append("open")
        self.tell(LineBack(at=NOON, line="", calls=self._calls))

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        self.used.append(f"{type(command).__name__} {device}")

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        return []

    def examine(self, desks: Sequence[str]) -> AsyncIterator[OffhookError]:
        return nothing_wrong()

    async def close(self) -> None:
        self.end()


def rings(call: str, line: str) -> Ringing:
    return Ringing(at=NOON, line=line, call=call, party=Party(number="+33388202020"), conversation="K1")


def clock() -> Callable[[], datetime]:
    """Time goes on by a millisecond at every look."""
    now = [NOON]

    def tick() -> datetime:
        now[0] += timedelta(milliseconds=1)
        return now[0]

    return tick


class Running:
    """A board on a switch, for the length of a block."""

    def __init__(self, store: SqliteStore, switch: Switch, *desks: DeskKey) -> None:
        self.board = Switchboard(store, clock(), switch)
        self.switch = switch
        self._desks = desks

    async def __aenter__(self) -> Switchboard:
        await self.board.add(self._desks)
        await self.board.start()
        return self.board

    async def __aexit__(self, *_raised: object) -> None:
        await self.board.stop()


async def until(true: Callable[[], bool]) -> None:
    """Wait for something, five seconds at most."""
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    found = await SqliteStore.opened(tmp_path / "board.sqlite")
    yield found
    await found.close()


def test_a_key_has_room_for_a_tenant() -> None:
    """Two tenants' desks of one extension are two desks, also written down."""
    one, two = DeskKey("1001", "acme"), DeskKey("1001", "bros")
    assert len({one, two, CLAIRE}) == 3
    for key in (one, two, CLAIRE):
        assert key_of(str(key)) == key


async def test_a_desk_comes_while_the_board_runs(store: SqliteStore) -> None:
    switch = Switch()
    async with Running(store, switch, CLAIRE) as board:
        await board.add([HUGO, CLAIRE])
        heard: list[News] = []
        board.desk(HUGO).on_news(heard.append)
        switch.tell(rings("A", "1002"))
        await until(lambda: bool(heard))
        assert board.desk(HUGO).calls[0].party.number == "+33388202020"
        await board.desk(HUGO).send(Dial(id="d", number="1001"))
        assert "Dial 1002" in switch.used


async def test_a_desk_goes_while_the_board_runs(store: SqliteStore) -> None:
    """The others hear as before; of the one that went nothing is kept, and what is told of it harms nobody."""
    switch = Switch()
    async with Running(store, switch, CLAIRE, HUGO) as board:
        switch.tell(rings("A", "1002"))
        await until(lambda: bool(board.desk(HUGO).calls))
        await board.settled()
        await board.remove(HUGO)
        await board.remove(HUGO)
        with pytest.raises(SettingsError) as gone:
            board.desk(HUGO)
        assert gone.value.code == "desk_unknown"
        switch.tell(rings("B", "1002"), rings("C", "1001"))
        await until(lambda: bool(board.desk(CLAIRE).calls))
        assert (await store.kept([HUGO]))[HUGO].calls == ()
        await board.add([HUGO])
        assert board.desk(HUGO).calls == (), "nothing of before comes back with it"
        switch.tell(rings("D", "1002"))
        await until(lambda: bool(board.desk(HUGO).calls))


async def test_after_a_restart_the_switch_is_told_the_calls_before_it_is_asked(store: SqliteStore) -> None:
    """So a conversation goes on under its id: the calls of before come to whoever remembers, then it is opened."""
    first = Switch()
    async with Running(store, first, CLAIRE, HUGO) as board:
        first.tell(rings("A", "1001"), Connected(at=NOON, line="1001", call="A"))
        await until(
            lambda: bool(board.desk(CLAIRE).calls) and board.desk(CLAIRE).calls[0].state is State.CONNECTED
        )
        await board.settled()
    assert first.used[-1] == "open", "it began with nothing to remember"
    still = Call(
        id="A",
        line="1001",
        state=State.CONNECTED,
        conversation="K1",
        party=Party(number="+33388202020"),
    )
    second = Switch(still)
    heard: list[News] = []
    running = Running(store, second, CLAIRE, HUGO)
    await running.board.add([CLAIRE, HUGO])
    running.board.desk(CLAIRE).on_news(heard.append)
    assert [(call.id, call.conversation) for call in second.known] == [("A", "K1")]
    async with running as board:
        assert second.used.index("open") > second.used.index("remember")
        await until(lambda: any(isinstance(each.event, LineBack) for each in heard))
        assert [call.id for call in board.desk(CLAIRE).calls] == ["A"]
        assert [type(each.event) for each in heard] == [LineBack], "nothing of it is told twice"


async def test_a_call_that_ended_while_the_board_was_down_ends_once(store: SqliteStore) -> None:
    first = Switch()
    async with Running(store, first, CLAIRE) as board:
        first.tell(rings("A", "1001"))
        await until(lambda: bool(board.desk(CLAIRE).calls))
        await board.settled()
    for _restart in range(2):
        switch = Switch()
        running = Running(store, switch, CLAIRE)
        await running.board.add([CLAIRE])
        heard: list[Event] = []
        running.board.desk(CLAIRE).on_news(lambda news, heard=heard: heard.append(news.event))  # type: ignore[misc]
        async with running as board:
            await until(lambda heard=heard: any(isinstance(each, LineBack) for each in heard))  # type: ignore[misc]
            await board.settled()
            assert board.desk(CLAIRE).calls == ()
        ends = [each for each in heard if isinstance(each, Ended)]
        assert [each.reason for each in ends] == ([Reason.UNKNOWN] if _restart == 0 else [])


# --- what no interface may do to others -----------------------------------------------------------------------------------

UNSOUND: list[tuple[str, Any]] = [
    ("a time that does not say where", Ringing(at=datetime(2026, 1, 1), line="1001", call="A")),  # noqa: DTZ001 - the point
    ("no time", Ringing(at="now", line="1001", call="A")),  # type: ignore[arg-type]
    ("no party", Ringing(at=NOON, line="1001", call="A", party=None)),  # type: ignore[arg-type]
    ("half a letter in a name", Ringing(at=NOON, line="1001", call="A", party=Party(name="a\ud800"))),
    ("no party in a snapshot", LineBack(at=NOON, line="1001", calls=(Call(id="A", line="1001", party=None),))),  # type: ignore[arg-type]
    ("no party in everybody's snapshot", LineBack(at=NOON, line="", calls=(Call(id="A", line="1001", party=None),))),  # type: ignore[arg-type]
    ("no call in a snapshot", LineBack(at=NOON, line="", calls=("A",))), ("no tuple of calls", LineBack(at=NOON, line="", calls=5)),  # type: ignore[arg-type]
    ("a number that is none", Ringing(at=NOON, line="1001", call="A", dialled=object())),  # type: ignore[arg-type]
    ("no event", "Ringing"), ("nothing", None), ("a command", HangUp(id="x", call="A")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "told"), UNSOUND, ids=[row[0] for row in UNSOUND])
async def test_what_is_no_event_is_left_out_and_stops_nobody(
    what: str, told: Any, store: SqliteStore
) -> None:
    switch = Switch()
    async with Running(store, switch, CLAIRE, HUGO) as board:
        if told is None:
            switch._told.put_nowait(SimpleNamespace())  # type: ignore[arg-type]
        else:
            switch.tell(told)
        switch.tell(rings("B", "1001"), rings("C", "1002"))
        await until(lambda: bool(board.desk(HUGO).calls) and bool(board.desk(CLAIRE).calls))
        assert [call.id for call in board.desk(CLAIRE).calls] == ["B"]
        await board.desk(HUGO).send(Dial(id="d", number="1001"))
        await board.settled()
        assert [call.id for call in board.state(HUGO)[2]] == ["C"], "it is written, and handed out"


async def test_an_event_that_cannot_be_written_costs_no_other(store: SqliteStore) -> None:
    """What a directory says of a caller may hold half a letter, too."""
    switch = Switch()
    async with Running(store, switch, CLAIRE) as board:
        line = board.line(CLAIRE)
        bad = Updated(
            at=NOON,
            line="1001",
            call="A",
            contacts=(Contact(record=Record(source="s", id="1"), name="x\ud800"),),
        )
        switch.tell(rings("A", "1001"))
        await until(lambda: bool(board.desk(CLAIRE).calls))
        board.desk(CLAIRE).receive(line, [News(bad)])
        switch.tell(rings("B", "1001"))
        await until(lambda: len(board.state(CLAIRE)[2]) == 2)


async def test_a_job_of_the_store_that_fails_is_its_own_trouble(store: SqliteStore) -> None:
    def bad(_db: object) -> None:
        raise ZeroDivisionError

    good = [store.outcome(CLAIRE, Dial(id=str(number), number="1")) for number in range(20)]
    failed, *rest = await asyncio.gather(store._do(bad), *good, return_exceptions=True)
    assert isinstance(failed, StoreFailed)
    assert [each.begun for each in rest if isinstance(each, Outcome)] == [False] * 20


async def test_a_store_closes_while_it_is_asked_and_answers_afterwards(tmp_path: Path) -> None:
    for _try in range(20):
        store = await SqliteStore.opened(tmp_path / "busy.sqlite")

        async def ask(store: SqliteStore = store) -> None:
            with contextlib.suppress(StoreFailed):
                while True:
                    await store.outcome(CLAIRE, Dial(id="x", number="1"))

        asking = [asyncio.ensure_future(ask()) for _ in range(4)]
        await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            await store.close()
            await asyncio.gather(*asking)
        with pytest.raises(StoreFailed):
            await store.outcome(CLAIRE, Dial(id="y", number="1"))


@pytest.mark.parametrize(("when", "sent"), [("outcome", []), ("begin", []), ("finish", ["Dial 1001"])])
async def test_a_disk_that_takes_nothing_refuses_before_and_never_after(
    when: str, sent: list[str], store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object) -> None:
        raise StoreFailed("disk full")

    switch = Switch()
    async with Running(store, switch, CLAIRE) as board:
        monkeypatch.setattr(store, when, full)
        dial = Dial(id="d", number="0388202020")
        if sent:
            assert await board.desk(CLAIRE).send(dial) == "d"
        else:
            with pytest.raises(Unavailable) as caught:
                await board.desk(CLAIRE).send(dial)
            assert (caught.value.code, caught.value.params) == ("store_failed", {"why": "disk full"})
        monkeypatch.undo()
    assert [each for each in switch.used if each.startswith("Dial")] == sent


async def test_a_desk_that_comes_while_the_switch_is_up_can_do_what_others_can(store: SqliteStore) -> None:
    switch = Switch()
    async with Running(store, switch, CLAIRE) as board:
        await board.add([HUGO])
        switch.tell(rings("A", "1002"))
        await until(lambda: bool(board.desk(HUGO).calls))
        await board.settled()
        _seq, up, calls = board.state(HUGO)
        assert (up, calls[0].can) == (True, ("HangUp",))


async def test_a_desk_whose_line_does_not_come_up_lets_go_of_it() -> None:
    class Mute(Switch):
        closed = 0

        async def open(self) -> None:
            self.used.append("open")

        async def close(self) -> None:
            self.closed += 1
            self.end()

    mute = Mute()
    desk = Desk([Line(mute, "1001", clock())], clock())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), desk:
            raise AssertionError("it is never up")
    assert (mute.closed, desk._work) == (1, set())


async def test_settings_that_say_what_they_said_leave_a_line_and_its_calls_alone(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test dial, or the machine's settings saved by somebody else, ends no call and tells nothing again."""
    monkeypatch.setenv("OFFHOOK_HOME", str(tmp_path))
    place = tmp_path / "desks" / "1001" / "settings.toml"
    place.parent.mkdir(parents=True)
    place.write_text('interface = "callto"\n[callto]\ncommand = "/bin/true $teldest$"\n')
    settings = DeskSettings("told", 1, per_desk=False, first=HUGO)
    switch = Switch()
    board = Switchboard(store, clock(), switch, own_line=settings.own_line)
    await board.add([CLAIRE, HUGO])
    await board.start()
    try:
        await board.desk(CLAIRE).heard()
        line, heard = board.line(CLAIRE), list[Event]()
        board.desk(CLAIRE).on_news(lambda news: heard.append(news.event))
        await board.reline(CLAIRE)
        assert board.line(CLAIRE) is line
        assert heard == []
        place.write_text('interface = "callto"\n[callto]\ncommand = "/bin/echo $teldest$"\n')
        await board.reline(CLAIRE)
        other = board.line(CLAIRE)
        assert other is not line
        assert other._pace is line._pace, "what was dialled a moment ago still counts"
        place.write_text("")
        await board.reline(CLAIRE)
        assert board.line(CLAIRE).interface is switch
        place.write_text('interface = "callto"\n[callto]\ncommand = "/bin/echo $teldest$"\n')
        await board.reline(CLAIRE)
        assert board.line(CLAIRE) not in (line, other), "one that was closed is not used again"
    finally:
        await board.stop()


@pytest.mark.parametrize("number", ["112", "0388202020"])
async def test_a_number_dialled_again_after_its_call_ended_is_a_new_call(
    number: str, store: SqliteStore
) -> None:
    """Within the time of a double click, too: who dials again when a call has failed means it (section 3)."""
    switch = Switch()
    async with Running(store, switch, CLAIRE) as board:
        desk = board.desk(CLAIRE)
        assert await desk.send(Dial(id="1", number=number)) == "1"
        switch.tell(Dialling(at=NOON, line="1001", call="A", cause="1", dialled=number))
        await until(lambda: bool(desk.calls))
        assert await desk.send(Dial(id="2", number=number)) == "1", "while it lasts, it is the second half"
        switch.tell(Ended(at=NOON, line="1001", call="A", reason=Reason.FAILED))
        await until(lambda: not desk.calls)
        assert await desk.send(Dial(id="3", number=number)) == "3"
    assert switch.used.count("Dial 1001") == 2


@pytest.mark.parametrize(
    ("own", "number", "code"),
    [
        ("country = 'BE'", "0899701234", "guard_premium"),
        ("internal_numbers = '0899.'", "0899701234", "guard_premium"),
        ("emergency_numbers = '0899701234'", "0899701234", "guard_premium"),
        ("outside_prefix = '089'", "9701234", "guard_unknown"),
        ("dial_format = 'national'", "899701234", "guard_unknown"),
        ("country = 'BE'", "0388202020", ""),
    ],
)
def test_a_guard_of_the_machine_judges_by_the_machine_s_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, number: str, code: str
) -> None:
    """Whatever a desk has set for itself; a desk of a hub whose machine guards nothing has its own rules."""
    monkeypatch.setenv("OFFHOOK_HOME", str(tmp_path))
    for folder in (tmp_path, tmp_path / "desks" / "1002"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.toml").write_text(f"{own}\n")
    machine = tmp_path / "machine.toml"
    for guard in ('[guard]\npremium = "bar"\n', ""):
        machine.write_text(guard)
        for desk in ("1001", "1002"):
            desks = DeskSettings("simulator", 0, per_desk=False, first=DeskKey("1001"))
            rules = desks.rules(DeskKey(desk))
            if guard and code:
                with pytest.raises(Refused) as caught:
                    rules.dialled(number)
                assert caught.value.code == code
            else:
                assert rules.dialled(number)
