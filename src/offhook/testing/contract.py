"""The suite every interface passes. Subclass it in your tests and say how to make yours::

    class TestMine(InterfaceContract):
        async def make(self) -> Interface:
            return MyInterface(address="127.0.0.1:5038")

        async def cut(self) -> None: ...         # cut the link at the other end
        async def say(self, data: bytes) -> None: ...  # have the other end send these bytes
        async def ring(self) -> None: ...        # have somebody call the desk
        async def hang_up(self) -> None: ...     # have whoever the desk talks with hang up

It needs ``pytest`` with ``pytest-asyncio`` in automatic mode, and at the other end a telephone system (real or
pretend) on which ``device`` exists, and ``number`` can be dialled and answers by itself. An interface that keeps no
link says ``link = False``. What does not apply to an interface is skipped, with the reason.
"""

import asyncio
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn

from offhook import catalogue, installed, texts
from offhook.about import About, Availability
from offhook.codec import decode_call, decode_event, dumps, encode_event, encode_news, loads
from offhook.dialling import NOTHING, Dialled
from offhook.errors import OffhookError, OutcomeUnknown
from offhook.ids import new_command_id
from offhook.interface import Device, Doubt, Interface, Seen, Tried, Watched, fault_in
from offhook.line import Line, feed_one
from offhook.masking import masked
from offhook.model import (
    COMMANDS,
    EVENTS,
    Answer,
    Call,
    CallEvent,
    Command,
    Connected,
    Dial,
    Dialling,
    Direction,
    Ended,
    Event,
    Gap,
    HandedOver,
    LineBack,
    LineLost,
    News,
    PartyKind,
    Record,
    Ringing,
    Snapshot,
    State,
)
from offhook.settings.model import checked

PATIENCE_S = 10.0
LONGEST_LAG_S = 0.5
"""For how long an interface may keep the event loop from everybody else."""
BEAT_S = 0.02
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
        """Return an interface that is not open yet; asked again, another one to the same telephone system."""
        raise NotImplementedError("make: return your interface for self.device, not open yet")

    async def cut(self) -> None:
        """Cut the link at the other end, once; it accepts connections again at once."""
        raise NotImplementedError(
            "cut: have the other end close the link, and accept the next; or link = False"
        )

    async def say(self, data: bytes) -> None:
        """Have the other end send these bytes to whoever is connected."""
        raise NotImplementedError("say: have the other end send data over the link; or link = False")

    async def ring(self) -> None:
        """Have somebody outside call ``device``, and wait for an answer. Asked where it emits ``Ringing``."""
        raise NotImplementedError("ring: have somebody call self.device, who waits; or emit no Ringing")

    async def hang_up(self) -> None:
        """Have the far end of the call in progress, or the caller, hang up. Asked where it emits ``Ended``."""
        raise NotImplementedError("hang_up: have the far end of the desk's call hang up; or emit no Ended")

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

    async def test_it_holds_nobody_up(self) -> None:
        """Whatever takes it long, the event loop has time for everybody else meanwhile."""
        late = await self._lateness()
        if (
            max(late.values()) > LONGEST_LAG_S
        ):  # or was it the machine? that would not stop at the same place twice
            again = await self._lateness()
            late = {step: min(lag_s, again[step]) for step, lag_s in late.items()}
        blocked = {step: round(lag_s, 1) for step, lag_s in late.items() if lag_s > LONGEST_LAG_S}
        assert not blocked, f"the event loop stood still, for so many seconds: {blocked}"

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

    async def test_sending_can_be_cancelled(self) -> None:
        """Whoever gives up waiting for ``send`` is let go at once, and the next command is taken as ever."""
        async with self._heard() as heard:
            command = Dial(id=new_command_id(), number=self.number)
            sending = asyncio.ensure_future(
                heard.line.interface.send(command, Device(self.device), Dialled(self.number))
            )
            await asyncio.sleep(0)
            under_way = sending.cancel()
            await asyncio.wait({sending}, timeout=PATIENCE_S)
            assert sending.done(), "send goes on after it was cancelled"
            assert sending.cancelled() or not under_way, "send does not say that it was cancelled"
            await heard.quiet()
            again = Dial(id=new_command_id(), number=self.number)
            await self._soon(heard.line.send(again))  # what follows may be the first one's: a double click
            await heard.until(lambda: any(event.cause in (command.id, again.id) for event in heard.events))

    async def test_what_is_told_of_a_dialled_call_is_whole(self) -> None:
        """Each event, and the call after it, can be written and read back, and the call has its conversation."""
        async with self._heard() as heard:
            await self._dial(heard)
            await heard.quiet()
            self._check_whole(heard)

    async def test_what_is_told_of_a_caller_is_whole(self) -> None:
        """Somebody who calls is told, as a call that comes in; and whole, as a dialled one is."""
        async with self._heard() as heard:
            rung = await self._rung(heard)
            await heard.quiet()
            self._check_whole(heard)
            assert rung.line in (self.device, "")
            assert rung.direction is not Direction.OUTBOUND
            caller = rung.party
            known = caller.number or caller.raw or caller.name or caller.kind is not PartyKind.EXTERNAL
            assert known, "nobody says who calls"

    async def test_a_dialled_call_ends_once(self) -> None:
        """The far end hangs up: that is told, once."""
        async with self._heard() as heard:
            self._need(heard, Ended)
            begun = await self._dial(heard)
            if begun is None:
                _left_out("nobody tells how a dialled call goes on")
            await self._check_ends_once(heard, begun)

    async def test_a_call_that_rings_ends_once(self) -> None:
        """The caller gives up: that is told, once."""
        async with self._heard() as heard:
            self._need(heard, Ended)
            await self._check_ends_once(heard, (await self._rung(heard)).call)

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
            self._check_no_secret("preview", *shown)

    async def test_it_can_be_examined(self) -> None:
        """``examine`` comes to an end, makes no call, says what it tries, and gives errors that say what to do."""
        interface = await self.make()
        found = await self._soon(_all(interface.examine([self.device])))
        for seen in found:
            assert isinstance(seen, OffhookError | Tried | Doubt), f"it yields {seen!r}"
            if isinstance(seen, Tried):
                key = f"tried.{seen.what}"
                assert key in texts.catalogue("en", interface.about.name), f"no sentence {key}"
            elif (error := fault_in(seen)) is not None:
                assert error.hint
        self._check_no_secret("what examine finds", *map(_said, found))

    async def test_no_secret_is_shown(self) -> None:
        """No secret in its ``repr``, in what it keeps beside plain text, in a log, an error, an event or a trace."""
        if not self.secrets:
            _left_out("it was made with no secret; if it can have one, name it in secrets")
        traced: list[str] = []
        with _logged() as logged:
            async with self._heard() as heard:
                interface = heard.interface
                with interface.watched(traced.append) if isinstance(interface, Watched) else nullcontext():
                    await self._dial(heard)
                refused = await self._refusals(heard)
                shown = [repr(each) for each in vars(interface).values() if not isinstance(each, str | bytes)]
                if self.link:
                    await self._back(heard)
            told = map(repr, [*heard.raw, *heard.news])
            found = await self._soon(_all((await self.make()).examine([self.device])))
        self._check_no_secret("what examine finds", *map(_said, found))
        self._check_no_secret("repr", repr(interface), *shown)
        self._check_no_secret("an event", *told)
        self._check_no_secret("an error", *map(_said, refused))
        self._check_no_secret("the trace", *traced)
        self._check_no_secret("a log", *logged)

    async def test_a_snapshot_says_what_the_events_said(self) -> None:
        """The calls of a ``LineBack`` are those the events have told: the same ids, states, directions, parties."""
        async with self._heard() as heard:
            await self._soon(heard.line.send(Dial(id=new_command_id(), number=self.number)))
            await heard.quiet()
            told = {call.id: _outline(call) for call in heard.line.table.calls}
            shown = await self._snapshot(heard)
            assert {call.id: _outline(call) for call in shown} == told

    async def test_a_call_keeps_its_id(self) -> None:
        """A call is the same call after a cut, and to a new interface that comes while it goes on."""
        self._need_link()
        async with self._heard() as heard:
            if await self._dial(heard) is None:
                _left_out("nobody tells how a dialled call goes on")
            await heard.quiet()
            told = {call.id: call.conversation for call in heard.line.table.calls}
            again = await self._back(heard)
            assert {call.id: call.conversation for call in again} == told, "after a cut"
            async with self._opened() as another:
                first = await self._soon(anext(aiter(another.events())))
                assert isinstance(first, LineBack)
                assert {call.id: call.conversation for call in self._own(first)} == told, (
                    "to another interface"
                )

    async def test_it_comes_back(self) -> None:
        """A cut link is told once, then the calls as they are; after that commands are taken again."""
        self._need_link()
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
        self._need_link()
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
            reading = heard.reading = asyncio.ensure_future(feed_one(heard.line, heard.hear))
            try:
                await heard.until(lambda: heard.line.table.up)
                yield heard
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    def _need_link(self) -> None:
        if not self.link:
            _left_out("it keeps no link")

    def _need(self, heard: "Heard", kind: type[Event]) -> None:
        if kind not in heard.interface.emits:
            _left_out(f"it emits no {kind.__name__}")

    async def _dial(self, heard: "Heard") -> str | None:
        """Dial, and wait until somebody answers; return the call's id, ``None`` if nobody tells how it goes on."""
        command = Dial(id=new_command_id(), number=self.number)
        await self._soon(heard.line.send(command))

        def told(*kinds: type[CallEvent]) -> list[str]:
            return [
                event.call for event in heard.raw if isinstance(event, kinds) and event.cause == command.id
            ]

        def answered() -> bool:
            ids = told(Dialling)
            known = any(isinstance(event, Connected) and event.call in ids for event in heard.raw)
            return known or bool(ids and Connected not in heard.interface.emits)

        await heard.until(lambda: told(HandedOver) or answered())
        return None if told(HandedOver) else told(Dialling)[0]

    async def _rung(self, heard: "Heard") -> Ringing:
        """Have somebody call, and wait until that is told."""
        self._need(heard, Ringing)
        before = len(heard.raw)
        await self.ring()

        def told() -> list[Ringing]:
            return [event for event in heard.raw[before:] if isinstance(event, Ringing)]

        await heard.until(told)
        return told()[0]

    async def _lateness(self) -> dict[str, float]:
        """Return for how long each step kept the event loop from everybody else, at worst."""
        interface = await self.make()
        command = Dial(id=new_command_id(), number=self.number)

        async def begin() -> None:
            await interface.open()
            await anext(aiter(interface.events()))

        steps: dict[str, Callable[[], Awaitable[object]]] = {
            "availability": type(interface).availability,
            "open": begin,
            "send": lambda: interface.send(command, Device(self.device), Dialled(self.number)),
            "close": interface.close,
        }
        late = {}
        try:
            for name, step in steps.items():
                with _heartbeat() as lag_s:
                    await self._soon(step())
                    await asyncio.sleep(BEAT_S)  # what it left to be done at once belongs to it
                late[name] = max(lag_s)
        except BaseException:
            await interface.close()
            raise
        return late

    async def _refusals(self, heard: "Heard") -> list[OffhookError]:
        """Ask what cannot be done; return the errors."""
        found = []
        for command in (
            Answer(id=new_command_id(), call="no such call"),
            Dial(id=new_command_id(), number=""),
        ):
            try:
                await self._soon(heard.interface.send(command, Device(self.device), NOTHING))
            except OffhookError as error:
                found.append(error)
        return found

    async def _snapshot(self, heard: "Heard") -> tuple[Call, ...]:
        """Ask for a snapshot, or cut the link to get one."""
        if Snapshot not in heard.interface.accepts:
            self._need_link()
            return await self._back(heard)

        command, before = Snapshot(id=new_command_id()), len(heard.raw)
        try:
            await self._soon(heard.interface.send(command, Device(self.device), NOTHING))
        except OutcomeUnknown:
            _left_out("the other end does not answer for a snapshot")

        def back() -> list[LineBack]:
            return [event for event in heard.raw[before:] if isinstance(event, LineBack)]

        await heard.until(back)
        if back()[0].calls is None:  # nothing was missed
            self._need_link()
            return await self._back(heard)
        return self._own(back()[0])

    async def _back(self, heard: "Heard") -> tuple[Call, ...]:
        """Cut the link; return the calls as they are when it is back."""
        before = len(heard.raw)
        await self.cut()

        def shown() -> list[LineBack]:
            return [
                event
                for event in heard.raw[before:]
                if isinstance(event, LineBack) and event.calls is not None
            ]

        await heard.until(shown)
        return self._own(shown()[-1])

    def _own(self, back: LineBack) -> tuple[Call, ...]:
        return tuple(call for call in back.calls or () if call.line == self.device)

    def _check_whole(self, heard: "Heard") -> None:
        for event in heard.raw:
            name = type(event).__name__
            try:
                read = decode_event(loads(dumps(encode_event(event))))
            except Exception as error:
                raise AssertionError(f"{name} cannot be passed on: {error!r}") from error
            assert read == event, f"{name} reads otherwise than it was written"
        for news in heard.news:
            written = loads(dumps(encode_news(news)))
            assert news.call is None or decode_call(written["snapshot"]) == news.call
        begun = [event for event in heard.raw if isinstance(event, Dialling | Ringing)]
        alone = [
            event for event in begun if not event.conversation and event.direction is not Direction.INTERNAL
        ]
        assert not alone, f"a call of no conversation: {alone}"

    async def _check_ends_once(self, heard: "Heard", call: str) -> None:
        def ends() -> list[Event]:
            return [event for event in heard.raw if isinstance(event, Ended) and event.call == call]

        assert not ends(), "it is over before anybody hung up"
        await self.hang_up()
        with suppress(TimeoutError):
            await heard.until(ends)
        assert ends(), "nobody tells that it is over"
        await heard.quiet()
        assert len(ends()) == 1, f"it ended {len(ends())} times"

    def _check_no_secret(self, where: str, *texts: str) -> None:
        """No secret is there, in any form: clear, base64, percent-encoded, in JSON, in XML."""
        assert all(masked(text, self.secrets) == text for text in texts), f"a secret is in {where}"


class Heard:
    """A line, everything its interface told, and everything that was news."""

    def __init__(self, interface: Interface, device: str) -> None:
        overheard: Any = _Overheard(interface, self)
        self.line = Line(overheard, device, lambda: datetime.now(UTC))
        self.interface = interface
        self.reading: asyncio.Future[None] | None = None
        self.raw: list[Event] = []
        self.events: list[Event] = []
        self.news: list[News] = []
        self._more = asyncio.Event()

    def hear(self, _line: Line, news: list[News]) -> None:
        """Take in what is news."""
        self.events += [each.event for each in news]
        self.news += news
        self._more.set()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is so. Raises what ended the events meanwhile."""
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                if self.reading is not None and self.reading.done():
                    self.reading.result()
                    raise AssertionError("the events have ended")
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


def _left_out(why: str) -> NoReturn:
    """Report a check as skipped: it does not apply."""
    import pytest

    pytest.skip(why)


def _said(seen: Seen) -> str:
    """Return all that anybody is shown of what is seen: of an error, also those behind it."""
    error = fault_in(seen)
    if error is None:
        return repr(seen)
    words = [repr(error.to_json())]
    for language in ("en", "fr"):
        words += [error.text(language), error.hint_text(language)]
    behind: BaseException | None = error
    while behind is not None:
        words += [str(behind), repr(behind)]
        behind = behind.__cause__ or behind.__context__
    return "\n".join(words)


@contextmanager
def _heartbeat() -> Iterator[list[float]]:
    """Give a list of how late the event loop was, in seconds, each time it was to be on time."""
    loop = asyncio.get_running_loop()
    late, due = [0.0], loop.time() + BEAT_S

    async def beat() -> None:
        nonlocal due
        while True:
            await asyncio.sleep(BEAT_S)
            late.append(loop.time() - due)
            due = loop.time() + BEAT_S

    beating = asyncio.ensure_future(beat())
    try:
        yield late
    finally:
        beating.cancel()
        late.append(loop.time() - due)


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Give a list of all that is logged, down to the least of it."""
    found: list[str] = []

    class LogKept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(f"{self.format(record)} {record.args!r}")

    kept, root = LogKept(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    try:
        yield found
    finally:
        root.setLevel(level)
        root.removeHandler(kept)
