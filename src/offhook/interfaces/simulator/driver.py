"""The interface ``simulator``: a link to the pretend exchange, or one of its own in this process."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import ClassVar, Self

from offhook.errors import OutcomeUnknown, ProtocolError, Refused, SettingsError, Unreachable
from offhook.interface import Availability, only
from offhook.interfaces.simulator.events import ACCEPTS, EMITS, Meaning
from offhook.interfaces.simulator.pbx import Pbx
from offhook.interfaces.simulator.server import CHUNK, Server, plan
from offhook.interfaces.simulator.wire import Framer, Json, encode
from offhook.model import Command, Event, LineBack, LineLost, Snapshot
from offhook.settings.model import extensions
from offhook.transport.backoff import pauses

ANSWER_S = 5.0
OWN_DESKS = [
    ("1001", "Claire Muller"),
    ("1002", "Hugo Klein"),
    ("1003", "Inès Weber"),
    ("1004", "Paul Schmitt"),
]


log = logging.getLogger(__name__)


class SimulatorInterface:
    """Speaks with the exchange at ``address`` (``host:port``); without one it starts its own.

    Serves every extension of the exchange over one link.
    """

    name: ClassVar[str] = "simulator"
    accepts: ClassVar[frozenset[type[Command]]] = ACCEPTS
    emits: ClassVar[frozenset[type[Event]]] = EMITS
    applies_rules: ClassVar[bool] = False
    per_desk: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, str]] = {
        "address": "simulator.address",
        "desks": "hub.desks",
        "country": "country",
        "incoming_strip": "incoming_strip",
    }

    def __init__(
        self, address: str = "", desks: str = "", country: str = "FR", incoming_strip: str = ""
    ) -> None:
        self.address = address
        self.own: Server | None = None
        self._meaning = Meaning(country, tuple(incoming_strip.replace(",", " ").split()))
        self._own_desks = {each: f"Poste {each}" for each in _extensions(desks)} | dict(OWN_DESKS)
        self._ids = itertools.count(1)
        self._writer: asyncio.StreamWriter | None = None
        self._up = False
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    def availability(cls) -> Availability:
        """It needs nothing but this package."""
        return Availability(name=cls.name)

    @classmethod
    def for_desk(cls, extension: str, options: Mapping[str, str]) -> tuple[Self, str]:
        """Return one for ``extension``, by default the first of its own exchange."""
        address = options.get("address", "")
        if address and not 0 < port_of(address) < 1 << 16:
            raise SettingsError(
                "setting_unreadable",
                name="simulator.address",
                where="simulator.address",
                expected="host:port",
            )
        desks = f"{options.get('desks', '')} {extension}"
        return cls(**only(options, *cls.settings) | {"desks": desks}), extension or OWN_DESKS[0][0]

    async def open(self) -> None:
        """Start reading; the link comes up, and comes back, by itself."""
        if not self.address:
            self.own = Server(Pbx(plan(list(self._own_desks.items()))))
            self.address = await self.own.start()
        self._reading = asyncio.get_running_loop().create_task(self._keep_reading())

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens until closed."""
        while (event := await self._events.get()) is not None:
            yield event

    async def send(self, command: Command) -> None:
        """Pass a command on; see :meth:`offhook.interface.Interface.send`."""
        if isinstance(command, Snapshot):
            await self._ask({"do": "Snapshot"}, command)
            return
        answer = await self._ask(self._meaning.request(command))
        if answer.get("refused"):
            raise Refused("refused_by_switch", interface=self.name, why=str(answer["refused"]))

    async def close(self) -> None:
        """Stop reading and, if it is our own, the exchange."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
            self._events.put_nowait(None)
        if self.own is not None:
            await self.own.stop()
            self.own = None

    async def _ask(self, request: Json, snapshot: Snapshot | None = None) -> Json:
        if self._writer is None:
            raise Unreachable("line_lost", interface=self.name)
        number = next(self._ids)
        if snapshot is not None:
            self._snapshots[number] = snapshot
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._writer.write(encode(request | {"id": number}))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            raise OutcomeUnknown("answer_lost", interface=self.name) from None
        finally:
            self._answers.pop(number, None)
            self._snapshots.pop(number, None)

    async def _keep_reading(self) -> None:
        host, _colon, port = self.address.rpartition(":")
        waits = pauses()
        while True:
            try:
                reader, self._writer = await asyncio.open_connection(host, int(port), limit=CHUNK)
                await self._read(reader)
            except (OSError, ProtocolError) as error:
                log.info("the link to the exchange ended: %s", error)
            finally:
                was_up = self._let_go()
            if was_up:
                waits = pauses()
            await asyncio.sleep(next(waits))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Ask for the snapshot and the events, then read until the link ends."""
        framer, monitor = Framer(), next(self._ids)
        assert self._writer is not None  # noqa: S101 - set by the caller on the line before
        self._writer.write(encode({"do": "MonitorStart", "id": monitor}))
        while data := await reader.read(CHUNK):
            for message in framer.receive(data):
                if message.get("re") == monitor:
                    calls = self._meaning.snapshot(message)
                    self._events.put_nowait(LineBack(at=_now(), line="", calls=calls))
                    self._up = True
                elif "re" in message:
                    self._take_answer(message)
                else:
                    self._take_event(message)

    def _take_answer(self, message: Json) -> None:
        """Pass an answer to whoever asked. A snapshot takes its place among the events, as it came."""
        snapshot = self._snapshots.get(message["re"])
        if snapshot is not None and "connections" in message:
            calls = tuple(call for call in self._meaning.snapshot(message) if call.line == snapshot.line)
            self._events.put_nowait(LineBack(at=_now(), line=snapshot.line, cause=snapshot.id, calls=calls))
        answer = self._answers.get(message["re"])
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _take_event(self, message: Json) -> None:
        """Tell what an event means; one that cannot be read costs itself and nothing else."""
        try:
            meaning = self._meaning.read(message)
        except ProtocolError:
            log.warning("an event of the exchange cannot be read and is left out")
            return
        for event in meaning:
            self._events.put_nowait(event)

    def _let_go(self) -> bool:
        """Close the link, if there is one; returns whether it had come up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(OutcomeUnknown("answer_lost", interface=self.name))
        was_up, self._up = self._up, False
        if was_up:
            self._events.put_nowait(LineLost(at=_now(), line="", why="link"))
        return was_up


def port_of(address: str) -> int:
    """Return the port of a ``host:port``, 0 where it has none."""
    port = address.rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() else 0


def _now() -> datetime:
    return datetime.now(UTC)


def _extensions(desks: str) -> list[str]:
    return extensions(desks, "desks") if desks.strip() else []
