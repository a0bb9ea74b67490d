"""Legs and talks: what is known of a switch's channels, who called whom and who belongs together. No I/O.

A *leg* is one channel: a phone's, the outside world's, or glue (Asterisk's ``Local``, FreeSWITCH's ``loopback``). A
*talk* is what a person calls one call: legs that called, were called, or came together.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from offhook.model import Record


class LegKind(StrEnum):
    """What is at the far end of a channel."""

    PHONE = "phone"
    TRUNK = "trunk"
    GLUE = "glue"
    OTHER = "other"


class LegOutcome(StrEnum):
    """What became of a leg that was called, in the words of the recordings."""

    ANSWERED = "answered"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "noanswer"
    UNAVAILABLE = "unavailable"
    UNALLOCATED = "unallocated"
    FAILED = "failed"
    FORWARDED = "forwarded"
    ELSEWHERE = "elsewhere"
    CANCELLED = "cancelled"


@dataclass(slots=True, eq=False, repr=False)
class Leg:
    """One channel. ``incoming``: its device called the switch; ``originated``: an application had it called."""

    id: str
    at: datetime
    order: int
    talk: "Talk"
    began: datetime | None = None
    """When the switch says it was made, if it says so: the same after we restart."""
    root: str = ""
    """The switch's own id for what it belonged to when it began: Asterisk's Linkedid, FreeSWITCH's Call-UUID."""
    channel: str = ""
    """Its full name, as commands name it."""
    device: str = ""
    desk: str = ""
    kind: LegKind = LegKind.OTHER
    number: str = ""
    name: str = ""
    dialled: str = ""
    incoming: bool | None = None
    originated: bool = False
    caller: "Leg | None" = None
    called: list["Leg"] = field(default_factory=list)
    other_half: "Leg | None" = None
    rang: bool = False
    up: bool = False
    answered_at: int = 0
    met_at: int = 0
    """When it was answered, and when it last came together with somebody, counted in facts."""
    talked: bool = False
    """It has been one of two sides that could talk."""
    bridge: str = ""
    held: bool = False
    holds: int = 0
    asked: int = 0
    """When its device hung up, counted in facts; 0: it did not."""
    waiting: bool = False
    """When it hung up, somebody was still being called, or it was waiting in a queue."""
    outcome: LegOutcome | None = None
    end: LegOutcome | None = None
    """What its own end says, whether it was answered or not."""
    gone: bool = False
    closed: bool = False
    picked: bool = False
    referred: bool = False
    """Its device asked for a transfer."""
    conference: str = ""

    def __repr__(self) -> str:
        return f"Leg({self.device}, {self.id})"

    @property
    def named(self) -> str:
        """What a command calls it."""
        return self.channel or self.id

    @property
    def real(self) -> bool:
        """Whether somebody is at its end."""
        return self.kind is not LegKind.GLUE

    @property
    def own(self) -> bool:
        """Whether it is the caller's own phone of a click-to-dial."""
        if self.kind is LegKind.GLUE:
            return False
        half = self.caller.other_half if self.caller is not None else None
        return self.originated or (half is not None and half.originated)


@dataclass(slots=True, eq=False)
class Passing:
    """A transfer: ``by`` is an extension or ``api``; ``legs`` were called because of it."""

    order: int
    kind: str
    by: str
    to: str
    transferee: Leg | None = None
    legs: list[Leg] = field(default_factory=list)
    answered: bool = False
    told: bool = False
    asked: bool = False
    """We asked for it, and the switch has not confirmed it yet."""


@dataclass(slots=True, eq=False, repr=False)
class Talk:
    """Legs that belong together, and what happened to them as one."""

    order: int
    at: datetime
    legs: list[Leg] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)
    passings: list[Passing] = field(default_factory=list)
    consults: list[tuple[str, str, Leg]] = field(default_factory=list)
    """Consultations: by whom, the number, the leg that makes the call."""
    consult_of: "Talk | None" = None
    consulter: Leg | None = None
    into: "Talk | None" = None
    queue: str = ""
    waiting: bool = False
    parked: bool = False
    slot: str = ""
    parker: str = ""
    parkee: Leg | None = None
    retrieved_by: str = ""
    picked_up_from: str = ""
    rang_before: set[str] = field(default_factory=set)
    """Who rang unanswered so long ago that their legs are dropped."""
    closing: Leg | None = None
    cut: bool = False
    """The switch ended the talk before anybody hung up."""
    by_api: bool = False
    unexplained: bool = False
    """A click-to-dial failed, and the switch did not say why."""
    digits: str = ""
    meant: str = ""
    """The number a click-to-dial was to call."""
    asked_for: str = ""
    """The desk a click-to-dial was for, where no channel was ever made."""
    record: Record | None = None
    failure: LegOutcome | None = None
    native: str = ""

    def __repr__(self) -> str:
        return f"Talk({self.legs})"

    @property
    def over(self) -> bool:
        """Whether every leg is gone."""
        return all(leg.gone for leg in self.legs)

    @property
    def closed(self) -> bool:
        """Whether nothing more will be told of it."""
        return all(leg.closed for leg in self.legs)

    @property
    def root(self) -> str:
        """The switch's own id for the whole: that of the oldest leg, which a switch keeps as long as it has any leg."""
        if not self.legs:
            return self.native
        oldest = min(self.legs, key=lambda leg: (leg.began or leg.at, leg.order))
        return oldest.root or oldest.id

    @property
    def origin(self) -> Leg | None:
        """The leg it began with: the caller's, or the desk's own phone of a click-to-dial."""
        real = [leg for leg in self.legs if leg.real]
        begun = [leg for leg in real if leg.own or leg.incoming]
        begun = begun or [leg for leg in real if leg.caller is None] or real
        if self.legs and self.legs[0].originated and not self.legs[0].real:
            begun = [leg for leg in real if leg.own] or begun
        return min(begun, key=_by_order) if begun else None


@dataclass(slots=True, eq=False)
class Bridge:
    """Legs that are together. ``met`` are all that ever were; a parking place or conference joins no talks."""

    members: dict[str, Leg] = field(default_factory=dict)
    met: list[Leg] = field(default_factory=list)
    joins: bool = True


def _by_order(thing: Leg | Talk) -> int:
    return thing.order


# --- who calls whom, and who is together ------------------------------------------------------------


def reached(leg: Leg, depth: int = 0) -> Iterator[Leg]:
    """Yield the real legs that a leg called, through glue."""
    if depth > 20:
        return
    for each in leg.called:
        if each.real:
            yield each
        elif each.other_half is not None:
            yield from reached(each.other_half, depth + 1)


def called_by(leg: Leg) -> list[Leg]:
    """Return the real legs called for a leg, including those that glue called for it."""
    found = list(reached(leg))
    if not found and leg.caller is not None and leg.caller.other_half is not None:
        half = leg.caller.other_half
        if half.originated:
            found = [each for each in reached(half) if each is not leg]
    return found


def caller_of(leg: Leg, depth: int = 0) -> Leg | None:
    """Return the real leg that called this one, through glue."""
    caller = leg.caller
    if caller is None or caller.real or depth > 20:
        return caller
    half = caller.other_half
    if half is None:
        return None
    if half.caller is not None:
        return caller_of(half, depth + 1)
    answered = [each for each in reached(half) if each.up]
    return answered[0] if answered else None


def caller_of_glue(glue: Leg, depth: int = 0) -> Leg | None:
    """Return the real leg that one half of a piece of glue calls for."""
    half = glue.other_half
    if half is None or half.caller is None or depth > 20:
        return None
    return half.caller if half.caller.real else caller_of_glue(half.caller, depth + 1)
