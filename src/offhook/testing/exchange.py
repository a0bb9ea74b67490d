"""A small exchange of channels, for pretend switches: phones with habits, a trunk, bridges.

It tells *moments* (a channel is made, rings, is answered, …); :mod:`offhook.testing.pretend_asterisk` and
:mod:`offhook.testing.pretend_freeswitch` put them in the words of each switch. ``later`` is how it waits.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class PhoneHabit:
    """What the person at a phone does: ``answer`` after ``after_s`` (``None``: never), ``busy``, ``reject``."""

    does: str = "answer"
    after_s: float | None = 0.05
    registered: bool = True


AHEAD_S = 7
"""By how much its clock is ahead: a switch need not have ours."""


@dataclass(slots=True, eq=False)
class Channel:
    """One channel. ``caller`` called it; ``exten`` is what its device dialled, or was dialled to reach it.

    ``created``: seconds since 1970 by the exchange's own clock.
    """

    id: str
    name: str
    desk: str
    number: str
    shown: str
    exten: str
    incoming: bool
    group: str
    caller: "Channel | None" = None
    state: str = "down"
    bridge: str = ""
    cause: int = 16
    asked: bool = False
    device: str = ""
    created: int = field(default_factory=lambda: int(time.time()) + AHEAD_S)
    values: dict[str, str] = field(default_factory=dict)


Moment = Callable[[str, Channel, Channel | None], None]
Later = Callable[[float, Callable[[], None]], object]
RING_S = 20.0


class Exchange:
    """Desks' phones and the outside. ``tell(moment, channel, other)`` is told of everything."""

    def __init__(self, desks: dict[str, PhoneHabit], later: Later, outside: PhoneHabit | None = None) -> None:
        self.desks = desks
        self.outside = outside or PhoneHabit()
        self.channels: dict[str, Channel] = {}
        self.tell: Moment = lambda _moment, _channel, _other: None
        self._later = later
        self._numbers = itertools.count(1)

    # --- what happens there ------------------------------------------------------------------------------

    def incoming(self, number: str, name: str, to: str, dialled: str = "") -> Channel:
        """Somebody outside calls a desk."""
        caller = self._channel("", number, name, dialled or to, incoming=True)
        caller.state = "ring"
        self.tell("created", caller, None)
        self.call(caller, to)
        return caller

    def originate(
        self, native: str, device: str, desk: str, exten: str, ring_s: float = RING_S
    ) -> Channel | None:
        """An application has a desk called, and then a number; ``None``: no channel could be made."""
        habit = self.desks.get(desk)
        if habit is None or not habit.registered:
            return None
        own = self._channel(desk, desk, f"Desk {desk}", exten, native=native)
        own.device = device
        self.tell("created", own, None)
        self.tell("dialled", own, None)
        self._ring(own, habit, lambda: self._own_answered(own, exten), ring_s)
        return own

    def call(self, caller: Channel, to: str) -> None:
        """A channel calls a number: a desk, or the outside."""
        habit = self.desks.get(to)
        if habit is not None and not habit.registered:
            self.hang_up(caller, 20)
            return
        called = self._channel(
            to if habit is not None else "", to, f"Desk {to}" if habit else "", to, caller=caller
        )
        self.tell("created", called, caller)
        self.tell("dialled", called, caller)
        self._ring(called, habit or self.outside, lambda: self._bridge(caller, called), RING_S)

    def hang_up(self, channel: Channel, cause: int = 16, *, asked: bool = False) -> None:
        """A channel ends, and with it those it called, and whoever has nobody else."""
        if channel.id not in self.channels:
            return
        channel.cause, channel.asked = cause, asked
        other = self.other(channel)
        if asked:
            self.tell("asked", channel, None)
        if channel.bridge and other is not None:
            self.tell("unbridged", channel, other)
            channel.bridge = other.bridge = ""
        if channel.caller is not None and channel.state != "up":
            self.tell("not_answered", channel, channel.caller)
        del self.channels[channel.id]
        self.tell("gone", channel, None)
        for each in [each for each in self.channels.values() if each.caller is channel]:
            self.hang_up(each, cause)
        if other is not None and not other.bridge:
            self.hang_up(other, cause)
        elif channel.caller is not None and channel.state != "up" and channel.caller.id in self.channels:
            self.hang_up(channel.caller, cause)

    def transfer(self, channel: Channel, to: str) -> None:
        """The channel leaves the one it talks with, and calls another number."""
        other, channel.caller = self.other(channel), None
        if other is not None:
            self.tell("unbridged", channel, other)
            channel.bridge = other.bridge = ""
            if other.caller is channel:
                other.caller = None
            self.hang_up(other)
        for each in [each for each in self.channels.values() if each.caller is channel]:
            each.caller = None
            self.hang_up(each, 26)
        self.call(channel, to)

    def connect(self, one: Channel, two: Channel) -> None:
        """Two channels are connected; those they talked with are left over and end."""
        left = [self.other(each) for each in (one, two)]
        for each, former in zip((one, two), left, strict=True):
            if former is not None:
                self.tell("unbridged", each, former)
                each.bridge = former.bridge = ""
                each.caller = None if each.caller is former else each.caller
                former.caller = None
        for former in left:
            if former is not None:
                self.hang_up(former)
        self._together(one, two)

    def hold(self, channel: Channel, *, on: bool) -> None:
        """A phone holds its other side, or goes on."""
        self.tell("held" if on else "resumed", channel, None)

    def other(self, channel: Channel) -> Channel | None:
        """Return the one a channel is in a bridge with."""
        beside = [each for each in self.channels.values() if each.bridge and each.bridge == channel.bridge]
        return next((each for each in beside if each is not channel), None)

    def find(self, name: str) -> Channel | None:
        """Return a channel by its name or id."""
        return self.channels.get(name) or next(
            (each for each in self.channels.values() if each.name == name), None
        )

    # --- inside -------------------------------------------------------------------------------------------------

    def _channel(
        self,
        desk: str,
        number: str,
        shown: str,
        exten: str,
        *,
        incoming: bool = False,
        caller: Channel | None = None,
        native: str = "",
    ) -> Channel:
        count = next(self._numbers)
        native = native or f"{int(time.time())}.{count}"
        name = f"PJSIP/{desk or 'trunk'}-{count:08x}"
        group = caller.group if caller is not None else native
        made = Channel(native, name, desk, number, shown, exten, incoming, group, caller)
        self.channels[native] = made
        return made

    def _ring(self, channel: Channel, habit: PhoneHabit, answered: Callable[[], None], ring_s: float) -> None:
        if habit.does in ("busy", "reject"):
            self.hang_up(channel, 17 if habit.does == "busy" else 21)
            return
        channel.state = "ringing"
        self.tell("ringing", channel, channel.caller)

        def pick_up() -> None:
            if channel.id in self.channels and channel.state == "ringing":
                channel.state = "up"
                self.tell("answered", channel, channel.caller)
                answered()

        def time_out() -> None:
            if channel.id in self.channels and channel.state == "ringing":
                self.hang_up(channel, 19)

        if habit.after_s is not None:
            self._later(habit.after_s, pick_up)
        self._later(ring_s, time_out)

    def answer(self, channel: Channel) -> None:
        """The phone picks up because it was asked to."""
        if channel.state == "ringing":
            channel.state = "up"
            self.tell("answered", channel, channel.caller)
            if channel.caller is not None:
                self._bridge(channel.caller, channel)

    def _own_answered(self, own: Channel, exten: str) -> None:
        self.tell("own_answered", own, None)
        self.call(own, exten)

    def _bridge(self, caller: Channel, called: Channel) -> None:
        if caller.id not in self.channels:
            return
        if caller.state != "up":
            caller.state = "up"
            self.tell("up", caller, None)
        self._together(caller, called)

    def _together(self, one: Channel, two: Channel) -> None:
        one.bridge = two.bridge = f"{one.id}|{two.id}"
        self.tell("bridged", one, two)
