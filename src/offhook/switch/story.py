"""A talk as a person would tell it, in the words of ``docs/recordings.md``. No I/O.

``direction from to rang answered_by result ended_by`` and what else applies; fields that do not apply are left
out.
"""

from typing import Any

from offhook.switch.talk import Leg, LegKind, LegOutcome, Passing, Talk, called_by

Json = dict[str, Any]
WHOLE_CAUSES = (
    LegOutcome.BUSY,
    LegOutcome.REJECTED,
    LegOutcome.NO_ANSWER,
    LegOutcome.UNAVAILABLE,
    LegOutcome.UNALLOCATED,
)


def story(talk: Talk) -> Json:
    """Return what happened in a talk that is over."""
    if talk.legs and not any(leg.real for leg in talk.legs):
        return _of_glue(talk)
    return _Teller(talk).told()


def _of_glue(talk: Talk) -> Json:
    """Tell of a call that an application made between two dialplans, with no phone in it."""
    first = min(talk.legs, key=lambda leg: leg.order)
    called = [leg for leg in talk.legs if leg.caller is not None]
    answered = [leg for leg in called if leg.outcome is LegOutcome.ANSWERED]
    ends = [str(leg.outcome) for leg in called if leg.outcome in WHOLE_CAUSES]
    numbers = [leg.number for leg in talk.legs if leg.number]
    return {
        "direction": "api",
        "from": numbers[0] if numbers else None,
        "to": talk.meant or _dialplan_of(first) or None,
        "rang": [],
        "answered_by": _dialplan_of(answered[0]) if answered else None,
        "result": "answered" if answered else ends[-1] if ends else "unknown",
        "ended_by": "system",
    }


def _dialplan_of(glue: Leg) -> str:
    return glue.device.partition("/")[2].partition("@")[0]


def is_told(talk: Talk) -> bool:
    """Say whether a talk is a call of its own: neither a consultation for another call nor glue alone."""
    if talk.consult_of is not None or talk.into is not None:
        return False
    return bool(talk.asked_for or talk.legs)


def fold(talk: Talk) -> None:
    """Add a consultation that ended without a transfer to the talk it was for."""
    main = talk.consult_of
    while main is not None and main.into is not None:
        main = main.into
    calling = talk.origin
    if main is not None and calling is not None:
        main.consults.append((calling.desk, calling.dialled, calling))


class _Teller:
    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.origin = talk.origin
        self.real = [leg for leg in talk.legs if leg.real]
        own = self.origin is not None and self.origin.own
        self.own = [leg for leg in self.real if leg.own] if own else []
        consulting = {id(leg) for _by, _to, calling in talk.consults for leg in called_by(calling)}
        consulting |= {id(calling) for _by, _to, calling in talk.consults if calling.incoming or calling.own}
        first = [leg for leg in self.real if leg is not self.origin and not leg.own]
        passed = {id(leg) for passing in talk.passings for leg in passing.legs}
        retrieving = {id(leg) for leg in first if leg.incoming and not leg.picked}
        self.reached = [
            leg
            for leg in first
            if id(leg) not in passed and id(leg) not in retrieving and id(leg) not in consulting
        ]

    def told(self) -> Json:
        talk = self.talk
        direction = self.direction()
        answered = self.answered()
        result = self.result(direction, answered)
        found: Json = {
            "direction": direction,
            "from": self.caller(direction),
            "to": self.called(),
            "rang": self.rang(),
            "answered_by": self.name(answered) if answered else None,
            "result": result,
            "ended_by": self.ended_by(direction, result),
        }
        if direction == "click2dial":
            found["own_leg"] = self.own_leg()
        holds = sum(leg.holds for leg in self.real if leg.kind is LegKind.PHONE)
        if holds:
            found["holds"] = holds
        if talk.consults:
            found["consult"] = self.consult()
        if talk.passings:
            found["transfers"] = [self.transfer(passing) for passing in talk.passings]
        if talk.passings or talk.retrieved_by:
            found["final_agent"] = self.final_agent()
        if talk.parked:
            found["parked"] = True
        conference = next((leg.conference for leg in self.real if leg.conference), "")
        name = self.origin.name if self.origin and self.origin.kind is not LegKind.PHONE else ""
        extras = {
            "retrieved_by": talk.retrieved_by,
            "picked_up_from": talk.picked_up_from,
            "queue": talk.queue,
            "conference": conference,
            "caller_name": name,
            "dtmf_from_caller": talk.digits,
        }
        return found | {key: value for key, value in extras.items() if value}

    # --- who -------------------------------------------------------------------------------------------

    def direction(self) -> str:
        origin = self.origin
        if origin is None:
            return "click2dial" if self.talk.asked_for else "api"
        if origin.own:
            return "click2dial" if origin.kind is LegKind.PHONE else "api"
        if origin.kind is LegKind.TRUNK:
            return "inbound"
        if any(leg.kind is LegKind.TRUNK for leg in self.reached):
            return "outbound"
        if any(leg.kind is LegKind.PHONE for leg in self.reached) or len(origin.dialled) <= INTERNAL:
            return "internal"
        return "outbound"

    def caller(self, direction: str) -> str | None:
        if self.origin is None:
            return self.talk.asked_for or None
        if direction in ("inbound", "api") and not self.origin.desk:
            return self.origin.number or None
        return self.origin.desk or self.origin.number or None

    def called(self) -> str | None:
        return self.talk.meant or (self.origin.dialled if self.origin else "") or None

    def name(self, leg: Leg) -> str:
        """Return the extension, or for the outside world the number that was called."""
        unsaid = self.called() if leg.kind is LegKind.TRUNK and leg is not self.origin else ""
        return leg.desk or leg.dialled or leg.number or unsaid or leg.device

    def rang(self) -> list[str]:
        """Return who rang, in order of number."""
        legs = {self.name(leg) for leg in self.reached if leg.rang and not leg.incoming}
        return sorted(legs | self.talk.rang_before, key=_number)

    def answered(self) -> Leg | None:
        taken = [leg for leg in self.reached if leg.talked and (leg.up or leg.outcome is LegOutcome.ANSWERED)]
        return min(taken, key=lambda leg: leg.answered_at or leg.order, default=None)

    def own_leg(self) -> str:
        if any(leg.up for leg in self.own):
            return "answered"
        ends = [leg.outcome for leg in self.own if leg.outcome]
        end = ends[-1] if ends else self.talk.failure
        rang = any(leg.rang for leg in self.own)
        return str(end) if end in WHOLE_CAUSES else "noanswer" if rang else "unavailable"

    def final_agent(self) -> str | None:
        talked = [leg for leg in self.real if leg.kind is LegKind.PHONE and leg.talked]
        last = self.talk.passings[-1].legs if self.talk.passings else []
        found = max(talked, key=lambda leg: (leg.met_at, leg in last), default=None)
        return found.desk if found is not None else None

    # --- how it went -----------------------------------------------------------------------------------

    def result(self, direction: str, answered: Leg | None) -> str:
        if answered is not None:
            return "answered"
        if any(leg.conference for leg in self.real):
            return "conference"
        if direction == "click2dial" and self.own_leg() != "answered":
            return f"own_{self.own_leg()}"
        if self.gave_up():
            return "abandoned" if direction == "inbound" else "cancelled"
        ends = [leg.outcome for leg in self.reached if leg.outcome is not None]
        if LegOutcome.NO_ANSWER in ends:
            return "noanswer"
        known = [end for end in ends if end in (*WHOLE_CAUSES, LegOutcome.FAILED)]
        if known:
            return str(known[-1])
        legs = self.reached or ([self.origin] if self.origin else [])
        said = self.talk.failure or next((leg.end for leg in legs if leg.end), None)
        if said in (*WHOLE_CAUSES, LegOutcome.FAILED):
            return str(said)
        if any(leg.rang for leg in self.reached):
            return "noanswer"
        return "failed" if self.reached else "unknown"

    def gave_up(self) -> bool:
        """Say whether the caller hung up while somebody was still being called."""
        callers = self.own or ([self.origin] if self.origin else [])
        cancelled = any(leg.outcome is LegOutcome.CANCELLED for leg in self.reached)
        if self.cancelled_by_api():
            return True
        return any(leg.asked and (leg.waiting or cancelled) for leg in callers)

    def cancelled_by_api(self) -> bool:
        """Say whether everybody being called was dropped although nobody had hung up."""
        callers = self.own or ([self.origin] if self.origin else [])
        ends = [leg.outcome for leg in self.reached]
        return bool(ends) and set(ends) == {LegOutcome.CANCELLED} and not any(leg.asked for leg in callers)

    def ended_by(self, direction: str, result: str) -> str:
        talk = self.talk
        outside = any(leg.kind is LegKind.TRUNK for leg in self.real) or direction in ("inbound", "outbound")
        caller = "agent" if outside and direction != "inbound" else "caller"
        if result in ("abandoned", "cancelled"):
            return "api" if talk.by_api or self.cancelled_by_api() else caller
        if result == "conference":
            return self.side(talk.closing or self.first_asked(), direction, outside)
        if result != "answered":
            taken_back = talk.unexplained and result == "own_noanswer" and any(leg.rang for leg in self.own)
            return "api" if talk.by_api or taken_back else "system"
        if talk.passings and not (talk.closing and talk.closing.met_at > talk.passings[-1].order):
            last = self.transfer(talk.passings[-1])["result"]
            if last == "abandoned":
                return "caller"
            if last != "answered":
                return "system"
        return self.side(talk.closing, direction, outside)

    def side(self, leg: Leg | None, direction: str, outside: bool) -> str:
        if leg is None:
            waits = self.talk.parked and not self.talk.retrieved_by
            return "system" if waits else "api"
        if leg.kind is not LegKind.PHONE:
            return "caller" if leg is self.origin else "callee"
        answered = self.answered()
        if self.talk.passings and leg is not answered and leg is not self.origin:
            return leg.desk
        if outside:
            return "agent"
        return "caller" if leg is self.origin or leg.own else "callee"

    def first_asked(self) -> Leg | None:
        return min((leg for leg in self.real if leg.asked), key=lambda leg: leg.asked, default=None)

    def transfer(self, passing: Passing) -> Json:
        return {"kind": passing.kind, "by": passing.by, "to": passing.to, "result": self.passed_on(passing)}

    def passed_on(self, passing: Passing) -> str:
        confers = passing.transferee is not None and passing.transferee.conference
        if (
            passing.answered
            or confers
            or any(leg.up or leg.outcome is LegOutcome.ANSWERED for leg in passing.legs)
        ):
            return "answered"
        gave_up = passing.transferee is not None and passing.transferee.asked and passing.transferee.waiting
        if gave_up:
            return "abandoned"
        ends = [leg.outcome for leg in passing.legs if leg.outcome]
        for end in (LegOutcome.NO_ANSWER, LegOutcome.BUSY):
            if end in ends:
                return str(end)
        let_go = any(leg.outcome is LegOutcome.CANCELLED for leg in passing.legs)
        return "noanswer" if let_go or any(leg.rang for leg in passing.legs) else "failed"

    def consult(self) -> Json:
        by, to, calling = self.talk.consults[-1]
        legs = called_by(calling)
        blonde = any(passing.kind == "blonde" for passing in self.talk.passings)
        if blonde:
            result = "ringing"
        elif any(leg.up for leg in legs):
            result = "answered"
        else:
            ends = [leg.outcome for leg in legs]
            result = "busy" if LegOutcome.BUSY in ends else "noanswer"
        return {"by": by, "to": to, "result": result}


INTERNAL = 5
"""Up to this many digits, a number that reached nobody is the switch's own."""


def _number(name: str) -> tuple[int, str]:
    return (len(name), name)
