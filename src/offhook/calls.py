"""Events become calls: one transition table, one call table per line. No I/O, no clock.

Switches tell things late, twice, out of order or not at all. The table says what each event makes of a
call; what it leaves out is stale news and changes nothing. Whatever comes, a table stays valid and each
call ends once (specification section 9).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from offhook.errors import CommandError, Unsupported
from offhook.model import (
    Answer,
    Call,
    CallCommand,
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
    News,
    Park,
    Parked,
    PassRecord,
    PopRequested,
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
    cleaned,
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
"""Stale news: the call is already further on."""

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
    State.NULL: (HangUp, CancelConsult),
    State.INITIATED: (HangUp, CancelConsult),
    State.PROMPTED: (HangUp, CancelConsult),
    State.DELIVERED: (HangUp, CompleteTransfer, CancelConsult),
    State.CONNECTED: (HangUp, SendDigits, CompleteTransfer, CancelConsult),
    State.HELD: (Resume, HangUp, CompleteTransfer, CancelConsult),
}
"""The same for a consultation, as long as its held call is there; after that it is an ordinary call."""
TWO_CALLS: dict[State, tuple[type[Command], ...]] = {State.CONNECTED: (CompleteTransfer,)}
"""What else can be asked of an ordinary call while another call of the line is held."""
BACK_TO_THE_HELD = (State.NULL, State.INITIATED, State.PROMPTED, State.DELIVERED)
"""Hanging up a consultation in one of these states cancels it: one speaks with the held caller again."""

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

REMEMBERED = timedelta(minutes=10)
"""How long a table remembers a call that ended, so that late news of it does not revive it."""
MOST_REMEMBERED = 2_000
"""How many ended calls it remembers at most."""
LONGEST_CALL = timedelta(hours=4)
"""A call not heard of for longer than this has ended without our hearing it."""


def result_word(reason: Reason, direction: Direction) -> str:
    """Return the recordings' word for how a call ended."""
    if reason is Reason.CANCELLED and direction is Direction.INBOUND:
        return "abandoned"
    return REASON_WORDS[reason]


_TALKING_FIRST = ("HangUp", "Transfer", "CompleteTransfer")
"""For these, a call that talks or rings is meant before one that waits."""
_WAITING = (State.HELD, State.PARKED)


def meant(command: CallCommand, calls: Sequence[Call]) -> Call:
    """Return the open call a command is about: the one named, by id or short number, else the only sensible one.

    A command that destroys prefers a call that talks or rings to one that waits. Raises ``CommandError`` listing the
    calls where several are equal (specification section 1).
    """
    name = type(command).__name__
    if command.call:
        named = [call for call in calls if command.call in (call.id, call.short)]
        if not named:
            raise CommandError("call_unknown", call=cleaned(command.call, 40))
        return _only(named, name)
    able = [call for call in calls if name in call.can]
    if not able and name in _CONSULTATION:
        raise CommandError("no_consultation", command=name)
    if not able and len(calls) == 1:
        raise not_now(name, calls[0])
    if not able:
        raise CommandError("call_none", command=name)
    if name in _TALKING_FIRST:
        able = [call for call in able if call.state not in _WAITING] or able
    return _only(able, name)


_CONSULTATION = ("CompleteTransfer", "CancelConsult")


def not_now(name: str, call: Call) -> Unsupported:
    """Return why a command cannot be asked of a call now, and what comes first where one command leads there."""
    talking = [each.__name__ for each in CAN[State.CONNECTED]]
    state, can = call.state.value, " ".join(call.can)
    for first, code in ((Resume, "resume_first"), (Answer, "answer_first")):
        if first.__name__ in call.can and name in talking and (first, name) != (Resume, "Hold"):
            return Unsupported(code, command=name, state=state, can=can)
    return Unsupported("not_now", command=name, state=state, can=can)


def held_for(command: CompleteTransfer, call: Call, calls: Sequence[Call]) -> Call:
    """Return the held call to connect ``call`` with: the one named, the one consulted about, else the only one held.

    Raises ``CommandError`` where there is none, or more than one.
    """
    others = [each for each in calls if each.id != call.id]
    wanted = command.held or call.consult_of
    held = [each for each in others if wanted in (each.id, each.short)]
    if not held and not command.held:
        held = [each for each in others if each.state is State.HELD]
    if not held and not wanted:
        raise CommandError("no_consultation", command=type(command).__name__)
    if not held:
        raise CommandError("call_unknown", call=cleaned(wanted, 40))
    return _only(held, type(command).__name__)


def _only(calls: Sequence[Call], name: str) -> Call:
    if len(calls) > 1:
        listed = "\n".join(map(_listed, calls))
        raise CommandError("call_ambiguous", command=name, calls=listed, first=calls[0].short)
    return calls[0]


def _listed(call: Call) -> str:
    """Return a call for a person to choose: short number, state, who."""
    contact = call.contacts[0] if call.contacts else None
    who = (contact.company or contact.name) if contact else call.party.name
    return " ".join(
        part
        for part in (call.short, call.state.value, call.party.number or call.party.kind.value, who)
        if part
    )


class CallTable:
    """The calls of one line. Feed it events; it returns what is news, in order, each with its call as it is then.

    A snapshot comes out as the event that brought it, without its calls, and the differences as events: a reader who
    only follows events misses nothing. An event that changes what can be asked of another call is followed by an
    ``Updated`` of that call. Between ``LineLost`` and ``LineBack`` nothing can be asked.

    ``accepts`` gives the commands the line's interface takes at all, the upper bound of every ``can``; it is read
    when needed, as a driver may learn it late.
    """

    def __init__(
        self, line: str, accepts: Callable[[], Iterable[type[Command]]] = frozenset[type[Command]]
    ) -> None:
        self.line = line
        self.up = False
        self.why_down = ""
        """The code that says why it is not up, where its interface told one."""
        self._accepts = accepts
        self._calls: dict[str, Call] = {}
        self._narrowed: dict[str, tuple[str, ...]] = {}
        self._told_can: dict[str, tuple[str, ...]] = {}
        self._heard: dict[str, datetime] = {}
        self._ended: OrderedDict[str, datetime] = OrderedDict()
        self._merged_into: dict[str, str] = {}

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every open call, the oldest first, each with what can be asked of it now."""
        return tuple(self._shown(self._calls[key]) for key in sorted(self._calls))

    @property
    def busy(self) -> bool:
        """Whether there is any open call."""
        return bool(self._calls)

    def get(self, call: str) -> Call | None:
        """Return the open call with that id, or with the id of a call that merged into it."""
        found = self._calls.get(self._merged_into.get(call, call))
        return self._shown(found) if found else None

    def ended(self, call: str) -> bool:
        """Say whether that call is over at this desk."""
        return self._merged_into.get(call, call) in self._ended

    def can(self, call: Call) -> tuple[str, ...]:
        """Return the names of the commands that can be asked of a call now: by its state and the calls beside it."""
        if not self.up:
            return ()
        asked = CAN[call.state]
        if self._about(call) in self._calls:
            asked = CONSULTING.get(call.state, asked)
        elif any(each.state is State.HELD and each.id != call.id for each in self._calls.values()):
            asked += TWO_CALLS.get(call.state, ())
        accepts = self._accepts()
        names = (kind.__name__ for kind in asked if kind in accepts)
        narrowed = self._narrowed.get(call.id)
        return tuple(name for name in names if narrowed is None or name in narrowed)

    def apply(self, event: Event) -> list[News]:
        """Take one event in. Returns what is news: nothing for a repetition or a stale report.

        An event with a ``seq`` was already found to be news: for an open call it is always told.
        """
        match event:
            case LineLost():
                was_up, self.up, self.why_down = self.up, False, event.why
                return [News(event)] if was_up or event.seq else []
            case LineBack() | Gap():
                self.up = self.up or isinstance(event, LineBack)
                differences = self._reconcile(event.calls, event) if event.calls is not None else []
                news = [News(replace(event, calls=None)), *differences]
            case Merged():
                news = self._merge(event)
            case CallEvent():
                news = self._follow(event)
            case PopRequested():
                return [News(event, self.get(event.call) if event.call else None)]
            case _:
                return [News(event)]
        return [*news, *self._changed_beside(event)]

    def restore(self, calls: Iterable[Call], ended: Mapping[str, datetime] | None = None) -> None:
        """Put back what was known before a restart, without telling anybody. ``ended`` says when each call was over."""
        for call in calls:
            self._calls[call.id] = replace(call, can=())
            self._told_can[call.id] = call.can
        for call_id, at in sorted((ended or {}).items(), key=lambda each: each[1]):
            self._end(call_id, at)

    def again(self, now: datetime) -> list[News]:
        """Return every open call as news, for somebody who has heard of none: how it began, and how it stands."""
        facts = {"at": now, "line": self.line, "cause": ""}
        found: list[News] = []
        for call in self.calls:
            found += [News(event, call) for event in _told_as_events(None, call, facts)]
            self._told_can[call.id] = call.can
        return found

    def expire(self, now: datetime, longest: timedelta = LONGEST_CALL) -> list[News]:
        """End every call last heard of longer ago than ``longest``, as ``unknown``."""
        old = [call for call in self._calls if now - self._heard.setdefault(call, now) > longest]
        return [news for call in old for news in self.apply(Ended(at=now, line=self.line, call=call))]

    # --- one call -----------------------------------------------------------------------------------

    def _follow(self, event: CallEvent) -> list[News]:
        call_id = self._merged_into.get(event.call, event.call)
        if call_id in self._ended:
            return []
        known = self._calls.get(call_id)
        if event.can is not None:
            self._narrowed[call_id] = event.can
        if call_id != event.call or event.can is not None:
            event = replace(event, call=call_id, can=None)
        if isinstance(event, Ended | HandedOver):
            self._end(call_id, event.at)
            over = known or Call(id=call_id, line=self.line, started_at=event.at)
            return [News(event, replace(over, state=State.CLEARED, can=()))]
        before = known or Call(id=call_id, line=self.line)
        after = _with_facts(_with_state(before, event), event)
        self._calls[call_id] = after
        self._heard[call_id] = event.at
        news = known is None or after != before or bool(event.seq) or type(event) in _TOLD_ANYHOW
        return [self._told(event)] if news else []

    def _told(self, event: CallEvent) -> News:
        """Return an event with its call, and note what it tells of what can be asked."""
        call = self._shown(self._calls[event.call])
        self._told_can[call.id] = call.can
        return News(event, call)

    def _changed_beside(self, event: Event) -> list[News]:
        """Return an ``Updated`` for each call whose ``can`` is no longer what was told."""
        if not self.up:
            return []
        changed = [key for key, call in self._calls.items() if self.can(call) != self._told_can.get(key)]
        return [
            self._told(Updated(**_common(event) | {"line": self.line}, call=key)) for key in sorted(changed)
        ]

    def _end(self, call_id: str, at: datetime) -> None:
        for known in (self._calls, self._heard, self._narrowed, self._told_can):
            known.pop(call_id, None)
        self._ended[call_id] = at
        while (self._ended and at - next(iter(self._ended.values())) > REMEMBERED) or len(
            self._ended
        ) > MOST_REMEMBERED:
            gone, _at = self._ended.popitem(last=False)
            for alias in [key for key, value in self._merged_into.items() if value == gone]:
                del self._merged_into[alias]

    def _merge(self, event: Merged) -> list[News]:
        """Make two calls one. Where the older is already over here, the newer goes on under its own id."""
        kept = self._merged_into.get(event.call, event.call)
        folded = self._merged_into.get(event.other, event.other)
        if kept == folded or folded in self._ended:
            return []
        if kept in self._ended:
            return self._follow(
                Updated(
                    **_common(event),
                    call=folded,
                    party=event.party,
                    record=event.record,
                    conversation=event.conversation,
                    can=event.can,
                )
            )
        newer = self._calls.pop(folded, None)
        older = self._calls.get(kept)
        said = self._narrowed.get(folded) if event.can is None and older is None else event.can
        if said is not None:
            self._narrowed[kept] = said
        for known in (self._heard, self._narrowed, self._told_can):
            known.pop(folded, None)
        self._merged_into.update({key: kept for key, value in self._merged_into.items() if value == folded})
        self._merged_into[folded] = kept
        merged = older or (replace(newer, id=kept, consult_of="") if newer else Call(id=kept, line=self.line))
        if older and newer and _PROGRESS[newer.state] > _PROGRESS[older.state]:
            merged = replace(merged, state=newer.state, connected_at=older.connected_at or newer.connected_at)
        rang = merged.rang or (newer is not None and newer.rang)
        self._calls[kept] = replace(_with_facts(merged, event), rang=rang)
        self._heard[kept] = event.at
        return [self._told(replace(event, call=kept, other=folded, can=None))]

    # --- all calls ----------------------------------------------------------------------------------

    def _reconcile(self, calls: Iterable[Call], event: Event) -> list[News]:
        """Make the table what a snapshot says: ghosts end, new calls appear, changed states are told."""
        common = _common(event) | {"line": self.line}
        there: dict[str, Call] = {}
        for call in calls:
            kept = self._merged_into.get(call.id, call.id)
            if kept not in self._ended:
                there[kept] = replace(call, id=kept)
        news: list[News] = []
        for ghost in [call for call in self._calls if call not in there]:
            news += self._follow(Ended(**common, call=ghost))
        for call in there.values():
            news += self._told_as(call, common)
        return news

    def _told_as(self, now: Call, common: dict[str, Any]) -> list[News]:
        """Take in one call of a snapshot; the last thing told of it says how it stands."""
        known = self._calls.get(now.id)
        news = [each for event in _told_as_events(known, now, common) for each in self._follow(event)]
        rang = now.rang or now.state is State.ALERTING or now.direction is Direction.INBOUND
        self._calls[now.id] = replace(
            now,
            line=self.line,
            started_at=now.started_at or (known.started_at if known else None),
            connected_at=now.connected_at or (known.connected_at if known else None),
            contacts=now.contacts or (known.contacts if known else ()),
            conversation=now.conversation or (known.conversation if known else ""),
            rang=rang or (known is not None and known.rang),
            can=(),
        )
        self._heard[now.id] = common["at"]
        if now.can:
            self._narrowed[now.id] = now.can
        if (
            not news
            and known is not None
            and replace(self._calls[now.id], started_at=known.started_at) != known
        ):
            return [self._told(Updated(**common, call=now.id))]
        return [*news[:-1], self._told_again(news[-1])] if news else []

    def _told_again(self, news: News) -> News:
        return self._told(news.event) if isinstance(news.event, CallEvent) else news

    def _shown(self, call: Call) -> Call:
        return replace(call, can=self.can(call), consult_of=self._about(call))

    def _about(self, call: Call) -> str:
        """Return the id of the call that a consultation is about, even where it has merged with another."""
        about = self._merged_into.get(call.consult_of, call.consult_of)
        return about if about != call.id else ""


_PROGRESS = {N: 0, I: 1, P: 2, D: 3, A: 3, K: 4, H: 5, C: 6}
"""When two calls become one, the merged call has the more advanced state."""

_TOLD_ANYHOW = (Transferred, Diverted, Retrieved, RecordPassed)
"""Facts that are news even if they do not change the call's snapshot."""


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
    """Return the call with what the event says apart from its state."""
    match event:
        case Dialling() | Ringing() if call.dialled or call.party.raw or call.party.number:
            return replace(
                call,
                rang=call.rang or isinstance(event, Ringing),
                record=call.record or event.record,
                refs=call.refs or event.refs,
                conversation=call.conversation or event.conversation,
            )
        case Dialling():
            return replace(
                call,
                direction=event.direction,
                party=event.party,
                dialled=event.dialled,
                consult_of=event.consult_of,
                conversation=event.conversation or call.conversation,
                record=event.record or call.record,
                refs=event.refs,
            )
        case Ringing():
            return replace(
                call,
                direction=event.direction,
                party=event.party,
                dialled=event.dialled,
                rang=True,
                announced=event.announced,
                conversation=event.conversation or call.conversation,
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
                conversation=event.conversation or call.conversation,
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
    elif (known.party, known.record) != (now.party, now.record) or now.conversation not in (
        "",
        known.conversation,
    ):
        told.append(
            Updated(**common, call=now.id, party=now.party, record=now.record, conversation=now.conversation)
        )
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
        "conversation": now.conversation,
        "record": now.record,
        "refs": now.refs,
    }
    if now.direction is Direction.INBOUND or now.state is State.ALERTING:
        return Ringing(**facts, announced=now.announced)
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
