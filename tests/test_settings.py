"""Settings: which value is in force, where it came from, and what is said of a wrong one."""

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from offhook.about import KINDS, Setting
from offhook.errors import SettingsError
from offhook.popup.choose import Trigger
from offhook.settings.files import is_held, only_one
from offhook.settings.kinds import extensions, spelled
from offhook.settings.model import checked, everything, judged
from offhook.settings.places import config, home, resolve
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
    assert config({"OFFHOOK_HOME": "/x"}) == "/x"
    assert config({"XDG_STATE_HOME": "/y", "XDG_CONFIG_HOME": "/z"}) == "/z/offhook"


def test_every_setting_is_described() -> None:
    for language in LANGUAGES:
        for setting in everything().values():
            said = say(setting.text_key, language)
            assert said.endswith("."), setting.name
    assert all(setting.default in setting.choices for setting in everything().values() if setting.choices)
    assert all(setting.kind in KINDS for setting in everything().values())


WRONG_VALUES: list[tuple[str, Any, str, str]] = [
    ("hub.port", "x", "port", ""), ("hub.port", "65536", "port", ""), ("hub.port", "", "nothing", "8480"), ("hub.keep_s", "-1", "whole_seconds", ""),
    ("hub.keep_s", "1234567890", "whole_seconds", ""), ("hub.keep_events", "many", "number", ""),
    ("guard.per_minute", "ten", "number", ""), ("guard.per_minute", "1.5", "number", ""), ("web.timeout_s", "15 s", "seconds", ""), ("web.timeout_s", "500ms", "seconds", ""),
    ("asterisk.ring_s", "1.2.3", "seconds", ""), ("asterisk.ring_s", "nan", "seconds", ""), ("use_user_settings", "maybe", "flag", ""), ("language", "de", "choice", "en, fr"),
    ("country", "FRA", "country", ""), ("country", "XX", "country", ""), ("country", "FR BE", "country", ""), ("country", "France", "country_near", "FR"), ("country", "+32", "country_near", "BE"),
    ("country", "Deutschland", "country_near", "DE"), ("guard.countries", "FR 1x", "country", ""), ("guard.countries", "FR, Belgique", "country_near", "BE"),
    ("guard.countries", ["FR", "Royaume-Uni"], "country_near", "GB"), ("internal_numbers", "a", "pattern", ""), ("internal_numbers", "9-1", "pattern", ""), ("guard.barred", "1-", "pattern", ""),
    ("outside_prefix", "zero", "prefix", ""), ("outside_prefix", "0 9", "prefix", ""), ("emergency_numbers", "15 police", "digits", ""), ("incoming_strip", "zero", "digits", ""),
    ("desk.extension", "poste 12", "extension", "12"), ("desk.extension", "10 24", "extension", "1024"), ("desk.extension", "--", "extension", "1024"),
    ("hub.desks", "", "desks", ""), ("hub.desks", "9-1", "desks", ""), ("hub.desks", "²", "desks", ""), ("hub.desks", "1-" + "9" * 5000, "desks", ""),
    ("asterisk.address", "http://pbx:5038/x", "address", "pbx:5038"), ("asterisk.address", "pbx:99999", "address", "pbx.example:5038"), ("asterisk.address", "pbx:0", "address", "pbx.example:5038"),
    ("asterisk.address", "pbx 5038", "address", "pbx"), ("asterisk.address", "300.1.1.1", "address", "pbx.example:5038"), ("asterisk.address", "", "nothing", "127.0.0.1:5038"),
    ("hub.address", "192.0.2.1:80", "host", "192.0.2.1"), ("hub.hosts", "pbx.example:x", "address", "pbx.example:5038"), ("hub.divalto_networks", "192.168.1.0/99", "network", ""),
    ("hub.url", "pbx:8480", "url", "http://pbx:8480"), ("hub.url", "http:/pbx", "url", "http://pbx"), ("hub.url", "https;//pbx", "url", "https://pbx"), ("hub.url", "ftp x", "url", "https://hub.example:8480"),
    ("tls.pin", "abcd", "pin", ""), ("web.tls_pin", "g" * 64, "pin", ""), ("asterisk.devices", 5, "table", ""), ("asterisk.devices", {"1001": ["a b"]}, "table", ""),
    ("asterisk.devices", {"": ["a"]}, "table", ""), ("asterisk.devices", {"1001": []}, "table", ""), ("asterisk.devices", {"10=1": ["a"]}, "table", ""), ("asterisk.devices", "1001", "table", ""),
    ("desk.user", "a\0b", "text", ""), ("desk.user", "a\ud800", "text", ""), ("callto.verb", "OPEN\nX: y", "text", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "wanted", "such"), WRONG_VALUES)
def test_a_value_that_is_not_of_its_kind_says_what_is_wanted_and_where(
    name: str, value: Any, wanted: str, such: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        checked(name, value, "file:7")
    said = {
        "name": name,
        "where": "file:7",
        "wanted": wanted,
        "such": such,
        "value": caught.value.params["value"],
    }
    assert caught.value.params == said
    for language in LANGUAGES:
        text = caught.value.text(language)
        assert text.startswith("file:7")
        assert "wanted" not in text
        assert not re.search(r"\{\w|…", text.replace("“…”", "").replace("«\u00a0…\u00a0»", "")), text
        assert such in text


def test_every_kind_of_setting_has_a_sentence_for_what_it_refuses() -> None:
    """A stranger's setting of any kind is judged as ours are, an example is never posed as a choice, a secret never shown."""
    only_when_set = {"list", "words", "interface", "file", "folder", "template"}
    for kind in KINDS:
        theirs = Setting("bell.strength", kind, "0", choices=("soft", "hard"), secret=kind == "text")
        try:
            spelled(theirs, "non\nsense" if kind == "text" else "non$$sense !", "bell.toml:3")
        except SettingsError as error:
            for language in LANGUAGES:
                text = error.text(language)
                assert "bell.toml:3" in text
                assert ("soft, hard" in text) == (kind == "choice")
                assert "sense" not in text or not theirs.secret
        else:
            assert kind in only_when_set, kind


NOT_TO_BE_SET = [
    ("interface", "asterix", "interface", "asterisk"), ("hub.interface", "", "interface", ""), ("tls.ca", "nothere.pem", "file", ""), ("hub.directory", "nothere.csv", "file", ""),
    ("web.file", "clicktocall_param.txt", "file", ""), ("shared_folder", "sys", "whole_path", "/sys"), ("callto.command", "tel:", "template", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "wanted", "such"), NOT_TO_BE_SET)
def test_what_is_not_on_this_machine_cannot_be_set(name: str, value: str, wanted: str, such: str) -> None:
    with pytest.raises(SettingsError) as caught:
        judged(name, value, name)
    assert caught.value.params["wanted"] == wanted
    assert such in str(caught.value.params["such"])


def test_a_file_is_named_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").touch()
    with pytest.raises(SettingsError) as caught:
        judged("tls.ca", "ca.pem", "tls.ca")
    assert caught.value.params["such"] == str(tmp_path / "ca.pem")
    assert judged("tls.ca", str(tmp_path / "ca.pem"), "tls.ca") == str(tmp_path / "ca.pem")
    with pytest.raises(SettingsError) as caught:
        judged("shared_folder", str(tmp_path / "ca.pem"), "shared_folder")
    assert (caught.value.params["wanted"], caught.value.params["such"]) == ("folder", str(tmp_path))


def test_nonsense_is_refused_wherever_it_comes_from(tmp_path: Path) -> None:
    """A file by hand names its line, a variable and an option themselves."""
    for name, value in (
        ("outside_prefix", "zero"),
        ("country", "France"),
        ("hub.port", "99999"),
        ("guard.barred", "1-"),
    ):
        head, _dot, key = name.rpartition(".")
        variable = f"OFFHOOK_{name.upper().replace('.', '__')}"
        for place in ("settings.toml", "machine.toml"):
            path = tmp_path / place
            path.write_text(
                f"# ours\n[{head}]\n{key} = '{value}'\n" if head else f"# ours\n\n{key} = '{value}'\n"
            )
            with pytest.raises(SettingsError) as caught:
                resolve({}, {"OFFHOOK_HOME": str(tmp_path)}, system="/nowhere")
            assert caught.value.text().startswith(f"{path}:3: “{value}”")
            path.unlink()
        for options, environ, where in (
            ({}, {variable: value}, variable),
            ({name: value}, {}, "--" + key.replace("_", "-")),
        ):
            with pytest.raises(SettingsError) as caught:
                resolve(options, {"OFFHOOK_HOME": str(tmp_path)} | environ, system="/nowhere")
            assert caught.value.text().startswith(f"{where}: “{value}”")


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


def test_every_choice_of_when_a_card_pops_is_one_the_rules_know() -> None:
    assert everything()["pop.trigger"].choices == tuple(each.value for each in Trigger)
