"""The pretend exchange on a socket: what ``offhook simulate`` runs.

One TCP port on the loopback. A client says ``MonitorStart`` and gets the snapshot, then every event; any
other request gets its answer, matched by ``id``.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, ClassVar, Self

from offhook.errors import OffhookError, ProtocolError, Unavailable
from offhook.interface import Traffic
from offhook.interfaces.simulator.pbx import Habit, Numbering, Pbx, PbxRefused
from offhook.interfaces.simulator.wire import ExchangeFramer, Json, encode

CHUNK = 1 << 16
SLOW_CLIENT = 1 << 24
"""Bytes waiting for a client that does not read; beyond this, its link is dropped."""


class Server:
    """Runs one :class:`Pbx` in real time and lets any number of clients ask and listen."""

    account: ClassVar[str] = ""

    def __init__(self, pbx: Pbx, clock: Callable[[], float] = time.time) -> None:
        self.pbx = pbx
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._listening: set[asyncio.StreamWriter] = set()
        self._clients: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._cut_until = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._traffic: asyncio.Task[None] | None = None

    @classmethod
    def of_desks(cls, desks: Sequence[str]) -> Self:
        """See :class:`offhook.interface.Pretend`."""
        return cls(Pbx(plan([(each, f"Poste {each}") for each in desks])))

    async def live(self, traffic: Traffic) -> None:
        """See :class:`offhook.interface.Pretend`. It plays no recordings."""
        if traffic.calls_per_s:
            self.run_traffic(traffic.calls_per_s, traffic.talk_s)

    @staticmethod
    async def ask(address: str, request: Json) -> Json:
        """See :class:`offhook.interface.Acted`."""
        return await ask(address, request)

    async def start(self, port: int = 0) -> str:
        """Listen on the loopback; returns ``host:port``. Raises ``Unavailable`` for a port in use."""
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        except (OSError, OverflowError):
            raise Unavailable("port_taken", port=port) from None
        host, bound = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{bound}"

    async def stop(self) -> None:
        """Close every link and stop."""
        if self._traffic is not None:
            self._traffic.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        if self._server is not None:
            self._server.close()
            serving = [task for task in self._clients.values() if task is not None]
            self._hang_up_on_everybody()
            await asyncio.gather(*serving, return_exceptions=True)
            await self._server.wait_closed()

    def run_traffic(self, calls_per_s: float, talk_s: float, seed: int = 1) -> None:
        """Let customers call all the desks, ``calls_per_s`` on average, at moments fixed beforehand.

        Open-loop: a call comes when it is due, however slow those who listen are.
        """
        chance = Random(seed)  # noqa: S311 - pretend customers guard nothing
        self._traffic = asyncio.get_running_loop().create_task(self._customers(calls_per_s, talk_s, chance))

    async def _customers(self, calls_per_s: float, talk_s: float, chance: Random) -> None:
        desks = sorted(self.pbx.plan.phones)
        due = self._clock()
        while True:
            due += 1 / calls_per_s
            await asyncio.sleep(max(0.0, due - self._clock()))
            number = f"01990000{chance.randrange(100):02}"
            answers = chance.random() < 0.8
            self.pbx.plan.habits[desk := chance.choice(desks)] = Habit(
                after_s=talk_s * chance.uniform(0.05, 0.2) if answers else None, ring_s=0.0
            )
            self._do({
                "do": "Incoming", "to": desk, "number": number, "patience_s": talk_s * 0.5,
                "talk_s": talk_s * chance.uniform(0.5, 1.0),
            })  # fmt: skip

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._clock() < self._cut_until:
            writer.close()
            return
        framer = ExchangeFramer()
        self._clients[writer] = asyncio.current_task()
        try:
            while data := await reader.read(CHUNK):
                for request in framer.receive(data):
                    self._answer(request, writer)
                await writer.drain()
        except (ConnectionError, ProtocolError):
            pass  # the client's own business; the exchange goes on
        finally:
            self._clients.pop(writer, None)
            self._listening.discard(writer)
            writer.close()

    def _answer(self, request: Json, writer: asyncio.StreamWriter) -> None:
        answer: Json = {"re": request.get("id")}
        if request.get("do") == "DropLink":
            self._cut_until = self._clock() + float(request.get("seconds", 0))
            self._hang_up_on_everybody()
            return
        listening = request.get("do") == "MonitorStart"
        try:
            answer |= self._do({"do": "Snapshot"} if listening else request)
        except PbxRefused as refused:
            answer["refused"] = str(refused)
        writer.write(encode(answer))
        if listening:
            self._listening.add(writer)

    def _do(self, request: Json) -> Json:
        try:
            return self.pbx.do(request, self._clock())
        finally:
            self._spread()

    def _tick(self) -> None:
        try:
            self.pbx.tick(self._clock())
        finally:
            self._spread()

    def _spread(self) -> None:
        """Send what happened to everybody who listens, and set the alarm for what happens next."""
        data = b"".join(encode(event) for event in self.pbx.drain())
        for writer in list(self._listening) if data else ():
            if writer.transport.get_write_buffer_size() > SLOW_CLIENT:
                writer.transport.abort()
            else:
                writer.write(data)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self.pbx.deadline is not None:
            wait_s = max(0.0, self.pbx.deadline - self._clock())
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _hang_up_on_everybody(self) -> None:
        for writer in list(self._clients):
            writer.transport.abort()


def plan(desks: list[tuple[str, str]], **more: Any) -> Numbering:
    """Return a numbering plan with those desks, a ring group 600 and a queue 700 of the first three."""
    devices = tuple(number for number, _name in desks)
    return Numbering(
        phones=dict(desks),
        groups={"600": devices[:3]} | more.pop("groups", {}),
        queues={"700": devices[:2]} | more.pop("queues", {}),
        **more,
    )


async def ask(address: str, request: Json, timeout_s: float = 5.0) -> Json:
    """Ask a running exchange one thing. Raises ``Unreachable``, ``Refused`` or ``ProtocolError``."""
    from offhook.errors import Refused, Unreachable, reason, unresolved

    host, _colon, port = address.rpartition(":")
    framer = ExchangeFramer()
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, int(port))
            with contextlib.closing(writer):
                writer.write(encode(request))
                while data := await reader.read(CHUNK):
                    for answer in framer.receive(data):
                        if answer.get("refused"):
                            raise Refused("refused_by_switch", why=str(answer["refused"]))
                        return answer
        return {}
    except OffhookError:
        raise
    except (OSError, ValueError, OverflowError) as error:
        raise unresolved(host, error) or Unreachable(
            "switch_unreachable", address=address, why=reason(error)
        ) from None
