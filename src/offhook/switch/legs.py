"""A switch's channels as legs, and the talks they make: facts in, in any order. No I/O, no clock.

Facts only add to what is known, so their order matters little: switches write from several threads. What a
desk sees of a talk: :mod:`offhook.switch.desks`; its story: :mod:`offhook.switch.story`.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

from offhook.switch.plan import Plan
from offhook.switch.talk import (
    Bridge,
    Leg,
    LegKind,
    LegOutcome,
    Passing,
    Talk,
    called_by,
    caller_of,
    caller_of_glue,
    reached,
)

STRAY = timedelta(seconds=2)
"""How long after its last leg is gone news of a talk may still come."""
MOST_STRAY = 500
"""Of how many such talks at most."""
MOST_LEGS = 200
"""A talk with more legs drops those that rang unanswered: a caller may wait in a queue for an hour."""
MANY_BRIDGES = 200
"""With this many more bridges than legs, empty bridges whose end was never told are dropped."""
REMEMBERED = 20_000
"""How many long-gone legs are still known by name."""


class Legs:
    """Every leg and talk of one switch. The methods are the facts; ``at`` is when the bytes came."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.legs: dict[str, Leg] = {}
        self.bridges: dict[str, Bridge] = {}
        self.touched: dict[Talk, None] = {}
        self._finished: dict[Talk, datetime] = {}
        self._groups: dict[str, Talk] = {}
        self._of_desk: dict[str, dict[str, Leg]] = {}
        self._over: OrderedDict[str, None] = OrderedDict()
        self.facts = 0

    # --- a leg comes, is called, rings, is answered and goes ----------------------------------------

    def leg(
        self,
        native: str,
        at: datetime,
        device: str = "",
        context: str = "",
        *,
        glue: bool = False,
        group: str = "",
        root: str = "",
    ) -> Leg:
        """Return the leg with that id; a new one is made, in its group's talk. ``root``: see :class:`Leg`."""
        known = self.legs.get(native)
        if known is not None:
            known.root = known.root or root
            if device and not known.device:
                self._identify(known, device, context, glue)
                self.touch(known)
            return known
        self.facts += 1
        talk = self._groups.get(group or native)
        if talk is None:
            talk = Talk(self.facts, at, native=native)
        talk.groups |= {native, group or native}
        self._groups[native] = self._groups[group or native] = talk
        leg = self.legs[native] = Leg(native, at, self.facts, talk, root=root)
        talk.legs.append(leg)
        self._identify(leg, device, context, glue)
        self.touched[talk] = None
        return leg

    def of_desk(self, desk: str) -> list[Leg]:
        """Return a desk's legs, the oldest first."""
        return [leg for leg in self._of_desk.get(desk, {}).values() if not leg.gone]

    def is_over(self, native: str) -> bool:
        """Say whether that leg is long gone: what is still told of it is stale."""
        return native in self._over

    def _identify(self, leg: Leg, device: str, context: str, glue: bool) -> None:
        leg.device = device
        if glue:
            leg.kind = LegKind.GLUE
        elif self.plan.is_trunk(device, context):
            leg.kind = LegKind.TRUNK
        elif desk := self.plan.desk_of(device):
            leg.kind, leg.desk = LegKind.PHONE, desk
            self._of_desk.setdefault(desk, {})[leg.id] = leg
        elif device and not self.plan.trunks_told:
            leg.kind = LegKind.TRUNK

    def came(self, leg: Leg, number: str, name: str, dialled: str) -> None:
        """A device called the switch."""
        leg.incoming = True
        leg.number, leg.name, leg.dialled = leg.number or number, leg.name or name, leg.dialled or dialled
        if leg.kind is LegKind.PHONE:
            talking = [
                each
                for each in self.of_desk(leg.desk)
                if each is not leg and each.talked and each.talk is not leg.talk
            ]
            talking = [each for each in talking if each.held] or talking
            if talking and leg.talk.consult_of is None and leg.talk.origin is leg:
                leg.talk.consult_of = talking[-1].talk
                leg.talk.consulter = talking[-1]
        self._count(leg)

    def calls(self, caller: Leg | None, leg: Leg) -> None:
        """``caller`` calls ``leg``; ``None``: an application had it called."""
        self._count(leg)
        leg.incoming = False
        if caller is None:
            leg.originated = leg.caller is None
            return
        repeated = leg.caller is caller
        if not repeated:
            if leg.caller is not None and leg in leg.caller.called:
                leg.caller.called.remove(leg)
            leg.caller, leg.originated = caller, False
            caller.called.append(leg)
        self._join(caller.talk, leg.talk)
        talk = leg.talk
        if repeated or leg.gone:
            return
        talk.closing, talk.cut = None, False
        for passing in reversed(talk.passings):
            if passing.transferee in (caller, self._behind(caller)) and not passing.answered:
                passing.legs.append(leg)
                break

    def _behind(self, glue: Leg) -> Leg | None:
        """Return the real leg that glue calls for."""
        return None if glue.real else caller_of_glue(glue)

    def rings(self, leg: Leg) -> None:
        """Its device rings."""
        if not leg.rang:
            leg.rang = True
            self._count(leg)

    def answers(self, leg: Leg) -> None:
        """Its device is off the hook, or the switch answered for it."""
        if not leg.up:
            self._count(leg)
            leg.up, leg.answered_at = True, self.facts
            self._meet(leg)

    def dial_ended(self, leg: Leg, outcome: LegOutcome, caller: Leg | None = None) -> None:
        """Calling ``leg`` came to an end: it was answered, or why not."""
        self.facts += 1
        if outcome is LegOutcome.ANSWERED:
            if caller is not None and caller is not leg.caller and not leg.gone:
                if leg.incoming:
                    leg.picked = True
                incoming = leg.incoming
                self.calls(caller, leg)
                leg.incoming = incoming
            leg.outcome = outcome
            self.answers(leg)
        else:
            if caller is not None and leg.caller is None and not leg.incoming:
                self.calls(caller, leg)
            leg.outcome = leg.outcome or outcome

    def goes(self, leg: Leg, at: datetime, outcome: LegOutcome | None = None, *, closed: bool = True) -> None:
        """The leg is gone. ``closed``: nothing more will be told of it, either."""
        self._count(leg)
        leg.end = leg.end or outcome
        if outcome is not None and (leg.outcome is None or leg.outcome in _VAGUE) and not leg.up:
            leg.outcome = outcome
        leg.gone, leg.closed = True, leg.closed or closed
        self._leave(leg)
        talk = leg.talk
        if talk.closed and talk not in self._finished:
            self._finished[talk] = at
        elif len(talk.legs) > MOST_LEGS:
            self._thin(talk)

    def _thin(self, talk: Talk) -> None:
        """Drop the legs of a long talk that rang unanswered; that they rang is kept."""
        for leg in talk.legs[: -MOST_LEGS // 2]:
            if (
                leg.closed
                and leg.caller is not None
                and not leg.talked
                and not leg.called
                and leg.other_half is None
            ):
                if leg.rang:
                    talk.rang_before.add(leg.desk or leg.dialled or leg.number)
                leg.caller.called = [each for each in leg.caller.called if each is not leg]
                talk.legs.remove(leg)
                self._drop(leg)

    def _drop(self, leg: Leg) -> None:
        self.legs.pop(leg.id, None)
        self._of_desk.get(leg.desk, {}).pop(leg.id, None)
        self._over[leg.id] = None

    def hangs_up(self, leg: Leg) -> None:
        """Its device hung up."""
        self.facts += 1
        if leg.asked or leg.gone:
            return
        leg.asked = self.facts
        passed = [each for passing in leg.talk.passings for each in passing.legs if passing.transferee is leg]
        called = [*called_by(leg), *passed]
        pending = [each for each in called if not each.up and not each.gone and each.outcome is None]
        leg.waiting = bool(pending) or leg.talk.waiting or not list(reached(leg))
        talk = leg.talk
        if talk.closing is None and not talk.cut and leg.real and leg.talked:
            talk.closing = leg

    def hung_up(self, leg: Leg) -> None:
        """Its device had hung up, as is told once the leg is gone."""
        gone, leg.gone = leg.gone, False
        self.hangs_up(leg)
        leg.gone = gone
        last = max((each.met_at for each in leg.talk.legs), default=0)
        if leg.real and leg.talked and leg.met_at == last and leg.talk.closing is None:
            leg.talk.closing = leg

    def is_cut(self, leg: Leg) -> None:
        """The switch ends the leg by itself."""
        self.facts += 1
        talk = leg.talk
        if leg.real and leg.talked and talk.closing is None and self._together(leg) and not leg.gone:
            talk.cut = True

    @property
    def ended(self) -> bool:
        """Whether a talk is over and not yet settled."""
        return bool(self._finished)

    def never_made(self, desk: str, meant: str, at: datetime, native: str) -> Talk:
        """An application asked for a call and no channel was ever made for it."""
        self.facts += 1
        talk = Talk(
            self.facts, at, native=native, asked_for=desk, meant=meant, failure=LegOutcome.UNAVAILABLE
        )
        self._finished[talk] = at
        self.touched[talk] = None
        return talk

    # --- together -------------------------------------------------------------------------------------

    def pair(self, one: Leg, two: Leg) -> None:
        """Two legs are the halves of one piece of glue."""
        if one is two or one.other_half is two:
            return
        one.kind = two.kind = LegKind.GLUE
        one.other_half, two.other_half = two, one
        self._join(one.talk, two.talk)

    def enters(self, name: str, leg: Leg, *, joins: bool = True) -> None:
        """The leg is in a bridge. ``joins``: and therefore in a talk with those there."""
        self._count(leg)
        if leg.gone:
            return
        bridge = self.bridges.setdefault(name, Bridge(joins=joins))
        bridge.joins = bridge.joins and joins
        if leg.bridge and leg.bridge != name:
            self._leave(leg)
        leg.bridge = name
        bridge.members[leg.id] = leg
        if leg not in bridge.met:
            bridge.met.append(leg)
        if bridge.joins:
            for each in list(bridge.members.values()):
                self._join(leg.talk, each.talk)
            leg.held = leg.held and not self._back_with_all(leg)
            for each in (leg,) if leg.real else self.mates(leg):
                self._meet(each)

    def leaves(self, name: str, leg: Leg) -> None:
        """The leg is no longer in that bridge; its talk may well go on."""
        if leg.bridge == name:
            self._leave(leg)
        self.facts += 1

    def merge(self, name: str, into: str) -> None:
        """Two bridges become one."""
        for leg in list(self.bridges[name].members.values()) if name in self.bridges else ():
            self.enters(into, leg)

    def _leave(self, leg: Leg) -> None:
        bridge = self.bridges.get(leg.bridge)
        leg.bridge = ""
        if bridge is not None:
            bridge.members.pop(leg.id, None)

    def empty(self, name: str) -> None:
        """A bridge is gone."""
        bridge = self.bridges.pop(name, None)
        for leg in list(bridge.members.values()) if bridge else ():
            leg.bridge = ""

    def _back_with_all(self, leg: Leg) -> bool:
        """Say whether a leg came back from a consultation to everybody it had left on hold."""
        return any(by == leg.desk and calling.gone for by, _to, calling in leg.talk.consults)

    def mates(self, leg: Leg) -> list[Leg]:
        """Return the real legs a leg is in a bridge with, through glue."""
        found: dict[str, Leg] = {}
        seen, todo = {leg.id}, [leg]
        while todo:
            each = todo.pop()
            bridge = self.bridges.get(each.bridge)
            beside = list(bridge.members.values()) if bridge else []
            if not each.real and each.other_half is not None:
                beside.append(each.other_half)
            for other in beside:
                if other.id in seen or other.gone:
                    continue
                seen.add(other.id)
                if other.real:
                    found[other.id] = other
                else:
                    todo.append(other)
        return list(found.values())

    def last_with(self, leg: Leg) -> str:
        """Return the desk a leg talked with last."""
        phones = [each for each in leg.talk.legs if each.desk and each is not leg and each.talked]
        return max(phones, key=lambda each: each.met_at).desk if phones else ""

    def _together(self, leg: Leg) -> bool:
        return bool(leg.bridge) and bool(self.mates(leg))

    def _meet(self, leg: Leg) -> None:
        """Note that two sides can talk, when a leg was answered or came into a bridge."""
        if not leg.up or not leg.real or leg.gone:
            return
        mates = [each for each in self.mates(leg) if each.up]
        caller = caller_of(leg)
        if caller is not None and not leg.own and not caller.gone:
            mates.append(caller)
        for mate in mates:
            leg.talked = mate.talked = True
            leg.met_at = mate.met_at = self.facts
        if mates:
            talk = leg.talk
            talk.waiting = False
            if talk.closing is not leg and talk.closing not in mates and not leg.asked:
                talk.closing, talk.cut = None, False
            asked = [each for each in (leg, *mates) if each.asked]
            talk.closing = talk.closing or (asked[0] if asked else None)

    # --- hold, queue, parking place, conference ---------------------------------------------------------

    def holds(self, leg: Leg) -> None:
        """Its device puts the other side on hold."""
        self._count(leg)
        if not leg.held:
            leg.held = True
            leg.holds += 1

    def resumes(self, leg: Leg) -> None:
        """Its device goes on."""
        self._count(leg)
        leg.held = False

    def queues(self, leg: Leg, queue: str) -> None:
        """It waits in a queue."""
        self.facts += 1
        leg.talk.queue = leg.talk.queue or queue
        leg.talk.waiting = not leg.talked

    def parks(self, leg: Leg, slot: str, by: str) -> None:
        """It waits in a parking place, where ``by`` put it."""
        self._count(leg)
        talk = leg.talk
        talk.parked, talk.slot, talk.parker, talk.retrieved_by = True, slot, by, ""
        talk.parkee = leg
        talk.closing = None
        talk.passings = [
            each for each in talk.passings if each.transferee is not leg or each.legs or each.answered
        ]

    def parked_are(self, natives: set[str]) -> None:
        """Nobody else is in a parking place."""
        for leg in list(self.legs.values()):
            if leg.talk.parkee is leg and leg.talk.slot and leg.id not in natives:
                self.leaves_place(leg)

    def leaves_place(self, leg: Leg) -> None:
        """It is no longer in a parking place, and nobody took it back."""
        leg.talk.slot = ""
        self._count(leg)

    def retrieves(self, leg: Leg, by: Leg) -> None:
        """Somebody takes it out of its parking place."""
        self._join(leg.talk, by.talk)
        leg.talk.retrieved_by = by.desk or by.number
        leg.talk.slot = ""
        leg.talk.closing = None
        self._count(leg)

    def confers(self, leg: Leg, name: str) -> None:
        """It is in a conference."""
        leg.conference = name
        leg.talked = leg.up = True
        self._count(leg)

    # --- passed on ----------------------------------------------------------------------------------------

    def picks_up(self, picker: Leg, target: Leg) -> None:
        """Somebody takes a call that rings at somebody else's phone."""
        self._join(target.talk, picker.talk)
        target.talk.picked_up_from = target.desk or target.number
        picker.picked = True
        target.outcome = LegOutcome.ELSEWHERE
        self._count(picker)
        self.answers(picker)
        picker.talked = True

    def passes(self, kind: str, by: Leg | None, to: str, transferee: Leg | None) -> Passing:
        """A leg passes the call on; ``by`` ``None``: an application did."""
        some = transferee or by
        assert some is not None  # noqa: S101 - a transfer is somebody's
        talk = some.talk
        passing = Passing(
            self.facts, kind, (by.desk or by.number) if by is not None else "api", to, transferee
        )
        talk.passings.append(passing)
        talk.closing = None
        self._count(some)
        return passing

    def passed(self, passing: Passing, *, done: bool) -> None:
        """The switch has said whether it does what we asked for."""
        some = passing.transferee
        assert some is not None  # noqa: S101 - we ask only for somebody's
        passing.asked = False
        if not done:
            talk = some.talk
            talk.passings.remove(passing)
            talk.consults = [
                each for each in talk.consults if not set(passing.legs).intersection(called_by(each[2]))
            ]
        self._count(some)

    def puts_together(self, older: Leg, target: Leg, by: Leg) -> Passing:
        """A desk connects the one it held with the one it consulted, or also talked with."""
        if target.talk.consult_of is None:
            target.talk.consult_of, target.talk.consulter = by.talk, by
        kind = "attended" if target.up else "blonde"
        self.join(older, target)
        passing = self.passes(kind, by, target.desk or target.dialled or target.number, older)
        passing.legs, passing.answered = [target], target.up
        return passing

    def consults(self, by: str, to: str, calling: Leg) -> None:
        """A desk consults ``to`` through ``calling``, which the switch made for it."""
        if all(known is not calling for _by, _to, known in calling.talk.consults):
            calling.talk.consults.append((by, to, calling))
            self._count(calling)

    # --- talks ----------------------------------------------------------------------------------------------

    def join(self, one: Leg, two: Leg) -> None:
        """Two legs belong to one talk."""
        self._join(one.talk, two.talk)

    def _join(self, one: Talk, two: Talk) -> None:
        if one is two:
            return
        older, newer = (one, two) if one.order <= two.order else (two, one)
        for leg in newer.legs:
            leg.talk = older
        older.legs += newer.legs
        older.groups |= newer.groups
        older.passings += newer.passings
        older.consults += newer.consults
        if newer.consulter is not None and newer.consult_of in (older, None):
            calling = newer.origin
            if calling is not None:
                older.consults.append((calling.desk, calling.dialled, calling))
        elif newer.consult_of is not None and older.consult_of is None:
            older.consult_of, older.consulter = newer.consult_of, newer.consulter
        older.queue = older.queue or newer.queue
        older.record = older.record or newer.record
        older.meant = older.meant or newer.meant
        newer.into = older
        for group in newer.groups:
            self._groups[group] = older
        self.touched.pop(newer, None)
        self.touched[older] = None

    def settled(self, at: datetime | None = None) -> list[Talk]:
        """Take out the talks that ended too long ago for stray news of them; ``None``: every one that ended."""
        found: list[Talk] = []
        for talk, ended in list(self._finished.items()):
            if at is not None and at - ended < STRAY and len(self._finished) - len(found) <= MOST_STRAY:
                break
            del self._finished[talk]
            if talk.closed and talk.into is None:
                found.append(talk)
                self._forget(talk)
        return found

    def sweep(self) -> None:
        """Drop bridges that nobody is in."""
        for name in [name for name, bridge in self.bridges.items() if not bridge.members]:
            del self.bridges[name]

    def _forget(self, talk: Talk) -> None:
        if len(self.bridges) > 2 * len(self.legs) + MANY_BRIDGES:
            self.sweep()
        for leg in talk.legs:
            self._drop(leg)
        for group in talk.groups:
            if self._groups.get(group) is talk:
                del self._groups[group]
        while len(self._over) > REMEMBERED:
            self._over.popitem(last=False)

    def touch(self, leg: Leg) -> None:
        """Something is new that a desk may have to hear of."""
        self.touched[leg.talk] = None

    def _count(self, leg: Leg) -> None:
        self.facts += 1
        self.touched[leg.talk] = None


_VAGUE = (LegOutcome.NO_ANSWER, LegOutcome.CANCELLED, LegOutcome.FAILED)
"""Outcomes that a leg's own end may tell more exactly."""
