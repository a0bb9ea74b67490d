"""What each desk sees of a switch's talks: its calls, and the events that tell of them. No I/O, no clock.

A desk's call is derived anew from what is known of its legs after every fact, and compared with what was
told: the order in which a switch tells things matters little, and nothing is told twice.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from offhook.model import (
    Call,
    Connected,
    Dialling,
    Direction,
    Diverted,
    Ended,
    Event,
    Held,
    Merged,
    Parked,
    Party,
    PartyKind,
    Prompted,
    Reason,
    Record,
    RecordPassed,
    RemoteRinging,
    Resumed,
    Retrieved,
    Ringing,
    State,
    Transferred,
    Updated,
    call_id,
    conversation_id,
)
from offhook.numbers import party as party_of
from offhook.switch.legs import Legs
from offhook.switch.talk import Leg, LegKind, LegOutcome, Talk, called_by, caller_of


class Role(StrEnum):
    """How a desk came into a call."""

    CALLER = "caller"
    OWN = "own"
    CALLED = "called"
    CONSULTING = "consulting"


NOBODY = Party()


@dataclass(slots=True, eq=False)
class DeskCall:
    """One call at one desk: its legs (several devices may ring for one call), and what was told of it."""

    id: str
    desk: str
    role: Role
    talk: Talk
    legs: list[Leg] = field(default_factory=list)
    consult_of: str = ""
    cause: str = ""
    begun_by: str = ""
    """The command that began it."""
    party: Party = NOBODY
    conversation: str = ""
    before: tuple[str, int, str] | None = None
    """What its conversation would be without a restart, the transfers known then, and what it was before."""
    record: Record | None = None
    state: State = State.NULL
    slot: str = ""
    started_at: datetime | None = None
    connected_at: datetime | None = None
    diverted: str = ""
    """Where we sent it while it rang."""
    hanging: bool = False
    """We asked for it to end."""
    lost: bool = False
    """It was gone when the link came back: nobody knows how it ended."""

    @property
    def leg(self) -> Leg:
        """The leg that matters: the one that talks, else one that still exists."""
        live = [leg for leg in self.legs if not leg.gone]
        return next((leg for leg in live if leg.up), live[0] if live else self.legs[-1])


_RANK = {
    State.NULL: -1,
    State.INITIATED: 0,
    State.PROMPTED: 1,
    State.DELIVERED: 2,
    State.ALERTING: 2,
    State.CONNECTED: 3,
    State.HELD: 3,
    State.PARKED: 3,
    State.CLEARED: 4,
}
_OWN = {
    LegOutcome.BUSY: Reason.OWN_BUSY,
    LegOutcome.REJECTED: Reason.OWN_REJECTED,
    LegOutcome.NO_ANSWER: Reason.OWN_NO_ANSWER,
    LegOutcome.UNAVAILABLE: Reason.OWN_UNAVAILABLE,
    LegOutcome.UNALLOCATED: Reason.OWN_UNAVAILABLE,
    LegOutcome.CANCELLED: Reason.CANCELLED,
    LegOutcome.FAILED: Reason.FAILED,
}
_FAR = {
    LegOutcome.BUSY: Reason.BUSY,
    LegOutcome.REJECTED: Reason.REJECTED,
    LegOutcome.NO_ANSWER: Reason.NO_ANSWER,
    LegOutcome.UNAVAILABLE: Reason.UNAVAILABLE,
    LegOutcome.UNALLOCATED: Reason.UNALLOCATED,
    LegOutcome.FAILED: Reason.FAILED,
    LegOutcome.CANCELLED: Reason.CANCELLED,
    LegOutcome.FORWARDED: Reason.ANSWERED_ELSEWHERE,
    LegOutcome.ELSEWHERE: Reason.ANSWERED_ELSEWHERE,
}


class Desks:
    """Every desk's calls on one switch."""

    def __init__(self, legs: Legs, country: str, strip: tuple[str, ...] = ()) -> None:
        self.legs = legs
        self._of_leg: dict[str, DeskCall] = {}
        self._consulting: dict[str, DeskCall] = {}
        self._calls: dict[str, DeskCall] = {}
        self._at: dict[str, dict[str, DeskCall]] = {}
        self._begun: dict[str, list[DeskCall]] = {}
        self._before: dict[str, str] = {}
        self._known_as: dict[str, str] = {}

        @lru_cache(maxsize=10_000)
        def read(number: str, name: str) -> Party:
            return party_of(number, country, name, strip)

        self._read: Callable[[str, str], Party] = read

    def remember(self, calls: Iterable[Call]) -> None:
        """Take in the calls from before a restart: a conversation goes on under its id if any of its calls does."""
        self._before |= {call.id: call.conversation for call in calls if call.conversation}

    # --- what is new ------------------------------------------------------------------------------------

    def news(self, at: datetime) -> list[Event]:
        """Return what the facts since the last time mean for the desks."""
        touched, self.legs.touched = self.legs.touched, {}
        found: list[Event] = []
        for talk in touched:
            while talk.into is not None:
                talk = talk.into
            for leg in talk.legs:
                if leg.desk and leg.kind is LegKind.PHONE and not leg.gone and leg.id not in self._of_leg:
                    self._take_up(leg)
            for _by, _to, calling in talk.consults:
                if not calling.real and not calling.gone and calling.id not in self._consulting:
                    self._take_up_consult(talk, calling)
            for call in list(self._in(talk)):
                if call.id not in self._calls:
                    continue  # it has become another's
                found += self._told(call, at)
        return found

    def forget(self, talk: Talk) -> None:
        """Forget a talk that is long over."""
        for leg in talk.legs:
            self._of_leg.pop(leg.id, None)
            self._consulting.pop(leg.id, None)

    def calls(self) -> tuple[Call, ...]:
        """Return every desk's open calls: a snapshot."""
        return tuple(self._shown(call) for call in self._calls.values() if call.state is not State.NULL)

    def get(self, call: str) -> DeskCall | None:
        """Return an open call by its id."""
        return self._calls.get(call)

    def talking(self, desk: str) -> list[DeskCall]:
        """Return the calls a desk is talking on."""
        return [each for each in self._at.get(desk, {}).values() if each.state is State.CONNECTED]

    def of_leg(self, leg: Leg) -> DeskCall | None:
        """Return the open call that a leg is part of."""
        found = self._of_leg.get(leg.id)
        return found if found is not None and found.id in self._calls else None

    def far_legs(self, call: DeskCall) -> list[Leg]:
        """Return the legs of those who talk with a desk, or call it."""
        leg = call.leg
        found = [each for each in self.legs.mates(leg) if each is not leg]
        if not found and (caller := caller_of(leg)) is not None and not leg.own:
            found = [caller]
        return found or [each for each in called_by(leg) if not each.gone]

    def asks(self, call: DeskCall) -> bool:
        """Say whether a call waits while its desk's phone asks somebody through the switch's own feature."""
        return call.role is not Role.CONSULTING and self._consults_now(call)

    def left_waiting(self, call: DeskCall) -> list[Leg]:
        """Return the legs of those waiting for a consultation to end: its phone is in a bridge with another."""
        asking = [each for _by, _to, calling in call.talk.consults for each in (calling, *called_by(calling))]
        here = [*call.legs, *asking]
        return [leg for leg in call.talk.legs if leg.real and leg.talked and not leg.gone and leg not in here]

    def begun_by(self, cause: str) -> DeskCall | None:
        """Return the open call that a command began."""
        return next(iter(self._begun.get(cause, ())), None)

    def dialling(
        self, desk: str, leg: Leg, meant: str, cause: str, record: Record | None, held: DeskCall | None = None
    ) -> None:
        """A desk is about to call: its call exists before the switch tells of it. ``held``: to consult about it."""
        leg.originated, leg.incoming, leg.desk, leg.kind = True, False, desk, LegKind.PHONE
        if held is not None:
            leg.talk.consult_of, leg.talk.consulter = held.talk, held.leg
        leg.talk.meant, leg.talk.record = meant, record
        same = [each for each in self._begun.get(cause, ()) if each.desk == desk]
        if same:
            same[0].legs.append(leg)
            self._of_leg[leg.id] = same[0]
            self.legs.join(same[0].legs[0], leg)
        else:
            call = self._take_up(leg)
            call.cause = cause
            self._note_begun(call, cause)

    # --- the open calls, by their id, their desk and the command that began them ---------------------------

    def _put(self, call: DeskCall) -> None:
        self._calls[call.id] = self._at.setdefault(call.desk, {})[call.id] = call

    def _drop(self, call: DeskCall) -> None:
        del self._calls[call.id]
        here = self._at[call.desk]
        del here[call.id]
        if not here:
            del self._at[call.desk]

    def _note_begun(self, call: DeskCall, cause: str) -> None:
        """Note the command that began a call; with ``""``, that it is not to be found by it any more."""
        begun = self._begun.get(call.begun_by, [])
        if call in begun:
            begun.remove(call)
            if not begun:
                del self._begun[call.begun_by]
        call.begun_by = cause
        if cause:
            self._begun.setdefault(cause, []).append(call)

    def _in(self, talk: Talk) -> Iterator[DeskCall]:
        found: dict[str, DeskCall] = {}
        for leg in talk.legs:
            for known in (self._of_leg.get(leg.id), self._consulting.get(leg.id)):
                if known is not None and known.state is not State.CLEARED:
                    known.talk = talk
                    found[known.id] = known
        yield from found.values()

    # --- a call begins -----------------------------------------------------------------------------------

    def _take_up(self, leg: Leg) -> DeskCall:
        role = Role.OWN if leg.own else Role.CALLER if leg.incoming else Role.CALLED
        if role is Role.CALLED and not leg.rang and not (leg.up and (leg.talked or leg.caller)):
            return DeskCall("", leg.desk, role, leg.talk, [leg])
        for known in self._in(leg.talk):
            waiting = known.state in (State.NULL, State.INITIATED, State.PROMPTED, State.ALERTING)
            if known.desk == leg.desk and known.role is role and waiting and role is not Role.CALLER:
                known.legs.append(leg)
                self._of_leg[leg.id] = known
                return known
        call = DeskCall(call_id(leg.began or leg.at, leg.id), leg.desk, role, leg.talk, [leg])
        if role is not Role.CALLED and leg.talk.consulter is not None:
            held = self._of_leg.get(leg.talk.consulter.id)
            call.consult_of = held.id if held is not None else ""
        self._of_leg[leg.id] = call
        self._put(call)
        return call

    def _take_up_consult(self, talk: Talk, calling: Leg) -> None:
        by = next((by for by, _to, each in talk.consults if each is calling), "")
        held = [each for each in self._in(talk) if each.desk == by and each.role is not Role.CONSULTING]
        call = DeskCall(
            call_id(calling.began or calling.at, calling.id), by, Role.CONSULTING, talk, [calling]
        )
        call.consult_of = held[-1].id if held else ""
        self._consulting[calling.id] = call
        self._put(call)

    # --- what is true of it now ----------------------------------------------------------------------------

    def _state(self, call: DeskCall) -> State:
        if call.role is Role.CONSULTING:
            return self._consult_state(call)
        talk = call.talk
        live = [leg for leg in call.legs if not leg.gone]
        if not live:
            here = talk.parked and talk.parker == call.desk and talk.slot and not talk.over
            return State.PARKED if here and call.connected_at else State.CLEARED
        if call.connected_at and self.asks(call) and not self.left_waiting(call):
            return State.CLEARED  # the phone is with the person consulted, and nobody waits for it any more
        if call.state is State.PARKED and talk.retrieved_by not in ("", call.desk):
            return State.CLEARED
        parked = (
            talk.parked and talk.parker == call.desk and bool(talk.slot) and call.connected_at is not None
        )
        for leg in live:
            if parked and not self.legs.mates(leg):
                return State.PARKED
            if leg.up and (leg.talked or leg.conference):
                return State.HELD if leg.held or self._consults_now(call) else State.CONNECTED
        if call.role is Role.CALLED:
            return State.ALERTING
        up = any(leg.up for leg in live)
        if call.role is Role.OWN and not up:
            return State.PROMPTED if any(leg.rang for leg in live) else State.INITIATED
        reached = [each for leg in live for each in called_by(leg)]
        if any(each.rang and not each.gone for each in reached):
            return State.DELIVERED
        if up and call.role is Role.CALLER and not reached and not talk.queue:
            return State.CONNECTED
        return State.INITIATED

    def _consults_now(self, call: DeskCall) -> bool:
        return bool(call.talk.consults) and any(
            known.role is Role.CONSULTING
            and known.desk == call.desk
            and self._consult_state(known) is not State.CLEARED
            for known in self._in(call.talk)
        )

    def _consult_state(self, call: DeskCall) -> State:
        calling = call.legs[0]
        passed = any(each.by == call.desk and each.kind != "blind" for each in call.talk.passings)
        phones = [leg for leg in call.talk.legs if leg.desk == call.desk and leg.talked and not leg.gone]
        reached = called_by(calling)
        if calling.gone or passed or not phones or (reached and all(leg.gone for leg in reached)):
            return State.CLEARED
        if any(leg.up for leg in reached):
            return State.CONNECTED
        return State.DELIVERED if any(leg.rang for leg in reached) else State.INITIATED

    def _party(self, call: DeskCall) -> Party:
        """Return who is at the other end."""
        leg = call.leg
        if call.role is Role.CONSULTING:
            to = next((to for _by, to, each in call.talk.consults if each is leg), "")
            unheard = self._read(to, "") if call.party == NOBODY else call.party
            return next((self._of(each) for each in called_by(leg) if not each.gone), unheard)
        mates = [each for each in self.legs.mates(leg) if each.up and each.desk != call.desk]
        if mates and leg.up and not self._consults_now(call):
            return self._of(mates[0])
        if call.connected_at and call.party != NOBODY:
            return call.party
        if call.role is Role.CALLED:
            caller = self._consulter(leg) or caller_of(leg) or call.talk.origin
            return self._of(caller) if caller is not None and caller is not leg else call.party
        taken = [each for each in called_by(leg) if each.up and not each.gone]
        meant = call.talk.meant if call.role is Role.OWN else leg.dialled
        return self._of(taken[0]) if taken else self._read(meant, "")

    def _consulter(self, leg: Leg) -> Leg | None:
        """Return the phone that consults this leg through the switch's own feature."""
        for by, _to, calling in leg.talk.consults:
            if not calling.real and not calling.gone and leg in called_by(calling):
                return next((each for each in leg.talk.legs if each.desk == by and not each.gone), None)
        return None

    def _of(self, leg: Leg) -> Party:
        if leg.desk:
            return Party(number=leg.desk, raw=leg.desk, name=leg.name, kind=PartyKind.INTERNAL)
        number = leg.number if leg.incoming else leg.dialled or leg.number
        return self._read(number, leg.name)

    def _conversation(self, call: DeskCall) -> str:
        """Return the id of what the outside party experiences as one call."""
        found = conversation_id(self._thread(call))
        before = self._before.pop(call.id, "")
        if before:
            call.before = (found, len(call.talk.passings), before)
            self._known_as.setdefault(found, before)
        if call.before is not None and call.before[:2] == (found, len(call.talk.passings)):
            return call.before[2]
        return self._known_as.get(found, found)

    def _thread(self, call: DeskCall) -> str:
        """Return the switch's word for it: the talk's, whose legs a transfer or a queue keeps together.

        But what a consultation calls is a conversation of its own until it is completed, even where the switch makes
        the call within the talk.
        """
        root = call.talk.root
        for by, _to, calling in call.talk.consults:
            if calling.real and calling.root not in ("", root):
                continue  # a call of its own that has become one with the first
            reached = called_by(calling)
            asked = calling if call.role is Role.CONSULTING else None
            if not any(leg is asked or (call.role is Role.CALLED and leg in reached) for leg in call.legs):
                continue
            since = max(leg.order for leg in (calling, *reached))
            passings = call.talk.passings
            if not any(each.by == by and each.kind != "blind" and each.order > since for each in passings):
                return f"{calling.id}/consultation"
        return root

    def _direction(self, call: DeskCall) -> Direction:
        if call.role is Role.OWN:
            return Direction.CLICK2DIAL
        if call.role is Role.CALLED:
            return Direction.INTERNAL if call.party.kind is PartyKind.INTERNAL else Direction.INBOUND
        return Direction.INTERNAL if call.party.kind is PartyKind.INTERNAL else Direction.OUTBOUND

    def _dialled(self, call: DeskCall) -> str:
        if call.role is Role.OWN:
            return call.talk.meant
        if call.role is Role.CALLED:
            origin = call.talk.origin
            return origin.dialled if origin is not None else ""
        return call.legs[0].dialled or call.party.raw

    # --- and what is told of it ----------------------------------------------------------------------------

    def _told(self, call: DeskCall, at: datetime) -> list[Event]:
        """Return what is new about a call, and note it as told."""
        found: list[Event] = []
        state = self._state(call)
        if _RANK[state] < _RANK[call.state]:
            state = call.state
        words: dict[str, Any] = {"at": at, "line": call.desk, "call": call.id, "cause": call.cause}
        party = self._party(call)
        if call.state is State.PARKED and call.talk.retrieved_by == call.desk:
            found += self._taken_back(call, words)
            state, party = self._state(call), self._party(call)
        if call.state is State.NULL:
            found.append(self._opening(call, party, words))
        if self._came_in(call):
            found += self._came_over(call, party, words)
            words["call"] = call.id
            party = call.party
        found += self._learnt(call, party, words, over=state is State.CLEARED)
        if state is not call.state:
            found += self._steps(call, state, words)
            call.state = state
        if state is State.CLEARED:
            self._drop(call)
            self._note_begun(call, "")
            for leg in call.legs:
                if leg.gone:
                    self._of_leg.pop(leg.id, None)
        if found:
            call.cause = ""
        return found

    def _learnt(self, call: DeskCall, party: Party, words: dict[str, Any], *, over: bool) -> list[Event]:
        """Return what is new about a call apart from its state: the other end, its record, that it was passed on.

        Passing on is told once the switch has confirmed it; a call that is ``over`` needs no confirmation.
        """
        found: list[Event] = []
        conversation = self._conversation(call)
        met = party if party not in (call.party, NOBODY) else None
        if met is not None or conversation != call.conversation:
            moved = conversation if conversation != call.conversation else ""
            call.party, call.conversation = met or call.party, conversation
            found.append(Updated(**words, party=met, conversation=moved))
        if call.talk.record not in (call.record, None):
            call.record = call.talk.record
            assert call.record is not None  # noqa: S101 - the line above
            found.append(RecordPassed(**words, record=call.record))
        for passing in call.talk.passings:
            if passing.asked and not over:
                continue
            if passing.by == call.desk and not passing.told and call.connected_at and not call.consult_of:
                passing.told = True
                kind = "blind" if passing.kind == "blind" else "attended"
                found.append(Transferred(**words, to=passing.to, kind=kind))
        return found

    def _opening(self, call: DeskCall, party: Party, words: dict[str, Any]) -> Event:
        call.party, call.record, call.conversation = party, call.talk.record, self._conversation(call)
        call.started_at, call.state = words["at"], State.INITIATED
        facts = words | {
            "direction": self._direction(call),
            "party": party,
            "dialled": self._dialled(call),
            "conversation": call.conversation,
            "record": call.record,
            "refs": (call.legs[0].id,),
        }
        if call.role is Role.CALLED:
            call.state = State.ALERTING
            by = [each.by for each in call.talk.passings if call.legs[0] in each.legs and each.by != "api"]
            return Ringing(**facts, by=by[-1] if by else "")
        return Dialling(**facts, consult_of=call.consult_of)

    def _steps(self, call: DeskCall, state: State, words: dict[str, Any]) -> list[Event]:
        """Return the events that lead from what was told of a call's state to ``state``."""
        talking = State.CONNECTED, State.HELD, State.PARKED
        found: list[Event] = []
        if state in talking and call.state not in talking:
            call.connected_at = words["at"]
            found.append(Connected(**words))
        match state:
            case State.PROMPTED:
                found.append(Prompted(**words))
            case State.DELIVERED:
                found.append(RemoteRinging(**words))
            case State.CONNECTED if call.state is State.PARKED:
                found.append(Retrieved(**words, by=call.talk.retrieved_by or call.desk))
            case State.CONNECTED if call.state is State.HELD:
                found.append(Resumed(**words))
            case State.HELD:
                found.append(Held(**words))
            case State.PARKED:
                call.slot = call.talk.slot
                found.append(Parked(**words, slot=call.slot))
            case State.CLEARED:
                if call.diverted:
                    found.append(Diverted(**words, to=call.diverted))
                if call.state is State.PARKED and call.talk.retrieved_by:
                    found.append(Retrieved(**words, by=call.talk.retrieved_by))
                found.append(Ended(**words, reason=self._reason(call)))
            case _:
                pass
        return found

    def _came_in(self, call: DeskCall) -> bool:
        """Say whether a desk has got somebody else's call by dialling a feature code."""
        leg = call.legs[0]
        fetched = leg.picked or (call.talk.parked and call.talk.retrieved_by == call.desk and leg.talked)
        if call.role is not Role.CALLER or not fetched or call.talk.origin is leg:
            return False
        return not any(each.desk == call.desk and each.state is State.PARKED for each in self._in(call.talk))

    def _came_over(self, call: DeskCall, party: Party, words: dict[str, Any]) -> list[Event]:
        """Tell that what a desk dialled became the call it fetched: its own parked call or somebody else's."""
        former, leg = call.id, call.legs[0]
        origin = call.talk.origin or leg
        party = self._of(origin)
        call.role, call.party = Role.CALLED, party
        self._drop(call)
        call.id = call_id(origin.began or origin.at, f"{origin.id}/{leg.id}")
        self._put(call)
        call.conversation = self._conversation(call)
        words = words | {
            "call": call.id,
            "direction": self._direction(call),
            "conversation": call.conversation,
        }
        return [Merged(**words, other=former, party=party)]

    def _taken_back(self, parked: DeskCall, words: dict[str, Any]) -> list[Event]:
        """The desk took its parked call back: what it dialled to do so becomes that call again."""
        new = [each for each in self._in(parked.talk) if each.desk == parked.desk and each is not parked]
        live = [each for each in new if not each.leg.gone]
        if not live:
            return []
        back = live[0]
        parked.legs = back.legs
        for leg in back.legs:
            self._of_leg[leg.id] = parked
        told, back.state = back.state, State.CLEARED
        self._drop(back)
        self._note_begun(back, "")
        return [Merged(**words, other=back.id)] if told is not State.NULL else []

    def _reason(self, call: DeskCall) -> Reason:
        """Return why a call ended at its desk."""
        if call.lost:
            return Reason.UNKNOWN
        if call.connected_at is not None:
            return Reason.COMPLETED
        about = call.talk.consult_of
        passings = [*call.talk.passings, *(about.passings if about is not None else ())]
        if call.consult_of and any(each.by == call.desk and each.kind == "blonde" for each in passings):
            return Reason.COMPLETED
        if call.diverted:
            return Reason.ANSWERED_ELSEWHERE
        if call.hanging:
            return Reason.REJECTED if call.role is Role.CALLED else Reason.CANCELLED
        if call.role is Role.CALLED:
            return self._why_not_here(call)
        if call.role is Role.OWN and not any(leg.up for leg in call.legs):
            ends = [leg.outcome for leg in call.legs if leg.outcome in _OWN]
            end = ends[-1] if ends else call.talk.failure
            rang = any(leg.rang for leg in call.legs)
            unsaid = Reason.OWN_NO_ANSWER if rang else Reason.OWN_UNAVAILABLE
            return _OWN.get(end, unsaid) if end is not None else unsaid
        return self._why_not_there(call)

    def _why_not_here(self, call: DeskCall) -> Reason:
        outcome = next((leg.outcome for leg in call.legs if leg.outcome), None)
        plain = outcome in (None, LegOutcome.CANCELLED, LegOutcome.NO_ANSWER, LegOutcome.FAILED)
        if not plain and outcome is not None:
            return _FAR.get(outcome, Reason.UNKNOWN)
        others = [
            leg for leg in call.talk.legs if leg not in call.legs and leg.real and leg.caller is not None
        ]
        beside = [leg for leg in others if caller_of(leg) is caller_of(call.legs[0])]
        if any(leg.up for leg in beside) and outcome is not LegOutcome.NO_ANSWER:
            return Reason.ANSWERED_ELSEWHERE
        if call.talk.picked_up_from == call.desk:
            return Reason.ANSWERED_ELSEWHERE
        caller = caller_of(call.legs[0]) or call.talk.origin
        if outcome is LegOutcome.CANCELLED or (caller is not None and (caller.asked or caller.gone)):
            return Reason.CANCELLED
        return Reason.NO_ANSWER

    def _why_not_there(self, call: DeskCall) -> Reason:
        leg = call.legs[0]
        reached = [each for one in call.legs for each in called_by(one)]
        if call.role is Role.CONSULTING:
            reached = called_by(leg)
        if any(one.asked and one.waiting for one in call.legs):
            return Reason.CANCELLED
        ends = [
            each.outcome
            for each in reached
            if each.outcome in _FAR and each.outcome is not LegOutcome.ELSEWHERE
        ]
        if LegOutcome.NO_ANSWER in ends:
            return Reason.NO_ANSWER
        if ends and ends[-1] is not None:
            return _FAR[ends[-1]]
        said = call.talk.failure or leg.end
        if said is not None and not reached:
            return _FAR.get(said, Reason.FAILED)
        if any(one.asked for one in call.legs):
            return Reason.CANCELLED
        return Reason.COMPLETED if leg.up and not reached and call.role is Role.CALLER else Reason.FAILED

    def _shown(self, call: DeskCall) -> Call:
        return Call(
            id=call.id,
            line=call.desk,
            state=call.state,
            direction=self._direction(call),
            party=call.party,
            dialled=self._dialled(call),
            conversation=call.conversation,
            started_at=call.started_at,
            connected_at=call.connected_at,
            consult_of=call.consult_of,
            slot=call.slot if call.state is State.PARKED else "",
            record=call.record,
            refs=(call.legs[0].id,),
        )
