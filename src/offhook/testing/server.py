"""What pretend switches share: a port, clients, and recordings played at their pace."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import ClassVar, Self

from offhook.errors import CommandError, Unavailable, reason
from offhook.interface import Traffic
from offhook.switch.recordings import recorded
from offhook.testing.exchange import Exchange, PhoneHabit

CHUNK = 1 << 16


class Peer:
    """One connection to a pretend switch."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.logged_in = False
        self.listening = False
        self.rest = b""
        self.challenge = ""

    def send(self, data: bytes) -> None:
        """Send as much as the client takes."""
        if not self.writer.is_closing():
            self.writer.write(data)


class PretendSwitch(ABC):
    """Listens on the loopback. ``heard`` are the commands as their bytes came, logins left out."""

    account: ClassVar[str] = ""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.heard: list[bytes] = []
        self.clients: list[Peer] = []
        self.address = ""
        self.listened = asyncio.Event()
        """Somebody wants to hear events."""
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    @abstractmethod
    def greet(self, client: Peer) -> None:
        """Say what comes first."""

    @abstractmethod
    def take(self, client: Peer, data: bytes) -> None:
        """Take in what a client sent."""

    async def start(self, port: int = 0) -> str:
        """Listen; returns ``host:port``. Raises ``Unavailable`` for a port in use."""
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        except (OSError, OverflowError):
            raise Unavailable("port_taken", port=port) from None
        host, bound = self._server.sockets[0].getsockname()[:2]
        self.address = f"{host}:{bound}"
        return self.address

    async def stop(self) -> None:
        """Stop listening, and cut every connection."""
        if self._server is not None:
            self._server.close()
            self.cut()
            await asyncio.gather(*self._serving, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Cut every connection."""
        for client in list(self.clients):
            client.writer.transport.abort()

    def listens(self, client: Peer) -> None:
        """A client wants to hear events from now on."""
        client.listening = True
        self.listened.set()

    def spread(self, data: bytes) -> None:
        """Send to everybody who listens."""
        for client in self.clients:
            if client.listening:
                client.send(data)

    @classmethod
    @abstractmethod
    def over(cls, exchange: Exchange) -> Self:
        """Return one over an exchange."""

    @classmethod
    def of_desks(cls, desks: Sequence[str]) -> Self:
        """See :meth:`offhook.interface.Pretend.of_desks`."""
        later = asyncio.get_running_loop().call_later
        return cls.over(
            Exchange({desk: PhoneHabit(after_s=1.5) for desk in desks}, later, PhoneHabit(after_s=2.0))
        )

    async def live(self, traffic: Traffic) -> None:
        """See :meth:`offhook.interface.Pretend.live`."""
        work: list[Awaitable[object]] = [played(self, path, traffic.speed) for path in traffic.recordings]
        if traffic.calls_per_s:
            work.append(
                customers(self.exchange, list(self.exchange.desks), traffic.calls_per_s, traffic.talk_s)
            )
        await asyncio.gather(*work)

    async def play(self, recording: Path, speed: float = 1.0, skip: int = 0) -> None:
        """Send a recording's bytes to everybody who listens, at its own pace times ``speed`` (0: at once)."""
        data, reads = recorded(recording)
        passed = 0.0
        for seconds, start, length in reads or [(0.0, 0, len(data))]:
            if speed and seconds > passed:
                await asyncio.sleep((seconds - passed) / speed)
                passed = seconds
            piece = data[max(start, skip) : start + length]
            if piece:
                self.spread(piece)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, task = Peer(writer), asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        self.clients.append(client)
        try:
            self.greet(client)
            while data := await reader.read(CHUNK):
                self.take(client, data)
                await writer.drain()
        except ConnectionError:
            pass  # the client's own business
        finally:
            self.clients.remove(client)
            writer.close()


async def played(switch: PretendSwitch, path: str, speed: float) -> None:
    """Play a recording as soon as somebody listens. Raises ``CommandError`` where it cannot be read."""
    recording = Path(path)
    try:
        greeting = len(_greeting(recording))
    except OSError as error:
        raise CommandError("recording_unreadable", path=path, why=reason(error)) from None
    await switch.listened.wait()
    await asyncio.sleep(0.5)  # the snapshot comes first
    await switch.play(recording, speed, greeting)


async def customers(exchange: Exchange, desks: list[str], calls_per_s: float, talk_s: float) -> None:
    """Let customers call the desks, ``calls_per_s`` on average, and hang up after about ``talk_s``."""
    loop = asyncio.get_running_loop()
    chance = Random(1)  # noqa: S311 - pretend customers guard nothing
    due = loop.time()
    while True:
        due += 1 / calls_per_s
        await asyncio.sleep(max(0.0, due - loop.time()))
        caller = exchange.incoming(f"01990000{chance.randrange(100):02}", "", chance.choice(desks))
        ends = partial(exchange.hang_up, caller, 16, asked=True)
        loop.call_later(talk_s * chance.uniform(0.5, 1.0), ends)


def _greeting(path: Path) -> bytes:
    """Return what a recording begins with and a running connection has already had."""
    with path.open("rb") as file:
        head = file.read(200)
    if head.startswith(b"Asterisk Call Manager/"):
        return head[: head.find(b"\r\n") + 2]
    return head[: head.find(b"\n\n") + 2] if head.startswith(b"Content-Type: auth/request") else b""
