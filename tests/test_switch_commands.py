"""What is sent to a switch for each command, to the byte; what is refused, and why; how every dial ends."""

import re
from typing import Any

import pytest

from offhook.dialling import NOTHING
from offhook.errors import CommandError, LoginRefused, OffhookError, Refused, SettingsError, Unsupported
from offhook.interface import Device
from offhook.model import (
    Answer,
    CancelConsult,
    Command,
    CompleteTransfer,
    Connected,
    Consult,
    Dial,
    Dialling,
    Diverted,
    Ended,
    HangUp,
    Held,
    Hold,
    PassRecord,
    Reason,
    Record,
    RecordPassed,
    Resume,
    SendDigits,
    Snapshot,
    State,
    Transfer,
    Transferred,
)
from offhook.testing.exchange import PhoneHabit
from switches import KINDS, Heard, desk, exchange_of, switch

RECORD = Record(source="erp", id="C 12,3", title="Dupont, Jean (achats)")
JOB = re.compile(rb"\nJob-UUID: [0-9a-f-]{36}\n\n$")


def sent(made: Any, kind: str, since: int) -> list[str]:
    """Return what was sent, ids and job numbers left out."""
    found = []
    for raw in made.heard[since:]:
        if kind == "asterisk":
            assert raw.endswith(b"\r\n\r\n")
            text = re.sub(r"ActionID: offhook-\d+", "ActionID: N", raw.decode())
            text = re.sub(r"offhook[0-9a-f]{8}-\d{10}", "NATIVE", text)
            text = re.sub(r"PJSIP/(\w+)-[0-9a-f]{8}", r"PJSIP/\1-X", text)
            found.append(text)
        else:
            assert JOB.search(raw)
            text = JOB.sub(b"", raw).decode()
            text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "UUID", text)
            found.append(re.sub(r"\b\d{10}\.\d+", "UUID", text))
    return found


def action(name: str, *headers: str) -> str:
    return "\r\n".join([f"Action: {name}", "ActionID: N", *headers]) + "\r\n\r\n"


async def talking(made: Any, heard: Heard) -> str:
    """Have a customer call the desk, which answers; returns the call's id."""
    exchange_of(made).incoming("0388202020", "Dupont", "1001")
    call = await heard.call(State.CONNECTED)
    return call.id


ON_A_CALL: list[tuple[Command, dict[str, list[str]]]] = [
    (HangUp(id="a"), {
        "asterisk": [action("Hangup", "Channel: PJSIP/1001-X", "Cause: 16")],
        "freeswitch": ["bgapi uuid_kill UUID NORMAL_CLEARING"],
    }),
    (Transfer(id="b", to="1002"), {
        "asterisk": [action("BlindTransfer", "Channel: PJSIP/1001-X", "Context: desks", "Exten: 1002")],
        "freeswitch": ["bgapi uuid_transfer UUID 1002 XML default"],
    }),
    (Transfer(id="c", to="1002", record=RECORD), {
        "asterisk": [
            action("Setvar", "Channel: PJSIP/trunk-X", "Variable: __OFFHOOK_RECORD", "Value: erp:C%2012%2C3:Dupont%2C%20Jean%20%28achats%29"),
            action("BlindTransfer", "Channel: PJSIP/1001-X", "Context: desks", "Exten: 1002"),
        ],
        "freeswitch": [
            "bgapi uuid_setvar UUID OFFHOOK_RECORD erp:C%2012%2C3:Dupont%2C%20Jean%20%28achats%29",
            "bgapi uuid_transfer UUID 1002 XML default",
        ],
    }),
    (SendDigits(id="d", digits="1#a"), {
        "asterisk": [action("PlayDTMF", "Channel: PJSIP/trunk-X", f"Digit: {digit}", "Duration: 120") for digit in "1#A"],
        "freeswitch": ["bgapi uuid_send_dtmf UUID 1#A"],
    }),
    (PassRecord(id="e", record=Record(source="crm", id="7")), {
        "asterisk": [
            action("Setvar", f"Channel: PJSIP/{name}-X", "Variable: __OFFHOOK_RECORD", "Value: crm:7")
            for name in ("1001", "trunk")
        ],
        "freeswitch": ["bgapi uuid_setvar UUID OFFHOOK_RECORD crm:7"] * 2,
    }),
    (Hold(id="f"), {
        "asterisk": [action("PJSIPNotify", "Channel: PJSIP/1001-X", "Variable: Event=hold")],
        "freeswitch": ["bgapi uuid_hold UUID"],
    }),
    (Snapshot(id="g"), {
        "asterisk": [action("Status", "Variables: OFFHOOK_RECORD", "AllVariables: false"), action("ParkedCalls")],
        "freeswitch": ["bgapi show channels as json", "bgapi show calls as json"],
    }),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("command", "bytes_sent"), ON_A_CALL, ids=lambda value: type(value).__name__)
async def test_a_command_on_a_call(kind: str, command: Command, bytes_sent: dict[str, list[str]]) -> None:
    options = {"phone_control": "yes"} if kind == "asterisk" else {}
    async with switch(kind) as made, desk(made, kind, **options) as heard:
        await talking(made, heard)
        since = len(made.heard)
        await heard.desk.send(command)
        assert sent(made, kind, since) == bytes_sent[kind]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dial_asks_whether_a_phone_is_there_and_alerts_it(kind: str) -> None:
    async with switch(kind) as made, desk(made, kind) as heard:
        since = len(made.heard)
        await heard.desk.dial("03 88 20 20 20", RECORD)
        await heard.event(Connected)
        first, second = sent(made, kind, since)
    if kind == "asterisk":
        assert first == action("Getvar", "Variable: DEVICE_STATE(PJSIP/1001)")
        assert second == action(
            "Originate", "Channel: PJSIP/1001", "ChannelId: NATIVE.1", "Context: desks", "Exten: 0388202020",
            "Priority: 1", "Timeout: 30000", "Async: true", "Variable: CONNECTEDLINE(num,i)=0388202020",
            "Variable: CONNECTEDLINE(name,i)=Dupont\\, Jean \\(achats\\)",
            "Variable: __OFFHOOK_RECORD=erp:C%2012%2C3:Dupont%2C%20Jean%20%28achats%29",
        )  # fmt: skip
    else:
        assert first == "bgapi sofia_contact 1001@pbx.example"
        assert second == (
            "bgapi originate {origination_uuid=UUID,OFFHOOK_DIAL=UUID,origination_caller_id_number=0388202020,originate_timeout=30,"
            "ignore_early_media=true,OFFHOOK_RECORD=erp:C%2012%2C3:Dupont%2C%20Jean%20%28achats%29,"
            "export_vars=OFFHOOK_RECORD}user/1001 0388202020 XML default"
        )
    dialling = heard.events[[type(event) for event in heard.events].index(Dialling)]
    assert isinstance(dialling, Dialling)
    assert (dialling.dialled, dialling.record, bool(dialling.cause)) == ("0388202020", RECORD, True)


async def test_auto_answer_and_a_plain_name_are_sent_where_the_phone_can() -> None:
    header = "Call-Info: <sip:offhook>;answer-after=0"
    async with switch("asterisk") as made, desk(made, "asterisk", auto_answer=header) as heard:
        await heard.desk.dial("0388202020")
        assert (
            "Variable: PJSIP_HEADER(add,Call-Info)=<sip:offhook>;answer-after=0\r\n"
            in made.heard[-1].decode()
        )
    async with switch("freeswitch") as made, desk(made, "freeswitch", auto_answer="yes") as heard:
        await heard.desk.dial("0388202020", Record(source="erp", id="1", title="Jean Dupont"))
        text = made.heard[-1].decode()
        assert ",sip_auto_answer=true}" in text
        assert ",origination_caller_id_name='Jean Dupont'," in text


@pytest.mark.parametrize("kind", KINDS)
async def test_all_devices_of_a_desk_ring_if_wished_and_one_call_it_is(kind: str) -> None:
    prefix = "PJSIP/" if kind == "asterisk" else ""
    two = f"1001={prefix}1001,{prefix}1004"
    async with (
        switch(kind, d1004=PhoneHabit(after_s=None)) as made,
        desk(made, kind, devices=two, ring="all") as heard,
    ):
        await heard.desk.dial("1002")
        await heard.event(Connected)
        assert heard.kinds().count("Dialling") == 1
        assert heard.kinds().count("Prompted") == 1


# --- refusals -----------------------------------------------------------------------------------------------

REFUSALS = [
    ("asterisk", "Originate", "Permission denied", "switch_permission", "originate"),
    ("asterisk", "Originate", "Extension does not exist.", "switch_no_extension", "context"),
    ("asterisk", "Originate", "Something else", "refused_by_switch", "Nothing happened"),
    ("freeswitch", "sofia_contact", "-ERR command not found", "", ""),
]


@pytest.mark.parametrize(("kind", "what", "said", "code", "hint"), REFUSALS[:3])
async def test_a_refused_dial_says_what_to_do(kind: str, what: str, said: str, code: str, hint: str) -> None:
    async with switch(kind) as made, desk(made, kind) as heard:
        made.refuse[what] = said  # type: ignore[attr-defined]
        with pytest.raises(Refused) as caught:
            await heard.desk.dial("0388202020")
        assert caught.value.code == code
        assert hint in caught.value.hint
        assert "Dialling" not in heard.kinds(), "nothing happened"


ON_CALL_REFUSALS = [
    ("asterisk", HangUp(id="1"), "Hangup", "No such channel", "switch_no_channel"),
    ("asterisk", HangUp(id="1"), "Hangup", "Permission denied", "switch_permission"),
    ("asterisk", Transfer(id="1", to="1002"), "BlindTransfer", "Permission denied", "switch_permission"),
    (
        "asterisk",
        Consult(id="1", to="1002"),
        "Atxfer",
        "Invalid/unknown command: Atxfer.",
        "switch_no_action",
    ),
    ("asterisk", SendDigits(id="1", digits="1"), "PlayDTMF", "Channel not found", "switch_no_channel"),
    ("freeswitch", HangUp(id="1"), "uuid_kill", "-ERR No such channel!", "switch_no_channel"),
    (
        "freeswitch",
        Transfer(id="1", to="1002"),
        "uuid_transfer",
        "-ERR Command not found!",
        "switch_no_action",
    ),
    ("freeswitch", Hold(id="1"), "uuid_hold", "-ERR Operation failed", "refused_by_switch"),
    (
        "freeswitch",
        SendDigits(id="1", digits="1"),
        "uuid_send_dtmf",
        "-USAGE: <uuid> <dtmf>",
        "refused_by_switch",
    ),
]


@pytest.mark.parametrize(("kind", "command", "what", "said", "code"), ON_CALL_REFUSALS)
async def test_a_refused_command_says_what_to_do_and_the_call_stays(
    kind: str, command: Command, what: str, said: str, code: str
) -> None:
    async with switch(kind) as made, desk(made, kind) as heard:
        await talking(made, heard)
        made.refuse[what] = said  # type: ignore[attr-defined]
        with pytest.raises(OffhookError) as caught:
            await heard.desk.send(command)
        assert caught.value.code == code
        assert caught.value.hint
        assert [call.state for call in heard.desk.calls] == [State.CONNECTED]


@pytest.mark.parametrize("kind", KINDS)
async def test_no_phone_registered_is_refused_beforehand(kind: str) -> None:
    async with switch(kind, d1001=PhoneHabit(registered=False)) as made, desk(made, kind) as heard:
        with pytest.raises(Refused) as caught:
            await heard.desk.dial("0388202020")
        assert caught.value.code == "device_unregistered"
        assert "1001" in caught.value.text()
        assert not [each for each in made.heard if b"riginate" in each]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_desk_and_a_missing_context_name_the_setting(kind: str) -> None:
    async with switch(kind) as made:
        async with desk(made, kind, extension="2001") as heard:
            with pytest.raises(Refused) as refused:
                await heard.desk.dial("0388202020")
            assert f"{kind}.devices" in refused.value.hint
        async with desk(made, kind, context="") as heard:
            with pytest.raises(SettingsError) as caught:
                await heard.desk.dial("0388202020")
            assert f"{kind}.context" in caught.value.text()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_password_is_said_at_once_and_never_repeated_aloud(kind: str) -> None:
    async with switch(kind) as made:
        with pytest.raises(LoginRefused) as caught:
            async with desk(made, kind, password="Geheim!42"):
                pass
        assert caught.value.code == "switch_login_refused"
        assert "Geheim" not in caught.value.text() + caught.value.hint + repr(caught.value)


async def test_what_only_the_phone_can_do_is_not_offered_without_leave() -> None:
    async with switch("asterisk") as made, desk(made, "asterisk") as heard:
        await talking(made, heard)
        assert "Hold" not in heard.desk.calls[0].can
        with pytest.raises(Unsupported):
            await heard.desk.send(Hold(id="h"))


# --- how dials end ---------------------------------------------------------------------------------------------

ENDS: list[tuple[dict[str, PhoneHabit], str, Reason]] = [
    ({"d1001": PhoneHabit("busy")}, "1002", Reason.OWN_BUSY),
    ({"d1001": PhoneHabit("reject")}, "1002", Reason.OWN_REJECTED),
    ({"d1001": PhoneHabit(after_s=None)}, "1002", Reason.OWN_NO_ANSWER),
    ({"d1002": PhoneHabit("busy")}, "1002", Reason.BUSY),
    ({"d1002": PhoneHabit("reject")}, "1002", Reason.REJECTED),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("habits", "number", "reason"), ENDS)
async def test_a_dial_ends_once_with_its_reason(
    kind: str, habits: dict[str, PhoneHabit], number: str, reason: Reason
) -> None:
    async with switch(kind, **habits) as made, desk(made, kind, ring_s="0.4") as heard:
        await heard.desk.send(Dial(id="d", number=number))
        ended = await heard.event(Ended)
        assert ended.reason is reason
        assert heard.kinds().count("Ended") == 1
        assert not heard.desk.calls


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dial_without_a_channel_ends_once(kind: str) -> None:
    """The phone goes away between the question whether it is there and the call."""
    async with switch(kind) as made, desk(made, kind) as heard:
        exchange_of(made).originate = lambda *_words: None  # type: ignore[method-assign]
        await heard.desk.send(Dial(id="d", number="1002"))
        ended = await heard.event(Ended)
        assert ended.reason is Reason.OWN_UNAVAILABLE
        assert heard.kinds().count("Ended") == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dial_of_which_nothing_is_heard_ends_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"offhook.interfaces.{kind}.driver.GIVE_UP_S", 0.2)
    async with switch(kind) as made, desk(made, kind, ring_s="0.1") as heard:
        if kind == "asterisk":
            made._originate = lambda asked, _number, say: say("Success", Message="queued")  # type: ignore[attr-defined]
        else:
            made._originate = lambda *_words: None  # type: ignore[attr-defined]
        await heard.desk.send(Dial(id="d", number="1002"))
        ended = await heard.event(Ended)
        assert ended.reason is Reason.OWN_UNAVAILABLE


@pytest.mark.parametrize("kind", KINDS)
async def test_giving_up_while_the_own_phone_rings(kind: str) -> None:
    async with switch(kind, d1001=PhoneHabit(after_s=None)) as made, desk(made, kind) as heard:
        await heard.desk.dial("1002")
        await heard.call(State.PROMPTED)
        await heard.desk.send(HangUp(id="h"))
        ended = await heard.event(Ended)
        assert (ended.reason, ended.cause) == (Reason.CANCELLED, "h")


async def test_what_a_command_caused_names_it_and_what_comes_later_does_not() -> None:
    async with (
        switch("freeswitch", d1001=PhoneHabit(after_s=None)) as made,
        desk(made, "freeswitch") as heard,
    ):
        customer = exchange_of(made).incoming("0388202020", "", "1001")
        ringing = await heard.call(State.ALERTING)
        await heard.desk.send(Answer(id="a", call=ringing.id))
        connected = await heard.event(Connected)
        exchange_of(made).hang_up(customer, asked=True)
        ended = await heard.event(Ended)
        assert (connected.cause, ended.cause, ended.reason) == ("a", "", Reason.COMPLETED)


# --- whole conversations ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_a_transfer_takes_the_record_along(kind: str) -> None:
    async with switch(kind) as made, desk(made, kind) as one:
        shared = one.desk.lines["1001"].interface
        call = await talking(made, one)
        await one.desk.send(PassRecord(id="p", call=call, record=RECORD))
        passed = await one.event(RecordPassed)
        assert passed.record == RECORD
        await one.desk.send(Transfer(id="t", call=call, to="1002"))
        moved = await one.event(Transferred)
        assert (moved.to, moved.kind) == ("1002", "blind")
        await one.event(Ended)
        there = await one.until(
            lambda: [each for each in shared.watch.desks.calls() if each.line == "1002"]  # type: ignore[attr-defined]
        )
        assert (there[0].record, there[0].party.number) == (RECORD, "+33388202020")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_ringing_call_is_sent_on_or_rejected(kind: str) -> None:
    async with switch(kind, d1001=PhoneHabit(after_s=None)) as made, desk(made, kind) as heard:
        exchange_of(made).incoming("0388202020", "", "1001")
        await heard.call(State.ALERTING)
        await heard.desk.send(Transfer(id="t", to="1002"))
        diverted = await heard.event(Diverted)
        assert diverted.to == "1002"
        assert (await heard.event(Ended)).reason is Reason.ANSWERED_ELSEWHERE
        heard.events.clear()
        exchange_of(made).incoming("0388202020", "", "1001")
        await heard.call(State.ALERTING)
        await heard.desk.send(HangUp(id="h"))
        ended = await heard.event(Ended)
        assert ended.reason is Reason.REJECTED


async def test_freeswitch_answers_holds_consults_and_connects() -> None:
    async with (
        switch("freeswitch", d1001=PhoneHabit(after_s=None)) as made,
        desk(made, "freeswitch") as heard,
    ):
        exchange_of(made).incoming("0388202020", "", "1001")
        ringing = await heard.call(State.ALERTING)
        await heard.desk.send(Answer(id="a", call=ringing.id))
        call = await heard.call(State.CONNECTED)
        await heard.desk.send(Hold(id="h", call=call.id))
        await heard.event(Held)
        await heard.desk.send(Resume(id="r", call=call.id))
        await heard.call(State.CONNECTED)
        exchange_of(made).desks["1001"] = PhoneHabit()
        await heard.desk.send(Consult(id="c", call=call.id, to="1002"))
        asked = await heard.until(
            lambda: next(
                (each for each in heard.desk.calls if each.consult_of and each.state is State.CONNECTED), None
            )
        )
        assert asked.consult_of == call.id
        await heard.desk.send(CompleteTransfer(id="t", call=asked.id))
        await heard.until(lambda: not heard.desk.calls)
        moved = await heard.event(Transferred)
        assert (moved.to, moved.kind) == ("1002", "attended")


async def test_freeswitch_goes_back_to_the_held_call() -> None:
    async with switch("freeswitch") as made, desk(made, "freeswitch") as heard:
        call = await talking(made, heard)
        await heard.desk.send(Consult(id="c", call=call, to="1002"))
        asked = await heard.until(
            lambda: next(
                (each for each in heard.desk.calls if each.consult_of and each.state is State.CONNECTED), None
            )
        )
        await heard.desk.send(CancelConsult(id="x", call=asked.id))
        await heard.until(lambda: [each.state for each in heard.desk.calls] == [State.CONNECTED])
        assert heard.desk.calls[0].id == call


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_is_gone_is_said_so(kind: str) -> None:
    async with switch(kind) as made, desk(made, kind) as heard:
        with pytest.raises(CommandError):
            await heard.desk.lines["1001"].interface.send(
                HangUp(id="h", call="nothing"), Device("1001"), NOTHING
            )
