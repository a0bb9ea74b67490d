"""What is sent to Asterisk for a command: actions with their headers. No I/O.

Sources: Asterisk's ``main/manager.c``; ``features.conf`` for ``Atxfer``. Asterisk splits a value in ``Variable``
at commas and interprets brackets and quotes, so each of those is sent with a backslash and arrives as itself.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from offhook.errors import Refused, Unsupported
from offhook.model import (
    Answer,
    CancelConsult,
    Command,
    CompleteTransfer,
    Consult,
    Dial,
    HangUp,
    Hold,
    Park,
    PassRecord,
    Record,
    Resume,
    SendDigits,
    Snapshot,
    State,
    Transfer,
)
from offhook.switch.attached import VARIABLE, record_text
from offhook.switch.desks import DeskCall, Role
from offhook.switch.talk import Leg, called_by

_MEANINGFUL = re.compile(r'([\\,"()\[\]])')
_EXTEN = re.compile(r"[0-9*#+]+")


class Action(NamedTuple):
    """One action: its name, and its headers in order."""

    name: str
    headers: tuple[tuple[str, str], ...]


class AsteriskDialplan(NamedTuple):
    """Where numbers are dialled, and how the desk's own phone is called."""

    context: str
    ring_s: float = 30.0
    auto_answer: str = ""
    phone_control: bool = False


def action(name: str, **headers: str) -> Action:
    """Return an action with those headers."""
    return Action(name, tuple(headers.items()))


def variable(name: str, value: str) -> tuple[str, str]:
    """Return a ``Variable`` header for ``Originate``, its value arriving as itself."""
    return "Variable", f"{name}=" + _MEANINGFUL.sub(r"\\\1", value)


def originate(
    device: str, native: str, number: str, plan: AsteriskDialplan, record: Record | None, name: str = ""
) -> Action:
    """Return the action that alerts the desk's own phone and then calls ``number``.

    The number shows on that phone's display as the connected party; the callee still sees the phone's own
    number.
    """
    _dialable(number)
    headers = [
        ("Channel", device),
        ("ChannelId", native),
        *([("OtherChannelId", f"{native};2")] if device.lower().startswith("local/") else []),
        ("Context", plan.context),
        ("Exten", number),
        ("Priority", "1"),
        ("Timeout", str(round(plan.ring_s * 1000))),
        ("Async", "true"),
        variable("CONNECTEDLINE(num,i)", number),
    ]
    shown = name or (record.title if record is not None else "")
    if shown:
        headers.append(variable("CONNECTEDLINE(name,i)", shown))
    if plan.auto_answer:
        header, _colon, value = plan.auto_answer.partition(":")
        if device.lower().startswith("sip/"):
            headers.append(variable("__SIPADDHEADER01", f"{header.strip()}: {value.strip()}"))
        else:
            headers.append(variable(f"PJSIP_HEADER(add,{header.strip()})", value.strip()))
    if record is not None:
        headers.append(variable(f"__{VARIABLE}", record_text(record)))
    return Action("Originate", tuple(headers))


def hang_up(call: DeskCall) -> list[Action]:
    """Leave a call, give up dialling or reject a ringing one (cause 21)."""
    if call.role is Role.CONSULTING:
        return cancel_consult(call)
    cause = "21" if call.state is State.ALERTING else "16"
    return [action("Hangup", Channel=leg.named, Cause=cause) for leg in call.legs if not leg.gone]


def let_go(waiting: list[Leg]) -> list[Action]:
    """Hang up those who wait while the phone consults: hanging up the phone would connect the two others."""
    return [action("Hangup", Channel=leg.named, Cause="16") for leg in waiting]


def transfer(
    call: DeskCall, far: list[Leg], to: str, plan: AsteriskDialplan, record: Record | None
) -> list[Action]:
    """Pass a call on without asking: a connected one by its own channel, a ringing one by the caller's."""
    _dialable(to)
    attached = attach(far, record) if record is not None else []
    if call.state is State.ALERTING:
        return [
            *attached,
            action("Redirect", Channel=_one(far).named, Context=plan.context, Exten=to, Priority="1"),
        ]
    return [*attached, action("BlindTransfer", Channel=call.leg.named, Context=plan.context, Exten=to)]


def consult(call: DeskCall, to: str, plan: AsteriskDialplan) -> list[Action]:
    """Hold the call and ring somebody: the feature ``atxfer``, which the dial must allow (``tT``)."""
    _dialable(to)
    return [action("Atxfer", Channel=call.leg.named, Context=plan.context, Exten=to)]


def complete(call: DeskCall, held: DeskCall | None, far: list[Leg], consulted: list[Leg]) -> list[Action]:
    """Connect the held party with the person consulted."""
    if call.role is Role.CONSULTING:
        own = held.leg if held is not None else None
        if own is None:
            raise Refused("switch_no_channel")
        return [action("Hangup", Channel=own.named, Cause="16")]
    return [action("Bridge", Channel1=_one(far).named, Channel2=_one(consulted).named, Tone="no")]


def cancel_consult(call: DeskCall) -> list[Action]:
    """Drop the person consulted; the phone is back with the held call."""
    if call.role is not Role.CONSULTING:
        return [action("Hangup", Channel=call.leg.named, Cause="16")]
    reached = [leg for leg in called_by(call.legs[0]) if not leg.gone]
    return [action("Hangup", Channel=leg.named, Cause="16") for leg in reached or call.legs]


def park(call: DeskCall, far: list[Leg], slot: str) -> list[Action]:
    """Park the other side, in the first free place. If nobody takes it, it comes back to this phone."""
    if slot:
        raise Refused("park_slot", slot=slot)
    own = call.leg.named
    parked = action("Park", Channel=_one(far).named, TimeoutChannel=own, AnnounceChannel=own)
    if call.role is Role.CALLED:
        return [parked]
    return [
        parked,
        action("Hangup", Channel=own, Cause="16"),
    ]  # it is the caller: its dialplan would go on without the other side


def digits(far: list[Leg], text: str) -> list[Action]:
    """Send tones to the other side, one action each."""
    if not re.fullmatch(r"[0-9*#A-Da-d]+", text):
        raise Refused("number_unreadable", number=text[:40])
    return [
        action("PlayDTMF", Channel=_one(far).named, Digit=digit.upper(), Duration="120") for digit in text
    ]


def attach(legs: Iterable[Leg], record: Record) -> list[Action]:
    """Let a record travel with the channels."""
    value = record_text(record)
    return [
        action("Setvar", Channel=leg.named, Variable=f"__{VARIABLE}", Value=value) for leg in legs if leg.real
    ]


def on_phone(call: DeskCall, what: str, plan: AsteriskDialplan, command: Command) -> list[Action]:
    """Have the phone itself answer (``talk``) or hold (``hold``): an event that many SIP phones obey."""
    if not plan.phone_control:
        raise Unsupported("phone_control_off", command=type(command).__name__)
    return [action("PJSIPNotify", Channel=call.leg.named, Variable=f"Event={what}")]


def device_state(device: str) -> Action:
    """Ask whether a device is there."""
    return action("Getvar", Variable=f"DEVICE_STATE({device})")


CHANNELS = action("Status", Variables=VARIABLE, AllVariables="false")
PARKED = action("ParkedCalls")
"""What is asked after a link comes up."""


def _dialable(number: str) -> None:
    """Refuse what is not a number: a dialplan reads other characters in its own way."""
    if not _EXTEN.fullmatch(number):
        raise Refused("number_unreadable", number=number[:40])


def _one(far: list[Leg]) -> Leg:
    if not far:
        raise Refused("switch_no_channel")
    return far[0]


SENT: dict[type[Command], str] = {
    Dial: "`Originate` of the desk's phone, then the number in `asterisk.context`; before it `Getvar DEVICE_STATE(…)`",
    Answer: "`PJSIPNotify` `Event: talk`, with `asterisk.phone_control`",
    HangUp: "`Hangup`; of a ringing call with cause 21 (rejected); of the other side while the phone consults",
    Hold: "`PJSIPNotify` `Event: hold`, with `asterisk.phone_control`",
    Resume: "`PJSIPNotify` `Event: talk`; of a parked call `Originate` to its place",
    Transfer: "`BlindTransfer`; of a ringing call `Redirect` of the caller",
    Consult: "`Atxfer` (the dialplan's `Dial` needs `t` or `T`)",
    CompleteTransfer: "`Hangup` of the desk's phone, which ends the consultation; two calls of the phone: `Bridge`",
    CancelConsult: "`Hangup` of the one consulted",
    SendDigits: "`PlayDTMF`, one each",
    PassRecord: "`Setvar __OFFHOOK_RECORD` on both channels",
    Park: "`Park`; Asterisk chooses the place",
    Snapshot: "`Status` and `ParkedCalls`",
}
"""What each command becomes; the documentation's table is printed from it."""
