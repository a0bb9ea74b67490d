"""What Asterisk's events mean: manager messages to facts about legs. No I/O, no clock.

Every channel event names its channel, so a leg first heard of in the middle is known from whatever comes. The
order of events is not reliable: several threads of Asterisk write them.
"""

import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from offhook.interfaces.asterisk.wire import AmiMessage
from offhook.model import Record, cleaned
from offhook.numbers import WITHHELD
from offhook.switch.attached import VARIABLE, record_from
from offhook.switch.legs import Legs
from offhook.switch.talk import Leg, LegKind, LegOutcome, Talk, called_by

_SUFFIX = re.compile(r"(.*)-[0-9a-fA-F]{6,}(?:;[12])?")
_SHORT = re.compile(r"((?:IAX2|DAHDI|Dongle|MISDN)/.*)-[0-9a-fA-F]+", re.IGNORECASE)
"""Older channel technologies number their channels with fewer digits."""
_HALF = re.compile(r"(Local/.*);([12])", re.IGNORECASE)
_BORN = re.compile(r"(?:^|-)(1[0-9]{9})\.[0-9]+$")
"""A Uniqueid as Asterisk makes it by default. Any other will do: the time in it only sorts."""
_DIALLED = re.compile(r"(?:sips?:)?([0-9*#+]+)(?:@|$)")

STATUSES = {
    "ANSWER": LegOutcome.ANSWERED,
    "BUSY": LegOutcome.BUSY,
    "NOANSWER": LegOutcome.NO_ANSWER,
    "CANCEL": LegOutcome.CANCELLED,
    "CHANUNAVAIL": LegOutcome.UNAVAILABLE,
    "CONGESTION": LegOutcome.FAILED,
    "ABORT": LegOutcome.CANCELLED,
    "DONTCALL": LegOutcome.REJECTED,
    "TORTURE": LegOutcome.REJECTED,
}
"""DialStatus of DialEnd."""
CAUSES = {
    "1": LegOutcome.UNALLOCATED,
    "2": LegOutcome.UNALLOCATED,
    "3": LegOutcome.UNAVAILABLE,
    "17": LegOutcome.BUSY,
    "18": LegOutcome.NO_ANSWER,
    "19": LegOutcome.NO_ANSWER,
    "20": LegOutcome.UNAVAILABLE,
    "21": LegOutcome.REJECTED,
    "22": LegOutcome.UNALLOCATED,
    "23": LegOutcome.FORWARDED,
    "26": LegOutcome.ELSEWHERE,
    "27": LegOutcome.UNAVAILABLE,
    "28": LegOutcome.UNALLOCATED,
    "34": LegOutcome.FAILED,
    "38": LegOutcome.FAILED,
    "41": LegOutcome.FAILED,
    "42": LegOutcome.FAILED,
    "44": LegOutcome.FAILED,
    "58": LegOutcome.FAILED,
    "88": LegOutcome.FAILED,
}
"""Hangup causes of Q.850 that say why a leg was not answered; 0, 16, 31 and 127 say nothing."""


def device_of(channel: str) -> str:
    """Return a channel's device: its name without the running number (``PJSIP/1001-0000012c``)."""
    match = _SUFFIX.fullmatch(channel) or _SHORT.fullmatch(channel)
    return match[1] if match else channel.partition(";")[0]


def began_of(native: str) -> datetime | None:
    """Return when a channel was made, if its id has Asterisk's default form; used only for sorting."""
    born = _BORN.search(native)
    return datetime.fromtimestamp(int(born[1]), UTC) if born is not None else None


class AmiMeaning:
    """Reads one Asterisk's events into :class:`~offhook.switch.legs.Legs`."""

    def __init__(self, legs: Legs) -> None:
        self.legs = legs
        self._halves: dict[str, str] = {}
        self._conferences: set[str] = set()
        self._never_made: deque[str] = deque(maxlen=100)

    def read(self, message: AmiMessage, at: datetime) -> None:
        """Take in an event; one that is unknown or unreadable changes nothing."""
        meaning = self._meanings.get(message.event)
        if meaning is not None:
            meaning(self, message, at)

    # --- channels ---------------------------------------------------------------------------------------

    def leg(self, message: AmiMessage, at: datetime, prefix: str = "") -> Leg | None:
        """Return the leg an event names under ``prefix``; ``None`` where there is none, or it is long gone."""
        native = message.get(f"{prefix}uniqueid")
        if not native or self.legs.is_over(native):
            return None
        known = self.legs.legs.get(native)
        channel = message.get(f"{prefix}channel")
        if known is not None and known.device:
            known.channel = known.channel or channel
            return self.legs.leg(native, at)
        group = message.get(f"{prefix}linkedid")
        half = _HALF.fullmatch(channel)
        leg = self.legs.leg(
            native,
            at,
            device_of(channel),
            message.get(f"{prefix}context"),
            glue=half is not None,
            group="" if self.legs.is_over(group) else group,
            root=group,
        )
        leg.channel = leg.channel or channel
        leg.began = leg.began or began_of(native)
        if half is not None:
            self._pair_by_name(half, leg)
        return leg

    def known(self, message: AmiMessage) -> Leg | None:
        """Return the leg an event names, if already known: a late event must not begin a new one."""
        return self.legs.legs.get(message.get("uniqueid"))

    def _pair_by_name(self, half: re.Match[str], leg: Leg) -> None:
        other = f"{half[1]};{'2' if half[2] == '1' else '1'}"
        self._halves[half[0]] = leg.id
        mate = self.legs.legs.get(self._halves.get(other, ""))
        if mate is not None:
            self.legs.pair(*((leg, mate) if half[2] == "1" else (mate, leg)))

    def _new_channel(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is None:
            return
        state = message.get("channelstate")
        if state == "4":
            exten = message.get("exten")
            self.legs.came(leg, *caller_in(message), "" if exten == "s" else cleaned(exten))
        else:
            leg.incoming = False if leg.incoming is None and state in ("0", "1", "3") else leg.incoming
            number, name = caller_in(message)
            leg.number, leg.name = leg.number or number, leg.name or name

    def _new_state(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is None:
            return
        state = message.get("channelstate")
        if state == "5" and leg.real:
            self.legs.rings(leg)
        elif state == "6":
            self.legs.answers(leg)

    def _new_caller(self, message: AmiMessage, at: datetime) -> None:
        """Take a name the dialplan looked up; numbers are rewritten for so many reasons that the first one stays."""
        leg = self.known(message)
        if leg is not None and leg.incoming and leg.kind is not LegKind.PHONE and not leg.gone:
            number, name = caller_in(message)
            if "prohibited" in message.get("cid-callingpres").lower():
                leg.number, leg.name = WITHHELD, ""
                self.legs.touch(leg)
            elif (number and not leg.number) or (name and not leg.name):
                leg.number, leg.name = leg.number or number, leg.name or name
                self.legs.touch(leg)

    def _renamed(self, message: AmiMessage, at: datetime) -> None:
        """Older versions report a masquerade by renaming."""
        leg = self.leg(message, at)
        if leg is not None:
            leg.channel = message.get("newname") or leg.channel
            leg.device = device_of(leg.channel)

    def _hang_up(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is not None:
            self._halves.pop(message.get("channel"), None)
            self.legs.goes(leg, at, CAUSES.get(message.get("cause")))

    def _hang_up_request(self, message: AmiMessage, at: datetime) -> None:
        leg = self.known(message)
        if leg is not None and leg.real:
            if leg.incoming is False and not leg.up:
                leg.outcome = leg.outcome or CAUSES.get(message.get("cause"))
            else:
                self.legs.hangs_up(leg)

    def _soft_hang_up_request(self, message: AmiMessage, at: datetime) -> None:
        leg = self.known(message)
        if leg is not None:
            self.legs.is_cut(leg)

    # --- dials ----------------------------------------------------------------------------------------------

    def _dial_begin(self, message: AmiMessage, at: datetime) -> None:
        leg, caller = self.leg(message, at, "dest"), self.leg(message, at)
        if leg is None or (caller is None and message.get("uniqueid")):
            return
        if caller is not None and caller.incoming is None and caller.caller is None and caller.real:
            self.legs.came(caller, *caller_in(message), cleaned(message.get("exten")))
        if caller is not None and caller.own and not caller.talk.meant:
            caller.talk.meant = cleaned(message.get("exten"))
        self._redirected(caller, leg, message)
        dialled = _DIALLED.search(message.get("dialstring").rpartition("/")[2])
        if leg.kind is LegKind.TRUNK and dialled:
            leg.dialled = cleaned(dialled[1])
        self.legs.calls(caller, leg)
        if message.get("destchannelstate") == "5":
            self.legs.rings(leg)

    def _redirected(self, caller: Leg | None, leg: Leg, message: AmiMessage) -> None:
        """A caller who had talked and dials anew, without any transfer, was redirected."""
        if caller is None or not caller.real or leg.caller is caller or not caller.talked or caller.bridge:
            return
        talk = caller.talk
        others = [each for each in talk.legs if each.real and each is not caller and each is not leg]
        alone = all(
            each.gone or not each.talked or (each.held is False and not each.bridge) for each in others
        )
        passing = [each for each in talk.passings if each.transferee is caller and not each.answered]
        if alone and not passing and not caller.asked and not talk.parked:
            self.legs.passes("redirect", None, cleaned(message.get("exten")), caller)

    def _dial_state(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at, "dest")
        if leg is not None and leg.real and message.get("dialstatus") in ("RINGING", "PROGRESS"):
            self.legs.rings(leg)

    def _dial_end(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at, "dest")
        outcome = STATUSES.get(message.get("dialstatus"), LegOutcome.FAILED)
        if leg is None:
            return
        if message.get("forward"):
            outcome = LegOutcome.FORWARDED
        caller = self.leg(message, at) if message.get("uniqueid") else None
        self.legs.dial_ended(leg, outcome, caller)

    # --- bridges --------------------------------------------------------------------------------------------

    def _enter(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is None:
            return
        name = message.get("bridgeuniqueid")
        conference = message.get("bridgecreator") == "ConfBridge" or name in self._conferences
        if conference and leg.real:
            self.legs.confers(
                leg, cleaned(message.get("bridgename")) or leg.conference or cleaned(leg.dialled)
            )
        joins = not conference and message.get("bridgetype") != "parking"
        self.legs.enters(name, leg, joins=joins)
        if joins:
            self.consulted(name)

    def consulted(self, name: str) -> None:
        """Glue that nobody called, in a bridge with a phone, calls for that phone: a consultation."""
        bridge = self.legs.bridges.get(name)
        if bridge is None:
            return
        for glue in bridge.met:
            if glue.kind is LegKind.GLUE and glue.caller is None and not glue.originated and glue.other_half:
                half = glue.other_half
                phones = [
                    leg for leg in bridge.met if leg.kind is LegKind.PHONE and leg.caller not in (glue, half)
                ]
                phone = phones[0] if phones else None
                if phone is not None and phone.talked and half.caller is None and not half.originated:
                    to = glue.device.partition("/")[2].rpartition("@")[0]
                    self.legs.consults(phone.desk, cleaned(to), half)

    def _leave(self, message: AmiMessage, at: datetime) -> None:
        leg = self.known(message)
        if leg is not None:
            self.legs.leaves(message.get("bridgeuniqueid"), leg)

    def _merge(self, message: AmiMessage, at: datetime) -> None:
        self.legs.merge(message.get("frombridgeuniqueid"), message.get("tobridgeuniqueid"))

    def _bridge_gone(self, message: AmiMessage, at: datetime) -> None:
        self._conferences.discard(message.get("bridgeuniqueid"))
        self.legs.empty(message.get("bridgeuniqueid"))

    def _pair(self, message: AmiMessage, at: datetime) -> None:
        one, two = self.leg(message, at, "localone"), self.leg(message, at, "localtwo")
        if one is not None and two is not None:
            self.legs.pair(one, two)

    # --- hold, queue, park, conference -------------------------------------------------------------------------

    def _hold(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is not None:
            self.legs.holds(leg)

    def _unhold(self, message: AmiMessage, at: datetime) -> None:
        leg = self.known(message)
        if leg is not None:
            self.legs.resumes(leg)

    def _join_queue(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is not None:
            self.legs.queues(leg, cleaned(message.get("queue")))

    def _abandon_queue(self, message: AmiMessage, at: datetime) -> None:
        leg = self.known(message)
        if leg is not None:
            self.legs.queues(leg, cleaned(message.get("queue")))
            leg.waiting = leg.waiting or bool(leg.asked)  # it is also told on a time-out

    def _leave_queue(self, message: AmiMessage, at: datetime) -> None:
        leg = self.known(message)
        if leg is not None:
            self.legs.queues(leg, cleaned(message.get("queue")))
            leg.talk.waiting = False

    def _park(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at, "parkee")
        if leg is not None:
            by = self.legs.plan.desk_of(message.get("parkerdialstring")) or self.legs.last_with(leg)
            self.legs.parks(leg, cleaned(message.get("parkingspace")), by)

    def _give_back(self, message: AmiMessage, at: datetime) -> None:
        leg = self.leg(message, at, "parkee")
        if leg is not None:
            self.legs.leaves_place(leg)

    def _unpark(self, message: AmiMessage, at: datetime) -> None:
        leg, by = self.leg(message, at, "parkee"), self.leg(message, at, "retriever")
        if leg is not None and by is not None:
            self.legs.retrieves(leg, by)

    def _conference(self, message: AmiMessage, at: datetime) -> None:
        self._conferences.add(message.get("bridgeuniqueid"))
        leg = self.leg(message, at) if message.get("uniqueid") else None
        if leg is not None and leg.real:
            self.legs.confers(leg, cleaned(message.get("conference")))

    def _digit(self, message: AmiMessage, at: datetime) -> None:
        leg = self.known(message)
        if (
            leg is not None
            and leg.kind is LegKind.TRUNK
            and leg.incoming
            and message.get("direction") == "Received"
        ):
            leg.talk.digits = (leg.talk.digits + cleaned(message.get("digit"), 1))[-64:]

    # --- passed on ---------------------------------------------------------------------------------------------

    def _blind(self, message: AmiMessage, at: datetime) -> None:
        by, transferee = self.leg(message, at, "transferer"), self.leg(message, at, "transferee")
        if by is None or message.get("result") not in ("Success", ""):
            return
        if transferee is not None and not transferee.real:
            transferee = next(iter(self.legs.mates(transferee)), transferee)
        transferee = transferee or next(iter(self.legs.mates(by)), None)
        if not _passed_already(by.talk, "blind", by.desk, message.get("extension")):
            self.legs.passes("blind", by, cleaned(message.get("extension")), transferee)

    def _attended(self, message: AmiMessage, at: datetime) -> None:
        if message.get("result") not in ("Success", ""):
            return
        first, second = self.leg(message, at, "origtransferer"), self.leg(message, at, "secondtransferer")
        target = self.leg(message, at, "transfertarget") if message.get("transfertargetuniqueid") else None
        transferee = self.leg(message, at, "transferee") if message.get("transfereeuniqueid") else None
        if first is None or second is None:
            return
        if second.talk.consult_of is None and second is not first and second.talk is not first.talk:
            second.talk.consult_of, second.talk.consulter = first.talk, first
        for each in filter(None, (second, target, transferee)):
            self.legs.join(first, each)
        talk = first.talk
        legs = [leg for leg in called_by(second) if not leg.gone] if second is not first else []
        if not legs and talk.consults:
            legs = [leg for _by, _to, calling in talk.consults for leg in called_by(calling) if not leg.gone]
        if target is not None and target.real and target not in legs and target is not transferee:
            legs.append(target)
        answered = [leg for leg in legs if leg.up]
        to = (answered or legs or [second])[0]
        kind = "attended" if answered else "blonde"
        wanted = to.desk or to.dialled or to.number
        if talk.consults and not wanted:
            wanted = talk.consults[-1][1]
        if _passed_already(talk, kind, first.desk, wanted):
            return
        passing = self.legs.passes(kind, first, wanted, transferee)
        passing.legs, passing.answered = legs, bool(answered)

    def _pick_up(self, message: AmiMessage, at: datetime) -> None:
        picker, target = self.leg(message, at), self.leg(message, at, "target")
        if picker is not None and target is not None:
            self.legs.picks_up(picker, target)

    # --- click-to-dial, records -----------------------------------------------------------------------------------

    def _originated(self, message: AmiMessage, at: datetime) -> None:
        native, exten = message.get("uniqueid"), cleaned(message.get("exten"))
        if native:
            leg = self.leg(message, at)
            if leg is not None:
                leg.talk.meant = exten
                leg.originated = leg.originated or (leg.caller is None and not leg.incoming)
            return
        device = message.get("channel")
        desk = self.legs.plan.desk_of(device_of(device))
        for leg in reversed(self.legs.of_desk(desk) or self._lately_gone(desk)):
            unclaimed = leg.own or (leg.incoming is False and leg.caller is None)
            if unclaimed and not leg.up and not leg.talk.meant:
                leg.originated, leg.talk.meant = leg.caller is None, exten
                leg.talk.unexplained = message.get("reason") == "0"
                return
        number = message.get("actionid")
        if desk and message.get("reason") == "0" and number not in self._never_made:
            self._never_made.append(number)
            self.legs.never_made(desk, exten, at, message.get("actionid"))

    def _lately_gone(self, desk: str) -> list[Leg]:
        return [
            leg
            for leg in self.legs.legs.values()
            if leg.desk == desk
            and leg.incoming is False
            and not leg.up
            and leg.caller is None
            and not leg.talk.meant
        ]

    def _variable(self, message: AmiMessage, at: datetime) -> None:
        if message.get("variable").lstrip("_") != VARIABLE:
            return
        leg = self.known(message)
        record: Record | None = record_from(message.get("value"))
        if leg is not None and record is not None:
            leg.talk.record = record
            self.legs.touched[leg.talk] = None

    _meanings: ClassVar[dict[str, Callable[["AmiMeaning", AmiMessage, datetime], None]]] = {
        "Newchannel": _new_channel,
        "Newstate": _new_state,
        "NewCallerid": _new_caller,
        "Rename": _renamed,
        "Hangup": _hang_up,
        "HangupRequest": _hang_up_request,
        "SoftHangupRequest": _soft_hang_up_request,
        "DialBegin": _dial_begin,
        "DialState": _dial_state,
        "DialEnd": _dial_end,
        "BridgeEnter": _enter,
        "BridgeLeave": _leave,
        "BridgeMerge": _merge,
        "BridgeDestroy": _bridge_gone,
        "LocalBridge": _pair,
        "Hold": _hold,
        "Unhold": _unhold,
        "QueueCallerJoin": _join_queue,
        "QueueCallerAbandon": _abandon_queue,
        "QueueCallerLeave": _leave_queue,
        "ParkedCall": _park,
        "UnParkedCall": _unpark,
        "ParkedCallTimeOut": _give_back,
        "ParkedCallGiveUp": _give_back,
        "ConfbridgeStart": _conference,
        "ConfbridgeJoin": _conference,
        "DTMFEnd": _digit,
        "BlindTransfer": _blind,
        "AttendedTransfer": _attended,
        "Pickup": _pick_up,
        "OriginateResponse": _originated,
        "VarSet": _variable,
    }


WANTED = frozenset(AmiMeaning._meanings) - {"VarSet"}  # noqa: SLF001 - the table above is the list
"""The events read: what an ``eventfilter`` must let through."""


def caller_in(message: AmiMessage) -> tuple[str, str]:
    """Return the caller's number and name that an event tells."""
    return cleaned(message.get("calleridnum")), cleaned(message.get("calleridname"))


def _passed_already(talk: Talk, kind: str, by: str, to: str) -> bool:
    """Say whether this transfer was already told: events may be repeated."""
    return any(
        (each.kind, each.by, each.to) == (kind, by, to) and not any(leg.gone for leg in each.legs)
        for each in talk.passings
    )
