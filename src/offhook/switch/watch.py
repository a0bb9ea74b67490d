"""Watching one switch: its messages in, the desks' events out, also over a lost link. No I/O, no clock.

After a link comes up, what the switch says is compared with what was known: legs that are gone end,
new ones appear, and one ``LineBack`` carries every desk's calls.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from offhook.model import Event, LineBack, LineLost, Record
from offhook.switch.desks import DeskCall, Desks
from offhook.switch.legs import Legs
from offhook.switch.plan import Plan
from offhook.switch.story import fold
from offhook.switch.talk import Leg, Talk

Said = TypeVar("Said", contravariant=True)


class Meaning(Protocol[Said]):
    """Reads one kind of switch's messages into legs."""

    def read(self, message: Said, at: datetime) -> None:
        """Take a message in."""
        ...


class Watch(Generic[Said]):
    """One switch as it is known here. ``ended`` is told of every talk that is over and settled."""

    def __init__(
        self,
        plan: Plan,
        meaning: Callable[[Legs], Meaning[Said]],
        country: str,
        strip: tuple[str, ...] = (),
        ended: Callable[[Talk], None] | None = None,
    ) -> None:
        self.legs = Legs(plan)
        self.desks = Desks(self.legs, country, strip)
        self.meaning = meaning(self.legs)
        self.syncing = True
        self._ended = ended
        self._since = 0

    def take(self, message: Said, at: datetime) -> list[Event]:
        """Take one message in; returns what it means for the desks."""
        self.meaning.read(message, at)
        return self.news(at)

    def news(self, at: datetime) -> list[Event]:
        """Return what is new; nothing while the switch is being asked for its state."""
        if not self.legs.touched or self.syncing:
            return []
        found = self.desks.news(at)
        if self.legs.ended:
            self.settle(at)
        return found

    def settle(self, at: datetime | None) -> None:
        """Forget what is long over; ``None``: everything that is over."""
        for talk in self.legs.settled(at):
            if talk.consult_of is not None:
                fold(talk)
            self.desks.forget(talk)
            if self._ended is not None:
                self._ended(talk)

    def settle_all(self, at: datetime) -> None:
        """Nothing more will be heard: what is still open is told as it is."""
        for leg in list(self.legs.legs.values()):
            self.legs.goes(leg, at)
        self.settle(None)

    def lost(self, at: datetime, why: str) -> list[Event]:
        """Nothing is heard of the switch any more."""
        was_up, self.syncing = not self.syncing, True
        return [LineLost(at=at, line="", why=why)] if was_up else []

    def asked(self) -> None:
        """The switch is asked for its state: whatever is first heard of from now on is no ghost."""
        self._since = self.legs.facts

    def back(self, there: set[str], at: datetime, cause: str = "") -> LineBack:
        """The switch has said which legs there are; returns the snapshot of every desk's calls.

        Always every desk's: one that did not ask may have lost a call, too.
        """
        for leg in list(self.legs.legs.values()):
            waited_for = leg.originated and not leg.channel  # a dial that the switch has not begun yet
            if leg.id not in there and leg.order <= self._since and not leg.gone and not waited_for:
                self._ghost(leg, at)
        self.legs.sweep()
        self.syncing = False
        self.desks.news(at)
        return LineBack(at=at, line="", cause=cause, calls=self.desks.calls())

    def _ghost(self, leg: Leg, at: datetime) -> None:
        call = self.desks.of_leg(leg)
        if call is not None:
            call.lost = True
        self.legs.goes(leg, at)

    def attach(self, call: DeskCall, record: Record) -> None:
        """A record now goes with a call."""
        call.talk.record = record
        self.legs.touched[call.talk] = None

    def call(self, call: str, line: str) -> DeskCall | None:
        """Return a desk's open call."""
        found = self.desks.get(call)
        return found if found is not None and found.desk == line else None
