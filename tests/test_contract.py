"""The suite that is shipped for interfaces: a stranger's passes it, and each of its checks fails for a bad one."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "stranger"))

from offhook_bell.about import ABOUT
from offhook_bell.driver import BellInterface
from tower import PASSWORD, Tower

from offhook import installed
from offhook.about import About, Availability, Setting
from offhook.dialling import Dialled
from offhook.errors import Refused
from offhook.interface import Device, Interface
from offhook.model import Answer, Command, Dial, Ended, Event, LineBack, LineLost, Updated
from offhook.testing import contract
from offhook.testing.contract import InterfaceContract


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


class TestBell(OnATower):
    @pytest.fixture(autouse=True)
    async def towered(self) -> AsyncIterator[None]:
        self.tower = Tower(split=True)
        yield
        await self.tower.stop()


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
    (BeginsInTheMiddle, "test_it_begins_with_the_calls_as_they_are"),
    (NoCause, "test_a_dial_is_heard_of_with_its_cause"),
    (UnpromisedType, "test_a_dial_is_heard_of_with_its_cause"),
    (NaiveTime, "test_a_dial_is_heard_of_with_its_cause"),
    (ActsTwice, "test_a_command_acts_once"),
    (SilentOnNonsense, "test_what_cannot_be_done_is_an_error"),
    (BareError, "test_what_cannot_be_done_is_an_error"),
    (PreviewDials, "test_a_preview_sends_nothing_and_shows_no_secret"),
    (PreviewTells, "test_a_preview_sends_nothing_and_shows_no_secret"),
    (ExamineHangs, "test_it_can_be_examined"),
    (ExamineSays, "test_it_can_be_examined"),
    (OtherIds, "test_a_snapshot_says_what_the_events_said"),
    (NeverComesBack, "test_it_comes_back"),
    (BackInSilence, "test_it_comes_back"),
    (ChokesOnBytes, "test_hostile_bytes_stop_nothing"),
    (NeverEnds, "test_closing_ends_the_events_and_may_be_repeated"),
    (ClosesOnce, "test_closing_ends_the_events_and_may_be_repeated"),
]


@pytest.mark.parametrize(("kind", "check"), BAD, ids=[f"{kind.__name__}" for kind, _check in BAD])
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
    finally:
        await tried.tower.stop()


def test_every_check_is_shown_to_fail() -> None:
    checks = {name for name in dir(InterfaceContract) if name.startswith("test_")}
    assert {check for _kind, check in BAD} == checks
    assert len(checks) >= 12


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
