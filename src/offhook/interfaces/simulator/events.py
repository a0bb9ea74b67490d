"""What the pretend exchange's words mean: CSTA-like events to Offhook's, commands to services. No I/O."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

from offhook.errors import ProtocolError
from offhook.model import (
    Answer,
    Call,
    CancelConsult,
    Command,
    CompleteTransfer,
    Connected,
    Consult,
    Dial,
    Dialling,
    Direction,
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
    Party,
    PassRecord,
    Prompted,
    Reason,
    Record,
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
    call_id,
    cleaned,
    conversation_id,
)
from offhook.numbers import party as party_of

Json = dict[str, Any]

_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError)
"""What reading a hostile or broken message raises."""

ACCEPTS: frozenset[type[Command]] = frozenset({
    Answer, CancelConsult, CompleteTransfer, Consult, Dial, HangUp, Hold, Park, PassRecord, Resume,
    SendDigits, Snapshot, Transfer,
})  # fmt: skip
EMITS: frozenset[type[Event]] = frozenset({
    Prompted, Connected, Dialling, Diverted, Ended, Held, LineBack, LineLost, Merged, Parked, RecordPassed,
    RemoteRinging, Resumed, Retrieved, Ringing, Transferred, Updated,
})  # fmt: skip

REASONS = {
    "normalClearing": Reason.COMPLETED,
    "answeredElsewhere": Reason.ANSWERED_ELSEWHERE,
    "divertedElsewhere": Reason.ANSWERED_ELSEWHERE,
    "busy": Reason.BUSY,
    "callRejected": Reason.REJECTED,
    "callCancelled": Reason.CANCELLED,
    "noAnswer": Reason.NO_ANSWER,
    "destOutOfOrder": Reason.UNAVAILABLE,
    "unallocatedNumber": Reason.UNALLOCATED,
    "ownNoAnswer": Reason.OWN_NO_ANSWER,
    "ownRejected": Reason.OWN_REJECTED,
}
STATES = {
    "prompt": State.PROMPTED,
    "ringing": State.ALERTING,
    "up": State.CONNECTED,
    "held": State.HELD,
    "parked": State.PARKED,
}


class ExchangeMeaning:
    """Reads one exchange's events and writes its requests.

    It remembers which of the exchange's connections a call's id stands for, so that a command on the call can name
    it, and how the last numbers were read: a snapshot holds thousands.
    """

    def __init__(self, country: str, strip: tuple[str, ...] = ()) -> None:
        self._keys: dict[tuple[str, str], str] = {}

        @lru_cache(maxsize=10_000)
        def party(number: str, name: str) -> Party:
            return party_of(number, country, name, strip)

        self._party_of: Callable[[str, str], Party] = party

    def read(self, message: Json) -> list[Event]:
        """Return what an event of the exchange means; nothing for an unknown one. Raises ``ProtocolError``."""
        meaning = self._meanings.get(str(message.get("event")))
        if meaning is None:
            return []
        try:
            common = {"at": _time(message["at"]), "line": message["device"], "call": self._call(message)}
            found = meaning(self, message, common | {"cause": cleaned(message["cause"])})
            if any(isinstance(event, Ended) for event in found):
                self._keys.pop((message["device"], common["call"]), None)
            return found
        except _UNREADABLE:
            raise ProtocolError("reply_unreadable", source="event") from None

    def snapshot(self, answer: Json) -> tuple[Call, ...]:
        """Return every extension's calls from the exchange's snapshot. Raises ``ProtocolError``."""
        try:
            self._keys.clear()  # the snapshot holds every connection there is: what is not in it is over
            return tuple(self._snapshot_call(view) for view in answer["connections"])
        except _UNREADABLE:
            raise ProtocolError("reply_unreadable", source="snapshot") from None

    def request(self, command: Command, device: str, dialled: str) -> Json:
        """Return the service request for a command."""
        service, *names = _SERVICES[type(command)]
        request: Json = {"do": service, "device": device}
        if isinstance(command, Dial):
            return request | {"to": dialled, "cause": command.id, "data": _data(command.record)}
        call = str(getattr(command, "call", ""))
        request["call"] = self._keys.get((device, call), call)
        for name in names:
            value = getattr(command, name)
            if name == "record":
                request["data"] = _data(value)
            elif name == "held":
                request["held"] = self._keys.get((device, value), value)
            else:
                request[name] = dialled if name == "to" else value
        return request

    # --- one connection -----------------------------------------------------------------------------

    def _call(self, view: Json) -> str:
        if not isinstance(view["device"], str) or not isinstance(view["call"], str):
            raise TypeError
        found = call_id(_time(view["started"]), view["call"])
        self._keys[view["device"], found] = view["call"]
        return found

    def _snapshot_call(self, view: Json) -> Call:
        state = STATES[view["state"]]
        if state is State.CONNECTED and view["role"] == "caller" and not view["answered"]:
            state = State.DELIVERED if view["ringing"] else State.INITIATED
        return Call(
            id=self._call(view),
            line=view["device"],
            state=state,
            direction=_direction(view),
            party=self._party(view),
            dialled=cleaned(view["called"]),
            started_at=_time(view["started"]),
            connected_at=_time(view["answered"]) if view["answered"] else None,
            consult_of=self._consult_of(view),
            conversation=conversation_id(str(view["thread"])),
            slot=cleaned(view["slot"]),
            record=_record(view),
            refs=(cleaned(view["call"]),),
        )

    def _consult_of(self, view: Json) -> str:
        if not view["consult_of"]:
            return ""
        return call_id(_time(view["consult_started"]), view["consult_of"])

    def _party(self, view: Json) -> Party:
        return self._party_of(cleaned(view["party"]["number"]), cleaned(view["party"]["name"]))

    def _facts(self, view: Json) -> Json:
        return {
            "direction": _direction(view),
            "party": self._party(view),
            "dialled": cleaned(view["called"]),
            "conversation": conversation_id(str(view["thread"])),
            "record": _record(view),
            "refs": (cleaned(view["call"]),),
        }

    # --- one event each -----------------------------------------------------------------------------

    def _initiated(self, view: Json, common: Json) -> list[Event]:
        return [Dialling(**common, **self._facts(view)), Prompted(**common)]

    def _originated(self, view: Json, common: Json) -> list[Event]:
        if view["click"]:
            return []
        return [Dialling(**common, **self._facts(view), consult_of=self._consult_of(view))]

    def _delivered(self, view: Json, common: Json) -> list[Event]:
        if view["alerting"] == view["device"]:
            return [Ringing(**common, **self._facts(view), by=cleaned(view.get("by")))]
        return [RemoteRinging(**common)]

    def _established(self, view: Json, common: Json) -> list[Event]:
        return [Connected(**common), Updated(**common, party=self._party(view))]

    def _retrieved(self, view: Json, common: Json) -> list[Event]:
        if view["by"] == view["device"] and not view.get("taken"):
            return [Resumed(**common)]
        return [Retrieved(**common, by=cleaned(view["by"]))]

    def _information(self, view: Json, common: Json) -> list[Event]:
        conversation = conversation_id(str(view["thread"]))
        found: list[Event] = [Updated(**common, party=self._party(view), conversation=conversation)]
        record = _record(view)
        return (
            [*found, RecordPassed(**common, record=record, by=cleaned(view["by"]))]
            if record and "by" in view
            else found
        )

    def _transferred(self, view: Json, common: Json) -> list[Event]:
        if "old" not in view:
            return [Transferred(**common, to=cleaned(view["to"]), kind=cleaned(view["kind"]))]
        other = call_id(_time(view["old_started"]), view["old"])
        self._keys.pop((view["device"], other), None)
        facts: Json = {
            "direction": _direction(view),
            "party": self._party(view),
            "conversation": conversation_id(str(view["thread"])),
            "record": _record(view),
        }
        return [Merged(**common, other=other, **facts)]

    def _cleared(self, view: Json, common: Json) -> list[Event]:
        return [Ended(**common, reason=REASONS.get(view["why"], Reason.FAILED))]

    _meanings: ClassVar[dict[str, Callable[["ExchangeMeaning", Json, Json], list[Event]]]] = {
        "ServiceInitiated": _initiated,
        "Originated": _originated,
        "Delivered": _delivered,
        "Established": _established,
        "Held": lambda _self, _view, common: [Held(**common)],
        "Retrieved": _retrieved,
        "CallInformation": _information,
        "Diverted": lambda _self, view, common: [Diverted(**common, to=cleaned(view["to"]))],
        "Parked": lambda _self, view, common: [Parked(**common, slot=cleaned(view["slot"]))],
        "Transferred": _transferred,
        "ConnectionCleared": _cleared,
    }


_SERVICES: dict[type[Command], tuple[str, ...]] = {
    Dial: ("MakeCall",),
    Answer: ("AnswerCall",),
    HangUp: ("ClearConnection",),
    Hold: ("HoldCall",),
    Resume: ("RetrieveCall",),
    Transfer: ("SingleStepTransferCall", "to", "record"),
    Consult: ("ConsultationCall", "to"),
    CompleteTransfer: ("TransferCall", "held", "record"),
    CancelConsult: ("ReconnectCall",),
    SendDigits: ("GenerateDigits", "digits"),
    PassRecord: ("AssociateData", "record"),
    Park: ("ParkCall", "slot"),
}


def _direction(view: Json) -> Direction:
    if view["click"]:
        return Direction.CLICK2DIAL
    if not view["outside"]:
        return Direction.INTERNAL
    return Direction.OUTBOUND if view["role"] == "caller" else Direction.INBOUND


def _record(view: Json) -> Record | None:
    data = view.get("data")
    if not data:
        return None
    return Record(source=cleaned(data["source"]), id=cleaned(data["id"]), title=cleaned(data.get("title")))


def _data(record: Record | None) -> Json | None:
    return {"source": record.source, "id": record.id, "title": record.title} if record else None


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
