"""Events from pretend vendors, by parameter files alone: every form of reply, state and queue, lost servers."""

import asyncio
import gzip
import itertools
import json
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from offhook.dialling import Dialled
from offhook.embed import connect
from offhook.errors import OffhookError, SettingsError
from offhook.interface import Device, Interface
from offhook.interfaces.web.about import ABOUT
from offhook.interfaces.web.driver import WebInterface
from offhook.model import (
    Connected,
    Dial,
    Ended,
    Event,
    LineBack,
    LineLost,
    PopRequested,
    Reason,
    Ringing,
)  # fmt: skip
from offhook.settings.given import given
from offhook.testing.contract import InterfaceContract
from offhook.transport.web import LONGEST_BODY, Client
from vendor import Came, reply, vendor

SHORT = {
    Ringing: "ring", Connected: "connect", PopRequested: "popup", Ended: "hangup", LineLost: "lost", LineBack: "back",
}  # fmt: skip
NUMBER = "0388202020"


def file(folder: Path, port: int, more: str) -> str:
    """Write a file that polls often; what names events goes where it belongs."""
    path = folder / "clicktocall_param.txt"
    lines = more.splitlines()
    words = "".join(f"{line}\n" for line in lines if line.startswith("<event_"))
    more = "\n".join(line for line in lines if not line.startswith("<event_"))
    path.write_text(
        f"<global>\n{words}<timeout1>0.01\n<timeout2>2\n<cliktocalldial>\n"
        f"<url>http://127.0.0.1:{port}/dial?n=$teldest$\n<cliktocallevent>\n<with_event>1\n"
        f"<url>http://127.0.0.1:{port}/poll?who=$telorg$\n{more}\n",
        "utf-8",
    )
    return str(path)


async def heard(path: str, until: int, **options: str) -> list[str]:
    """Listen until so many events came after the line is up; a word each, with number or reason."""
    desk = connect("web", extension="1024", options={"file": path, **options})
    found: list[str] = []
    with desk.events() as events:
        async with asyncio.timeout(20), desk:
            while len(found) < until:
                found += _said(await anext(events))
    return found


def _said(event: Event) -> list[str]:
    if isinstance(event, LineBack):
        return []
    if type(event) not in SHORT:
        return []
    what = SHORT[type(event)]
    if isinstance(event, Ringing):
        return [f"{what} {event.party.number or event.party.kind}"]
    if isinstance(event, PopRequested):
        return [f"{what} {event.number}"]
    return [f"{what} {event.reason}" if isinstance(event, Ended) else what]


def one_after_the_other(bodies: Sequence[bytes | str], kind: str = "application/json"):  # type: ignore[no-untyped-def]
    """Answer polls with these bodies in turn, then with empty ones."""
    turn = itertools.chain(bodies, itertools.repeat(""))
    guard = threading.Lock()

    def answer(_came: Came) -> bytes:
        with guard:
            return reply(next(turn), kind=kind)

    return answer


NESTED = {
    "Session": "s",
    "Events": [
        {"Event": "RING", "Data": {"Calling": NUMBER}},
        {"Event": "CONNECT", "Data": {"Calling": NUMBER}},
    ],
}
RING = "ring +33388202020"
FORMS = [
    ("flat JSON under the usual names", "json", {"tel": NUMBER, "event": "RING"}, "", [RING]),
    ("JSON under other names", "json", {"caller": NUMBER, "state": "RING"}, "<json_tel>caller\n<json_event>state", [RING]),
    ("the first field of that name at any depth", "json", {"a": {"b": [{"tel": NUMBER}]}, "event": "RING"}, "", [RING]),
    ("a path", "json", {"d": {"from": {"n": NUMBER}}, "e": {"t": "RING"}}, "<json_tel>d.from.n\n<json_event>e.t", [RING]),
    ("an index", "json", {"l": [{"n": "1"}, {"n": NUMBER, "e": "RING"}]}, "<json_tel>l[1].n\n<json_event>l[1].e", [RING]),
    ("a list: all of its events, in order", "json", NESTED, "<json_tel>Events.Data.Calling\n<json_event>Events.Event", [RING, "connect"]),
    ("a list and nothing else", "json", [{"t": NUMBER, "e": "RING"}, {"t": NUMBER, "e": "CONNECT"}], "<json_tel>[].t\n<json_event>[].e", [RING, "connect"]),
    ("one word for a list of numbers", "json", {"e": "RING", "l": [{"n": NUMBER}, {"n": "0388202021"}]}, "<event_hangup>X\n<json_tel>l.n\n<json_event>e", [RING, "ring +33388202021", "hangup unknown", "hangup unknown"]),
    ("an integer keeps its digits", "json", b'{"tel": 33388202020, "event": "RING"}', "", [RING]),
    ("an empty list", "json", {"Events": []}, "<json_tel>Events.n\n<json_event>Events.e", []),
    ("a null", "json", {"tel": None, "event": None}, "", []),
    ("an event nobody named", "json", {"tel": NUMBER, "event": "REGISTERED"}, "", []),
    ("a hidden caller", "json", {"tel": "anonymous", "event": "RING"}, "", ["ring hidden"]),
    ("XML text", "xml", f"<r><evt>RING</evt><tel>{NUMBER}</tel></r>", "<xml_event>evt", [RING]),
    ("XML attributes", "xml", f"<r><evt name='RING'/><tel value='{NUMBER}'/></r>", "<xml_event>evt\n<xml_result_tel_in_attrib>1\n<xml_tel_attrib>value\n<xml_result_event_in_attrib>1\n<xml_event_attrib>name", [RING]),
    ("the seed's XML, which is not well-formed", "xml", f"<evt name='RING'/><tel value={NUMBER}/>", "<xml_event>evt\n<xml_result_tel_in_attrib>1\n<xml_tel_attrib>value\n<xml_result_event_in_attrib>1\n<xml_event_attrib>name", [RING]),
    ("namespaces, not named in the file", "xml", f'<s:r xmlns:s="urn:x"><s:event>RING</s:event><s:tel>{NUMBER}</s:tel></s:r>', "", [RING]),
    ("namespaces, named", "xml", f"<r xmlns:s='urn:x'><tel>1</tel><s:tel>{NUMBER}</s:tel><event>RING</event></r>", "<xml_tel>s:tel", [RING]),
    ("repeated elements", "xml", f"<r><c><e>RING</e><t>{NUMBER}</t></c><c><e>CONNECT</e><t>{NUMBER}</t></c></r>", "<xml_tel>r.c.t\n<xml_event>r.c.e", [RING, "connect"]),
    ("repeated elements, all of them asked for", "xml", f"<r><c><e>RING</e><t>{NUMBER}</t></c><c><e>CONNECT</e><t>{NUMBER}</t></c></r>", "<xml_tel>r.c[].t\n<xml_event>r.c[].e", [RING, "connect"]),
    ("one element, all of them asked for", "xml", f"<r><c><e>RING</e><t>{NUMBER}</t></c></r>", "<xml_tel>r.c[].t\n<xml_event>r.c[].e", [RING]),
    ("repeated elements, from below the outermost", "xml", f"<r><c><e>RING</e><t>{NUMBER}</t></c><c><e>CONNECT</e><t>{NUMBER}</t></c></r>", "<xml_tel>c.t\n<xml_event>c.e", [RING, "connect"]),
    ("XML in Windows-1252 that says so", "xml", f'<?xml version="1.0" encoding="windows-1252"?><r><é/><event>RING</event><tel>{NUMBER}</tel></r>'.encode("cp1252"), "", [RING]),
    ("pairs", "text", f"event=RING&tel={NUMBER}", "", [RING]),
    ("pairs with a plus", "text", "event=RING&tel=+33388202020", "", [RING]),
    ("lines", "text", f"event: RING\r\ntel: {NUMBER}\r\n", "", [RING]),
    ("a bare number is a ring", "text", NUMBER, "", [RING]),
    ("text that is no number", "text", "OK", "", []),
    ("the reply's own type", "", f"<r><event>RING</event><tel>{NUMBER}</tel></r>", "", [RING]),
    ("words of its own", "json", {"tel": NUMBER, "event": "start_ringing"}, "<event_ring>start_ringing", [RING]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "more", "expected"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS]
)
async def test_every_form_of_reply(
    tmp_path: Path, kind: str, body: object, more: str, expected: list[str]
) -> None:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    last = reply_in(kind, more)
    served = "application/octet-stream" if kind else "text/xml; charset=utf-8"
    with vendor(one_after_the_other([data, "", last], served)) as server:
        path = file(tmp_path, server.port, f"<type_return>{kind}\n{more}")
        found = await heard(path, len(expected) + 1)
        assert found == [*expected, "popup +33388202099"]


def reply_in(kind: str, more: str) -> str:
    """Return a reply that asks for a pop, in the form that a row's file describes: it ends the test."""
    names = dict(
        line.strip("<").split(">", 1) for line in more.splitlines() if line.startswith("<") and ">" in line
    )
    if kind == "text":
        return "event=POPUP&tel=0388202099"
    if kind in ("xml", ""):
        tel, event = names.get("xml_tel", "tel"), names.get("xml_event", "event")
        if "xml_tel_attrib" in names:
            return f"<r><{event} name='POPUP'/><{tel} value='0388202099'/></r>"
        if "." in tel:
            return "<r><c><e>POPUP</e><t>0388202099</t></c></r>"
        return f"<r xmlns:s='urn:x'><{event}>POPUP</{event}><{tel}>0388202099</{tel}></r>"
    made = {"tel": "0388202099", "event": "POPUP"}
    shapes = {
        "caller": {"caller": "0388202099", "state": "POPUP"},
        "d.from.n": {"d": {"from": {"n": "0388202099"}}, "e": {"t": "POPUP"}},
        "l[1].n": {"l": [{}, {"n": "0388202099", "e": "POPUP"}]},
        "Events.Data.Calling": {"Events": [{"Event": "POPUP", "Data": {"Calling": "0388202099"}}]},
        "[].t": [{"t": "0388202099", "e": "POPUP"}],
        "l.n": {"e": "POPUP", "l": [{"n": "0388202099"}]},
        "Events.n": {"Events": [{"n": "0388202099", "e": "POPUP"}]},
    }
    return json.dumps(shapes.get(names.get("json_tel", ""), made))


def told(event: str, number: str = NUMBER, **more: str) -> str:
    return json.dumps({"event": event, "tel": number} | more)


def account(event: str, number: str = NUMBER) -> str:
    return json.dumps({"account": {"id": 77}, "event": event, "tel": number})


LISTED = "<json_tel>c[].tel\n<json_event>c[].event"


def calls(**states: str) -> str:
    """What a server says that lists its calls."""
    numbers = {"A": NUMBER, "B": "0388202021"}
    return json.dumps({"c": [{"tel": numbers[each], "event": state} for each, state in states.items()]})


CALLS = [
    ("state: the same again is the same", {}, "", [told("RING")] * 3 + [told("CONNECT")] * 2, [RING, "connect"]),
    ("state: an empty poll in between is a new ring", {}, "", [told("RING"), told("HANGUP"), "", told("RING")], [RING, "hangup unknown", RING]),
    ("state: who gives up and rings again is a new call", {}, "", [told("RING"), "", told("RING")], [RING, "hangup unknown", RING]),
    ("queue: a ring again is a new call", {"events": "queue"}, "", [told("RING"), told("RING")], [RING, "hangup unknown", RING]),
    ("state: another number", {}, "<event_hangup>HANGUP", [told("RING"), told("RING", "0388202021")], [RING, "ring +33388202021"]),
    ("queue: each reply is an event", {"events": "queue"}, "", [told("POPUP")] * 3, ["popup +33388202020"] * 3),
    ("an id tells repetitions from events", {}, "", [told("POPUP", id="1"), told("POPUP", id="1"), told("POPUP", id="2")], ["popup +33388202020"] * 2),
    ("ids count in a queue, too", {"events": "queue"}, "", [told("POPUP", id="1"), told("POPUP", id="1")], ["popup +33388202020"]),
    ("a whole call", {}, "", [told(each) for each in ("RING", "CONNECT", "POPUP", "HANGUP")], [RING, "connect", "popup +33388202020", "hangup completed"]),
    ("without hang-ups the next ring ends the last call", {}, "", [told("RING"), told("CONNECT"), told("RING", "0388202021")], [RING, "connect", "hangup unknown", "ring +33388202021"]),
    ("an id of the account means nothing", {}, "", [account("RING"), "", account("HANGUP"), "", account("RING", "0388202021")], [RING, "hangup unknown", "ring +33388202021"]),
    ("an id of the call goes with the word", {}, "", [told("RING", id="7"), told("CONNECT", id="7"), told("HANGUP", id="7")], [RING, "connect", "hangup completed"]),
    ("a list: each is its own, and one that is gone has ended", {}, LISTED, [calls(A="RING"), calls(A="CONNECT"), calls(A="CONNECT", B="RING"), calls(A="CONNECT"), calls()], [RING, "connect", "ring +33388202021", "hangup unknown", "hangup completed"]),
    ("a list that is no longer there", {}, LISTED, [calls(A="RING", B="RING"), ""], [RING, "ring +33388202021", "hangup unknown", "hangup unknown"]),
    ("a call that lasts too long ends", {"call_max_s": "0.2"}, "", [told("RING")], [RING, "hangup unknown"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "more", "bodies", "expected"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS]
)
async def test_calls(
    tmp_path: Path, options: dict[str, str], more: str, bodies: list[str], expected: list[str]
) -> None:
    end = told("POPUP", "0388202099", id="end")
    end = json.dumps({"c": [json.loads(end)]}) if more == LISTED else end
    last = [] if "call_max_s" in options else [end]
    with vendor(one_after_the_other([*bodies, *last])) as server:
        path = file(tmp_path, server.port, f"<type_return>json\n{more}")
        assert await heard(path, len(expected) + len(last), **options) == expected + [
            "popup +33388202099"
        ] * len(last)


async def test_a_long_poll_that_ends_without_news_is_an_empty_one(tmp_path: Path) -> None:
    """The server holds longer than the file waits; nothing is lost and the line stays up."""
    turn = iter([None, None, told("RING")])
    with vendor(lambda _came: reply(found) if (found := next(turn, "")) is not None else None) as server:
        path = file(tmp_path, server.port, "<type_return>json")
        content = Path(path).read_text("utf-8").replace("<timeout2>2", "<timeout2>0.2")
        Path(path).write_text(content, "utf-8")
        desk = connect("web", extension="1024", options={"file": path})
        kinds = []
        with desk.events() as events:
            async with asyncio.timeout(20), desk:
                while Ringing not in kinds:
                    kinds.append(type(await anext(events)))
        assert LineLost not in kinds


BODY = told("RING").encode()
PACKED = [
    # how it is said to be packed, what came, what is read of it and what is wrong with it
    ("gzip", gzip.compress(BODY), BODY, ""),
    ("x-gzip", gzip.compress(BODY), BODY, ""),
    ("deflate", zlib.compress(BODY), BODY, ""),
    ("identity", BODY, BODY, ""),
    ("gzip", b"", b"", ""),
    ("gzip", gzip.compress(BODY)[:-9], BODY[:0], "cut"),
    ("gzip", BODY, BODY, "garbage"),
    ("gzip", gzip.compress(bytes(3 << 20)), bytes(LONGEST_BODY), "long"),
]  # fmt: skip


@pytest.mark.parametrize(("coding", "sent", "body", "fault"), PACKED, ids=range(len(PACKED)))
def test_a_reply_that_was_packed_unasked_is_unpacked(
    coding: str, sent: bytes, body: bytes, fault: str
) -> None:
    """No more comes out of it than there is room for."""
    with vendor(reply(sent, "200 OK", "application/json", f"Content-Encoding: {coding}")) as server:
        found = Client().exchange("GET", f"http://127.0.0.1:{server.port}/", [])
        assert found.fault == fault
        assert found.body.startswith(body)
        assert len(found.body) <= LONGEST_BODY


async def test_an_answer_that_has_begun_is_waited_for(tmp_path: Path) -> None:
    """A slow server's event is in it, and is not given a second time."""
    begun = threading.Event()
    whole = reply(told("RING"))

    def answer(_came: Came) -> bytes:
        if len(server.came) > 1:
            return reply("")
        link = server._open[-1]
        head, blank, body = whole.partition(b"\r\n\r\n")
        link.sendall(head + blank)
        begun.wait(0.5)  # longer than timeout2
        return body

    with vendor(answer) as server:
        path = Path(file(tmp_path, server.port, "<type_return>json"))
        path.write_text(path.read_text("utf-8").replace("<timeout2>2", "<timeout2>0.2"), "utf-8")
        assert await heard(str(path), 1) == [RING]


@pytest.mark.parametrize(
    "fault",
    [
        reply("", "500 Oops"),
        b"garbage\r\n\r\n",
        b"",
        reply("{not json"),
        reply('{"error": "session expired"}'),
        reply("-ERR no such desk", kind="text/plain"),
        reply("x" * 2_000_000),
        reply('{"event": "RING", "tel": "' + "1" * 501 + '"}'),
        reply(f"<a><tel>&#{'9' * 5000};</tel><b>", kind="text/xml"),
        reply("", "302 Found", "x/y", "Location: http://["),
        reply("", "302 Found", "x/y", "Location: /\xe9"),
    ],
)
async def test_a_failing_server_is_a_lost_line_that_comes_back(tmp_path: Path, fault: bytes) -> None:
    turn = iter([reply(told("RING")), reply(""), fault, fault, reply(told("HANGUP"))])
    with vendor(lambda _came: next(turn, reply(""))) as server:
        desk = connect("web", extension="1024", options={"file": file(tmp_path, server.port, "")})
        kinds: list[type] = []
        with desk.events() as events:
            async with asyncio.timeout(20), desk:
                while Ended not in kinds:
                    kinds.append(type(await anext(events)))
        assert kinds == [LineBack, Ringing, LineLost, LineBack, Ended]


async def test_a_file_may_give_events_only(tmp_path: Path) -> None:
    """What is answered carries the number of the reply; a dial is refused, and nothing is sent for it."""
    with vendor(one_after_the_other([told("CONNECT")])) as server:
        path = Path(file(tmp_path, server.port, "<type_return>json"))
        text = path.read_text("utf-8")
        begins, ends = text.index("<cliktocalldial>"), text.index("<cliktocallevent>")
        path.write_text(text[:begins] + text[ends:], "utf-8")
        desk = connect("web", extension="1024", options={"file": str(path)})
        with desk.news() as all_news:
            async with asyncio.timeout(10), desk:
                async for news in all_news:
                    if isinstance(news.event, Connected):
                        assert news.call is not None
                        assert news.call.party.number == "+33388202020"
                        break
                with pytest.raises(SettingsError) as caught:
                    await desk.dial(NUMBER)
        assert caught.value.code == "parameter_file_lacks"
        assert {came.path for came in server.came} == {"/poll"}


async def test_a_token_refused_in_the_body_is_renewed_while_polling(tmp_path: Path) -> None:
    tokens = iter(["old", "new"])

    def answer(came: Came) -> bytes:
        if came.path == "/token":
            return reply(json.dumps({"token": next(tokens)}))
        return reply(
            told("RING")
            if came.headers["x-auth-token"] == "new"
            else '{"errcode": 9, "errmsg": "token expired"}'
        )

    with vendor(answer) as server:
        more = f"<type_return>json\n<headers>X-Auth-Token=$token$\n<cliktocalltoken>\n<with_token>1\n<url>http://127.0.0.1:{server.port}/token\n<type_return>json"
        assert await heard(file(tmp_path, server.port, more), 1) == [RING]
        assert [came.path for came in server.came][:4] == ["/token", "/poll", "/token", "/poll"]


async def test_an_account_that_is_refused_ends_the_line_with_the_reason(tmp_path: Path) -> None:
    with vendor(reply("", "401 Unauthorized")) as server:
        desk = connect("web", extension="1024", options={"file": file(tmp_path, server.port, "")})
        with desk.events() as events, pytest.raises(OffhookError, match="account"):
            async with asyncio.timeout(10), desk:
                await anext(events)


async def test_one_token_for_all_who_wait_and_as_long_as_it_says(tmp_path: Path) -> None:
    """Poller and diallers of three desks share what one request got; it is renewed when its time is over."""

    def answer(came: Came) -> bytes:
        if came.path == "/token":
            return reply('{"token": "t", "expires_in": 2}')
        return reply("{}")

    with vendor(answer) as server:
        more = f"<headers>X-Auth-Token=$token$\n<cliktocalltoken>\n<with_token>1\n<url>http://127.0.0.1:{server.port}/token\n<type_return>json"
        path = file(tmp_path, server.port, more)
        desks = [connect("web", extension=each, options={"file": path}) for each in ("1", "2", "3")]
        async with desks[0], desks[1], desks[2]:
            await asyncio.gather(*(desk.dial(NUMBER) for desk in desks))
            assert sum(came.path == "/token" for came in server.came) == 1
            async with asyncio.timeout(10):
                while sum(came.path == "/token" for came in server.came) < 2:
                    await asyncio.sleep(0.05)


async def test_a_token_server_that_fails_fails_once_for_all_who_wait(tmp_path: Path) -> None:
    with vendor(lambda came: None if came.path == "/token" else reply("{}")) as server:
        more = f"<headers>X=$token$\n<cliktocalltoken>\n<with_token>1\n<url>http://127.0.0.1:{server.port}/token\n<type_return>json"
        path = file(tmp_path, server.port, more.replace("<with_event>1", ""))
        lines = [
            WebInterface.for_desk(each, given(ABOUT, {"file": path, "timeout_s": "1"}))[0]
            for each in "123456"
        ]
        begun = asyncio.get_running_loop().time()
        outcomes = await asyncio.gather(
            *(
                each.send(Dial(id=str(number), number="1"), Device("1"), Dialled("1"))
                for number, each in enumerate(lines)
            ),
            return_exceptions=True,
        )
        assert all(isinstance(each, OffhookError) for each in outcomes)
        assert asyncio.get_running_loop().time() - begun < 5, "not one after the other"
        assert server.dials() == []


async def test_closing_does_not_wait_for_a_poll_that_hangs(tmp_path: Path) -> None:
    with vendor(lambda _came: None) as server:
        path = file(tmp_path, server.port, "")
        content = Path(path).read_text("utf-8").replace("<timeout2>2", "<timeout2>60")
        Path(path).write_text(content, "utf-8")
        interface, _device = WebInterface.for_desk("1024", given(ABOUT, {"file": path}))
        await interface.open()
        while not server.came:
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            await interface.close()
        assert [event async for event in interface.events()] == []


async def test_what_comes_in_is_a_call_with_its_reason(tmp_path: Path) -> None:
    with vendor(one_after_the_other([told("RING"), told("HANGUP")])) as server:
        desk = connect(
            "web", extension="1024", options={"file": file(tmp_path, server.port, "<type_return>json")}
        )
        with desk.events() as events:
            async with asyncio.timeout(10), desk:
                async for event in events:
                    if isinstance(event, Ended):
                        assert event.reason is Reason.UNKNOWN, "nobody said whether it was answered"
                        break
        assert desk.calls == ()


class TestContract(InterfaceContract):
    """What holds of every interface."""

    link = False
    secrets = ("z-Fledermaus:7&",)

    @pytest.fixture(autouse=True)
    def _server(self, tmp_path: Path) -> Iterator[None]:
        self.said: deque[str] = deque()

        def answer(came: Came) -> bytes:
            return reply(self.said.popleft() if came.path == "/poll" and self.said else "{}")

        with vendor(answer) as server:
            self.file = file(tmp_path, server.port, "<type_return>json\n<event_hangup>HANGUP")
            path = Path(self.file)
            path.write_text(path.read_text("utf-8").replace("/dial?n=", "/dial?pw=$mdp$&n="), "utf-8")
            yield

    async def make(self) -> Interface:
        options = {"file": self.file, "desk.password": self.secrets[0]}
        return WebInterface.for_desk("1001", given(ABOUT, options))[0]

    async def ring(self) -> None:
        self.said.append(told("RING"))

    async def hang_up(self) -> None:
        self.said.append(told("HANGUP"))
