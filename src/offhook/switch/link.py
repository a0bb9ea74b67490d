"""The connection to a switch, kept up: log in, ask for its state, then read; if it is lost, begin again.

One connection serves every desk. What differs between switches is in each interface's driver.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Generic, Protocol, TypeVar

from offhook.about import About
from offhook.errors import LoginRefused, OffhookError, OutcomeUnknown, SettingsError, Unreachable, on
from offhook.interface import Seen, Telling, fault_in
from offhook.model import (
    Call,
    Connected,
    Dialling,
    Diverted,
    Ended,
    Event,
    Held,
    LineBack,
    LineLost,
    Merged,
    Parked,
    Prompted,
    RecordPassed,
    RemoteRinging,
    Resumed,
    Retrieved,
    Ringing,
    Snapshot,
    Transferred,
    Updated,
)
from offhook.switch.desks import DeskCall
from offhook.switch.plan import Plan
from offhook.switch.talk import Leg, Talk
from offhook.switch.watch import Watch
from offhook.transport.connection import CHUNK, Address, address_of, connected, kept
from offhook.transport.web import tls_of
from offhook.view import View

ANSWER_S = 5.0
"""How long an answer may take."""
LOGIN_S = 10.0
"""How long login and snapshot may take: a server that drips its greeting is no switch."""
IDLE_S = 30.0
"""After this long a silence the switch is asked for a sign of life."""
OPEN_S = 5.0
"""How long :meth:`SwitchLink.open` waits to hear that the account is refused."""
FULL = 1 << 22
"""Bytes waiting to be sent to a switch that does not read; beyond this, the link is given up."""

EMITS: frozenset[type[Event]] = frozenset({
    Connected, Dialling, Diverted, Ended, Held, LineBack, LineLost, Merged, Parked, Prompted, RecordPassed,
    RemoteRinging, Resumed, Retrieved, Ringing, Transferred, Updated,
})  # fmt: skip
"""What a switch's interface tells."""

log = logging.getLogger(__name__)
Said = TypeVar("Said")


class Framer(Protocol[Said]):
    """Bytes in, messages out."""

    def receive(self, data: bytes) -> list[Said]:
        """Return what the bytes complete."""
        ...


class SwitchLink(Telling, ABC, Generic[Said]):
    """What the drivers of switches share. ``watch`` knows the calls; events come from :meth:`events`."""

    about: ClassVar[About]

    def __init__(self, address: Address, watch: Watch[Said]) -> None:
        super().__init__()
        self.address = address
        self.watch = watch
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[str, tuple[asyncio.Future[Said], Callable[[Said], None] | None]] = {}
        self._running: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._told_why = ""
        self._fault: OffhookError | None = None
        self._up = False
        self._rung_all: dict[str, DeskCall] = {}
        """Dials that alerted more than one device, until one of them answers or all are over."""
        self._unborn: dict[str, Leg] = {}
        """Legs to be ended as soon as the switch has made them."""
        self._looking = asyncio.Lock()
        self._timers: set[asyncio.TimerHandle] = set()
        self._heard: Callable[[bytes], object] | None = None
        self._sent: Callable[[bytes], object] | None = None

    # --- what each switch says in its own way -------------------------------------------------------------

    @abstractmethod
    def _framer(self) -> Framer[Said]:
        """Return the framer that cuts its stream into messages."""

    @abstractmethod
    async def _begin(self) -> None:
        """Log in and subscribe. Raises ``LoginRefused``."""

    @abstractmethod
    async def _look(self, cause: str = "") -> None:
        """Ask for its state and tell it; one at a time."""

    @abstractmethod
    def _take(self, message: Said, at: datetime) -> None:
        """Take one message in."""

    @abstractmethod
    async def _sign_of_life(self) -> None:
        """Ask for anything at all."""

    @classmethod
    @abstractmethod
    def reading(
        cls, plan: Plan, country: str, ended: Callable[[Talk], None]
    ) -> tuple[Framer[Said], Watch[Said]]:
        """Return a reader for recordings of such a switch. ``ended`` is told of every talk that is over."""

    def tap(self, heard: Callable[[bytes], object], sent: Callable[[bytes], object]) -> None:
        """Pass on every byte of the connection, for a recording. Call before :meth:`open`."""
        self._heard, self._sent = heard, sent

    @abstractmethod
    def _drop(self, leg: Leg) -> None:
        """End a leg, without waiting for it."""

    @abstractmethod
    def _examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """Yield what is tried, and what is wrong in the switch's configuration or ours, as errors that say where."""

    def remember(self, calls: Iterable[Call]) -> None:
        """See :class:`offhook.interface.Remembering`."""
        self.watch.desks.remember(calls)

    async def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """See :meth:`offhook.interface.Interface.examine`."""
        with on(self.about.name):
            async for seen in self._examine(desks):
                if (error := fault_in(seen)) is not None:
                    error.interface = error.interface or self.about.name
                yield seen

    @property
    def fault(self) -> OffhookError | None:
        """What keeps the link down, ``None`` where it is up."""
        if self._up:
            return None
        return self._fault or Unreachable("switch_silent", address=str(self.address))

    # --- the interface -----------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Start; the link comes up, and comes back, by itself.

        Raises ``LoginRefused`` and ``SettingsError`` if they are heard of within :data:`OPEN_S` seconds.
        """
        loop = asyncio.get_running_loop()
        self._first = loop.create_future()
        self._running = loop.create_task(kept(self._attempt))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OPEN_S):
                try:
                    with on(self.about.name):
                        await asyncio.shield(self._first)
                except (LoginRefused, SettingsError):
                    await self.close()
                    raise
                except OffhookError:
                    pass

    async def close(self) -> None:
        """Stop, and close the connection."""
        for timer in self._timers:
            timer.cancel()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
            self.end()

    # --- the connection -----------------------------------------------------------------------------------------

    async def _attempt(self) -> bool:
        """Hold one connection for as long as it lasts; says whether it came up."""
        try:
            await connected(self.address, self._session)
            error: OffhookError = Unreachable("line_lost")
        except OffhookError as found:
            error = found
        except OSError:
            error = Unreachable("line_lost")
        except Exception:
            log.exception("%s: the link is made again", self.about.name)
            error = Unreachable("line_lost")
        finally:
            was_up, self._up = self._up, False
            self._writer = None
            self._give_up_answers()
        self._fault = error
        if self._first is not None and not self._first.done():
            self._first.set_exception(error)
            self._first.exception()  # it may be that nobody waits
        log.info("%s: the link ended: %s", self.about.name, error)
        now = _now()
        self.tell(*self.watch.lost(now, error.code))
        if not was_up and self._told_why != error.code:
            self._told_why = error.code
            self.tell(LineLost(at=now, line="", why=error.code))
        return was_up

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        beginning = asyncio.get_running_loop().create_task(self._start())
        reading = asyncio.get_running_loop().create_task(self._read(reader))
        try:
            done, _rest = await asyncio.wait({beginning, reading}, return_when=asyncio.FIRST_COMPLETED)
            if reading in done:
                # a refused login and the end of the stream come together: the refusal says more
                for _turn in range(3):
                    await asyncio.sleep(0)
            if beginning.done():
                beginning.result()
            await reading
        finally:
            for task in (beginning, reading):
                task.cancel()
            await asyncio.gather(beginning, reading, return_exceptions=True)

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(LOGIN_S):
                await self._begin()
                async with self._looking:
                    await self._look()
        except TimeoutError:
            raise Unreachable("switch_silent", address=str(self.address)) from None
        except OutcomeUnknown:
            raise Unreachable("switch_silent", address=str(self.address)) from None

    async def _read(self, reader: asyncio.StreamReader) -> None:
        framer = self._framer()
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    data = await reader.read(CHUNK)
            except TimeoutError:
                asked = asyncio.get_running_loop().create_task(self._sign_of_life())
                try:
                    async with asyncio.timeout(ANSWER_S):
                        data = await reader.read(CHUNK)
                except TimeoutError:
                    raise Unreachable("switch_silent", address=str(self.address)) from None
                finally:
                    asked.cancel()
            if not data:
                return
            if self._heard is not None:
                self._heard(data)
            at = _now()
            for message in framer.receive(data):
                try:
                    self._take(message, at)
                except OffhookError:
                    raise
                except Exception:  # one odd message must not make every desk deaf
                    log.exception("%s: a message is left out", self.about.name)

    # --- asking and being answered ----------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        if self._writer is None or self._writer.is_closing():
            raise Unreachable("line_lost")
        if self._writer.transport.get_write_buffer_size() > FULL:
            self._writer.transport.abort()
            raise Unreachable("line_lost")
        if self._sent is not None:
            self._sent(data)
        self._writer.write(data)

    async def _ask(self, number: str, data: bytes, then: Callable[[Said], None] | None = None) -> Said:
        """Send, and wait for the answer under that number; ``then`` sees it at once, before whatever follows.

        Raises ``Unreachable`` where nothing was sent, ``OutcomeUnknown`` where no answer came.
        """
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._answers[number] = (answer, then)
        try:
            self._write(data)
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            raise OutcomeUnknown("answer_lost") from None
        finally:
            self._answers.pop(number, None)

    def _answered(self, number: str, message: Said) -> bool:
        """Pass an answer to whoever asked; says whether anybody did."""
        waiting = self._answers.get(number)
        if waiting is None or waiting[0].done():
            return False
        answer, then = waiting
        if then is not None:
            then(message)
        answer.set_result(message)
        return True

    def _give_up_answers(self) -> None:
        for answer, _then in self._answers.values():
            if not answer.done():
                answer.set_exception(OutcomeUnknown("answer_lost"))
                answer.exception()  # it may be that nobody waits

    def _tell(self, at: datetime) -> None:
        """Hand on what is new, and stop the devices that need not ring any more."""
        for cause, call in list(self._rung_all.items()):
            if any(leg.up for leg in call.legs) or all(leg.gone for leg in call.legs):
                del self._rung_all[cause]
                for leg in call.legs:
                    if not leg.up and not leg.gone:
                        self._end_leg(leg)
        for native, leg in list(self._unborn.items()):
            if leg.channel or leg.gone:
                del self._unborn[native]
                if not leg.gone:
                    self._drop(leg)
        self.tell(*self.watch.news(at))

    def _tell_back(self, there: set[str], cause: str) -> None:
        """Hand on the state of the switch."""
        self.tell(self.watch.back(there, _now(), cause))
        self._up, self._told_why = True, ""
        if self._first is not None and not self._first.done():
            self._first.set_result(None)

    def _end_leg(self, leg: Leg) -> None:
        """End a leg, as soon as it exists."""
        if leg.channel:
            self._drop(leg)
        else:
            self._unborn[leg.id] = leg

    def _end_unborn(self, call: DeskCall) -> None:
        """End those legs of a call that the switch has not made yet, as soon as they exist."""
        for leg in call.legs:
            if leg.originated and not leg.channel and not leg.gone:
                self._unborn[leg.id] = leg

    def _rang(self, cause: str, legs: int) -> None:
        """Note a dial that alerted more than one device."""
        call = self.watch.desks.begun_by(cause)
        if call is not None and legs > 1:
            self._rung_all[cause] = call

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def due() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(timer)

    def _needs_link(self) -> None:
        if self._writer is None or self.watch.syncing:
            raise Unreachable("line_lost")

    async def _snapshot(self, command: Snapshot) -> None:
        async with self._looking:
            await self._look(command.id)


def _now() -> datetime:
    return datetime.now(UTC)


def switch_address(options: View, port: int) -> Address:
    """Return where the switch listens, as the settings say. Raises ``SettingsError``."""
    tls = tls_of(options.tls) if options.flag("tls") else None
    address = address_of(options["address"], port, tls)
    if address is None:
        raise options.wrong("address", "host:port")
    return address
