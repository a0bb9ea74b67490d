"""The ``callto`` interface: what is shown, what is launched, and by whom it is opened."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from hubs import OFFHOOK, offhook
from offhook.errors import SettingsError, Unavailable
from offhook.interface import Interface
from offhook.interfaces.callto.about import ABOUT
from offhook.interfaces.callto.command import order
from offhook.interfaces.callto.driver import CalltoInterface
from offhook.settings.given import given
from offhook.settings.model import everything
from offhook.testing.contract import InterfaceContract
from offhook.transport.launch import launch
from offhook.view import View
from test_escaping import NOTE, wait_for

EXAMPLE = {
    "OFFHOOK_INTERFACE": "callto",
    "OFFHOOK_CALLTO__COMMAND": "callto : $teldest$ org=$telorg$",
    "OFFHOOK_DESK__EXTENSION": "1024",
}


def settings(**more: str) -> View:
    values = {name: known.default for name, known in everything().items()}
    return View(ABOUT, (values | {name.replace("__", "."): text for name, text in more.items()}).__getitem__)


@pytest.mark.slow
def test_the_seeds_example(tmp_path: Path) -> None:
    done = offhook(tmp_path, "dial", "0388202020", "--dry-run", **EXAMPLE)
    assert (done.returncode, done.stdout) == (0, "callto : 0388202020 org=1024\n")
    done = offhook(tmp_path, "dial", "03 88 20 20 20", "--dry-run", "--json", **EXAMPLE)
    assert json.loads(done.stdout) == {"interface": "callto", "sends": ["callto : 0388202020 org=1024"]}


COMMANDS = [
    ("callto:$teldest$", "callto:0388202020", ["callto:0388202020"]),
    ("callto : $teldest$ org=$telorg$", "callto : 0388202020 org=1024", ["callto:0388202020 org=1024"]),
    ("tel : $teldest$", "tel : 0388202020", ["tel:0388202020"]),
    ("sip : $teldest$ @ pbx.example", "sip : 0388202020 @ pbx.example", ["sip:0388202020@pbx.example"]),
    ("skype:$teldest$?call", "skype:0388202020?call", ["skype:0388202020?call"]),
    ("x-phone://dial/$teldest$", "x-phone://dial/0388202020", ["x-phone://dial/0388202020"]),
    ("/opt/phone/dial --to $teldest$ '--from=$telorg$'", "/opt/phone/dial --to 0388202020 --from=1024", ["/opt/phone/dial", "--to", "0388202020", "--from=1024"]),
    ('C:\\Phone\\dial.exe "$teldest$"', "C:\\Phone\\dial.exe 0388202020", ["C:\\Phone\\dial.exe", "0388202020"]),
    ('"C:\\Program Files\\dial.exe" $teldest$', "C:\\Program Files\\dial.exe 0388202020", ["C:\\Program Files\\dial.exe", "0388202020"]),
]  # fmt: skip


@pytest.mark.parametrize(("command", "shown", "launched"), COMMANDS)
def test_what_is_shown_and_launched(command: str, shown: str, launched: list[str]) -> None:
    found = order(settings(callto__command=command), "1024", "0388202020")
    assert (found.shown, list(found.words)) == (shown, launched)
    assert found.is_address is (len(launched) == 1)


def test_digits_plus_and_star_stay_and_a_password_is_masked() -> None:
    found = order(
        settings(callto__command="tel:$teldest$;by=$user$:$mdp$", desk__user="a b", desk__password="p@ss"),
        "1024",
        "+33#1*2",
    )
    assert found.words == ("tel:+33%231*2;by=a%20b:p%40ss",)
    assert found.shown == "tel:+33%231*2;by=a%20b:••••"
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize("command", ["callto:", "$teldest$x", "run", ""])
def test_a_command_without_the_number(command: str) -> None:
    if command.startswith("$"):
        with pytest.raises(Unavailable):
            launch(order(settings(callto__command=command), "1024", "1").words, is_address=False)
        return
    with pytest.raises(SettingsError):
        order(settings(callto__command=command), "1024", "1")


# --- the real launch ------------------------------------------------------------------------------


def register(home: Path, scheme: str, command: str) -> dict[str, str]:
    """Register a program for a scheme by hand, as on a desktop: xdg-open only looks whether there is a display."""
    applications = home / "share" / "applications"
    applications.mkdir(parents=True, exist_ok=True)
    name = f"phone-{scheme}.desktop"
    (applications / name).write_text(
        f"[Desktop Entry]\nType=Application\nName=Phone\nExec={command} %u\nMimeType=x-scheme-handler/{scheme};\n"
    )
    config = home / "config"
    config.mkdir(exist_ok=True)
    (config / "mimeapps.list").write_text(f"[Default Applications]\nx-scheme-handler/{scheme}={name}\n")
    return {
        "XDG_DATA_HOME": str(home / "share"),
        "XDG_CONFIG_HOME": str(config),
        "HOME": str(home),
        "DISPLAY": ":99",
    }


@pytest.fixture
def note(tmp_path: Path) -> Path:
    script = tmp_path / "note.py"
    script.write_text(NOTE)
    return tmp_path / "note"


@pytest.mark.slow
def test_the_program_registered_for_the_scheme_gets_the_address(tmp_path: Path, note: Path) -> None:
    assert shutil.which("xdg-open"), "xdg-utils is missing: `make test` installs it"
    way = register(tmp_path, "callto", f"{sys.executable} {note}.py {note}")
    done = offhook(tmp_path / "desk", "dial", "0388202020", **EXAMPLE, **way)
    assert done.returncode == 0, done.stderr
    wait_for(note, 1)
    (address,) = json.loads(note.read_text())
    assert address == "callto:0388202020 org=1024"
    offhook(tmp_path / "desk", "dial", "0388202020", **EXAMPLE, **way)
    assert note.read_text().count("\n") == 1, "the second half of a double click"


@pytest.mark.slow
def test_nobody_is_registered(tmp_path: Path) -> None:
    way = register(tmp_path, "other", "/bin/true")
    done = offhook(tmp_path / "desk", "dial", "0388202020", "--json", **EXAMPLE, **way)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (4, "no_handler")


@pytest.mark.slow
@pytest.mark.parametrize("named", [OFFHOOK, f"{sys.executable} -m offhook.cli", "offhook"])
def test_offhook_as_its_own_handler_does_not_loop(tmp_path: Path, named: str) -> None:
    way = register(tmp_path, "callto", f"{named} dial")
    done = offhook(tmp_path / "desk", "dial", "0388202020", "--json", **EXAMPLE, **way)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (3, "launch_loop")


@pytest.mark.slow
def test_behind_a_script_it_does_not_loop_either(tmp_path: Path) -> None:
    """A script of another name calls us back: the second of us sees where it comes from."""
    home = tmp_path / "desk"
    for name, text in (("interface", "callto"), ("desk.extension", "1024")):
        offhook(home, "settings", "set", name, text)
    script, log = tmp_path / "phone.sh", tmp_path / "log"
    script.write_text(f'#!/bin/sh\necho "$@" >> {log}\n{OFFHOOK} dial --json "$1" >> {log}.answer\n')
    script.chmod(0o755)
    way = register(tmp_path, "callto", str(script))
    offhook(home, "dial", "0388202020", **way)
    wait_for(tmp_path / "log.answer", 1)
    assert json.loads((tmp_path / "log.answer").read_text())["error"]["code"] == "launch_loop"
    assert log.read_text() == "callto:0388202020\n", "once"


@pytest.mark.slow
def test_a_named_program_is_used_even_where_offhook_is_the_handler(tmp_path: Path, note: Path) -> None:
    way = register(tmp_path, "callto", f"{OFFHOOK} dial")
    named = {"OFFHOOK_CALLTO__PROGRAM": f"{sys.executable} {note}.py {note}"}
    assert offhook(tmp_path / "desk", "dial", "0388202020", **EXAMPLE, **way, **named).returncode == 0
    wait_for(note, 1)


@pytest.mark.slow
def test_a_program_that_is_not_there_or_fails(tmp_path: Path) -> None:
    for command, code in (
        ("/no/such/program $teldest$", "program_missing"),
        ("/bin/false $teldest$", "program_failed"),
    ):
        done = offhook(
            tmp_path, "dial", "0388202020", "--json", **(EXAMPLE | {"OFFHOOK_CALLTO__COMMAND": command})
        )
        assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (4, code)


@pytest.mark.slow
def test_children_get_none_of_our_settings(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = tmp_path / "env.sh"
    script.write_text(f"#!/bin/sh\nenv > {seen}.part\nmv {seen}.part {seen}\n")
    script.chmod(0o755)
    command = {"OFFHOOK_CALLTO__COMMAND": f"{script} $teldest$", "OFFHOOK_DESK__PASSWORD": "s3cret"}
    assert offhook(tmp_path, "dial", "0388202020", **(EXAMPLE | command)).returncode == 0
    while not seen.exists():
        os.sched_yield()
    names = {line.partition("=")[0] for line in seen.read_text().splitlines() if line.startswith("OFFHOOK")}
    assert names == {"OFFHOOK_HOME", "OFFHOOK_LAUNCHED"}
    assert "s3cret" not in seen.read_text()


class TestContract(InterfaceContract):
    """What holds of every interface."""

    link = False

    async def make(self) -> Interface:
        return CalltoInterface.for_desk("1001", given(ABOUT, {"command": "/bin/true $teldest$"}))[0]
