"""Events become calls: one transition table, one call table per line. No I/O, no clock.

Switches tell things late, twice, out of order or not at all. The table says what each event makes of a
call; what it leaves out is stale news and changes nothing. Whatever comes, a table stays valid and each
call ends once (specification section 9).
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from offhook.model import (
    Answer,
    Call,
    CallEvent,
    CancelConsult,
    Command,
    CompleteTransfer,
    Connected,
    Consult,
    Dialling,
    Direction,
    Diverted,
    Ended,
    Event,
    Gap,
    HandedOver,
    HangUp,
    Held,
    Hold,
    Joined,
    Left,
    LineBack,
    LineLost,
    Merged,
    Park,
    Parked,
    PassRecord,
    Prompted,
    Reason,
    RecordPassed,
    RemoteRinging,
    Resume,
    Resumed,
    Retrieved,
    Ringing,
    SendDigits,
    State,
    Transfer,
    Transferred,
    Updated,
)

N, I, P, D, A, C, H, K = (  # noqa: E741 - one letter per column, as the table's head names them
    State.NULL,
    State.INITIATED,
    State.PROMPTED,
    State.DELIVERED,
    State.ALERTING,
    State.CONNECTED,
    State.HELD,
    State.PARKED,
)
_: State | None = None
"""Stale news: the call has gone further already."""

COLUMNS = (N, I, P, D, A, C, H, K)
TRANSITIONS: dict[type[CallEvent], tuple[State | None, ...]] = {
    # event          null initiated prompted delivered alerting connected held parked
    Dialling:       (I,   _,        _,       _,        _,       _,        _,   _),
    Prompted:       (P,   P,        _,       _,        _,       _,        _,   _),
    RemoteRinging:  (D,   D,        D,       _,        _,       _,        _,   _),
    Ringing:        (A,   _,        _,       _,        _,       _,        _,   A),
    Connected:      (C,   C,        C,       C,        C,       _,        _,   C),
    Held:           (H,   H,        H,       H,        H,       H,        _,   H),
    Resumed:        (C,   C,        C,       C,        C,       _,        C,   C),
    Parked:         (K,   K,        K,       K,        K,       K,        K,   _),
    Retrieved:      (C,   C,        C,       C,        C,       _,        C,   C),
}  # fmt: skip
"""What each event makes of a call in each state; every other event leaves the state as it is."""

CAN: dict[State, tuple[type[Command], ...]] = {
    State.NULL: (HangUp,),
    State.INITIATED: (HangUp,),
    State.PROMPTED: (HangUp,),
    State.DELIVERED: (HangUp,),
    State.ALERTING: (Answer, HangUp, Transfer),
    State.CONNECTED: (HangUp, Hold, Transfer, Consult, SendDigits, PassRecord, Park),
    State.HELD: (Resume, HangUp, Transfer),
    State.PARKED: (Resume,),
    State.CLEARED: (),
}
"""What can be asked of a call in each state, where the interface accepts it at all."""
CONSULTING: dict[State, tuple[type[Command], ...]] = {
    State.DELIVERED: (CompleteTransfer, CancelConsult),
    State.CONNECTED: (HangUp, SendDigits, CompleteTransfer, CancelConsult),
}
"""The same for a consultation call, where it differs."""

REASON_WORDS: dict[Reason, str] = {
    Reason.COMPLETED: "answered",
    Reason.BUSY: "busy",
    Reason.REJECTED: "rejected",
    Reason.NO_ANSWER: "noanswer",
    Reason.CANCELLED: "cancelled",
    Reason.ANSWERED_ELSEWHERE: "answered",
    Reason.UNAVAILABLE: "unavailable",
    Reason.UNALLOCATED: "unallocated",
    Reason.OWN_NO_ANSWER: "own_noanswer",
    Reason.OWN_REJECTED: "own_rejected",
    Reason.OWN_BUSY: "own_busy",
    Reason.OWN_UNAVAILABLE: "own_unavailable",
    Reason.FAILED: "failed",
    Reason.UNKNOWN: "unknown",
}
"""The recordings' words for the end of a call. An inbound caller who gives up is ``abandoned`` there."""

REMEMBERED = 2_000
"""How many ended calls a table remembers, so that late news of one does not revive it."""
LONGEST_CALL = timedelta(hours=4)
"""A call not heard of for longer ended without our hearing it."""


def result_word(reason: Reason, direction: Direction) -> str:
    """Return the recordings' word for how a call ended."""
    if reason is Reason.CANCELLED and direction is Direction.INBOUND:
        return "abandoned"
    return REASON_WORDS[reason]


class CallTable:
    """The calls of one line. Feed it events; it returns those that are news, in order.

    A snapshot comes out as the event that brought it, without its calls, and the differences as events: who
    only follows events misses nothing.

    ``accepts`` are the commands the line's interface takes at all: the upper bound of every ``can``.
    """

    def __init__(self, line: str, accepts: Iterable[type[Command]] = ()) -> None:
        self.line = line
        self.accepts = frozenset(accepts)
        self.up = False
        self._calls: dict[str, Call] = {}
        self._heard: dict[str, datetime] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._merged_into: dict[str, str] = {}

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every open call, the oldest first, each with what can be asked of it now."""
        return tuple(self._shown(self._calls[key]) for key in sorted(self._calls))

    def get(self, call: str) -> Call | None:
        """Return the open call with that id, also under the id of a call that merged into it."""
        found = self._calls.get(self._merged_into.get(call, call))
        return self._shown(found) if found else None

    def ended(self, call: str) -> bool:
        """Say whether that call is over here."""
        return self._merged_into.get(call, call) in self._ended

    def can(self, call: Call) -> tuple[str, ...]:
        """Return the names of the commands that can be asked of a call in that state on this line."""
        if not self.up:
            return ()
        asked = CONSULTING.get(call.state, CAN[call.state]) if call.consult_of else CAN[call.state]
        return tuple(kind.__name__ for kind in asked if kind in self.accepts)

    def apply(self, event: Event) -> list[Event]:
        """Take one event in. Returns what is news: nothing for a repetition or a stale report."""
        match event:
            case LineLost():
                news = self.up or event.seq > 0
                self.up = False
                return [event] if news else []
            case LineBack() | Gap():
                self.up = self.up or isinstance(event, LineBack)
                differences = self._reconcile(event.calls, event) if event.calls is not None else []
                return [replace(event, calls=None), *differences]
            case Merged():
                return self._merge(event)
            case CallEvent():
                return self._follow(event)
            case _:
                return [event]

    def restore(self, calls: Iterable[Call], ended: Iterable[str] = ()) -> None:
        """Put back what was known before a restart, without telling anybody."""
        for call in calls:
            self._calls[call.id] = replace(call, can=())
        for call_id in ended:
            self._end(call_id)

    def expire(self, now: datetime, longest: timedelta = LONGEST_CALL) -> list[Event]:
        """End every call last heard of longer ago than ``longest``, as ``unknown``."""
        old = [call for call in self._calls if now - self._heard.setdefault(call, now) > longest]
        return [news for call in old for news in self.apply(Ended(at=now, line=self.line, call=call))]

    # --- one call -----------------------------------------------------------------------------------

    def _follow(self, event: CallEvent) -> list[Event]:
        call_id = self._merged_into.get(event.call, event.call)
        if call_id in self._ended:
            return []
        if call_id != event.call:
            event = replace(event, call=call_id)
        known = self._calls.get(call_id)
        if isinstance(event, Ended | HandedOver):
            self._end(call_id)
            return [event]
        before = known or Call(id=call_id, line=self.line)
        after = _with_facts(_with_state(before, event), event)
        self._calls[call_id] = after
        self._heard[call_id] = event.at
        news = known is None or after != before or type(event) in _TOLD_ANYHOW
        return [event] if news else []

    def _end(self, call_id: str) -> None:
        self._calls.pop(call_id, None)
        self._heard.pop(call_id, None)
        self._ended[call_id] = None
        while len(self._ended) > REMEMBERED:
            gone, _nothing = self._ended.popitem(last=False)
            for alias in [key for key, value in self._merged_into.items() if value == gone]:
                del self._merged_into[alias]

    def _merge(self, event: Merged) -> list[Event]:
        """Two calls are one. Where the older is over here already, the newer goes on under its own id."""
        kept = self._merged_into.get(event.call, event.call)
        folded = self._merged_into.get(event.other, event.other)
        if kept == folded or folded in self._ended:
            return []
        if kept in self._ended:
            return self._follow(
                Updated(**_common(event), call=folded, party=event.party, record=event.record)
            )
        newer = self._calls.pop(folded, None)
        older = self._calls.get(kept)
        self._heard.pop(folded, None)
        self._merged_into.update({key: kept for key, value in self._merged_into.items() if value == folded})
        self._merged_into[folded] = kept
        merged = older or (replace(newer, id=kept, consult_of="") if newer else Call(id=kept, line=self.line))
        if older and newer and _PROGRESS[newer.state] > _PROGRESS[older.state]:
            merged = replace(merged, state=newer.state, connected_at=older.connected_at or newer.connected_at)
        self._calls[kept] = _with_facts(merged, event)
        self._heard[kept] = event.at
        return [replace(event, call=kept, other=folded)]

    # --- all calls ----------------------------------------------------------------------------------

    def _reconcile(self, calls: Iterable[Call], event: Event) -> list[Event]:
        """Make the table what a snapshot says: ghosts end, new calls appear, moved states are told."""
        common = _common(event) | {"line": self.line}
        there: dict[str, Call] = {}
        for call in calls:
            kept = self._merged_into.get(call.id, call.id)
            if kept not in self._ended:
                there[kept] = replace(call, id=kept)
        news: list[Event] = []
        for ghost in [call for call in self._calls if call not in there]:
            news += self._follow(Ended(**common, call=ghost))
        for call in there.values():
            known = self._calls.get(call.id)
            for told in _told_as_events(known, call, common):
                news += self._follow(told)
            contacts = call.contacts or (known.contacts if known else ())
            self._calls[call.id] = replace(call, line=self.line, contacts=contacts, can=())
            self._heard[call.id] = event.at
        return news

    def _shown(self, call: Call) -> Call:
        return replace(call, can=self.can(call))


_PROGRESS = {N: 0, I: 1, P: 2, D: 3, A: 3, K: 4, H: 5, C: 6}
"""Of two calls that become one, the state that has come further is the state of the one."""

_TOLD_ANYHOW = (Transferred, Diverted, Retrieved, RecordPassed)
"""Facts that are news though they need not change the call's snapshot."""


def _with_state(call: Call, event: CallEvent) -> Call:
    row = TRANSITIONS.get(type(event))
    if isinstance(event, Retrieved) and event.by not in ("", call.line):
        row = None
    state = row[COLUMNS.index(call.state)] if row else None
    if state is None:
        return call if call.started_at else replace(call, started_at=event.at)
    return replace(
        call,
        state=state,
        started_at=call.started_at or event.at,
        connected_at=(call.connected_at or event.at) if state is State.CONNECTED else call.connected_at,
        slot=call.slot if state is State.PARKED else "",
    )


def _with_facts(call: Call, event: CallEvent) -> Call:
    """Return the call with what the event says beside its state."""
    match event:
        case Dialling() | Ringing() if call.dialled or call.party.raw or call.party.number:
            return replace(call, record=call.record or event.record, refs=call.refs or event.refs)
        case Dialling():
            return replace(
                call,
                direction=event.direction,
                party=event.party,
                dialled=event.dialled,
                consult_of=event.consult_of,
                record=event.record or call.record,
                refs=event.refs,
            )
        case Ringing():
            return replace(
                call,
                direction=event.direction,
                party=event.party,
                dialled=event.dialled,
                record=event.record or call.record,
                refs=event.refs,
            )
        case Updated() | Merged():
            changed = event.party is not None and event.party.number != call.party.number
            contacts = event.contacts if isinstance(event, Updated) else None
            direction = event.direction if isinstance(event, Merged) else None
            return replace(
                call,
                party=call.party if event.party is None else event.party,
                record=event.record or call.record,
                contacts=contacts if contacts is not None else () if changed else call.contacts,
                direction=direction or call.direction,
            )
        case RecordPassed():
            return replace(call, record=event.record)
        case Parked():
            return replace(call, slot=event.slot)
        case Joined() if event.party not in call.members:
            return replace(call, members=(*call.members, event.party))
        case Left():
            return replace(call, members=tuple(member for member in call.members if member != event.party))
        case _:
            return call


def _told_as_events(known: Call | None, now: Call, common: dict[str, Any]) -> list[CallEvent]:
    """Return the events that lead from what is known of a call to its snapshot."""
    told: list[CallEvent] = []
    if known is None:
        told.append(_opening(now, common | {"at": now.started_at or common["at"]}))
    elif known.party != now.party or known.record != now.record:
        told.append(Updated(**common, call=now.id, party=now.party, record=now.record))
    if now.contacts and (known is None or known.contacts != now.contacts):
        told.append(Updated(**common, call=now.id, contacts=now.contacts))
    if known is None:
        told += _steps_to(now, common)
    elif known.state is not now.state:
        told += [_opening(now, common)] if now.state is State.ALERTING else _steps_to(now, common)
    return told


def _opening(now: Call, common: dict[str, Any]) -> CallEvent:
    facts = common | {
        "call": now.id,
        "direction": now.direction,
        "party": now.party,
        "dialled": now.dialled,
        "record": now.record,
        "refs": now.refs,
    }
    if now.direction is Direction.INBOUND or now.state is State.ALERTING:
        return Ringing(**facts)
    return Dialling(**facts, consult_of=now.consult_of)


_REACHED_BY: dict[State, tuple[type[CallEvent], ...]] = {
    State.PROMPTED: (Prompted,),
    State.DELIVERED: (RemoteRinging,),
    State.CONNECTED: (Connected, Resumed),
    State.HELD: (Connected, Held),
}


def _steps_to(now: Call, common: dict[str, Any]) -> list[CallEvent]:
    if now.state is State.PARKED:
        return [Parked(**common, call=now.id, slot=now.slot)]
    return [step(**common, call=now.id) for step in _REACHED_BY.get(now.state, ())]


def _common(event: Event) -> dict[str, Any]:
    return {"at": event.at, "line": event.line, "cause": event.cause}
