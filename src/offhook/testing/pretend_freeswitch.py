"""A pretend FreeSWITCH: the event socket of :class:`~offhook.testing.exchange.Exchange` on a socket."""

import json
import re
from collections.abc import Iterable
from typing import Self
from urllib.parse import quote

from offhook.testing.exchange import Channel, Exchange
from offhook.testing.server import Peer, PretendSwitch

CAUSES = {
    16: "NORMAL_CLEARING", 17: "USER_BUSY", 19: "NO_ANSWER", 20: "USER_NOT_REGISTERED", 21: "CALL_REJECTED",
    26: "LOSE_RACE",
}  # fmt: skip
STATES = {"down": "DOWN", "ring": "RINGING", "ringing": "RINGING", "up": "ACTIVE"}
_ORIGINATE = re.compile(r"originate \{(.*)\}(\S+) (\S+) XML (\S+)")


def event(headers: Iterable[tuple[str, str]], body: str = "") -> bytes:
    """Return one plain event's bytes."""
    lines = "".join(f"{key}: {quote(value, safe=' /()!*')}\n" for key, value in headers)
    inner = (f"{lines}Content-Length: {len(body.encode())}\n\n{body}" if body else f"{lines}\n").encode()
    return f"Content-Length: {len(inner)}\nContent-Type: text/event-plain\n\n".encode() + inner


class PretendFreeswitch(PretendSwitch):
    """Answers the commands that Offhook uses. ``refuse`` names an answer to refuse a command with."""

    account = "secret"

    @classmethod
    def over(cls, exchange: Exchange) -> Self:
        """Return one over an exchange."""
        return cls(exchange)

    def __init__(self, exchange: Exchange, password: str = "secret") -> None:  # noqa: S107
        super().__init__(exchange)
        self.refuse: dict[str, str] = {}
        self._password = password
        self._jobs: dict[str, tuple[str, str]] = {}
        exchange.tell = self.tell

    # --- what is told ------------------------------------------------------------------------------------

    def tell(self, moment: str, channel: Channel, other: Channel | None) -> None:
        """Say what happened in FreeSWITCH's words."""
        for name, more in self._said(moment, channel, other):
            self.spread(event([("Event-Name", name), *_headers(channel), *more]))
        if moment == "own_answered":
            self._job_ended(channel, f"+OK {channel.id}\n")
        if moment == "gone":
            self._job_ended(channel, f"-ERR {CAUSES.get(channel.cause, 'NORMAL_CLEARING')}\n")

    def _said(
        self, moment: str, channel: Channel, other: Channel | None
    ) -> Iterable[tuple[str, list[tuple[str, str]]]]:
        two = other.id if other is not None else ""
        pair = [("Bridge-A-Unique-ID", channel.id), ("Bridge-B-Unique-ID", two)]
        cause = [("Hangup-Cause", CAUSES.get(channel.cause, "NORMAL_CLEARING"))]
        asked = [("variable_sip_hangup_disposition", "recv_bye" if channel.asked else "send_bye")]
        said: dict[str, list[tuple[str, list[tuple[str, str]]]]] = {
            "created": [("CHANNEL_CREATE", [])],
            "ringing": [("CHANNEL_PROGRESS", [])],
            "answered": [("CHANNEL_ANSWER", [])],
            "up": [("CHANNEL_ANSWER", [])],
            "bridged": [("CHANNEL_BRIDGE", pair)],
            "unbridged": [("CHANNEL_UNBRIDGE", pair)],
            "held": [("CHANNEL_HOLD", [])],
            "resumed": [("CHANNEL_UNHOLD", [])],
            "gone": [("CHANNEL_HANGUP", cause), ("CHANNEL_HANGUP_COMPLETE", [*cause, *asked])],
        }
        yield from said.get(moment, [])

    def _job_ended(self, channel: Channel, text: str) -> None:
        job, command = self._jobs.pop(channel.id, ("", ""))
        if job:
            self.spread(_job(job, command, text))

    # --- what is asked --------------------------------------------------------------------------------------

    def greet(self, client: Peer) -> None:
        """Ask who it is."""
        client.send(b"Content-Type: auth/request\n\n")

    def take(self, client: Peer, data: bytes) -> None:
        """Take in the commands that are whole."""
        *blocks, client.rest = (client.rest + data).split(b"\n\n")
        for raw in blocks:
            text = raw.decode("utf-8", "replace").strip()
            if not text.startswith("auth "):
                self.heard.append(raw + b"\n\n")
            self._answer(client, text)

    def _answer(self, client: Peer, text: str) -> None:
        command, _end, more = text.partition("\n")
        if command.startswith("auth "):
            client.logged_in = command == f"auth {self._password}"
            _reply(client, "+OK accepted" if client.logged_in else "-ERR invalid")
        elif not client.logged_in:
            _reply(client, "-ERR command not found")
        elif command.startswith("event "):
            self.listens(client)
            _reply(client, "+OK event listener enabled plain")
        elif command.startswith("bgapi "):
            job = more.partition("Job-UUID: ")[2].strip()
            _reply(client, f"+OK Job-UUID: {job}", [("Job-UUID", job)])
            self._do(client, command.removeprefix("bgapi "), job)
        else:
            _reply(client, "-ERR command not found")

    def _do(self, client: Peer, text: str, job: str) -> None:
        name = text.partition(" ")[0]
        if name in self.refuse:
            client.send(_job(job, text, f"{self.refuse[name]}\n"))
        elif name == "originate":
            self._originate(client, text, job)
        else:
            client.send(_job(job, text, f"{self._answer_to(text.split(' '))}\n"))

    def _originate(self, client: Peer, text: str, job: str) -> None:
        found = _ORIGINATE.fullmatch(text)
        if found is None:
            client.send(_job(job, text, "-USAGE: <call url> <exten>\n"))
            return
        values = dict(each.partition("=")[::2] for each in found[1].split(","))
        native, desk = values.get("origination_uuid", ""), found[2].rpartition("/")[2].partition("@")[0]
        self._jobs[native] = (job, text)
        ring_s = float(values.get("originate_timeout", "20"))
        if self.exchange.originate(native, found[2], desk, found[3], ring_s) is None:
            del self._jobs[native]
            client.send(_job(job, text, "-ERR USER_NOT_REGISTERED\n"))

    def _answer_to(self, words: list[str]) -> str:
        name = words[0]
        if name == "show":
            rows = _rows(self.exchange, words[1])
            return json.dumps({"row_count": len(rows), "rows": rows} if rows else {"row_count": 0})
        if name == "sofia_contact":
            habit = self.exchange.desks.get(words[1].partition("@")[0])
            return (
                "sofia/internal/sip:x@127.0.0.1"
                if habit and habit.registered
                else "error/user_not_registered"
            )
        if name == "global_getvar":
            return "pbx.example"
        if name == "user_exists":
            return str(words[2] in self.exchange.desks).lower()
        if name == "sofia":
            return "Name\ttrunk" if words[-1] == "trunk" else "Invalid Gateway!"
        if name == "version":
            return "FreeSWITCH Version 1.10.12"
        if not name.startswith("uuid_"):
            return "-ERR Command not found!"
        native = words[2] if words[1] == "off" else words[1]
        channel = self.exchange.channels.get(native)
        if channel is None:
            return "-ERR No such channel!"
        return self._act(name, words, channel)

    def _act(self, name: str, words: list[str], channel: Channel) -> str:
        match name:
            case "uuid_kill":
                self.exchange.hang_up(channel, 21 if words[2:] == ["CALL_REJECTED"] else 16)
            case "uuid_transfer":
                self.exchange.transfer(channel, words[2])
            case "uuid_bridge":
                two = self.exchange.channels.get(words[2])
                if two is not None:
                    self.exchange.connect(channel, two)
            case "uuid_hold":
                self.exchange.hold(channel, on=words[1] != "off")
            case "uuid_phone_event":
                self.exchange.answer(channel)
            case "uuid_setvar":
                channel.values[words[2]] = " ".join(words[3:])
            case _:
                pass
        return "+OK"


def _headers(channel: Channel) -> list[tuple[str, str]]:
    incoming = channel.incoming
    user = channel.desk or channel.number
    found = [
        ("Unique-ID", channel.id),
        ("Channel-Name", f"sofia/internal/{user}@127.0.0.1"),
        ("Call-Direction", "inbound" if incoming else "outbound"),
        ("Channel-Call-State", STATES[channel.state]),
        ("Answer-State", "answered" if channel.state == "up" else "ringing"),
        ("Caller-Context", "default" if channel.desk else "public"),
        (
            "Caller-Caller-ID-Number",
            channel.number if incoming else channel.caller.number if channel.caller else "",
        ),
        ("Caller-Caller-ID-Name", channel.shown if incoming else ""),
        ("Caller-Destination-Number", channel.exten),
        ("Caller-Channel-Created-Time", f"{channel.created}000000"),
    ]
    if not incoming and not channel.desk:
        found.append(("variable_sip_gateway_name", "trunk"))
    if channel.caller is not None:
        found += [("Other-Type", "originator"), ("Other-Leg-Unique-ID", channel.caller.id)]
        found += [("Other-Leg-Destination-Number", channel.exten)]
    return found


def _rows(exchange: Exchange, what: str) -> list[dict[str, str]]:
    channels = exchange.channels.values()
    if what == "calls":
        pairs = {each.bridge for each in channels if each.bridge}
        return [dict(zip(("uuid", "b_uuid"), pair.split("|"), strict=True)) for pair in pairs]
    return [
        {
            "uuid": each.id,
            "direction": "inbound" if each.incoming else "outbound",
            "created_epoch": str(each.created),
            "name": f"sofia/internal/{each.desk or each.number}@127.0.0.1",
            "cid_num": each.number,
            "cid_name": each.shown,
            "dest": each.exten,
            "context": "default" if each.desk else "public",
            "callstate": STATES[each.state],
            "call_uuid": each.caller.id if each.caller is not None else each.id,
        }
        for each in channels
    ]


def _reply(client: Peer, text: str, more: Iterable[tuple[str, str]] = ()) -> None:
    headers = [("Content-Type", "command/reply"), ("Reply-Text", text), *more]
    client.send(("".join(f"{key}: {value}\n" for key, value in headers) + "\n").encode())


def _job(job: str, command: str, text: str) -> bytes:
    name, _blank, arguments = command.partition(" ")
    headers = [("Event-Name", "BACKGROUND_JOB"), ("Job-UUID", job), ("Job-Command", name)]
    return event([*headers, ("Job-Command-Arg", arguments)], text)
