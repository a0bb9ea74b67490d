"""What Asterisk answers when asked for its state: its list of channels to facts about legs. No I/O.

``Status`` does not say who called whom. The application tells the side (``AppDial``: was called; ``AppDial2``:
an application had it called); bridge and Linkedid tell who belongs together.
"""

from collections.abc import Sequence
from datetime import datetime

from offhook.interfaces.asterisk.events import AmiMeaning, caller_in
from offhook.interfaces.asterisk.wire import AmiMessage
from offhook.model import cleaned
from offhook.switch.attached import VARIABLE, record_from
from offhook.switch.talk import Leg

OURS = "offhook"
"""How the ids we give to channels begin."""
CALLING = ("dial", "queue", "followme")
"""Applications that call somebody for a channel."""


def read_channels(rows: Sequence[AmiMessage], meaning: AmiMeaning, at: datetime) -> set[str]:
    """Take in a list of channels; returns the ids that are there."""
    found = [(leg, row) for row in rows if (leg := meaning.leg(row, at)) is not None]
    for leg, row in found:
        _described(leg, row, meaning)
    for leg, row in found:
        if leg.caller is None and not leg.originated and _application(row) == "appdial":
            _called(leg, [(each, other) for each, other in found if each.talk is leg.talk], meaning)
    for leg, row in found:
        _placed(leg, row, meaning)
    for bridge in {leg.bridge: None for leg, _row in found if leg.bridge}:
        meaning.consulted(bridge)
    return {leg.id for leg, _row in found}


def _described(leg: Leg, row: AmiMessage, meaning: AmiMeaning) -> None:
    application = _application(row)
    if leg.caller is None and not leg.originated and leg.incoming is None:
        if application == "appdial2" or (leg.id.startswith(OURS) and leg.real):
            meaning.legs.calls(None, leg)
            leg.talk.meant = leg.talk.meant or cleaned(row.get("dnid")) or cleaned(row.get("exten"))
        elif application != "appdial" and leg.real:
            meaning.legs.came(leg, *caller_in(row), cleaned(row.get("dnid")) or cleaned(row.get("exten")))
    number, name = caller_in(row)
    leg.number, leg.name = leg.number or number, leg.name or name
    for text in row.all("variable"):
        record = record_from(text.partition("=")[2]) if text.startswith(f"{VARIABLE}=") else None
        if record is not None:
            leg.talk.record = record


def _called(leg: Leg, beside: list[tuple[Leg, AmiMessage]], meaning: AmiMeaning) -> None:
    """Find out who calls a leg: who is in a bridge with it, else who calls somebody in its talk."""
    leg.incoming = False
    calling = [each for each, row in beside if each is not leg and _application(row) in CALLING]
    bridge = next((row.get("bridgeid") for each, row in beside if each is leg), "")
    together = [each for each, row in beside if each in calling and bridge and row.get("bridgeid") == bridge]
    for caller in (together or calling)[:1]:
        meaning.legs.calls(caller, leg)


def _placed(leg: Leg, row: AmiMessage, meaning: AmiMeaning) -> None:
    state, bridge = row.get("channelstate"), row.get("bridgeid")
    if state == "5" and leg.real and not leg.rang:
        meaning.legs.rings(leg)
    if state == "6" and not leg.up:
        meaning.legs.answers(leg)
    if leg.bridge and leg.bridge != bridge:
        meaning.legs.leaves(leg.bridge, leg)
    application = _application(row)
    if application == "confbridge" and leg.real:
        meaning.legs.confers(leg, cleaned(row.get("data")).partition(",")[0])
    if bridge and leg.bridge != bridge:
        meaning.legs.enters(bridge, leg, joins=application not in ("confbridge", "park", "parkedcall"))


def _application(row: AmiMessage) -> str:
    return row.get("application").lower()
