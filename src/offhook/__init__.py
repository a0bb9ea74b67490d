"""Offhook: the telephone as a part of the business application.

The public names, and nothing else. They are loaded when first used, so that a command as small as
``offhook dial`` does not pay for what it does not need.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from offhook.about import About, Setting
    from offhook.calls import CallTable
    from offhook.catalogue import availabilities
    from offhook.codec import (
        decode_call,
        decode_command,
        decode_event,
        encode_call,
        encode_command,
        encode_event,
        encode_news,
    )
    from offhook.desk import Desk, Listening
    from offhook.dialling import Dialled
    from offhook.embed import connect
    from offhook.errors import (
        CommandError,
        LoginRefused,
        OffhookError,
        OutcomeUnknown,
        ProtocolError,
        Refused,
        SettingsError,
        Unavailable,
        Unreachable,
        Unsupported,
    )
    from offhook.ids import new_command_id
    from offhook.interface import Availability, Device, Interface
    from offhook.line import Line
    from offhook.model import (
        Answer,
        Call,
        CancelConsult,
        Command,
        CompleteTransfer,
        Connected,
        Consult,
        Contact,
        Dial,
        Dialling,
        Direction,
        Diverted,
        Ended,
        Event,
        Gap,
        HandedOver,
        HangUp,
        Held,
        Hold,
        Joined,
        Left,
        LineBack,
        LineLost,
        Merged,
        News,
        Park,
        Parked,
        Party,
        PartyKind,
        PassRecord,
        PopRequested,
        Prompted,
        Reason,
        Record,
        RecordPassed,
        RemoteRinging,
        Resume,
        Resumed,
        Retrieved,
        Ringing,
        SendDigits,
        Snapshot,
        State,
        Transfer,
        Transferred,
        Updated,
    )
    from offhook.view import View

__version__ = "0.1.0"

__all__ = [
    "About",
    "Answer",
    "Availability",
    "Call",
    "CallTable",
    "CancelConsult",
    "Command",
    "CommandError",
    "CompleteTransfer",
    "Connected",
    "Consult",
    "Contact",
    "Desk",
    "Device",
    "Dial",
    "Dialled",
    "Dialling",
    "Direction",
    "Diverted",
    "Ended",
    "Event",
    "Gap",
    "HandedOver",
    "HangUp",
    "Held",
    "Hold",
    "Interface",
    "Joined",
    "Left",
    "Line",
    "LineBack",
    "LineLost",
    "Listening",
    "LoginRefused",
    "Merged",
    "News",
    "OffhookError",
    "OutcomeUnknown",
    "Park",
    "Parked",
    "Party",
    "PartyKind",
    "PassRecord",
    "PopRequested",
    "Prompted",
    "ProtocolError",
    "Reason",
    "Record",
    "RecordPassed",
    "Refused",
    "RemoteRinging",
    "Resume",
    "Resumed",
    "Retrieved",
    "Ringing",
    "SendDigits",
    "Setting",
    "SettingsError",
    "Snapshot",
    "State",
    "Transfer",
    "Transferred",
    "Unavailable",
    "Unreachable",
    "Unsupported",
    "Updated",
    "View",
    "__version__",
    "availabilities",
    "connect",
    "decode_call",
    "decode_command",
    "decode_event",
    "encode_call",
    "encode_command",
    "encode_event",
    "encode_news",
    "new_command_id",
]

_HOMES = (
    "model", "errors", "desk", "embed", "interface", "about", "view", "dialling", "line", "ids", "calls",
    "catalogue", "codec",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in __all__:
        from importlib import import_module

        for home in _HOMES:
            module = import_module(f"offhook.{home}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'offhook' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
