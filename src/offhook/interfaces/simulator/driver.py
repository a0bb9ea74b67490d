"""The interface ``simulator``: a link to the pretend exchange, or one of its own in this process."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Self

from offhook.about import About
from offhook.dialling import Dialled
from offhook.errors import OffhookError, OutcomeUnknown, ProtocolError, Refused, Unreachable, on
from offhook.interface import Availability, Device, Seen, Telling, Tried
from offhook.interfaces.simulator.about import ABOUT
from offhook.interfaces.simulator.events import ACCEPTS, EMITS, ExchangeMeaning
from offhook.interfaces.simulator.pbx import Pbx
from offhook.interfaces.simulator.server import CHUNK, Server, ask, plan
from offhook.interfaces.simulator.wire import ExchangeFramer, Json, encode
from offhook.model import Command, Event, LineBack, LineLost, Snapshot
from offhook.settings.kinds import extensions
from offhook.transport.backoff import pauses
from offhook.view import View

ANSWER_S = 5.0
OWN_DESKS = [
    ("1001", "Claire Muller"),
    ("1002", "Hugo Klein"),
    ("1003", "Inès Weber"),
    ("1004", "Paul Schmitt"),
]


log = logging.getLogger(__name__)


class SimulatorInterface(Telling):
    """Speaks with the exchange at ``address`` (``host:port``); without one it starts its own, with ``desks``.

    Serves every extension of the exchange over one link.
    """

    about: ClassVar[About] = ABOUT
    accepts: ClassVar[frozenset[type[Command]]] = ACCEPTS
    emits: ClassVar[frozenset[type[Event]]] = EMITS

    def __init__(
        self, country: str, address: str = "", desks: Sequence[str] = (), strip: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.address = address
        self.own: Server | None = None
        self._meaning = ExchangeMeaning(country, tuple(strip))
        self._own_desks = {each: f"Poste {each}" for each in desks} | dict(OWN_DESKS)
        self._ids = itertools.count(1)
        self._writer: asyncio.StreamWriter | None = None
        self._up = False
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._snapshots: dict[int, tuple[str, Device]] = {}
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def availability(cls) -> Availability:
        """It needs nothing but this package."""
        return Availability(ABOUT.name)

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return one for ``extension``, by default the first of its own exchange."""
        address = options["address"]
        if address and not 0 < port_of(address) < 1 << 16:
            raise options.wrong("address", "host:port")
        desks = [*extensions(options["hub.desks"]), *filter(None, [extension])]
        made = cls(options["country"], address, desks, options.words("incoming_strip"))
        return made, Device(extension or OWN_DESKS[0][0])

    async def open(self) -> None:
        """Start reading; the link comes up, and comes back, by itself."""
        if not self.address:
            self.own = Server(Pbx(plan(list(self._own_desks.items()))))
            self.address = await self.own.start()
        self._reading = asyncio.get_running_loop().create_task(self._keep_reading())

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        """Pass a command on; see :meth:`offhook.interface.Interface.send`."""
        if isinstance(command, Snapshot):
            await self._ask({"do": "Snapshot"}, (command.id, device))
            return
        answer = await self._ask(self._meaning.request(command, device, dialled))
        if answer.get("refused"):
            raise Refused("refused_by_switch", why=str(answer["refused"]))

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """See :meth:`offhook.interface.Interface.preview`."""
        return [encode(self._meaning.request(command, device, dialled)).decode().strip()]

    async def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """Ask the exchange for its snapshot: the one that is set, or one of its own, for a moment."""
        yield Tried("exchange", {"address": self.address}) if self.address else Tried("own")
        own = None if self.address else Server(Pbx(plan(list(self._own_desks.items()))))
        try:
            with on(ABOUT.name):
                answer = await ask(await own.start() if own else self.address, {"do": "Snapshot"})
                if "connections" not in answer:
                    raise ProtocolError("reply_unreadable", source=self.address)
        except OffhookError as error:
            yield error
        finally:
            if own is not None:
                await own.stop()

    async def act(self, request: Json) -> Json:
        """See :class:`offhook.interface.Trained`."""
        with on(ABOUT.name):
            return await ask(self.address, request)

    async def close(self) -> None:
        """Stop reading and, if it is our own, the exchange."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
            self.end()
        if self.own is not None:
            await self.own.stop()
            self.own = None

    async def _ask(self, request: Json, snapshot: tuple[str, Device] | None = None) -> Json:
        if self._writer is None:
            raise Unreachable("line_lost")
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
            raise OutcomeUnknown("answer_lost") from None
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
        framer, monitor = ExchangeFramer(), next(self._ids)
        assert self._writer is not None  # noqa: S101 - set by the caller on the line before
        self._writer.write(encode({"do": "MonitorStart", "id": monitor}))
        while data := await reader.read(CHUNK):
            for message in framer.receive(data):
                if message.get("re") == monitor:
                    calls = self._meaning.snapshot(message)
                    self.tell(LineBack(at=_now(), line="", calls=calls))
                    self._up = True
                elif "re" in message:
                    self._take_answer(message)
                else:
                    self._take_event(message)

    def _take_answer(self, message: Json) -> None:
        """Pass an answer to whoever asked. A snapshot keeps the place among the events at which it came."""
        snapshot = self._snapshots.get(message["re"])
        if snapshot is not None and "connections" in message:
            cause, device = snapshot
            calls = tuple(call for call in self._meaning.snapshot(message) if call.line == device)
            self.tell(LineBack(at=_now(), line=device, cause=cause, calls=calls))
        answer = self._answers.get(message["re"])
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _take_event(self, message: Json) -> None:
        """Tell what an event means; if it cannot be read, only that event is lost."""
        try:
            meaning = self._meaning.read(message)
        except ProtocolError:
            log.warning("an event of the exchange cannot be read and is left out")
            return
        self.tell(*meaning)

    def _let_go(self) -> bool:
        """Close the link, if there is one; returns whether it had come up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(OutcomeUnknown("answer_lost"))
        was_up, self._up = self._up, False
        if was_up:
            self.tell(LineLost(at=_now(), line="", why="link"))
        return was_up


def port_of(address: str) -> int:
    """Return the port of a ``host:port``, 0 where it has none."""
    port = address.rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() else 0


def _now() -> datetime:
    return datetime.now(UTC)
