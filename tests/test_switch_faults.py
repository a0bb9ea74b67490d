"""What once went wrong with switches, or could have: each a story of its own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from offhook.errors import OffhookError, Refused
from offhook.interfaces.asterisk.events import device_of
from offhook.interfaces.asterisk.wire import AmiFramer
from offhook.interfaces.freeswitch.events import EslMeaning
from offhook.interfaces.freeswitch.wire import described
from offhook.model import (
    Connected,
    Consult,
    Dial,
    Ended,
    HangUp,
    LineBack,
    Reason,
    Ringing,
    Snapshot,
    State,
    Transfer,
)
from offhook.switch.legs import Legs
from offhook.testing.exchange import PhoneHabit
from recordings import AT, Replayed, messages_of, plan_for
from switches import KINDS, desk, exchange_of, switch
from test_switch_commands import talking


def kept(waiting: list[Any]) -> Callable[..., object]:
    """Return what makes no channel yet, and notes what for."""

    def originate(*words: Any) -> object:
        waiting.append(words)
        return object()

    return originate


@pytest.mark.parametrize("kind", KINDS)
async def test_a_snapshot_just_after_a_dial_does_not_end_it(kind: str) -> None:
    """The switch says that the dial is queued before it has made a channel."""
    async with switch(kind) as made, desk(made, kind) as heard:
        exchange = exchange_of(made)
        begin, waiting = exchange.originate, list[Any]()
        exchange.originate = kept(waiting)  # type: ignore[method-assign, assignment]
        await heard.desk.send(Dial(id="d", number="1002"))
        await heard.desk.send(Snapshot(id="s"))
        assert "Ended" not in heard.kinds()
        begin(*waiting[0])
        await heard.event(Connected)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_snapshot_for_one_desk_tells_the_others_what_they_lost(kind: str) -> None:
    async with (
        switch(kind, d1001=PhoneHabit(after_s=None), d1002=PhoneHabit(after_s=None)) as made,
        desk(made, kind) as heard,
    ):
        watch = heard.desk.lines["1001"].interface.watch  # type: ignore[attr-defined]
        for number in ("1001", "1002"):
            exchange_of(made).incoming("0388202020", "", number)
        await heard.call(State.ALERTING)
        await heard.until(lambda: len(watch.desks.calls()) == 2)
        keep = {
            leg.id
            for leg in watch.legs.legs.values()
            if leg.talk.origin and leg.talk.origin.called[0].desk == "1001"
        }
        watch.asked()
        back = watch.back(keep, AT)
        assert isinstance(back, LineBack)
        assert back.line == "", "every desk hears it"
        assert [call.line for call in back.calls or ()] == ["1001"]


@pytest.mark.parametrize("kind", KINDS)
async def test_one_odd_message_does_not_make_the_desks_deaf(kind: str) -> None:
    async with switch(kind) as made, desk(made, kind) as heard:
        meaning: Any = heard.desk.lines["1001"].interface.watch.meaning  # type: ignore[attr-defined]
        read, odd = meaning.read, [True]

        def fails_once(message: Any, at: Any) -> None:
            if odd:
                odd.clear()
                raise KeyError("odd")
            read(message, at)

        meaning.read = fails_once
        await talking(made, heard)
        assert heard.kinds().count("LineLost") == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_hanging_up_before_the_channel_is_made_ends_it_when_it_is(kind: str) -> None:
    async with switch(kind, d1001=PhoneHabit(after_s=None)) as made, desk(made, kind) as heard:
        exchange = exchange_of(made)
        begin, waiting = exchange.originate, list[Any]()
        exchange.originate = kept(waiting)  # type: ignore[method-assign, assignment]
        await heard.desk.send(Dial(id="d", number="1002"))
        await heard.call(State.INITIATED)
        await heard.desk.send(HangUp(id="h"))
        begin(*waiting[0])
        ended = await heard.event(Ended)
        assert ended.reason is Reason.CANCELLED
        await heard.until(lambda: not exchange.channels)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("habit", [PhoneHabit("busy"), PhoneHabit(after_s=None), PhoneHabit("reject")])
async def test_dials_on_all_devices_leave_nothing_behind(kind: str, habit: PhoneHabit) -> None:
    prefix = "PJSIP/" if kind == "asterisk" else ""
    options = {"devices": f"1001={prefix}1001,{prefix}1004", "ring": "all", "ring_s": "1"}
    async with switch(kind, d1001=habit, d1004=habit) as made, desk(made, kind, **options) as heard:
        link: Any = heard.desk.lines["1001"].interface
        for number in ("1002", "1003"):
            await heard.desk.send(Dial(id=number, number=number))
            await heard.until(lambda: not heard.desk.calls)
        await heard.until(lambda: not link._rung_all and not link._unborn)
        assert heard.kinds().count("Ended") == heard.kinds().count("Dialling") == 2


async def test_phones_that_pick_up_by_themselves_are_alerted_one_at_a_time() -> None:
    options = {
        "devices": "1001=PJSIP/1001,PJSIP/1004",
        "ring": "all",
        "auto_answer": "Call-Info: <sip:x>;answer-after=0",
    }
    async with switch("asterisk") as made, desk(made, "asterisk", **options) as heard:
        await heard.desk.dial("1002")
        await heard.event(Connected)
        assert sum(b"Action: Originate" in each for each in made.heard) == 1


async def test_a_snapshot_whose_list_never_ends_says_so() -> None:
    async with switch("asterisk") as made, desk(made, "asterisk") as heard:
        made._list = lambda client, name, number, say: say("Success", EventList="start")  # type: ignore[attr-defined]
        asked = asyncio.ensure_future(heard.desk.send(Snapshot(id="s")))
        await asyncio.sleep(0.2)
        made.cut()
        with pytest.raises(OffhookError):
            async with asyncio.timeout(4):
                await asked


async def test_a_consultation_that_cannot_begin_leaves_nobody_on_hold() -> None:
    async with switch("freeswitch") as made, desk(made, "freeswitch") as heard:
        call = await talking(made, heard)
        exchange_of(made).desks["1001"].registered = False
        with pytest.raises(Refused):
            await heard.desk.send(Consult(id="c", call=call, to="1002"))
        assert [each.state for each in heard.desk.calls] == [State.CONNECTED]
        exchange_of(made).desks["1001"].registered = True
        made.refuse["originate"] = "-ERR permission denied"  # type: ignore[attr-defined]


async def test_a_job_refused_without_its_id_is_refused_and_not_unknown() -> None:
    async with switch("freeswitch") as made, desk(made, "freeswitch") as heard:
        answer = made._answer  # type: ignore[attr-defined]

        def refuse(client: Any, text: str) -> None:
            if text.startswith("bgapi originate"):
                client.send(b"Content-Type: command/reply\nReply-Text: -ERR permission denied\n\n")
            else:
                answer(client, text)

        made._answer = refuse  # type: ignore[attr-defined]
        with pytest.raises(Refused) as caught:
            await heard.desk.send(Dial(id="d", number="1002"))
        assert caught.value.code == "switch_no_action"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_transfer_that_was_refused_is_not_told_later(kind: str) -> None:
    async with switch(kind, d1001=PhoneHabit(after_s=None)) as made, desk(made, kind) as heard:
        caller = exchange_of(made).incoming("0388202020", "", "1001")
        await heard.call(State.ALERTING)
        made.refuse["Redirect" if kind == "asterisk" else "uuid_transfer"] = "-ERR no"  # type: ignore[attr-defined]
        with pytest.raises(Refused):
            await heard.desk.send(Transfer(id="t", to="1002"))
        exchange_of(made).hang_up(caller, asked=True)
        ended = await heard.event(Ended)
        assert ended.reason is Reason.CANCELLED
        assert "Diverted" not in heard.kinds()


def test_a_parked_call_that_is_no_longer_there_is_not_parked() -> None:
    replayed = Replayed("ami")
    events = messages_of("ami", "park_unpark")
    parked = next(place for place, event in enumerate(events) if event.event == "ParkedCall")
    replayed.messages(events[: parked + 6])
    assert [call.state for call in replayed.watch.desks.calls() if call.line == "1001"] == [State.PARKED]
    replayed.watch.legs.parked_are(set())
    replayed.watch.news(AT)
    assert [call for call in replayed.watch.desks.calls() if call.line == "1001"] == []


def test_a_stranger_who_calls_himself_by_a_desks_number_is_a_stranger() -> None:
    legs = Legs(plan_for("esl"))
    EslMeaning(legs).read(
        _event(
            "CHANNEL_CREATE",
            {
                "Unique-ID": "u1",
                "Channel-Name": "sofia/external/1001@6.6.6.6",
                "Call-Direction": "inbound",
                "Caller-Context": "public",
                "Caller-Caller-ID-Number": "1001",
                "Caller-Destination-Number": "02888300300",
            },
        ),
        AT,
    )
    assert (legs.legs["u1"].desk, str(legs.legs["u1"].kind)) == ("", "trunk")


def _event(name: str, headers: dict[str, str]) -> Any:
    message = described(headers)
    message.event = name
    return message


def test_a_caller_who_waits_long_while_many_ring_costs_no_more_in_the_end() -> None:
    replayed = Replayed("ami")
    legs = replayed.watch.legs
    caller = legs.leg("q", AT, "PJSIP/trunk")
    legs.came(caller, "0388202020", "", "700")
    for count in range(3_000):
        leg = legs.leg(f"a{count}", AT, f"PJSIP/100{count % 4 + 1}", group="q")
        legs.calls(caller, leg)
        legs.rings(leg)
        replayed.events += replayed.watch.news(AT)
        legs.goes(leg, AT)
        replayed.events += replayed.watch.news(AT)
    assert len(caller.talk.legs) < 500
    assert len(legs.legs) < 500
    assert sum(isinstance(event, Ringing) for event in replayed.events) == 3_000
    assert sum(isinstance(event, Ended) for event in replayed.events) == 3_000
    legs.goes(caller, AT)
    replayed.end()
    assert replayed.stories[0]["rang"] == ["1001", "1002", "1003", "1004"]
    assert replayed.left == 0


def test_bridges_whose_end_was_never_told_are_let_go_of() -> None:
    replayed = Replayed("ami")
    legs = replayed.watch.legs
    for count in range(500):
        one, two = legs.leg(f"x{count}", AT, "PJSIP/trunk"), legs.leg(f"y{count}", AT, "PJSIP/1001")
        legs.enters(f"b{count}", one)
        legs.enters(f"b{count}", two)
        legs.goes(one, AT)
        legs.goes(two, AT)
        replayed.watch.settle(None)
    assert len(legs.bridges) < 300


@pytest.mark.parametrize(
    ("channel", "device"),
    [
        ("PJSIP/1001-0000012c", "PJSIP/1001"),
        ("PJSIP/desk-alice-0000012c", "PJSIP/desk-alice"),
        ("PJSIP/1001", "PJSIP/1001"),
        ("PJSIP/trunk-a", "PJSIP/trunk-a"),
        ("Local/1002@from-internal-0000005f;2", "Local/1002@from-internal"),
        ("IAX2/office-1234", "IAX2/office"),
        ("DAHDI/i1/0388202020-1", "DAHDI/i1/0388202020"),
        ("SIP/1001-0000a1b2", "SIP/1001"),
    ],
)
def test_a_channels_device(channel: str, device: str) -> None:
    assert device_of(channel) == device


def test_a_blank_line_too_many_loses_no_event() -> None:
    framer = AmiFramer()
    found = framer.receive(
        b"Asterisk Call Manager/9\r\nEvent: TestEvent\r\n\r\n\r\nEvent: Newstate\r\nUniqueid: 1\r\n\r\n"
    )
    assert [message.event for message in found] == ["TestEvent", "Newstate"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dial_keeps_its_id_over_a_restart_of_ours(kind: str) -> None:
    async with switch(kind) as made:
        async with desk(made, kind) as heard:
            await heard.desk.dial("1002")
            before = await heard.call(State.CONNECTED)
        if kind == "asterisk":
            async with desk(made, kind) as heard:
                assert [call.id for call in heard.desk.calls] == [before.id]


LEG = "sofia/internal/{}@pbx.example"


def asks_first(*, bridged: bool) -> Replayed:
    """1001 consults 1002 through FreeSWITCH's ``att_xfer`` and leaves; the two others are connected, or not."""
    replayed = Replayed("esl")

    def tell(name: str, leg: str, **more: str) -> None:
        known = {"u1": "0388202020", "u2": "1001", "u3": "1002"}[leg]
        caller = {"u2": "u1", "u3": "u2"}.get(leg, "")
        headers = {
            "Unique-ID": leg,
            "Channel-Name": LEG.format(known),
            "Call-Direction": "outbound" if caller else "inbound",
            "Caller-Context": "default" if caller else "public",
            "Caller-Caller-ID-Number": "0388202020",
            "Caller-Destination-Number": known if caller else "02888300300",
            "Other-Type": "originator" if caller else "",
            "Other-Leg-Unique-ID": caller,
        }
        replayed.messages([_event(name, headers | more)])

    def bridge(name: str, one: str, two: str) -> None:
        tell(name, one, **{"Bridge-A-Unique-ID": one, "Bridge-B-Unique-ID": two})

    def ends(leg: str, how: str) -> None:
        tell("CHANNEL_HANGUP", leg, **{"Hangup-Cause": "NORMAL_CLEARING"})
        tell("CHANNEL_HANGUP_COMPLETE", leg, variable_sip_hangup_disposition=how)

    for leg in ("u1", "u2"):
        tell("CHANNEL_CREATE", leg)
    tell("CHANNEL_PROGRESS", "u2")
    for leg in ("u2", "u1"):
        tell("CHANNEL_ANSWER", leg)
    bridge("CHANNEL_BRIDGE", "u1", "u2")
    for name in ("CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_ANSWER"):
        tell(name, "u3")
    bridge("CHANNEL_UNBRIDGE", "u1", "u2")
    bridge("CHANNEL_BRIDGE", "u2", "u3")
    ends("u2", "recv_bye")
    if bridged:
        bridge("CHANNEL_BRIDGE", "u1", "u3")
    ends("u1", "recv_bye" if bridged else "send_bye")
    ends("u3", "send_bye")
    return replayed.end()


@pytest.mark.parametrize(
    ("bridged", "result", "ended_by"), [(True, "answered", "caller"), (False, "failed", "system")]
)
def test_a_consultation_through_the_switch_is_a_transfer_that_came_off_or_not(
    *, bridged: bool, result: str, ended_by: str
) -> None:
    (told,) = asks_first(bridged=bridged).stories
    assert (told["rang"], told["answered_by"], told["result"]) == (["1001"], "1001", "answered")
    assert told["consult"] == {"by": "1001", "to": "1002", "result": "answered"}
    assert told["transfers"] == [{"kind": "attended", "by": "1001", "to": "1002", "result": result}]
    assert told["ended_by"] == ended_by
