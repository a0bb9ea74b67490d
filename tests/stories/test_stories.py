"""Eight calls recorded on real switches, told by the pretend exchange: tables, pops, reasons and the truth.

The truth is what people saw (``tests/data/truth.json``). Here it must come out of the desks' events alone,
before there is a driver for either switch.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from offhook.calls import CallTable, result_word
from offhook.interfaces.simulator.events import ACCEPTS
from offhook.model import (
    Call,
    CallEvent,
    Connected,
    Dialling,
    Direction,
    Ended,
    Held,
    LineBack,
    Merged,
    News,
    Parked,
    Party,
    PartyKind,
    Reason,
    Retrieved,
    Ringing,
    State,
    Transferred,
)
from offhook.popup.choose import PopRules, Pops, Trigger
from world import NEVER, NOON, World

TRUTH = json.loads((Path(__file__).parents[1] / "data" / "truth.json").read_bytes())["ami"]
CUSTOMER = "0388202020"
E164 = "+33388202020"
DIRECT_LINE = "02888300300"


def told(world: World) -> list[dict[str, Any]]:
    """Say what happened, in the recordings' words, from what the desks heard and nothing else."""
    events = sorted(
        (
            (event, desk)
            for desk, ear in world.ears.items()
            for event in ear.events
            if isinstance(event, CallEvent)
        ),
        key=lambda pair: pair[0].at,
    )
    folded = {event.other: event.call for event, _desk in events if isinstance(event, Merged)}
    consults = {
        event.call: event.consult_of
        for event, _desk in events
        if isinstance(event, Dialling) and event.consult_of
    }
    stories: dict[str, list[tuple[CallEvent, str]]] = {}
    for event, desk in events:
        stories.setdefault(folded.get(event.call, event.call), []).append((event, desk))
    own_events = [pair for pair in events if pair[0].call in consults]
    stories = {call: story for call, story in stories.items() if call not in consults}
    found = [
        _one(story, [pair for pair in own_events if consults[pair[0].call] == call])
        for call, story in stories.items()
    ]
    return [each for each in found if not each["to"].startswith("*")]


def _one(story: Any, consultation: Any) -> dict[str, Any]:
    opening = next(event for event, _desk in story if isinstance(event, Ringing | Dialling))
    opened_by = next(desk for event, desk in story if event is opening)
    rang = [desk for event, desk in story if isinstance(event, Ringing)]
    passed = [(event, desk) for event, desk in story if isinstance(event, Transferred)]
    before = story[: story.index(passed[0])] if passed else story
    first_rang = [desk for event, desk in before if isinstance(event, Ringing)]
    talked = [
        desk
        for event, desk in story
        if isinstance(event, Connected) and desk != (opened_by if isinstance(opening, Dialling) else "")
    ]
    merged = [desk for event, desk in story if isinstance(event, Merged)]
    ends = [(event.reason, desk) for event, desk in story if isinstance(event, Ended)]
    outside = opening.direction is Direction.INBOUND
    result = "answered" if talked else result_word(ends[0][0], opening.direction)
    own = ends[0][0].value.startswith("own_")
    truth: dict[str, Any] = {
        "direction": opening.direction.value,
        "from": opening.party.raw if outside else opened_by,
        "to": opening.dialled,
        "rang": sorted(set(first_rang)),
        "answered_by": talked[0] if talked else None,
        "result": result,
    }
    if isinstance(opening, Dialling):
        truth["own_leg"] = result.removeprefix("own_") if own else "answered"
    holds = sum(isinstance(event, Held) for event, _desk in story)
    if holds:
        truth["holds"] = holds
    if consultation:
        asking, by = next(pair for pair in consultation if isinstance(pair[0], Dialling))
        taken = any(isinstance(event, Connected) and desk == by for event, desk in consultation)
        truth["consult"] = {"by": by, "to": asking.dialled, "result": "answered" if taken else "ringing"}
    if passed:
        truth["transfers"] = [
            {"kind": event.kind, "by": by, "to": event.to, "result": "answered"} for event, by in passed
        ]
        truth["final_agent"] = ([*talked, *merged])[-1]
    if any(isinstance(event, Parked) for event, _desk in story):
        truth["parked"] = True
        truth["retrieved_by"] = truth["final_agent"] = next(
            event.by for event, _desk in story if isinstance(event, Retrieved)
        )
    if merged and not passed and not truth.get("parked"):
        truth["picked_up_from"] = rang[0]
        truth["answered_by"] = merged[0]
    return truth


def agrees(world: World, name: str) -> None:
    """Compare with the recording's truth, in every field that a desk's events carry so far."""
    not_told = {"ended_by", "queue"}
    assert told(world) == [
        {key: value for key, value in call.items() if key not in not_told} for call in TRUTH[name]
    ]


def test_own_phone_never_answers() -> None:
    world = World(habits={"1001": NEVER})
    world.do("MakeCall", device="1001", to="1002", cause="c1")
    assert world.states() == {"1001": ["prompted"]}
    assert world.call("1001").can == ("HangUp",)
    world.wait(60)
    assert world.states() == {}
    assert world.reasons() == {"1001": ["own_no_answer"]}
    assert all(world.pops(trigger) == {} for trigger in Trigger)
    agrees(world, "c2d_own_noanswer")


def test_blind_transfer() -> None:
    world = World()
    world.do("Incoming", to=DIRECT_LINE, number=CUSTOMER)
    assert world.states() == {"1001": ["alerting"]}
    world.wait(1)
    world.do("LiftHandset", device="1001")
    assert world.states() == {"1001": ["connected"]}
    world.wait(2)
    world.command("SingleStepTransferCall", "1001", to="1002", data={"source": "clients", "id": "411ALSA"})
    assert world.states() == {"1002": ["alerting"]}
    assert world.call("1002").party.number == E164, "the customer, not the colleague, calls"
    assert world.call("1002").record is not None
    world.do("LiftHandset", device="1002")
    assert world.states() == {"1002": ["connected"]}
    world.wait(1)
    world.command("FarHangUp", "1002")
    assert world.states() == {}
    assert world.reasons() == {"1001": ["completed"], "1002": ["completed"]}
    assert world.pops(Trigger.RING) == {"1001": [E164], "1002": ["clients:411ALSA"]}
    assert world.pops(Trigger.APPLICATION) == {"1002": ["clients:411ALSA"]}, "a passed record always acts"
    agrees(world, "blind_refer")


def test_consultation_transfer() -> None:
    world = World()
    world.do("Incoming", to=DIRECT_LINE, number=CUSTOMER)
    world.wait(1)
    world.do("LiftHandset", device="1001")
    world.wait(1)
    world.command("ConsultationCall", "1001", to="1002")
    assert world.states() == {"1001": ["held", "delivered"], "1002": ["alerting"]}
    assert world.call("1002").party.number == "1001"
    world.do("LiftHandset", device="1002")
    assert world.states() == {"1001": ["held", "connected"], "1002": ["connected"]}
    assert "CompleteTransfer" in world.ears["1001"].table.calls[1].can
    customer = world.ears["1001"].table.calls[0].id
    world.command("TransferCall", "1001")
    assert world.states() == {"1002": ["connected"]}
    assert world.call("1002").id == customer, "the older call's id stays"
    assert world.call("1002").party.number == E164
    world.command("FarHangUp", "1002")
    assert world.reasons() == {"1001": ["completed", "completed"], "1002": ["completed"]}
    assert world.pops(Trigger.RING) == {"1001": [E164], "1002": [E164]}
    assert world.pops(Trigger.CONNECT) == {"1001": [E164], "1002": [E164]}
    agrees(world, "attended_refer")


def test_ring_group() -> None:
    world = World()
    world.do("Incoming", to="02888300600", number=CUSTOMER)
    assert world.states() == {"1001": ["alerting"], "1002": ["alerting"], "1003": ["alerting"]}
    world.wait(1)
    world.do("LiftHandset", device="1002")
    assert world.states() == {"1002": ["connected"]}
    world.wait(1)
    world.command("FarHangUp", "1002")
    assert world.reasons() == {
        "1001": ["answered_elsewhere"],
        "1002": ["completed"],
        "1003": ["answered_elsewhere"],
    }
    assert world.pops(Trigger.RING) == {"1001": [E164], "1002": [E164], "1003": [E164]}
    assert world.pops(Trigger.CONNECT) == {"1002": [E164]}
    agrees(world, "group_parallel")


def test_two_calls_waiting() -> None:
    world = World()
    world.do("Incoming", to=DIRECT_LINE, number=CUSTOMER)
    world.wait(1)
    world.do("LiftHandset", device="1001")
    world.wait(1)
    world.do("Incoming", to=DIRECT_LINE, number="0912000111")
    assert world.states() == {"1001": ["connected", "alerting"]}
    world.do("LiftHandset", device="1001")
    assert world.states() == {"1001": ["held", "connected"]}
    world.command("FarHangUp", "1001")
    assert world.states() == {"1001": ["held"]}
    world.command("RetrieveCall", "1001")
    world.command("FarHangUp", "1001")
    assert world.reasons() == {"1001": ["completed", "completed"]}
    assert world.pops(Trigger.RING) == {"1001": [E164, "+33912000111"]}
    agrees(world, "two_calls_waiting")


def test_directed_pickup() -> None:
    world = World()
    world.do("Incoming", to=DIRECT_LINE, number=CUSTOMER)
    world.wait(1)
    world.do("DialOnPhone", device="1003", to="*91001")
    assert world.states() == {"1003": ["connected"]}
    assert world.call("1003").party.number == E164
    assert world.call("1003").direction is Direction.INBOUND
    world.command("ClearConnection", "1003")
    assert world.reasons() == {"1001": ["answered_elsewhere"], "1003": ["completed"]}
    assert world.pops(Trigger.CONNECT) == {"1003": [E164]}
    agrees(world, "pickup_directed")


def test_park_and_unpark() -> None:
    world = World()
    world.do("Incoming", to=DIRECT_LINE, number=CUSTOMER)
    world.wait(1)
    world.do("LiftHandset", device="1001")
    world.wait(1)
    slot = world.command("ParkCall", "1001")["slot"]
    assert world.states() == {"1001": ["parked"]}
    assert world.call("1001").slot == slot
    world.wait(2)
    world.do("DialOnPhone", device="1002", to=slot)
    assert world.states() == {"1002": ["connected"]}
    assert world.call("1002").party.number == E164
    world.wait(1)
    world.command("ClearConnection", "1002")
    assert world.reasons() == {"1001": ["completed"], "1002": ["completed"]}
    assert world.pops(Trigger.CONNECT) == {"1001": [E164], "1002": [E164]}
    agrees(world, "park_unpark")


def test_queue() -> None:
    world = World()
    world.do("Incoming", to="02888300700", number=CUSTOMER)
    assert world.states() == {"1001": ["alerting"], "1002": ["alerting"]}
    world.wait(1)
    world.do("LiftHandset", device="1001")
    world.wait(1)
    world.command("FarHangUp", "1001")
    assert world.reasons() == {"1001": ["completed"], "1002": ["answered_elsewhere"]}
    assert world.pops(Trigger.CONNECT) == {"1001": [E164]}
    agrees(world, "queue_answered")


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_word(reason: Reason) -> None:
    words = "answered busy noanswer rejected unavailable unallocated conference failed unknown abandoned cancelled"
    own = "own_noanswer own_rejected own_busy own_unavailable"
    for direction in Direction:
        assert result_word(reason, direction) in f"{words} {own}".split()


def test_a_recalled_call_is_told_after_a_lost_link() -> None:
    """Parked, the link lost, and it rings again meanwhile: the snapshot brings the ring."""
    world = World()
    world.do("Incoming", to=DIRECT_LINE, number=CUSTOMER)
    world.do("LiftHandset", device="1001")
    world.command("ParkCall", "1001")
    ear = world.ears["1001"]
    (parked,) = ear.table.calls
    news = ear.table.apply(LineBack(at=NOON, line="1001", calls=(replace(parked, state=State.ALERTING),)))
    assert [type(each.event) for each in news] == [LineBack, Ringing]
    ringing = news[1].call
    assert ringing is not None
    assert ringing.party.number == E164


def test_a_conversation_is_remembered_until_a_thousand_others_have_popped() -> None:
    """A desk that is never closed keeps no more of them; the oldest is the one let go of."""

    def pop(number: int) -> int:
        call = Call(
            id=f"C{number}", line="1001", state=State.ALERTING, rang=True, direction=Direction.INBOUND,
            conversation=f"V{number}", party=Party(number="+33388202020", kind=PartyKind.EXTERNAL),
        )  # fmt: skip
        return len(pops.after(News(Ringing(at=NOON, line="1001", call=call.id), call), NOON))

    pops = Pops(PopRules(Trigger.RING))
    assert [pop(each) for each in range(1000)] == [1] * 1000
    assert pop(0) == 0, "it is among the last thousand"
    assert pop(1000) == 1
    assert pop(0) == 0, "it was heard of since"
    assert pop(1) == 1, "forgotten, as the oldest"


def test_a_restart_pops_nothing_again() -> None:
    world = World()
    world.do("Incoming", to=DIRECT_LINE, number=CUSTOMER)
    world.do("LiftHandset", device="1001")
    table = CallTable("1001", lambda: ACCEPTS)
    table.restore(world.ears["1001"].table.calls)
    for trigger in Trigger:
        pops = Pops(PopRules(trigger))
        pops.restore(table.calls)
        (call,) = table.calls
        for news in table.apply(Held(at=NOON, line="1001", call=call.id)):
            assert pops.after(news, NOON) == []
