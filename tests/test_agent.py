"""The agent as a real process: one person's board on his machine, and how the commands find it."""

import asyncio
import contextlib
import http.cookies
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

import offhook
from hubs import OFFHOOK, Program, environment, program
from hubs import offhook as run
from offhook.settings.running import AGENT, HUB, Running, announce, running
from test_hub_api import bearer, get, hello, stream
from vendor import reply, vendor

pytestmark = pytest.mark.slow

NUMBER = "0388202020"
SOURCE = Path(offhook.__file__).parent


# --- a desk on this machine -----------------------------------------------------------------------


class Phone(NamedTuple):
    """The telephone program of this desk: it notes who started it, and with what."""

    home: Path

    @property
    def path(self) -> Path:
        return self.home / "phone"

    def calls(self) -> list[tuple[int, str]]:
        """Return who called it, by process, and the number."""
        try:
            lines = (self.home / "called").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [(int(caller), number) for caller, _blank, number in (line.partition(" ") for line in lines)]

    def make(self, then: str = "") -> None:
        """Write the program; ``then`` is what it does besides."""
        self.path.write_text(f'#!/bin/sh\necho "$PPID $1" >> "{self.home}/called"\n{then}\n')
        self.path.chmod(0o755)


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    """A desk whose interface is ``callto``, with a program that notes."""
    found = Phone(tmp_path)
    found.make()
    (tmp_path / "settings.toml").write_text(
        f'interface = "callto"\n[desk]\nextension = "1001"\n[callto]\ncommand = "{found.path} $teldest$"\n'
    )
    return found


@pytest.fixture
def agent(phone: Phone, tmp_path: Path) -> Iterator[Program]:
    """The agent of that desk."""
    with program(tmp_path, "agent") as found:
        yield found


@pytest.fixture
def here(agent: Program, tmp_path: Path) -> Running:
    return announced(tmp_path)


def announced(home: Path, name: str = AGENT) -> Running:
    found = running(name, str(home))
    assert found is not None, "nothing says where it is"
    return found


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def listeners(port: int) -> set[str]:
    """Return the addresses on which this machine listens at a port, as the system writes them."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _slot, local, _far, state = line.split()[:4]
            address, _colon, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.add(address)
    return found


def other_addresses() -> list[str]:
    """Return addresses of this machine that are not 127.0.0.1: the rest of the loopback's, and the network's."""
    found = ["127.0.0.2", "::1"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("198.51.100.1", 9))  # sends nothing: it only chooses an address
        found.append(str(probe.getsockname()[0]))
    return found


# --- where it is ----------------------------------------------------------------------------------


def test_it_says_where_it_is_and_listens_on_the_loopback_only(
    agent: Program, here: Running, tmp_path: Path
) -> None:
    assert sorted(agent.said) == ["agent", "page"]
    assert agent.said["agent"] == here.url
    assert list(here.tokens) == ["1001"]
    assert (tmp_path / "agent.json").stat().st_mode & 0o077 == 0
    port = int(here.url.rpartition(":")[2])
    assert here.url == f"http://127.0.0.1:{port}"
    assert listeners(port) == {"0100007F"}
    for address in other_addresses():
        with pytest.raises(OSError, match=r"refused|not available|unreachable"):
            socket.create_connection((address, port), 5)


def test_its_page_opens_by_its_address_once(agent: Program, here: Running) -> None:
    path = agent.said["page"].removeprefix(here.url)
    status, headers, _body = get(here, "GET", path)
    assert (status, headers["location"]) == (303, "/desk/1001")
    assert get(here, "GET", path)[0] == 401, "the address works once"
    status, _headers, body = get(here, "GET", "/desk/1001", Cookie=headers["set-cookie"].partition(";")[0])
    assert status == 200
    assert b"/static/desk.js" in body


def test_a_second_one_of_the_same_user_does_not_start(agent: Program, here: Running, tmp_path: Path) -> None:
    second = run(tmp_path, "agent", "--json")
    assert (said(second)["error"]["code"], second.returncode) == ("agent_running", 4)
    assert announced(tmp_path) == here, "the first one can still be found"
    assert run(tmp_path, "lines", "--json").returncode == 0


def test_two_users_have_one_each(agent: Program, here: Running, tmp_path: Path) -> None:
    with program(tmp_path / "other", "agent", "--desk", "1001", "--interface", "callto") as other:
        assert other.said["agent"] != here.url


def test_what_a_killed_one_left_goes_also_when_the_next_one_cannot_start(
    phone: Phone, tmp_path: Path
) -> None:
    announce(Running("http://127.0.0.1:9", {"1001": "1001.AAAA"}), AGENT, str(tmp_path))
    (tmp_path / "agent.sqlite").write_bytes(b"no database" * 100)
    failed = run(tmp_path, "agent", "--json")
    assert failed.returncode in (3, 4)
    assert running(AGENT, str(tmp_path)) is None
    assert (tmp_path / "agent.sqlite").read_bytes() == b"no database" * 100


# --- who dials ------------------------------------------------------------------------------------

WHO_DIALS: list[tuple[str, tuple[str, ...], bool]] = [
    ("a bare dial", (), True),
    ("one for its desk", ("--desk", "1001"), True),
    ("one for another desk", ("--desk", "1002"), False),
    ("an interface named for this one command", ("--interface", "callto"), False),
]


@pytest.mark.parametrize(
    ("words", "by_agent"), [row[1:] for row in WHO_DIALS], ids=[row[0] for row in WHO_DIALS]
)
def test_a_dial_goes_once_and_through_the_agent_that_serves_its_desk(
    agent: Program, phone: Phone, tmp_path: Path, words: tuple[str, ...], by_agent: bool
) -> None:
    done = run(tmp_path, "dial", NUMBER, *words)
    assert done.returncode == 0, done.stderr
    [(caller, number)] = phone.calls()
    assert number == NUMBER
    assert (caller == agent.process.pid) is by_agent


def test_a_double_click_is_one_call(agent: Program, phone: Phone, tmp_path: Path) -> None:
    clicks = [
        subprocess.Popen([OFFHOOK, "dial", NUMBER], env=environment(tmp_path), stdout=subprocess.DEVNULL)
        for _click in range(2)
    ]
    assert [each.wait(60) for each in clicks] == [0, 0]
    assert phone.calls() == [(agent.process.pid, NUMBER)]


def test_what_it_dials_is_heard_by_who_listens(
    agent: Program, here: Running, phone: Phone, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [OFFHOOK, "listen", "--json"], stdout=subprocess.PIPE, text=True, env=environment(tmp_path)
    ) as listening:
        assert listening.stdout is not None
        try:
            assert json.loads(listening.stdout.readline())["event"] == "LineBack"
            asked = said(run(tmp_path, "dial", NUMBER, "--json"))
            heard = [json.loads(listening.stdout.readline()) for _event in range(2)]
        finally:
            listening.send_signal(signal.SIGINT)
    assert [(each["event"], each["cause"]) for each in heard] == [
        ("Dialling", asked["id"]),
        ("HandedOver", asked["id"]),
    ]
    assert heard[1]["number"] == "+33388202020"
    assert heard[1]["after"] == heard[0]["seq"]


async def test_what_it_dials_is_on_the_pages_stream(
    agent: Program, here: Running, phone: Phone, tmp_path: Path
) -> None:
    path = agent.said["page"].removeprefix(here.url)
    cookie = get(here, "GET", path)[1]["set-cookie"].partition(";")[0]
    async with stream(here, Cookie=cookie, Origin=here.url) as socket_, asyncio.timeout(30):
        await hello(socket_, show="calls")
        dialling = asyncio.to_thread(run, tmp_path, "dial", NUMBER)
        done, heard = await asyncio.gather(dialling, until(socket_, "HandedOver"))
    assert done.returncode == 0
    assert [each["event"] for each in heard if each["event"] != "LineBack"] == ["Dialling", "HandedOver"]


def test_without_one_the_dial_is_made_from_here(phone: Phone, tmp_path: Path) -> None:
    done = run(tmp_path, "dial", NUMBER)
    assert done.returncode == 0, done.stderr
    assert [number for _caller, number in phone.calls()] == [NUMBER]


def test_a_killed_one_is_noticed_and_the_dial_made_from_here(
    agent: Program, here: Running, phone: Phone, tmp_path: Path
) -> None:
    agent.kill()
    assert (tmp_path / AGENT).exists(), "it had no time to take its address away"
    assert running(AGENT, str(tmp_path)) is None, "nobody holds its lock: it is not believed"
    done = run(tmp_path, "dial", NUMBER)
    assert done.returncode == 0, done.stderr
    assert [number for _caller, number in phone.calls()] == [NUMBER]


@pytest.mark.parametrize("name", [AGENT, HUB])
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="says nothing"),
        pytest.param(b"\x00\xffnonsense\r\n", id="nonsense"),
        pytest.param(reply("<html>", "404 Not Found", "text/html"), id="another's page"),
        pytest.param(reply('{"answer": "x", "as": "x"}'), id="nods to everything"),
    ],
)
def test_a_stranger_on_a_killed_ones_port_gets_no_token_and_holds_up_nobody(
    phone: Phone, tmp_path: Path, name: str, answer: bytes | None
) -> None:
    """Neither a dial, which can be made from here, nor what needs a board."""
    with vendor(lambda _came: answer) as stranger:
        announce(Running(f"http://127.0.0.1:{stranger.port}", {"1001": "1001.SECRET"}), name, str(tmp_path))
        began = time.monotonic()
        done = run(tmp_path, "dial", NUMBER)
        assert time.monotonic() - began < 10
        assert run(tmp_path, "lines").returncode == 2
        assert run(tmp_path, "listen", OFFHOOK_INTERFACE="hub").returncode == 4
        assert stranger.came == []
    assert done.returncode == 0, done.stderr
    assert [number for _caller, number in phone.calls()] == [NUMBER]


def test_one_that_does_not_answer_is_not_dialled_past(agent: Program, phone: Phone, tmp_path: Path) -> None:
    """It lives and may yet dial: the outcome is unknown, within a limit, and the number is called once."""
    agent.process.send_signal(signal.SIGSTOP)
    try:
        done = run(tmp_path, "dial", NUMBER, "--json")
        assert (said(done)["error"]["code"], done.returncode) == ("answer_lost", 7)
        assert phone.calls() == []
    finally:
        agent.process.send_signal(signal.SIGCONT)
    assert eventually(phone.calls)
    assert said(run(tmp_path, "lines", "--json"))["up"] is True
    assert phone.calls() == [(agent.process.pid, NUMBER)]


def test_one_that_dies_while_it_dials_is_not_dialled_past(
    agent: Program, phone: Phone, tmp_path: Path
) -> None:
    phone.make(then="kill -9 $PPID")
    done = run(tmp_path, "dial", NUMBER, "--json")
    assert (said(done)["error"]["code"], done.returncode) == ("answer_lost", 7)
    agent.kill()  # it is dead: only its pipes are closed
    assert phone.calls() == [(agent.process.pid, NUMBER)]
    phone.make()
    assert run(tmp_path, "dial", "0388202021").returncode == 0, "the next click finds another way"
    assert [number for _caller, number in phone.calls()] == [NUMBER, "0388202021"]


def test_a_command_for_which_there_must_be_one_says_that_there_is_none(phone: Phone, tmp_path: Path) -> None:
    announce(Running("http://127.0.0.1:9", {"1001": "1001.AAAA"}), AGENT, str(tmp_path))
    for interface, told in (
        ("hub", ("no_hub", 4)),
        ("callto", ("callto_only_dials", 2)),
        ("asterisk", ("board_needed", 4)),
    ):
        done = run(tmp_path, "lines", "--json", OFFHOOK_INTERFACE=interface)
        assert (said(done)["error"]["code"], done.returncode) == told


def eventually(found: Callable[[], Any], within_s: float = 20) -> Any:
    """Ask until there is something; returns it."""
    deadline = time.monotonic() + within_s
    while not (value := found()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.05)
    return value


# --- lines of its own -----------------------------------------------------------------------------


async def until(socket_: ClientConnection, event: str) -> list[dict[str, Any]]:
    """Return the events up to that one."""
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1]["event"] != event:
        message = json.loads(await socket_.recv())
        if "event" in message:
            heard.append(message)
    return heard


def told(event: dict[str, Any]) -> str:
    words = (
        event.get("number", "") if event["event"] == "Ringing" else "",
        event.get("reason", ""),
        event.get("snapshot", {}).get("state", ""),
    )
    return " ".join((event["event"], *(word for word in words if word)))


CALL = [
    ("Answer", "Connected"), ("Hold", "Held"), ("Resume", "Resumed"), ("SendDigits", ""), ("HangUp", "Ended"),
]  # fmt: skip
"""What is asked of the call, and what is then told."""
HEARD = [
    "Ringing +33388202020 alerting",
    "Connected connected",
    "Held held",
    "Resumed connected",
    "Ended completed cleared",
]
BOARDS = [
    ("agent", AGENT, ("agent",)),
    ("hub", HUB, ("hub", "--port", "0", "--desks", "1001-1002")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words"), [row[1:] for row in BOARDS], ids=[row[0] for row in BOARDS])
async def test_a_call_at_the_agents_desk_is_what_it_is_at_a_hubs(
    tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    with program(tmp_path, "simulate", "--desks", "1001-1002") as exchange:
        address = exchange.said["simulator"]
        (tmp_path / "settings.toml").write_text(
            f'interface = "simulator"\n[desk]\nextension = "1001"\n[simulator]\naddress = "{address}"\n'
        )
        with program(tmp_path, *words):
            here = announced(tmp_path, name)
            assert eventually(lambda: json.loads(get(here, "GET", "/v1/desk/calls", **bearer(here))[2])["up"])
            async with stream(here) as socket_, asyncio.timeout(60):
                welcome = (await hello(socket_))["welcome"]
                assert (welcome["desk"], welcome["up"], welcome["calls"]) == ("1001", True, [])
                assert {"Answer", "Hold", "Resume", "HangUp", "Park"} <= set(welcome["accepts"])
                done = await asyncio.to_thread(
                    run, tmp_path, "simulate", "call", "1001", NUMBER, "--at", address
                )
                assert done.returncode == 0, done.stderr
                heard = await until(socket_, "Ringing")
                for command, then in CALL:
                    asked = {"command": command, "id": command, "call": heard[0]["call"]} | (
                        {"digits": "1#"} if command == "SendDigits" else {}
                    )
                    status, _headers, body = await asyncio.to_thread(
                        get, here, "POST", "/v1/desk/commands", asked, **bearer(here)
                    )
                    assert (status, json.loads(body)) == (200, {"answer": command, "as": command})
                    if then:
                        heard += await until(socket_, then)
        assert [told(each) for each in heard] == HEARD
        assert [each["after"] for each in heard] == [welcome["seq"], *(each["seq"] for each in heard[:-1])]


# --- its settings page ----------------------------------------------------------------------------


@pytest.fixture
def cookie(agent: Program, here: Running) -> str:
    """What a browser has after the page was opened."""
    headers = get(here, "GET", agent.said["page"].removeprefix(here.url))[1]
    [(name, morsel)] = http.cookies.SimpleCookie(headers["set-cookie"]).items()
    return f"{name}={morsel.value}"


def settings_of(here: Running, **headers: str) -> dict[str, Any]:
    status, _headers, body = get(here, "GET", "/v1/settings?desk=1001", **headers)
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found | {"settings": {row["name"]: row for row in found["settings"]}}


def changed(
    here: Running, sets: dict[str, str | None], scope: str = "user", **headers: str
) -> dict[str, Any]:
    asked = {"scope": scope, "set": sets}
    _status, _headers, body = get(here, "POST", "/v1/settings?desk=1001", asked, **(headers or bearer(here)))
    found: dict[str, Any] = json.loads(body)
    return found


def test_its_settings_page_and_all_that_it_fetches(here: Running, cookie: str) -> None:
    status, _headers, body = get(here, "GET", "/desk/1001/settings", Cookie=cookie)
    assert status == 200
    parts = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', body.decode()))
    assert "/static/settings.js" in parts
    for path in (*parts, "/texts/en.json", "/texts/fr.json"):
        assert get(here, "GET", path, Cookie=cookie)[0] == 200, path
    found = settings_of(here, Cookie=cookie)
    rows = found["settings"]
    assert (found["desk"], found["first"]) == ("1001", "1001")
    assert (rows["interface"]["value"], rows["interface"]["place"], rows["interface"]["user"]) == (
        "callto",
        "user",
        "callto",
    )
    assert not [name for name, row in rows.items() if row["elsewhere"]], (
        "it is his own machine: nothing is somebody else's affair"
    )
    [callto] = [each for each in found["interfaces"] if each["name"] == "callto"]
    assert callto["example"]["sends"][0].endswith(f"/phone {NUMBER}")


def test_a_setting_changed_on_its_page_is_in_the_users_file_and_in_force(
    agent: Program, here: Running, cookie: str, phone: Phone, tmp_path: Path
) -> None:
    answer = changed(
        here, {"outside_prefix": "0"}, Cookie=cookie, Origin=here.url, Sec_Fetch_Site="same-origin"
    )
    assert answer["path"] == str(tmp_path / "settings.toml")
    assert tomllib.loads((tmp_path / "settings.toml").read_text()) == {
        "interface": "callto", "desk": {"extension": "1001"}, "callto": {"command": f"{phone.path} $teldest$"}, "outside_prefix": "0",
    }  # fmt: skip
    assert not (tmp_path / "desks").exists()
    assert run(tmp_path, "dial", NUMBER).returncode == 0
    assert phone.calls() == [(agent.process.pid, "0" + NUMBER)]
    assert settings_of(here, Cookie=cookie)["settings"]["outside_prefix"]["user"] == "0"


def test_another_interface_chosen_on_its_page_is_the_one_that_dials(
    here: Running, phone: Phone, tmp_path: Path
) -> None:
    with vendor(reply("{}")) as server:
        (tmp_path / "sys").mkdir()
        (tmp_path / "sys" / "clicktocall_param.txt").write_text(
            f"<cliktocalldial>\n<url>http://127.0.0.1:{server.port}/dial?n=$teldest$\n"
        )
        assert "error" not in changed(here, {"interface": "web", "shared_folder": str(tmp_path / "sys")})
        assert run(tmp_path, "dial", NUMBER).returncode == 0
        assert [each.target for each in server.dials()] == [f"/dial?n={NUMBER}"]
        assert "error" not in changed(here, {"interface": "callto"})
        assert run(tmp_path, "dial", "0388202021").returncode == 0
        assert (len(server.dials()), [number for _caller, number in phone.calls()]) == (1, ["0388202021"])


def test_a_secret_given_on_its_page_is_never_shown_again(here: Running, phone: Phone, tmp_path: Path) -> None:
    assert "error" not in changed(here, {"desk.password": "s3cret"})
    assert "s3cret" not in (tmp_path / "settings.toml").read_text()
    assert settings_of(here, **bearer(here))["settings"]["desk.password"]["value"] == "••••"


def test_its_page_may_change_the_machine_but_not_what_is_locked(phone: Phone, tmp_path: Path) -> None:
    (tmp_path / "machine.toml").write_text('locked = ["country"]\ncountry = "FR"\n')
    with program(tmp_path, "agent"):
        here = announced(tmp_path)
        assert changed(here, {"country": "BE"})["error"]["code"] == "setting_locked"
        assert changed(here, {"outside_prefix": "0"}, "machine")["path"] == str(tmp_path / "machine.toml")
    assert tomllib.loads((tmp_path / "machine.toml").read_text()) == {
        "locked": ["country"],
        "country": "FR",
        "outside_prefix": "0",
    }


def test_what_it_was_started_with_stays_in_force_whatever_its_page_changes(
    phone: Phone, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(f'[callto]\ncommand = "{phone.path} $teldest$"\n')
    with program(tmp_path, "agent", "--interface", "callto", "--desk", "1001") as agent:
        here = announced(tmp_path)
        row = settings_of(here, **bearer(here))["settings"]["interface"]
        assert (row["value"], row["place"], row["locked"]) == ("callto", "options", True)
        assert "error" not in changed(here, {"outside_prefix": "0"})
        assert run(tmp_path, "dial", NUMBER).returncode == 0
        assert phone.calls() == [(agent.process.pid, "0" + NUMBER)]


def test_somebody_without_an_extension_has_one_too(phone: Phone, tmp_path: Path) -> None:
    """His desk has a name, and his settings are still his."""
    (tmp_path / "settings.toml").write_text(
        f'interface = "callto"\n[callto]\ncommand = "{phone.path} $teldest$"\n'
    )
    with program(tmp_path, "agent") as agent:
        here = announced(tmp_path)
        [(desk, token)] = here.tokens.items()
        asked = {"scope": "user", "set": {"outside_prefix": "0"}}
        shown = {"Authorization": f"Bearer {token}"}
        status, _headers, body = get(here, "POST", f"/v1/settings?desk={desk}", asked, **shown)
        assert (status, json.loads(body)["path"]) == (200, str(tmp_path / "settings.toml"))
        assert run(tmp_path, "dial", NUMBER).returncode == 0
        assert phone.calls() == [(agent.process.pid, "0" + NUMBER)]
    assert not (tmp_path / "desks").exists()


# --- who may talk to it ---------------------------------------------------------------------------

ROUTES = [
    ("GET", "/v1/desk/calls"), ("GET", "/v1/contacts?q=a"), ("GET", "/v1/settings"), ("GET", "/desk/1001"), ("GET", "/desk/1001/settings"),
    ("POST", "/v1/desk/commands"), ("POST", "/v1/page-links"), ("POST", "/v1/settings"), ("POST", "/v1/test-dial"), ("POST", "/v1/training"),
]  # fmt: skip
NOT_HIS = [
    ("nothing", {}),
    ("an invented token", {"Authorization": "Bearer 1001.AAAA"}),
    ("his token and more", {"Authorization": "Bearer {token}A"}),
    ("another user's token", {"Authorization": "Bearer {other}"}),
    ("another scheme", {"Authorization": "Basic {token}"}),
    ("an invented cookie", {"Cookie": "offhook-1001=9999999999.A"}),
    ("his token as a cookie", {"Cookie": "offhook-1001={token}"}),
]
FOREIGN = [
    {"Host": "evil.example"}, {"Host": "127.0.0.1"}, {"Origin": "http://evil.example"}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "null"},
    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
]  # fmt: skip


def test_who_shows_nothing_or_something_of_anothers_reads_and_does_nothing(
    here: Running, phone: Phone, tmp_path: Path
) -> None:
    before = (tmp_path / "settings.toml").read_text()
    dial = {"command": "Dial", "id": "1", "number": NUMBER, "dial": True, "set": {"outside_prefix": "0"}}
    with program(tmp_path / "other", "agent", "--desk", "1001", "--interface", "callto"):
        other = announced(tmp_path / "other").tokens["1001"]
    wrong = []
    for what, shown in NOT_HIS:
        headers = {name: text.format(token=here.tokens["1001"], other=other) for name, text in shown.items()}
        for method, path in ROUTES:
            status = get(here, method, path, dial if method == "POST" else None, **headers)[0]
            if status not in (401, 403):
                wrong.append((what, method, path, status))
    assert wrong == []
    assert phone.calls() == []
    assert (tmp_path / "settings.toml").read_text() == before
    assert get(here, "GET", "/v1/desk/calls?desk=1002", **bearer(here))[0] == 401, "it has but one desk"
    assert get(here, "GET", "/v1/desk/calls", **bearer(here))[0] == 200, "the right token opens it"


@pytest.mark.parametrize("headers", FOREIGN, ids=[" ".join(each.popitem()) for each in map(dict, FOREIGN)])
def test_a_foreign_request_is_turned_away_whatever_it_carries(
    here: Running, phone: Phone, headers: dict[str, str]
) -> None:
    paths = [
        *ROUTES,
        ("GET", "/"),
        ("GET", "/login?code=x"),
        ("GET", "/v1/about"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/static/desk.js"),
        ("GET", "/nowhere"),
    ]
    dial = {"command": "Dial", "id": "1", "number": NUMBER}
    answers = [
        get(here, method, path, dial if method == "POST" else None, **headers, **bearer(here))
        for method, path in paths
    ]
    assert [status for status, _headers, _body in answers] == [403] * len(paths)
    assert not [answered for _status, answered, _body in answers if "access-control-allow-origin" in answered]
    assert phone.calls() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer 1001.AAAA"},
        {"Cookie": "offhook-1001=9999999999.A"},
        {"Origin": "http://evil.example"},
    ],
)
async def test_its_stream_is_opened_for_nobody_else(here: Running, headers: dict[str, str]) -> None:
    token = bearer(here) if "Origin" in headers else {}
    with pytest.raises(InvalidStatus):
        async with stream(here, **headers, **token):
            pass


# --- the same house, a second wiring --------------------------------------------------------------


def loaded(module: str) -> set[str]:
    """Return the rooms of Offhook that a process has after importing a module."""
    asked = f"import sys, {module}; print(*(each for each in sys.modules if each.startswith('offhook')))"
    return set(
        subprocess.run(
            [sys.executable, "-c", asked], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_the_agent_is_a_second_wiring_of_the_same_rooms() -> None:
    own = [*SOURCE.joinpath("agent").rglob("*.py"), SOURCE / "cli" / "agent.py"]
    assert sum(len(path.read_text("utf-8").splitlines()) for path in own) < 300
    agents, hubs = loaded("offhook.agent.run"), loaded("offhook.hub.run")
    shared = {each for each in agents if each.startswith(("offhook.board", "offhook.api"))}
    assert {
        "offhook.board.switchboard",
        "offhook.board.sqlite",
        "offhook.board.feed",
        "offhook.api.app",
        "offhook.api.stream",
        "offhook.api.access",
    } <= shared
    assert agents - hubs == {"offhook.agent", "offhook.agent.run"}, (
        "what the agent has of its own is its wiring"
    )
    left_out = {each for each in hubs - agents if each.startswith(("offhook.board", "offhook.api"))}
    assert left_out <= {"offhook.api.collector"}, "what only a crowd of desks needs"


# --- its end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_stop_it_ends_at_once_and_takes_its_address_away(
    agent: Program, here: Running, phone: Phone, tmp_path: Path, number: signal.Signals
) -> None:
    """Also while a page is open."""
    async with stream(here) as socket_, asyncio.timeout(30):
        await hello(socket_)
        began = time.monotonic()
        os.kill(agent.process.pid, number)
        code = await asyncio.to_thread(agent.process.wait, 20)
        assert (code, time.monotonic() - began < 5) == (0, True)
    assert agent.process.stderr is not None
    assert agent.process.stderr.read() == ""
    agent.stop()
    assert running(AGENT, str(tmp_path)) is None
    assert run(tmp_path, "dial", NUMBER).returncode == 0
    assert [dialled for _caller, dialled in phone.calls()] == [NUMBER]


@contextlib.asynccontextmanager
async def welcomed(here: Running, **words: str) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
    async with stream(here) as socket_, asyncio.timeout(30):
        yield socket_, (await hello(socket_, **words))["welcome"]


@pytest.mark.parametrize("end", [Program.stop, Program.kill], ids=["stopped", "killed"])
async def test_what_happened_before_a_restart_is_told_after_it(
    phone: Phone, tmp_path: Path, end: Callable[[Program], object]
) -> None:
    with program(tmp_path, "agent") as first:
        here = announced(tmp_path)
        headers = get(here, "GET", first.said["page"].removeprefix(here.url))[1]
        cookie = headers["set-cookie"].partition(";")[0]
        async with welcomed(here) as (socket_, _welcome):
            assert (await asyncio.to_thread(run, tmp_path, "dial", NUMBER)).returncode == 0
            before = [each for each in await until(socket_, "HandedOver") if each["event"] != "LineBack"]
        end(first)
    with program(tmp_path, "agent"):
        again = announced(tmp_path)
        assert again.tokens == here.tokens, "nobody is logged out"
        assert get(again, "GET", "/desk/1001", Cookie=cookie)[0] == 200
        async with welcomed(again, resume=before[0]["seq"]) as (socket_, welcome):
            assert ("gap" in welcome, welcome["seq"]) == (False, before[0]["seq"])
            assert (await asyncio.to_thread(run, tmp_path, "dial", "0388202021")).returncode == 0
            missed = await until(socket_, "HandedOver")
            assert _bare(missed[-1]) == _bare(before[1]), "what was missed comes first, and is what it was"
            after = await until(socket_, "HandedOver")
        events = [before[0], *missed, *after]
        assert [each["after"] for each in events[1:]] == [each["seq"] for each in events[:-1]], (
            "one sequence over both"
        )
        assert len({each["seq"] for each in events}) == len(events)
        assert [each["event"] for each in after if each["event"] != "LineBack"] == ["Dialling", "HandedOver"]
    assert [number for _caller, number in phone.calls()] == [NUMBER, "0388202021"], "nothing is dialled again"


def _bare(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event without its call's snapshot: one that has just started knows no call's past."""
    return {name: value for name, value in event.items() if name != "snapshot"}
