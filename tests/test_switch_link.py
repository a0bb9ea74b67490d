"""The link to a switch: hostile peers, cuts at every event, restarts under load, TLS."""

import asyncio
import json
import random
import resource
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

import offhook
from offhook.calls import CallTable
from offhook.dialling import Dialled
from offhook.errors import Unreachable
from offhook.interface import Device
from offhook.interfaces.asterisk.snapshot import read_channels
from offhook.interfaces.asterisk.wire import AmiMessage
from offhook.interfaces.freeswitch import snapshot as freeswitch_snapshot
from offhook.model import Dial, Dialling, Ended, Event, LineBack, LineLost, Ringing, State
from offhook.settings.given import given
from offhook.switch.talk import Leg
from offhook.testing.contract import InterfaceContract
from offhook.testing.exchange import Exchange, PhoneHabit
from offhook.testing.pretend_asterisk import PretendAsterisk, block
from offhook.testing.pretend_freeswitch import PretendFreeswitch
from recordings import AT, TRUTH, Replayed, messages_of
from switches import ACCOUNTS, KINDS, desk, exchange_of, interface, peer, switch
from vendor import certificates, server_context

# --- a cut at every event --------------------------------------------------------------------------------------

SCENARIOS = [
    ("ami", "inbound_answered"), ("ami", "group_local"), ("ami", "attended_ami"), ("ami", "blind_refer"),
    ("ami", "c2d_answered"), ("ami", "park_unpark"), ("esl", "inbound_answered"), ("esl", "attended_refer"),
    ("esl", "blind_refer"), ("esl", "c2d_answered"), ("esl", "group_parallel"),
]  # fmt: skip


def as_rows(kind: str, legs: list[Leg]) -> Any:
    """Return what the switch would answer if it were asked how it stands."""
    if kind == "esl":
        pairs = {leg.bridge for leg in legs if leg.bridge}
        channels = [
            {
                "uuid": leg.id,
                "direction": "inbound" if leg.incoming else "outbound",
                "name": leg.channel,
                "cid_num": leg.number,
                "dest": leg.dialled,
                "context": "public" if leg.kind == "trunk" else "default",
                "callstate": "HELD"
                if leg.held
                else "ACTIVE"
                if leg.up
                else "RINGING"
                if leg.rang
                else "DOWN",
                "call_uuid": leg.caller.id if leg.caller else leg.id,
            }
            for leg in legs
        ]
        calls = [dict(zip(("uuid", "b_uuid"), pair.split("|"), strict=True)) for pair in pairs]
        return json.dumps({"rows": channels}), json.dumps({"rows": calls})
    return [
        AmiMessage(
            block([
                ("Event", "Status"),
                ("Channel", leg.channel),
                ("ChannelState", "6" if leg.up else "5" if leg.rang else "4" if leg.incoming else "0"),
                ("CallerIDNum", leg.number),
                ("Context", "from-trunk" if leg.kind == "trunk" else "from-internal"),
                ("Exten", leg.dialled),
                ("DNID", leg.dialled),
                ("Uniqueid", leg.id),
                ("Linkedid", leg.talk.native),
                ("BridgeID", leg.bridge),
                ("Application", "AppDial" if leg.caller else "AppDial2" if leg.originated and not leg.up else "Dial"),
            ])[:-4]
        )
        for leg in legs
    ]  # fmt: skip


def resumed(kind: str, link: Replayed, truth: Replayed) -> list[Event]:
    """Bring the link up again: what it now hears is the truth as it is then."""
    link.watch.asked()
    rows = as_rows(kind, [leg for leg in truth.watch.legs.legs.values() if not leg.gone])
    if kind == "ami":
        there = read_channels(rows, link.watch.meaning, AT)
    else:
        there = freeswitch_snapshot.read_channels(rows[0], link.watch.meaning, AT)
        freeswitch_snapshot.read_calls(rows[1], link.watch.meaning)
    return [link.watch.back(there, AT)]


class Tables:
    """What the lines of the desks make of it."""

    def __init__(self) -> None:
        self.tables = {f"10{number:02}": CallTable(f"10{number:02}") for number in range(1, 5)}
        self.news: list[Event] = []

    def hear(self, events: list[Event]) -> None:
        for event in events:
            for line, table in self.tables.items():
                if event.line not in ("", line):
                    continue
                calls = getattr(event, "calls", None)
                mine = (
                    event
                    if calls is None
                    else LineBack(at=event.at, line=line, calls=tuple(c for c in calls if c.line == line))
                )
                self.news += [news.event for news in table.apply(mine)]

    def check(self) -> None:
        assert [call for table in self.tables.values() for call in table.calls] == [], "a ghost stayed"
        ends = Counter((event.line, event.call) for event in self.news if isinstance(event, Ended))
        begun = Counter(
            (event.line, event.call) for event in self.news if isinstance(event, Ringing | Dialling)
        )
        assert set(ends.values()) <= {1}, "a call ended twice"
        assert set(begun.values()) <= {1}, "a call began twice"


@pytest.mark.parametrize(("kind", "name"), SCENARIOS)
@pytest.mark.parametrize("missed", [0, 3, 12, 1000])
def test_a_cut_at_every_event_leaves_the_right_state(kind: str, name: str, missed: int) -> None:
    events = messages_of(kind, name)
    for place in range(len(events)):
        tables, link, truth = Tables(), Replayed(kind), Replayed(kind)
        tables.hear([LineBack(at=AT, line="", calls=())])
        link.messages(events[:place])
        tables.hear(link.events)
        tables.hear(link.watch.lost(AT, "cut"))
        truth.messages(events[: place + missed])
        tables.hear(resumed(kind, link, truth))
        link.events = []
        link.messages(events[place + missed :])
        tables.hear(link.events)
        tables.check()


def test_the_rows_of_the_test_are_the_rows_of_the_switch() -> None:
    """A snapshot in the middle of a talk shows both desks of it."""
    link, truth = Replayed("ami"), Replayed("ami")
    events = messages_of("ami", "internal_call")
    middle = next(place for place, event in enumerate(events) if event.event == "HangupRequest")
    truth.messages(events[:middle])
    (back,) = resumed("ami", link, truth)
    assert isinstance(back, LineBack)
    assert {(call.line, call.state) for call in back.calls or ()} == {
        ("1001", State.CONNECTED),
        ("1002", State.CONNECTED),
    }
    assert TRUTH["ami"]["internal_call"][0]["from"] == "1001"


# --- restarts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_a_switch_that_restarts_under_load_leaves_no_ghost_and_nothing_twice(kind: str) -> None:
    chance = random.Random(7)
    async with switch(kind) as made, desk(made, kind) as heard:
        exchange = exchange_of(made)
        port = int(made.address.rpartition(":")[2])

        async def load(calls: int) -> None:
            for _each in range(calls):
                caller = exchange.incoming(f"03882020{chance.randrange(100):02}", "", "1001")
                asyncio.get_running_loop().call_later(chance.uniform(0.02, 0.5), exchange.hang_up, caller, 16)
                await asyncio.sleep(0.01)

        for _round in range(3):
            loading = asyncio.ensure_future(load(40))
            await asyncio.sleep(0.2)
            await made.stop()
            if _round == 1:
                exchange.channels.clear()  # it forgot everything
            await asyncio.sleep(0.1)
            await made.start(port)
            await loading
        await heard.until(lambda: heard.desk.lines["1001"].table.up and not heard.desk.calls, 10)
        ends = Counter(event.call for event in heard.events if isinstance(event, Ended))
        begun = Counter(event.call for event in heard.events if isinstance(event, Ringing))
        assert len(begun) > 30
        assert set(begun.values()) == set(ends.values()) == {1}
        assert set(begun) == set(ends)
        assert heard.kinds().count("LineLost") == heard.kinds().count("LineBack") - 1 == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_goes_on_over_a_cut_under_the_same_id(kind: str) -> None:
    async with switch(kind) as made, desk(made, kind) as heard:
        exchange_of(made).incoming("0388202020", "Dupont", "1001")
        before = await heard.call(State.CONNECTED)
        made.cut()
        await heard.event(LineLost)
        await heard.until(lambda: heard.kinds().count("LineBack") == 2)
        assert [(call.id, call.state) for call in heard.desk.calls] == [(before.id, State.CONNECTED)]
        assert heard.kinds().count("Ringing") == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_sent_on_a_lost_line(kind: str) -> None:
    async with switch(kind) as made, desk(made, kind) as heard:
        await made.stop()
        await heard.event(LineLost)
        with pytest.raises(Unreachable) as caught:
            await heard.desk.lines["1001"].interface.send(
                Dial(id="d", number="0388202020"), Device("1001"), Dialled("0388202020")
            )
        assert caught.value.code == "line_lost"


# --- hostile peers -------------------------------------------------------------------------------------------------------

GREETINGS = {"asterisk": b"Asterisk Call Manager/11.0.0\r\n", "freeswitch": b"Content-Type: auth/request\n\n"}
Answerer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def endless(writer: asyncio.StreamWriter, piece: bytes, most: int = 100 << 20) -> None:
    for _each in range(0, most, len(piece)):
        writer.write(piece)
        await writer.drain()


def hostile(kind: str, what: str) -> Answerer:
    greeting = GREETINGS[kind]
    end = b"\r\n" if kind == "asterisk" else b"\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match what:
            case "a line of 100 MB":
                writer.write(greeting)
                await endless(writer, b"x" * 65536)
            case "endless headers":
                writer.write(greeting)
                await endless(writer, b"".join(b"Header-%d: x" % number + end for number in range(3000)))
            case "a greeting of 100 MB":
                await endless(writer, b"A" * 65536)
            case "a wrong length":
                writer.write(greeting + b"Content-Length: 99999999999\nContent-Type: text/event-plain\n\n")
                await writer.drain()
                await endless(writer, b"x" * 65536)
            case "no length":
                writer.write(
                    greeting + b"Content-Length: -5\nContent-Type: text/event-plain\n\n" + b"Response: x"
                )
                await endless(writer, b"y" * 65536)
            case "half a login":
                writer.write(greeting)
                await reader.read(1000)
                writer.write(b"Response: Succ" if kind == "asterisk" else b"Content-Type: command/rep")
                await writer.drain()
                writer.close()
            case "another server":
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                writer.close()
            case "noise":
                writer.write(greeting + random.Random(1).randbytes(1 << 20))
                await writer.drain()
                writer.close()

    return answer


HOSTILE = [
    "a line of 100 MB", "endless headers", "a greeting of 100 MB", "a wrong length", "no length", "half a login",
    "another server", "noise",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", HOSTILE)
async def test_a_hostile_switch_costs_no_memory_and_is_tried_again(kind: str, what: str) -> None:
    met = asyncio.Event()
    visits = 0
    answer = hostile(kind, what)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        if visits > 1:
            met.set()
        await answer(reader, writer)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with peer(serve) as address:
        opened, _device = made_of(kind, ACCOUNTS[kind] | {"address": address})
        await opened.open()
        async with asyncio.timeout(20):
            await met.wait()
        first = await first_of(opened, LineLost)
        await opened.close()
    assert isinstance(first, LineLost)
    assert first.why in (
        "message_too_long",
        "reply_unreadable",
        "line_lost",
        "switch_silent",
        "switch_unreachable",
    )
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024, f"{grown} KB more for a hostile peer"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_drips_its_greeting_is_given_up(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offhook.switch.link.LOGIN_S", 0.3)
    visits = asyncio.Queue[int]()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.put_nowait(1)
        for byte in GREETINGS[kind]:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.1)

    async with peer(serve) as address:
        opened, _device = made_of(kind, ACCOUNTS[kind] | {"address": address})
        await opened.open()
        async with asyncio.timeout(5):
            await visits.get()
            await visits.get()
        first = await first_of(opened, LineLost)
        await opened.close()
    assert isinstance(first, LineLost)
    assert first.why == "switch_silent"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_closed_at_every_byte_of_a_session(kind: str) -> None:
    """The whole of a good session's bytes is known; a server closes after each number of them, and then behaves."""
    async with switch(kind) as made:
        taken = bytearray()
        opened, _device = made_of(kind, ACCOUNTS[kind] | {"address": made.address})
        opened.tap(taken.extend, lambda _data: None)
        await opened.open()
        await opened.close()
        session, left = bytes(taken), iter(range(len(taken)))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(session[: next(left, 0)])
            writer.close()

        async with peer(serve) as address:
            other, _device = made_of(kind, ACCOUNTS[kind] | {"address": address})
            for _each in session:
                assert await other._attempt() is False
        other.address = offhook_address(made.address)
        await other.open()
        assert isinstance(await first_of(other, LineBack), LineBack)
        await other.close()


def offhook_address(text: str) -> Any:
    from offhook.transport.connection import address_of

    return address_of(text, 0)


async def first_of(opened: Any, kind: type[Event]) -> Event:
    async with asyncio.timeout(5):
        async for event in opened.events():
            if isinstance(event, kind):
                return event
    raise AssertionError("closed")


async def test_an_accent_cut_in_two_survives() -> None:
    framer = interface("asterisk").reading(Replayed("ami").watch.legs.plan, "FR", lambda _talk: None)[0]
    text = "Asterisk Call Manager/11.0.0\r\nEvent: Newchannel\r\nCallerIDName: Nguyễn Thị Bích Ngọc\r\n\r\n".encode()
    found = [message for place in range(len(text)) for message in framer.receive(text[place : place + 1])]
    assert found[0].get("calleridname") == "Nguyễn Thị Bích Ngọc"


# --- TLS, and the contract of every interface ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_tls_with_a_private_authority_and_without(kind: str, tmp_path: Any) -> None:
    made_up = certificates(tmp_path)
    async with switch(kind) as made:
        context = server_context(made_up)
        plain = made._server
        assert plain is not None
        secured = await asyncio.start_server(made._serve, "127.0.0.1", 0, ssl=context)
        address = f"127.0.0.1:{secured.sockets[0].getsockname()[1]}"
        options = ACCOUNTS[kind] | {"address": address, "tls": "yes"}
        async with offhook.connect(
            kind, extension="1001", options={**options, "tls.ca": str(made_up.ca)}
        ) as opened:
            assert opened.lines["1001"].table.up
        refused, _device = made_of(kind, options)
        await refused.open()
        lost = await first_of(refused, LineLost)
        assert isinstance(lost, LineLost)
        assert lost.why == "tls_failed"
        await refused.close()
        secured.close()


def made_of(kind: str, options: Mapping[str, str]) -> Any:
    found = interface(kind)
    return found.for_desk("1001", given(found.about, options))


class SwitchContract(InterfaceContract):
    kind = ""
    double: type[PretendAsterisk | PretendFreeswitch]
    secrets = ("z-Fledermaus:7&",)

    @pytest.fixture(autouse=True)
    async def _switch(self) -> Any:
        """A switch on which the desk's phone picks up its own dial at once, and lets a caller ring."""
        desks = {self.device: PhoneHabit(), "1002": PhoneHabit()}
        self.exchange = Exchange(desks, asyncio.get_running_loop().call_later)
        self.made = self.double(self.exchange, password=self.secrets[0])
        await self.made.start()
        yield
        await self.made.stop()

    async def make(self) -> Any:
        kind = interface(self.kind)
        options = ACCOUNTS[self.kind] | {"address": self.made.address, "password": self.secrets[0]}
        return kind.for_desk(self.device, given(kind.about, options))[0]

    async def cut(self) -> None:
        self.made.cut()

    async def say(self, data: bytes) -> None:
        self.made.spread(data)

    async def ring(self) -> None:
        self.exchange.desks[self.device] = PhoneHabit(after_s=None)
        self.exchange.incoming("0388303030", "Zoé", self.device)

    async def hang_up(self) -> None:
        for channel in [each for each in self.exchange.channels.values() if not each.desk]:
            self.exchange.hang_up(channel, asked=True)


class TestAsterisk(SwitchContract):
    kind = "asterisk"
    double = PretendAsterisk


class TestFreeswitch(SwitchContract):
    kind = "freeswitch"
    double = PretendFreeswitch
