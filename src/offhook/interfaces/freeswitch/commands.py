"""What is sent to FreeSWITCH for a command: API commands. No I/O.

Source: FreeSWITCH's ``mod_commands``. Everything goes out as ``bgapi`` with a ``Job-UUID`` of ours, so that an
answer is known by its id. Between ``{`` and ``}`` of a dial string a comma, a quote, a bracket or a caret has a
meaning, and no way of writing them is read alike by every version: what is not a number is refused, a record is
percent-encoded, and a name with such a character is not shown.
"""

import re
from typing import NamedTuple

from offhook.errors import Refused
from offhook.model import (
    Answer,
    CancelConsult,
    Command,
    CompleteTransfer,
    Consult,
    Dial,
    HangUp,
    Hold,
    PassRecord,
    Record,
    Resume,
    SendDigits,
    Snapshot,
    State,
    Transfer,
)
from offhook.switch.attached import VARIABLE, record_text
from offhook.switch.desks import DeskCall
from offhook.switch.talk import Leg

_EXTEN = re.compile(r"[0-9*#+]+")
_WORD = re.compile(r"[A-Za-z0-9_.:@/*#+%-]+")
_SHOWN = re.compile(r"[\w .\-&+/():@]+")


DIAL = "OFFHOOK_DIAL"
"""A variable that ties together the legs of one dial: a user may be registered twice."""


class FreeswitchDialplan(NamedTuple):
    """Where numbers are dialled, and how the desk's own phone is called."""

    context: str
    domain: str = ""
    ring_s: float = 30.0
    auto_answer: bool = False


def originate(device: str, native: str, number: str, plan: FreeswitchDialplan, record: Record | None) -> str:
    """Return the command that alerts the desk's own phone and then calls ``number``."""
    variables = {
        "origination_uuid": native,
        DIAL: native,
        "origination_caller_id_number": checked_number(number),
        "originate_timeout": str(max(1, round(plan.ring_s))),
        "ignore_early_media": "true",
    }
    if record is not None:
        if record.title and _SHOWN.fullmatch(record.title):
            variables["origination_caller_id_name"] = f"'{record.title}'"
        variables[VARIABLE] = record_text(record)
        variables["export_vars"] = VARIABLE
    if plan.auto_answer:
        variables["sip_auto_answer"] = "true"
    written = ",".join(f"{name}={value}" for name, value in variables.items())
    return f"originate {{{written}}}{endpoint(device, plan)} {number} XML {_word(plan.context)}"


def endpoint(device: str, plan: FreeswitchDialplan) -> str:
    """Return the dial string of a device: a user, or an endpoint in full."""
    if "/" in device:
        return _word(device)
    return f"user/{_word(device)}@{_word(plan.domain)}" if plan.domain else f"user/{_word(device)}"


def contact(device: str, domain: str) -> str:
    """Ask where a user is registered; FreeSWITCH answers for a domain."""
    return f"sofia_contact {_word(device)}@{_word(domain)}" if domain else f"sofia_contact {_word(device)}"


DOMAIN = "global_getvar domain"
"""Asks for the domain that ``user/1001`` means."""


def hang_up(call: DeskCall) -> list[str]:
    """Leave a call, give up dialling or reject a ringing one."""
    cause = "CALL_REJECTED" if call.state is State.ALERTING else "NORMAL_CLEARING"
    return [f"uuid_kill {_word(leg.id)} {cause}" for leg in call.legs if not leg.gone]


def answer(call: DeskCall) -> list[str]:
    """Have the phone pick up: an event that many SIP phones obey."""
    return [f"uuid_phone_event {_word(call.leg.id)} talk"]


def hold(call: DeskCall) -> list[str]:
    """Put the other side on hold."""
    return [f"uuid_hold {_word(call.leg.id)}"]


def resume(call: DeskCall) -> list[str]:
    """Go on with a held call."""
    return [f"uuid_hold off {_word(call.leg.id)}"]


def transfer(far: list[Leg], to: str, plan: FreeswitchDialplan, record: Record | None) -> list[str]:
    """Send the other side on, whether it talks or still calls."""
    attached = attach(far, record) if record is not None else []
    return [*attached, f"uuid_transfer {_one(far)} {checked_number(to)} XML {_word(plan.context)}"]


def complete(far: list[Leg], consulted: list[Leg]) -> list[str]:
    """Connect the held party with the person consulted."""
    return [f"uuid_bridge {_one(far)} {_one(consulted)}"]


def digits(far: list[Leg], text: str) -> list[str]:
    """Send tones to the other side."""
    if not re.fullmatch(r"[0-9*#A-Da-d]+", text):
        raise Refused("number_unreadable", number=text[:40])
    return [f"uuid_send_dtmf {_one(far)} {text.upper()}"]


def attach(legs: list[Leg], record: Record) -> list[str]:
    """Let a record travel with the channels."""
    return [f"uuid_setvar {_word(leg.id)} {VARIABLE} {record_text(record)}" for leg in legs if leg.real]


def checked_number(number: str) -> str:
    """Return a number. Raises ``Refused`` for what is not one."""
    if not _EXTEN.fullmatch(number):
        raise Refused("number_unreadable", number=number[:40])
    return number


def _word(text: str) -> str:
    """Refuse what would be read as more than one word, or as something else."""
    if not _WORD.fullmatch(text):
        raise Refused("number_unreadable", number=text[:40])
    return text


def _one(far: list[Leg]) -> str:
    if not far:
        raise Refused("switch_no_channel")
    return _word(far[0].id)


SENT: dict[type[Command], str] = {
    Dial: "`originate` of the desk's phone, then the number in `freeswitch.context`; before it `sofia_contact`",
    Answer: "`uuid_phone_event … talk`, which many SIP phones obey",
    HangUp: "`uuid_kill`; of a ringing call with `CALL_REJECTED`",
    Hold: "`uuid_hold`",
    Resume: "`uuid_hold` of the one talked with, `uuid_hold off`",
    Transfer: "`uuid_transfer` of the other side",
    Consult: "`uuid_hold`, then `originate` of a second call on the desk's phone",
    CompleteTransfer: "`uuid_bridge` of the two others; while it rings `uuid_kill` of the second call, `uuid_transfer`",
    CancelConsult: "`uuid_kill` of the second call, `uuid_hold off` of the first",
    SendDigits: "`uuid_send_dtmf`",
    PassRecord: "`uuid_setvar OFFHOOK_RECORD` on both legs",
    Snapshot: "`show channels as json`, `show calls as json`",
}
"""What each command becomes; the documentation's table is printed from it."""
