"""What pops by itself, from a desk's news and rules. No I/O, no clock.

Rules: specification section 8. The card of who is calling always shows; these are the automatic actions.
A record passed by a colleague always acts. A pop acts once per desk, subject and conversation, however many calls
that conversation brings there.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from offhook.model import (
    Call,
    CallEvent,
    Direction,
    News,
    PartyKind,
    PopRequested,
    Record,
    RecordPassed,
    State,
)

REMEMBERED = 1_000
"""How many conversations a desk remembers having popped for."""


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
    """Remembers what has popped at one desk, and for which conversation."""

    def __init__(self, rules: PopRules) -> None:
        self._rules = rules
        self._done: OrderedDict[str, set[str]] = OrderedDict()

    def after(self, news: News, at: datetime) -> list[PopRequested]:
        """Return what must pop now that something has happened."""
        event, call = news
        if not isinstance(event, CallEvent) or call is None:
            return []
        if call.state is State.CLEARED:
            return []
        passed = isinstance(event, RecordPassed)
        if not (passed or call.rang or call.direction is Direction.INBOUND):
            return []  # this desk itself called
        subject = self._subject(call, passed=passed)
        if not subject or not self._is_first(call, subject):
            return []
        if isinstance(event, RecordPassed) and event.by == call.line:
            return []  # one's own card is there already
        number = "" if call.record else call.party.number
        return [PopRequested(at=at, line=call.line, call=call.id, number=number, record=call.record)]

    def restore(self, calls: Iterable[Call]) -> None:
        """Treat what would pop for the calls open before a restart as already popped."""
        for call in calls:
            for subject in filter(None, (_key(call.record), call.party.number)):
                self._is_first(call, subject)

    def _is_first(self, call: Call, subject: str) -> bool:
        """Note a subject; says whether it is new to the call's conversation."""
        conversation = call.conversation or call.id
        done = self._done.setdefault(conversation, set())
        self._done.move_to_end(conversation)
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        if subject in done:
            return False
        done.add(subject)
        return True

    def _subject(self, call: Call, *, passed: bool) -> str:
        """Return what should pop now, as a key: the record, else the number, else nothing."""
        if call.record is not None and (passed or call.state in _DUE[Trigger.RING]):
            return _key(call.record)
        if call.party.kind is PartyKind.EXTERNAL and call.state in _DUE.get(self._rules.trigger, ()):
            return call.party.number
        return ""


def _key(record: Record | None) -> str:
    return f"{record.source}:{record.id}" if record else ""
