"""The command line as people and scripts use it, against the demo."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from hubs import OFFHOOK, Program, environment, offhook, program
from offhook.cli import parser
from offhook.cli.parser import build
from offhook.errors import CODES, KINDS
from offhook.settings.running import Running

pytestmark = pytest.mark.slow

COMMANDS = list(parser.COMMANDS)


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def wait_for(home: Path, state: str, desk: str = "1001") -> dict[str, Any]:
    """Wait until a call at the desk is in that state; returns it."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for call in said(offhook(home, "lines", "--json", "--desk", desk))["calls"]:
            if call["state"] == state:
                found: dict[str, Any] = call
                return found
    raise AssertionError(f"no call became {state}")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("language", "word"), [("en", "examples:"), ("fr", "exemples\u00a0:")])
def test_every_command_has_help_with_examples(tmp_path: Path, command: str, language: str, word: str) -> None:
    done = offhook(tmp_path, command, "--help", OFFHOOK_LANGUAGE=language)
    assert done.returncode == 0
    assert word in done.stdout
    assert f"offhook {command}" in done.stdout.partition(word)[2]
    assert "\x1b" not in done.stdout


def test_the_whole_list(tmp_path: Path) -> None:
    done = offhook(tmp_path, "--help")
    assert all(f"\n    {command} " in done.stdout for command in COMMANDS)
    assert offhook(tmp_path, "--version").stdout.startswith("offhook ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_shell_completion(tmp_path: Path, shell: str) -> None:
    script = offhook(tmp_path, "--print-completion", shell).stdout
    assert all(command in script for command in COMMANDS)
    if shell == "bash":
        asked = f"{script}\nCOMP_WORDS=(offhook sim); COMP_CWORD=1; _shtab_offhook; echo ${{COMPREPLY[@]}}"
        assert (
            "simulate"
            in subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=False).stdout
        )


def test_a_call_from_the_command_line(demo: Program, tmp_path: Path) -> None:
    assert said(offhook(tmp_path, "dial", "1003", "--json"))["command"] == "Dial"
    call = wait_for(tmp_path, "connected")
    assert offhook(tmp_path, "hold", call["id"]).returncode == 0
    assert offhook(tmp_path, "resume").returncode == 0
    assert offhook(tmp_path, "digits", "1#").returncode == 0
    assert offhook(tmp_path, "park", "723").returncode == 0
    assert wait_for(tmp_path, "parked")["slot"] == "723"
    assert offhook(tmp_path, "resume").returncode == 0
    assert offhook(tmp_path, "hangup").returncode == 0
    assert said(offhook(tmp_path, "lines", "--json"))["calls"] == []


def test_taking_asking_and_passing_on(demo: Program, tmp_path: Path) -> None:
    assert (
        offhook(tmp_path, "simulate", "call", "1001", "0388202020", "--late-name", "Mme Heitz").returncode
        == 0
    )
    wait_for(tmp_path, "alerting")
    assert "Alsace Ferronnerie" in offhook(tmp_path, "lines").stdout
    assert offhook(tmp_path, "answer").returncode == 0
    assert offhook(tmp_path, "consult", "1003").returncode == 0
    assert offhook(tmp_path, "consult", "--cancel").returncode == 0
    wait_for(tmp_path, "connected")
    assert offhook(tmp_path, "consult", "1003").returncode == 0
    wait_for(tmp_path, "connected")
    assert offhook(tmp_path, "transfer").returncode == 0
    assert wait_for(tmp_path, "connected", "1003")["number"] == "+33388202020"
    assert (
        offhook(tmp_path, "transfer", "1002", "--desk", "1003", "--record", "clients:411ALSA").returncode == 0
    )
    assert wait_for(tmp_path, "alerting", "1002")["record"]["id"] == "411ALSA"


def test_dial_and_wait(demo: Program, tmp_path: Path) -> None:
    busy = offhook(tmp_path, "dial", "01 99 00 02 02", "--wait", "--json")
    assert busy.returncode == 5
    events = [json.loads(line) for line in busy.stdout.splitlines()]
    assert (events[-1]["event"], events[-1]["reason"]) == ("Ended", "busy")


def events_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [json.loads(line)["event"] for line in done.stdout.splitlines()]


def noting(folder: Path) -> str:
    """Return a telephone program's command; it notes each number in ``called``."""
    path = folder / "phone"
    path.write_text(f'#!/bin/sh\necho "$1" >> "{folder}/called"\n')
    path.chmod(0o755)
    return f"{path} $teldest$"


def test_waiting_for_a_call_that_is_handed_over_ends_there(tmp_path: Path) -> None:
    """A desk of the hub whose interface tells no end: there is nothing more to wait for."""
    folder = tmp_path / "desks" / "1001"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text(f'interface = "callto"\n[callto]\ncommand = "{noting(tmp_path)}"\n')
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1002"):
        done = offhook(tmp_path, "dial", "0388202020", "--wait", "--json", "--desk", "1001")
    assert (done.returncode, events_of(done)[-1]) == (0, "HandedOver")
    assert (tmp_path / "called").read_text() == "0388202020\n"


def test_waiting_goes_on_with_the_call_that_the_dialled_one_became(demo: Program, tmp_path: Path) -> None:
    """Whoever dials to pick up a call that rings elsewhere has that call, and waits for its end."""
    assert offhook(tmp_path, "simulate", "call", "1002", "0388202020").returncode == 0
    words = (OFFHOOK, "dial", "*91002", "--wait", "--json", "--desk", "1001")
    waiting = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment(tmp_path))
    try:
        assert wait_for(tmp_path, "connected")["number"] == "+33388202020"
        assert offhook(tmp_path, "simulate", "hangup", "1001").returncode == 0
        out, _error = waiting.communicate(timeout=20)
    finally:
        waiting.kill()
        waiting.wait()
    assert waiting.returncode == 0
    told = [json.loads(line) for line in out.splitlines()]
    assert [each["event"] for each in told if each["event"] in ("Merged", "Ended")] == ["Merged", "Ended"]
    assert told[-1]["call"] != next(each["call"] for each in told if each["event"] == "Dialling")


WITHOUT_A_BOARD = [
    # interface, number, exit code, what is told last
    ("simulator", "1999", 5, "Ended"),
    ("callto", "0388202020", 0, "HandedOver"),
]


@pytest.mark.parametrize(("interface", "number", "code", "last"), WITHOUT_A_BOARD)
def test_waiting_without_a_board(tmp_path: Path, interface: str, number: str, code: int, last: str) -> None:
    words = ("dial", number, "--wait", "--json", "--desk", "1001", "--interface", interface)
    done = offhook(tmp_path, *words, OFFHOOK_CALLTO__COMMAND=noting(tmp_path))
    assert (done.returncode, events_of(done)[-1]) == (code, last)


def test_a_double_click_without_a_board_dials_once_whether_waited_for_or_not(tmp_path: Path) -> None:
    phone = {"OFFHOOK_INTERFACE": "callto", "OFFHOOK_DESK__EXTENSION": "1001", "OFFHOOK_CALLTO__COMMAND": noting(tmp_path)}  # fmt: skip
    clicks = [
        subprocess.Popen([OFFHOOK, "dial", "0388202020", *more], env=environment(tmp_path, **phone), stdout=subprocess.DEVNULL)
        for more in ((), ("--wait",))
    ]  # fmt: skip
    assert [click.wait(30) for click in clicks] == [0, 0]
    assert (tmp_path / "called").read_text() == "0388202020\n"


@pytest.mark.parametrize("words", [("--interface", "callto"), ()])
def test_a_dry_run_that_would_wait_dials_nothing(
    demo: Program, tmp_path: Path, words: tuple[str, ...]
) -> None:
    more = {"OFFHOOK_CALLTO__COMMAND": noting(tmp_path)}
    done = offhook(tmp_path, "dial", "0388202020", "--wait", "--dry-run", "--desk", "1001", *words, **more)
    assert (done.returncode, "0388202020" in done.stdout) == (0, True)
    assert not (tmp_path / "called").exists()
    assert said(offhook(tmp_path, "lines", "--json"))["calls"] == []


def test_a_record_cannot_be_given_along_where_there_is_no_board(tmp_path: Path) -> None:
    words = ("dial", "15", "--record", "clients:411ALSA", "--desk", "1001", "--interface")
    for interface, expected in (("simulator", (4, "board_needed")), ("callto", (2, "callto_only_dials"))):
        for more in ((), ("--wait",)):
            done = offhook(tmp_path, *words, interface, *more, "--json")
            assert (done.returncode, said(done)["error"]["code"]) == expected


def test_listening(demo: Program, tmp_path: Path) -> None:
    with subprocess.Popen(
        [OFFHOOK, "listen", "--json"], stdout=subprocess.PIPE, text=True, env=environment(tmp_path)
    ) as listening:
        assert listening.stdout is not None
        assert json.loads(listening.stdout.readline())["event"] == "LineBack"
        offhook(tmp_path, "simulate", "call", "1001", "0388202020")
        ring = json.loads(listening.stdout.readline())
        assert {"event", "at", "line", "call", "direction", "number", "raw", "seq"} <= set(ring)
        assert (ring["event"], ring["number"], ring["line"]) == ("Ringing", "+33388202020", "1001")
        assert ring["at"].endswith("Z")
        listening.send_signal(signal.SIGINT)
        assert listening.wait(20) == 130
    with subprocess.Popen(
        [OFFHOOK, "listen", "--json", "--from", ring["after"]],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    ) as again:
        assert again.stdout is not None
        told = json.loads(again.stdout.readline())
        assert told["snapshot"].pop("can", []) == [], "nothing is asked of what may be long over"
        ring["snapshot"].pop("can")
        assert told == ring, "it goes on where it was told to"
        while (event := json.loads(again.stdout.readline()))["event"] != "LineBack":
            assert event["seq"], "what was missed comes first"
        again.kill()


def test_a_dry_run_sends_nothing_and_shows_no_secret(demo: Program, here: Running, tmp_path: Path) -> None:
    done = offhook(tmp_path, "dial", "0388202020", "--dry-run")
    assert done.returncode == 0
    assert "/v1/desk/commands" in done.stdout
    assert '"number": "0388202020"' in done.stdout
    assert "••••" in done.stdout
    assert here.tokens["1001"] not in done.stdout
    assert said(offhook(tmp_path, "lines", "--json"))["calls"] == []


def test_a_dry_run_in_json_is_one_object_and_refuses_what_would_be_refused(
    demo: Program, tmp_path: Path
) -> None:
    shown = said(offhook(tmp_path, "dial", "0388202020", "--dry-run", "--json"))
    assert (shown["method"], shown["body"]["number"]) == ("POST", "0388202020")
    assert shown["headers"] == {"Authorization": "Bearer ••••"}
    assert offhook(tmp_path, "dial", "12;rm", "--dry-run").returncode == 5


def test_no_number_is_said_plainly(demo: Program, tmp_path: Path) -> None:
    done = offhook(tmp_path, "dial", "")
    assert done.returncode == 5
    assert "There is no number to dial." in done.stderr


def test_no_secret_is_in_sight(demo: Program, here: Running, tmp_path: Path) -> None:
    shown = "".join(
        done.stdout + done.stderr
        for done in (
            offhook(tmp_path, *words)
            for words in (
                ["lines"],
                ["doctor"],
                ["doctor", "--json"],
                ["dial", "x"],
                ["hub", "page"],
                ["dial", "15", "--json"],
            )
        )
    )
    processes = b"".join(
        path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    ).decode(errors="replace")
    for token in here.tokens.values():
        assert token.partition(".")[2] not in shown + processes + repr(here)
    assert (tmp_path / "hub.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["dial"], 2),
        (["fly"], 2),
        (["dial", "12;rm"], 5),
        (["answer", "nope"], 2),
        (["hangup"], 2),
        (["dial", "15", "--desk", "9999"], 3),
        (["simulate", "lift", "1001"], 5),
        (["consult"], 2),
        (["dial", "15", "--record", "nonsense"], 2),
    ],
)
def test_exit_codes_and_hints(demo: Program, tmp_path: Path, words: list[str], code: int) -> None:
    done = offhook(tmp_path, *words)
    assert done.returncode == code
    assert done.stderr.startswith("offhook: ")
    assert "→" in done.stderr
    french = offhook(tmp_path, *words, OFFHOOK_LANGUAGE="fr")
    assert french.returncode == code
    assert french.stderr != done.stderr
    as_json = offhook(tmp_path, *words, "--json")
    assert as_json.returncode == code
    assert {"kind", "code", "text", "hint"} <= set(said(as_json)["error"])


@pytest.mark.parametrize(
    ("words", "french"),
    [
        (["dial"], "Il manque la valeur\u00a0: offhook dial NUMÉRO"),
        (["simulate", "--port", "x"], "--port\u00a0: 'x' n’est pas une valeur possible"),
        (["lines", "--fly"], "arguments inconnus\u00a0: --fly"),
        (["listen", "--from"], "--from\u00a0: il manque la valeur"),
        (["simulate", "fly"], "«\u00a0fly\u00a0» n’est pas parmi\u00a0: run, "),
        (["hold"], "Aucun appel ne permet de mettre en attente en ce moment."),
        (["simulate", "lift", "1001"], "rien ne sonne à ce poste"),
        (["answer", "X"], "Il n’y a pas d’appel X ici."),
    ],
)
def test_french_is_french_throughout(demo: Program, tmp_path: Path, words: list[str], french: str) -> None:
    assert french in offhook(tmp_path, *words, OFFHOOK_LANGUAGE="fr").stderr


def test_the_language_may_be_set(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('language = "fr"\n')
    assert "exemples\u00a0:" in offhook(tmp_path, "--help", OFFHOOK_LANGUAGE="", LANG="C").stdout
    assert "utilisation\u00a0:" in offhook(tmp_path, "dial", "--help", OFFHOOK_LANGUAGE="", LANG="C").stdout
    (tmp_path / "settings.toml").write_text("broken [")
    assert "examples:" in offhook(tmp_path, "--help", OFFHOOK_LANGUAGE="", LANG="C").stdout


def test_a_pipe_that_knows_few_letters_stops_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [OFFHOOK, "doctor"],
        capture_output=True,
        env=environment(tmp_path, PYTHONIOENCODING="cp1252"),
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "✓" in done.stdout.decode()


@pytest.mark.slow
def test_dial_and_wait_does_not_wait_for_ever(tmp_path: Path) -> None:
    """The hub dies for good in mid-call: what became of the call is unknown, and that is said."""
    with program(tmp_path, "demo", "--port", "0") as demo:
        waiting = subprocess.Popen(
            [OFFHOOK, "dial", "1003", "--wait"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
        )
        wait_for(tmp_path, "connected")
        demo.kill()
        out, error = waiting.communicate(timeout=60)
    assert waiting.returncode == 7
    assert "line lost" in out
    assert "may have been carried out" in error


def test_without_a_hub(tmp_path: Path) -> None:
    assert offhook(tmp_path, "dial", "15").returncode == 4
    assert offhook(tmp_path, "listen").returncode == 4
    away = {"OFFHOOK_HUB__URL": "http://127.0.0.1:9", "OFFHOOK_HUB__TOKEN": "1001.x"}
    assert offhook(tmp_path, "dial", "15", **away).returncode == 6
    assert offhook(tmp_path, "listen", **away).returncode == 6
    assert offhook(tmp_path, "dial", "15", OFFHOOK_HUBB__URL="x").returncode == 3


def test_a_wrong_token(demo: Program, here: Running, tmp_path: Path) -> None:
    wrong = {"OFFHOOK_HUB__URL": here.url, "OFFHOOK_HUB__TOKEN": "1001.AAAA"}
    assert offhook(tmp_path / "x", "dial", "15", **wrong).returncode == 5
    assert offhook(tmp_path / "x", "listen", **wrong).returncode == 5


def test_the_doctor(tmp_path: Path) -> None:
    findings = {each["name"]: each for each in said(offhook(tmp_path, "doctor", "--json"))["findings"]}
    assert findings["simulator"]["verdict"] == "ok"
    for name in ("tapi", "alsatel", "phonepc", "isicom", "com"):
        assert "not available yet" in findings[name]["text"]
        assert findings[name]["hint"]
    printed = offhook(tmp_path, "doctor").stdout
    assert printed.count("not available yet") == 1, "in one line"
    assert "no hub" in findings["hub"]["text"].lower()
    assert offhook(tmp_path, "doctor").returncode == 0
    (tmp_path / "settings.toml").write_text("[hub]\nprot = 1\n")
    wrong = offhook(tmp_path, "doctor")
    assert wrong.returncode == 1
    assert "hub.port" in wrong.stdout


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_error_once_with_hint_and_exit_code(tmp_path: Path, language: str) -> None:
    rows = said(offhook(tmp_path, "doctor", "--errors", "--json", OFFHOOK_LANGUAGE=language))["errors"]
    assert [row["code"] for row in rows if not row["interface"]] == list(CODES)
    assert all(row["text"] and row["hint"] and row["exit"] == KINDS[row["kind"]].exit_code for row in rows)
    assert {"ami_account", "callto_batch"} <= {row["code"] for row in rows if row["interface"]}
    printed = offhook(tmp_path, "doctor", "--errors", OFFHOOK_LANGUAGE=language).stdout
    assert all(printed.count(f" {code}\n") == 1 for code in CODES)


def test_the_parser_is_whole_in_both_languages() -> None:
    for language in ("en", "fr"):
        assert build(language).format_help()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('interface = "callto"\n[callto]\ncommand = "/bin/true $teldest$"\n', True),
        ("", False),
        ('interface = "hub"\n', False),
    ],
)
def test_a_demo_says_where_the_first_desk_telephones_for_real(
    setting: str, said: bool, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(setting)
    with program(tmp_path, "demo", "--port", "0") as demo:
        demo.process.terminate()
        _out, told = demo.process.communicate(timeout=20)
    assert ("choose the interface callto" in told) == said, told
