"""What a recorded switch would answer at any moment of its recording, when it is asked how it stands."""

import json
import re
from collections.abc import Iterable
from typing import Any

from offhook.interfaces.asterisk.events import AmiMeaning
from offhook.interfaces.asterisk.snapshot import read_channels as read_status
from offhook.interfaces.asterisk.wire import AmiFramer, AmiMessage
from offhook.interfaces.freeswitch.snapshot import read_calls, read_channels
from offhook.interfaces.freeswitch.wire import EslFramer
from offhook.model import Call
from offhook.switch.watch import Watch
from recordings import AT, INTERFACES, Replayed, data_of


class Standing:
    """The channels of a switch as its messages tell them; :meth:`tell` has a watch that begins now told of them."""

    def __init__(self, kind: str) -> None:
        self.asterisk = INTERFACES[kind] == "asterisk"
        self._channels: dict[str, dict[str, str]] = {}
        self._together: dict[str, frozenset[str]] = {}

    def take(self, message: Any) -> None:
        (self._of_asterisk if self.asterisk else self._of_freeswitch)(message)

    def tell(self, watch: Watch[Any]) -> None:
        """What a hub that has just started hears first."""
        watch.asked()
        if self.asterisk:
            assert isinstance(watch.meaning, AmiMeaning)
            there = read_status([_row(each) for each in self._channels.values()], watch.meaning, AT)
        else:
            there = read_channels(json.dumps({"rows": list(self._channels.values())}), watch.meaning, AT)  # type: ignore[arg-type]
            calls = [
                dict(zip(("uuid", "b_uuid"), sorted(two), strict=True)) for two in self._together.values()
            ]
            read_calls(json.dumps({"rows": calls}), watch.meaning)  # type: ignore[arg-type]
        watch.back(there, AT)

    def _of_asterisk(self, message: AmiMessage) -> None:
        for prefix in ("", "dest", "transferer", "transferee", "localone", "localtwo", "parkee", "retriever"):
            native = message.get(f"{prefix}uniqueid")
            if not native or (
                native not in self._channels and message.event in ("Hangup", "Cdr", "CEL", "VarSet")
            ):
                continue
            row = self._channels.setdefault(native, {"uniqueid": native, "application": ""})
            for key in (
                "channel",
                "channelstate",
                "calleridnum",
                "calleridname",
                "context",
                "exten",
                "linkedid",
            ):
                if value := message.get(prefix + key):
                    row[key] = value
            if prefix == "dest" and message.event == "DialBegin":
                row["application"] = "AppDial" if message.get("uniqueid") else "AppDial2"
        row = self._channels.get(message.get("uniqueid"), {})
        match message.event:
            case "Newexten":
                row["application"], row["data"] = message.get("application"), message.get("appdata")
            case "BridgeEnter":
                row["bridgeid"] = message.get("bridgeuniqueid")
                beside = [each for each in self._channels.values() if each.get("bridgeid") == row["bridgeid"]]
                oldest = min((each["linkedid"] for each in beside), key=lambda word: word.rpartition("-")[2])
                for each in beside:  # who is together has the oldest one's
                    each["linkedid"] = oldest
            case "BridgeLeave":
                row.pop("bridgeid", None)
            case "Hangup":
                self._channels.pop(message.get("uniqueid"), None)

    def _of_freeswitch(self, message: Any) -> None:
        native = message.get("Unique-ID")
        pair = frozenset((message.get("Bridge-A-Unique-ID"), message.get("Bridge-B-Unique-ID")))
        if message.event == "CHANNEL_BRIDGE" and len(pair) == 2:
            self._together["|".join(sorted(pair))] = pair
        elif message.event == "CHANNEL_UNBRIDGE":
            self._together.pop("|".join(sorted(pair)), None)
        if message.event == "CHANNEL_DESTROY":
            self._channels.pop(native, None)
        if not native or message.event in ("CHANNEL_DESTROY", "CHANNEL_HANGUP_COMPLETE"):
            return
        row = self._channels.setdefault(native, {"uuid": native})
        for key, header in _COLUMNS.items():
            if value := message.get(header):
                row[key] = value
        if created := message.get("Caller-Channel-Created-Time"):
            row["created_epoch"] = created[:-6]
        for key in ("cid_num", "cid_name", "dest", "context"):
            row[f"initial_{key}"] = row.get(f"initial_{key}") or row.get(key, "")


_COLUMNS = {
    "call_uuid": "Channel-Call-UUID",
    "name": "Channel-Name",
    "presence_id": "Channel-Presence-ID",
    "direction": "Call-Direction",
    "context": "Caller-Context",
    "cid_num": "Caller-Caller-ID-Number",
    "cid_name": "Caller-Caller-ID-Name",
    "dest": "Caller-Destination-Number",
    "callstate": "Channel-Call-State",
}


def _row(words: dict[str, str]) -> AmiMessage:
    lines = ["Event: Status", *(f"{key}: {value}" for key, value in words.items())]
    return AmiMessage("\r\n".join(lines).encode())


def everything(kind: str, name: str) -> list[Any]:
    """Return a recording's messages, also those that are not read."""
    framer = AmiFramer() if INTERFACES[kind] == "asterisk" else EslFramer()
    messages: list[Any] = list(framer.receive(data_of(kind, name)))
    return [message for message in messages if message.event]


def begun_at(kind: str, messages: list[Any], moment: int, calls: Iterable[Call]) -> Replayed:
    """Return what a hub knows that starts at a moment of the recording: the calls it had, and how the switch stands."""
    standing = Standing(kind)
    for message in messages[:moment]:
        standing.take(message)
    here = Replayed(kind)
    here.watch.syncing = True
    here.watch.desks.remember(calls)
    standing.tell(here.watch)
    return here


def read(kind: str, messages: list[Any]) -> list[Any]:
    """Return the messages that the interface reads at all."""
    wanted = set(Replayed(kind).watch.meaning._meanings)
    return [message for message in messages if message.event in wanted and not _ours(message)]


def _ours(message: Any) -> bool:
    return message.event == "VarSet" and not re.search("offhook", message.get("variable"), re.IGNORECASE)
