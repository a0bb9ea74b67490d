"""A board: desks come and go while it runs, and what was known of their calls outlives it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Self

import pytest

from offhook.about import About, Availability
from offhook.board.key import DeskKey, key_of
from offhook.board.sqlite import SqliteStore
from offhook.board.switchboard import Switchboard
from offhook.dialling import Dialled
from offhook.errors import OffhookError, SettingsError
from offhook.interface import Device, Telling, nothing_wrong
from offhook.model import (
    Call,
    Command,
    Connected,
    Dial,
    Ended,
    Event,
    HangUp,
    LineBack,
    News,
    Party,
    Reason,
    Ringing,
    State,
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
