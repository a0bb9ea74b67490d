"""Pretend switches on real sockets, and desks on them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import offhook
from offhook import catalogue
from offhook.desk import Desk
from offhook.model import Call, Event, News, State
from offhook.testing.exchange import Exchange, PhoneHabit
from offhook.testing.pretend_asterisk import PretendAsterisk
from offhook.testing.pretend_freeswitch import PretendFreeswitch
from offhook.testing.server import PretendSwitch

KINDS = ("asterisk", "freeswitch")
ACCOUNTS: dict[str, dict[str, str]] = {
    "asterisk": {
        "user": "offhook",
        "password": "secret",
        "context": "desks",
        "extensions": "10[0-9][0-9]",
        "devices": "*=PJSIP/*",
        "trunks": "PJSIP/trunk",
        "trunk_contexts": "from-trunk",
    },
    "freeswitch": {
        "password": "secret",
        "context": "default",
        "extensions": "10[0-9][0-9]",
        "devices": "*=*",
        "trunks": "trunk",
        "trunk_contexts": "public",
    },
}


@contextlib.asynccontextmanager
async def switch(kind: str, **habits: PhoneHabit) -> AsyncIterator[PretendSwitch]:
    """A pretend switch with desks 1001 to 1004; ``d1002=PhoneHabit(...)`` says what one does."""
    desks = {f"10{number:02}": PhoneHabit() for number in range(1, 5)} | {
        name[1:]: habit for name, habit in habits.items()
    }
    exchange = Exchange(desks, asyncio.get_running_loop().call_later)
    made: PretendSwitch = PretendAsterisk(exchange) if kind == "asterisk" else PretendFreeswitch(exchange)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


def exchange_of(made: PretendSwitch) -> Exchange:
    found: Exchange = made.exchange
    return found


@contextlib.asynccontextmanager
async def desk(
    made: PretendSwitch, kind: str, extension: str = "1001", **options: str
) -> AsyncIterator["Heard"]:
    opened = offhook.connect(
        kind, extension=extension, options={"address": made.address} | ACCOUNTS[kind] | options
    )
    heard = Heard(opened)
    async with opened:
        yield heard


class Heard:
    """A desk, and everything that happened there."""

    def __init__(self, opened: Desk) -> None:
        self.desk = opened
        self.events: list[Event] = []
        self._news = asyncio.Event()
        opened.on_news(self._hear)

    def _hear(self, news: News) -> None:
        self.events.append(news.event)
        self._news.set()

    async def until(self, true: Callable[[], Any], seconds: float = 5.0) -> Any:
        """Wait until something is so."""
        async with asyncio.timeout(seconds):
            while not (found := true()):
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.05)
        return found

    async def call(self, state: State) -> Call:
        """Wait for a call in that state."""
        found: Call = await self.until(
            lambda: next((call for call in self.desk.calls if call.state is state), None)
        )
        return found

    async def event(self, kind: type[Event]) -> Any:
        """Wait for an event of that kind."""
        return await self.until(
            lambda: next((event for event in self.events if isinstance(event, kind)), None)
        )

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


@contextlib.asynccontextmanager
async def peer(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> AsyncIterator[str]:
    """A peer of one's own on a port; gives its address."""
    serving: set[asyncio.Task[Any]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            serving.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0.01)


def interface(kind: str) -> Any:
    return catalogue.load(kind)
