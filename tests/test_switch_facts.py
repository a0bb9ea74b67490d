"""What single messages of a switch say, where the recordings hold none: conferences, queues, places of FreeSWITCH."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offhook.calls import CallTable
from offhook.errors import SettingsError
from offhook.interfaces.asterisk.events import AmiMeaning
from offhook.interfaces.asterisk.snapshot import read_channels
from offhook.interfaces.asterisk.wire import AmiMessage
from offhook.interfaces.freeswitch.events import EslMeaning
from offhook.interfaces.freeswitch.snapshot import read_channels as read_esl_channels
from offhook.interfaces.freeswitch.wire import EslFramer, EslMessage
from offhook.interfaces.simulator.events import ACCEPTS
from offhook.model import Call, Contact, Ended, LineBack, PartyKind, Reason, Record, State, Updated
from offhook.numbers import party
from offhook.switch.legs import Legs
from offhook.switch.plan import Plan, plan_from
from offhook.switch.story import story
from offhook.switch.talk import Leg, LegKind
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


@pytest.mark.parametrize(
    ("created", "read"),
    [("1795780800000000", True), ("17957808000000000", True), ("1" * 18, False), ("1" * 400, False), ("", False), ("soon", False)],
)  # fmt: skip
def test_when_a_leg_began_is_read_where_it_can_be(created: str, read: bool) -> None:
    legs = Legs(PLAN)
    EslMeaning(legs).read(
        esl(Event_Name="CHANNEL_CREATE", Unique_ID="c", Caller_Channel_Created_Time=created), NOON
    )
    began = datetime.fromtimestamp(int(created) // 1_000_000, UTC) if read else None
    assert legs.legs["c"].began == began


@pytest.mark.parametrize(("dialled", "direction"), [("12345", "internal"), ("123456", "outbound")])
def test_a_number_that_reached_nobody_is_the_switch_s_own_up_to_five_digits(
    dialled: str, direction: str
) -> None:
    legs = Legs(PLAN)
    phone = legs.leg("1.1", NOON, "PJSIP/1001")
    legs.came(phone, "1001", "", dialled)
    assert story(phone.talk)["direction"] == direction


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


# --- talks that turn out to be one ------------------------------------------------------------------------------------


def test_who_a_caller_is_stays_known_when_the_line_comes_back() -> None:
    """A switch's snapshot knows no contacts: what the directory said before stays."""
    table = CallTable("1001", lambda: ACCEPTS)
    call = Call(id="A", line="1001", state=State.ALERTING, conversation="V")
    table.apply(LineBack(at=NOON, line="1001", calls=(call,)))
    contact = Contact(record=CARD, name="Alsace Ferronnerie")
    table.apply(Updated(at=NOON, line="1001", call="A", contacts=(contact,)))
    table.apply(
        LineBack(at=NOON, line="1001", calls=(replace(call, state=State.CONNECTED, conversation=""),))
    )
    (now,) = table.calls
    assert (now.state, now.contacts, now.conversation) == (State.CONNECTED, (contact,), "V")


DIAL_ENDS = [
    ("ANSWER", "answered"), ("BUSY", "busy"), ("NOANSWER", "noanswer"), ("CANCEL", "cancelled"), ("CHANUNAVAIL", "unavailable"), ("CONGESTION", "failed"),
    ("ABORT", "cancelled"), ("DONTCALL", "rejected"), ("TORTURE", "rejected"), ("SOMETHING", "failed"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "outcome"), DIAL_ENDS)
def test_how_a_dial_of_asterisk_ended(status: str, outcome: str) -> None:
    legs = Legs(PLAN)
    meaning = AmiMeaning(legs)
    words = {
        "Uniqueid": "1.1",
        "Channel": "PJSIP/trunk-1",
        "DestUniqueid": "1.2",
        "DestChannel": "PJSIP/1001-1",
    }
    for event, more in (("DialBegin", {}), ("DialEnd", {"DialStatus": status})):
        meaning.read(ami(event, **words, **more), NOON)
    assert legs.legs["1.2"].outcome == outcome


@pytest.mark.parametrize(
    ("cause", "by_api"), [("MANAGER_REQUEST", True), ("NORMAL_CLEARING", False), ("", False)]
)
def test_a_call_that_an_application_ended_on_freeswitch(cause: str, by_api: bool) -> None:
    legs, meaning = a_caller()
    meaning.read(esl(Event_Name="CHANNEL_HANGUP", Unique_ID="c", Hangup_Cause=cause), NOON)
    assert legs.legs["c"].talk.by_api is by_api


def test_a_bridge_of_freeswitch_is_between_the_two_it_names() -> None:
    """Whoever the event is of: a third party's own id may stand in front."""
    legs, meaning = a_caller()
    for leg in ("p", "q"):
        meaning.read(
            esl(
                Event_Name="CHANNEL_CREATE",
                Unique_ID=leg,
                Call_Direction="outbound",
                Channel_Name=f"sofia/internal/100{leg}@pbx",
            ),
            NOON,
        )
    said = {"Bridge_A_Unique_ID": "c", "Bridge_B_Unique_ID": "p"}
    meaning.read(esl(Event_Name="CHANNEL_BRIDGE", Unique_ID="q", **said), NOON)
    assert [legs.legs[each].bridge for each in "cpq"] == ["c|p", "c|p", ""]


def two_talks() -> tuple[Legs, Leg, Leg]:
    legs = Legs(PLAN)
    return (
        legs,
        legs.leg("1.1", NOON, "PJSIP/trunk"),
        legs.leg("1.2", NOON + timedelta(seconds=1), "PJSIP/1001"),
    )


CARD = Record(source="crm", id="7", title="A")
KEPT: list[tuple[str, Any, Any]] = [
    ("record", CARD, None), ("meant", "0388202020", ""), ("queue", "sales", ""),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "told", "nothing"), KEPT)
@pytest.mark.parametrize("of_the_older", [True, False])
def test_what_is_known_of_either_talk_is_known_of_the_one(
    fact: str, told: Any, nothing: Any, of_the_older: bool
) -> None:
    legs, older, newer = two_talks()
    setattr((older if of_the_older else newer).talk, fact, told)
    setattr((newer if of_the_older else older).talk, fact, nothing)
    first, second = older.talk, newer.talk
    legs.join(newer, older)
    assert older.talk is newer.talk is first
    assert getattr(first, fact) == told
    assert (second.into, first.into) == (first, None)
    assert first.legs == [older, newer]
    assert list(legs.touched) == [first]
    legs.join(newer, older)
    assert first.legs == [older, newer], "told twice changes nothing"
    assert legs.leg("1.9", NOON, "PJSIP/1002", group="1.2").talk is first, (
        "what comes of the newer one later belongs here"
    )


def test_a_call_taken_out_of_its_place_is_ended_by_whoever_ends_it_then() -> None:
    """Who hung up before it was parked says nothing about its end any more."""
    legs, parked, phone = two_talks()
    parked.talk.slot, parked.talk.closing = "701", phone
    legs.retrieves(parked, phone)
    assert not parked.talk.closing
    assert (parked.talk.slot, parked.talk.retrieved_by) == ("", "1001")


def test_of_two_records_the_older_talk_s_stays() -> None:
    legs, older, newer = two_talks()
    older.talk.record, newer.talk.record = CARD, Record(source="crm", id="8")
    legs.join(older, newer)
    assert older.talk.record == CARD


def test_the_legs_that_were_last_over_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told of one late, after its end, begins nothing anew."""
    monkeypatch.setattr("offhook.switch.legs.REMEMBERED", 2)
    legs = Legs(PLAN)
    for native in ("1.1", "2.1", "3.1"):
        legs.goes(legs.leg(native, NOON, "PJSIP/1001"), NOON)
        legs.settled()
    assert [legs.is_over(native) for native in ("1.1", "2.1", "3.1")] == [False, True, True]


def test_what_an_application_wants_called_is_known_when_its_own_phone_calls() -> None:
    legs = Legs(PLAN)
    own = legs.leg("1.1", NOON, "PJSIP/1001")
    own.originated = True
    words = {
        "Uniqueid": "1.1",
        "Channel": "PJSIP/1001-1",
        "Exten": "0388202020",
        "DestUniqueid": "1.2",
        "DestChannel": "PJSIP/trunk-1",
    }
    AmiMeaning(legs).read(ami("DialBegin", **words), NOON)
    assert own.talk.meant == "0388202020"


def test_a_talk_begins_with_who_called() -> None:
    """The leg that came in, the own phone of a click, else whoever nobody called; never glue."""
    legs = Legs(PLAN)
    caller, phone = legs.leg("1.1", NOON, "PJSIP/trunk"), legs.leg("1.2", NOON, "PJSIP/1001", group="1.1")
    legs.came(caller, "0388202020", "", "1001")
    legs.calls(caller, phone)
    assert caller.talk.origin is caller
    own = legs.leg("2.1", NOON, "PJSIP/1001")
    own.originated = True
    called = legs.leg("2.2", NOON, "PJSIP/1002", group="2.1")
    legs.calls(own, called)
    assert own.talk.origin is own
    late = legs.leg("3.1", NOON, "PJSIP/1002")
    assert late.talk.origin is late, "of a talk heard of late"
    first, second = (legs.leg(f"4.{half}", NOON, "Local/1001", group="4.1", glue=True) for half in (1, 2))
    legs.pair(first, second)
    first.originated = True
    stranger, phone = (
        legs.leg("4.3", NOON, "PJSIP/trunk", group="4.1"),
        legs.leg("4.4", NOON, "PJSIP/1001", group="4.1"),
    )
    legs.came(stranger, "0388202020", "", "1001")
    legs.calls(second, phone)
    assert phone.talk.origin is phone, "an application asked for it through glue"


# --- single messages of Asterisk --------------------------------------------------------------------------------------


def ami(event: str, **headers: str) -> AmiMessage:
    return AmiMessage(
        f"Event: {event}\r\n".encode()
        + "\r\n".join(f"{key}: {value}" for key, value in headers.items()).encode()
    )


def test_the_halves_of_local_are_one_piece_of_glue() -> None:
    legs = Legs(PLAN)
    meaning = AmiMeaning(legs)
    meaning.read(
        ami(
            "LocalBridge",
            LocalOneUniqueid="1.1",
            LocalOneChannel="Local/1001@x-1;1",
            LocalTwoUniqueid="1.2",
            LocalTwoChannel="Local/1001@x-1;2",
        ),
        NOON,
    )
    one, two = legs.legs["1.1"], legs.legs["1.2"]
    assert (one.other_half, two.other_half, one.talk is two.talk) == (two, one, True)
    assert (one.real, two.real) == (False, False)


def test_a_conference_joins_no_talks() -> None:
    legs = Legs(PLAN)
    meaning = AmiMeaning(legs)
    for native, device in (("1.1", "PJSIP/trunk"), ("1.2", "PJSIP/1001")):
        legs.leg(native, NOON, device)
        meaning.read(
            ami(
                "ConfbridgeJoin",
                Uniqueid=native,
                Channel=f"{device}-1",
                Conference="3000",
                BridgeUniqueid="b",
            ),
            NOON,
        )
        meaning.read(
            ami(
                "BridgeEnter",
                Uniqueid=native,
                Channel=f"{device}-1",
                BridgeUniqueid="b",
                BridgeName="3000",
                BridgeCreator="ConfBridge",
            ),
            NOON,
        )
    assert [legs.legs[native].conference for native in ("1.1", "1.2")] == ["3000", "3000"]
    assert legs.legs["1.1"].talk is not legs.legs["1.2"].talk


# --- what an administrator says of it ---------------------------------------------------------------------------------

WRONG_PLANS: list[tuple[Any, str]] = [
    ([], "asterisk"), ({"extension": ["1"]}, "asterisk.extension"), ({"devices": ["PJSIP/1"]}, "asterisk.devices"),
    ({"devices": {"1001": 5}}, "asterisk.devices.1001"), ({"trunks": [5]}, "asterisk.trunks"), ({"trunk_contexts": {}}, "asterisk.trunk_contexts"),
    ({"extensions": ["(1"]}, "asterisk.extensions"), ({"extensions": 7}, "asterisk.extensions"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "place"), WRONG_PLANS)
def test_a_plan_that_cannot_be_read_says_where(section: Any, place: str) -> None:
    with pytest.raises(SettingsError) as caught:
        plan_from(section, "asterisk")
    assert (caught.value.params["name"], caught.value.params["where"]) == (place, place)


def test_what_else_stands_in_the_section_is_let_be() -> None:
    found = plan_from({"address": "pbx", "extensions": "10..", "trunks": "PJSIP/t"}, "asterisk", ["address"])
    assert (found.told, found.trunks, found.is_desk("1001"), found.is_desk("2001")) == (
        True,
        ("PJSIP/t",),
        True,
        False,
    )
    assert [each.code for each in plan_from({}, "asterisk").faults("asterisk", ["1001"])] == [
        "plan_empty",
        "plan_empty",
        "plan_no_outside",
    ]
    told = plan_from(
        {"extensions": ["10.."], "devices": {"*": ["PJSIP/*"]}, "trunks": ["PJSIP/t"]}, "asterisk"
    )
    assert [(each.code, each.params["desk"]) for each in told.faults("asterisk", ["1001", "2001"])] == [
        ("plan_desk", "2001")
    ]
    assert (
        told.devices_of("1001"),
        told.devices_of("2001"),
        told.desk_of("pjsip/1002"),
        told.desk_of("PJSIP/2002"),
    ) == (("PJSIP/1001",), (), "1002", "")


# --- what a switch says of itself -------------------------------------------------------------------------------------

STATUS: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"ChannelState": "5"}, {"rang": True, "up": False}), ({"ChannelState": "6"}, {"rang": False, "up": True}), ({"ChannelState": "4"}, {"rang": False, "up": False}),
    ({"ChannelState": "6", "Application": "ConfBridge", "Data": "3000,,menu", "BridgeID": "b"}, {"conference": "3000", "bridge": "b"}),
    ({"ChannelState": "6", "Application": "Dial", "Data": "PJSIP/1002,30", "BridgeID": "b"}, {"conference": "", "bridge": "b"}),
    ({"ChannelState": "6", "Application": "", "Data": "3000"}, {"conference": "", "bridge": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("row", "facts"), STATUS)
def test_a_row_of_asterisk_s_status(row: dict[str, str], facts: dict[str, Any]) -> None:
    legs = Legs(PLAN)
    there = read_channels(
        [ami("Status", Uniqueid="1.1", Channel="PJSIP/1001-1", Linkedid="1.1", **row)], AmiMeaning(legs), NOON
    )
    leg = legs.legs["1.1"]
    assert there == {"1.1"}
    assert {name: getattr(leg, name) for name in facts} == facts
    if row.get("Application") == "ConfBridge":
        other = legs.leg("1.2", NOON, "PJSIP/trunk")
        legs.enters("b", other)
        assert other.talk is not leg.talk, "a conference joins no talks"


def test_who_is_called_in_a_status_did_not_come_in_though_nobody_there_called() -> None:
    legs = Legs(PLAN)
    row = ami(
        "Status",
        Uniqueid="1.1",
        Channel="PJSIP/1001-1",
        ChannelState="5",
        Application="AppDial",
        Exten="0388202020",
        DNID="0388202020",
    )
    read_channels([row], AmiMeaning(legs), NOON)
    leg = legs.legs["1.1"]
    assert (leg.incoming, leg.caller, leg.dialled) == (False, None, ""), "it dialled nothing"
    assert leg.channel == "PJSIP/1001-1"
    read_channels([row], AmiMeaning(legs), NOON)
    assert leg.channel == "PJSIP/1001-1"


def test_a_leg_that_is_in_no_bridge_any_more_has_left_it() -> None:
    legs = Legs(PLAN)
    leg = legs.leg("1.1", NOON, "PJSIP/1001")
    legs.enters("b", leg)
    read_channels(
        [ami("Status", Uniqueid="1.1", Channel="PJSIP/1001-1", ChannelState="6")], AmiMeaning(legs), NOON
    )
    assert leg.bridge == ""


def test_a_row_of_freeswitch_s_list_says_who_called_whom() -> None:
    legs = Legs(PLAN)
    rows = [
        {"uuid": "c", "call_uuid": "c", "direction": "inbound", "name": "sofia/external/0388202020@trunk", "initial_context": "from-trunk", "initial_cid_num": "0388202020",
         "initial_cid_name": "Alsace", "initial_dest": "1001", "dest": "9999", "callstate": "RINGING", "created_epoch": "1795355893"},
        {"uuid": "p", "call_uuid": "c", "direction": "outbound", "name": "sofia/internal/1001@pbx.lan", "dest": "1001", "callstate": "RINGING"},
    ]  # fmt: skip
    assert read_esl_channels(json.dumps({"rows": rows}), EslMeaning(legs), NOON) == {"c", "p"}
    caller, phone = legs.legs["c"], legs.legs["p"]
    assert (caller.number, caller.name, caller.dialled, caller.incoming, caller.kind) == (
        "0388202020",
        "Alsace",
        "1001",
        True,
        LegKind.TRUNK,
    )
    assert caller.began == datetime.fromtimestamp(1795355893, UTC)
    assert (phone.caller, phone.rang, caller.rang) == (caller, True, False)


# --- rarely told --------------------------------------------------------------------------------------------------------

WRITTEN_RECORD = "erp:C%2012:Jean%20Dupont"
READ_RECORD = Record(source="erp", id="C 12", title="Jean Dupont")


@pytest.mark.parametrize(("variable", "value", "record"), [
    ("OFFHOOK_RECORD", WRITTEN_RECORD, READ_RECORD), ("__OFFHOOK_RECORD", WRITTEN_RECORD, READ_RECORD), ("_OFFHOOK_RECORD", WRITTEN_RECORD, READ_RECORD),
    ("OTHER", WRITTEN_RECORD, None), ("OFFHOOK_RECORD", "nonsense", None), ("OFFHOOK_RECORD", "", None),
])  # fmt: skip
def test_the_record_of_a_call_is_told_by_a_variable_of_asterisk(
    variable: str, value: str, record: Record | None
) -> None:
    legs = Legs(PLAN)
    leg = legs.leg("1.1", NOON, "PJSIP/1001")
    legs.touched.clear()
    AmiMeaning(legs).read(
        ami("VarSet", Uniqueid="1.1", Channel="PJSIP/1001-1", Variable=variable, Value=value), NOON
    )
    assert leg.talk.record == record
    assert (leg.talk in legs.touched) == (record is not None)


def test_a_record_in_the_status_of_asterisk_and_in_an_event_of_freeswitch() -> None:
    legs = Legs(PLAN)
    row = ami(
        "Status",
        Uniqueid="1.1",
        Channel="PJSIP/1001-1",
        ChannelState="6",
        Variable=f"OFFHOOK_RECORD={WRITTEN_RECORD}",
    )
    read_channels([row], AmiMeaning(legs), NOON)
    assert legs.legs["1.1"].talk.record == READ_RECORD
    there = Legs(PLAN)
    body = f"Event-Name: CHANNEL_CREATE\nUnique-ID: c\nvariable_OFFHOOK_RECORD: {WRITTEN_RECORD.replace('%', '%25')}\n\n"
    (said,) = EslFramer().receive(
        f"Content-Length: {len(body)}\nContent-Type: text/event-plain\n\n{body}".encode()
    )
    EslMeaning(there).read(said, NOON)
    assert there.legs["c"].talk.record == READ_RECORD


def test_a_channel_renamed_by_an_old_asterisk_is_another_device_s() -> None:
    legs = Legs(PLAN)
    leg = legs.leg("1.1", NOON, "PJSIP/1001")
    AmiMeaning(legs).read(
        ami("Rename", Uniqueid="1.1", Channel="PJSIP/1001-1", Newname="PJSIP/1002-00000007"), NOON
    )
    assert (leg.channel, leg.device) == ("PJSIP/1002-00000007", "PJSIP/1002")


DIALLED = "{origination_uuid=u,x=1}user/1001 0388202020 XML default"
JOBS = [
    ("originate", "-ERR USER_BUSY\n", DIALLED, "busy"), ("originate", "-ERR NO_ANSWER", DIALLED, "noanswer"), ("originate", "-ERR SOMETHING_NEW", DIALLED, "failed"),
    ("originate", "+OK u\n", DIALLED, None), ("sofia_contact", "-ERR USER_BUSY", DIALLED, None), ("originate", "-ERR USER_BUSY", "nonsense", None),
    ("originate", "-ERR USER_BUSY", "{x=1}user/9999 0388202020 XML default", None),
]  # fmt: skip


@pytest.mark.parametrize(("job", "text", "words", "outcome"), JOBS)
def test_an_originate_that_made_no_channel(job: str, text: str, words: str, outcome: str | None) -> None:
    legs = Legs(Plan(["10.."], {"1001": ["1001"]}, ["gateway/trunk"], ["from-trunk"]))
    body = f"Event-Name: BACKGROUND_JOB\nJob-UUID: j\nJob-Command: {job}\nJob-Command-Arg: {words.replace(' ', '%20')}\nContent-Length: {len(text)}\n\n{text}"
    (said,) = EslFramer().receive(
        f"Content-Length: {len(body)}\nContent-Type: text/event-plain\n\n{body}".encode()
    )
    EslMeaning(legs).read(said, NOON)
    failed = [(talk.failure, talk.meant, talk.asked_for) for talk in legs.settled()]
    assert failed == ([(outcome, "0388202020", "1001")] if outcome else [])


@pytest.mark.parametrize(("digit", "kept"), [("1", "1"), ("#", "#"), ("", ""), ("12", "1")])
def test_what_a_caller_types_is_kept(digit: str, kept: str) -> None:
    legs, meaning = a_caller()
    meaning.read(esl(Event_Name="DTMF", Unique_ID="c", DTMF_Digit=digit.replace("#", "%23")), NOON)
    assert legs.legs["c"].talk.digits == kept
    for _time in range(80):
        meaning.read(esl(Event_Name="DTMF", Unique_ID="c", DTMF_Digit="5"), NOON)
    assert legs.legs["c"].talk.digits == "5" * 64, "no more than anybody types"


def test_who_leaves_a_queue_does_not_wait_and_who_gives_up_in_it_does() -> None:
    legs = Legs(PLAN)
    meaning = AmiMeaning(legs)
    words = {"Uniqueid": "1.1", "Channel": "PJSIP/trunk-1", "Queue": "sales"}
    meaning.read(ami("QueueCallerJoin", **words), NOON)
    leg = legs.legs["1.1"]
    assert (leg.talk.queue, leg.talk.waiting) == ("sales", True)
    meaning.read(ami("QueueCallerLeave", **words), NOON)
    assert not leg.talk.waiting
    gone = legs.leg("2.1", NOON, "PJSIP/trunk")
    legs.hung_up(gone)
    meaning.read(ami("QueueCallerAbandon", **words | {"Uniqueid": "2.1"}), NOON)
    assert gone.waiting


def test_who_picks_up_a_ringing_call_talks() -> None:
    legs = Legs(PLAN)
    caller, target, picker = (
        legs.leg(f"{number}.1", NOON, device)
        for number, device in ((1, "PJSIP/trunk"), (2, "PJSIP/1002"), (3, "PJSIP/1001"))
    )
    legs.calls(caller, target)
    legs.picks_up(picker, target)
    assert (picker.up, picker.talked, picker.picked, target.outcome) == (True, True, True, "elsewhere")
    assert (picker.talk is target.talk, target.talk.picked_up_from) == (True, "1002")


def test_a_number_that_the_switch_says_is_withheld_is_not_kept() -> None:
    """Asterisk tells the number first and that it must not be shown afterwards; FreeSWITCH both at once."""
    legs = Legs(PLAN)
    meaning = AmiMeaning(legs)
    told = {
        "Uniqueid": "1.1",
        "Channel": "PJSIP/trunk-1",
        "ChannelState": "4",
        "Exten": "1001",
        "Context": "from-trunk",
    }
    meaning.read(ami("Newchannel", **told, CallerIDNum="0388202020", CallerIDName="Alsace"), NOON)
    hidden = {"CID-CallingPres": "33 (Presentation Prohibited, Passed Screen)"}
    meaning.read(ami("NewCallerid", **told, CallerIDNum="0388202020", CallerIDName="Alsace", **hidden), NOON)
    leg = legs.legs["1.1"]
    assert (leg.number, leg.name) == ("anonymous", "")
    legs = Legs(PLAN)
    EslMeaning(legs).read(
        esl(Event_Name="CHANNEL_CREATE", Unique_ID="c", Call_Direction="inbound", Caller_Context="from-trunk",
            Channel_Name="sofia/external/0388202020@trunk", Caller_Caller_ID_Number="0388202020", Caller_Caller_ID_Name="Alsace",
            Caller_Destination_Number="1001", Caller_Privacy_Hide_Number="true"), NOON,
    )  # fmt: skip
    assert (legs.legs["c"].number, legs.legs["c"].name) == ("anonymous", "")
    assert party(legs.legs["c"].number, "FR").kind is PartyKind.HIDDEN


@pytest.mark.parametrize(("row", "dialled"), [
    ({"initial_dest": "1001", "dest": "9999"}, "1001"), ({"initial_dest": "", "dest": "9999"}, "9999"), ({"dest": "9999"}, "9999"), ({}, ""),
])  # fmt: skip
def test_what_was_dialled_first_counts_in_a_list_of_freeswitch(row: dict[str, str], dialled: str) -> None:
    legs = Legs(PLAN)
    there = {
        "uuid": "c",
        "call_uuid": "c",
        "direction": "inbound",
        "name": "sofia/external/0388202020@trunk",
        "initial_context": "from-trunk",
        "callstate": "RINGING",
    }
    read_esl_channels(json.dumps({"rows": [there | row]}), EslMeaning(legs), NOON)
    assert legs.legs["c"].dialled == dialled
