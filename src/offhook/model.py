"""What Offhook speaks of: parties, records, contacts, calls, commands and events. Frozen values. No I/O.

Commands are imperatives, events are what is now true. They travel unchanged from application to hub to
desk to interface and back (specification section 9). Times are aware UTC datetimes, stamped once, where
the bytes arrive. Words: GLOSSARY.md; call states are CSTA's local connection states with the two extra
steps a click-to-dial needs.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

MODEL_VERSION = "2.0"
"""Version of the JSON form: a reader one minor version older or newer gets along with it."""


# --- text from outside ----------------------------------------------------------------------------

LONGEST_WORD = 200
"""Longest name, number or identifier taken from a switch or a file; the rest is cut off."""


def is_clean(text: str) -> bool:
    """Say whether text can be written anywhere: no half of a surrogate pair is alone in it."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def cleaned(value: object, longest: int = LONGEST_WORD) -> str:
    """Return text from a switch or a file, made fit to keep: printable, whole and not too long."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return "".join(character if character.isprintable() else "\ufffd" for character in text[:longest])


# --- who and what ---------------------------------------------------------------------------------


class PartyKind(StrEnum):
    """What is known of a party's number. Hidden and unreadable are values, not errors (section 3)."""

    EXTERNAL = "external"
    INTERNAL = "internal"
    HIDDEN = "hidden"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The other end: ``number`` is E.164 where that is possible, ``raw`` is what the switch sent."""

    number: str = ""
    raw: str = ""
    name: str = ""
    kind: PartyKind = PartyKind.EXTERNAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record of the application ("fiche"): where it lives and its identifier there."""

    source: str
    id: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody a directory knows. ``kind`` is the application's word: client, prospect, fournisseur, …

    ``numbers`` are as they stand in the source, ``hints`` are numbers found in its free text; ``matched`` is the one
    that matched. ``exact`` is false where only the company's main number did, or one of the hints (``hint``).
    """

    record: Record
    name: str = ""
    company: str = ""
    kind: str = ""
    city: str = ""
    email: str = ""
    note: str = ""
    numbers: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    matched: str = ""
    exact: bool = True
    hint: bool = False


class Direction(StrEnum):
    """How a call came about at this desk."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    CLICK2DIAL = "click2dial"
    INTERNAL = "internal"


class State(StrEnum):
    """Where a desk stands in a call."""

    NULL = "null"
    INITIATED = "initiated"
    PROMPTED = "prompted"
    DELIVERED = "delivered"
    ALERTING = "alerting"
    CONNECTED = "connected"
    HELD = "held"
    PARKED = "parked"
    CLEARED = "cleared"


class Reason(StrEnum):
    """Why a call ended at this desk (section 9)."""

    COMPLETED = "completed"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    UNAVAILABLE = "unavailable"
    UNALLOCATED = "unallocated"
    OWN_NO_ANSWER = "own_no_answer"
    OWN_REJECTED = "own_rejected"
    OWN_BUSY = "own_busy"
    OWN_UNAVAILABLE = "own_unavailable"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A snapshot of one call at one desk.

    ``conversation`` is the id of what the outside party experiences as one call: the same at every desk it comes
    to. ``rang``: somebody called this desk, so it rang here. ``announced``: it is a page, not a ring. ``can`` names the
    commands that can be asked of the call now.
    """

    id: str
    line: str
    conversation: str = ""
    state: State = State.NULL
    direction: Direction = Direction.INBOUND
    party: Party = Party()
    dialled: str = ""
    started_at: datetime | None = None
    connected_at: datetime | None = None
    consult_of: str = ""
    slot: str = ""
    record: Record | None = None
    contacts: tuple[Contact, ...] = ()
    members: tuple[Party, ...] = ()
    refs: tuple[str, ...] = ()
    rang: bool = False
    announced: bool = False
    can: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """A short number to name the call by: three digits, the same wherever the call is shown."""
        return str(100 + int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:4]) % 900)


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def call_id(started_at: datetime, native: str) -> str:
    """Return our id for the call a source knows as ``native``: 26 characters, sortable by start.

    It has a ULID's shape (48 bits of milliseconds, 80 bits more), but the 80 bits are a digest of the
    source's own id instead of chance: after a restart the same call gets the same id, with nothing to
    remember.
    """
    millis = int(started_at.timestamp() * 1000) & (1 << 48) - 1
    digest = hashlib.sha256(native.encode("utf-8", "surrogatepass")).digest()[:10]
    number = millis << 80 | int.from_bytes(digest)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def conversation_id(native: str) -> str:
    """Return our id for the conversation a source knows as ``native``: 16 characters, a digest.

    It needs nothing but the source's own word for what belongs together, so every desk, and a restarted hub,
    comes to the same id.
    """
    number = int.from_bytes(hashlib.sha256(native.encode("utf-8", "surrogatepass")).digest()[:10])
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(75, -1, -5))


# --- commands -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something asked. ``id`` makes it act once however often it is repeated within ten minutes."""

    id: str
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCommand(Command):
    """Something asked of a call; an empty ``call`` means the only call it can be asked of."""

    call: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial(Command):
    """Alert the desk's own phone, then call ``number`` (as a person writes it)."""

    number: str
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(CallCommand):
    """Take a ringing call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp(CallCommand):
    """Leave a call, give up dialling or reject a ringing one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(CallCommand):
    """Put the other side on hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(CallCommand):
    """Go on with a held call, or take a parked one back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(CallCommand):
    """Pass the call to ``to`` without asking first, with a record if one is given."""

    to: str
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consult(CallCommand):
    """Hold the call and ring ``to`` to ask first."""

    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTransfer(CallCommand):
    """Connect a held party with the one being talked to or consulted.

    ``call`` is the consultation, or an ordinary call in progress while another is held; ``held`` is the held
    one, empty where there is only one.
    """

    held: str = ""
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelConsult(CallCommand):
    """Drop the person consulted and go back to the held call; ``call`` is the consultation call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDigits(CallCommand):
    """Send ``digits`` (0-9 * # A-D) to the other side as tones."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRecord(CallCommand):
    """Attach ``record`` to the call: whoever gets the call gets the record."""

    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Park(CallCommand):
    """Put the call in a parking place, ``slot`` or the first free one."""

    slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Command):
    """Read the line's calls again; a ``LineBack`` with them follows."""


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something now true on ``line`` (``""``: on every line of the interface).

    ``cause`` is the id of the command that brought it about. ``seq`` names the event on a desk's stream and is
    compared only for equality; ``after`` is the ``seq`` before it at this desk. Both are empty elsewhere.
    """

    at: datetime
    line: str
    cause: str = ""
    seq: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent(Event):
    """Something now true of one call at one desk.

    ``can`` is what a source itself says can be asked of the call now, ``None`` where it does not say. It narrows
    the call's own ``can``, where listeners find it.
    """

    call: str
    can: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling(CallEvent):
    """The desk calls somebody. ``consult_of`` names the held call a consultation is about."""

    direction: Direction = Direction.OUTBOUND
    party: Party = Party()
    dialled: str = ""
    consult_of: str = ""
    conversation: str = ""
    record: Record | None = None
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompted(CallEvent):
    """The desk's own phone asks to be picked up (click-to-dial). Never a caller's ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRinging(CallEvent):
    """The far end rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing(CallEvent):
    """Somebody calls this desk. ``by`` is who passed the call here, if anybody did.

    ``announced``: a page, which the phone answers by itself.
    """

    direction: Direction = Direction.INBOUND
    party: Party = Party()
    dialled: str = ""
    by: str = ""
    announced: bool = False
    conversation: str = ""
    record: Record | None = None
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(CallEvent):
    """The two sides can talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(CallEvent):
    """This desk put the other side on hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(CallEvent):
    """The held call goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated(CallEvent):
    """More is known of the call: the party (a late caller, a name, a new far end), its record, its contacts.

    ``conversation`` is the one it belongs to now. Without any of these: what can be asked of the call has changed.
    """

    party: Party | None = None
    conversation: str = ""
    record: Record | None = None
    contacts: tuple[Contact, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diverted(CallEvent):
    """The call went on to ``to`` before it was answered here."""

    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred(CallEvent):
    """This desk passed the call to ``to``; ``kind`` is ``blind`` or ``attended``."""

    to: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked(CallEvent):
    """This desk put the call in the parking place ``slot``."""

    slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved(CallEvent):
    """The parked call was taken back, here or by ``by``."""

    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(CallEvent):
    """Somebody else is in the call, too."""

    party: Party = Party()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(CallEvent):
    """Somebody is no longer in the call."""

    party: Party = Party()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(CallEvent):
    """``other`` and ``call``, the older, became one; the older one's id stays."""

    other: str
    direction: Direction | None = None
    party: Party | None = None
    conversation: str = ""
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PopRequested(Event):
    """A card must be shown: of ``record`` if there is one, else of ``number``."""

    call: str = ""
    number: str = ""
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPassed(CallEvent):
    """``record`` now goes with the call; ``by`` attached it."""

    record: Record
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(CallEvent):
    """The call is over at this desk: exactly once for each desk and call."""

    reason: Reason = Reason.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver(CallEvent):
    """The number went to a program or service that will not tell the end; no ``Ended`` will follow."""

    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLost(Event):
    """Nothing is heard from the line any more; its calls are as last heard."""

    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBack(Event):
    """The line is heard. ``calls`` are all its calls now; ``None``: nothing was missed."""

    calls: tuple[Call, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Event):
    """Events were missed for good. ``calls`` are all the line's calls now; ``None``: what changed follows."""

    calls: tuple[Call, ...] | None = None


class News(NamedTuple):
    """What a listener gets: an event, and the call as it is after it, also when it has ended.

    ``call`` is ``None`` for what is not about one call.
    """

    event: Event
    call: Call | None = None


COMMANDS: dict[str, type[Command]] = {
    kind.__name__: kind
    for kind in (
        Dial, Answer, HangUp, Hold, Resume, Transfer, Consult, CompleteTransfer,
        CancelConsult, SendDigits, PassRecord, Park, Snapshot,
    )
}  # fmt: skip
"""Every command by its name in JSON."""

EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        Dialling, Prompted, RemoteRinging, Ringing, Connected, Held, Resumed, Updated, Diverted,
        Transferred, Parked, Retrieved, Joined, Left, Merged, PopRequested, RecordPassed, Ended,
        HandedOver, LineLost, LineBack, Gap,
    )
}  # fmt: skip
"""Every event by its name in JSON."""
