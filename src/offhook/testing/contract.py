"""The suite every interface passes. Subclass it in your tests and say how to make yours::

    class TestMine(InterfaceContract):
        async def make(self) -> Interface:
            return MyInterface(address="127.0.0.1:5038")

        async def cut(self) -> None: ...         # cut the link at the other end
        async def say(self, data: bytes) -> None: ...  # have the other end send these bytes

It needs ``pytest`` with ``pytest-asyncio`` in automatic mode, and at the other end a telephone system (real or
pretend) on which ``device`` exists and ``number`` can be dialled. An interface that keeps no link says
``link = False``.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

from offhook import catalogue, installed
from offhook.about import About, Availability
from offhook.dialling import NOTHING, Dialled
from offhook.errors import OffhookError, OutcomeUnknown
from offhook.ids import new_command_id
from offhook.interface import Device, Interface
from offhook.line import Line, feed_one
from offhook.model import (
    COMMANDS,
    EVENTS,
    Answer,
    Call,
    CallEvent,
    Command,
    Dial,
    Dialling,
    Event,
    Gap,
    LineBack,
    LineLost,
    News,
    Record,
    Snapshot,
    State,
)
from offhook.settings.model import checked

PATIENCE_S = 10.0
MEMBERS = (
    "about", "accepts", "emits", "availability", "for_desk", "open", "send", "events", "close", "preview", "examine",
)  # fmt: skip
"""What every interface has (:class:`offhook.interface.Interface`)."""
HOSTILE = (
    b"\0" * 3000, b"\xff\xfe\xfd" * 1000, b"\n" * 5000, b"\r\n\r\n", b"{" * 5000, b"]" * 100 + b"\n",
    b'{"event":"Ringing","call":null}\n', b"Event: Newchannel\r\nUniqueid: \r\n\r\n", b"x" * 100_000 + b"\n",
    "é".encode()[:1], b"GET / HTTP/1.1\r\n\r\n", b"-1\n", b"Content-Length: -5\n\n",
)  # fmt: skip
"""What no telephone system should send, and some do."""


class InterfaceContract:
    """What holds of every interface."""

    device = "1001"
    number = "0388202020"
    link: ClassVar[bool] = True
    """Whether it keeps a connection that can be lost."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Values it was made with that must never be shown."""

    async def make(self) -> Interface:
        """Return an interface that is not open yet."""
        raise NotImplementedError

    async def cut(self) -> None:
        """Cut the link at the other end, once; it accepts connections again at once."""
        raise NotImplementedError

    async def say(self, data: bytes) -> None:
        """Have the other end send these bytes to whoever is connected."""
        raise NotImplementedError

    # --- what it says of itself -----------------------------------------------------------------------

    async def test_it_has_every_member(self) -> None:
        """Every member of the contract is there, and what must be awaited can be."""
        interface = await self.make()
        missing = [name for name in MEMBERS if not hasattr(interface, name)]
        assert not missing, f"it lacks {', '.join(missing)}"
        for name in ("availability", "open", "send", "close"):
            assert asyncio.iscoroutinefunction(getattr(interface, name)), f"{name} cannot be awaited"

    async def test_its_about_part_is_found_under_its_name(self) -> None:
        """The entry point leads to what the class says of itself, and that leads to the class."""
        about = self._about(await self.make())
        assert isinstance(about, About)
        if installed.where(about.name):
            assert catalogue.about(about.name) is about
            assert catalogue.load(about.name).about is about

    async def test_its_settings_are_whole(self) -> None:
        """Every setting's default can be read as its kind, and every language says what the setting is for."""
        about = self._about(await self.make())
        for setting in about.own():
            if installed.where(about.name):
                assert checked(setting.name, setting.default, setting.name) == setting.default
            for language in ("en", "fr"):
                said = self._texts(about, language)
                short = setting.name.partition(".")[2]
                assert said.get(f"setting.{short}"), f"{setting.name} is not said in {language}"

    async def test_its_errors_are_said(self) -> None:
        """Each of its codes belongs to a branch, and has a sentence and a hint with the same parameters everywhere."""
        about = self._about(await self.make())
        for code, kind in about.codes.items():
            assert issubclass(kind, OffhookError)
            for what in ("error", "hint"):
                said = [self._texts(about, language).get(f"{what}.{code}", "") for language in ("en", "fr")]
                assert all(said), f"{what}.{code} is not said in every language"
                assert len({frozenset(re.findall(r"\{(\w+)\}", text)) for text in said}) == 1, (
                    f"{what}.{code} names other parameters in another language"
                )

    async def test_it_says_what_it_can(self) -> None:
        """``accepts`` and ``emits`` are the model's own types; it takes some command, and tells that it is there."""
        interface = await self.make()
        assert interface.accepts <= set(COMMANDS.values())
        assert interface.emits <= set(EVENTS.values())
        assert interface.accepts, "an interface that accepts nothing is none"
        assert LineBack in interface.emits

    async def test_it_says_whether_it_can_run(self) -> None:
        """``availability`` opens nothing and names itself."""
        interface = await self.make()
        found = await type(interface).availability()
        assert isinstance(found, Availability)
        assert found.name == interface.about.name

    # --- what it does -----------------------------------------------------------------------------------

    async def test_it_begins_with_the_calls_as_they_are(self) -> None:
        """The first event is a ``LineBack`` with a snapshot."""
        async with self._opened() as interface:
            first = await self._soon(anext(aiter(interface.events())))
            assert isinstance(first, LineBack)
            assert first.calls is not None

    async def test_a_dial_is_heard_of_with_its_cause(self) -> None:
        """An accepted dial brings an event of a promised type, at an aware time, with the command's id as its cause."""
        async with self._heard() as heard:
            command = Dial(id=new_command_id(), number=self.number)
            await self._soon(heard.line.send(command))
            await heard.until(lambda: any(event.cause == command.id for event in heard.events))
            assert {type(event) for event in heard.events} <= heard.line.interface.emits
            assert all(event.at.tzinfo is not None for event in heard.events)

    async def test_a_command_acts_once(self) -> None:
        """One command makes one call, however often it is sent, and however long its answer takes."""
        async with self._heard() as heard:
            command = Dial(id=new_command_id(), number=self.number)
            for _time in range(2):
                await self._soon(asyncio.gather(*(heard.line.send(command) for _each in range(3))))
            await heard.until(lambda: any(event.cause == command.id for event in heard.events))
            await heard.quiet()
            begun = {
                event.call
                for event in heard.events
                if isinstance(event, Dialling) and event.cause == command.id
            }
            assert len(begun) == 1, f"one command made {len(begun)} calls"

    async def test_what_cannot_be_done_is_an_error(self) -> None:
        """A command on a call that is not there, or of a kind not taken, is an ``OffhookError``, never silence."""
        async with self._heard() as heard:
            interface = heard.line.interface
            refused: set[type[Command]] = {Answer, *(set(COMMANDS.values()) - interface.accepts)}
            for kind in refused:
                given = {
                    "call": "no such call",
                    "to": "1",
                    "digits": "1",
                    "number": "1",
                    "record": Record(source="s", id="1"),
                }
                words: dict[str, Any] = {
                    name: given[name] for name in given.keys() & kind.__dataclass_fields__.keys()
                }
                try:
                    await self._soon(
                        interface.send(kind(id=new_command_id(), **words), Device(self.device), Dialled("1"))
                    )
                except OffhookError as error:
                    assert error.hint
                else:
                    raise AssertionError(f"{kind.__name__} on nothing was accepted")

    async def test_a_preview_sends_nothing_and_shows_no_secret(self) -> None:
        """``preview`` says what a dial would send; nothing is heard of it."""
        async with self._heard() as heard:
            command = Dial(id=new_command_id(), number=self.number)
            shown = heard.line.interface.preview(command, Device(self.device), Dialled(self.number))
            assert shown
            assert all(isinstance(part, str) for part in shown)
            assert self.number in "\n".join(shown)
            await heard.quiet()
            assert not [event for event in heard.events if isinstance(event, CallEvent)]
            self._check_no_secret(*shown, repr(heard.line.interface), repr(vars(heard.line)))

    async def test_it_can_be_examined(self) -> None:
        """``examine`` comes to an end, makes no call, and gives errors that say what to do."""
        interface = await self.make()
        found = await self._soon(_all(interface.examine([self.device])))
        assert all(isinstance(error, OffhookError) and error.hint for error in found)
        self._check_no_secret(*(f"{error} {error.hint} {error!r}" for error in found))

    async def test_a_snapshot_says_what_the_events_said(self) -> None:
        """The calls of a ``LineBack`` are those the events have told: the same ids, states, directions, parties."""
        async with self._heard() as heard:
            await self._soon(heard.line.send(Dial(id=new_command_id(), number=self.number)))
            await heard.quiet()
            told = {call.id: _outline(call) for call in heard.line.table.calls}
            shown = await self._snapshot(heard)
            if shown is not None:
                assert {call.id: _outline(call) for call in shown} == told

    async def test_it_comes_back(self) -> None:
        """A cut link is told once, then the calls as they are; after that commands are taken again."""
        if not self.link:
            return
        async with self._heard() as heard:
            before = len(heard.raw)
            await self.cut()
            await heard.until(lambda: any(isinstance(event, LineBack) for event in heard.raw[before:]))
            after = [event for event in heard.raw[before:] if isinstance(event, LineLost | LineBack | Gap)]
            assert [type(event) for event in after[:2]] == [LineLost, LineBack]
            assert isinstance(after[1], LineBack)
            assert after[1].calls is not None
            await self._soon(heard.line.send(Dial(id=new_command_id(), number=self.number)))

    async def test_hostile_bytes_stop_nothing(self) -> None:
        """Whatever the other end sends, the interface goes on, or makes its link again; then a dial works."""
        if not self.link:
            return
        async with self._heard() as heard:
            for data in HOSTILE:
                await self.say(data)
                await asyncio.sleep(0)
            await heard.quiet()
            await self.cut()  # any half message left over goes with it
            before = len(heard.raw)
            await heard.until(
                lambda: (
                    heard.line.table.up and any(isinstance(event, LineBack) for event in heard.raw[before:])
                )
            )
            command = Dial(id=new_command_id(), number=self.number)
            await self._soon(heard.line.send(command))
            await heard.until(lambda: any(event.cause == command.id for event in heard.events))

    async def test_closing_ends_the_events_and_may_be_repeated(self) -> None:
        """After ``close`` the events end; a second ``close`` does nothing."""
        interface = await self.make()
        await interface.open()
        await interface.close()
        await interface.close()
        await self._soon(_all(interface.events()))

    # --- how ------------------------------------------------------------------------------------------

    def _about(self, interface: Interface) -> About:
        assert hasattr(interface, "about"), "it lacks about"
        return interface.about

    def _texts(self, about: About, language: str) -> dict[str, str]:
        folder = installed.folder(about.name)
        assert folder, f"the folder of {about.name} is not found"
        path = os.path.join(folder, "texts", f"{language}.json")  # noqa: PTH118 - as the texts are read
        with open(path, "rb") as file:  # noqa: PTH123 - the same
            return dict(json.load(file))

    async def _soon(self, work: Awaitable[Any]) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await work

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Interface]:
        interface = await self.make()
        await interface.open()
        try:
            yield interface
        finally:
            await interface.close()

    @asynccontextmanager
    async def _heard(self) -> AsyncIterator["Heard"]:
        """Open one, with a line that hears everything."""
        async with self._opened() as interface:
            heard = Heard(interface, self.device)
            reading = asyncio.ensure_future(feed_one(heard.line, heard.hear))
            try:
                await heard.until(lambda: heard.line.table.up)
                yield heard
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _snapshot(self, heard: "Heard") -> tuple[Call, ...] | None:
        """Ask for a snapshot, or cut the link to get one; ``None`` where there is no way to get one."""
        before = len(heard.raw)
        if Snapshot in heard.line.interface.accepts:
            try:
                await self._soon(
                    heard.line.interface.send(Snapshot(id=new_command_id()), Device(self.device), NOTHING)
                )
            except OutcomeUnknown:
                return None
        elif self.link:
            await self.cut()
        else:
            return None

        def shown() -> tuple[Call, ...] | None:
            backs = [
                event
                for event in heard.raw[before:]
                if isinstance(event, LineBack) and event.calls is not None
            ]
            return backs[-1].calls if backs else None

        await heard.until(lambda: shown() is not None)
        return tuple(call for call in shown() or () if call.line == self.device)

    def _check_no_secret(self, *texts: str) -> None:
        for secret in self.secrets:
            assert all(secret not in text for text in texts), "a secret is shown"


class Heard:
    """A line, everything its interface told, and everything that was news."""

    def __init__(self, interface: Interface, device: str) -> None:
        overheard: Any = _Overheard(interface, self)
        self.line = Line(overheard, device, lambda: datetime.now(UTC))
        self.raw: list[Event] = []
        self.events: list[Event] = []
        self._more = asyncio.Event()

    def hear(self, _line: Line, news: list[News]) -> None:
        """Take in what is news."""
        self.events += [each.event for each in news]
        self._more.set()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self._more.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await self._more.wait()
                except TimeoutError:
                    continue

    async def quiet(self, seconds: float = 0.3) -> None:
        """Wait until nothing was told for a moment."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                before = len(self.raw)
                await asyncio.sleep(seconds)
                if len(self.raw) == before:
                    return


class _Overheard:
    """An interface whose events are noted as they come."""

    def __init__(self, interface: Interface, heard: Heard) -> None:
        self._interface = interface
        self._heard = heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interface, name)

    async def events(self) -> AsyncIterator[Event]:
        async for event in self._interface.events():
            self._heard.raw.append(event)
            yield event


def _outline(call: Call) -> tuple[State, str, str, str]:
    return call.state, call.direction.value, call.party.number or call.party.raw, call.conversation


async def _all(found: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in found]
