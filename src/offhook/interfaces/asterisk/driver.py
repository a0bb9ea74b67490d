"""The interface ``asterisk``: one manager connection to an Asterisk, for every desk on it."""

import asyncio
import hashlib
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Self

from offhook.errors import (
    CommandError,
    LoginRefused,
    OffhookError,
    OutcomeUnknown,
    Refused,
    SettingsError,
    Unsupported,
)
from offhook.interface import Availability, only
from offhook.interfaces.asterisk import commands
from offhook.interfaces.asterisk.commands import Action, Dialplan
from offhook.interfaces.asterisk.events import WANTED, Meaning, began_of
from offhook.interfaces.asterisk.examine import examine
from offhook.interfaces.asterisk.snapshot import OURS, read_channels
from offhook.interfaces.asterisk.wire import Framer, Message, encode
from offhook.model import (
    Answer,
    CancelConsult,
    Command,
    CompleteTransfer,
    Connected,
    Consult,
    Dial,
    Dialling,
    Diverted,
    Ended,
    Event,
    HangUp,
    Held,
    Hold,
    LineBack,
    LineLost,
    Merged,
    Park,
    Parked,
    PassRecord,
    Prompted,
    RecordPassed,
    RemoteRinging,
    Resume,
    Resumed,
    Retrieved,
    Ringing,
    SendDigits,
    Snapshot,
    State,
    Transfer,
    Transferred,
    Updated,
)
from offhook.switch.desks import DeskCall
from offhook.switch.link import ANSWER_S, SwitchLink
from offhook.switch.plan import Plan, plan_of
from offhook.switch.records import VARIABLE
from offhook.switch.talk import Leg, Outcome, Talk
from offhook.switch.watch import Watch
from offhook.transport.stream import Address, address_of
from offhook.transport.web import tls_of

PORT, TLS_PORT = 5038, 5039
GIVE_UP_S = 15.0
"""So long after its time is out, a dial of which nothing was heard is over."""

ACCEPTS: frozenset[type[Command]] = frozenset(commands.SENT)
EMITS: frozenset[type[Event]] = frozenset({
    Prompted, Connected, Dialling, Diverted, Ended, Held, LineBack, LineLost, Merged, Parked, RecordPassed,
    RemoteRinging, Resumed, Retrieved, Ringing, Transferred, Updated,
})  # fmt: skip
RECORDED = WANTED | {"VarSet"}
ONLY = {"VarSet": VARIABLE}
ON_PHONE: frozenset[type[Command]] = frozenset({Answer, Hold})
"""What only the phone itself can do: with ``asterisk.phone_control``."""


class AsteriskInterface(SwitchLink[Message]):
    """Speaks with an Asterisk's manager; serves every desk of its plan."""

    name: ClassVar[str] = "asterisk"
    interface_name = "asterisk"
    emits: ClassVar[frozenset[type[Event]]] = EMITS
    accepts: frozenset[type[Command]] = ACCEPTS
    applies_rules: ClassVar[bool] = False
    per_desk: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, str]] = {
        **{
            key: f"asterisk.{key}"
            for key in (
                "address", "user", "password", "tls", "events", "context", "ring", "ring_s", "auto_answer",
                "phone_control", "extensions", "devices", "trunks", "trunk_contexts",
            )
        },
        **{f"tls_{key}": f"tls.{key}" for key in ("ca", "pin", "certificate", "key", "insecure")},
        "country": "country",
        "incoming_strip": "incoming_strip",
    }  # fmt: skip

    def __init__(
        self,
        address: Address,
        plan: Plan,
        dialplan: Dialplan,
        user: str = "",
        password: str = "",
        *,
        events: str = "call,agent",
        ring_all: bool = False,
        country: str = "FR",
        strip: tuple[str, ...] = (),
    ) -> None:
        super().__init__(address, Watch(plan, Meaning, country, strip))
        self.plan = plan
        self.dialplan = dialplan
        self.user, self._password = user, password
        self.overheard: Callable[[Message], object] | None = None
        self._mask = events
        self._ring_all = ring_all
        self.accepts = ACCEPTS if dialplan.phone_control else ACCEPTS - ON_PHONE
        self._ids = itertools.count(1)
        self._lists: dict[str, tuple[list[Message], asyncio.Future[list[Message]]]] = {}
        self._there: set[str] = set()
        self._dials: dict[str, Leg] = {}

    @classmethod
    def availability(cls) -> Availability:
        """It needs nothing but this package; where the switch is, is a setting."""
        return Availability(name=cls.name)

    @classmethod
    def for_desk(cls, extension: str, options: Mapping[str, str]) -> tuple[Self, str]:
        """Return one for ``extension``; see :attr:`settings`. Raises ``SettingsError``."""
        given = only(options, *cls.settings)
        tls = tls_of(given) if given.get("tls") == "yes" else None
        address = address_of(given.get("address") or "127.0.0.1", TLS_PORT if tls else PORT, tls)
        if address is None:
            raise SettingsError(
                "setting_unreadable", name="asterisk.address", where="asterisk.address", expected="host:port"
            )
        header = given.get("auto_answer", "")
        if header and not header.partition(":")[2].strip():
            raise SettingsError(
                "setting_unreadable",
                name="asterisk.auto_answer",
                where="asterisk.auto_answer",
                expected="Call-Info: <sip:offhook>;answer-after=0",
            )
        dialplan = Dialplan(
            given.get("context", ""),
            float(given.get("ring_s") or 30),
            header,
            given.get("phone_control") == "yes",
        )
        made = cls(
            address,
            plan_of(given, cls.name),
            dialplan,
            given.get("user", ""),
            given.get("password", ""),
            events=given.get("events") or "call,agent",
            ring_all=given.get("ring") == "all",
            country=given.get("country") or "FR",
            strip=tuple(given.get("incoming_strip", "").replace(",", " ").split()),
        )
        return made, extension

    @classmethod
    def reading(cls, plan: Plan, ended: Callable[[Talk], None]) -> tuple[Framer, Watch[Message]]:
        """Return what reads a recording."""
        return Framer(RECORDED, ONLY), Watch(plan, Meaning, ended=ended)

    # --- login, snapshot -----------------------------------------------------------------------------------

    def _framer(self) -> Framer:
        if self.overheard is not None:
            return Framer()
        return Framer(RECORDED | {"Status", "StatusComplete", "ParkedCallsComplete"}, ONLY)

    async def _begin(self) -> None:
        """Log in with a challenge, so that the secret itself never crosses the network."""
        mask = "on" if self._heard else self._mask
        challenge = (await self._act(commands.action("Challenge", AuthType="MD5"))).get("challenge")
        key = hashlib.md5((challenge + self._password).encode(), usedforsecurity=False).hexdigest()
        answer = await self._act(
            commands.action("Login", AuthType="MD5", Username=self.user, Key=key, Events=mask)
        )
        if answer.get("response") != "Success":
            raise LoginRefused(
                "switch_login_refused", interface=self.name, user=self.user, file="manager.conf"
            )

    async def _look(self, cause: str = "") -> None:
        """Ask for every channel, and for who is parked where the switch has parking."""
        self.watch.asked()
        await self._listed(commands.CHANNELS, needed=True)
        await self._listed(commands.PARKED, needed=False)
        self._tell_back(self._there, cause)

    async def _listed(self, what: Action, *, needed: bool) -> None:
        number = self._number()
        complete: asyncio.Future[list[Message]] = asyncio.get_running_loop().create_future()
        self._lists[number] = ([], complete)
        try:
            answer = await self._act(what, number)
            if answer.get("response") == "Success":
                async with asyncio.timeout(ANSWER_S):
                    await complete
            elif needed:
                raise _refusal(what, answer)
        except TimeoutError:
            raise OutcomeUnknown("answer_lost", interface=self.name) from None
        finally:
            self._lists.pop(number, None)

    def _give_up_answers(self) -> None:
        super()._give_up_answers()
        for _rows, complete in self._lists.values():
            if not complete.done():
                complete.set_exception(OutcomeUnknown("answer_lost", interface=self.name))
                complete.exception()  # it may be that nobody waits

    def _meaning(self) -> Meaning:
        found = self.watch.meaning
        assert isinstance(found, Meaning)  # noqa: S101 - made so above
        return found

    async def _sign_of_life(self) -> None:
        await self._act(commands.action("Ping"))

    # --- reading ------------------------------------------------------------------------------------------------

    def _take(self, message: Message, at: datetime) -> None:
        if not message.event:
            self._answered(message.get("actionid"), message)
        elif self._lists and message.get("actionid") in self._lists:
            self._take_listed(message, at)
        elif message.event == "OriginateResponse" and self._dial_failed(message, at):
            pass
        else:
            self.watch.meaning.read(message, at)
            if self.overheard is not None:
                self.overheard(message)
        self._tell(at)

    def _take_listed(self, message: Message, at: datetime) -> None:
        """Keep a row of a list; the whole list is read when its end comes, before anything that follows."""
        rows, complete = self._lists[message.get("actionid")]
        if message.event == "Status":
            rows.append(message)
        elif message.event == "ParkedCall":
            rows.append(message)
            self.watch.meaning.read(message, at)
        elif message.event.endswith("Complete") and not complete.done():
            if message.event == "StatusComplete":
                self._there = read_channels(rows, self._meaning(), at)
            elif message.event == "ParkedCallsComplete":
                self.watch.legs.parked_are({row.get("parkeeuniqueid") for row in rows})
            complete.set_result(rows)

    def _dial_failed(self, message: Message, at: datetime) -> bool:
        """Take in that one of our dials reached no phone. Its channel, if it had one, says why more exactly."""
        leg = self._dials.pop(message.get("actionid"), None)
        if leg is None or message.get("response") == "Success":
            return False
        if not leg.gone:
            never_made = not leg.channel
            outcome = Outcome.NO_ANSWER if message.get("reason") == "3" else None
            leg.outcome = leg.outcome or (Outcome.UNAVAILABLE if never_made and outcome is None else outcome)
            if never_made:
                self.watch.legs.goes(leg, at)
        return True

    # --- commands ----------------------------------------------------------------------------------------------

    async def send(self, command: Command) -> None:
        """Pass a command on; see :meth:`offhook.interface.Interface.send`."""
        self._needs_link()
        match command:
            case Snapshot():
                await self._snapshot(command)
            case Dial():
                await self._dial(command)
            case _:
                await self._on_call(command)

    async def _on_call(self, command: Command) -> None:
        call = self.watch.call(str(getattr(command, "call", "")), command.line)
        if call is None:
            raise CommandError("call_unknown", call=str(getattr(command, "call", "")))
        actions = self._actions(command, call)
        call.cause = command.id
        if isinstance(command, Transfer) and call.state is State.ALERTING:
            call.diverted = command.to
        try:
            await self._all(actions)
        except OffhookError:
            call.cause, call.hanging, call.diverted = "", False, ""
            raise
        if isinstance(command, PassRecord):
            self.watch.attach(call, command.record)
            self._tell(_now())

    def _actions(self, command: Command, call: DeskCall) -> list[Action]:
        plan, far = self.dialplan, self.watch.desks.far_legs(call)
        match command:
            case HangUp():
                call.hanging = True
                self._end_unborn(call)
                return [each for each in commands.hang_up(call) if each.headers[0][1] not in self._unborn]
            case Transfer():
                return commands.transfer(call, far, command.to, self._reachable(), command.record)
            case Consult():
                return commands.consult(call, command.to, self._reachable())
            case CompleteTransfer():
                held = self.watch.desks.get(call.consult_of)
                others = self.watch.desks.far_legs(held) if held is not None else []
                attached = commands.attach(others, command.record) if command.record is not None else []
                return [*attached, *commands.complete(call, held, others, far)]
            case CancelConsult():
                return commands.cancel_consult(call)
            case SendDigits():
                return commands.digits(far, command.digits)
            case PassRecord():
                return commands.attach([call.leg, *far], command.record)
            case Park():
                return commands.park(call, far, command.slot)
            case Resume() if call.state is State.PARKED:
                return self._fetch(call)
            case Answer() | Resume():  # to talk is to pick up, or to go on
                return commands.on_phone(call, "talk", plan, command)
            case Hold():
                return commands.on_phone(call, "hold", plan, command)
            case _:
                raise Unsupported("not_by_interface", command=type(command).__name__, by=self.name)

    def _fetch(self, call: DeskCall) -> list[Action]:
        device = self._devices(call.desk)[0]
        return [commands.originate(device, self._native(0), call.slot, self._reachable(), call.record)]

    async def _all(self, actions: Iterable[Action]) -> None:
        """Send one after the other. Raises for the first that is refused; a further leg may be gone with the first."""
        done = False
        for each in actions:
            answer = await self._act(each)
            if answer.get("response") == "Error":
                refusal = _refusal(each, answer)
                if not (done and refusal.code == "switch_no_channel" and each.name == "Hangup"):
                    raise refusal
            done = True

    async def _dial(self, command: Dial) -> None:
        plan = self._reachable()
        devices = await self._registered(command.line)
        # phones that pick up by themselves would all pick up, and each would call the number
        rung = devices if self._ring_all and not plan.auto_answer else devices[:1]
        planned = [(device, self._native(index), self._number()) for index, device in enumerate(rung)]
        expected: dict[str, Leg] = {}

        def begin(answer: Message) -> None:
            if answer.get("response") == "Success" and not expected:
                for device, native, number in planned:
                    expected[number] = self._expect(command, device, native, number)

        refused = None
        for device, native, number in planned:
            what = commands.originate(device, native, command.number, plan, command.record)
            answer = await self._act(what, number, begin)
            if answer.get("response") != "Success":
                refused = _refusal(what, answer)
                self._give_up(number)
                if not expected:
                    planned = [each for each in planned if each[2] != number]
        if not expected and refused is not None:
            raise refused
        self._rang(command.id, len(expected))

    def _expect(self, command: Dial, device: str, native: str, number: str) -> Leg:
        """Know a leg that the switch is about to make; of which nothing is heard, it ends in time."""
        leg = self.watch.legs.leg(native, _now(), device)
        leg.began = began_of(native) or leg.at
        self.watch.desks.dialling(command.line, leg, command.number, command.id, command.record)
        self._dials[number] = leg
        self._later(self.dialplan.ring_s + GIVE_UP_S, lambda: self._give_up(number))
        return leg

    def _give_up(self, number: str) -> None:
        """End a dial of which nothing was ever heard."""
        leg = self._dials.pop(number, None)
        if leg is not None and not leg.channel and not leg.gone:
            self.watch.legs.goes(leg, _now(), Outcome.UNAVAILABLE)
            self._tell(_now())

    async def _registered(self, desk: str) -> list[str]:
        """Return the desk's devices that are there. Raises ``Refused`` where none is."""
        devices = self._devices(desk)
        there = []
        for device in devices:
            answer = await self._act(commands.device_state(device))
            state = answer.get("value").upper() if answer.get("response") == "Success" else ""
            if state not in ("UNAVAILABLE", "INVALID"):
                there.append(device)
        if not there:
            raise Refused("device_unregistered", interface=self.name, desk=desk, devices=", ".join(devices))
        return there

    def _devices(self, desk: str) -> tuple[str, ...]:
        devices = self.plan.devices_of(desk)
        if not devices:
            raise Refused("device_unknown", interface=self.name, desk=desk, setting="asterisk.devices")
        return devices

    def _reachable(self) -> Dialplan:
        if not self.dialplan.context:
            raise SettingsError("context_missing", interface=self.name, setting="asterisk.context")
        return self.dialplan

    def _drop(self, leg: Leg) -> None:
        headers = [("ActionID", self._number()), ("Channel", leg.named), ("Cause", "16")]
        self._write(encode("Hangup", headers))

    def examine(self, desks: Sequence[str]) -> AsyncIterator[OffhookError]:
        """See :meth:`SwitchLink.examine`."""
        return examine(self, desks)

    async def ask(self, what: Action) -> Message:
        """Carry an action out as it is; its answer may be a refusal."""
        return await self._act(what)

    # --- asking --------------------------------------------------------------------------------------------------

    def _number(self) -> str:
        return f"offhook-{next(self._ids)}"

    def _native(self, index: int) -> str:
        """Return a channel's id of our own, in the form of Asterisk's, so that it is known again."""
        return f"{OURS}{os.urandom(4).hex()}-{int(time.time())}.{index + 1}"

    async def _act(
        self, what: Action, number: str = "", then: Callable[[Message], None] | None = None
    ) -> Message:
        number = number or self._number()
        data = encode(what.name, [("ActionID", number), *what.headers])
        return await self._ask(number, data, then)


def _refusal(what: Action, answer: Message) -> Refused:
    """Return what an action was refused with, as an error that says what to do."""
    said = answer.get("message").strip()
    low = said.lower()
    if "permission denied" in low:
        classes = PERMISSIONS.get(what.name, "call")
        return Refused("switch_permission", interface="asterisk", action=what.name, classes=classes)
    if "unknown command" in low:
        return Refused("switch_no_action", interface="asterisk", action=what.name)
    if "no such channel" in low or "channel does not exist" in low or "channel not" in low:
        return Refused("switch_no_channel", interface="asterisk")
    if "extension" in low and ("exist" in low or "not found" in low):
        return Refused("switch_no_extension", interface="asterisk", why=said[:120])
    if "atxfer" in low or "feature" in low:
        return Refused("switch_no_feature", interface="asterisk", why=said[:120])
    return Refused("refused_by_switch", interface="asterisk", why=said[:120] or what.name)


PERMISSIONS = {
    "Originate": "originate",
    "Getvar": "call",
    "PJSIPNotify": "system",
}
"""The class of ``write=`` in manager.conf that an action needs, where it is not ``call``."""


def _now() -> datetime:
    return datetime.now(UTC)
