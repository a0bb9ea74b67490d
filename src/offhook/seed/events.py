"""What the seed's event words mean: RING, CONNECT, POPUP and HANGUP to Offhook's events. No I/O, no clock.

Rules: specification section 5. The source has no call ids: there is one open call per number. Without hang-up
events a call ends ``unknown`` at the line's next ring, or when it has lasted too long.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from offhook import numbers
from offhook.model import (
    Call,
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
    """How replies are read: ``queue`` takes each as an event, else as what is going on.

    A source that only says when it rings has ``again_s``: the same number rung again so soon, with nothing between,
    is the same ring, later another one. ``ring_max_s``: an unanswered call of which nothing more is heard lasts no
    longer.
    """

    queue: bool = False
    call_max_s: float = 14400.0
    ring_max_s: float = inf
    again_s: float | None = None
    country: str
    strip: tuple[str, ...] = ()


class SeedMeaning:
    """One line's replies, taken in one after the other."""

    def __init__(self, file: ParameterFile, line: str, rules: Rules) -> None:
        self.line = line
        self._rules = rules
        self._words = words_of(file)
        self._hangs_up = file.entry("global", "event_hangup") is not None
        self._open: dict[str, Open] = {}
        self._lists_calls = False
        self._before: frozenset[Item] = frozenset()
        self._ids: OrderedDict[Item, None] = OrderedDict()
        self._rang: tuple[str, datetime] | None = None
        self._count = 0

    def restore(self, calls: Iterable[Call], at: datetime) -> None:
        """Go on with calls begun before a restart."""
        for call in calls:
            key = "" if call.party.kind is PartyKind.HIDDEN else call.party.number or call.party.raw
            since = call.started_at or at
            self._open[key] = Open(call.id, call.conversation, since, connected=call.connected_at is not None)

    @property
    def busy(self) -> bool:
        """Whether a call is open."""
        return bool(self._open)

    def take(self, items: Sequence[Item], at: datetime, *, listed: bool = True) -> list[Event]:
        """Take a reply's events in; returns what is news. ``listed`` is false where no reply came in time."""
        items = items if self._rules.queue else list(dict.fromkeys(items))
        fresh = [item for item in items if self._is_news(item)]
        self._before = frozenset(item for item in items if not item.id)
        here = frozenset() if self._rules.queue else frozenset(self._key(item) for item in items)
        told = self._gone(items, here, at) if listed and not self._rules.queue else []
        return told + [event for item in fresh for event in self._meant(item, here, at)]

    def tick(self, now: datetime) -> list[Event]:
        """End what has lasted too long."""
        old = [
            key
            for key, call in self._open.items()
            if (now - call.since).total_seconds() > self._longest(call)
        ]
        return [self._ended(key, now, Reason.UNKNOWN) for key in old]

    def _longest(self, call: Open) -> float:
        return (
            self._rules.call_max_s if call.connected else min(self._rules.call_max_s, self._rules.ring_max_s)
        )

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
        if not item.id:
            return self._rules.queue or item not in self._before
        known = item in self._ids
        self._ids[item] = None
        self._ids.move_to_end(item)
        if len(self._ids) > REMEMBERED_IDS:
            self._ids.popitem(last=False)
        return not known

    def _gone(self, items: Sequence[Item], here: frozenset[str], at: datetime) -> list[Event]:
        """End the calls that are gone from a list of calls.

        Whether a source lists calls is learnt from a reply that has several, each of another number.
        """
        words = {self._word(item) for item in items}
        if "popup" in words or words == {"hangup"}:
            return []  # something that happened, not what is going on
        self._lists_calls = self._lists_calls or 1 < len(items) == len(here)
        return [self._over(key, at) for key in list(self._open) if self._lists_calls and key not in here]

    def _word(self, item: Item) -> str:
        return self._words.get(item.event.strip().lower(), "")

    def _party(self, item: Item) -> Party:
        return numbers.party(item.tel, country=self._rules.country, strip=self._rules.strip)

    def _key(self, item: Item) -> str:
        party = self._party(item)
        return "" if party.kind is PartyKind.HIDDEN else party.number or party.raw

    def _meant(self, item: Item, here: frozenset[str], at: datetime) -> list[Event]:
        party, key = self._party(item), self._key(item)
        rang, self._rang = self._rang, None
        match self._word(item):
            case "ring":
                self._rang = key, at
                return self._rings(key, party, here, rang, at)
            case "connect":
                return self._connects(key, party, at)
            case "popup":
                call = self._open.get(key)
                number = party.number or party.raw
                return [PopRequested(at=at, line=self.line, call=call.id if call else "", number=number)]
            case "hangup":
                return self._hangs(key, at)
            case _:
                self._rang = rang
                return []

    def _rings(
        self, key: str, party: Party, here: frozenset[str], rang: tuple[str, datetime] | None, at: datetime
    ) -> list[Event]:
        over = [] if self._hangs_up else [each for each in self._open if each != key and each not in here]
        told: list[Event] = [self._ended(each, at, Reason.UNKNOWN) for each in over]
        known = self._open.get(key)
        if known is not None and not known.connected and self._is_same_ring(key, rang, at):
            return told
        if known is not None:
            told.append(self._ended(key, at, Reason.UNKNOWN))
        call = self._begun(key, at)
        return [
            *told,
            Ringing(at=at, line=self.line, call=call.id, party=party, conversation=call.conversation),
        ]

    def _is_same_ring(self, key: str, rang: tuple[str, datetime] | None, at: datetime) -> bool:
        """Say whether a call that rings is only told again: else its end would have been told."""
        if self._rules.again_s is None:
            return self._hangs_up or self._lists_calls
        return rang is not None and rang[0] == key and (at - rang[1]).total_seconds() <= self._rules.again_s

    def _connects(self, key: str, party: Party, at: datetime) -> list[Event]:
        told: list[Event] = []
        if key not in self._open:
            found = self._only_one() if not key or "" in self._open else None
            if (
                found is None or key
            ):  # a number not heard of before: a call not told to ring, or one that rang hidden
                call = self._begun(key, at) if found is None else self._open.pop(found)
                self._open[key] = call
                facts: dict[str, Any] = {"at": at, "line": self.line, "call": call.id}
                told.append(Updated(**facts, party=party, conversation=call.conversation))
            else:
                key = found
        call = self._open[key]
        if call.connected:
            return told
        call.connected = True
        return [*told, Connected(at=at, line=self.line, call=call.id)]

    def _hangs(self, key: str, at: datetime) -> list[Event]:
        self._hangs_up = True
        found = key if key in self._open else None if key else self._only_one()
        return [] if found is None else [self._over(found, at)]

    def _only_one(self) -> str | None:
        """Return the only call there is: the one meant where no number says which."""
        return next(iter(self._open)) if len(self._open) == 1 else None

    def _over(self, key: str, at: datetime) -> Event:
        return self._ended(key, at, Reason.COMPLETED if self._open[key].connected else Reason.UNKNOWN)

    def _begun(self, key: str, at: datetime) -> Open:
        self._count += 1
        native = f"{self.line} {key} {self._count} {at.isoformat()}"
        call = Open(call_id(at, native), conversation_id(native), at)
        self._open[key] = call
        return call

    def _ended(self, key: str, at: datetime, reason: Reason) -> Event:
        return Ended(at=at, line=self.line, call=self._open.pop(key).id, reason=reason)


def words_of(file: ParameterFile) -> dict[str, str]:
    """Return what each of the file's event words means; several for one event are joined by ``|``."""
    connect = file.word("global", "event_connect") or file.word("global", "even_connect", "CONNECT")
    named = {
        file.word("global", "event_ring", "RING"): "ring",
        connect: "connect",
        file.word("global", "event_popup", "POPUP"): "popup",
        file.word("global", "event_hangup", "HANGUP"): "hangup",
    }
    return {
        word.strip().lower(): meaning
        for words, meaning in named.items()
        for word in words.split("|")
        if word.strip()
    }
