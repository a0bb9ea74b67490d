"""The suite that is shipped for interfaces: a stranger's passes it, and each of its checks fails for a bad one."""

import asyncio
import base64
import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "stranger"))

from offhook_bell.about import ABOUT
from offhook_bell.driver import BellInterface
from tower import PASSWORD, Tower

from hubs import Program
from offhook import installed
from offhook.about import About, Availability, Setting
from offhook.dialling import Dialled
from offhook.errors import LoginRefused, OffhookError, Refused
from offhook.interface import Device, Interface
from offhook.interfaces.hub.driver import HubInterface
from offhook.interfaces.simulator.pbx import Habit
from offhook.interfaces.simulator.server import Server, ask
from offhook.model import (
    Answer,
    CallEvent,
    Command,
    Connected,
    Dial,
    Dialling,
    Direction,
    Ended,
    Event,
    HandedOver,
    LineBack,
    LineLost,
    Party,
    Ringing,
    Updated,
)
from offhook.settings.running import running
from offhook.testing import contract
from offhook.testing.contract import LONGEST_LAG_S, InterfaceContract


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package lies beside the tests: its texts are found, as if it were installed."""
    folder = str(Path(__file__).parent / "stranger" / "offhook_bell")
    found = installed.folder
    monkeypatch.setattr(installed, "folder", lambda name: folder if name.startswith("bell") else found(name))


class OnATower(InterfaceContract):
    """The contract, with a tower at the other end that writes one byte at a time."""

    kind: type[BellInterface] = BellInterface
    secrets = (PASSWORD,)
    tower: Tower

    async def make(self) -> Interface:
        return self.kind(await self.tower.start(), PASSWORD, self.device, "FR")

    async def cut(self) -> None:
        self.tower.cut()

    async def say(self, data: bytes) -> None:
        self.tower.say(data)

    async def ring(self) -> None:
        self.tower.incoming(self.device, "0388303030")

    async def hang_up(self) -> None:
        self.tower.hang_up()


class TestBell(OnATower):
    @pytest.fixture(autouse=True)
    async def towered(self) -> AsyncIterator[None]:
        self.tower = Tower(split=True)
        yield
        await self.tower.stop()


class Cuttable:
    """A way to a web server on the loopback that can be cut, and on which anything can be said to those who came."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.port = 0
        self._server: asyncio.Server | None = None
        self._links: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        for both in list(self._links.items()):
            for writer in both:
                writer.transport.abort()

    def say(self, data: bytes) -> None:
        for came in self._links:
            came.write(data)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, came: asyncio.StreamWriter) -> None:
        beyond, there = await asyncio.open_connection("127.0.0.1", self._port)
        self._links[came] = there
        back = asyncio.ensure_future(_pour(beyond, came))
        host = (f"127.0.0.1:{self.port}".encode(), f"127.0.0.1:{self._port}".encode())
        await _pour(reader, there, *host)  # the server answers nobody who means another host
        await back
        del self._links[came]


async def _pour(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, old: bytes = b"-", new: bytes = b"-"
) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data.replace(old, new))
    writer.close()


@pytest.mark.slow
class TestHub(InterfaceContract):
    """A desk's line on a real hub, whose switch is a pretend exchange: what the exchange tells has gone through both."""

    @pytest.fixture(autouse=True)
    async def hubbed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
        monkeypatch.setenv("OFFHOOK_HOME", str(tmp_path))
        exchange = Server.of_desks([self.device, "1002"])
        exchange.pbx.plan.habits[self.device] = Habit(pick_up_s=0.05)
        exchange.pbx.plan.outside[self.number] = Habit(ring_s=0.05, after_s=0.05)
        self.exchange, self.address = exchange, await exchange.start()
        way = {"OFFHOOK_INTERFACE": "simulator", "OFFHOOK_SIMULATOR__ADDRESS": self.address}
        words = ("hub", "--port", "0", "--desks", "1001-1002")
        hub = await asyncio.to_thread(lambda: Program(tmp_path, *words, **way))
        here = running(folder=str(tmp_path))
        assert here is not None
        self.between = Cuttable(int(here.url.rpartition(":")[2]))
        await self.between.start()
        self.url, self.token = f"http://127.0.0.1:{self.between.port}", here.tokens[self.device]
        type(self).secrets = (self.token,)
        yield
        await self.between.stop()
        await asyncio.to_thread(hub.stop)
        await exchange.stop()

    async def make(self) -> Interface:
        return HubInterface(self.url, self.device, self.token)

    async def cut(self) -> None:
        self.between.cut()

    async def say(self, data: bytes) -> None:
        self.between.say(data)

    async def ring(self) -> None:
        await ask(self.address, {"do": "Incoming", "to": self.device, "number": "0388303030"})

    async def hang_up(self) -> None:
        for talk in list(self.exchange.pbx.talks):
            await ask(self.address, {"do": "FarHangUp", "talk": talk})


# --- bad ones ---------------------------------------------------------------------------------------


class WithoutPreview(BellInterface):
    preview = property(lambda self: self._no)


class NotAwaited(BellInterface):
    @classmethod
    def availability(cls) -> Availability:  # type: ignore[override]
        return Availability(ABOUT.name)


class SomebodyElse(BellInterface):
    @classmethod
    async def availability(cls) -> Availability:
        return Availability("gong")


class UnsaidSetting(BellInterface):
    about = ABOUT._replace(settings=(*ABOUT.settings, Setting("rope")))


class UnsaidError(BellInterface):
    about = ABOUT._replace(codes={**ABOUT.codes, "bell_stolen": Refused})


class NoAbout(BellInterface):
    about = "bell"  # type: ignore[assignment]


class AcceptsNothing(BellInterface):
    accepts = frozenset()


class StrangeEvents(BellInterface):
    class Gong(Event):
        """Nobody knows it."""

    emits = BellInterface.emits | {Gong}


def blocks() -> None:
    time.sleep(1.2 * LONGEST_LAG_S)  # as a library does that knows no event loop


class BlocksWhenAsked(BellInterface):
    @classmethod
    async def availability(cls) -> Availability:
        blocks()
        return await super().availability()


class BlocksOpening(BellInterface):
    async def open(self) -> None:
        blocks()
        await super().open()


class BlocksOnceOpen(BellInterface):
    """It does so in the task that keeps the link, not in ``open`` itself."""

    async def _once(self) -> bool:
        blocks()
        return await super()._once()


class BlocksSending(BellInterface):
    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        await asyncio.sleep(0)
        blocks()
        await super().send(command, device, dialled)


class BeginsInTheMiddle(BellInterface):
    def tell(self, *events: Event) -> None:
        super().tell(*(replace(each, calls=None) if isinstance(each, LineBack) else each for each in events))


class NoCause(BellInterface):
    def tell(self, *events: Event) -> None:
        super().tell(*(replace(each, cause="") for each in events))


class UnpromisedType(BellInterface):
    def tell(self, *events: Event) -> None:
        super().tell(
            *events,
            *(
                Updated(at=each.at, line=each.line, call=each.call)
                for each in events
                if isinstance(each, Ended)
            ),
        )

    emits = BellInterface.emits - {
        LineLost,
        *[kind for kind in BellInterface.emits if kind.__name__ == "Dialling"],
    }


class NaiveTime(BellInterface):
    def tell(self, *events: Event) -> None:
        super().tell(
            *(replace(each, at=each.at.replace(tzinfo=None)) if each.cause else each for each in events)
        )


class ActsTwice(BellInterface):
    """It asks again where the first answer was slow: two bells ring."""

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        await super().send(command, device, dialled)
        if isinstance(command, Dial):
            await super().send(command, device, dialled)


class SendsToTheEnd(BellInterface):
    """Cancelled, it waits for the answer all the same, and gives it."""

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        sending = asyncio.ensure_future(super().send(command, device, dialled))
        while not sending.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(sending)
        sending.result()


class SendsForEver(BellInterface):
    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        try:
            await super().send(command, device, dialled)
        except asyncio.CancelledError:
            await asyncio.Event().wait()


class StuckAfterCancelling(BellInterface):
    """One answer at a time, and the one that was not waited for is waited for by the next."""

    busy = False

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        while self.busy:
            await asyncio.sleep(0)
        self.busy = True
        await super().send(command, device, dialled)
        self.busy = False


class Changed(BellInterface):
    """It changes what it tells."""

    def tell(self, *events: Event) -> None:
        super().tell(*(each for event in events for each in self.changed(event)))

    def changed(self, event: Event) -> list[Event]:
        raise NotImplementedError


class NaiveDialling(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, at=event.at.replace(tzinfo=None))] if isinstance(event, Dialling) else [event]


class EndlessNumber(Changed):
    """What it says is longer than anybody reads."""

    def changed(self, event: Event) -> list[Event]:
        return [replace(event, dialled="0" * 5000)] if isinstance(event, Dialling) else [event]


class ListOfReferences(Changed):
    """Its values are not the model's."""

    def changed(self, event: Event) -> list[Event]:
        return [replace(event, refs=["a"])] if isinstance(event, Dialling) else [event]  # type: ignore[arg-type]


class DialsForNobody(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, conversation="")] if isinstance(event, Dialling) else [event]


class DeafToCallers(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [] if isinstance(event, Ringing) else [event]


class NaiveRinging(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, at=event.at.replace(tzinfo=None))] if isinstance(event, Ringing) else [event]


class NobodyRings(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, party=None)] if isinstance(event, Ringing) else [event]  # type: ignore[arg-type]


class HalfACharacter(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, party=Party(raw="\ud83d"))] if isinstance(event, Ringing) else [event]


class RingsForNobody(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, conversation="")] if isinstance(event, Ringing) else [event]


class CallersAreCalled(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, direction=Direction.OUTBOUND)] if isinstance(event, Ringing) else [event]


class NobodyInParticularRings(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, party=Party())] if isinstance(event, Ringing) else [event]


class NoCallEnds(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [] if isinstance(event, Ended) else [event]


class EachEndsTwice(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [event, event] if isinstance(event, Ended) else [event]


class OnlyAnsweredCallsEnd(Changed):
    """Of a caller who gives up it tells nothing."""

    answered: frozenset[str] = frozenset()

    def changed(self, event: Event) -> list[Event]:
        if isinstance(event, Connected):
            self.answered |= {event.call}
        return [] if isinstance(event, Ended) and event.call not in self.answered else [event]


class SilentOnNonsense(BellInterface):
    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        if not isinstance(command, Answer):
            await super().send(command, device, dialled)


class BareError(BellInterface):
    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        if not isinstance(command, Dial):
            raise KeyError(type(command))
        await super().send(command, device, dialled)


class PreviewDials(BellInterface):
    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        self.sending = asyncio.ensure_future(self.send(command, device, dialled))
        return super().preview(command, device, dialled)


class PreviewTells(BellInterface):
    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        return [f"HELLO {device} {self._password}", f"CALL {dialled}"]


class ExamineHangs(BellInterface):
    async def examine(self, desks: Any) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield None


class ExamineSays(BellInterface):
    async def examine(self, desks: Any) -> AsyncIterator[Any]:
        yield "all is well"


class LogsPassword(BellInterface):
    async def open(self) -> None:
        logging.getLogger("bell").debug("greets with %s", self._password)
        await super().open()


class LogsPasswordInBase64(BellInterface):
    async def open(self) -> None:
        logging.getLogger("bell").info("sends %s", base64.b64encode(self._password.encode()).decode())
        await super().open()


class ShowsItself(BellInterface):
    def __repr__(self) -> str:
        return f"<{self.address} {self._password}>"


class KeepsInSight(BellInterface):
    """What it keeps says all there is in it, in whatever shows it."""

    def __init__(self, address: str, password: str, device: str, country: str) -> None:
        super().__init__(address, password, device, country)
        self.account = {"desk": device, "password": password}


class RefusesWithPassword(BellInterface):
    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        try:
            await super().send(command, device, dialled)
        except OffhookError as error:
            error.params["said"] = f"HELLO {device} {self._password}"
            raise


class ErrorBehindTheError(BellInterface):
    """What it raises is clean; what that comes from is not."""

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        try:
            await super().send(command, device, dialled)
        except OffhookError as error:
            raise error from ValueError(f"after HELLO {device} {self._password}")


class TellsPassword(Changed):
    def changed(self, event: Event) -> list[Event]:
        return [replace(event, why=self._password)] if isinstance(event, LineLost) else [event]


class TracesPassword(BellInterface):
    told: Callable[[str], None] = staticmethod(lambda _said: None)

    @contextlib.contextmanager
    def watched(self, told: Callable[[str], None]) -> Iterator[None]:
        self.told = told
        yield

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        self.told(f"HELLO {device} {self._password}")
        await super().send(command, device, dialled)


class FindsThePassword(BellInterface):
    async def examine(self, desks: Any) -> AsyncIterator[Any]:
        yield LoginRefused("account_refused", interface="bell", status="NO", said=self._password)


class OtherIdsEachTime(Changed):
    """It numbers the calls itself, and each one made begins anew."""

    def changed(self, event: Event) -> list[Event]:
        salt = hex(id(self))
        if isinstance(event, LineBack) and event.calls:
            return [replace(event, calls=tuple(replace(call, id=call.id + salt) for call in event.calls))]
        return [replace(event, call=event.call + salt)] if isinstance(event, CallEvent) else [event]


class OtherConversationsEachTime(Changed):
    def changed(self, event: Event) -> list[Event]:
        if not isinstance(event, LineBack) or not event.calls:
            return [event]
        return [
            replace(event, calls=tuple(replace(call, conversation=str(id(self))) for call in event.calls))
        ]


class OtherIds(BellInterface):
    """Its snapshot calls the calls by other names than its events."""

    def tell(self, *events: Event) -> None:
        super().tell(*map(_renamed, events))


def _renamed(event: Event) -> Event:
    if isinstance(event, LineBack) and event.calls:
        return replace(event, calls=tuple(replace(call, id=call.id[::-1]) for call in event.calls))
    return event


class NeverComesBack(BellInterface):
    async def _keep_on(self) -> None:
        if await self._once():
            self.tell(LineLost(at=datetime.now(UTC), line=self._device))


class BackInSilence(BellInterface):
    """It comes back and says nothing of what it missed."""

    def tell(self, *events: Event) -> None:
        super().tell(*(each for each in events if not isinstance(each, LineLost)))


class ChokesOnBytes(BellInterface):
    def _take(self, words: list[str], at: Any) -> None:
        for word in words:
            word.encode("ascii")
        super()._take(words, at)


class NeverEnds(BellInterface):
    def end(self, error: Any = None) -> None:
        """It forgets to."""


class ClosesOnce(BellInterface):
    closed = False

    async def close(self) -> None:
        assert not self.closed
        self.closed = True
        await super().close()


BAD: list[tuple[type[BellInterface], str]] = [
    (WithoutPreview, "test_it_has_every_member"),
    (NotAwaited, "test_it_has_every_member"),
    (NoAbout, "test_its_about_part_is_found_under_its_name"),
    (UnsaidSetting, "test_its_settings_are_whole"),
    (UnsaidError, "test_its_errors_are_said"),
    (AcceptsNothing, "test_it_says_what_it_can"),
    (StrangeEvents, "test_it_says_what_it_can"),
    (SomebodyElse, "test_it_says_whether_it_can_run"),
    (BlocksWhenAsked, "test_it_holds_nobody_up"),
    (BlocksOpening, "test_it_holds_nobody_up"),
    (BlocksOnceOpen, "test_it_holds_nobody_up"),
    (BlocksSending, "test_it_holds_nobody_up"),
    (BeginsInTheMiddle, "test_it_begins_with_the_calls_as_they_are"),
    (NoCause, "test_a_dial_is_heard_of_with_its_cause"),
    (UnpromisedType, "test_a_dial_is_heard_of_with_its_cause"),
    (NaiveTime, "test_a_dial_is_heard_of_with_its_cause"),
    (ActsTwice, "test_a_command_acts_once"),
    (SendsToTheEnd, "test_sending_can_be_cancelled"),
    (SendsForEver, "test_sending_can_be_cancelled"),
    (StuckAfterCancelling, "test_sending_can_be_cancelled"),
    (NaiveDialling, "test_what_is_told_of_a_dialled_call_is_whole"),
    (EndlessNumber, "test_what_is_told_of_a_dialled_call_is_whole"),
    (ListOfReferences, "test_what_is_told_of_a_dialled_call_is_whole"),
    (DialsForNobody, "test_what_is_told_of_a_dialled_call_is_whole"),
    (DeafToCallers, "test_what_is_told_of_a_caller_is_whole"),
    (NaiveRinging, "test_what_is_told_of_a_caller_is_whole"),
    (NobodyRings, "test_what_is_told_of_a_caller_is_whole"),
    (HalfACharacter, "test_what_is_told_of_a_caller_is_whole"),
    (RingsForNobody, "test_what_is_told_of_a_caller_is_whole"),
    (CallersAreCalled, "test_what_is_told_of_a_caller_is_whole"),
    (NobodyInParticularRings, "test_what_is_told_of_a_caller_is_whole"),
    (NoCallEnds, "test_a_dialled_call_ends_once"),
    (EachEndsTwice, "test_a_dialled_call_ends_once"),
    (NoCallEnds, "test_a_call_that_rings_ends_once"),
    (EachEndsTwice, "test_a_call_that_rings_ends_once"),
    (OnlyAnsweredCallsEnd, "test_a_call_that_rings_ends_once"),
    (SilentOnNonsense, "test_what_cannot_be_done_is_an_error"),
    (BareError, "test_what_cannot_be_done_is_an_error"),
    (PreviewDials, "test_a_preview_sends_nothing_and_shows_no_secret"),
    (PreviewTells, "test_a_preview_sends_nothing_and_shows_no_secret"),
    (ExamineHangs, "test_it_can_be_examined"),
    (ExamineSays, "test_it_can_be_examined"),
    (LogsPassword, "test_no_secret_is_shown"),
    (LogsPasswordInBase64, "test_no_secret_is_shown"),
    (ShowsItself, "test_no_secret_is_shown"),
    (KeepsInSight, "test_no_secret_is_shown"),
    (RefusesWithPassword, "test_no_secret_is_shown"),
    (ErrorBehindTheError, "test_no_secret_is_shown"),
    (TellsPassword, "test_no_secret_is_shown"),
    (TracesPassword, "test_no_secret_is_shown"),
    (FindsThePassword, "test_no_secret_is_shown"),
    (OtherIdsEachTime, "test_a_call_keeps_its_id"),
    (OtherConversationsEachTime, "test_a_call_keeps_its_id"),
    (OtherIds, "test_a_snapshot_says_what_the_events_said"),
    (NeverComesBack, "test_it_comes_back"),
    (BackInSilence, "test_it_comes_back"),
    (ChokesOnBytes, "test_hostile_bytes_stop_nothing"),
    (NeverEnds, "test_closing_ends_the_events_and_may_be_repeated"),
    (ClosesOnce, "test_closing_ends_the_events_and_may_be_repeated"),
]


@pytest.mark.parametrize(("kind", "check"), BAD, ids=[f"{kind.__name__}-{check}" for kind, check in BAD])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_bad_interface_is_found_out(
    kind: type[BellInterface], check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "PATIENCE_S", 1.0)
    tried = OnATower()
    tried.kind, tried.tower = kind, Tower()
    run: Callable[[], Any] = getattr(tried, check)
    try:
        with pytest.raises((AssertionError, TimeoutError, KeyError, AttributeError, TypeError)):
            await run()
    except pytest.skip.Exception as left_out:
        pytest.fail(f"it is let off: {left_out}")
    finally:
        await tried.tower.stop()


def test_every_check_is_shown_to_fail() -> None:
    checks = {name for name in dir(InterfaceContract) if name.startswith("test_")}
    assert {check for _kind, check in BAD} == checks
    assert len(checks) >= 12


class TellsNoCaller(BellInterface):
    emits = BellInterface.emits - {Ringing}


class TellsNoEnd(BellInterface):
    emits = BellInterface.emits - {Ended}


class Gives(Changed):
    """It only passes numbers on, and says so."""

    emits = BellInterface.emits | {HandedOver}

    def changed(self, event: Event) -> list[Event]:
        if not isinstance(event, Dialling):
            return [event] if isinstance(event, LineBack | LineLost) else []
        return [event, HandedOver(at=event.at, line=event.line, call=event.call, cause=event.cause)]


LEFT_OUT: list[tuple[type[BellInterface], dict[str, Any], str, str]] = [
    (BellInterface, {"link": False}, "test_it_comes_back", "it keeps no link"),
    (BellInterface, {"link": False}, "test_hostile_bytes_stop_nothing", "it keeps no link"),
    (BellInterface, {"link": False}, "test_a_call_keeps_its_id", "it keeps no link"),
    (BellInterface, {"link": False}, "test_a_snapshot_says_what_the_events_said", "it keeps no link"),
    (BellInterface, {"secrets": ()}, "test_no_secret_is_shown", "it was made with no secret"),
    (TellsNoCaller, {}, "test_what_is_told_of_a_caller_is_whole", "it emits no Ringing"),
    (TellsNoCaller, {}, "test_a_call_that_rings_ends_once", "it emits no Ringing"),
    (TellsNoEnd, {}, "test_a_dialled_call_ends_once", "it emits no Ended"),
    (Gives, {}, "test_a_dialled_call_ends_once", "nobody tells how a dialled call goes on"),
    (Gives, {}, "test_a_call_keeps_its_id", "nobody tells how a dialled call goes on"),
]


@pytest.mark.parametrize(
    ("kind", "said", "check", "why"),
    LEFT_OUT,
    ids=[f"{kind.__name__}-{check}" for kind, _said, check, _why in LEFT_OUT],
)
async def test_a_check_that_does_not_apply_is_skipped_and_says_why(
    kind: type[BellInterface], said: dict[str, Any], check: str, why: str
) -> None:
    tried = type("Tried", (OnATower,), said)()
    tried.kind, tried.tower = kind, Tower()
    try:
        with pytest.raises(pytest.skip.Exception, match=why):
            await getattr(tried, check)()
    finally:
        await tried.tower.stop()


@pytest.mark.parametrize(
    ("hook", "given"), [("make", ()), ("cut", ()), ("say", (b"",)), ("ring", ()), ("hang_up", ())]
)
async def test_what_somebody_did_not_write_is_asked_for(hook: str, given: tuple[bytes, ...]) -> None:
    with pytest.raises(NotImplementedError, match=f"^{hook}: .+"):
        await getattr(InterfaceContract(), hook)(*given)


def test_the_about_part_itself_is_judged() -> None:
    """What is wrong with an about-part is said in one sentence, whoever wrote it."""
    from offhook.catalogue import _wrong_with

    for said, wrong in (
        ("nothing", "leads to no"),
        (About("gong"), "is called bell"),
        (ABOUT._replace(settings=("address",)), "is none"),  # type: ignore[arg-type]
        (ABOUT._replace(settings=(Setting("a", "colour"),)), "is none"),
        (ABOUT._replace(settings=(Setting("a.b"),)), "is none"),
        (ABOUT._replace(codes={"bell_x": ValueError}), "no branch"),  # type: ignore[dict-item]
    ):
        assert wrong in _wrong_with("bell", said)
    assert _wrong_with("bell", ABOUT) == ""
