"""Dials in processes of their own: a double click is one, a redial is another, and the guard's pace holds for all."""

import asyncio
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubs import OFFHOOK, Program, environment, offhook, program
from offhook.interfaces.simulator.server import ask
from test_web_dialling import write
from vendor import Came, reply, vendor

pytestmark = pytest.mark.slow

PLAIN, EMERGENCY = "0388202020", "112"
Ring = Callable[..., "subprocess.CompletedProcess[str]"]


class Program1024:
    """A desk whose telephone is a program; what it was called with is in ``called``."""

    def __init__(self, home: Path, then: str = "") -> None:
        self.home = home
        path = home / "phone"
        path.write_text(f'#!/bin/sh\necho "$1" >> "{home}/called"\n{then}\n')
        path.chmod(0o755)
        self.settings = {
            "OFFHOOK_INTERFACE": "callto", "OFFHOOK_DESK__EXTENSION": "1024",
            "OFFHOOK_CALLTO__COMMAND": f"{path} $teldest$",
        }  # fmt: skip

    def dial(self, number: str, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return offhook(self.home, "dial", number, *words, **(self.settings | more))

    def called(self) -> list[str]:
        path = self.home / "called"
        return path.read_text().split() if path.exists() else []


@pytest.mark.parametrize(("number", "times"), [(PLAIN, 1), (EMERGENCY, 2)])
def test_after_a_number_is_handed_over_the_time_alone_decides_except_in_an_emergency(
    number: str, times: int, tmp_path: Path
) -> None:
    desk = Program1024(tmp_path)
    assert [desk.dial(number).returncode for _click in "12"] == [0, 0]
    assert desk.called() == [number] * times


PACE = [
    # the number dialled, and its exit code, where two a minute are allowed
    ("0388202020", 0), ("15", 0), ("0388202021", 0), ("0388202022", 5), ("1001", 0), ("112", 0), ("0388202023", 5),
]  # fmt: skip


def test_the_guards_pace_holds_over_processes_and_never_for_an_emergency(tmp_path: Path) -> None:
    desk = Program1024(tmp_path)
    (tmp_path / "machine.toml").write_text("[guard]\nper_minute = 2\n")
    assert [(number, desk.dial(number).returncode) for number, _code in PACE] == PACE
    assert desk.called() == [number for number, code in PACE if not code]
    assert json.loads(desk.dial("0388202029", "--json").stdout)["error"]["code"] == "guard_rate"
    assert desk.dial("0388202029", "--wait").returncode == 5
    notes = json.loads((tmp_path / "dialled-1024").read_text())
    assert len(notes["at_s"]) == 2


UNREADABLE = [
    "",
    "{",
    "[]",
    '{"at_s": 5, "key": 7, "clicked_s": "x", "until_s": null}',
    '{"at_s": [{}, 1e400]}',
]


@pytest.mark.parametrize("content", UNREADABLE)
def test_notes_that_cannot_be_read_keep_nobody_from_dialling(content: str, tmp_path: Path) -> None:
    desk = Program1024(tmp_path)
    (tmp_path / "dialled-1024").write_text(content)
    assert (desk.dial(PLAIN).returncode, desk.called()) == (0, [PLAIN])


@pytest.mark.parametrize("number", [PLAIN, EMERGENCY])
@pytest.mark.parametrize("asleep_s", [-3600.0, 3600.0])
def test_what_was_noted_before_the_machine_slept_or_began_anew_folds_nothing(
    asleep_s: float, number: str, tmp_path: Path
) -> None:
    """The clock of the notes may then say any time, also one to come: the call goes all the same."""
    desk = Program1024(tmp_path)
    assert desk.dial(number).returncode == 0
    notes = json.loads((tmp_path / "dialled-1024").read_text())
    later = {"clicked_s": time.monotonic() + 1, "until_s": time.monotonic() + 60}
    (tmp_path / "dialled-1024").write_text(
        json.dumps(notes | later | {"begun_s": notes["begun_s"] + asleep_s})
    )
    assert (desk.dial(number).returncode, desk.called()) == (0, [number] * 2)


def test_an_emergency_call_goes_where_no_note_can_be_taken(tmp_path: Path) -> None:
    desk = Program1024(tmp_path)
    (tmp_path / "dialled-1024").mkdir()
    assert desk.dial(PLAIN).returncode == 3
    assert desk.dial(EMERGENCY).returncode == 0
    assert desk.called() == [EMERGENCY]


def test_a_first_click_that_was_killed_is_unknown_to_the_second(tmp_path: Path) -> None:
    """Whether it went out nobody can say: an ordinary number is not tried again unasked, an emergency is."""
    desk, home = Program1024(tmp_path), tmp_path
    assert desk.dial(PLAIN).returncode == 0
    path = home / "dialled-1024"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"until_s": 0.0, "clicked_s": time.monotonic() + 0.5})
    )
    assert desk.dial(PLAIN).returncode == 7
    assert desk.called() == [PLAIN]


class Slow:
    """A vendor's server that keeps every dial waiting until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, _came: Came) -> bytes:
        self.go.wait(20)
        return reply("{}")


@pytest.mark.parametrize(
    ("first", "second", "times"),
    [(PLAIN, PLAIN, 1), (EMERGENCY, EMERGENCY, 1), (PLAIN, EMERGENCY, 2)],
)
def test_a_click_beside_a_dial_that_is_on_its_way(
    first: str, second: str, times: int, tmp_path: Path
) -> None:
    answer = Slow()
    with vendor(answer) as server:
        write(tmp_path, server.port)
        settings = {
            "OFFHOOK_INTERFACE": "web", "OFFHOOK_SHARED_FOLDER": str(tmp_path / "sys"),
            "OFFHOOK_DESK__EXTENSION": "1024",
        }  # fmt: skip
        clicks = []
        for number in (first, second):
            clicks.append(
                subprocess.Popen([OFFHOOK, "dial", number], env=environment(tmp_path, **settings), stdout=subprocess.DEVNULL)
            )  # fmt: skip
            deadline = time.monotonic() + 10
            while not server.dials() and time.monotonic() < deadline:
                time.sleep(0.01)
        deadline = time.monotonic() + (1 if times == 1 else 10)
        while len(server.dials()) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        answer.go.set()
        assert [each.wait(20) for each in clicks] == [0, 0]
        assert len(server.dials()) == times


def test_an_emergency_call_goes_beside_the_same_one_that_hangs(tmp_path: Path) -> None:
    answer = Slow()
    with vendor(answer) as server:
        write(tmp_path, server.port)
        settings = {
            "OFFHOOK_INTERFACE": "web", "OFFHOOK_SHARED_FOLDER": str(tmp_path / "sys"),
            "OFFHOOK_DESK__EXTENSION": "1024",
        }  # fmt: skip
        clicks = [
            subprocess.Popen([OFFHOOK, "dial", EMERGENCY], env=environment(tmp_path, **settings), stdout=subprocess.DEVNULL)
            for _click in "12"
        ]  # fmt: skip
        deadline = time.monotonic() + 10
        while len(server.dials()) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        found = len(server.dials())
        answer.go.set()
        assert [each.wait(20) for each in clicks] == [0, 0]
    assert found == 2


# --- a telephone system that tells the end ------------------------------------------------------------


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Program]:
    with program(tmp_path, "simulate", "run", "--desks", "1001-1003") as found:
        yield found


def calls_of(home: Path) -> list[str]:
    return [call["id"] for call in json.loads(offhook(home, "lines", "--json").stdout)["calls"]]


HOUSES: list[tuple[str, tuple[str, ...]]] = [
    ("a hub", ("hub", "--port", "0", "--desks", "1001-1003")),
    ("an agent", ("agent", "--desk", "1001")),
]


@pytest.mark.parametrize("words", [row[1] for row in HOUSES], ids=[row[0] for row in HOUSES])
@pytest.mark.parametrize("number", [PLAIN, EMERGENCY])
def test_a_redial_after_the_end_rings_and_a_double_click_does_not(
    number: str, words: tuple[str, ...], exchange: Program, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(f'[simulator]\naddress = "{exchange.said["simulator"]}"\n')
    if words[0] == "agent":
        (tmp_path / "settings.toml").write_text(
            f'interface = "simulator"\n[desk]\nextension = "1001"\n[simulator]\naddress = "{exchange.said["simulator"]}"\n'
        )
    with program(tmp_path, *words):
        first, second = (json.loads(offhook(tmp_path, "dial", number, "--json").stdout) for _click in "12")
        assert (second["id"], second["call"]) == (first["id"], first["call"])
        assert calls_of(tmp_path) == [first["call"]]
        assert offhook(tmp_path, "hangup").returncode == 0
        third = json.loads(offhook(tmp_path, "dial", number, "--json").stdout)
        assert third["call"] != first["call"]
        assert calls_of(tmp_path) == [third["call"]]


def connections(exchange: Program) -> list[dict[str, Any]]:
    found = asyncio.run(ask(exchange.said["simulator"], {"do": "Snapshot"}))["connections"]
    return [each for each in found if each["device"] == "1001"]


@pytest.mark.parametrize("number", [PLAIN, EMERGENCY])
def test_a_redial_without_a_board_asks_the_telephone_system_whether_the_call_lasts(
    number: str, exchange: Program, tmp_path: Path
) -> None:
    way = {
        "OFFHOOK_INTERFACE": "simulator", "OFFHOOK_SIMULATOR__ADDRESS": exchange.said["simulator"],
        "OFFHOOK_DESK__EXTENSION": "1001",
    }  # fmt: skip
    first = json.loads(offhook(tmp_path, "dial", number, "--json", **way).stdout)
    assert first["call"]
    assert offhook(tmp_path, "dial", number, **way).returncode == 0
    (talk,) = connections(exchange)
    hangs_up = {"do": "ClearConnection", "device": "1001", "call": talk["call"]}
    asyncio.run(ask(exchange.said["simulator"], hangs_up))
    assert offhook(tmp_path, "dial", number, **way).returncode == 0
    (again,) = connections(exchange)
    assert again["call"] != talk["call"]


def test_a_second_click_beside_one_that_is_followed_is_the_first(exchange: Program, tmp_path: Path) -> None:
    way = {
        "OFFHOOK_INTERFACE": "simulator", "OFFHOOK_SIMULATOR__ADDRESS": exchange.said["simulator"],
        "OFFHOOK_DESK__EXTENSION": "1001",
    }  # fmt: skip
    waiting = subprocess.Popen(
        [OFFHOOK, "dial", "1002", "--wait", "--json"], env=environment(tmp_path, **way), stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert waiting.stdout is not None
        assert "Dialling" in [json.loads(waiting.stdout.readline())["event"] for _event in "12"]
        assert offhook(tmp_path, "dial", "1002", **way).returncode == 0
        assert offhook(tmp_path, "dial", "1002", "--wait", **way).returncode == 0
        assert len(connections(exchange)) == 1
        assert offhook(tmp_path, "dial", "1003", **way).returncode == 4, "another number: the line is in use"
        assert offhook(tmp_path, "dial", EMERGENCY, **way).returncode == 0, "an emergency asks nobody"
    finally:
        waiting.kill()
        waiting.communicate()
