"""What the seed's event words mean: RING, CONNECT, POPUP and HANGUP to Offhook's events. No I/O, no clock.

Rules: specification section 5. The source has no call ids: there is one open call per number. Without hang-up
events a call ends ``unknown`` at the line's next ring, or when it has lasted too long.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from offhook import numbers
from offhook.model import (
    Connected,
    Dial,
    Dialling,
    Direction,
    Ended,
    Event,
    HandedOver,
    Party,
    PartyKind,
    PopRequested,
    Reason,
    Ringing,
    Updated,
    call_id,
    conversation_id,
)
from offhook.seed.parameters import ParameterFile
from offhook.seed.replies import Item

REMEMBERED_IDS = 1000
EMITS = frozenset({Dialling, HandedOver, Ringing, Connected, PopRequested, Ended, Updated})


@dataclass(slots=True)
class Open:
    """A call in progress, as far as the source has told."""

    id: str
    conversation: str
    since: datetime
    connected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How replies are read: ``queue`` takes each as an event, else as what is going on."""

    queue: bool = False
    call_max_s: float = 14400.0
    country: str
    strip: tuple[str, ...] = ()


class SeedMeaning:
    """One line's replies, taken in one after the other."""

    def __init__(self, file: ParameterFile, line: str, rules: Rules) -> None:
        self.line = line
        self._rules = rules
        self._words = words_of(file)
        self.ring = file.word("global", "event_ring", "RING")
        self._hangs_up = file.entry("global", "event_hangup") is not None
        self._open: dict[str, Open] = {}
        self._before: frozenset[Item] = frozenset()
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._count = 0

    def take(self, items: Sequence[Item], at: datetime) -> list[Event]:
        """Take a reply's events in; returns what is news."""
        fresh = [item for item in items if self._is_news(item)]
        self._before = frozenset(item for item in items if not item.id)
        return [event for item in fresh for event in self._meant(item, at)]

    def tick(self, now: datetime) -> list[Event]:
        """End what has lasted too long."""
        longest = timedelta(seconds=self._rules.call_max_s)
        old = [key for key, call in self._open.items() if now - call.since > longest]
        return [self._ended(key, now, Reason.UNKNOWN) for key in old]

    def dialled(self, command: Dial, digits: str, at: datetime) -> list[Event]:
        """Tell of a dial that was accepted: the API says nothing more about it."""
        native = f"{self.line} {command.id}"
        facts: dict[str, Any] = {
            "at": at,
            "line": self.line,
            "call": call_id(at, native),
            "cause": command.id,
        }
        party = numbers.party(digits, country=self._rules.country)
        begun = Dialling(
            **facts,
            direction=Direction.CLICK2DIAL,
            party=party,
            dialled=digits,
            conversation=conversation_id(native),
            record=command.record,
        )
        return [begun, HandedOver(**facts, number=party.number or digits)]

    # --- one event ------------------------------------------------------------------------------------

    def _is_news(self, item: Item) -> bool:
        """Say whether an event was not told before: by its id, else by what was going on a moment ago."""
        if item.id:
            known = item.id in self._ids
            self._ids[item.id] = None
            if len(self._ids) > REMEMBERED_IDS:
                self._ids.popitem(last=False)
            return not known
        return self._rules.queue or item not in self._before

    def _meant(self, item: Item, at: datetime) -> list[Event]:
        party = numbers.party(item.tel, country=self._rules.country, strip=self._rules.strip)
        key = party.number or party.raw
        match self._words.get(item.event.strip().lower()):
            case "ring":
                return self._rings(key, party, at)
            case "connect":
                return self._connects(key, party, at)
            case "popup":
                call = self._open.get(key)
                number = party.number or party.raw
                return [PopRequested(at=at, line=self.line, call=call.id if call else "", number=number)]
            case "hangup":
                return self._hangs(key, at)
            case _:
                return []

    def _rings(self, key: str, party: Party, at: datetime) -> list[Event]:
        over = [] if self._hangs_up else [each for each in self._open if each != key]
        told: list[Event] = [self._ended(each, at, Reason.UNKNOWN) for each in over]
        known = self._open.get(key)
        if known is not None and not known.connected and self._hangs_up:
            return told  # it still rings, or its end would have been told
        if known is not None:
            told.append(self._ended(key, at, Reason.UNKNOWN))
        call = self._begun(key, at)
        return [
            *told,
            Ringing(at=at, line=self.line, call=call.id, party=party, conversation=call.conversation),
        ]

    def _connects(self, key: str, party: Party, at: datetime) -> list[Event]:
        call = self._found(key, party)
        told: list[Event] = []
        if call is None:
            call = self._begun(key, at)
            told.append(
                Updated(at=at, line=self.line, call=call.id, party=party, conversation=call.conversation)
            )
        call.connected = True
        return [*told, Connected(at=at, line=self.line, call=call.id)]

    def _hangs(self, key: str, at: datetime) -> list[Event]:
        self._hangs_up = True
        if key not in self._open and not key and len(self._open) == 1:
            key = next(iter(self._open))
        if key not in self._open:
            return []
        reason = Reason.COMPLETED if self._open[key].connected else Reason.UNKNOWN
        return [self._ended(key, at, reason)]

    def _found(self, key: str, party: Party) -> Open | None:
        """Return the call meant; without a number, the only one there is."""
        if party.kind is PartyKind.HIDDEN and len(self._open) == 1:
            return next(iter(self._open.values()))
        return self._open.get(key)

    def _begun(self, key: str, at: datetime) -> Open:
        self._count += 1
        native = f"{self.line} {key} {self._count} {at.isoformat()}"
        call = Open(call_id(at, native), conversation_id(native), at)
        self._open[key] = call
        return call

    def _ended(self, key: str, at: datetime, reason: Reason) -> Event:
        return Ended(at=at, line=self.line, call=self._open.pop(key).id, reason=reason)


def words_of(file: ParameterFile) -> dict[str, str]:
    """Return what each of the file's event words means."""
    connect = file.word("global", "event_connect") or file.word("global", "even_connect", "CONNECT")
    named = {
        file.word("global", "event_ring", "RING"): "ring",
        connect: "connect",
        file.word("global", "event_popup", "POPUP"): "popup",
        file.word("global", "event_hangup", "HANGUP"): "hangup",
    }
    return {word.lower(): meaning for word, meaning in named.items()}
