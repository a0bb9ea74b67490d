"""What FreeSWITCH's events mean: event socket messages to facts about legs. No I/O, no clock.

A bridge is no answer: early media makes bridges, too. Numbers are rewritten on the way, so those of a leg's first
event stay. Who called whom is told by ``Other-Leg-Unique-ID`` and ``variable_originator``.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from offhook.interfaces.freeswitch.commands import DIAL
from offhook.interfaces.freeswitch.wire import EslMessage
from offhook.model import cleaned
from offhook.numbers import WITHHELD
from offhook.switch.attached import VARIABLE, record_from
from offhook.switch.legs import Legs
from offhook.switch.talk import Leg, LegKind, LegOutcome, called_by

CAUSES = {
    "UNALLOCATED_NUMBER": LegOutcome.UNALLOCATED,
    "NO_ROUTE_TRANSIT_NET": LegOutcome.UNALLOCATED,
    "NO_ROUTE_DESTINATION": LegOutcome.UNALLOCATED,
    "INVALID_NUMBER_FORMAT": LegOutcome.UNALLOCATED,
    "NUMBER_CHANGED": LegOutcome.UNALLOCATED,
    "USER_BUSY": LegOutcome.BUSY,
    "NO_USER_RESPONSE": LegOutcome.NO_ANSWER,
    "NO_ANSWER": LegOutcome.NO_ANSWER,
    "ALLOTTED_TIMEOUT": LegOutcome.NO_ANSWER,
    "PROGRESS_TIMEOUT": LegOutcome.NO_ANSWER,
    "SUBSCRIBER_ABSENT": LegOutcome.UNAVAILABLE,
    "USER_NOT_REGISTERED": LegOutcome.UNAVAILABLE,
    "DESTINATION_OUT_OF_ORDER": LegOutcome.UNAVAILABLE,
    "RECOVERY_ON_TIMER_EXPIRE": LegOutcome.UNAVAILABLE,
    "GATEWAY_DOWN": LegOutcome.UNAVAILABLE,
    "CALL_REJECTED": LegOutcome.REJECTED,
    "ORIGINATOR_CANCEL": LegOutcome.CANCELLED,
    "LOSE_RACE": LegOutcome.ELSEWHERE,
    "PICKED_OFF": LegOutcome.ELSEWHERE,
    "REDIRECTION_TO_NEW_DESTINATION": LegOutcome.FORWARDED,
    "NORMAL_TEMPORARY_FAILURE": LegOutcome.FAILED,
    "NORMAL_CIRCUIT_CONGESTION": LegOutcome.FAILED,
    "NETWORK_OUT_OF_ORDER": LegOutcome.FAILED,
    "INCOMPATIBLE_DESTINATION": LegOutcome.FAILED,
    "BEARERCAPABILITY_NOTAVAIL": LegOutcome.FAILED,
    "MANDATORY_IE_MISSING": LegOutcome.FAILED,
    "SERVICE_UNAVAILABLE": LegOutcome.FAILED,
    "CHAN_NOT_IMPLEMENTED": LegOutcome.FAILED,
}
"""Hangup causes that say why a leg was not answered; NORMAL_CLEARING and others say nothing."""

_DATED = re.compile(r"(0[0-9a-f]{7})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LOOP = re.compile(r"loopback/(.*)-([ab])")
_USER = re.compile(r"(?:\[[^\]]*\]|\{[^}]*\})*user/([^@ ]+)(?:@\S+)?\s+(\S+)")


def dated_id(at: datetime, chance: str) -> str:
    """Return an id for a channel of ours that says when it began: a UUID of version 7. ``chance``: 18 hex digits.

    The switch tells a time of its own, by a clock that need not be ours, and only once the channel is made: the
    call would have another id after a restart.
    """
    born = f"{int(at.timestamp() * 1000):012x}"
    return f"{born[:8]}-{born[8:]}-7{chance[:3]}-a{chance[3:6]}-{chance[6:18]}"


def began_of(native: str) -> datetime | None:
    """Return when a channel began, if its id says so."""
    born = _DATED.fullmatch(native)
    return datetime.fromtimestamp(int(born[1] + born[2], 16) / 1000, UTC) if born is not None else None


class EslMeaning:
    """Reads one FreeSWITCH's events into :class:`~offhook.switch.legs.Legs`."""

    def __init__(self, legs: Legs) -> None:
        self.legs = legs

    def read(self, message: EslMessage, at: datetime) -> None:
        """Take in an event; one that is unknown or unreadable changes nothing."""
        meaning = self._meanings.get(message.event)
        if meaning is not None:
            meaning(self, message, at)

    # --- legs ---------------------------------------------------------------------------------------------

    def leg(self, message: EslMessage, at: datetime, native: str = "") -> Leg | None:
        """Return the leg an event names; ``None`` where there is none, or it is long gone."""
        own = message.get("Unique-ID")
        native = native or own
        if not native or self.legs.is_over(native):
            return None
        known = self.legs.legs.get(native)
        if native != own or (known is not None and known.device):
            leg = self.legs.leg(native, at)
        else:
            leg = self._described(message, at, native)
        if native == own:
            leg.channel = leg.channel or message.get("Channel-Name")
        if native == own:
            self._noted(leg, message)
        return leg

    def _described(self, message: EslMessage, at: datetime, native: str) -> Leg:
        channel = message.get("Channel-Name")
        loop = _LOOP.fullmatch(channel)
        incoming = message.get("Call-Direction") == "inbound"
        gateway = message.get("variable_sip_gateway_name")
        context = message.get("Caller-Context") if incoming else ""
        stranger = (
            incoming
            and not message.get("variable_sip_auth_username")
            and self.legs.plan.is_trunk("", context)
        )
        # whoever comes in where the outside does is outside, whatever number they give
        device = gateway or ("" if stranger else self._user_of(channel, message, incoming=incoming))
        group = message.get(f"variable_{DIAL}")
        root = message.get("Channel-Call-UUID")
        leg = self.legs.leg(
            native, at, device or channel, context, glue=loop is not None, group=group, root=root
        )
        created = message.get("Caller-Channel-Created-Time")
        leg.began = leg.began or began_of(native)
        if leg.began is None and created.isdigit() and len(created) < 18:
            leg.began = datetime.fromtimestamp(int(created) // 1_000_000, UTC)
        number = cleaned(message.get("Caller-Caller-ID-Number"))
        name = cleaned(message.get("Caller-Caller-ID-Name"))
        dialled = cleaned(message.get("Caller-Destination-Number"))
        if message.get("Caller-Privacy-Hide-Number") == "true":
            number, name = WITHHELD, ""
        if incoming:
            self.legs.came(leg, number, "" if name in (number, "Outbound Call") else name, dialled)
        else:
            leg.incoming = False
            leg.dialled = leg.dialled or ("" if leg.kind is LegKind.PHONE else dialled)
        return leg

    def _user_of(self, channel: str, message: EslMessage, *, incoming: bool) -> str:
        """Return the user at the other end of a channel: ``sofia/internal/1001@host`` is ``1001``."""
        if not incoming and message.get("variable_dialed_user"):
            return message.get("variable_dialed_user")
        if incoming and message.get("variable_sip_auth_username"):
            return message.get("variable_sip_auth_username")
        present = message.get("Channel-Presence-ID").partition("@")[0]
        if present and self.legs.plan.desk_of(present):
            return present
        return channel.rpartition("/")[2].partition("@")[0]

    def _noted(self, leg: Leg, message: EslMessage) -> None:
        """Take in what any event of a leg may be the first to tell."""
        half = message.get("variable_other_loopback_leg_uuid")
        if half and half in self.legs.legs and leg.other_half is None:
            self.legs.pair(leg, self.legs.legs[half])
        if message.get("variable_sip_refer_to"):
            leg.referred = True
        if message.get("variable_transfer_to") and leg.talked and not leg.gone and not leg.referred:
            self._asked_to_pass(leg, message)
        record = (
            record_from(message.get(f"variable_{VARIABLE}")) if message.get(f"variable_{VARIABLE}") else None
        )
        if record is not None and record != leg.talk.record:
            leg.talk.record = record

    def _asked_to_pass(self, leg: Leg, message: EslMessage) -> None:
        """Its phone asked for a transfer: to a number, or to whoever its other call reached."""
        kind, _colon, to = message.get("variable_transfer_to").partition(":")
        far = [each for each in self.legs.mates(leg) if each.real]
        target = self.legs.legs.get(to)
        leg.referred = True
        if kind == "blind" and far:
            number = message.get("variable_transfer_destination").partition(":")[2]
            self.legs.passes("blind", leg, cleaned(number.partition("@")[0]), far[0])
        elif kind == "att" and target is not None and far and target.talk is not leg.talk:
            self.legs.puts_together(far[0], target, leg)

    def _create(self, message: EslMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is None or leg.incoming or leg.up:
            return
        caller_id = message.get("variable_originator") or (
            message.get("Other-Leg-Unique-ID") if message.get("Other-Type") == "originator" else ""
        )
        if caller_id:
            caller = self.legs.legs.get(caller_id)  # one never heard of is no leg yet
            if caller is not None and leg.caller is not caller and not leg.up:
                self._passed_on(caller, leg, message)
                self.legs.calls(caller, leg)
                if (
                    caller.kind is LegKind.PHONE
                    and caller.incoming is False
                    and caller.talked
                    and not caller.own
                ):
                    self.legs.consults(caller.desk, leg.desk or leg.dialled or leg.number, caller)
        elif leg.caller is None and not leg.originated:
            self.legs.calls(None, leg)
            leg.talk.meant = leg.talk.meant or cleaned(message.get("Caller-Caller-ID-Number"))

    def _passed_on(self, caller: Leg, leg: Leg, message: EslMessage) -> None:
        """A caller who had talked and calls anew was passed on: by its partner's phone, or by an application."""
        if (
            not caller.talked
            or caller.bridge
            or not caller.real
            or (caller.own and not self._partners(caller))
        ):
            return
        talk = caller.talk
        if talk.parked or any(each.transferee is caller and not each.answered for each in talk.passings):
            return
        partners = self._partners(caller)
        by = next((each for each in partners if each.referred), None)
        if by is None and caller.referred and partners:
            by = partners[0]
        to = cleaned(message.get("Other-Leg-Destination-Number")) or leg.desk or leg.dialled
        if by is not None:
            self.legs.passes("blind", by, to, caller)
        elif partners and not caller.asked:
            self.legs.passes("redirect", None, to, caller)

    def _partners(self, caller: Leg) -> list[Leg]:
        """Return the phones that had talked with a caller and left, the last first."""
        left = [
            each
            for each in caller.talk.legs
            if each is not caller and each.talked and each.gone and each.real
        ]
        return sorted(left, key=lambda each: -each.met_at)

    def _progress(self, message: EslMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is not None and not leg.incoming and leg.real:
            self._create(message, at)
            self.legs.rings(leg)

    def _call_state(self, message: EslMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is None or leg.gone:
            return
        state = message.get("Channel-Call-State")
        if state == "RINGING" and not leg.incoming and leg.real:
            self._create(message, at)
            self.legs.rings(leg)
        elif state == "ACTIVE" and message.get("Answer-State") == "answered" and not leg.up:
            self.legs.answers(leg)

    def _answer(self, message: EslMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is not None and not leg.up:
            self._create(message, at)
            if not leg.incoming:
                self.legs.dial_ended(leg, LegOutcome.ANSWERED)
            else:
                self.legs.answers(leg)

    def _update(self, message: EslMessage, at: datetime) -> None:
        """The desk's own phone of a click-to-dial is on its way to the number meant."""
        leg = self.leg(message, at)
        if leg is not None and leg.own and leg.up and not called_by(leg):
            meant = cleaned(message.get("Caller-Destination-Number"))
            if meant and meant != leg.desk:
                leg.talk.meant = meant

    def _hang_up(self, message: EslMessage, at: datetime) -> None:
        self._end(message, at, closed=False)

    def _hang_up_complete(self, message: EslMessage, at: datetime) -> None:
        self._end(message, at, closed=True)

    def _end(self, message: EslMessage, at: datetime, *, closed: bool) -> None:
        leg = self.leg(message, at)
        if leg is None:
            return
        if leg.caller is None and not leg.originated and not leg.incoming:
            self._create(message, at)
        cause = message.get("Hangup-Cause")
        asked = message.get("variable_sip_hangup_disposition") in ("recv_bye", "recv_cancel")
        if not leg.gone and leg.talked:
            self.legs.is_cut(leg)
        if asked and not leg.asked:
            self.legs.hung_up(leg)
        if leg.own and not leg.up and cause == "NORMAL_CLEARING":
            leg.talk.by_api = True
        if cause == "MANAGER_REQUEST":
            leg.talk.by_api = True
        outcome = CAUSES.get(cause)
        if leg.incoming and outcome not in (None, LegOutcome.CANCELLED) and not leg.talked:
            leg.talk.failure = outcome
        if cause == "ORIGINATOR_CANCEL" and leg.incoming and not leg.asked:
            self.legs.hangs_up(leg)
        if not leg.gone:
            self._left_to(leg)
        self.legs.goes(leg, at, outcome, closed=closed)

    def _left_to(self, leg: Leg) -> None:
        """A phone that consults through the switch leaves its two parties to each other; a bridge must follow."""
        consulted = [each for each in called_by(leg) if each.up and not each.gone]
        origin = leg.talk.origin
        passed = any(leg.desk == each.by and consulted[:1] == each.legs[:1] for each in leg.talk.passings)
        if (
            consulted
            and not passed
            and origin is not None
            and any(calling is leg for _by, _to, calling in leg.talk.consults)
        ):
            to = consulted[0].desk or consulted[0].dialled or consulted[0].number
            self.legs.passes("attended", leg, to, origin)

    # --- bridges ------------------------------------------------------------------------------------------------

    def _bridge(self, message: EslMessage, at: datetime) -> None:
        one = self.leg(message, at, message.get("Bridge-A-Unique-ID"))
        two = self.leg(message, at, message.get("Bridge-B-Unique-ID"))
        if one is None or two is None or one.gone or two.gone:
            return
        self._attended(one, two)
        self._intercepted(one, two)
        for passing in one.talk.passings:
            if passing.kind == "attended" and not passing.answered and passing.transferee in (one, two):
                passing.answered, passing.legs = True, [two if passing.transferee is one else one]
        name = "|".join(sorted((one.id, two.id)))
        self.legs.enters(name, one)
        self.legs.enters(name, two)

    def _unbridge(self, message: EslMessage, at: datetime) -> None:
        one, two = message.get("Bridge-A-Unique-ID"), message.get("Bridge-B-Unique-ID")
        name = "|".join(sorted((one, two)))
        for native in (one, two):
            leg = self.legs.legs.get(native)
            if leg is not None:
                self.legs.leaves(name, leg)
        self.legs.bridges.pop(name, None)
        self.leg(message, at)

    def _attended(self, one: Leg, two: Leg) -> None:
        """Two parties who each talked with the same desk are connected by it."""
        if one.talk is two.talk and not one.talk.consults:
            return
        older, newer = (one, two) if one.talk.order <= two.talk.order else (two, one)
        consult = newer.talk if newer.talk is not older.talk else None
        if consult is None or not consult.consult_of or consult.origin is newer:
            return
        calling = consult.origin
        first = consult.consulter
        if calling is None or first is None or first.talk is not older.talk:
            return
        self.legs.puts_together(older, newer, first)

    def _intercepted(self, one: Leg, two: Leg) -> None:
        """A phone that called nobody is connected with a caller whose call rang elsewhere: a pickup."""
        if one.talk is two.talk:
            return
        older, newer = (one, two) if one.talk.order <= two.talk.order else (two, one)
        if newer.kind is not LegKind.PHONE or newer.called or not newer.incoming:
            return
        if older.talk.parked:
            self.legs.retrieves(older, newer)
            return
        rung = [leg for leg in called_by(older) if leg.rang and leg.outcome is LegOutcome.ELSEWHERE]
        rung = rung or [leg for leg in called_by(older) if leg.rang and not leg.up]
        if rung and not any(leg.up for leg in called_by(older)):
            self.legs.picks_up(newer, rung[0])

    # --- hold, queue, park, conference -----------------------------------------------------------------------------

    def _hold(self, message: EslMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is not None:
            self.legs.holds(leg)

    def _unhold(self, message: EslMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is not None:
            self.legs.resumes(leg)

    def _custom(self, message: EslMessage, at: datetime) -> None:
        subclass, action = message.get("Event-Subclass"), message.get("Action")
        if subclass == "conference::maintenance" and action == "add-member":
            leg = self.leg(message, at)
            if leg is not None:
                self.legs.confers(leg, cleaned(message.get("Conference-Name")))
        elif subclass == "valet_parking::info":
            leg = self.leg(message, at)
            if leg is not None and action == "hold":
                by = self._partners(leg)
                self.legs.parks(leg, cleaned(message.get("Valet-Extension")), by[0].desk if by else "")
        elif subclass == "callcenter::info" and action == "member-queue-start":
            leg = self.leg(message, at, message.get("CC-Member-Session-UUID"))
            if leg is not None:
                self.legs.queues(leg, cleaned(message.get("CC-Queue")).partition("@")[0])
        elif subclass == "fifo::info" and action in ("push", "pre-dial"):
            leg = self.leg(message, at)
            if leg is not None and leg.incoming:
                self.legs.queues(leg, cleaned(message.get("FIFO-Name")).partition("@")[0])

    def _digit(self, message: EslMessage, at: datetime) -> None:
        leg = self.leg(message, at)
        if leg is not None and leg.kind is LegKind.TRUNK and leg.incoming:
            leg.talk.digits = (leg.talk.digits + cleaned(message.get("DTMF-Digit"), 1))[-64:]

    # --- click-to-dial -----------------------------------------------------------------------------------------------

    def _job(self, message: EslMessage, at: datetime) -> None:
        """A background job is over: only this tells of an originate that made no channel."""
        if message.get("Job-Command") != "originate" or not message.text.startswith("-ERR"):
            return
        outcome = CAUSES.get(message.text[4:].strip(), LegOutcome.FAILED)
        found = _USER.search(message.get("Job-Command-Arg"))
        if found is None:
            return
        desk, meant = self.legs.plan.desk_of(found[1]), cleaned(found[2])
        known = [leg for leg in self.legs.legs.values() if leg.desk == desk and leg.own and not leg.up]
        if known:
            known[-1].talk.meant = meant
        elif desk:
            self.legs.never_made(desk, meant, at, message.get("Job-UUID")).failure = outcome

    _meanings: ClassVar[dict[str, Callable[["EslMeaning", EslMessage, datetime], None]]] = {
        "CHANNEL_CREATE": _create,
        "CHANNEL_PROGRESS": _progress,
        "CHANNEL_PROGRESS_MEDIA": _progress,
        "CHANNEL_CALLSTATE": _call_state,
        "CHANNEL_ANSWER": _answer,
        "CALL_UPDATE": _update,
        "CHANNEL_BRIDGE": _bridge,
        "CHANNEL_UNBRIDGE": _unbridge,
        "CHANNEL_HOLD": _hold,
        "CHANNEL_UNHOLD": _unhold,
        "CHANNEL_HANGUP": _hang_up,
        "CHANNEL_HANGUP_COMPLETE": _hang_up_complete,
        "CHANNEL_DESTROY": _hang_up_complete,
        "BACKGROUND_JOB": _job,
        "DTMF": _digit,
        "CUSTOM": _custom,
    }


WANTED = tuple(EslMeaning._meanings)  # noqa: SLF001 - the table above is the list
"""The events read: what is subscribed to."""
SUBCLASSES = ("conference::maintenance", "valet_parking::info", "callcenter::info", "fifo::info")
"""Of ``CUSTOM`` events, these."""
