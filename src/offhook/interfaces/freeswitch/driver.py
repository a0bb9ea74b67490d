"""The interface ``freeswitch``: one event socket connection to a FreeSWITCH, for every desk on it."""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Self

from offhook.about import About
from offhook.dialling import Dialled
from offhook.errors import (
    CommandError,
    LoginRefused,
    OffhookError,
    OutcomeUnknown,
    Refused,
    SettingsError,
    Unreachable,
    Unsupported,
)
from offhook.interface import Availability, Device, Seen
from offhook.interfaces.freeswitch import commands
from offhook.interfaces.freeswitch.about import ABOUT
from offhook.interfaces.freeswitch.commands import FreeswitchDialplan
from offhook.interfaces.freeswitch.events import CAUSES, SUBCLASSES, WANTED, EslMeaning, began_of, dated_id
from offhook.interfaces.freeswitch.examine import examine
from offhook.interfaces.freeswitch.snapshot import CALLS, CHANNELS, read_calls, read_channels
from offhook.interfaces.freeswitch.wire import EslFramer, EslMessage, encode
from offhook.model import (
    Answer,
    CancelConsult,
    Command,
    CompleteTransfer,
    Consult,
    Dial,
    Event,
    HangUp,
    Hold,
    PassRecord,
    Record,
    Resume,
    SendDigits,
    Snapshot,
    State,
    Transfer,
)
from offhook.switch.desks import DeskCall
from offhook.switch.link import ANSWER_S, EMITS, SwitchLink, switch_address
from offhook.switch.plan import Plan, plan_of
from offhook.switch.talk import Leg, LegOutcome, Passing, Talk
from offhook.switch.watch import Watch
from offhook.transport.connection import Address
from offhook.view import View

PORT = 8021
RECORDED = WANTED
_TALKED = (State.CONNECTED, State.HELD)

GIVE_UP_S = 15.0
"""This long after its time is up, a dial that was never heard of is over."""

ACCEPTS: frozenset[type[Command]] = frozenset(commands.SENT)


class FreeswitchInterface(SwitchLink[EslMessage]):
    """Speaks with a FreeSWITCH's event socket; serves every desk of its plan."""

    about: ClassVar[About] = ABOUT
    emits: ClassVar[frozenset[type[Event]]] = EMITS
    accepts: frozenset[type[Command]] = ACCEPTS

    def __init__(
        self,
        address: Address,
        plan: Plan,
        dialplan: FreeswitchDialplan,
        password: str = "",
        *,
        ring_all: bool = False,
        country: str,
        strip: tuple[str, ...] = (),
    ) -> None:
        super().__init__(address, Watch(plan, EslMeaning, country, strip))
        self.plan = plan
        self.dialplan = dialplan
        self._password = password
        self.has_password = bool(password)
        self.domain = dialplan.domain
        """The domain of the users, as set or as the switch says."""
        self._ring_all = ring_all
        self._greeted: asyncio.Future[None] | None = None
        self._reply: asyncio.Future[EslMessage] | None = None
        self._begun: dict[str, tuple[asyncio.Future[EslMessage], Callable[[EslMessage], None]]] = {}
        self._there: set[str] = set()
        self._jobs: deque[str] = deque()
        """Jobs sent whose start has not been answered yet."""

    @classmethod
    async def availability(cls) -> Availability:
        """It needs nothing but this package; where the switch is, is a setting."""
        return Availability(ABOUT.name)

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return one for ``extension``. Raises ``SettingsError``."""
        dialplan = FreeswitchDialplan(
            options["context"], options["domain"], options.decimal("ring_s"), options.flag("auto_answer")
        )
        made = cls(
            switch_address(options, PORT),
            plan_of(options),
            dialplan,
            options["password"],
            ring_all=options["ring"] == "all",
            country=options["country"],
            strip=options.words("incoming_strip"),
        )
        return made, Device(extension)

    @classmethod
    def reading(
        cls, plan: Plan, country: str, ended: Callable[[Talk], None]
    ) -> tuple[EslFramer, Watch[EslMessage]]:
        """Return a reader for recordings."""
        return EslFramer(RECORDED), Watch(plan, EslMeaning, country, ended=ended)

    # --- login, snapshot -------------------------------------------------------------------------------------

    def _framer(self) -> EslFramer:
        return EslFramer(WANTED)

    async def _begin(self) -> None:
        """Log in and subscribe only to the events that are read."""
        loop = asyncio.get_running_loop()
        self._greeted = self._greeted or loop.create_future()
        await self._greeted
        if not self._password:
            raise SettingsError("setting_missing", name="freeswitch.password")
        answer = await self._plainly(f"auth {self._password}")
        if not answer.reply.startswith("+OK"):
            raise LoginRefused(
                "switch_login_refused",
                user="(event socket)",
                file="event_socket.conf.xml",
            )
        events = [name for name in WANTED if name != "CUSTOM"]
        wanted = "ALL" if self._heard else f"{' '.join(events)} CUSTOM {' '.join(SUBCLASSES)}"
        answer = await self._plainly(f"event plain {wanted}")
        self.domain = self.dialplan.domain or _domain((await self._do(commands.DOMAIN)).text)
        if not answer.reply.startswith("+OK"):
            raise Refused("refused_by_switch", why=answer.reply[:120])

    async def _plainly(self, command: str) -> EslMessage:
        """Send one of the two commands that have no id; only one is ever under way."""
        self._reply = asyncio.get_running_loop().create_future()
        self._write(encode(command))
        return await self._reply

    async def _attempt(self) -> bool:
        self._greeted = asyncio.get_running_loop().create_future()
        self._reply = None
        self._jobs.clear()
        try:
            return await super()._attempt()
        finally:
            for began, _begin in self._begun.values():
                if not began.done():
                    began.set_exception(OutcomeUnknown("answer_lost"))

    async def _look(self, cause: str = "") -> None:
        self.watch.asked()

        def channels(message: EslMessage) -> None:
            self._there = read_channels(message.text, self._meaning(), datetime.now(UTC))

        def calls(message: EslMessage) -> None:
            read_calls(message.text, self._meaning())

        await self._do(CHANNELS, channels)
        await self._do(CALLS, calls)
        self._tell_back(self._there, cause)

    def _meaning(self) -> EslMeaning:
        found = self.watch.meaning
        assert isinstance(found, EslMeaning)  # noqa: S101 - made so above
        return found

    async def _sign_of_life(self) -> None:
        await self._do("version")

    # --- reading -----------------------------------------------------------------------------------------------

    def _take(self, message: EslMessage, at: datetime) -> None:
        if message.event == "BACKGROUND_JOB" and self._answered(message.get("Job-UUID"), message):
            pass
        elif message.event:
            self.watch.meaning.read(message, at)
        elif message.kind == "auth/request":
            if self._greeted is not None and not self._greeted.done():
                self._greeted.set_result(None)
        elif message.kind == "text/disconnect-notice":
            raise Unreachable("line_lost")
        elif message.kind == "text/rude-rejection":
            raise LoginRefused("switch_login_refused", user="(acl)", file="event_socket.conf.xml")
        elif message.kind == "command/reply":
            self._take_reply(message)
        self._tell(at)

    def _take_reply(self, message: EslMessage) -> None:
        """Take a job's reply, which only says that it began, or never will."""
        job = message.head.get("job-uuid", "") or message.reply.partition("Job-UUID: ")[2].strip()
        if not job and self._jobs and (self._reply is None or self._reply.done()):
            job = self._jobs[0]  # what is not allowed is refused without an id, in the order it was sent
        if job in self._jobs:
            self._jobs.remove(job)
        if job in self._begun:
            began, begin = self._begun[job]
            begin(message)
            if not began.done():
                began.set_result(message)
        elif not job and self._reply is not None and not self._reply.done():
            self._reply.set_result(message)
        elif job and message.reply.startswith("-ERR"):
            self._answered(job, message)

    # --- commands ------------------------------------------------------------------------------------------------

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        """Pass a command on; see :meth:`offhook.interface.Interface.send`."""
        self._needs_link()
        match command:
            case Snapshot():
                await self._snapshot(command)
            case Dial():
                await self._dial(device, dialled, command)
            case _:
                await self._on_call(command, device, dialled)

    async def _on_call(self, command: Command, desk: str, dialled: Dialled) -> None:
        call = self.watch.call(str(getattr(command, "call", "")), desk)
        if call is None:
            raise CommandError("call_unknown", call=str(getattr(command, "call", "")))
        if isinstance(command, Consult):
            await self._consult(command, call, desk, dialled)
            return
        far = self.watch.desks.far_legs(call)
        texts = self._texts(command, call, far, dialled)
        call.cause = command.id
        passing = self._beforehand(command, call, far, dialled)
        try:
            await self._all(texts)
        except OffhookError:
            call.cause, call.hanging, call.diverted = "", False, ""
            if passing is not None:
                self.watch.legs.passed(passing, done=False)
            raise
        if passing is not None:
            self.watch.legs.passed(passing, done=True)
            self._tell(datetime.now(UTC))
        if isinstance(command, PassRecord):
            self.watch.attach(call, command.record)
            self._tell(datetime.now(UTC))

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """See :meth:`offhook.interface.Interface.preview`: of a dial, as if the first device were registered."""
        if not isinstance(command, Dial):
            raise Unsupported("not_by_interface", command=type(command).__name__, by=ABOUT.name)
        own = self._devices(device)[0]
        return [commands.originate(own, _native(), dialled, self._reachable(), command.record)]

    async def _consult(self, command: Consult, call: DeskCall, desk: str, dialled: Dialled) -> None:
        """Hold the call and make a second one; if that cannot begin, the first goes on."""
        commands.checked_number(dialled)
        await self._registered(desk)
        held = call.state is State.CONNECTED
        await self._all(commands.hold(call) if held else [])
        try:
            await self._dial(desk, dialled, command, call)
        except OffhookError:
            if held:
                await self._all(commands.resume(call))
            raise

    def _texts(self, command: Command, call: DeskCall, far: list[Leg], dialled: Dialled) -> list[str]:
        match command:
            case HangUp():
                return self._hung_up(call)
            case Answer():
                return commands.answer(call)
            case Hold():
                return commands.hold(call)
            case Resume():
                talked = [each for each in self.watch.desks.talking(call.desk) if each is not call]
                return [*(text for each in talked for text in commands.hold(each)), *commands.resume(call)]
            case Transfer():
                return commands.transfer(far, dialled, self._reachable(), command.record)
            case CompleteTransfer():
                held = self.watch.desks.get(command.held or call.consult_of)
                others = self.watch.desks.far_legs(held) if held is not None else []
                attached = commands.attach(others, command.record) if command.record is not None else []
                if call.state not in _TALKED:  # a leg that rings is in no state to be bridged
                    called = self._number_called(call)
                    passed = commands.transfer(others, called, self._reachable(), None)
                    return [*attached, *self._hung_up(call), *passed]
                return [*attached, *commands.complete(others, far)]
            case CancelConsult():
                held = self.watch.desks.get(call.consult_of)
                back = commands.resume(held) if held is not None else []
                return [*self._hung_up(call), *back]
            case SendDigits():
                return commands.digits(far, command.digits)
            case PassRecord():
                return commands.attach([call.leg, *far], command.record)
            case _:
                raise Unsupported("not_by_interface", command=type(command).__name__, by=ABOUT.name)

    def _number_called(self, call: DeskCall) -> str:
        """Return what a consultation called."""
        return call.talk.meant or call.leg.dialled

    def _hung_up(self, call: DeskCall) -> list[str]:
        """Return what ends a call; a leg that the switch has not made yet is ended once it exists."""
        self._end_unborn(call)
        return [text for text in commands.hang_up(call) if text.split(" ")[1] not in self._unborn]

    def _beforehand(
        self, command: Command, call: DeskCall, far: list[Leg], dialled: Dialled
    ) -> Passing | None:
        """Note what we do and the switch will not say was ours; returns the transfer, if it is one."""
        legs, passing = self.watch.legs, None
        if isinstance(command, HangUp | CancelConsult):
            call.hanging = True
        elif isinstance(command, Transfer) and call.state is State.ALERTING:
            call.diverted = dialled
        elif isinstance(command, Transfer) and far:
            passing = legs.passes("blind", call.leg, dialled, far[0])
        elif isinstance(command, CompleteTransfer) and far:
            held = self.watch.desks.get(command.held or call.consult_of)
            others = self.watch.desks.far_legs(held) if held is not None else []
            if held is not None and others and call.state in _TALKED:
                passing = legs.puts_together(others[0], far[0], held.leg)
            elif held is not None and others:
                passing = legs.passes("blonde", held.leg, self._number_called(call), others[0])
        if passing is not None:
            passing.asked = True
        return passing

    async def _dial(self, desk: str, number: str, command: Command, held: DeskCall | None = None) -> None:
        plan = self._reachable()
        devices = await self._registered(desk)
        # phones that pick up by themselves would all pick up, and each would call the number
        rung = devices if self._ring_all and not plan.auto_answer else devices[:1]
        planned = {str(uuid.uuid4()): (device, _native()) for device in rung}
        record: Record | None = getattr(command, "record", None)
        expected: dict[str, Leg] = {}

        def begin(message: EslMessage) -> None:
            if message.reply.startswith("-ERR") or expected:
                return
            for job, (device, native) in planned.items():
                leg = expected[job] = self._expect(job, device, native)
                self.watch.desks.dialling(desk, leg, number, command.id, record, held)

        refused = None
        for job, (device, native) in list(planned.items()):
            text = commands.originate(device, native, number, plan, record)
            said = await self._begin_job(text, job, begin)
            if said.startswith("-ERR"):
                refused = _refusal(text, said)
                if job in expected:
                    self._forget_job(job, expected[job])
                else:
                    del planned[job]
        if not expected and refused is not None:
            raise refused
        self._rang(command.id, len(expected))

    def _expect(self, job: str, device: str, native: str) -> Leg:
        """Expect a leg that the switch is about to make; if it is never heard of, it ends after a while."""
        leg = self.watch.legs.leg(native, datetime.now(UTC), device)
        leg.began = began_of(native)
        self.watch.legs.calls(None, leg)
        ended: asyncio.Future[EslMessage] = asyncio.get_running_loop().create_future()
        self._answers[job] = (ended, lambda message: self._originated(leg, message))
        self._later(self.dialplan.ring_s + GIVE_UP_S, lambda: self._forget_job(job, leg))
        return leg

    async def _begin_job(self, text: str, job: str, begin: Callable[[EslMessage], None]) -> str:
        """Start a job; returns the answer to its start. An originate ends only when the phone answers."""
        began: asyncio.Future[EslMessage] = asyncio.get_running_loop().create_future()
        self._begun[job] = (began, begin)
        try:
            self._send(text, job)
            async with asyncio.timeout(ANSWER_S):
                return (await began).reply
        except TimeoutError:
            raise OutcomeUnknown("answer_lost") from None
        finally:
            self._begun.pop(job, None)

    def _originated(self, leg: Leg, message: EslMessage) -> None:
        """Take in how an originate ended. FreeSWITCH says exactly why."""
        said = message.text or message.reply
        if said.startswith("-ERR") and not leg.gone:
            outcome = CAUSES.get(said[4:].strip().partition(" ")[0], LegOutcome.FAILED)
            leg.outcome = outcome
            if not leg.channel:
                self.watch.legs.goes(leg, datetime.now(UTC), outcome)

    def _forget_job(self, job: str, leg: Leg) -> None:
        if self._answers.pop(job, None) is not None and not leg.channel and not leg.gone:
            self.watch.legs.goes(leg, datetime.now(UTC), LegOutcome.UNAVAILABLE)
            self._tell(datetime.now(UTC))

    async def _registered(self, desk: str) -> list[str]:
        """Return the desk's registered devices. Raises ``Refused`` where there are none."""
        devices = self._devices(desk)
        there = []
        for device in devices:
            answer = await self._do(commands.contact(device, self.domain)) if "/" not in device else None
            said = answer.text if answer is not None else ""
            if "user_not_registered" not in said and not (self.domain and said.startswith("error/")):
                there.append(device)
        if not there:
            raise Refused("device_unregistered", desk=desk, devices=", ".join(devices))
        return there

    def _devices(self, desk: str) -> tuple[str, ...]:
        devices = self.plan.devices_of(desk) or ((desk,) if self.plan.is_desk(desk) else ())
        if not devices:
            raise Refused("device_unknown", desk=desk, setting="freeswitch.devices")
        return devices

    def _reachable(self) -> FreeswitchDialplan:
        if not self.dialplan.context:
            raise SettingsError("context_missing", setting="freeswitch.context")
        return self.dialplan

    def _drop(self, leg: Leg) -> None:
        self._send(f"uuid_kill {leg.id} NORMAL_CLEARING", str(uuid.uuid4()))

    def _examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        return examine(self, desks)

    async def ask(self, text: str) -> str:
        """Carry an API command out as it is; returns what it says."""
        answer = await self._do(text)
        return answer.text or answer.reply

    # --- asking ------------------------------------------------------------------------------------------------------

    async def _do(self, text: str, then: Callable[[EslMessage], None] | None = None) -> EslMessage:
        job = str(uuid.uuid4())
        self._jobs.append(job)
        return await self._ask(job, encode(text, job), then)

    def _send(self, text: str, job: str) -> None:
        self._write(encode(text, job))
        self._jobs.append(job)

    async def _all(self, texts: Iterable[str]) -> None:
        """Do one after the other. Raises for the first that is refused."""
        done = False
        for text in texts:
            answer = await self._do(text)
            said = (answer.text or answer.reply).strip()
            if said.startswith(("-ERR", "-USAGE")):
                refusal = _refusal(text, said)
                if not (done and refusal.code == "switch_no_channel" and text.startswith("uuid_kill")):
                    raise refusal
            done = True


def _domain(said: str) -> str:
    """Return the domain in an answer, where it is one."""
    word = said.strip()
    return (
        word
        if word and not word.startswith("-") and all(each.isalnum() or each in ".-:" for each in word)
        else ""
    )


def _native() -> str:
    """Return an id of ours for a channel."""
    return dated_id(datetime.now(UTC), uuid.uuid4().hex)


def _refusal(text: str, said: str) -> Refused:
    """Return a command's refusal as an error that says what to do."""
    low = said.lower()
    if "no such channel" in low or "invalid uuid" in low or "cannot locate session" in low:
        return Refused("switch_no_channel")
    if "command not found" in low or "permission" in low or "not allowed" in low:
        return Refused("switch_no_action", action=text.partition(" ")[0])
    return Refused("refused_by_switch", why=said[:120])
