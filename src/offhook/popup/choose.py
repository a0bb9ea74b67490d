"""What pops by itself, from a desk's events and rules. No I/O, no clock.

Rules: specification section 8. The card of who is calling always shows; these are the automatic actions.
A record passed by a colleague always acts. One call acts once per desk for one subject.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from offhook.calls import CallTable
from offhook.model import (
    Call,
    CallEvent,
    Direction,
    Ended,
    Event,
    HandedOver,
    Kind,
    Merged,
    PopRequested,
    Record,
    RecordPassed,
    Ringing,
    State,
)


class Trigger(StrEnum):
    """The seed's choice behind "Configuration de la montée de fiche"."""

    APPLICATION = "application"
    RING = "ring"
    CONNECT = "connect"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class PopRules:
    """When a card pops by itself; ``application`` leaves it to the application."""

    trigger: Trigger = Trigger.APPLICATION


_DUE = {
    Trigger.RING: (State.ALERTING, State.CONNECTED, State.HELD),
    Trigger.CONNECT: (State.CONNECTED, State.HELD),
}


class Pops:
    """Remembers what has popped at one desk, for as long as its call lasts."""

    def __init__(self, rules: PopRules) -> None:
        self._rules = rules
        self._came_in: set[str] = set()
        self._done: dict[str, set[str]] = {}

    def after(self, event: Event, table: CallTable, at: datetime) -> list[PopRequested]:
        """Return what must pop now that ``event`` has happened."""
        if not isinstance(event, CallEvent):
            return []
        if isinstance(event, Ended | HandedOver):
            self._forget(event.call)
            return []
        if isinstance(event, Ringing) or (isinstance(event, Merged) and event.other in self._came_in):
            self._came_in.add(event.call)
        if isinstance(event, Merged):
            self._forget(event.other)
        call = table.get(event.call)
        own = isinstance(event, RecordPassed) and event.by == table.line
        if call is None or not (self._came_in_here(call) or isinstance(event, RecordPassed)):
            return []
        subject = self._subject(call, passed=isinstance(event, RecordPassed))
        done = self._done.setdefault(call.id, set())
        if not subject or subject in done:
            return []
        done.add(subject)
        if own:
            return []
        number = "" if call.record else call.party.number
        return [PopRequested(at=at, line=table.line, call=call.id, number=number, record=call.record)]

    def restore(self, table: CallTable) -> None:
        """Take what would pop for the calls open before a restart as having popped then."""
        for call in table.calls:
            if call.state is State.ALERTING:
                self._came_in.add(call.id)
            self._done[call.id] = {subject for subject in (_key(call.record), call.party.number) if subject}

    def _forget(self, call: str) -> None:
        self._came_in.discard(call)
        self._done.pop(call, None)

    def _came_in_here(self, call: Call) -> bool:
        return call.direction is Direction.INBOUND or call.id in self._came_in

    def _subject(self, call: Call, passed: bool) -> str:
        """Return what should pop now, as a key: the record, else the number, else nothing."""
        if call.record is not None and (passed or call.state in _DUE[Trigger.RING]):
            return _key(call.record)
        if call.party.kind is Kind.EXTERNAL and call.state in _DUE.get(self._rules.trigger, ()):
            return call.party.number
        return ""


def _key(record: Record | None) -> str:
    return f"{record.source}:{record.id}" if record else ""
