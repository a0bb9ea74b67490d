"""The interface ``bell``: a link to a bell tower, for one desk."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import ClassVar, Self

from offhook.about import About, Availability
from offhook.dialling import Dialled
from offhook.errors import (
    CommandError,
    LoginRefused,
    OffhookError,
    OutcomeUnknown,
    Refused,
    Unreachable,
    Unsupported,
)
from offhook.interface import Device, Seen, Telling, Tried
from offhook.masking import MASK
from offhook.model import (
    Answer,
    Call,
    Command,
    Connected,
    Dial,
    Dialling,
    Ended,
    Event,
    HangUp,
    LineBack,
    LineLost,
    Ringing,
)
from offhook.transport.backoff import pauses
from offhook.view import View
from offhook_bell.about import ABOUT
from offhook_bell.events import Meaning
from offhook_bell.wire import Framer, encode

ANSWER_S = 3.0
WORDS: dict[type[Command], str] = {Answer: "TAKE", HangUp: "DROP"}


class BellInterface(Telling):
    """Speaks with the tower at ``host:port``."""

    about: ClassVar[About] = ABOUT
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial, Answer, HangUp})
    emits: ClassVar[frozenset[type[Event]]] = frozenset(
        {Dialling, Ringing, Connected, Ended, LineBack, LineLost}
    )

    def __init__(self, address: str, password: str, device: str, country: str) -> None:
        super().__init__()
        self.address = address
        self._password = password
        self._device = device
        self._meaning = Meaning(device, country)
        self._numbers = count(1)
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[str, asyncio.Future[list[str]]] = {}
        self._running: asyncio.Task[None] | None = None
        self._refused: OffhookError | None = None
        self._answered = asyncio.Event()

    @classmethod
    async def availability(cls) -> Availability:
        """It needs nothing."""
        return Availability(ABOUT.name)

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return one for a desk."""
        host, _colon, port = options["address"].rpartition(":")
        if not host or not port.isdigit():
            raise options.wrong("address", "host:port")
        made = cls(options["address"], options["password"], extension, options["country"])
        return made, Device(extension)

    async def open(self) -> None:
        """Start; the link comes up, and comes back, by itself."""
        self._running = asyncio.get_running_loop().create_task(self._keep_on())

    async def close(self) -> None:
        """Stop."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        self.end()

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        """Pass a command on."""
        if isinstance(command, Dial):
            await self._ask("CALL", command.id, dialled)
            return
        word, native = WORDS.get(type(command)), self._meaning.natives.get(getattr(command, "call", ""))
        if word is None:
            raise Unsupported("not_by_interface", command=type(command).__name__, by=ABOUT.name)
        if native is None:
            raise CommandError("call_unknown", call=str(getattr(command, "call", ""))[:40])
        await self._ask(word, command.id, native)

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """Return what a dial would send."""
        if not isinstance(command, Dial):
            raise Unsupported("not_by_interface", command=type(command).__name__, by=ABOUT.name)
        return [f"HELLO {device} {MASK}", f"CALL {dialled}"]

    async def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """Log in once."""
        yield Tried("tower", {"address": self.address})
        await self.open()
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._answered.wait()
            if self._refused is not None:
                yield self._refused
        except TimeoutError:
            yield Unreachable("bell_silent", interface=ABOUT.name, address=self.address)
        finally:
            await self.close()

    # --- the link ---------------------------------------------------------------------------------------

    async def _ask(self, word: str, command: str, what: str) -> None:
        if self._writer is None:
            raise Unreachable("bell_silent", address=self.address)
        number = str(next(self._numbers))
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._writer.write(encode(word, number, what, command))
        try:
            async with asyncio.timeout(ANSWER_S):
                words = await answer
        except TimeoutError:
            raise OutcomeUnknown("answer_lost") from None
        finally:
            self._answers.pop(number, None)
        if words[0] == "NO":
            raise Refused("bell_cracked", number=what)

    async def _keep_on(self) -> None:
        waits = pauses(0.05, 1.0)
        while True:
            was_up = False
            try:
                was_up = await self._once()
            except LoginRefused as error:
                self._refused = error
                self._answered.set()
                self.end(error)
                return
            except (OSError, TimeoutError):
                pass
            self._writer = None
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(OutcomeUnknown("answer_lost"))
            if was_up:
                waits = pauses(0.05, 1.0)
                self.tell(LineLost(at=_now(), line=self._device, why="bell_silent"))
            await asyncio.sleep(next(waits))

    async def _once(self) -> bool:
        """Hold one connection; says whether it came up."""
        host, _colon, port = self.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        framer, up = Framer(), False
        calls: list[Call] = []
        try:
            writer.write(encode("HELLO", self._device, self._password or "-"))
            while data := await reader.read(4096):
                at = _now()
                for words in framer.receive(data):
                    if up:
                        self._take(words, at)
                    elif words == ["READY"]:
                        up, self._writer = True, writer
                        self._answered.set()
                        self.tell(LineBack(at=at, line=self._device, calls=tuple(calls)))
                    elif words[0] == "NO":
                        raise LoginRefused(
                            "account_refused", interface=ABOUT.name, status="NO", said="password"
                        )
                    elif (call := self._meaning.state(words)) is not None:
                        calls.append(call)
        except ConnectionError:
            pass
        finally:
            writer.close()
        return up

    def _take(self, words: list[str], at: datetime) -> None:
        if words[0] in ("DONE", "NO") and len(words) > 1:
            answer = self._answers.get(words[1])
            if answer is not None and not answer.done():
                answer.set_result(words)
            return
        self.tell(*self._meaning.event(words, at))


def _now() -> datetime:
    return datetime.now(UTC)
