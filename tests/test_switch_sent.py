"""What each command becomes on a switch, to the letter: the headers and words of its vendor's documentation."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from offhook.errors import Refused, Unsupported
from offhook.interfaces.asterisk import commands as asterisk
from offhook.interfaces.freeswitch import commands as freeswitch
from offhook.model import COMMANDS, Answer, Park, Record, State
from offhook.switch.desks import DeskCall, Role
from offhook.switch.legs import Legs
from offhook.switch.plan import Plan
from offhook.switch.talk import Leg

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RECORD = Record(source="crm", id="42", title="Alsace Ferronnerie")
AMI = asterisk.AsteriskDialplan("desks", phone_control=True)
ESL = freeswitch.FreeswitchDialplan("default")


class Pair:
    """A desk's call with somebody: the desk's leg, the far one, and one that is gone already."""

    def __init__(self, role: Role = Role.CALLED, state: State = State.CONNECTED) -> None:
        legs = Legs(Plan(["10.."], {"1001": ["PJSIP/1001"]}))
        self.own, self.far = legs.leg("u-own", NOW, "PJSIP/1001"), legs.leg("u-far", NOW, "PJSIP/trunk")
        self.gone, self.glue = (
            legs.leg("u-gone", NOW, "PJSIP/1001"),
            legs.leg("u-glue", NOW, "Local/x", glue=True),
        )
        self.other = legs.leg("u-other", NOW, "PJSIP/1002")
        for leg in (self.own, self.far, self.gone, self.glue, self.other):
            leg.channel = leg.id.replace("u-", "chan/")
        legs.goes(self.gone, NOW)
        self.call = DeskCall("c", "1001", role, self.own.talk, [self.gone, self.own], state=state)
        self.consult = DeskCall("d", "1001", Role.CONSULTING, self.own.talk, [self.glue])


def of_ami(actions: list[asterisk.Action]) -> list[str]:
    return [f"{each.name} " + " ".join(f"{key}={value}" for key, value in each.headers) for each in actions]


AMI_ROWS: list[tuple[str, Callable[[Pair], Any], list[str]]] = [
    ("hang up", lambda p: asterisk.hang_up(p.call), ["Hangup Channel=chan/own Cause=16"]),
    ("reject", lambda _: asterisk.hang_up(Pair(state=State.ALERTING).call), ["Hangup Channel=chan/own Cause=21"]),
    ("hang up a consultation", lambda p: asterisk.hang_up(p.consult), ["Hangup Channel=chan/glue Cause=16"]),
    ("transfer", lambda p: asterisk.transfer(p.call, [p.far], "1002", AMI, None), ["BlindTransfer Channel=chan/own Context=desks Exten=1002"]),
    ("transfer with a record", lambda p: asterisk.transfer(p.call, [p.far], "1002", AMI, RECORD),
     ["Setvar Channel=chan/far Variable=__OFFHOOK_RECORD Value=crm:42:Alsace%20Ferronnerie", "BlindTransfer Channel=chan/own Context=desks Exten=1002"]),
    ("transfer while it rings", lambda p: asterisk.transfer(Pair(state=State.ALERTING).call, [p.far], "1002", AMI, None),
     ["Redirect Channel=chan/far Context=desks Exten=1002 Priority=1"]),
    ("consult", lambda p: asterisk.consult(p.call, "1002", AMI), ["Atxfer Channel=chan/own Context=desks Exten=1002"]),
    ("complete", lambda p: asterisk.complete(p.consult, p.call, [], []), ["Hangup Channel=chan/own Cause=16"]),
    ("complete two calls", lambda p: asterisk.complete(p.call, p.call, [p.far], [p.other]), ["Bridge Channel1=chan/far Channel2=chan/other Tone=no"]),
    ("back to the held one", lambda p: asterisk.cancel_consult(p.consult), ["Hangup Channel=chan/glue Cause=16"]),
    ("back, from a call of its own", lambda p: asterisk.cancel_consult(p.call), ["Hangup Channel=chan/own Cause=16"]),
    ("park, called", lambda p: asterisk.park(p.call, [p.far], ""), ["Park Channel=chan/far TimeoutChannel=chan/own AnnounceChannel=chan/own"]),
    ("park, calling", lambda p: asterisk.park(Pair(role=Role.CALLER).call, [p.far], ""),
     ["Park Channel=chan/far TimeoutChannel=chan/own AnnounceChannel=chan/own", "Hangup Channel=chan/own Cause=16"]),
    ("digits", lambda p: asterisk.digits([p.far], "1a#"),
     ["PlayDTMF Channel=chan/far Digit=1 Duration=120", "PlayDTMF Channel=chan/far Digit=A Duration=120", "PlayDTMF Channel=chan/far Digit=# Duration=120"]),
    ("attach", lambda p: asterisk.attach([p.own, p.glue, p.far], RECORD),
     ["Setvar Channel=chan/own Variable=__OFFHOOK_RECORD Value=crm:42:Alsace%20Ferronnerie", "Setvar Channel=chan/far Variable=__OFFHOOK_RECORD Value=crm:42:Alsace%20Ferronnerie"]),
    ("on the phone", lambda p: asterisk.on_phone(p.call, "talk", AMI, Answer(id="a")), ["PJSIPNotify Channel=chan/own Variable=Event=talk"]),
    ("is it there", lambda _: [asterisk.device_state("PJSIP/1001")], ["Getvar Variable=DEVICE_STATE(PJSIP/1001)"]),
    ("snapshot", lambda _: [asterisk.CHANNELS, asterisk.PARKED], ["Status Variables=OFFHOOK_RECORD AllVariables=false", "ParkedCalls "]),
    ("dial", lambda _: [asterisk.originate("PJSIP/1001", "n", "0388", AMI, None)],
     ["Originate Channel=PJSIP/1001 ChannelId=n Context=desks Exten=0388 Priority=1 Timeout=30000 Async=true Variable=CONNECTEDLINE(num,i)=0388"]),
    ("dial through glue, with a name and a header", lambda _: [asterisk.originate("Local/1001@x", "n", "0388", AMI._replace(ring_s=5.5, auto_answer="Alert-Info: ring-answer"), None, "Zoé")],
     ["Originate Channel=Local/1001@x ChannelId=n OtherChannelId=n;2 Context=desks Exten=0388 Priority=1 Timeout=5500 Async=true Variable=CONNECTEDLINE(num,i)=0388"
      " Variable=CONNECTEDLINE(name,i)=Zoé Variable=PJSIP_HEADER(add,Alert-Info)=ring-answer"]),
    ("dial on an old channel, with a record", lambda _: [asterisk.originate("SIP/1001", "n", "0388", AMI._replace(auto_answer="Call-Info : answer-after=0"), RECORD)],
     ["Originate Channel=SIP/1001 ChannelId=n Context=desks Exten=0388 Priority=1 Timeout=30000 Async=true Variable=CONNECTEDLINE(num,i)=0388"
      " Variable=CONNECTEDLINE(name,i)=Alsace Ferronnerie Variable=__SIPADDHEADER01=Call-Info: answer-after=0 Variable=__OFFHOOK_RECORD=crm:42:Alsace%20Ferronnerie"]),
]  # fmt: skip

ESL_ROWS: list[tuple[str, Callable[[Pair], Any], list[str]]] = [
    ("hang up", lambda p: freeswitch.hang_up(p.call), ["uuid_kill u-own NORMAL_CLEARING"]),
    ("reject", lambda _: freeswitch.hang_up(Pair(state=State.ALERTING).call), ["uuid_kill u-own CALL_REJECTED"]),
    ("answer", lambda p: freeswitch.answer(p.call), ["uuid_phone_event u-own talk"]),
    ("hold", lambda p: freeswitch.hold(p.call), ["uuid_hold u-own"]),
    ("resume", lambda p: freeswitch.resume(p.call), ["uuid_hold off u-own"]),
    ("transfer", lambda p: freeswitch.transfer([p.far], "1002", ESL, None), ["uuid_transfer u-far 1002 XML default"]),
    ("transfer with a record", lambda p: freeswitch.transfer([p.far], "1002", ESL, RECORD),
     ["uuid_setvar u-far OFFHOOK_RECORD crm:42:Alsace%20Ferronnerie", "uuid_transfer u-far 1002 XML default"]),
    ("complete", lambda p: freeswitch.complete([p.far], [p.other]), ["uuid_bridge u-far u-other"]),
    ("digits", lambda p: freeswitch.digits([p.far], "1a#"), ["uuid_send_dtmf u-far 1A#"]),
    ("attach", lambda p: freeswitch.attach([p.own, p.glue], RECORD), ["uuid_setvar u-own OFFHOOK_RECORD crm:42:Alsace%20Ferronnerie"]),
    ("is it there", lambda _: [freeswitch.contact("1001", ""), freeswitch.contact("1001", "pbx.lan"), freeswitch.DOMAIN],
     ["sofia_contact 1001", "sofia_contact 1001@pbx.lan", "global_getvar domain"]),
    ("dial", lambda _: [freeswitch.originate("1001", "u", "0388", ESL, None)],
     ["originate {origination_uuid=u,OFFHOOK_DIAL=u,origination_caller_id_number=0388,originate_timeout=30,ignore_early_media=true}user/1001 0388 XML default"]),
    ("dial in a domain, with a record", lambda _: [freeswitch.originate("1001", "u", "0388", ESL._replace(domain="pbx.lan", ring_s=0.2, auto_answer=True), RECORD)],
     ["originate {origination_uuid=u,OFFHOOK_DIAL=u,origination_caller_id_number=0388,originate_timeout=1,ignore_early_media=true,origination_caller_id_name='Alsace Ferronnerie',"
      "OFFHOOK_RECORD=crm:42:Alsace%20Ferronnerie,export_vars=OFFHOOK_RECORD,sip_auto_answer=true}user/1001@pbx.lan 0388 XML default"]),
    ("dial an endpoint", lambda _: [freeswitch.endpoint("sofia/internal/1001@10.0.0.9", ESL)], ["sofia/internal/1001@10.0.0.9"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "sent", "words"), AMI_ROWS, ids=[row[0] for row in AMI_ROWS])
def test_on_asterisk(what: str, sent: Callable[[Pair], Any], words: list[str]) -> None:
    assert of_ami(sent(Pair())) == words


@pytest.mark.parametrize(("what", "sent", "words"), ESL_ROWS, ids=[row[0] for row in ESL_ROWS])
def test_on_freeswitch(what: str, sent: Callable[[Pair], Any], words: list[str]) -> None:
    assert sent(Pair()) == words


NOBODY: list[Leg] = []


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        (lambda p: asterisk.digits(NOBODY, "1"), "switch_no_channel"),
        (lambda p: asterisk.park(p.call, NOBODY, ""), "switch_no_channel"),
        (lambda p: asterisk.park(p.call, [p.far], "721"), "park_slot"),
        (lambda p: asterisk.complete(p.call, None, NOBODY, [p.far]), "switch_no_channel"),
        (lambda p: asterisk.complete(p.consult, None, NOBODY, NOBODY), "switch_no_channel"),
        (lambda p: freeswitch.complete(NOBODY, [p.far]), "switch_no_channel"),
        (lambda p: freeswitch.transfer(NOBODY, "1002", ESL, None), "switch_no_channel"),
    ],
)
def test_where_nobody_is_there_nothing_is_sent(attempt: Callable[[Pair], Any], code: str) -> None:
    with pytest.raises(Refused) as caught:
        attempt(Pair())
    assert caught.value.code == code


def test_a_phone_that_is_not_ours_to_control_is_left_alone() -> None:
    with pytest.raises(Unsupported) as caught:
        asterisk.on_phone(Pair().call, "talk", AMI._replace(phone_control=False), Answer(id="a"))
    assert (caught.value.code, caught.value.params["command"]) == ("phone_control_off", "Answer")


def test_the_documentation_s_table_has_a_word_on_every_command_that_is_taken() -> None:
    assert set(asterisk.SENT) == set(COMMANDS.values())
    assert set(freeswitch.SENT) == set(COMMANDS.values()) - {Park}
    assert all(
        text.count("`") % 2 == 0 and len(text) > 5
        for text in (*asterisk.SENT.values(), *freeswitch.SENT.values())
    )
