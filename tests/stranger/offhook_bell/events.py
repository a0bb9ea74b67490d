"""What the tower's lines mean. No I/O."""

from datetime import UTC, datetime
from typing import Any

from offhook.model import (
    Call,
    Connected,
    Dialling,
    Direction,
    Ended,
    Event,
    Reason,
    Ringing,
    State,
    call_id,
    cleaned,
    conversation_id,
)
from offhook.numbers import party

BEGAN = datetime(2000, 1, 1, tzinfo=UTC)
REASONS = {"bye": Reason.COMPLETED, "busy": Reason.BUSY, "late": Reason.NO_ANSWER}
STATES = {"ring": State.ALERTING, "wait": State.INITIATED, "up": State.CONNECTED}


class Meaning:
    """One tower's lines, for one desk. It remembers what the tower calls each call."""

    def __init__(self, device: str, country: str) -> None:
        self.device = device
        self.country = country
        self.natives: dict[str, str] = {}

    def event(self, words: list[str], at: datetime) -> list[Event]:
        """Return what a line tells; nothing for one that is not understood."""
        match words:
            case ["NEW", native, "in", number]:
                return [Ringing(**self._facts(native, at), **self._about(native, number))]
            case ["NEW", native, "out", number, cause]:
                facts = self._facts(native, at) | {"cause": cleaned(cause), "dialled": cleaned(number)}
                return [Dialling(**facts | self._about(native, number) | {"direction": Direction.CLICK2DIAL})]
            case ["UP", native]:
                return [Connected(**self._facts(native, at))]
            case ["DOWN", native, why]:
                return [Ended(**self._facts(native, at), reason=REASONS.get(why, Reason.UNKNOWN))]
            case _:
                return []

    def state(self, words: list[str]) -> Call | None:
        """Return the call of a line of a snapshot: ``STATE id state way number``."""
        match words:
            case ["STATE", native, state, way, number] if state in STATES:
                facts = self._facts(native, BEGAN)
                about = self._about(native, number)
                if way == "out":
                    about |= {"direction": Direction.CLICK2DIAL, "dialled": cleaned(number)}
                return Call(id=facts["call"], line=self.device, state=STATES[state], **about)
            case _:
                return None

    def _facts(self, native: str, at: datetime) -> dict[str, Any]:
        call = call_id(BEGAN, f"{self.device} {native}")
        self.natives[call] = native
        return {"at": at, "line": self.device, "call": call}

    def _about(self, native: str, number: str) -> dict[str, Any]:
        return {
            "party": party(number, country=self.country),
            "conversation": conversation_id(f"bell {native}"),
            "refs": (cleaned(native),),
        }
