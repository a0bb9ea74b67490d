"""A small PBX: extensions, groups, a queue, parking, pickup, an outside world with habits. No I/O, no clock.

It behaves like an exchange with a CSTA link. Requests come in as JSON objects (``do`` is a CSTA service,
or something a person does at a phone), and events for each extension go out in CSTA's words: the device's
own view of its connections. Time is handed in as seconds since 1970; :attr:`Pbx.deadline` is when
:meth:`Pbx.tick` wants to be called next.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Json = dict[str, Any]
OUTSIDE = "outside"
SLOTS = tuple(str(slot) for slot in range(721, 730))
PARK_S = 45.0
RING_S = 20.0


class PbxRefused(Exception):
    """The exchange refuses; the argument is the reason it gives on the link."""


@dataclass(slots=True)
class Habit:
    """What the person at a phone does. Seconds; ``None``: does not do it.

    ``does`` is ``answer``, ``busy``, ``reject`` or ``unallocated``; an ``answer`` without ``after_s``
    lets it ring.
    """

    does: str = "answer"
    ring_s: float = 0.6
    after_s: float | None = None
    talk_s: float | None = None
    pick_up_s: float | None = 1.2


@dataclass(slots=True, eq=False)
class PbxLeg:
    """One device's part in a talk. ``key`` names the connection on the link, as that device sees it."""

    talk: "PbxTalk"
    device: str
    number: str
    name: str
    role: str
    state: str
    key: str
    started: float
    click: bool = False
    cause: str = ""


@dataclass(slots=True, eq=False)
class PbxTalk:
    """One conversation, from the first digit to the last goodbye.

    ``answered`` is when it was answered, else 0; ``failed`` is why nobody took it; ``tries`` counts the rounds of
    ringing, so that the end of an earlier round does not end a later one; ``visits`` counts how often each device came
    into it. ``thread`` is CSTA's thread linkage: what belongs together for the outside party.
    """

    id: str
    started: float
    dialled: str
    thread: str
    legs: list[PbxLeg] = field(default_factory=list)
    consult_of: str = ""
    slot: str = ""
    by: str = ""
    data: Json | None = None
    answered: float = 0.0
    failed: str = ""
    tries: int = 0
    visits: dict[str, int] = field(default_factory=dict)

    @property
    def caller(self) -> PbxLeg | None:
        return next((leg for leg in self.legs if leg.role == "caller"), None)

    def leg_of(self, device: str) -> PbxLeg | None:
        return next((leg for leg in self.legs if leg.device == device), None)


@dataclass(frozen=True, slots=True)
class Numbering:
    """The exchange's numbering: who is there and what their habits are; ``direct`` are its outside numbers."""

    phones: dict[str, str]
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    queues: dict[str, tuple[str, ...]] = field(default_factory=dict)
    direct: dict[str, str] = field(default_factory=dict)
    habits: dict[str, Habit] = field(default_factory=dict)
    outside: dict[str, Habit] = field(default_factory=dict)
    outside_habit: Habit = field(default_factory=lambda: Habit(after_s=2.0))
    unregistered: frozenset[str] = frozenset()


class Pbx:
    """The exchange. :meth:`do` takes a request, :meth:`tick` the time; :meth:`drain` gives the events."""

    def __init__(self, plan: Numbering, name: str = "pbx") -> None:
        self.plan = plan
        self.name = name
        self.unregistered = set(plan.unregistered)
        self.talks: dict[str, PbxTalk] = {}
        self.now = 0.0
        self._numbers = count(1)
        self._order = count()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._events: list[Json] = []
        self._services: dict[str, Callable[..., Json | None]] = {
            "MakeCall": self.make_call,
            "AnswerCall": self.answer_call,
            "ClearConnection": self.clear_connection,
            "HoldCall": self.hold_call,
            "RetrieveCall": self.retrieve_call,
            "SingleStepTransferCall": self.single_step_transfer,
            "ConsultationCall": self.consultation_call,
            "TransferCall": self.transfer_call,
            "ReconnectCall": self.reconnect_call,
            "GenerateDigits": self.generate_digits,
            "AssociateData": self.associate_data,
            "ParkCall": self.park_call,
            "Snapshot": self.snapshot,
            "Incoming": self.incoming,
            "FarHangUp": self.far_hang_up,
            "LiftHandset": self.lift_handset,
            "DialOnPhone": self.dial_on_phone,
        }

    # --- the outside of the machine -----------------------------------------------------------------

    def do(self, request: Json, now: float) -> Json:
        """Carry out one request; returns its answer. Raises :class:`PbxRefused` with the reason."""
        self.tick(now)
        service = self._services.get(str(request.get("do")))
        if service is None:
            raise PbxRefused("operationNotSupported")
        words = {str(key): value for key, value in request.items() if key not in ("do", "id")}
        if not all(_sensible(key, value) for key, value in words.items()):
            raise PbxRefused("invalidParameter")
        try:
            return service(**words) or {}
        except (TypeError, AttributeError, ValueError):
            raise PbxRefused("invalidParameter") from None

    @property
    def deadline(self) -> float | None:
        """When something happens by itself next, or ``None``."""
        return self._timers[0][0] if self._timers else None

    def tick(self, now: float) -> None:
        """Let everything happen that is due by ``now``."""
        while self._timers and self._timers[0][0] <= now:
            due, _order, happen = heapq.heappop(self._timers)
            self.now = max(self.now, due)
            happen()
        self.now = max(self.now, now)

    def drain(self) -> list[Json]:
        """Return the events since the last time, in order."""
        events, self._events = self._events, []
        return events

    # --- services: what a CTI link may ask ----------------------------------------------------------

    def make_call(self, device: str, to: str, cause: str = "", data: Json | None = None) -> Json:
        """Alert the device's own phone; when it is picked up, call ``to``."""
        self._check_phone(device)
        if device in self.unregistered:
            raise PbxRefused("deviceOutOfService")
        talk = self._new_talk(to)
        talk.data = data
        leg = self._join(talk, device, "caller", "prompt")
        leg.click, leg.cause = True, cause
        self._tell("ServiceInitiated", leg)
        pick_up_s = self._habit(device).pick_up_s
        if pick_up_s is not None:
            self._later(pick_up_s, lambda: self._lift(leg))
        self._later(RING_S, lambda: self._own_time_out(leg))
        return {"call": leg.key}

    def answer_call(self, device: str, call: str) -> None:
        """Take a ringing call; the one being spoken to goes on hold."""
        leg = self._find(device, call, "prompt", "ringing")
        if leg.state == "prompt":
            self._lift(leg)
        else:
            self._answer(leg)

    def clear_connection(self, device: str, call: str) -> None:
        """Leave the call."""
        self._hang_up(self._find(device, call))

    def hold_call(self, device: str, call: str) -> None:
        """Put the other side on hold."""
        self._hold(self._find(device, call, "up"))

    def retrieve_call(self, device: str, call: str) -> None:
        """Go on with a held call, or take one's own parked call back."""
        leg = self._find(device, call, "held", "parked")
        self._hold_others(leg)
        leg.state, leg.talk.slot = "up", ""
        self._tell("Retrieved", leg, by=device)

    def single_step_transfer(self, device: str, call: str, to: str, data: Json | None = None) -> None:
        """Pass the call on without asking first."""
        leg = self._find(device, call, "up", "held", "ringing")
        talk, rest = leg.talk, self._other(leg)
        if rest is None:
            raise PbxRefused("invalidConnectionState")
        if not self._leads_somewhere(to):
            raise PbxRefused("unallocatedNumber")
        if leg.state == "ringing":
            self._tell("Diverted", leg, to=to)
            self._clear(leg, "divertedElsewhere")
        else:
            self._tell("Transferred", leg, to=to, kind="blind")
            self._clear(leg, "normalClearing")
        talk.data = data or talk.data
        rest.role, talk.by, talk.dialled = "caller", device, to
        self._route(talk, to)

    def consultation_call(self, device: str, call: str, to: str) -> Json:
        """Hold the call and ring ``to`` to ask first."""
        leg = self._find(device, call, "up", "held")
        if leg.state == "up":
            self._hold(leg)
        asked = self._new_talk(to)
        asked.consult_of = leg.talk.id
        own = self._join(asked, device, "caller", "up")
        self._tell("Originated", own)
        self._route(asked, to)
        return {"call": own.key}

    def transfer_call(self, device: str, call: str, held: str = "", data: Json | None = None) -> None:
        """Connect the party on hold with the one consulted, whose phone may still ring, or with another talked to."""
        own = self._find(device, call)
        asked = own.talk
        waiting = self._find(device, held).talk if held else self.talks.get(asked.consult_of)
        self._connect(own, asked, waiting, data)

    def _connect(self, own: PbxLeg, asked: PbxTalk, held: PbxTalk | None, data: Json | None) -> None:
        device = own.device
        held_leg = held.leg_of(device) if held else None
        moving = [leg for leg in asked.legs if leg is not own]
        if held is None or held_leg is None or not moving:
            raise PbxRefused("invalidConnectionState")
        held.data, held.answered, held.by = data or held.data, asked.answered, device
        held.thread = min((held.started, held.thread), (asked.started, asked.thread))[1]
        self._tell("Transferred", held_leg, to=asked.dialled, kind="attended")
        self._clear(held_leg, "normalClearing")
        self._clear(own, "normalClearing")
        for rest in held.legs:
            rest.role = "caller"
        for leg in moving:
            self._move(leg, held)
        for rest in held.legs:
            if rest.role == "caller":
                self._tell("CallInformation", rest)
        if not held.answered:
            self._ring_until(held)

    def reconnect_call(self, device: str, call: str) -> None:
        """Drop the person consulted and go back to the call on hold."""
        own = self._find(device, call)
        held = self.talks.get(own.talk.consult_of)
        leg = held.leg_of(device) if held else None
        if leg is None:
            raise PbxRefused("invalidConnectionState")
        self._hang_up(own)
        if leg.state == "held":
            self.retrieve_call(device, leg.key)

    def generate_digits(self, device: str, call: str, digits: str) -> None:
        """Send tones to the other side, who hears them and does nothing."""
        self._find(device, call, "up")
        if not digits or set(digits.upper()) - set("0123456789*#ABCD"):
            raise PbxRefused("invalidParameter")

    def associate_data(self, device: str, call: str, data: Json) -> None:
        """Attach the application's data to the call; it goes where the call goes."""
        talk = self._find(device, call).talk
        talk.data = data
        for each in talk.legs:
            self._tell("CallInformation", each, by=device)

    def park_call(self, device: str, call: str, slot: str = "") -> Json:
        """Leave the other side in a parking place, from where anybody may take it."""
        leg = self._find(device, call, "up", "held")
        taken = {each.slot for each in self.talks.values()}
        free = [each for each in ((slot,) if slot else SLOTS) if each in SLOTS and each not in taken]
        if not free:
            raise PbxRefused("resourceBusy")
        leg.talk.slot, leg.state = free[0], "parked"
        self._tell("Parked", leg)
        leg.talk.tries += 1
        this_time = leg.talk.tries
        self._later(PARK_S, lambda: self._recall(leg) if leg.talk.tries == this_time else None)
        return {"slot": free[0]}

    def snapshot(self) -> Json:
        """Return every extension's connections."""
        phones = self.plan.phones
        legs = [leg for talk in self.talks.values() for leg in talk.legs if leg.device in phones]
        return {"connections": [self._view(leg) | {"state": leg.state} for leg in legs]}

    # --- what people do -----------------------------------------------------------------------------

    def incoming(
        self,
        to: str,
        number: str = "",
        name: str = "",
        late_name: str = "",
        late_s: float = 0.8,
        patience_s: float | None = None,
        talk_s: float | None = None,
    ) -> Json:
        """Somebody outside calls ``to``; without a number they hide it. Refused where it rings nowhere."""
        talk = self._new_talk(to)
        leg = PbxLeg(talk, OUTSIDE, number or "anonymous", name, "caller", "up", talk.id, self.now)
        talk.legs.append(leg)
        self._route(talk, to)
        if not any(each.device in self.plan.phones for each in leg.talk.legs):
            self._fail(talk, "unallocatedNumber")  # it went out again
            raise PbxRefused(talk.failed)
        if late_name:
            self._later(late_s, lambda: self._learn(leg, late_name))
        if patience_s is not None:
            self._later(patience_s, lambda: None if talk.answered else self._hang_up(leg))
        if talk_s is not None:
            self._later(talk_s, lambda: self._hang_up(leg))
        return {"talk": talk.id}

    def far_hang_up(self, talk: str = "", device: str = "", call: str = "") -> None:
        """The outside party of a talk hangs up."""
        if device:
            self._check_phone(device)
            if not call:
                raise PbxRefused("noOutsideCall")
        found = self._find(device, call).talk if device else self.talks.get(talk)
        if found is None:
            raise PbxRefused("invalidCallID")
        legs = [leg for leg in found.legs if leg.device == OUTSIDE]
        if not legs:
            raise PbxRefused("noOutsideCall")
        self._hang_up(legs[0])

    def lift_handset(self, device: str) -> None:
        """Somebody lifts the handset of a ringing phone."""
        self._check_phone(device)
        for talk in self.talks.values():
            leg = talk.leg_of(device)
            if leg is not None and leg.state in ("prompt", "ringing"):
                self.answer_call(device, leg.key)
                return
        raise PbxRefused("noCallToAnswer")

    def dial_on_phone(self, device: str, to: str) -> Json:
        """Somebody dials on the phone itself."""
        self._check_phone(device)
        talk = self._new_talk(to)
        leg = self._join(talk, device, "caller", "up")
        self._hold_others(leg)
        self._tell("Originated", leg)
        self._route(talk, to)
        return {"call": leg.key}

    # --- routing ------------------------------------------------------------------------------------

    def _route(self, talk: PbxTalk, to: str) -> None:
        talk.answered = 0.0
        to = self.plan.direct.get(to, to)
        members = self.plan.groups.get(to) or self.plan.queues.get(to)
        if to in SLOTS:
            self._take_parked(talk, to)
        elif to.startswith(("*8", "*9")):
            self._pick_up(talk, to[2:])
        elif to in self.plan.phones or members:
            self._offer(talk, members or (to,))
        elif len(to.lstrip("+")) > 5 or to in self.plan.outside:
            self._call_outside(talk, to)
        else:
            self._fail(talk, "unallocatedNumber")

    def _leads_somewhere(self, to: str) -> bool:
        plan = self.plan
        inside = (plan.phones, plan.groups, plan.queues, plan.direct, plan.outside, SLOTS)
        return any(to in each for each in inside) or len(to.lstrip("+")) > 5

    def _offer(self, talk: PbxTalk, devices: Iterable[str]) -> None:
        inside = [device for device in devices if talk.leg_of(device) is None]
        there = [device for device in inside if device not in self.unregistered]
        free = [device for device in there if self._habit(device).does != "busy"]
        if not free:
            self._fail(talk, "destOutOfOrder" if inside and not there else "busy")
            return
        for leg in [self._join(talk, device, "callee", "ringing") for device in free]:
            self._tell("Delivered", leg, alerting=leg.device, by=talk.by)
            self._act(leg, self._habit(leg.device))
        self._ring_back(talk)
        self._ring_until(talk)

    def _call_outside(self, talk: PbxTalk, number: str) -> None:
        habit = self.plan.outside.get(number, self.plan.outside_habit)
        leg = PbxLeg(talk, OUTSIDE, number, "", "callee", "called", talk.id, self.now)
        talk.legs.append(leg)
        if habit.does == "answer":
            self._later(habit.ring_s, lambda: self._far_rings(leg))
            self._ring_until(talk)
        self._act(leg, habit)

    def _act(self, leg: PbxLeg, habit: Habit) -> None:
        """Let the person at that phone do what they usually do."""
        if habit.does == "answer" and habit.after_s is not None:
            self._later(habit.ring_s + habit.after_s, lambda: self._answer(leg, habit.talk_s))
        elif habit.does == "reject":
            self._later(habit.ring_s, lambda: self._hang_up(leg))
        elif habit.does in ("busy", "unallocated"):
            cause = {"busy": "busy", "unallocated": "unallocatedNumber"}[habit.does]
            self._later(habit.ring_s, lambda: self._fail(leg.talk, cause))

    def _far_rings(self, leg: PbxLeg) -> None:
        if leg.state == "called":
            leg.state = "ringing"
            self._ring_back(leg.talk)

    def _ring_back(self, talk: PbxTalk) -> None:
        for leg in talk.legs:
            if leg.role == "caller":
                self._tell("Delivered", leg, alerting=talk.dialled)

    def _ring_until(self, talk: PbxTalk) -> None:
        """Let it ring for a while; after that, nobody answered."""
        talk.tries += 1
        this_round = talk.tries
        self._later(RING_S, lambda: self._fail(talk, "noAnswer") if talk.tries == this_round else None)

    # --- what happens to a talk ---------------------------------------------------------------------

    def _lift(self, leg: PbxLeg) -> None:
        """The desk's own phone of a click-to-dial is picked up: now the number is called."""
        if leg.state == "prompt":
            self._hold_others(leg)
            leg.state = "up"
            self._tell("Originated", leg)
            self._route(leg.talk, leg.talk.dialled)

    def _own_time_out(self, leg: PbxLeg) -> None:
        if leg.state == "prompt":
            self._clear(leg, "ownNoAnswer")

    def _answer(self, leg: PbxLeg, talk_s: float | None = None) -> None:
        if leg.state not in ("ringing", "called"):
            return
        talk = leg.talk
        self._hold_others(leg)
        leg.state, talk.answered = "up", self.now
        self._clear_ringing(talk)
        for each in talk.legs:
            self._tell("Established", each)
        if talk_s is not None:
            self._later(talk_s, lambda: self._hang_up(leg))

    def _clear_ringing(self, talk: PbxTalk) -> None:
        for leg in [each for each in talk.legs if each.state in ("ringing", "called")]:
            self._clear(leg, "answeredElsewhere")

    def _fail(self, talk: PbxTalk, cause: str) -> None:
        """Nobody takes the call: everybody in it hears why and leaves it."""
        if not talk.answered:
            talk.failed = talk.failed or cause
            for leg in list(talk.legs):
                self._clear(leg, cause)

    def _hang_up(self, leg: PbxLeg) -> None:
        if leg.state == "gone":
            return
        if leg.state == "prompt":
            self._clear(leg, "ownRejected")
            return
        talk, rings = leg.talk, leg.state in ("ringing", "called")
        if rings and any(each.state == "ringing" for each in talk.legs if each is not leg):
            self._clear(leg, "callRejected")
            return
        cause = "callRejected" if rings else "normalClearing" if talk.answered else "callCancelled"
        for each in list(talk.legs):
            self._clear(each, cause)

    def _hold(self, leg: PbxLeg) -> None:
        leg.state = "held"
        self._tell("Held", leg)

    def _hold_others(self, speaking: PbxLeg) -> None:
        """A phone speaks on one call at a time."""
        for talk in list(self.talks.values()):
            leg = talk.leg_of(speaking.device)
            if leg is None or leg is speaking or leg.state != "up" or leg.device == OUTSIDE:
                continue
            if talk.answered:
                self._hold(leg)
            else:
                self._hang_up(leg)

    def _take_parked(self, talk: PbxTalk, slot: str) -> None:
        """Whoever dialled a parking place gets the call parked there."""
        parked = next((each for each in self.talks.values() if each.slot == slot), None)
        taker = talk.caller
        if parked is None or taker is None:
            self._fail(talk, "unallocatedNumber")
            return
        parked.slot = ""
        parker = next((leg for leg in parked.legs if leg.state == "parked"), None)
        if parker is None:
            self._fail(talk, "unallocatedNumber")
            return
        if parker.device == taker.device:
            self._clear(taker, "normalClearing")
            parker.state = "up"
            self._tell("Retrieved", parker, by=parker.device)
            return
        self._tell("Retrieved", parker, by=taker.device)
        self._clear(parker, "normalClearing")
        self._take_over(taker, parked)
        self._tell("Retrieved", taker, by=taker.device, taken=True)

    def _pick_up(self, talk: PbxTalk, wanted: str) -> None:
        """Whoever dialled ``*9EXT`` (or ``*8`` for anybody's) gets the call that rings there."""
        taker = talk.caller
        rings = [
            leg
            for each in self.talks.values()
            for leg in each.legs
            if leg.state == "ringing" and leg.device in self.plan.phones and wanted in ("", leg.device)
        ]
        if not rings or taker is None:
            self._fail(talk, "unallocatedNumber")
            return
        ringing = rings[0].talk
        ringing.answered = self.now
        self._clear_ringing(ringing)
        self._take_over(taker, ringing)
        for each in ringing.legs:
            self._tell("Established", each)

    def _take_over(self, leg: PbxLeg, talk: PbxTalk) -> None:
        for rest in talk.legs:
            rest.role = "caller"
        leg.click = False
        self._move(leg, talk)

    def _move(self, leg: PbxLeg, talk: PbxTalk) -> None:
        """Put a leg into another talk. A device that was in it before keeps its connection's name."""
        old, old_key, old_started = leg.talk, leg.key, leg.started
        old.legs.remove(leg)
        if not old.legs:
            del self.talks[old.id]
        talk.legs.append(leg)
        leg.talk, leg.role = talk, "callee"
        first = leg.device not in talk.visits
        talk.visits[leg.device] = talk.visits.get(leg.device, 0) + 1
        if first:
            leg.key, leg.started = talk.id, talk.started
            self._tell("Transferred", leg, old=old_key, old_started=old_started, by=talk.by)
        else:
            self._tell("CallInformation", leg)

    def _recall(self, leg: PbxLeg) -> None:
        """Nobody took the parked call: it rings where it was parked."""
        talk = leg.talk
        if leg.state == "parked":
            talk.slot, talk.answered, leg.state = "", 0.0, "ringing"
            for each in talk.legs:
                each.role = "callee" if each is leg else "caller"
            self._tell("Delivered", leg, alerting=leg.device)
            self._ring_until(talk)

    def _learn(self, leg: PbxLeg, name: str) -> None:
        leg.name = name
        for each in leg.talk.legs:
            self._tell("CallInformation", each)

    def _check_phone(self, device: str) -> None:
        if device not in self.plan.phones:
            raise PbxRefused("invalidDevice")

    # --- small parts --------------------------------------------------------------------------------

    def _new_talk(self, dialled: str) -> PbxTalk:
        if not isinstance(dialled, str):
            raise PbxRefused("invalidParameter")
        name = f"{self.name}-{next(self._numbers)}"
        talk = PbxTalk(name, self.now, dialled, name)
        self.talks[talk.id] = talk
        return talk

    def _join(self, talk: PbxTalk, device: str, role: str, state: str) -> PbxLeg:
        visit = talk.visits.get(device, 0)
        talk.visits[device] = visit + 1
        key = f"{talk.id}/{visit}" if visit else talk.id
        started = self.now if visit else talk.started
        leg = PbxLeg(talk, device, device, self.plan.phones[device], role, state, key, started)
        talk.legs.append(leg)
        return leg

    def _find(self, device: str, call: str, *states: str) -> PbxLeg:
        for talk in self.talks.values():
            leg = talk.leg_of(device)
            if leg is not None and leg.key == call:
                if states and leg.state not in states:
                    raise PbxRefused("invalidConnectionState")
                return leg
        raise PbxRefused("invalidCallID")

    def _other(self, leg: PbxLeg) -> PbxLeg | None:
        """Return the party a leg speaks with: one that has answered before those that only ring."""
        others = [each for each in leg.talk.legs if each is not leg]
        others.sort(key=lambda each: each.state in ("ringing", "called"))
        return others[0] if others else None

    def _clear(self, leg: PbxLeg, cause: str) -> None:
        self._tell("ConnectionCleared", leg, why=cause)
        leg.state = "gone"
        leg.talk.legs.remove(leg)
        if not leg.talk.legs:
            self.talks.pop(leg.talk.id, None)

    def _habit(self, device: str) -> Habit:
        return self.plan.habits.get(device) or _MANUAL

    def _later(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (self.now + seconds, next(self._order), happen))

    def _view(self, leg: PbxLeg) -> Json:
        """Return a connection as its own device sees it."""
        talk, other = leg.talk, self._other(leg)
        if other is None or (leg.role == "caller" and not talk.answered):
            party = {"number": talk.dialled, "name": self.plan.phones.get(talk.dialled, "")}
        else:
            party = {"number": other.number, "name": other.name}
        consulted = self.talks.get(talk.consult_of)
        own = consulted.leg_of(leg.device) if consulted else None
        return {
            "device": leg.device,
            "call": leg.key,
            "thread": talk.thread,
            "started": leg.started,
            "answered": talk.answered,
            "ringing": any(each.state == "ringing" for each in talk.legs if each is not leg),
            "role": leg.role,
            "click": leg.click,
            "outside": other.device == OUTSIDE if other else len(talk.dialled) > 5,
            "party": party,
            "called": talk.dialled,
            "consult_of": own.key if own else "",
            "consult_started": own.started if own else 0.0,
            "slot": talk.slot,
            "data": talk.data,
            "cause": leg.cause,
        }

    def _tell(self, event: str, leg: PbxLeg, **more: object) -> None:
        if leg.device in self.plan.phones:
            self._events.append({"event": event, "at": self.now} | self._view(leg) | more)


_MANUAL = Habit()
LONGEST_WORD = 1000


def _sensible(name: str, value: object) -> bool:
    """Say whether a request's value can be used: numbers of seconds, short text, or data."""
    if name.endswith("_s"):
        return value is None or (isinstance(value, int | float) and 0 <= value < 86_400)
    if name == "data":
        return value is None or (isinstance(value, dict) and len(str(value)) <= LONGEST_WORD)
    return isinstance(value, str) and len(value) <= LONGEST_WORD
