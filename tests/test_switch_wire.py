"""Framing of both switches: limits to the byte, beginnings that are none, headers as their vendors write them."""

import json

import pytest

from offhook.errors import ProtocolError, Refused
from offhook.interfaces.asterisk import wire as ami
from offhook.interfaces.asterisk.wire import AmiFramer
from offhook.interfaces.freeswitch import wire as esl
from offhook.interfaces.freeswitch.wire import EslFramer, described

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
AUTH = b"Content-Type: auth/request\n\n"


def code(framer: AmiFramer | EslFramer, *reads: bytes) -> str:
    """What becomes of some bytes: the code of what is wrong, or how many messages there are."""
    found = 0
    try:
        for data in reads:
            found += len(framer.receive(data))
    except ProtocolError as error:
        return error.code
    return str(found)


LONG_AMI = b"Event: X\r\nK: " + b"x" * (ami.MAX_MESSAGE - 13)
AMI_LIMITS = [
    ([GREETING, LONG_AMI], "0"),
    ([GREETING, LONG_AMI + b"x"], "message_too_long"),
    ([GREETING, LONG_AMI + b"\r\n\r\n"], "1"),
    ([GREETING, LONG_AMI + b"x\r\n\r\n"], "message_too_long"),
    ([GREETING, b"Event: A\r\n\r\n" + LONG_AMI], "1"),
    ([GREETING, b"Event: A\r\n\r\n" + LONG_AMI + b"x"], "message_too_long"),
    ([b"Asterisk " + b"x" * (ami.MAX_GREETING - 9) + b"\r\nEvent: A\r\n\r\n"], "1"),
    ([b"Asterisk " + b"x" * (ami.MAX_GREETING - 8)], "reply_unreadable"),
    ([b"Asterix Call Manager\r\n"], "reply_unreadable"),
    ([b"A", b"sterisk Call Manager\r", b"\nEvent: A\r\n\r", b"\n"], "1"),
    ([GREETING, b"\r\n\r\nEvent: A\r\n\r\n\r\nEvent: B\r\n\r\n"], "2"),
]


@pytest.mark.parametrize(("reads", "outcome"), AMI_LIMITS)
def test_the_manager_s_limits(reads: list[bytes], outcome: str) -> None:
    assert code(AmiFramer(), *reads) == outcome


def body(length: int) -> bytes:
    return (
        f"Content-Length: {length}\nContent-Type: text/event-plain\n\n".encode()
        + b"Event-Name: X\n".ljust(length, b"x")
    )


HEAD = AUTH + b"K: " + b"x" * (esl.MAX_HEAD - 3)
ESL_LIMITS = [
    ([HEAD], "1"),
    ([HEAD + b"x"], "message_too_long"),
    ([HEAD + b"\n\n"], "2"),
    ([HEAD + b"x\n\n"], "message_too_long"),
    ([AUTH + f"Content-Length: {esl.MAX_BODY}\n\n".encode()], "1"),
    ([AUTH + f"Content-Length: {esl.MAX_BODY + 1}\n\n".encode()], "message_too_long"),
    ([AUTH + b"Content-Length: -1\n\n"], "reply_unreadable"),
    ([AUTH + b"Content-Length: 1e3\n\n"], "reply_unreadable"),
    ([AUTH + b"Content-Length: 00000000005\n\n"], "reply_unreadable"),
    ([AUTH + body(30)[:-1], b"x", b"\n" + body(30)], "3"),
    ([b"Contend-Type: x\n\n"], "reply_unreadable"),
    ([b"Con", b"tent-Type: auth/request\n\n"], "1"),
    ([AUTH + b"Content-Length: 2\nContent-Type: text/event-json\n\n[]"], "reply_unreadable"),
    ([AUTH + b"Content-Length: 2\nContent-Type: text/event-json\n\n{}"], "2"),
]


@pytest.mark.parametrize(("reads", "outcome"), ESL_LIMITS)
def test_the_event_socket_s_limits(reads: list[bytes], outcome: str) -> None:
    assert code(EslFramer(), *reads) == outcome


def test_only_what_is_wanted_is_handed_on() -> None:
    """An event by its name, ``VarSet`` by what stands in it, and every response."""
    framer = AmiFramer({"Newchannel", "VarSet"}, {"VarSet": "OFFHOOK"})
    found = framer.receive(
        GREETING
        + b"Event: Newchannel\r\nA: 1\r\n\r\n\r\nEvent: Newexten\r\n\r\nEvent: VarSet\r\nVariable: X\r\n\r\n"
        b"Event: VarSet\r\nVariable: OFFHOOK_RECORD\r\n\r\nResponse: Success\r\n\r\nEvent: Newchannel\r\n\r\n"
    )
    assert [(each.event, each.get("variable"), each.get("response")) for each in found] == [
        ("Newchannel", "", ""), ("VarSet", "OFFHOOK_RECORD", ""), ("", "", "Success"), ("Newchannel", "", ""),
    ]  # fmt: skip
    plain = AUTH + body(30) + body(40).replace(b"Name: X", b"Name: Y")
    assert [each.event for each in EslFramer(["Y"]).receive(plain)] == ["", "Y"]
    told = json.dumps({"Event-Name": "Y", "n": 5}).encode()
    as_json = AUTH + f"Content-Length: {len(told)}\nContent-Type: text/event-json\n\n".encode() + told
    assert [each.event for each in EslFramer(["Y"]).receive(as_json)] == ["", "Y"]
    assert [each.event for each in EslFramer(["X"]).receive(as_json)] == [""]


def test_a_header_is_read_whatever_its_case_and_blank() -> None:
    (message,) = AmiFramer().receive(
        GREETING + b"EVENT: Hangup\r\nUniqueID: 1.1\r\nEmpty:\r\nOdd:x\r\nUniqueid: 1.2\r\n\r\n"
    )
    assert (message.get("uniqueid"), message.get("empty"), message.get("none")) == ("1.2", "", "")
    assert described({"A": "b"}).get("A") == "b"


def test_a_name_that_does_not_stand_first_is_found() -> None:
    text = b"Core-UUID: 1\nEvent-Name: HEARTBEAT\nEvent-Info: a%20b\n\nthe body"
    _first, message = EslFramer().receive(
        AUTH + f"Content-Length: {len(text)}\nContent-Type: text/event-plain\n\n".encode() + text
    )
    assert (message.event, message.get("Event-Info"), message.get("none"), message.text) == (
        "HEARTBEAT",
        "a b",
        "",
        "the body",
    )


def test_what_a_command_was_answered() -> None:
    reply, api = EslFramer().receive(
        b"Content-Type: command/reply\nReply-Text: +OK%20accepted\n\nContent-Length: 4\nContent-Type: api/response\n\n-ERR"
    )
    assert (reply.kind, reply.reply, api.reply) == ("command/reply", "+OK accepted", "-ERR")


@pytest.mark.parametrize("bad", ["\r", "\n", "\0"])
def test_nothing_begins_another_line(bad: str) -> None:
    with pytest.raises(Refused) as caught:
        ami.encode("Originate", [("Exten", f"1{bad}2")])
    assert caught.value.params == {"field": "Exten"}
    with pytest.raises(Refused) as caught:
        ami.encode("Originate", [(f"Ex{bad}ten", "1")])
    for words in ((f"uuid_kill x{bad}", "j"), ("uuid_kill x", f"j{bad}")):
        with pytest.raises(Refused) as caught:
            esl.encode(*words)
        assert caught.value.params == {"field": "uuid_kill"}


def test_what_is_sent() -> None:
    assert ami.encode("Ping", [("ActionID", "é")]) == "Action: Ping\r\nActionID: é\r\n\r\n".encode()
    assert esl.encode("status") == b"status\n\n"
    assert esl.encode("status", "j1") == b"bgapi status\nJob-UUID: j1\n\n"


def test_every_value_of_a_repeated_header_is_read_and_no_line_that_is_none() -> None:
    said = b"Response: Success\r\nOutput: a: b\r\nOutput:\r\nOutputs\r\nOther:\r\nOUTPUT: c\r\nOutput d"
    message = ami.AmiMessage(said)
    assert message.all("output") == ["a: b", "", "c"]
    assert (message.all("other"), message.all("outpu")) == ([""], [])
