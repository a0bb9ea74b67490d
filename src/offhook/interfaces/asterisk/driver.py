"""The interface ``asterisk``: one manager connection to an Asterisk, for every desk on it."""

import asyncio
import hashlib
import itertools
import os
import time
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
    Unsupported,
)
from offhook.interface import Availability, Device, Seen
from offhook.interfaces.asterisk import commands
from offhook.interfaces.asterisk.about import ABOUT
from offhook.interfaces.asterisk.commands import Action, AsteriskDialplan
from offhook.interfaces.asterisk.events import WANTED, AmiMeaning, began_of
from offhook.interfaces.asterisk.examine import examine
from offhook.interfaces.asterisk.snapshot import OURS, read_channels
from offhook.interfaces.asterisk.wire import AmiFramer, AmiMessage, encode
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
    Park,
    PassRecord,
    Resume,
    SendDigits,
    Snapshot,
    State,
    Transfer,
)
from offhook.switch.attached import VARIABLE
from offhook.switch.desks import DeskCall, Role
from offhook.switch.link import ANSWER_S, EMITS, SwitchLink, switch_address
from offhook.switch.plan import Plan, plan_of
from offhook.switch.talk import Leg, LegOutcome, Passing, Talk
from offhook.switch.watch import Watch
from offhook.transport.connection import Address
from offhook.view import View

PORT, TLS_PORT = 5038, 5039
GIVE_UP_S = 15.0
"""This long after its time is up, a dial that was never heard of is over."""

ACCEPTS: frozenset[type[Command]] = frozenset(commands.SENT)
RECORDED = WANTED | {"VarSet"}
ONLY = {"VarSet": VARIABLE}
ON_PHONE: frozenset[type[Command]] = frozenset({Answer, Hold})
"""What only the phone itself can do: with ``asterisk.phone_control``."""


class AsteriskInterface(SwitchLink[AmiMessage]):
    """Speaks with an Asterisk's manager; serves every desk of its plan."""

    about: ClassVar[About] = ABOUT
    emits: ClassVar[frozenset[type[Event]]] = EMITS
    accepts: frozenset[type[Command]] = ACCEPTS

    def __init__(
        self,
        address: Address,
        plan: Plan,
        dialplan: AsteriskDialplan,
        user: str = "",
        password: str = "",
        *,
        events: str = "call,agent",
        ring_all: bool = False,
        country: str,
        strip: tuple[str, ...] = (),
    ) -> None:
        super().__init__(address, Watch(plan, AmiMeaning, country, strip))
        self.plan = plan
        self.dialplan = dialplan
        self.user, self._password = user, password
        self.overheard: Callable[[AmiMessage], object] | None = None
        self._mask = events
        self._ring_all = ring_all
        self.accepts = ACCEPTS if dialplan.phone_control else ACCEPTS - ON_PHONE
        self._ids = itertools.count(1)
        self._lists: dict[str, tuple[list[AmiMessage], asyncio.Future[list[AmiMessage]]]] = {}
        self._there: set[str] = set()
        self._dials: dict[str, Leg] = {}

    @classmethod
    async def availability(cls) -> Availability:
        """It needs nothing but this package; where the switch is, is a setting."""
        return Availability(ABOUT.name)

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return one for ``extension``. Raises ``SettingsError``."""
        address = switch_address(options, TLS_PORT if options.flag("tls") else PORT)
        header = options["auto_answer"]
        if header and not header.partition(":")[2].strip():
            raise options.wrong("auto_answer", "Call-Info: <sip:offhook>;answer-after=0")
        dialplan = AsteriskDialplan(
            options["context"], options.decimal("ring_s"), header, options.flag("phone_control")
        )
        made = cls(
            address,
            plan_of(options),
            dialplan,
            options["user"],
            options["password"],
            events=options["events"],
            ring_all=options["ring"] == "all",
            country=options["country"],
            strip=options.words("incoming_strip"),
        )
        return made, Device(extension)

    @classmethod
    def reading(
        cls, plan: Plan, country: str, ended: Callable[[Talk], None]
    ) -> tuple[AmiFramer, Watch[AmiMessage]]:
        """Return a reader for recordings."""
        return AmiFramer(RECORDED, ONLY), Watch(plan, AmiMeaning, country, ended=ended)

    # --- login, snapshot -----------------------------------------------------------------------------------

    def _framer(self) -> AmiFramer:
        if self.overheard is not None:
            return AmiFramer()
        return AmiFramer(RECORDED | {"Status", "StatusComplete", "ParkedCallsComplete"}, ONLY)

    async def _begin(self) -> None:
        """Log in with a challenge, so that the secret itself never crosses the network."""
        if not self.user:
            raise SettingsError("setting_missing", name="asterisk.user")
        mask = "on" if self._heard else self._mask
        challenge = (await self._act(commands.action("Challenge", AuthType="MD5"))).get("challenge")
        key = hashlib.md5((challenge + self._password).encode(), usedforsecurity=False).hexdigest()
        answer = await self._act(
            commands.action("Login", AuthType="MD5", Username=self.user, Key=key, Events=mask)
        )
        if answer.get("response") != "Success":
            raise LoginRefused("switch_login_refused", user=self.user, file="manager.conf")

    async def _look(self, cause: str = "") -> None:
        """Ask for every channel, and for who is parked where the switch has parking."""
        self.watch.asked()
        await self._listed(commands.CHANNELS, needed=True)
        await self._listed(commands.PARKED, needed=False)
        self._tell_back(self._there, cause)

    async def _listed(self, what: Action, *, needed: bool) -> None:
        number = self._number()
        complete: asyncio.Future[list[AmiMessage]] = asyncio.get_running_loop().create_future()
        self._lists[number] = ([], complete)
        try:
            answer = await self._act(what, number)
            if answer.get("response") == "Success":
                async with asyncio.timeout(ANSWER_S):
                    await complete
            elif needed:
                raise _refusal(what, answer)
        except TimeoutError:
            raise OutcomeUnknown("answer_lost") from None
        finally:
            self._lists.pop(number, None)

    def _give_up_answers(self) -> None:
        super()._give_up_answers()
        for _rows, complete in self._lists.values():
            if not complete.done():
                complete.set_exception(OutcomeUnknown("answer_lost"))
                complete.exception()  # it may be that nobody waits

    def _meaning(self) -> AmiMeaning:
        found = self.watch.meaning
        assert isinstance(found, AmiMeaning)  # noqa: S101 - made so above
        return found

    async def _sign_of_life(self) -> None:
        await self._act(commands.action("Ping"))

    # --- reading ------------------------------------------------------------------------------------------------

    def _take(self, message: AmiMessage, at: datetime) -> None:
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

    def _take_listed(self, message: AmiMessage, at: datetime) -> None:
        """Keep a row of a list; the whole list is read when it ends, before anything that follows."""
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

    def _dial_failed(self, message: AmiMessage, at: datetime) -> bool:
        """Note that one of our dials reached no phone. Its channel, if it had one, says more exactly why."""
        leg = self._dials.pop(message.get("actionid"), None)
        if leg is None or message.get("response") == "Success":
            return False
        if not leg.gone:
            never_made = not leg.channel
            outcome = LegOutcome.NO_ANSWER if message.get("reason") == "3" else None
            leg.outcome = leg.outcome or (
                LegOutcome.UNAVAILABLE if never_made and outcome is None else outcome
            )
            if never_made:
                self.watch.legs.goes(leg, at)
        return True

    # --- commands ----------------------------------------------------------------------------------------------

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        """Pass a command on; see :meth:`offhook.interface.Interface.send`."""
        self._needs_link()
        match command:
            case Snapshot():
                await self._snapshot(command)
            case Dial():
                await self._dial(command, device, dialled)
            case _:
                await self._on_call(command, device, dialled)

    async def _on_call(self, command: Command, desk: str, dialled: Dialled) -> None:
        call = self.watch.call(str(getattr(command, "call", "")), desk)
        if call is None:
            raise CommandError("call_unknown", call=str(getattr(command, "call", "")))
        actions = self._actions(command, call, dialled)
        call.cause = command.id
        if isinstance(command, Transfer) and call.state is State.ALERTING:
            call.diverted = dialled
        passing = self._put_together(command, call) if isinstance(command, CompleteTransfer) else None
        try:
            await self._all(actions)
        except OffhookError:
            call.cause, call.hanging, call.diverted = "", False, ""
            if passing is not None:
                self.watch.legs.passed(passing, done=False)
            raise
        if passing is not None:
            self.watch.legs.passed(passing, done=True)
            self._tell(_now())
        if isinstance(command, PassRecord):
            self.watch.attach(call, command.record)
            self._tell(_now())

    def _put_together(self, command: CompleteTransfer, call: DeskCall) -> Passing | None:
        """Note that a desk connects two calls of its own: the switch does not say so of a ``Bridge``."""
        desks, held = self.watch.desks, self.watch.desks.get(command.held or call.consult_of)
        if held is None or call.role is Role.CONSULTING:
            return None
        passing = self.watch.legs.puts_together(desks.far_legs(held)[0], desks.far_legs(call)[0], held.leg)
        passing.asked = True
        return passing

    def _actions(self, command: Command, call: DeskCall, dialled: Dialled) -> list[Action]:
        plan, far = self.dialplan, self.watch.desks.far_legs(call)
        match command:
            case HangUp():
                call.hanging = True
                return self._hung_up(call)
            case Transfer():
                return commands.transfer(call, far, dialled, self._reachable(), command.record)
            case Consult():
                return commands.consult(call, dialled, self._reachable())
            case CompleteTransfer():
                held = self.watch.desks.get(command.held or call.consult_of)
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
            case Answer() | Resume():  # ``talk`` means picking up, or going on
                return commands.on_phone(call, "talk", plan, command)
            case Hold():
                return commands.on_phone(call, "hold", plan, command)
            case _:
                raise Unsupported("not_by_interface", command=type(command).__name__, by=ABOUT.name)

    def _hung_up(self, call: DeskCall) -> list[Action]:
        """Return what ends a call; a leg that the switch has not made yet is ended once it exists."""
        self._end_unborn(call)
        if self.watch.desks.asks(call):
            return commands.let_go(self.watch.desks.left_waiting(call))
        return [each for each in commands.hang_up(call) if each.headers[0][1] not in self._unborn]

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """See :meth:`offhook.interface.Interface.preview`: of a dial, as if the first device were registered."""
        if not isinstance(command, Dial):
            raise Unsupported("not_by_interface", command=type(command).__name__, by=ABOUT.name)
        own = self._devices(device)[0]
        made = commands.originate(own, self._native(0), dialled, self._reachable(), command.record)
        return [encode(made.name, made.headers).decode().strip()]

    def _fetch(self, call: DeskCall) -> list[Action]:
        device = self._devices(call.desk)[0]
        return [commands.originate(device, self._native(0), call.slot, self._reachable(), call.record)]

    async def _all(self, actions: Iterable[Action]) -> None:
        """Send one after the other. Raises for the first if refused; a further leg may have gone with the first."""
        done = False
        for each in actions:
            answer = await self._act(each)
            if answer.get("response") == "Error":
                refusal = _refusal(each, answer)
                if not (done and refusal.code == "switch_no_channel" and each.name == "Hangup"):
                    raise refusal
            done = True

    async def _dial(self, command: Dial, desk: str, number: str) -> None:
        plan = self._reachable()
        devices = await self._registered(desk)
        # phones that pick up by themselves would all pick up, and each would call the number
        rung = devices if self._ring_all and not plan.auto_answer else devices[:1]
        planned = [(device, self._native(index), self._number()) for index, device in enumerate(rung)]
        expected: dict[str, Leg] = {}

        def begin(answer: AmiMessage) -> None:
            if answer.get("response") == "Success" and not expected:
                for device, native, action in planned:
                    expected[action] = self._expect(command, desk, number, device, native, action)

        refused = None
        for device, native, action in planned:
            what = commands.originate(device, native, number, plan, command.record)
            answer = await self._act(what, action, begin)
            if answer.get("response") != "Success":
                refused = _refusal(what, answer)
                self._give_up(action)
                if not expected:
                    planned = [each for each in planned if each[2] != action]
        if not expected and refused is not None:
            raise refused
        self._rang(command.id, len(expected))

    def _expect(self, command: Dial, desk: str, number: str, device: str, native: str, action: str) -> Leg:
        """Expect a leg that the switch is about to make; if it is never heard of, it ends after a while."""
        leg = self.watch.legs.leg(native, _now(), device)
        leg.began = began_of(native) or leg.at
        self.watch.desks.dialling(desk, leg, number, command.id, command.record)
        self._dials[action] = leg
        self._later(self.dialplan.ring_s + GIVE_UP_S, lambda: self._give_up(action))
        return leg

    def _give_up(self, action: str) -> None:
        """End a dial that was never heard of."""
        leg = self._dials.pop(action, None)
        if leg is not None and not leg.channel and not leg.gone:
            self.watch.legs.goes(leg, _now(), LegOutcome.UNAVAILABLE)
            self._tell(_now())

    async def _registered(self, desk: str) -> list[str]:
        """Return the desk's registered devices. Raises ``Refused`` where there are none."""
        devices = self._devices(desk)
        there = []
        for device in devices:
            answer = await self._act(commands.device_state(device))
            state = answer.get("value").upper() if answer.get("response") == "Success" else ""
            if state not in ("UNAVAILABLE", "INVALID"):
                there.append(device)
        if not there:
            raise Refused("device_unregistered", desk=desk, devices=", ".join(devices))
        return there

    def _devices(self, desk: str) -> tuple[str, ...]:
        devices = self.plan.devices_of(desk)
        if not devices:
            raise Refused("device_unknown", desk=desk, setting="asterisk.devices")
        return devices

    def _reachable(self) -> AsteriskDialplan:
        if not self.dialplan.context:
            raise SettingsError("context_missing", setting="asterisk.context")
        return self.dialplan

    def _drop(self, leg: Leg) -> None:
        headers = [("ActionID", self._number()), ("Channel", leg.named), ("Cause", "16")]
        self._write(encode("Hangup", headers))

    def _examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        return examine(self, desks)

    async def ask(self, what: Action) -> AmiMessage:
        """Carry an action out as it is; its answer may be a refusal."""
        return await self._act(what)

    # --- asking --------------------------------------------------------------------------------------------------

    def _number(self) -> str:
        return f"offhook-{next(self._ids)}"

    def _native(self, index: int) -> str:
        """Return an id of ours for a channel, in the form of Asterisk's own, so that it is recognised."""
        return f"{OURS}{os.urandom(4).hex()}-{int(time.time())}.{index + 1}"

    async def _act(
        self, what: Action, number: str = "", then: Callable[[AmiMessage], None] | None = None
    ) -> AmiMessage:
        number = number or self._number()
        data = encode(what.name, [("ActionID", number), *what.headers])
        return await self._ask(number, data, then)


def _refusal(what: Action, answer: AmiMessage) -> Refused:
    """Return an action's refusal as an error that says what to do."""
    said = answer.get("message").strip()
    low = said.lower()
    if "permission denied" in low:
        classes = PERMISSIONS.get(what.name, "call")
        return Refused("switch_permission", action=what.name, classes=classes)
    if "unknown command" in low:
        return Refused("switch_no_action", action=what.name)
    if "no such channel" in low or "channel does not exist" in low or "channel not" in low:
        return Refused("switch_no_channel")
    if "extension" in low and ("exist" in low or "not found" in low):
        return Refused("switch_no_extension", why=said[:120])
    if "atxfer" in low or "feature" in low:
        return Refused("switch_no_feature", why=said[:120])
    return Refused("refused_by_switch", why=said[:120] or what.name)


PERMISSIONS = {
    "Originate": "originate",
    "Getvar": "call",
    "PJSIPNotify": "system",
}
"""The class of ``write=`` in manager.conf that an action needs, where it is not ``call``."""


def _now() -> datetime:
    return datetime.now(UTC)
