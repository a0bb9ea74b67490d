"""What commands say: of a wrong line, of what cannot be done here, of nothing done, of nothing heard."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import offhook as package
from hubs import OFFHOOK, Program, environment, offhook, program
from offhook.cli.parser import COMMANDS, build
from offhook.errors import CommandError, Unsupported
from offhook.interface import Device
from offhook.interfaces.hub.driver import HubInterface
from offhook.line import Line
from offhook.model import MODEL_VERSION, Hold, LineBack
from offhook.settings.running import running
from test_line import Clock
from test_once import Program1024
from test_switch_cli import SETTINGS
from test_web_dialling import write
from vendor import reply, vendor

# --- a wrong line -------------------------------------------------------------------------------------


WRONG = [
    # what is typed, the code, what is named
    ("dail 12", "command_unknown", "near=dial"), ("hangpu", "command_unknown", "near=hangup"),
    ("LISTEN", "command_unknown", "near=listen"), ("--json dail", "command_unknown", "near=dial"),
    ("settings shwo", "choice_unknown", "near=show"), ("hub pagee 1001", "choice_unknown", "near=page"),
    ("simulate cal 1001", "choice_unknown", "near=call"), ("simulate astersik", "choice_unknown", "near=asterisk"),
    ("dial", "value_missing", "missing=NUMBER"), ("replay asterisk", "value_missing", "missing=FILE"),
    ("record", "value_missing", "missing=INTERFACE FILE"), ("settings get", "value_missing", "missing=NAME"),
    ("lines --fly", "usage", ""), ("listen --from", "usage", ""),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "code", "named"), WRONG)
def test_a_wrong_line_names_what_was_probably_meant(typed: str, code: str, named: str) -> None:
    words = typed.split()
    with pytest.raises(CommandError) as caught:
        build("en", words[0]).parse_args(words)
    name, _equals, value = named.partition("=")
    assert (caught.value.code, caught.value.params.get(name, "")) == (code, value)


DESKS = [
    ("hub --desks 1001-1010 1050", "run", "1001-1010 1050"), ("hub --desks 1001 1002 run", "run", "1001 1002"),
    ("hub run --port 0 --desks 1001,1002 1003 --address ::1", "run", "1001,1002 1003"), ("hub page --desks A1", "page", "A1"),
    ("simulate --desks 1001 1002 asterisk", "asterisk", "1001 1002"), ("hub --desks=1001-1002", "run", "1001-1002"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "action", "desks"), DESKS)
def test_extensions_are_taken_as_the_help_writes_them(typed: str, action: str, desks: str) -> None:
    words = typed.split()
    found = build("en", words[0]).parse_args(words)
    assert (found.action, found.desks) == (action, desks)


@pytest.mark.slow
@pytest.mark.parametrize("words", [[OFFHOOK], [sys.executable, "-m", "offhook"], [OFFHOOK, "--json"]])
def test_alone_it_prints_the_help(words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(words, capture_output=True, text=True, env=environment(tmp_path), check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"\n    {command} " in done.stdout for command in COMMANDS)


@pytest.mark.slow
def test_the_version_is_said_to_people_and_to_programs(tmp_path: Path) -> None:
    assert offhook(tmp_path, "--version").stdout == f"offhook {package.__version__}\n"
    for words in (("--version", "--json"), ("--json", "--version")):
        found = json.loads(offhook(tmp_path, *words).stdout)
        assert found == {"offhook": package.__version__, "version": MODEL_VERSION}


@pytest.mark.slow
def test_a_hub_serves_the_desks_that_its_help_writes(tmp_path: Path) -> None:
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1002", "1050"):
        here = running(folder=str(tmp_path))
        assert here is not None
        assert list(here.tokens) == ["1001", "1002", "1050"]
        again = offhook(tmp_path, "hub", "--port", "0")
        assert (again.returncode, "offhook hub page" in again.stderr) == (4, True)


# --- what cannot be done here -------------------------------------------------------------------------

ALONE = [("lines",), ("hangup",), ("answer",), ("hold",), ("resume",), ("transfer", "1002"), ("transfer",), ("consult", "1002"), ("consult", "--cancel"), ("park",), ("digits", "1")]  # fmt: skip
WITHOUT_A_BOARD = [
    ("callto", 2, "callto_only_dials"), ("web", 2, "web_only_dials"), ("asterisk", 4, "board_needed"),
    ("simulator", 4, "board_needed"), ("tapi", 4, "interface_not_there_yet"), ("hub", 4, "no_hub"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("interface", "exit_code", "code"), WITHOUT_A_BOARD)
def test_a_command_on_calls_without_a_board_says_why_not(
    interface: str, exit_code: int, code: str, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(f'interface = "{interface}"\n')
    some = ALONE if interface == "callto" else [ALONE[0], ALONE[1]]
    for words in some:
        done = offhook(tmp_path, *words, "--json")
        error = json.loads(done.stdout)["error"]
        assert (done.returncode, error["code"]) == (exit_code, code), words
        assert error["hint"]


@pytest.mark.slow
def test_the_reason_of_an_interface_arrives_over_a_hub(tmp_path: Path) -> None:
    """At the command line, and in a program whose desk is on the hub."""
    with program(tmp_path, "simulate", "asterisk", "--desks", "1001-1003") as pretend:
        (tmp_path / "settings.toml").write_text(
            SETTINGS["asterisk"] + f'address = "{pretend.said["asterisk"]}"\n'
        )
        with program(tmp_path, "hub", "--port", "0", "--interface", "asterisk", "--desks", "1001-1002"):
            done = offhook(tmp_path, "hold")
            assert done.returncode == 2
            assert "only the telephone itself" in done.stderr
            assert "asterisk.phone_control yes" in done.stderr
            here = running(folder=str(tmp_path))
            assert here is not None
            error = _held_elsewhere(here.url, here.tokens["1001"])
    assert (error.code, error.interface) == ("phone_control_off", "asterisk")


def _held_elsewhere(url: str, token: str) -> Unsupported:
    import asyncio

    async def ask() -> Unsupported:
        interface = HubInterface(url, "1001", token)
        await interface.open()
        line = Line(interface, Device("1001"), Clock())
        async for event in interface.events():
            line.receive(event)
            if isinstance(event, LineBack):
                break
        with pytest.raises(Unsupported) as caught:
            await line.send(Hold(id="1"))
        await interface.close()
        return caught.value

    return asyncio.run(ask())


# --- what nobody tells --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("language", "part"), [("en", "nobody tells"), ("fr", "rien n’indique")])
def test_waiting_for_what_tells_no_end_ends_and_says_so(language: str, part: str, tmp_path: Path) -> None:
    desk = Program1024(tmp_path)
    done = desk.dial("0388202020", "--wait", OFFHOOK_LANGUAGE=language)
    assert (done.returncode, part in done.stdout.splitlines()[-1]) == (0, True)
    with vendor(reply("{}")) as server:
        write(tmp_path, server.port)
        web = {
            "OFFHOOK_INTERFACE": "web",
            "OFFHOOK_SHARED_FOLDER": str(tmp_path / "sys"),
            "OFFHOOK_LANGUAGE": language,
        }
        done = desk.dial("0388202021", "--wait", "--json", **web)
    assert (done.returncode, json.loads(done.stdout.splitlines()[-1])["event"]) == (0, "HandedOver")
    assert part in done.stderr


@pytest.mark.slow
def test_listening_says_what_counts_and_that_a_line_is_not_heard(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        'interface = "asterisk"\n' + SETTINGS["asterisk"] + 'address = "127.0.0.1:9"\n'
    )
    with subprocess.Popen(
        [OFFHOOK, "listen", "--json", "--desk", "1001"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path),
    ) as listening:  # fmt: skip
        assert listening.stderr is not None
        try:
            assert f"{tmp_path}/settings.toml:1" in listening.stderr.readline()
            begun = time.monotonic()
            down = listening.stderr.readline()
            assert "1001" in down
            assert "does not answer" in down
            assert time.monotonic() - begun < 10
        finally:
            listening.send_signal(signal.SIGINT)
        assert listening.stdout is not None
        assert listening.stdout.read() == ""


# --- nothing done -------------------------------------------------------------------------------------


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Program]:
    with program(tmp_path, "simulate", "run", "--desks", "1001", "1002") as found:
        yield found


NOTHING_DONE = [
    ("call 9999 0388202020", "no such number"), ("call 100100 0388202020", "no such number"),
    ("lift 1001", "nothing rings there"), ("lift 9999", "no such extension"), ("hangup 1001", "nobody outside"),
    ("hangup 9999", "no such extension"), ("dial 9999 1001", "no such extension"), ("dial 1001", "offhook simulate dial 1001 NUMBER"),
]  # fmt: skip


@pytest.mark.slow
def test_a_pretend_exchange_says_what_was_not_done_and_why(exchange: Program, tmp_path: Path) -> None:
    at = ("--at", exchange.said["simulator"])
    for words, why in NOTHING_DONE:
        done = offhook(tmp_path, "simulate", *words.split(), *at)
        assert (done.returncode > 0, why in done.stderr, done.stdout) == (True, True, ""), (
            words,
            done.stderr,
        )
    for words in ("call 1001 0388202020", "lift 1001", "hangup 1001", "dial 1001 1002", "drop --seconds 0"):
        done = offhook(tmp_path, "simulate", *words.split(), *at)
        assert (done.returncode, done.stdout) == (0, "Done.\n"), (words, done.stderr)


@pytest.mark.slow
def test_a_failed_recording_leaves_no_file_and_takes_none_away(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(SETTINGS["asterisk"] + 'address = "127.0.0.1:9"\n')
    before = set(tmp_path.iterdir())
    new, old = tmp_path / "new.ami", tmp_path / "old.ami"
    assert offhook(tmp_path, "record", "asterisk", str(new), "--seconds", "0.2").returncode == 6
    assert {each for each in tmp_path.iterdir() if each.is_file()} - before == set()
    old.write_bytes(b"kept")
    assert offhook(tmp_path, "record", "asterisk", str(old), "--seconds", "0.2", "--force").returncode == 6
    assert old.read_bytes() == b"kept"
    assert offhook(tmp_path, "record", "asterisk", str(tmp_path / "no" / "x.ami")).returncode == 2


# --- which call ---------------------------------------------------------------------------------------


def calls_of(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(offhook(home, "lines", "--json").stdout)["calls"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("hangup",), ("hangup", "{}")),
        (("transfer", "1003"), ("transfer", "1003", "--call", "{}")),
        (("answer",), ("answer", "{}")),
    ],
)
def test_several_calls_are_listed_and_the_number_listed_names_one(
    words: tuple[str, ...], named: tuple[str, ...], demo: Program, tmp_path: Path
) -> None:
    for number in ("0388202020", "0389404040"):
        assert offhook(tmp_path, "simulate", "call", "1001", number).returncode == 0
    done = offhook(tmp_path, *words)
    assert done.returncode == 2
    listed = [line.split() for line in done.stderr.splitlines() if line.startswith("  ") and "+33" in line]
    assert len(listed) == 2
    assert all("incoming" in line for line in listed)
    number = listed[0][0]
    assert f"Repeat the command with the number of the call behind it: {number}" in done.stderr
    assert "hangup" not in done.stderr, "what ends a call is no example"
    assert offhook(tmp_path, *(each.format(number) for each in named)).returncode == 0
    left = {call["number"] for call in calls_of(tmp_path) if call["state"] == "alerting"}
    assert left == {next(word for word in listed[1] if word.startswith("+33"))}


@pytest.mark.slow
def test_the_way_to_what_is_not_possible_now_is_said(demo: Program, tmp_path: Path) -> None:
    assert "no consultation" in offhook(tmp_path, "transfer").stderr
    assert offhook(tmp_path, "simulate", "call", "1001", "0388202020").returncode == 0
    assert "offhook answer" in offhook(tmp_path, "hold").stderr
    assert offhook(tmp_path, "answer").returncode == 0
    assert "no consultation" in offhook(tmp_path, "transfer").stderr
    named = offhook(tmp_path, "transfer", "hugo", OFFHOOK_LANGUAGE="fr").stderr
    assert "hugo" in named
    assert "L’appel est toujours avec vous." in named
    assert offhook(tmp_path, "hold").returncode == 0
    assert "offhook resume" in offhook(tmp_path, "consult", "1003").stderr
