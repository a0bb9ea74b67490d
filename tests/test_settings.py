"""Settings: which value is in force, where it came from, and what is said of a wrong one."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from offhook.about import KINDS
from offhook.errors import SettingsError
from offhook.settings.files import is_held, only_one
from offhook.settings.kinds import extensions
from offhook.settings.model import checked, everything
from offhook.settings.places import home, resolve
from offhook.settings.running import HUB, Running, announce, lock_of, running
from offhook.texts import LANGUAGES, say


def test_later_places_win(tmp_path: Path) -> None:
    environ = {"OFFHOOK_HOME": str(tmp_path)}
    assert resolve({}, environ)["hub.port"] == "8480"
    assert resolve({}, environ).origin("hub.port") == "default"
    (tmp_path / "settings.toml").write_text('# ours\n[hub]\nport = 9000\ndesks = ["1001", "1002"]\n')
    found = resolve({}, environ)
    assert (found.number("hub.port"), found["hub.desks"]) == (9000, "1001 1002")
    assert found.origin("hub.port") == f"{tmp_path / 'settings.toml'}:3"
    environ["OFFHOOK_HUB__PORT"] = "9001"
    assert (resolve({}, environ)["hub.port"], resolve({}, environ).origin("hub.port")) == (
        "9001",
        "OFFHOOK_HUB__PORT",
    )
    assert resolve({"hub.port": "9002"}, environ).origin("hub.port") == "--port"
    assert resolve({"hub.port": None}, environ)["hub.port"] == "9001"


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[hub]\nprot = 1\n")
    with pytest.raises(SettingsError) as caught:
        resolve({}, {"OFFHOOK_HOME": str(tmp_path)})
    assert caught.value.params["near"] == "hub.port"
    assert "settings.toml:2" in caught.value.text()


@pytest.mark.parametrize("content", ["[hub\n", "[hub]\nport = 'x'\n", "\xff"])
def test_a_wrong_file_is_named_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"settings\.toml"):
        resolve({}, {"OFFHOOK_HOME": str(tmp_path)})
    assert path.read_bytes() == content.encode("latin-1")


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    found = resolve({}, {"OFFHOOK_HOME": str(tmp_path), "OFFHOOK_HUB__TOKEN_FILE": str(secret)})
    assert found["hub.token"] == "s3cret"
    assert found.shown("hub.token") == "••••"
    assert "s3cret" not in repr(found._values)
    assert "s3cret" not in repr(Running("u", {"1": "s3cret"}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1001", ["1001"]),
        ("1001-1003", ["1001", "1002", "1003"]),
        ("1001,1005 1001", ["1001", "1005"]),
        ("007-009", ["007", "008", "009"]),
    ],
)
def test_extensions(text: str, found: list[str]) -> None:
    assert extensions(text) == found


@pytest.mark.parametrize("text", ["", "x", "1-", "9-1", "1-999999", "1001-10a"])
def test_wrong_extensions(text: str) -> None:
    with pytest.raises(SettingsError):
        extensions(text)


def test_the_running_hub_is_found_and_private(tmp_path: Path) -> None:
    assert running(folder=str(tmp_path)) is None
    path = Path(announce(Running("http://127.0.0.1:1", {"1001": "t"}), folder=str(tmp_path)))
    assert path.stat().st_mode & 0o077 == 0
    assert running(folder=str(tmp_path)) is None, "nobody holds its lock: whoever wrote it is no more"
    with only_one(str(tmp_path), lock_of(HUB), "hub_running"):
        for _look in range(3):
            assert running(folder=str(tmp_path)) == Running("http://127.0.0.1:1", {"1001": "t"})
        path.write_text("{")
        assert running(folder=str(tmp_path)) is None


def test_looking_at_a_lock_keeps_nobody_from_it(tmp_path: Path) -> None:
    """Any command looks; a hub that starts in that moment must not be told that one is running."""
    over, path = threading.Event(), tmp_path / "hub.lock"

    def look() -> None:
        while not over.is_set():
            is_held(str(path))

    looking = [threading.Thread(target=look) for _ in range(3)]
    for each in looking:
        each.start()
    try:
        for _try in range(50):
            with only_one(str(tmp_path), "hub.lock", "hub_running"):
                assert is_held(str(path))
    finally:
        over.set()
        for each in looking:
            each.join()
    assert not is_held(str(path))


def test_home() -> None:
    assert home({"OFFHOOK_HOME": "/x"}) == "/x"
    assert home({"XDG_STATE_HOME": "/y"}) == "/y/offhook"


def test_every_setting_is_described() -> None:
    for language in LANGUAGES:
        for setting in everything().values():
            said = say(setting.text_key, language)
            assert said.endswith("."), setting.name
    assert all(setting.default in setting.choices for setting in everything().values() if setting.choices)
    assert all(setting.kind in KINDS for setting in everything().values())


TABLE = '{ "1001" = ["PJSIP/1001"] }'
WRONG_VALUES: list[tuple[str, Any, str]] = [
    ("hub.port", "x", "0 … 65535"), ("hub.port", "65536", "0 … 65535"), ("hub.keep_s", "-1", "0, 1, 2, …"), ("hub.keep_s", "1234567890", "0, 1, 2, …"),
    ("use_user_settings", "maybe", "yes | no"), ("country", "FRA", "FR | DE | CH …"), ("guard.countries", "FR 1", "FR DE CH …"), ("language", "de", "en | fr"),
    ("internal_numbers", "a", "5 1xxx 2000-2999 +33899."), ("internal_numbers", "9-1", "5 1xxx 2000-2999 +33899."), ("hub.desks", "", "1001 1005-1008"), ("hub.desks", "9-1", "1001 1005-1008"),
    ("asterisk.ring_s", "x", "1 | 0.5"), ("asterisk.ring_s", "1.2.3", "1 | 0.5"), ("asterisk.devices", 5, TABLE), ("asterisk.devices", {"1001": ["a b"]}, TABLE), ("asterisk.devices", {"": ["a"]}, TABLE),
    ("asterisk.devices", {"1001": []}, TABLE), ("asterisk.devices", {"10=1": ["a"]}, TABLE), ("desk.user", "a\0b", "text"), ("desk.user", "a\ud800", "text"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "expected"), WRONG_VALUES)
def test_a_value_that_is_not_of_its_kind_says_what_is_wanted_and_where(
    name: str, value: Any, expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        checked(name, value, "file:7")
    assert caught.value.params == {"name": name, "where": "file:7", "expected": expected}


RIGHT_VALUES: list[tuple[str, Any, str]] = [
    ("hub.port", 65535, "65535"), ("hub.port", "0", "0"), ("use_user_settings", True, "yes"), ("use_user_settings", "Oui", "yes"), ("use_user_settings", "", "no"), ("asterisk.ring_s", "0,5", "0.5"),
    ("guard.barred", ["+33899.", "1xxx"], "+33899. 1xxx"), ("asterisk.devices", {"1001": ["PJSIP/1", "SIP/2"], "1002": "PJSIP/3"}, "1001=PJSIP/1,SIP/2 1002=PJSIP/3"),
    ("asterisk.devices", "1001=PJSIP/1", "1001=PJSIP/1"), ("desk.user", "  zoé ", "zoé"), ("desk.password", " p ", " p "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "text"), RIGHT_VALUES)
def test_a_value_has_one_spelling(name: str, value: Any, text: str) -> None:
    assert checked(name, value, "file:7") == text


@pytest.mark.slow
def test_a_lock_is_seen_from_another_process_either_way(tmp_path: Path) -> None:
    path = tmp_path / "hub.lock"
    holding = "import sys; from offhook.settings.files import alone\nwith alone(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        assert [is_held(str(path), in_passing=way) for way in (True, False)] == [True, True]
        holder.kill()
        holder.wait(10)
    assert [is_held(str(path), in_passing=way) for way in (True, False)] == [False, False]
    assert not is_held(str(tmp_path / "none.lock"), in_passing=True)
