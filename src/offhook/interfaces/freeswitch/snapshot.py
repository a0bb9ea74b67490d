"""What FreeSWITCH answers when asked for its state: its lists of channels and calls to facts about legs.

No I/O.
"""

import json
from datetime import datetime
from typing import Any

from offhook.errors import ProtocolError
from offhook.interfaces.freeswitch.events import EslMeaning
from offhook.interfaces.freeswitch.wire import EslMessage, described
from offhook.switch.talk import Leg

CHANNELS = "show channels as json"
CALLS = "show calls as json"


def read_channels(text: str, meaning: EslMeaning, at: datetime) -> set[str]:
    """Take in the list of channels; returns the ids that are there. Raises ``ProtocolError``."""
    rows = _rows(text)
    found: list[tuple[Leg, dict[str, str]]] = []
    for row in rows:
        leg = meaning.leg(_message(row), at)
        if leg is not None:
            found.append((leg, row))
    for leg, row in found:
        caller = meaning.legs.legs.get(row.get("call_uuid", ""))
        if leg.incoming or leg.caller is not None or leg.originated:
            continue
        if caller is not None and caller is not leg:
            meaning.legs.calls(caller, leg)
        elif leg.real:
            meaning.legs.calls(None, leg)
            leg.talk.meant = leg.talk.meant or row.get("initial_cid_num", "") or row.get("cid_num", "")
    for leg, row in found:
        state = row.get("callstate", "")
        if state in ("RINGING", "EARLY") and not leg.incoming and leg.real:
            meaning.legs.rings(leg)
        if state in ("ACTIVE", "HELD", "UNHELD", "RING_WAIT") and not leg.up:
            meaning.legs.answers(leg)
        if (state == "HELD") is not leg.held and state in ("HELD", "ACTIVE", "UNHELD"):
            meaning.legs.holds(leg) if state == "HELD" else meaning.legs.resumes(leg)
    return {leg.id for leg, _row in found}


def read_calls(text: str, meaning: EslMeaning) -> None:
    """Take in the list of calls: who is in a bridge with whom. Raises ``ProtocolError``."""
    for row in _rows(text):
        one, two = (meaning.legs.legs.get(row.get(key, "")) for key in ("uuid", "b_uuid"))
        if one is not None and two is not None and not one.gone and not two.gone:
            name = "|".join(sorted((one.id, two.id)))
            meaning.legs.enters(name, one)
            meaning.legs.enters(name, two)


def _rows(text: str) -> list[dict[str, str]]:
    try:
        found: Any = json.loads(text)
        rows = found.get("rows", [])
        return [{str(key): str(value) for key, value in row.items()} for row in rows]
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise ProtocolError("reply_unreadable", source="show") from None


def _message(row: dict[str, str]) -> EslMessage:
    """Return a row in the words of an event."""
    epoch = row.get("created_epoch", "")
    return described({
        "Unique-ID": row.get("uuid", ""),
        "Channel-Call-UUID": row.get("call_uuid", ""),
        "Channel-Name": row.get("name", ""),
        "Channel-Presence-ID": row.get("presence_id", ""),
        "Call-Direction": row.get("direction", ""),
        "Caller-Context": row.get("initial_context", "") or row.get("context", ""),
        "Caller-Caller-ID-Number": row.get("initial_cid_num", "") or row.get("cid_num", ""),
        "Caller-Caller-ID-Name": row.get("initial_cid_name", "") or row.get("cid_name", ""),
        "Caller-Destination-Number": row.get("initial_dest", "") or row.get("dest", ""),
        "Caller-Channel-Created-Time": f"{epoch}000000" if epoch.isdigit() else "",
    })  # fmt: skip
