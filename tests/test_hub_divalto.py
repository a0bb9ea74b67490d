"""The seed's protocol on the hub: its very file, unmodified, on port 8082; credentials; polls that are held."""

import asyncio
import base64
import gc
import http.client
import json
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from hubs import OFFHOOK, Program, environment, offhook, program
from offhook.api.access import Access
from offhook.board.key import DeskKey
from offhook.board.sqlite import SqliteStore
from offhook.board.switchboard import Switchboard
from offhook.embed import clock
from offhook.hub import divalto
from offhook.hub.divalto import CONFIRMED_S, Divalto, Terms, Waiting, _oldest, _once_more
from offhook.interfaces.simulator.driver import SimulatorInterface
from offhook.model import News
from offhook.settings.files import alone
from offhook.settings.running import running
from offhook.transport.http import request

pytestmark = pytest.mark.slow

SEED = Path(__file__).parent / "data"
PATH = "/DhDivaltoServerCTI/api/cti"
DESK = {"OFFHOOK_INTERFACE": "web", "OFFHOOK_SHARED_FOLDER": str(SEED), "OFFHOOK_DESK__EXTENSION": "1024"}


class Listener:
    """``offhook listen --json`` as a real process."""

    def __init__(self, home: Path, *words: str, **more: str) -> None:
        self.process = subprocess.Popen(
            [OFFHOOK, "listen", "--json", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(home, **more),
        )
        self.until("LineBack")

    def until(self, name: str) -> list[dict[str, Any]]:
        """Return what it says up to and with an event of that name."""
        found: list[dict[str, Any]] = []
        assert self.process.stdout is not None
        while not found or found[-1]["event"] != name:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read() if self.process.stderr else ""
            found.append(json.loads(line))
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=20)


def ask(
    port: int, method: str, what: str, body: str | bytes | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    link.request(method, f"{PATH}/{what}", body, headers)
    answer = link.getresponse()
    found = answer.status, json.loads(answer.read() or b"{}")
    link.close()
    return found


def does(home: Path, *words: str) -> None:
    done = offhook(home, *words)
    assert done.returncode == 0, done.stderr


def calls_at(home: Path, desk: str) -> list[dict[str, Any]]:
    here = running(folder=str(home))
    assert here is not None
    found: list[dict[str, Any]] = request("GET", here.url, f"/v1/desk/calls?desk={desk}", here.tokens[desk])[
        "calls"
    ]
    return found


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Program]:
    """A hub on the seed's own port, whoever is near may use it; one at a time on this machine."""
    lock = str(Path(tempfile.gettempdir()) / "offhook-port-8082.lock")
    words = ("hub", "--port", "8082", "--desks", "1024")
    with alone(lock, 100), program(tmp_path / "hub", *words, OFFHOOK_HUB__DIVALTO_AUTH="open") as found:
        yield found


def test_the_seeds_own_file_unmodified(hub: Program, tmp_path: Path) -> None:
    """Token, one POST, and the switch makes the call; what is set for the desk arrives once each, in order."""
    home = tmp_path / "desk"
    listener = Listener(home, **DESK)
    done = offhook(home, "dial", "0388202020", **DESK)
    assert done.returncode == 0, done.stderr
    (call,) = calls_at(tmp_path / "hub", "1024")
    assert (call["dialled"], call["direction"]) == ("0388202020", "click2dial")
    for word in ("RING", "CONNECT", "POPUP", "HANGUP"):
        assert ask(8082, "POST", f"setevent?ident=1024&telorg=1024&tel=0388202020&cmdevent={word}") == (
            200,
            {"result": "OK"},
        )
    heard = listener.until("Ended")
    assert [each["event"] for each in heard] == ["Ringing", "Connected", "PopRequested", "Ended"]
    assert heard[0]["number"] == "+33388202020"
    assert len({each["call"] for each in heard}) == 1
    assert offhook(home, "listen", "--json", **DESK).returncode == 4, "two readers would each get half"
    listener.stop()


def test_what_is_sent_is_one_token_and_one_dial(hub: Program, tmp_path: Path) -> None:
    """As the trace file that ``debug`` asks for shows it; the name of the file is the seed's."""
    shared = tmp_path / "sys"
    shared.mkdir()
    data = (SEED / "clicktocall_param.txt").read_bytes().replace(b"<debug>0", b"<debug>1")
    (shared / "clicktocall_param.txt").write_bytes(data)
    assert (
        offhook(
            tmp_path / "desk", "dial", "0388202020", **(DESK | {"OFFHOOK_SHARED_FOLDER": str(shared)})
        ).returncode
        == 0
    )
    trace = tmp_path / "desk" / "log" / "DhDivaltoClickToCall.log"
    sent = [line.split("] ", 1)[1] for line in trace.read_text().splitlines() if "http://" in line]
    assert sent == [
        f"GET http://localhost:8082{PATH}/gettoken",
        f"POST http://localhost:8082{PATH}/setevent?ident=1024&telorg=1024&tel=0388202020&cmdevent=DIAL",
    ]
    assert trace.stat().st_mode & 0o077 == 0


def test_incoming_calls_of_the_switch_reach_whoever_polls(hub: Program, tmp_path: Path) -> None:
    home = tmp_path / "desk"
    listener = Listener(home, **DESK)
    does(tmp_path / "hub", "simulate", "call", "1024", "0388202020")
    assert listener.until("Ringing")[-1]["number"] == "+33388202020"
    does(tmp_path / "hub", "answer")
    listener.until("Connected")
    does(tmp_path / "hub", "simulate", "hangup", "1024")
    assert listener.until("Ended")[-1]["reason"] == "completed"
    listener.stop()


def test_what_is_set_for_a_desk_is_on_its_page_too(hub: Program, tmp_path: Path) -> None:
    ask(8082, "POST", "setevent?telorg=1024&tel=0388202020&cmdevent=RING")
    (call,) = calls_at(tmp_path / "hub", "1024")
    assert (call["state"], call["number"], call.get("can", [])) == ("alerting", "+33388202020", []), (
        "nothing can be asked of it here"
    )
    ask(8082, "POST", "setevent?telorg=1024&tel=0388202020&cmdevent=HANGUP")
    assert calls_at(tmp_path / "hub", "1024") == []


JSON, FORM = {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}
WAYS: list[tuple[str, str, str, dict[str, str]]] = [
    # method, address, body, headers: {n} is the number, {w} the word
    ("POST", "?ident=x&telorg=1024&tel={n}&cmdevent={w}", "", {}),
    ("GET", "?telorg=1024&tel={n}&cmdevent={w}", "", {}),
    ("GET", "?telorg=1024&tel=sip%3A{n}%4010.0.0.1&cmdevent={w}", "", {}),
    ("POST", "", "telorg=1024&tel={n}&cmdevent={w}", FORM),
    ("POST", "?telorg=1024", "tel={n}&cmdevent={w}\r\n", {"Content-Type": "text/plain"}),
    ("PUT", "", '{{"telorg": "1024", "tel": "{n}", "cmdevent": "{w}", "more": null}}', JSON),
    ("POST", "?cmdevent={w}", '\ufeff{{"telorg": 1024, "tel": 33{s}, "cmdevent": "DIAL"}}', {}),
]


def test_each_way_to_tell_an_event_reaches_the_desk_s_stream_and_its_calls(
    hub: Program, tmp_path: Path
) -> None:
    """A telephone's action URLs: by GET or POST, in the address, a form or JSON, however it is labelled."""
    home = tmp_path / "hub"
    listener = Listener(home, "--desk", "1024")
    try:
        for turn, (method, address, body, headers) in enumerate(WAYS):
            number = f"038820202{turn}"
            for word, state in (
                ("RING", "alerting"),
                ("CONNECT", "connected"),
                ("POPUP", "connected"),
                ("HANGUP", ""),
            ):
                facts = {"n": number, "s": number[1:], "w": word}
                sent = body.format(**facts).encode() if body else None
                said = ask(8082, method, f"setevent{address.format(**facts)}", sent, **headers)
                assert said == (200, {"result": "OK"}), (method, address, body)
                shown = [(each["state"], each["number"]) for each in calls_at(home, "1024")]
                assert shown == ([(state, f"+33{number[1:]}")] if state else [])
            heard = listener.until("Ended")
            assert [each["event"] for each in heard] == ["Ringing", "Connected", "PopRequested", "Ended"]
            assert len({each["call"] for each in heard}) == 1
            assert (heard[0]["number"], heard[-1]["reason"]) == (f"+33{number[1:]}", "completed")
    finally:
        listener.stop()


@pytest.mark.parametrize("word", ["", "&cmdevent=", "&cmdevent=DIAL", "&cmdevent=dial"])
def test_a_call_is_never_placed_by_get(hub: Program, tmp_path: Path, word: str) -> None:
    status, said = ask(8082, "GET", f"setevent?telorg=1024&tel=0388202020{word}")
    assert (status, said["error"]["code"]) == (400, "dial_by_get")
    link = http.client.HTTPConnection("127.0.0.1", 8082, timeout=30)
    for what in (word, "&cmdevent=RING"):
        link.request("HEAD", f"{PATH}/setevent?telorg=1024&tel=0388202020{what}")
        link.getresponse().read()
    link.close()
    assert calls_at(tmp_path / "hub", "1024") == [], "and looking what is there does nothing"


@pytest.mark.parametrize("body", ["{", "[1]", '{"telorg": {"a": 1}}', "\x00\xff", '{"a":' * 5000])
def test_a_body_that_is_no_parameters_is_refused(hub: Program, body: str) -> None:
    status, said = ask(8082, "POST", "setevent?cmdevent=RING", body.encode("latin-1"))
    assert (status in (400, 409), said["result"]) == (True, "ERROR")


def test_calls_go_on_over_a_restart_of_the_hub(tmp_path: Path) -> None:
    """What rang before ends as what it is; nothing stays on the page that nobody can end."""
    home, words = tmp_path / "hub", ("hub", "--port", "0", "--desks", "1024")
    for cmdevent, shown in (("RING", ["alerting"]), ("CONNECT", ["connected"]), ("HANGUP", [])):
        with program(home, *words, OFFHOOK_HUB__DIVALTO_AUTH="open") as hub:
            port = int(hub.said["hub"].rpartition(":")[2])
            ask(port, "POST", f"setevent?telorg=1024&tel=0388202020&cmdevent={cmdevent}")
            assert [each["state"] for each in calls_at(home, "1024")] == shown


def test_getevent_by_hand(hub: Program) -> None:
    empty = (200, {"event": "", "tel": ""})
    assert ask(8082, "GET", "getevent?ident=x&telorg=1024") == empty
    ask(8082, "POST", "setevent?telorg=1024&tel=%2B33388202020&cmdevent=ring")
    ask(8082, "PUT", "setevent?telorg=1024&tel=0388202021&cmdevent=POPUP")
    first, second = (ask(8082, "GET", "getevent?telorg=1024")[1] for _turn in "12")
    assert [(each["event"], each["tel"]) for each in (first, second)] == [
        ("RING", "+33388202020"),
        ("POPUP", "0388202021"),
    ]
    assert first["id"] != second["id"]
    assert ask(8082, "GET", "getevent?telorg=1024") == empty


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("setevent?telorg=999&tel=1&cmdevent=DIAL", 409, "desk_unknown"),
        ("setevent?telorg=1024&tel=1&cmdevent=FLY", 400, "command_unreadable"),
        ("setevent?telorg=1024&tel=abc&cmdevent=DIAL", 422, "number_unreadable"),
        ("setevent?telorg=1024&tel=&cmdevent=DIAL", 422, "number_empty"),
        ("setevent?telorg=../x&tel=1", 409, "desk_unknown"),
    ],
)
def test_what_it_refuses(hub: Program, what: str, status: int, code: str) -> None:
    """Never 401 or 403, which would have a client ask for a new token; never 5xx, which would leave it in doubt."""
    found, said = ask(8082, "POST", what)
    assert (found, said["error"]["code"]) == (status, code)
    assert said["error"]["hint"]


def test_a_poll_is_held_until_there_is_something(hub: Program) -> None:
    link = http.client.HTTPConnection("127.0.0.1", 8082, timeout=30)
    link.request("GET", f"{PATH}/getevent?telorg=1024&wait=20")
    begun = time.monotonic()
    ask(8082, "POST", "setevent?telorg=1024&tel=0388202020&cmdevent=RING")
    assert json.loads(link.getresponse().read())["event"] == "RING"
    link.close()
    assert time.monotonic() - begun < 10
    assert ask(8082, "GET", "getevent?telorg=1024&wait=0.2")[1]["event"] == ""


def test_an_event_is_not_handed_to_a_reader_that_has_left(hub: Program) -> None:
    gone = http.client.HTTPConnection("127.0.0.1", 8082, timeout=30)
    gone.request("GET", f"{PATH}/getevent?telorg=1024&wait=20")
    ask(8082, "GET", "getevent?telorg=1024")  # the hub has the other by now, too
    gone.close()
    ask(8082, "POST", "setevent?telorg=1024&tel=0388202020&cmdevent=RING")
    assert ask(8082, "GET", "getevent?telorg=1024&wait=5")[1]["event"] == "RING"


def test_an_event_for_a_poll_whose_client_has_gone_waits_for_the_next(hub: Program) -> None:
    """As with a client that reads for a second only, and a hub that holds for longer."""
    gone = http.client.HTTPConnection("127.0.0.1", 8082, timeout=30)
    gone.request("GET", f"{PATH}/getevent?telorg=1024&wait=20")
    gone.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        gone.sock.recv(1)
    gone.close()
    ask(8082, "POST", "setevent?telorg=1024&tel=0388202020&cmdevent=RING")
    assert ask(8082, "HEAD", "getevent?telorg=1024")[0] == 200, "and asking without a body takes nothing"
    assert [ask(8082, "GET", "getevent?telorg=1024")[1]["event"] for _turn in "12"] == ["RING", ""]


def test_what_was_handed_out_comes_once_more_where_no_poll_followed() -> None:
    waiting = Waiting()
    waiting.events.append((time.monotonic(), b"RING"))
    assert _oldest(waiting) == b"RING"
    assert _once_more(waiting) is None, "the next poll says that it arrived"
    waiting.handed = (time.monotonic() - CONFIRMED_S - 1, b"RING")
    assert _once_more(waiting) == b"RING"
    assert _once_more(waiting) is None, "once"


# --- accounts -------------------------------------------------------------------------------------

CREDENTIALS = """<global>
<cliktocalldial>
<url>http://127.0.0.1:{port}/DhDivaltoServerCTI/api/cti/setevent?telorg=$telorg$&tel=$teldest$
<headers>{dial}
<cliktocallevent>
<with_event>1
<url>http://127.0.0.1:{port}/DhDivaltoServerCTI/api/cti/getevent?telorg=$telorg$
<headers>{dial}
<type_return>json
{token}
"""
TOKEN = """<cliktocalltoken>
<with_token>1
<url>http://127.0.0.1:{port}/DhDivaltoServerCTI/api/cti/gettoken
<headers>Authentification=$auth$
<type_return>json
"""


def write(folder: Path, port: int, dial: str, token: str = "") -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    text = CREDENTIALS.format(port=port, dial=dial, token=token.format(port=port))
    (folder / "clicktocall_param.txt").write_text(text)
    return {"OFFHOOK_INTERFACE": "web", "OFFHOOK_SHARED_FOLDER": str(folder)}


def set_password(home: Path, desk: str, user: str, password: str) -> None:
    """Give a desk of the hub its account."""
    offhook(home, "settings", "set", "--desk", desk, "desk.user", user)
    subprocess.run(
        [OFFHOOK, "settings", "set", "--desk", desk, "desk.password"], input=f"{password}\n", text=True, check=True,
        env=environment(home), stdout=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("auth", "dial", "token"),
    [
        ("basic", "Authorization=Basic $auth$", ""),
        ("basic", "Authentification=$auth$", ""),
        ("token", "Authorization=Bearer $token$", TOKEN),
    ],
)
def test_an_account_or_a_token(tmp_path: Path, auth: str, dial: str, token: str) -> None:
    home = tmp_path / "hub"
    set_password(home, "1001", "claire", "s3cret é")
    set_password(home, "1002", "hugo", "other")
    with program(home, "hub", "--port", "0", OFFHOOK_HUB__DIVALTO_AUTH=auth) as hub:
        port = int(hub.said["hub"].rpartition(":")[2])
        way = write(tmp_path / "sys", port, dial, token)
        claire = way | {
            "OFFHOOK_DESK__EXTENSION": "1001",
            "OFFHOOK_DESK__USER": "claire",
            "OFFHOOK_DESK__PASSWORD": "s3cret é",
        }
        assert offhook(tmp_path / "desk", "dial", "0388202020", **claire).returncode == 0
        assert len(calls_at(home, "1001")) == 1
        for wrong in (
            {"OFFHOOK_DESK__PASSWORD": "x"},
            {"OFFHOOK_DESK__EXTENSION": "1002"},
            {"OFFHOOK_DESK__USER": "hugo"},
        ):
            done = offhook(tmp_path / "desk2", "dial", "0388202021", "--json", **(claire | wrong))
            assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (5, "account_refused"), (
                wrong
            )
        assert calls_at(home, "1002") == []
        basic = base64.b64encode("claire:s3cret é".encode()).decode()
        assert ask(port, "GET", "getevent?telorg=1001")[0] == 401
        if auth == "token":
            status, said = ask(port, "GET", "gettoken", Authorization=f"Basic {basic}")
            assert (status, said["expires_in"]) == (200, 3600)
            for altered in (said["token"][:-1], said["token"].replace("1001", "1002", 1), "x", ""):
                assert ask(port, "GET", "getevent?telorg=1001", Authorization=f"Bearer {altered}")[0] == 401


def test_a_token_the_hub_no_longer_knows_is_renewed_once_and_the_call_made_once(tmp_path: Path) -> None:
    """The hub restarts with another key while a desk keeps its token: one new token, one call."""
    home = tmp_path / "hub"
    set_password(home, "1001", "claire", "s3cret")
    first = Program(home, "hub", "--port", "0", OFFHOOK_HUB__DIVALTO_AUTH="token")
    port = first.said["hub"].rpartition(":")[2]
    path = tmp_path / "sys"
    write(path, int(port), "Authorization=Bearer $token$", TOKEN)
    code = (
        "import asyncio, sys, offhook\n"
        "async def main():\n"
        "    desk = offhook.connect('web', extension='1001', options={'desk.user': 'claire', 'desk.password': 's3cret', 'shared_folder': sys.argv[1]})\n"
        "    async with desk:\n"
        "        print('up', flush=True); sys.stdin.readline()\n"
        "        await desk.dial('0388202020'); print('dialled', flush=True)\n"
        "asyncio.run(main())\n"
    )
    python = str(Path(OFFHOOK).with_name("python"))
    desk = subprocess.Popen(
        [python, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path / "desk"),
    )
    assert desk.stdout is not None
    assert desk.stdout.readline() == "up\n"
    first.stop()
    (home / "hub.key").unlink()
    with program(home, "hub", "--port", port, OFFHOOK_HUB__DIVALTO_AUTH="token"):
        out, _error = desk.communicate("go\n", timeout=60)
        assert out == "dialled\n"
        assert len(calls_at(home, "1001")) == 1


# --- the routes over a board in this process: desks come and go, accounts are counted -------------------


class Served:
    """The protocol's routes on a socket, with what is behind them."""

    def __init__(
        self, board: Switchboard, switch: SimulatorInterface, accounts: dict[str, tuple[str, str]]
    ) -> None:
        self.board = board
        self.switch = switch
        self.accounts = accounts
        self.read: Counter[str] = Counter()
        self.routes: Divalto
        self.port = 0
        self.ahead_s = 0.0

    def account(self, key: DeskKey) -> tuple[str, str]:
        """What the routes ask of the settings; each time is counted."""
        self.read[key.extension] += 1
        return self.accounts.get(key.extension, ("", ""))

    async def ask(self, what: str, account: str = "") -> tuple[int, dict[str, Any]]:
        """Ask as somebody who shows ``user:password``."""
        shown = {"Authorization": f"Basic {base64.b64encode(account.encode()).decode()}"} if account else {}
        return await asyncio.to_thread(ask, self.port, "GET", what, **shown)

    async def hears(self, *steps: str) -> tuple[list[str], list[str], list[str]]:
        """Tell a desk ``WORD NUMBER`` or let ``SECONDS`` pass, in turn.

        Returns what the desk hears, which calls are left, and what waits for whoever polls.
        """
        heard: list[str] = []
        desk = self.board.desk(CLAIRE)
        stop = desk.on_news(lambda news: heard.append(_short(news)))
        for step in steps:
            word, _blank, number = step.partition(" ")
            if number:
                await self.ask(f"setevent?telorg=1001&cmdevent={word}&tel={number}")
            else:
                self.ahead_s += float(word)
        stop()
        waiting = []
        while (event := (await self.ask(POLL))[1])["event"]:
            waiting.append(f"{event['event']} {event['tel']}")
        return heard, [call.party.raw for call in desk.calls], waiting

    async def desk_of(self, account: str, what: str = "gettoken") -> str:
        """Return whose token is given for an account, ``""`` for none, and start counting anew."""
        self.read.clear()
        status, said = await self.ask(what, account)
        assert status in (200, 401), said
        return str(said["token"]).partition(".")[0] if status == 200 else ""

    async def rings(self, desk: str) -> str:
        """Return the first event that waits for a desk, as soon as there is one."""
        async with asyncio.timeout(20):
            while not (found := (await self.ask(f"getevent?telorg={desk}"))[1])["event"]:
                pass
        return f"{found['event']} {found['tel']}"

    def call(self, desk: str, number: str) -> None:
        """Let somebody outside call a desk."""
        assert self.switch.own is not None
        self.switch.own._do({"do": "Incoming", "to": desk, "number": number})


@asynccontextmanager
async def served(
    auth: str, desks: int, accounts: dict[str, tuple[str, str]] | None = None
) -> AsyncIterator[Served]:
    switch = SimulatorInterface("FR")
    store = await SqliteStore.opened(None)
    board = Switchboard(store, clock, switch)
    await board.add(DeskKey(str(1001 + each)) for each in range(desks))
    await board.start()
    found = Served(board, switch, accounts or {})
    access = Access(b"x" * 32, lambda: board.desks, ())
    found.routes = Divalto(
        board, access, found.account, Terms(auth), lambda: clock() + timedelta(seconds=found.ahead_s), "FR"
    )
    with socket.create_server(("127.0.0.1", 0)) as made:
        found.port = made.getsockname()[1]
        app = Starlette(routes=found.routes.routes())
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server._serve([made]))
        yield found
        server.should_exit = True
        await serving
    await board.stop()
    await store.close()


CLAIRE = DeskKey("1001")
POLL = "getevent?telorg=1001"


def _short(news: News) -> str:
    reason = getattr(news.event, "reason", "")
    return " ".join(
        filter(None, (type(news.event).__name__, news.call.party.raw if news.call else "", reason))
    )


A, B = "0388202020", "0388404040"
RUNG = [
    # what a telephone tells, what the desk hears, which calls are left, what waits for whoever polls
    ([f"RING {A}", "9", f"RING {A}", "9", f"RING {A}"], [f"Ringing {A}"], [A], [f"RING {A}"]),
    ([f"RING {A}", "11", f"RING {A}"], [f"Ringing {A}", f"Ended {A} unknown", f"Ringing {A}"], [A], [f"RING {A}", f"HANGUP {A}", f"RING {A}"]),
    ([f"RING {A}", f"HANGUP {A}", f"RING {A}"], [f"Ringing {A}", f"Ended {A} unknown", f"Ringing {A}"], [A], [f"RING {A}", f"HANGUP {A}", f"RING {A}"]),
    ([f"RING {A}", f"CONNECT {A}", f"RING {A}"], [f"Ringing {A}", f"Connected {A}", f"Ended {A} unknown", f"Ringing {A}"], [A], [f"RING {A}", f"CONNECT {A}", f"HANGUP {A}", f"RING {A}"]),
    ([f"RING {A}", f"RING {B}", f"RING {A}"], [f"Ringing {A}", f"Ended {A} unknown", f"Ringing {B}", f"Ended {B} unknown", f"Ringing {A}"], [A], [f"RING {A}", f"HANGUP {A}", f"RING {B}", f"HANGUP {B}", f"RING {A}"]),
    # a telephone that tells hang-ups, too, may have two calls
    ([f"RING {A}", f"HANGUP {A}", f"RING {A}", f"CONNECT {A}", f"RING {B}", f"HANGUP {A}"], [f"Ringing {A}", f"Ended {A} unknown", f"Ringing {A}", f"Connected {A}", f"Ringing {B}", f"Ended {A} completed"], [B], None),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "heard", "left", "waiting"), RUNG)
async def test_a_number_rung_again(
    steps: list[str], heard: list[str], left: list[str], waiting: list[str] | None
) -> None:
    async with served("open", 1) as hub:
        found = await hub.hears(*steps)
        assert found[:2] == (heard, left)
        assert waiting is None or found[2] == waiting


async def test_nothing_piles_up_on_the_page_where_a_telephone_tells_only_that_it_rings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(divalto, "LOOKED_AFTER_S", 0.01)
    async with served("open", 1) as hub:
        looking_after = asyncio.create_task(hub.routes.watch())
        _heard, left, _waiting = await hub.hears(*(f"RING 03882020{n}" for n in range(10, 60)))
        assert left == ["0388202059"]
        hub.ahead_s += divalto.RING_MAX_S + 1
        async with asyncio.timeout(10):
            while hub.board.desk(CLAIRE).calls:
                await asyncio.sleep(0.01)
        assert (await hub.ask(POLL))[1]["event"] == "HANGUP", "whoever polls hears of it"
        looking_after.cancel()


async def again(hub: Served) -> None:
    """Remove a desk and add it again, as happens where an administrator does so."""
    await hub.board.remove(CLAIRE)
    await hub.board.add([CLAIRE])


async def test_a_desk_removed_and_added_again_hears_of_its_calls() -> None:
    async with served("open", 3) as hub:
        assert (await hub.ask(POLL))[1]["event"] == ""
        for number in ("0388202020", "0388202021"):
            await again(hub)
            assert (await hub.ask(POLL))[1]["event"] == "", (
                "what waited for the desk that was removed is gone"
            )
            hub.call("1001", number)
            assert await hub.rings("1001") == f"RING {number}"


async def test_what_rings_while_a_desk_that_came_back_has_not_polled_yet_is_told_at_its_first_poll() -> None:
    async with served("open", 3) as hub:
        await again(hub)
        hub.call("1001", "0388202020")
        async with asyncio.timeout(20):
            while not hub.board.desks[CLAIRE].calls:
                await asyncio.sleep(0)
        assert (await hub.ask(POLL))[1]["event"] == "RING"
        assert (await hub.ask(POLL))[1]["event"] == "", "once"


async def test_a_desk_that_is_removed_is_refused_and_nothing_is_kept_of_it() -> None:
    async with served("open", 3) as hub:
        assert (await hub.ask(POLL))[0] == 200
        assert len(hub.routes._serves) == 3
        await hub.board.remove(CLAIRE)
        assert (await hub.ask(POLL))[1]["error"]["code"] == "desk_unknown"
        gc.collect()
        assert len(hub.routes._serves) == 2


MANY = 300
ACCOUNTS = {
    "1001": ("claire", "s3cret"), "1002": ("hugo", "other"), "1003": ("", "own"), "1004": ("nobody", ""),
    "1150": ("claire", "another"), "1151": ("zoé", "clé"), "1152": ("hugo", "other"),
}  # fmt: skip
SHOWN = [
    # account, which desk is given a token, at most how many desks' accounts are read for it
    ("claire:s3cret", "gettoken", "1001", 1),
    ("claire:another", "gettoken", "1150", 1),
    ("zoé:clé", "gettoken", "1151", 1),
    ("hugo:other", "gettoken", "1002", 1),
    ("hugo:other", "gettoken?telorg=1152", "1152", 1),
    ("1003:own", "gettoken", "1003", 1),
    ("claire:s3cret", "gettoken?telorg=1001", "1001", 1),
    ("claire:s3cret", "gettoken?telorg=1002", "", 1),
    ("claire:s3cret", "gettoken?telorg=9999", "", 0),
    ("claire:wrong", "gettoken", "", 0),
    ("nobody:", "gettoken", "", 0),
    ("1004:", "gettoken", "", 0),
    (":", "gettoken", "", 0),
]


@pytest.mark.parametrize("auth", ["basic", "token"])
async def test_a_token_without_telorg_is_the_accounts_and_costs_no_look_at_every_desk(auth: str) -> None:
    async with served(auth, MANY, ACCOUNTS) as hub:
        assert await hub.desk_of("a:b") == "", "every desk's account is looked at once"
        assert hub.read.total() == MANY
        for account, what, desk, read in SHOWN:
            assert await hub.desk_of(account, what) == desk, (account, what)
            assert hub.read.total() <= read, (account, what)


async def test_an_account_that_is_changed_counts_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served("basic", 5, dict(ACCOUNTS)) as hub:
        assert await hub.desk_of("claire:s3cret") == "1001"
        hub.accounts["1001"] = ("claire", "new")
        assert await hub.desk_of("claire:s3cret") == "", "what was right before is refused at once"
        monkeypatch.setattr(divalto, "INDEXED_S", 0.0)
        assert await hub.desk_of("claire:new") == "1001"
        hub.accounts["1001"] = ("clara", "new")
        assert [await hub.desk_of(each) for each in ("claire:new", "clara:new")] == ["", "1001"]
        await hub.board.add([DeskKey("1150")])
        assert await hub.desk_of("claire:another") == "1150"
        await hub.board.remove(CLAIRE)
        assert await hub.desk_of("clara:new") == ""


async def test_many_who_come_at_once_have_the_accounts_looked_at_once() -> None:
    async with served("basic", MANY, ACCOUNTS) as hub:
        came = await asyncio.gather(*(hub.ask("gettoken", "claire:s3cret") for _each in range(8)))
        assert [status for status, _said in came] == [200] * 8
        assert hub.read["1300"] == 1


# --- a desk that is a browser page ----------------------------------------------------------------


def test_a_desk_without_installation_works_through_the_hub_with_its_own_account(tmp_path: Path) -> None:
    """One hub speaks the vendor's API for each of its desks, with that desk's number, user and password."""
    from test_web_events import told
    from vendor import Came, reply, vendor

    def answer(came: Came) -> bytes:
        user = base64.b64decode(came.headers["authorization"].split()[1]).decode()
        if came.path == "/poll":
            fresh = (
                sum(
                    each.path == "/poll" and each.headers["authorization"] == came.headers["authorization"]
                    for each in server.came
                )
                == 1
            )
            return reply(
                told("RING", {"claire:one": "0388202020", "hugo:two": "0199000404"}[user]) if fresh else "{}"
            )
        return reply("{}")

    with vendor(answer) as server:
        shared = tmp_path / "sys"
        shared.mkdir()
        (shared / "clicktocall_param.txt").write_text(
            f"<global>\n<timeout1>0.05\n<cliktocalldial>\n<url>http://127.0.0.1:{server.port}/dial?from=$telorg$&to=$teldest$\n"
            f"<headers>Authorization=Basic $auth$\n<cliktocallevent>\n<with_event>1\n<type_return>json\n"
            f"<url>http://127.0.0.1:{server.port}/poll\n<headers>Authorization=Basic $auth$\n"
        )
        home = tmp_path / "hub"
        set_password(home, "1001", "claire", "one")
        set_password(home, "1002", "hugo", "two")
        more = {
            "OFFHOOK_SHARED_FOLDER": str(shared),
            "OFFHOOK_HUB__INTERFACE": "web",
            "OFFHOOK_HUB__DESKS": "1001 1002",
        }
        with program(home, "hub", "--port", "0", **more):
            until = time.monotonic() + 20
            while not (calls_at(home, "1001") and calls_at(home, "1002")):
                assert time.monotonic() < until
                time.sleep(0.05)
            assert [calls_at(home, desk)[0]["number"] for desk in ("1001", "1002")] == [
                "+33388202020",
                "+33199000404",
            ]
            assert offhook(home, "dial", "03 88 20 20 21", "--desk", "1002").returncode == 0
            (dial,) = server.dials()
            assert dial.target == "/dial?from=1002&to=0388202021"
            assert base64.b64decode(dial.headers["authorization"].split()[1]) == b"hugo:two"
