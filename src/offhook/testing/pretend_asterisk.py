"""A pretend Asterisk: the manager interface of :class:`~offhook.testing.exchange.Exchange` on a socket."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Self

from offhook.testing.exchange import Channel, Exchange
from offhook.testing.server import Peer, PretendSwitch

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
STATES = {"down": "0", "ring": "4", "ringing": "5", "up": "6"}
STATUS = {17: "BUSY", 21: "NOANSWER", 19: "NOANSWER", 26: "CANCEL", 16: "CANCEL", 20: "CHANUNAVAIL"}
CHALLENGE = "168522345"


def block(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return one message's bytes."""
    return ("".join(f"{key}: {value}\r\n" for key, value in headers) + "\r\n").encode()


class PretendAsterisk(PretendSwitch):
    """Answers the actions that Offhook uses. ``refuse`` names a message to refuse an action with."""

    account = "offhook / secret"

    @classmethod
    def over(cls, exchange: Exchange) -> Self:
        """Return one over an exchange."""
        return cls(exchange)

    def __init__(self, exchange: Exchange, user: str = "offhook", password: str = "secret") -> None:  # noqa: S107
        super().__init__(exchange)
        self.refuse: dict[str, str] = {}
        self.contexts: frozenset[str] = frozenset()
        """The dialplan's contexts, where it matters which exist."""
        self._account = (user, password)
        self._origins: dict[str, tuple[str, dict[str, str]]] = {}
        exchange.tell = self.tell

    # --- what is told ---------------------------------------------------------------------------------------

    def tell(self, moment: str, channel: Channel, other: Channel | None) -> None:
        """Say what happened in Asterisk's words."""
        for name, headers in self._said(moment, channel, other):
            self.spread(block([("Event", name), ("Privilege", "call,all"), *headers]))

    def _said(
        self, moment: str, channel: Channel, other: Channel | None
    ) -> Iterable[tuple[str, list[tuple[str, str]]]]:
        own = _headers(channel)
        dial = [*(_headers(other) if other is not None else []), *_headers(channel, "Dest")]
        both = (other, channel) if other is not None else ()
        cause = ("Cause", str(channel.cause))
        if moment == "own_answered":
            yield from self._originated(channel, "Success", "4")
        if moment == "gone" and channel.id in self._origins:
            yield from self._originated(channel, "Failure", "3" if channel.cause == 19 else "0")
        yield from {
            "created": [("Newchannel", own)],
            "dialled": [("DialBegin", [*dial, ("DialString", channel.desk or f"{channel.number}@trunk")])],
            "ringing": [("Newstate", own), ("DialState", [*dial, ("DialStatus", "RINGING")])],
            "answered": [("Newstate", own), ("DialEnd", [*dial, ("DialStatus", "ANSWER")])],
            "up": [("Newstate", own)],
            "bridged": [("BridgeEnter", [*_bridge(channel), *_headers(each)]) for each in both],
            "unbridged": [("BridgeLeave", [*_bridge(channel), *_headers(each)]) for each in both],
            "held": [("Hold", own)],
            "resumed": [("Unhold", own)],
            "asked": [("HangupRequest", [*own, cause])],
            "not_answered": [("DialEnd", [*dial, ("DialStatus", STATUS.get(channel.cause, "CANCEL"))])],
            "gone": [("Hangup", [*own, cause])],
        }.get(moment, [])

    def _originated(
        self, channel: Channel, response: str, reason: str
    ) -> Iterable[tuple[str, list[tuple[str, str]]]]:
        number, asked = self._origins.pop(channel.id, ("", {}))
        if number:
            yield "OriginateResponse", _origin(number, asked, response, reason, channel)

    # --- what is asked -----------------------------------------------------------------------------------------

    def greet(self, client: Peer) -> None:
        """Say the version of the manager."""
        client.send(GREETING)

    def take(self, client: Peer, data: bytes) -> None:
        """Take in the actions that are whole."""
        *blocks, client.rest = (client.rest + data).split(b"\r\n\r\n")
        for raw in blocks:
            lines = [line.partition(": ") for line in raw.decode("utf-8", "replace").split("\r\n")]
            asked = {key.lower(): value for key, _colon, value in lines}
            if asked.get("action", "").lower() not in ("login", "challenge"):
                self.heard.append(raw + b"\r\n\r\n")
            self._answer(client, asked)

    def _answer(self, client: Peer, asked: dict[str, str]) -> None:
        name, number = asked.get("action", ""), asked.get("actionid", "")

        def say(response: str, **headers: str) -> None:
            client.send(block([("Response", response), ("ActionID", number), *headers.items()]))

        if name == "Challenge":
            say("Success", Challenge=CHALLENGE)
        elif name == "Login":
            self._log_in(client, asked, say)
        elif not client.logged_in:
            say("Error", Message="Permission denied")
        elif name in self.refuse:
            say("Error", Message=self.refuse[name])
        elif name in ("Status", "ParkedCalls"):
            self._list(client, name, number, say)
        elif name == "Originate" and "channel" in asked:
            self._originate(asked, number, say)
        else:
            self._simple(name, asked, say)

    def _list(self, client: Peer, name: str, number: str, say: Callable[..., None]) -> None:
        say("Success", EventList="start")
        for channel in list(self.exchange.channels.values()) if name == "Status" else []:
            client.send(block([("Event", "Status"), *_status(channel), ("ActionID", number)]))
        client.send(block([("Event", f"{name}Complete"), ("ActionID", number), ("EventList", "Complete")]))

    def _simple(self, name: str, asked: dict[str, str], say: Callable[..., None]) -> None:
        variable = asked.get("variable", "")
        if name == "Ping":
            say("Success", Ping="Pong")
        elif name == "Getvar":
            say("Success", Variable=variable, Value=self._value(variable))
        elif name == "Originate":
            say("Error", Message="Channel not specified")
        elif name == "Setvar" and "channel" not in asked:
            say("Success", Message="Variable Set")
            self._device_set(asked)
        else:
            self._act(name, asked, say)

    def _log_in(self, client: Peer, asked: dict[str, str], say: Callable[..., None]) -> None:
        user, password = self._account
        key = hashlib.md5((CHALLENGE + password).encode(), usedforsecurity=False).hexdigest()
        if asked.get("username") != user or (asked.get("key") != key and asked.get("secret") != password):
            say("Error", Message="Authentication failed")
            return
        say("Success", Message="Authentication accepted")
        client.logged_in = True
        if asked.get("events", "on") != "off":
            self.listens(client)

    def _value(self, function: str) -> str:
        """Return a dialplan function's value: ``DEVICE_STATE(…)`` or ``DIALPLAN_EXISTS(…)``."""
        name, _bracket, given = function.rstrip(")").partition("(")
        if name == "DIALPLAN_EXISTS":
            return str(int(not self.contexts or given in self.contexts))
        known = given.rpartition("/")[2]
        if known == "trunk":
            return "NOT_INUSE"
        habit = self.exchange.desks.get(known)
        return "INVALID" if habit is None else "NOT_INUSE" if habit.registered else "UNAVAILABLE"

    def _device_set(self, asked: dict[str, str]) -> None:
        name, _bracket, given = asked.get("variable", "").rstrip(")").partition("(")
        if name == "DEVICE_STATE" and "events" not in self.refuse:
            told = [("Event", "DeviceStateChange"), ("Device", given), ("State", asked.get("value", ""))]
            self.spread(block(told))

    def _originate(self, asked: dict[str, str], number: str, say: Callable[..., None]) -> None:
        say("Success", Message="Originate successfully queued")
        native, device = asked.get("channelid", ""), asked.get("channel", "")
        self._origins[native] = (number, asked)
        ring_s = float(asked.get("timeout", "20000")) / 1000
        own = self.exchange.originate(
            native, device, device.rpartition("/")[2], asked.get("exten", ""), ring_s
        )
        if own is None:
            del self._origins[native]
            self.spread(
                block([("Event", "OriginateResponse"), *_origin(number, asked, "Failure", "0", None)])
            )

    def _act(self, name: str, asked: dict[str, str], say: Callable[..., None]) -> None:
        channel = self.exchange.find(asked.get("channel") or asked.get("channel1", ""))
        if name not in ACTIONS:
            say("Error", Message=f"Invalid/unknown command: {name}.")
            return
        if channel is None:
            say("Error", Message="No such channel")
            return
        say("Success", Message=f"{name} done")
        other = self.exchange.other(channel)
        match name:
            case "Hangup":
                self.exchange.hang_up(channel, int(asked.get("cause", "16")))
            case "Redirect":
                self.exchange.transfer(channel, asked["exten"])
            case "BlindTransfer" if other is not None:
                told = [*_headers(channel, "Transferer"), *_headers(other, "Transferee")]
                facts = [("Result", "Success"), *told, ("Extension", asked["exten"])]
                self.spread(block([("Event", "BlindTransfer"), *facts]))
                self.exchange.transfer(other, asked["exten"])
            case "Bridge":
                two = self.exchange.find(asked.get("channel2", ""))
                if two is not None:
                    self.exchange.connect(channel, two)
            case "PJSIPNotify":
                if asked.get("variable") == "Event=hold":
                    self.exchange.hold(channel, on=True)
                elif channel.state == "ringing":
                    self.exchange.answer(channel)
                else:
                    self.exchange.hold(channel, on=False)
            case "Setvar":
                channel.values[asked["variable"]] = asked["value"]
            case _:
                pass


ACTIONS = frozenset({
    "Hangup", "Redirect", "BlindTransfer", "Atxfer", "Bridge", "Park", "PlayDTMF", "Setvar", "PJSIPNotify",
})  # fmt: skip


def _headers(channel: Channel, prefix: str = "") -> list[tuple[str, str]]:
    return [
        (f"{prefix}Channel", channel.name),
        (f"{prefix}ChannelState", STATES[channel.state]),
        (f"{prefix}CallerIDNum", channel.number or "<unknown>"),
        (f"{prefix}CallerIDName", channel.shown or "<unknown>"),
        (f"{prefix}Context", "from-internal" if channel.desk else "from-trunk"),
        (f"{prefix}Exten", channel.exten),
        (f"{prefix}Uniqueid", channel.id),
        (f"{prefix}Linkedid", channel.group),
    ]


def _bridge(channel: Channel) -> list[tuple[str, str]]:
    return [
        ("BridgeUniqueid", f"bridge-{channel.bridge.partition('|')[0]}"),
        ("BridgeType", "basic"),
        ("BridgeCreator", "<unknown>"),
    ]


def _status(channel: Channel) -> list[tuple[str, str]]:
    application = "AppDial" if channel.caller is not None else "Dial"
    bridge = f"bridge-{channel.bridge.partition('|')[0]}" if channel.bridge else ""
    return [
        *_headers(channel),
        ("DNID", channel.exten if channel.incoming else ""),
        ("BridgeID", bridge),
        ("Application", application),
    ]


def _origin(
    number: str, asked: dict[str, str], response: str, reason: str, channel: Channel | None
) -> list[tuple[str, str]]:
    made = channel is not None and response == "Success"
    return [
        ("ActionID", number),
        ("Response", response),
        ("Channel", channel.name if made and channel else asked.get("channel", "")),
        ("Context", asked.get("context", "")),
        ("Exten", asked.get("exten", "")),
        ("Reason", reason),
        ("Uniqueid", channel.id if made and channel else "<unknown>"),
    ]
