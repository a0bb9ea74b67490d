"""A pretend exchange in virtual time, heard by one call table per desk: stories without a socket or a wait."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from offhook.calls import CallTable
from offhook.interfaces.simulator.events import ACCEPTS, ExchangeMeaning
from offhook.interfaces.simulator.pbx import Habit, Numbering, Pbx
from offhook.model import Call, Ended, Event, LineBack, News, PopRequested
from offhook.popup.choose import PopRules, Pops, Trigger

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEVER = Habit(pick_up_s=None)
PHONES = {"1001": "Claire", "1002": "Hugo", "1003": "Inès", "1004": "Paul"}
DIRECT = {"02888300300": "1001", "02888300104": "1004", "02888300600": "600", "02888300700": "700"}


@dataclass
class Ear:
    """What one desk has heard."""

    table: CallTable
    pops_by: dict[Trigger, Pops]
    news: list[News] = field(default_factory=list)
    popped: dict[Trigger, list[PopRequested]] = field(default_factory=dict)

    @property
    def events(self) -> list[Event]:
        return [news.event for news in self.news]


class World:
    """The exchange and its desks; every method is something a person does, then time passes."""

    def __init__(self, **plan: Any) -> None:
        habits = dict.fromkeys(PHONES, Habit(pick_up_s=0.5)) | plan.pop("habits", {})
        self.pbx = Pbx(
            Numbering(
                phones=PHONES,
                groups={"600": ("1001", "1002", "1003")},
                queues={"700": ("1001", "1002")},
                direct=DIRECT,
                habits=habits,
                **plan,
            ),
            name="story",
        )
        self.meaning = ExchangeMeaning("FR")
        self.now = NOON.timestamp()
        self.pbx.tick(self.now)
        self.ears = {
            each: Ear(
                CallTable(each, lambda: ACCEPTS), {trigger: Pops(PopRules(trigger)) for trigger in Trigger}
            )
            for each in PHONES
        }
        for each, ear in self.ears.items():
            ear.popped = {trigger: [] for trigger in Trigger}
            self._hear(each, LineBack(at=NOON, line=each, calls=()))

    def do(self, service: str, **words: Any) -> dict[str, Any]:
        """Let somebody do something, or a command be carried out."""
        answer = self.pbx.do({"do": service, **words}, self.now)
        self._spread()
        return answer

    def command(self, service: str, device: str, **words: Any) -> dict[str, Any]:
        """Ask something of the newest call of a device that is not over."""
        calls = [view["call"] for view in self.pbx.snapshot()["connections"] if view["device"] == device]
        return self.do(service, device=device, call=calls[-1], **words)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.pbx.tick(self.now)
        self._spread()

    def states(self) -> dict[str, list[str]]:
        """Return each desk's call states now; desks without calls are left out."""
        found = {each: [call.state.value for call in ear.table.calls] for each, ear in self.ears.items()}
        return {each: states for each, states in found.items() if states}

    def call(self, desk: str) -> Call:
        """Return the desk's only call."""
        (call,) = self.ears[desk].table.calls
        return call

    def reasons(self) -> dict[str, list[str]]:
        """Return why each desk's calls ended, in order."""
        found = {
            each: [event.reason.value for event in ear.events if isinstance(event, Ended)]
            for each, ear in self.ears.items()
        }
        return {each: reasons for each, reasons in found.items() if reasons}

    def pops(self, trigger: Trigger) -> dict[str, list[str]]:
        """Return what popped at each desk under that rule: numbers, or ``source:id`` of records."""
        found = {
            each: [
                f"{pop.record.source}:{pop.record.id}" if pop.record else pop.number
                for pop in ear.popped[trigger]
            ]
            for each, ear in self.ears.items()
        }
        return {each: subjects for each, subjects in found.items() if subjects}

    def _spread(self) -> None:
        for message in self.pbx.drain():
            for event in self.meaning.read(message):
                self._hear(event.line, event)

    def _hear(self, desk: str, event: Event) -> None:
        ear = self.ears[desk]
        for news in ear.table.apply(event):
            ear.news.append(news)
            for trigger, pops in ear.pops_by.items():
                ear.popped[trigger] += pops.after(news, news.event.at)
