"""What single messages of a switch say, where the recordings hold none: conferences, queues, places of FreeSWITCH."""

from datetime import UTC, datetime, timedelta

import pytest

from offhook.calls import CallTable
from offhook.interfaces.asterisk.events import AmiMeaning
from offhook.interfaces.asterisk.wire import AmiMessage
from offhook.interfaces.freeswitch.events import EslMeaning
from offhook.interfaces.freeswitch.wire import EslFramer, EslMessage
from offhook.interfaces.simulator.events import ACCEPTS
from offhook.model import Call, Ended, LineBack, Reason, State
from offhook.switch.legs import Legs
from offhook.switch.plan import Plan
from world import NOON

PLAN = Plan(["10.."], {"1001": ["PJSIP/1001"]}, ["PJSIP/trunk"], ["from-trunk"])


def esl(**headers: str) -> EslMessage:
    """One event, as it comes over the socket."""
    body = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items()) + "\n"
    found = EslFramer().receive(
        f"Content-Length: {len(body)}\nContent-Type: text/event-plain\n\n{body}".encode()
    )
    return found[0]


def a_caller() -> tuple[Legs, EslMeaning]:
    """A customer who has come in from the trunk."""
    legs = Legs(PLAN)
    meaning = EslMeaning(legs)
    meaning.read(
        esl(Event_Name="CHANNEL_CREATE", Unique_ID="c", Call_Direction="inbound", Caller_Context="from-trunk",
            Channel_Name="sofia/external/0388202020@trunk", Caller_Caller_ID_Number="0388202020", Caller_Destination_Number="700"), NOON,
    )  # fmt: skip
    return legs, meaning


CUSTOM = [
    ({"Event_Subclass": "conference%3A%3Amaintenance", "Action": "add-member", "Unique_ID": "c", "Conference_Name": "3000"}, "conference", "3000"),
    ({"Event_Subclass": "conference%3A%3Amaintenance", "Action": "del-member", "Unique_ID": "c", "Conference_Name": "3000"}, "conference", ""),
    ({"Event_Subclass": "callcenter%3A%3Ainfo", "Action": "member-queue-start", "CC_Member_Session_UUID": "c", "CC_Queue": "sales%40default"}, "queue", "sales"),
    ({"Event_Subclass": "callcenter%3A%3Ainfo", "Action": "member-queue-end", "CC_Member_Session_UUID": "c", "CC_Queue": "sales%40default"}, "queue", ""),
    ({"Event_Subclass": "fifo%3A%3Ainfo", "Action": "push", "Unique_ID": "c", "FIFO_Name": "support%40pbx.lan"}, "queue", "support"),
    ({"Event_Subclass": "fifo%3A%3Ainfo", "Action": "pre-dial", "Unique_ID": "c", "FIFO_Name": "support"}, "queue", "support"),
    ({"Event_Subclass": "fifo%3A%3Ainfo", "Action": "bridge-caller", "Unique_ID": "c", "FIFO_Name": "support"}, "queue", ""),
    ({"Event_Subclass": "valet_parking%3A%3Ainfo", "Action": "hold", "Unique_ID": "c", "Valet_Extension": "6001"}, "slot", "6001"),
    ({"Event_Subclass": "valet_parking%3A%3Ainfo", "Action": "bridge", "Unique_ID": "c", "Valet_Extension": "6001"}, "slot", ""),
    ({"Event_Subclass": "somebody%3A%3Aelses", "Action": "hold", "Unique_ID": "c", "Valet_Extension": "6001"}, "slot", ""),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "fact", "value"), CUSTOM)
def test_a_feature_of_freeswitch(headers: dict[str, str], fact: str, value: str) -> None:
    legs, meaning = a_caller()
    meaning.read(esl(Event_Name="CUSTOM", **headers), NOON)
    leg = legs.legs["c"]
    assert (leg.conference if fact == "conference" else getattr(leg.talk, fact)) == value


def test_who_waits_in_a_queue_waits_until_somebody_talks() -> None:
    legs, meaning = a_caller()
    talk = legs.legs["c"].talk
    meaning.read(
        esl(
            Event_Name="CUSTOM", Event_Subclass="fifo%3A%3Ainfo", Action="push", Unique_ID="c", FIFO_Name="a"
        ),
        NOON,
    )
    assert (talk.queue, talk.waiting) == ("a", True)
    legs.queues(legs.legs["c"], "b")
    assert talk.queue == "a", "the first queue is the call's"
    phone = legs.leg("p", NOON, "PJSIP/1001")
    for leg in (legs.legs["c"], phone):
        legs.answers(leg)
        legs.enters("bridge", leg)
    assert not talk.waiting
    legs.queues(legs.legs["c"], "b")
    assert not talk.waiting, "who has talked does not wait again by being told late"


def test_an_application_s_dial_is_its_own_though_the_channel_was_there_first() -> None:
    """``OriginateResponse`` comes after the channel: it says whose dial it is, and takes nothing back."""
    legs = Legs(PLAN)
    meaning = AmiMeaning(legs)
    own = legs.leg("1.1", NOON, "PJSIP/1001")
    said = b"Event: OriginateResponse\r\nUniqueid: 1.1\r\nChannel: PJSIP/1001-1\r\nExten: 0388202020\r\nResponse: Success\r\nReason: 4"
    meaning.read(AmiMessage(said), NOON)
    assert (own.originated, own.talk.meant) == (True, "0388202020")
    called = legs.leg("1.2", NOON, "PJSIP/1001")
    legs.calls(own, called)
    meaning.read(AmiMessage(said.replace(b"1.1", b"1.2")), NOON)
    assert not called.originated, "somebody called it"


@pytest.mark.parametrize(("heard", "over"), [(0, True), (1, True), (2, False)])
def test_a_call_nobody_hears_of_any_more_ends_and_one_in_a_snapshot_was_heard_of(
    heard: int, over: bool
) -> None:
    """Each snapshot is news of every call in it: the time until it is given up runs from the last."""
    longest, table = timedelta(hours=4), CallTable("1001", lambda: ACCEPTS)
    call = Call(id="A", line="1001", state=State.CONNECTED)
    for at in (NOON, NOON + timedelta(hours=3) * heard / 2):
        table.apply(LineBack(at=at, line="1001", calls=(call,)))
    news = table.expire(NOON + timedelta(hours=6, minutes=30), longest)
    assert [(type(each.event), getattr(each.event, "reason", None)) for each in news] == (
        [(Ended, Reason.UNKNOWN)] if over else []
    )
    assert (table.calls == ()) == over


def test_nothing_is_given_up_that_was_just_heard_of() -> None:
    table = CallTable("1001", lambda: ACCEPTS)
    table.apply(
        LineBack(
            at=datetime(2026, 1, 1, tzinfo=UTC),
            line="1001",
            calls=(Call(id="A", line="1001", state=State.HELD),),
        )
    )
    assert table.expire(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=1)) == []
