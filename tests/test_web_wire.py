"""A parameter file's conversations without a network: what is asked, in which order, and what a reply comes to."""

from collections.abc import Mapping
from typing import Any

import pytest

from offhook.errors import OffhookError, ProtocolError, Refused, SettingsError
from offhook.interfaces.web import wire
from offhook.interfaces.web.wire import Reply, Request, TokenWanted
from offhook.seed.parameters import ParameterFile, read
from offhook.seed.replies import Item
from offhook.template import Values

VALUES = Values(number="0388202020", extension="1024", user="zoé", password="S3cret", ident="z")


def file(**sections: str) -> ParameterFile:
    """A file with those sections, each written as its lines."""
    names = {
        "dial": "cliktocalldial",
        "event": "cliktocallevent",
        "token": "cliktocalltoken",
        "general": "global",
    }
    text = "".join(f"<{names[name]}>\r\n{lines}\r\n" for name, lines in sections.items())
    return read(text.encode())


DIAL = "<url>https://pbx.example/dial?to=$teldest$\n<methode>POST\n<data>u=$user$&p=$mdp$"
TOKEN = "<url>https://pbx.example/token\n<with_token>1"
WITH_TOKEN = {"dial": DIAL + "&t=$token$", "token": TOKEN}


def begun(**sections: str) -> tuple[wire.Conversation, wire.Wanted]:
    conversation = wire.dialling(file(**sections), VALUES)
    return conversation, next(conversation)


def outcome(conversation: wire.Conversation, reply: Reply | str) -> OffhookError | wire.Wanted | None:
    """What a reply comes to: the next thing wanted, an error, ``None`` for done."""
    try:
        return conversation.send(reply)
    except StopIteration:
        return None
    except OffhookError as error:
        return error


def code(found: OffhookError | wire.Wanted | None) -> str:
    return (
        found.code if isinstance(found, OffhookError) else "done" if found is None else type(found).__name__
    )


JUDGED = [
    # status, what was wrong with it · dial, event, token
    (200, "", "done", "done", "token_missing"),
    (204, "", "done", "done", "token_missing"),
    (299, "", "done", "done", "token_missing"),
    (200, "cut", "done", "reply_cut", "reply_cut"),
    (301, "", "redirected", "server_failing", "server_failing"),
    (399, "", "redirected", "server_failing", "server_failing"),
    (400, "", "refused_by_server", "refused_by_server", "refused_by_server"),
    (401, "", "account_refused", "account_refused", "account_refused"),
    (403, "", "account_refused", "account_refused", "account_refused"),
    (404, "", "refused_by_server", "refused_by_server", "refused_by_server"),
    (499, "", "refused_by_server", "refused_by_server", "refused_by_server"),
    (500, "", "server_answer_lost", "server_failing", "server_failing"),
    (0, "cut", "server_answer_lost", "server_failing", "server_failing"),
    (0, "late", "server_answer_lost", "done", "server_failing"),
    (0, "garbage", "server_answer_lost", "server_failing", "server_failing"),
    (100, "", "server_answer_lost", "server_failing", "server_failing"),
]


@pytest.mark.parametrize(("status", "fault", "dial", "event", "token"), JUDGED)
def test_what_a_reply_comes_to(status: int, fault: str, dial: str, event: str, token: str) -> None:
    """A dial may have been done wherever it was sent and not refused; a poll and a token may be asked again."""
    found = file(
        dial=DIAL,
        event="<url>https://pbx.example/event\n<with_event>1",
        token=TOKEN.replace("<with_token>1", ""),
    )
    reply = Reply(status, {"location": "https://else.example/x?y"}, b"", fault)
    for wanted, conversation in ((dial, wire.dialling), (event, wire.polling), (token, wire.asking_token)):
        going = conversation(found, VALUES)
        next(going)
        assert code(outcome(going, reply)) == wanted, conversation.__name__  # type: ignore[arg-type]


def test_where_a_redirection_leads_is_said() -> None:
    conversation, _request = begun(dial=DIAL)
    error = outcome(conversation, Reply(302, {"location": "https://else.example/path?secret"}))
    assert isinstance(error, OffhookError)
    assert error.params == {"status": 302, "host": "else.example"}
    conversation, _request = begun(dial=DIAL)
    error = outcome(conversation, Reply(302, {"location": "/relative"}))
    assert isinstance(error, OffhookError)
    assert error.params["host"] == "–"


def test_a_refused_token_is_renewed_once() -> None:
    conversation, wanted = begun(**WITH_TOKEN)
    assert wanted == TokenWanted()
    first = conversation.send("T1")
    assert isinstance(first, Request)
    assert first.body == b"u=zo%C3%A9&p=S3cret&t=T1"
    assert conversation.send(Reply(401)) == TokenWanted(refused="T1")
    second = conversation.send("T2")
    assert isinstance(second, Request)
    assert second.body.endswith(b"t=T2")
    assert code(outcome(conversation, Reply(401))) == "account_refused"


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_what_is_no_refusal_of_the_token_renews_none(status: int) -> None:
    conversation, _wanted = begun(**WITH_TOKEN)
    conversation.send("T1")
    assert not isinstance(outcome(conversation, Reply(status)), TokenWanted)


EVENT = "<url>https://pbx.example/event\n<with_event>1"
SAYS_NO = [
    # content type, body: every other kind is in test_seed_refusal
    ("application/json", '{"error": "barred"}'), ("text/html", '{"success": false, "message": "barred"}'), ("text/plain", "-ERR barred"), ("text/plain", "Response: Error\r\nMessage: barred"),
    ("text/xml", "<s:Envelope xmlns:s='x'><s:Body><s:Fault><faultstring>barred</faultstring></s:Fault></s:Body></s:Envelope>"),
    ("application/json", '{"code": 7, "filler": "' + "x" * 5000 + '", "msg": "barred"}'),
]  # fmt: skip


@pytest.mark.parametrize(("content_type", "body"), SAYS_NO)
@pytest.mark.parametrize("conversation", [wire.dialling, wire.polling, wire.asking_token])
def test_a_no_at_200_is_refused_in_the_server_s_words(
    conversation: Any, content_type: str, body: str
) -> None:
    going = conversation(file(dial=DIAL, event=EVENT, token=TOKEN.replace("<with_token>1", "")), VALUES)
    next(going)
    error = outcome(going, Reply(200, {"content-type": content_type}, body.encode()))
    assert isinstance(error, Refused)
    assert "barred" in str(error.params["said"])
    assert len(str(error.params["said"])) <= wire.SAID


def test_an_event_with_a_code_of_its_own_is_no_refusal() -> None:
    going = wire.polling(file(dial=DIAL, event=EVENT + "\n<json_tel>tel"), VALUES)
    next(going)
    body = b'{"event": "HANGUP", "tel": "0388202020", "code": 16, "status": "failed"}'
    with pytest.raises(StopIteration) as done:
        going.send(Reply(200, {}, body))
    assert done.value.value == [Item("0388202020", "HANGUP")]


TOKEN_REFUSED = [
    # body, whether it is about the token
    ('{"error": "invalid token"}', True), ('{"errcode": 40001, "errmsg": "access_token expired"}', True), ('{"code": 401}', True), ("-ERR session unknown", True),
    ('{"success": false, "message": "Unauthorized"}', True), ("<r><error>Jeton refusé</error></r>", True), ("Response: Error\r\nMessage: Authentication failed", True), ('{"error": "not logged in"}', True),
    ('{"error": "no such extension"}', False), ("-ERR NO_ROUTE_DESTINATION", False), ('{"code": 4010}', False), ('{"token": "t", "error": ""}', False), ("{}", False),
]  # fmt: skip


@pytest.mark.parametrize(("body", "about_token"), TOKEN_REFUSED)
def test_a_token_refused_in_the_body_is_renewed_once(body: str, about_token: bool) -> None:
    conversation, _wanted = begun(**WITH_TOKEN)
    conversation.send("T1")
    no = Reply(200, {}, body.encode())
    found = outcome(conversation, no)
    if not about_token:
        assert code(found) == (
            "done" if body in ("{}", '{"token": "t", "error": ""}') else "refused_by_server"
        )
        return
    assert found == TokenWanted(refused="T1")
    second = conversation.send("T2")
    assert isinstance(second, Request)
    assert second.body.endswith(b"t=T2")
    assert code(outcome(conversation, no)) == "refused_by_server"


def test_without_a_token_nothing_is_renewed() -> None:
    conversation, _request = begun(dial=DIAL)
    assert code(outcome(conversation, Reply(200, {}, b'{"error": "invalid token"}'))) == "refused_by_server"


OK = "<json_ok>status=queued|status=ok\n<text_ok>+OK\n<xml_ok>state=ok"
CALLED_SUCCESS = [
    # body, what was wrong with it · dial, event, token
    ('{"status": "queued", "error": "ignored", "token": "T"}', "", "done", "done", "done"),
    ('{"status": "busy", "token": "T"}', "", "refused_by_server", "refused_by_server", "refused_by_server"),
    ("+OK 123", "", "done", "reply_not_of_kind", "reply_not_of_kind"),
    ("", "", "refused_by_server", "done", "refused_by_server"),
    ('{"sta', "cut", "server_answer_lost", "reply_cut", "reply_cut"),
    ('{"status": "ok"}', "late", "done", "done", "reply_cut"),
    ("", "long", "server_answer_lost", "reply_cut", "reply_cut"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "fault", "dial", "event", "token"), CALLED_SUCCESS)
def test_what_the_file_calls_success(body: str, fault: str, dial: str, event: str, token: str) -> None:
    found = file(
        dial=f"{DIAL}\n{OK}",
        event=f"{EVENT}\n<type_return>json\n{OK}",
        token=f"{TOKEN}\n<type_return>json\n{OK}".replace("<with_token>1", ""),
    )
    assert found.errors == []
    for wanted, conversation in ((dial, wire.dialling), (event, wire.polling), (token, wire.asking_token)):
        going = conversation(found, VALUES)
        next(going)
        assert code(outcome(going, Reply(200, {}, body.encode(), fault))) == wanted, conversation.__name__  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", ["cut", "late", "long", "garbage"])
def test_a_dial_that_was_accepted_stays_so_however_its_reply_ends(fault: str) -> None:
    conversation, _request = begun(dial=DIAL)
    assert outcome(conversation, Reply(200, {}, b'{"half": ', fault)) is None


def test_without_a_token_a_refusal_is_final() -> None:
    conversation, wanted = begun(dial=DIAL)
    assert isinstance(wanted, Request)
    assert code(outcome(conversation, Reply(401))) == "account_refused"


def token_from(body: str, content_type: str = "application/json", **more: str) -> tuple[str, float | None]:
    asking = wire.asking_token(
        file(dial=DIAL, token=TOKEN + "".join(f"\n<{tag}>{text}" for tag, text in more.items())), VALUES
    )
    next(asking)
    with pytest.raises(StopIteration) as done:
        asking.send(Reply(200, {"content-type": content_type}, body.encode()))
    found: tuple[str, float | None] = done.value.value
    return found


LIVES = [
    ('{"token": "T", "expires_in": 3600}', 3600.0), ('{"token": "T", "expires_in": "60"}', 60.0), ('{"token": "T", "expires_in": 1.9}', 1.0),
    ('{"token": "T"}', None), ('{"token": "T", "expires_in": -1}', None), ('{"token": "T", "expires_in": "soon"}', None), ('{"token": "T", "expires_in": "٣"}', None),
    ('{"token": "T", "expires_in": 999999999}', 999999999.0), ('{"token": "T", "expires_in": 1000000000}', None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "seconds"), LIVES)
def test_how_long_a_token_is_good_for(body: str, seconds: float | None) -> None:
    assert token_from(body) == ("T", seconds)


def test_a_token_stands_where_the_file_says() -> None:
    assert token_from('{"a": {"b": "T"}}', json_token="a.b")[0] == "T"
    assert token_from("<r><jeton>T</jeton></r>", "text/xml", xml_token="jeton")[0] == "T"
    assert (
        token_from(
            '<r><j v="T"/></r>',
            "text/xml",
            xml_token="j",
            xml_token_attrib="v",
            xml_result_token_in_attrib="1",
        )[0]
        == "T"
    )


SAID = [
    (b'{"error": {"text": "No such \\u00e9xtension"}}', "No such \\u00e9xtension"),
    (b"<html><body><h1>Not  allowed</h1>\n[S3cret]</body></html>", "Not allowed ••••"),
    (b"", "–"),
    (b"x" * 500, "x" * 120),
    (b"a\x07b", "a\ufffdb"),
    ("numéro refusé".encode("cp1252"), "numéro refusé"),
]


@pytest.mark.parametrize(("body", "said"), SAID)
def test_a_server_s_own_words_are_short_printable_and_without_a_secret(body: bytes, said: str) -> None:
    conversation, _request = begun(dial=DIAL)
    error = outcome(conversation, Reply(400, {}, body))
    assert isinstance(error, OffhookError)
    assert error.params == {"status": 400, "said": said}


METHODS: list[tuple[Mapping[str, str], str, str, bytes]] = [
    ({"dial": "<url>http://p/d"}, "dial", "POST", b""),
    ({"dial": "<url>http://p/d\n<methode>get\n<data>x"}, "dial", "GET", b""),
    ({"dial": "<url>http://p/d\n<methode>put\n<data>x=$teldest$"}, "dial", "PUT", b"x=0388202020"),
    ({"dial": DIAL, "event": "<url>http://p/e"}, "event", "GET", b""),
    ({"dial": DIAL, "token": "<url>http://p/t"}, "token", "GET", b""),
]


@pytest.mark.parametrize(("sections", "section", "method", "body"), METHODS)
def test_each_section_s_method(sections: Mapping[str, str], section: str, method: str, body: bytes) -> None:
    made = wire.request(file(**sections), section, VALUES)
    assert (made.method, made.body) == (method, body)
    assert (("Content-Type", wire.FORM) in made.headers) == (method != "GET")


def test_a_request_is_shown_without_its_secrets() -> None:
    made = wire.request(file(dial=DIAL + "\n<headers>X-Key: $mdp$\n<contenttype>text/plain"), "dial", VALUES)
    assert made.shown == (
        "POST https://pbx.example/dial?to=0388202020\nX-Key: ••••\nContent-Type: text/plain\n\nu=zoé&p=••••"
    )
    assert repr(made) == "Request('POST https://pbx.example/dial?to=0388202020')"
    assert b"S3cret" in made.body
    own = wire.request(file(dial=DIAL + "\n<headers>content-type: a/b"), "dial", VALUES)
    assert [name for name, _value in own.headers] == ["content-type"]
    assert repr(Request("GET", "http://x", ())) == "Request('GET')"
    assert repr(Reply(200, {}, b"S3cret")) == "Reply(200, 6 bytes, fault='')"


TIMES = [
    ("", (1.0, 1.0)),
    ("<timeout1>2\n<timeout2>3", (2.0, 3.0)),
    ("<timeout1>0,5\n<timeout3>4", (0.5, 4.0)),
    ("<timeout1>0", (0.0, 1.0)),
    ("<timeout1>x\n<timeout2>0", (1.0, 1.0)),
]


@pytest.mark.parametrize(("lines", "times"), TIMES)
def test_how_often_and_how_long(lines: str, times: tuple[float, float]) -> None:
    assert wire.timing(file(general=lines, dial=DIAL)) == times


def test_a_file_that_cannot_be_used_says_where() -> None:
    wire.usable(file(dial=DIAL), "f")
    wire.usable(file(event=EVENT), "f")
    with pytest.raises(SettingsError) as neither:
        wire.usable(file(event=EVENT.replace("1", "0")), "f")
    assert (neither.value.code, neither.value.params["where"]) == ("parameter_file_lacks", "f")
    with pytest.raises(SettingsError) as lacking:
        wire.usable(file(token=TOKEN), "f")
    assert (lacking.value.code, lacking.value.params["where"]) == ("parameter_file_lacks", "f")
    with pytest.raises(SettingsError) as wrong:
        wire.usable(file(dial=DIAL + "\n<metod>GET"), "f")
    assert (wrong.value.code, wrong.value.params["where"]) == ("parameter_file_wrong", "f:5")


def test_a_cut_token_is_no_token() -> None:
    asking = wire.asking_token(file(dial=DIAL, token=TOKEN), VALUES)
    next(asking)
    with pytest.raises(ProtocolError) as caught:
        asking.send(Reply(200, {}, b'{"token": "T"}', "cut"))
    assert caught.value.params == {"why": "cut"}
