"""The pretend exchange: its wire, its habits, its link that drops; and the contract of its interface."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.errors import OffhookError, ProtocolError, Refused, Unavailable
from offhook.interfaces.simulator.driver import OWN_DESKS, SimulatorInterface
from offhook.interfaces.simulator.events import ExchangeMeaning
from offhook.interfaces.simulator.pbx import Habit, Numbering, Pbx, PbxRefused
from offhook.interfaces.simulator.server import Server, ask, plan
from offhook.interfaces.simulator.wire import MAX_LINE, ExchangeFramer, encode
from offhook.line import Line, feed_one
from offhook.model import (
    Answer,
    CancelConsult,
    Command,
    CompleteTransfer,
    Consult,
    Dial,
    Event,
    HangUp,
    Hold,
    LineBack,
    LineLost,
    News,
    Park,
    PassRecord,
    Record,
    Resume,
    Ringing,
    SendDigits,
    Transfer,
)
from offhook.testing.contract import InterfaceContract
from scenes import Scene, scenes
from test_line import Clock
from world import World

MESSAGES: list[dict[str, Any]] = [
    {"event": "Delivered", "name": "Société Éclair ☎"},
    {"re": 1},
    {"x": "a\\nb"},
]


class TestContract(InterfaceContract):
    exchange: Server

    @pytest.fixture(autouse=True)
    async def _exchange(self) -> AsyncIterator[None]:
        self.exchange = Server.of_desks(["1001", "1002"])
        self.exchange.pbx.plan.habits["1001"] = Habit(pick_up_s=0.05)
        self.exchange.pbx.plan.outside[self.number] = Habit(ring_s=0.05, after_s=0.05)
        self.address = await self.exchange.start()
        yield
        await self.exchange.stop()

    async def make(self) -> SimulatorInterface:
        return SimulatorInterface("FR", self.address)

    async def cut(self) -> None:
        self.exchange._hang_up_on_everybody()

    async def say(self, data: bytes) -> None:
        for writer in self.exchange._clients:
            writer.write(data)

    async def ring(self) -> None:
        await ask(self.address, {"do": "Incoming", "to": self.device, "number": "0388303030"})

    async def hang_up(self) -> None:
        for talk in list(self.exchange.pbx.talks):
            await ask(self.address, {"do": "FarHangUp", "talk": talk})


@given(st.lists(st.integers(0, 200), max_size=8))
def test_any_cut_gives_the_same_messages(cuts: list[int]) -> None:
    data = b"".join(encode(message) for message in MESSAGES)
    framer, found = ExchangeFramer(), []
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for begin, end in itertools.pairwise(places):
        found += framer.receive(data[begin:end])
    assert found == MESSAGES


def test_byte_by_byte() -> None:
    data = b"".join(encode(message) for message in MESSAGES)
    framer = ExchangeFramer()
    assert [message for byte in data for message in framer.receive(bytes([byte]))] == MESSAGES


@pytest.mark.parametrize(
    "data", [b"[1]\n", b"{\n", b"\xff\n", b"3\n", b"x" * (MAX_LINE + 1), b"[" * 100_000 + b"\n"]
)
def test_what_is_no_message_is_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        ExchangeFramer().receive(data)


@given(
    st.dictionaries(
        st.sampled_from(["event", "at", "device", "call", "started", "cause", "party", "why"]),
        st.none() | st.text() | st.integers(),
    )
)
def test_any_event_has_a_meaning_or_is_refused(message: dict[str, Any]) -> None:
    for event in ("Delivered", "ConnectionCleared", message.get("event")):
        with contextlib.suppress(ProtocolError):
            ExchangeMeaning("FR").read(message | {"event": event})


@given(
    st.dictionaries(
        st.sampled_from(["do", "device", "call", "to", "data", "digits", "slot", "number", "talk_s"]),
        st.none()
        | st.text()
        | st.integers()
        | st.sampled_from(["MakeCall", "Incoming", "1001", "600", "*8"]),
    )
)
def test_any_request_is_answered_or_refused(request: dict[str, Any]) -> None:
    pbx = Pbx(plan(OWN_DESKS))
    try:
        pbx.do(request, 1.0)
    except PbxRefused as refused:
        assert str(refused)


@pytest.mark.parametrize(
    ("habit", "reason"),
    [
        (Habit(does="busy"), "busy"),
        (Habit(does="reject"), "rejected"),
        (Habit(does="unallocated"), "unallocated"),
        (Habit(), "no_answer"),
        (Habit(after_s=1.0, talk_s=2.0), "completed"),
    ],
)
def test_every_way_an_outside_call_can_end(habit: Habit, reason: str) -> None:
    world = World(outside={"0199000001": habit})
    world.do("MakeCall", device="1001", to="0199000001")
    world.wait(120)
    assert world.reasons() == {"1001": [reason]}
    assert world.states() == {}
    assert world.pbx.talks == {}


def test_a_caller_who_gives_up() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020", patience_s=3)
    world.wait(4)
    assert world.reasons() == {"1001": ["cancelled"]}


def test_the_outside_party_of_a_talk_hangs_up_and_nobody_else() -> None:
    world = World()
    talk = world.do("Incoming", to="1001", number="0388202020")["talk"]
    world.do("FarHangUp", talk=talk)
    assert world.reasons() == {"1001": ["cancelled"]}, "the desk did not reject it"
    inside = World()
    inside.do("MakeCall", device="1001", to="1002")
    own = inside.call("1001").refs[0]
    with pytest.raises(PbxRefused, match="noOutsideCall"):
        inside.do("FarHangUp", device="1001", call=own)
    with pytest.raises(PbxRefused, match="invalidCallID"):
        inside.do("FarHangUp", talk="nowhere")


NOTHING_DONE: list[tuple[str, dict[str, str], str]] = [
    ("Incoming", {"to": "9999", "number": "0388202020"}, "unallocatedNumber"),
    ("Incoming", {"to": "100100", "number": "0388202020"}, "unallocatedNumber"),
    ("Incoming", {"to": "729", "number": "0388202020"}, "unallocatedNumber"),
    ("Incoming", {"to": "1003", "number": "0388202020"}, "busy"),
    ("Incoming", {"to": "1004", "number": "0388202020"}, "destOutOfOrder"),
    ("LiftHandset", {"device": "1001"}, "noCallToAnswer"),
    ("LiftHandset", {"device": "9999"}, "invalidDevice"),
    ("DialOnPhone", {"device": "9999", "to": "1001"}, "invalidDevice"),
    ("FarHangUp", {"device": "9999", "call": ""}, "invalidDevice"),
    ("FarHangUp", {"device": "1001", "call": ""}, "noOutsideCall"),
    ("FarHangUp", {"device": "1001", "call": "x"}, "invalidCallID"),
]


@pytest.mark.parametrize(("service", "words", "why"), NOTHING_DONE)
def test_what_nobody_can_do_is_refused_and_leaves_no_call(
    service: str, words: dict[str, str], why: str
) -> None:
    world = World(habits={"1003": Habit(does="busy")}, unregistered=frozenset({"1004"}))
    with pytest.raises(PbxRefused, match=why):
        world.do(service, **words)
    world.wait(60)
    assert (world.pbx.talks, world.states()) == ({}, {})


def test_a_hidden_caller_and_a_late_name() -> None:
    world = World()
    world.do("Incoming", to="1001")
    assert world.call("1001").party.kind == "hidden"
    world.do("FarHangUp", device="1001", call=world.call("1001").refs[0])
    world.do("Incoming", to="1001", number="0388202020", late_name="Mme Heitz", late_s=1)
    assert world.call("1001").party.name == ""
    world.wait(2)
    assert world.call("1001").party.name == "Mme Heitz"
    assert world.states() == {"1001": ["alerting"]}


def test_a_busy_or_missing_phone() -> None:
    world = World(habits={"1002": Habit(does="busy")}, unregistered=frozenset({"1003"}))
    for to in ("1002", "1003", "1999"):
        world.do("DialOnPhone", device="1001", to=to)
    assert world.reasons() == {"1001": ["busy", "unavailable", "unallocated"]}


def test_a_parked_call_rings_back() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020")
    world.do("LiftHandset", device="1001")
    world.command("ParkCall", "1001")
    world.wait(46)
    assert world.states() == {"1001": ["alerting"]}
    world.do("LiftHandset", device="1001")
    assert world.states() == {"1001": ["connected"]}


def test_a_call_passed_back_is_a_new_call_at_the_desk() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020")
    world.do("LiftHandset", device="1001")
    world.command("SingleStepTransferCall", "1001", to="1002")
    world.do("LiftHandset", device="1002")
    world.command("SingleStepTransferCall", "1002", to="1001")
    assert world.states() == {"1001": ["alerting"]}
    world.do("LiftHandset", device="1001")
    world.command("FarHangUp", "1001")
    assert world.reasons() == {"1001": ["completed", "completed"], "1002": ["completed"]}


def test_a_transfer_while_the_colleague_still_rings() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020")
    world.do("LiftHandset", device="1001")
    world.command("ConsultationCall", "1001", to="1002")
    world.command("TransferCall", "1001")
    assert world.states() == {"1002": ["alerting"]}
    assert world.call("1002").party.number == "+33388202020"
    world.do("LiftHandset", device="1002")
    assert world.states() == {"1002": ["connected"]}


def test_a_transfer_to_nobody_keeps_the_caller() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020")
    world.do("LiftHandset", device="1001")
    with pytest.raises(PbxRefused, match="unallocatedNumber"):
        world.command("SingleStepTransferCall", "1001", to="1009")
    assert world.states() == {"1001": ["connected"]}


def test_going_back_to_the_caller() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020")
    world.do("LiftHandset", device="1001")
    world.command("ConsultationCall", "1001", to="1002")
    world.do("LiftHandset", device="1002")
    world.command("ReconnectCall", "1001")
    assert world.states() == {"1001": ["connected"]}
    assert world.reasons() == {"1001": ["completed"], "1002": ["completed"]}


def test_a_call_pushed_on_while_it_rings() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020")
    world.command("SingleStepTransferCall", "1001", to="1002")
    assert world.states() == {"1002": ["alerting"]}
    assert world.reasons() == {"1001": ["answered_elsewhere"]}


async def test_the_link_drops_and_comes_back_with_the_truth() -> None:
    server = Server(Pbx(plan(OWN_DESKS)))
    address = await server.start()
    interface = SimulatorInterface("FR", address)
    line = Line(interface, "1001", Clock())
    heard: list[Event] = []
    more = asyncio.Event()

    def tell(_line: Line, news: list[News]) -> None:
        heard.extend(each.event for each in news)
        more.set()

    async def until(kind: type[Event]) -> None:
        async with asyncio.timeout(10):
            while not any(isinstance(event, kind) for event in heard):
                more.clear()
                await more.wait()

    await interface.open()
    reading = asyncio.ensure_future(feed_one(line, tell))
    try:
        await until(LineBack)
        await ask(address, {"do": "Incoming", "to": "1001", "number": "0388202020"})
        await until(Ringing)
        first = line.table.calls[0].id
        heard.clear()
        await ask(address, {"do": "DropLink", "seconds": 0.3})
        await until(LineLost)
        assert line.table.calls[0].can == ()
        await until(LineBack)
        assert [call.id for call in line.table.calls] == [first], "the same call keeps its id"
        assert not any(isinstance(event, Ringing) for event in heard), "nothing is told twice"
    finally:
        await interface.close()
        await asyncio.gather(reading, return_exceptions=True)
        await server.stop()


@pytest.mark.parametrize(
    "words",
    [
        {"talk_s": float("nan")},
        {"talk_s": 10**400},
        {"patience_s": -1},
        {"name": "x" * 5000},
        {"number": 388202020},
        {"late_name": None},
    ],
)
def test_a_senseless_request_is_refused(words: dict[str, Any]) -> None:
    world = World()
    with pytest.raises(PbxRefused, match="invalidParameter"):
        world.do("Incoming", to="1001", **words)
    assert world.pbx.talks == {}


def test_a_hostile_name_can_be_kept_and_sent_on() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020", name="a\ud800b\x00\u202ec")
    name = world.call("1001").party.name
    assert name.encode("utf-8")
    assert name.isprintable()
    assert ExchangeFramer().receive(encode({"name": "\ud800"})) == [{"name": "\ud800"}]


def test_a_parked_call_whose_parker_left() -> None:
    world = World()
    world.do("Incoming", to="1001", number="0388202020")
    world.do("LiftHandset", device="1001")
    held = world.call("1001").refs[0]
    world.command("ConsultationCall", "1001", to="1002")
    world.do("LiftHandset", device="1002")
    slot = world.do("ParkCall", device="1001", call=held)["slot"]
    world.command("TransferCall", "1001")
    world.do("DialOnPhone", device="1003", to=slot)
    assert world.reasons()["1003"] == ["unallocated"]


async def test_its_errors_are_for_people() -> None:
    server = Server(Pbx(plan(OWN_DESKS)))
    address = await server.start()
    with pytest.raises(Unavailable, match="in use"):
        await Server(Pbx(plan(OWN_DESKS))).start(int(address.rpartition(":")[2]))
    with pytest.raises(Refused, match="no such extension"):
        await ask(address, {"do": "MakeCall", "device": "9", "to": "15"})
    await server.stop()
    with pytest.raises(OffhookError, match="does not answer"):
        await ask(address, {"do": "Snapshot"})


CARD = Record(source="crm", id="42", title="T")
REQUESTS: list[tuple[Command, dict[str, Any]]] = [
    (Dial(id="i", number="x"), {"do": "MakeCall", "to": "0388", "cause": "i", "data": None}),
    (Dial(id="i", number="x", record=CARD), {"do": "MakeCall", "to": "0388", "cause": "i", "data": {"source": "crm", "id": "42", "title": "T"}}),
    (Answer(id="i", call="c"), {"do": "AnswerCall", "call": "c"}),
    (HangUp(id="i", call="c"), {"do": "ClearConnection", "call": "c"}),
    (Hold(id="i", call="c"), {"do": "HoldCall", "call": "c"}),
    (Resume(id="i", call="c"), {"do": "RetrieveCall", "call": "c"}),
    (Transfer(id="i", call="c", to="x", record=CARD), {"do": "SingleStepTransferCall", "call": "c", "to": "0388", "data": {"source": "crm", "id": "42", "title": "T"}}),
    (Consult(id="i", call="c", to="x"), {"do": "ConsultationCall", "call": "c", "to": "0388"}),
    (CompleteTransfer(id="i", call="c", held="h"), {"do": "TransferCall", "call": "c", "held": "h", "data": None}),
    (CancelConsult(id="i", call="c"), {"do": "ReconnectCall", "call": "c"}),
    (SendDigits(id="i", call="c", digits="1#"), {"do": "GenerateDigits", "call": "c", "digits": "1#"}),
    (PassRecord(id="i", call="c", record=CARD), {"do": "AssociateData", "call": "c", "data": {"source": "crm", "id": "42", "title": "T"}}),
    (Park(id="i", call="c", slot="721"), {"do": "ParkCall", "call": "c", "slot": "721"}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "request_"), REQUESTS, ids=[type(row[0]).__name__ for row in REQUESTS])
def test_what_each_command_becomes_on_the_link(command: Command, request_: dict[str, Any]) -> None:
    """In CSTA's words, which the exchange knows as its services."""
    found = ExchangeMeaning("FR").request(command, "1001", "0388")
    assert found == {"device": "1001"} | request_
    assert found["do"] in Pbx(Numbering({}))._services


SCENES = list(scenes())


@pytest.mark.parametrize(("name", "steps"), SCENES, ids=[name for name, _steps in SCENES])
def test_a_scene_at_the_exchange(name: str, steps: list[tuple[str, list[str]]]) -> None:
    """Every line that the exchange says, to the letter."""
    scene = Scene()
    for step, said in steps:
        assert scene.play(step) == said, step
