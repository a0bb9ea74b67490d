"""Switches on the command line, in processes of their own: replay, record, simulate, a hub, doctor."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from hubs import offhook, program
from offhook.transport.connection import address_of
from recordings import AT, CONFIG, TRUTH, differences, path_of

pytestmark = pytest.mark.slow

SETTINGS = {
    "asterisk": '[asterisk]\nuser = "offhook"\npassword = "secret"\ncontext = "desks"\ndevices = { "*" = ["PJSIP/*"] }\n'
    'extensions = ["10[0-9][0-9]"]\ntrunks = ["PJSIP/trunk"]\ntrunk_contexts = ["from-trunk"]\n',
    "freeswitch": '[freeswitch]\npassword = "secret"\ncontext = "default"\ndevices = { "*" = ["*"] }\n'
    'extensions = ["10[0-9][0-9]"]\ntrunks = ["trunk"]\ntrunk_contexts = ["public"]\n',
}
KINDS = list(SETTINGS)


def told(home: Path, *words: str) -> list[dict[str, Any]]:
    done = offhook(home, *words, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("kind", "name", "interface"),
    [
        ("ami", "attended_ami", "asterisk"),
        ("ami", "group_local", "asterisk"),
        ("esl", "blind_refer", "freeswitch"),
    ],
)
def test_replay_tells_the_calls(tmp_path: Path, kind: str, name: str, interface: str) -> None:
    words = ["replay", interface, str(path_of(kind, name)), "--config", str(CONFIG)]
    assert differences(told(tmp_path, *words, "--calls"), TRUTH[kind][name]) == []
    events = told(tmp_path, *words)
    assert {"Ringing", "Connected", "Ended"} <= {event["event"] for event in events}
    assert events[0]["at"].startswith("2000-01-01T00:00:0")


def test_replay_without_a_plan_guesses_and_says_so(tmp_path: Path) -> None:
    done = offhook(
        tmp_path, "replay", "asterisk", str(path_of("ami", "inbound_answered")), "--calls", "--json"
    )
    assert "guessed" in done.stderr
    assert json.loads(done.stdout)["direction"] == "inbound"
    assert json.loads(done.stdout)["answered_by"] == "1001"


def test_replay_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[asterisk]\nextensions = 5\n")
    some = str(path_of("ami", "lists"))
    for words, code, part in (
        (("replay", "asterisk", "missing.ami"), 2, "missing.ami"),
        (("replay", "callto", some), 2, "callto"),
        (("replay", "asterisk", some, "--config", str(tmp_path / "bad.toml")), 3, "asterisk.extensions"),
        (("replay", "freeswitch", some, "--config", str(CONFIG)), 8, ""),
    ):
        done = offhook(tmp_path, *words)
        assert (done.returncode, part in done.stderr) == (code, True), done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_hub_on_a_switch_dials_and_tells(tmp_path: Path, kind: str) -> None:
    (tmp_path / "settings.toml").write_text(SETTINGS[kind])
    with program(tmp_path, "simulate", kind, "--desks", "1001-1003") as pretend:
        address = pretend.said[kind]
        (tmp_path / "settings.toml").write_text(SETTINGS[kind] + f'address = "{address}"\n')
        with program(tmp_path, "hub", "--port", "0", "--interface", kind, "--desks", "1001-1003"):
            assert json.loads(offhook(tmp_path, "dial", "1002", "--json").stdout)
            call = wait_for_state(tmp_path, "connected")
            assert (call["direction"], call["number"]) == ("click2dial", "1002")
            assert wait_for_state(tmp_path, "connected", "1002")["number"] == "1001"
            assert offhook(tmp_path, "transfer", "1003").returncode == 0
            assert wait_for_state(tmp_path, "connected", "1003")["state"] == "connected"
            done = offhook(tmp_path, "hangup", "--desk", "1003")
            assert done.returncode == 0, done.stderr


def wait_for_state(home: Path, state: str, desk: str = "1001") -> dict[str, Any]:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for call in json.loads(offhook(home, "lines", "--json", "--desk", desk).stdout)["calls"]:
            if call["state"] == state:
                found: dict[str, Any] = call
                return found
    raise AssertionError(f"no call became {state}")


@pytest.mark.parametrize("kind", KINDS)
def test_record_writes_what_replay_reads(tmp_path: Path, kind: str) -> None:
    with program(tmp_path, "simulate", kind, "--traffic", "20", "--talk", "0.6") as pretend:
        (tmp_path / "settings.toml").write_text(SETTINGS[kind] + f'address = "{pretend.said[kind]}"\n')
        recording = tmp_path / "monday.rec"
        done = offhook(
            tmp_path, "record", kind, str(recording), "--seconds", "2.5", "--replace-numbers", "--json"
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["bytes"] == recording.stat().st_size > 1000
    data, sent = recording.read_bytes(), (tmp_path / "monday.rec.sent").read_bytes()
    reads = [json.loads(line) for line in (tmp_path / "monday.rec.timing.jsonl").read_text().splitlines()]
    assert sum(length for _seconds, _start, length in reads) == len(data)
    assert b"secret" not in data + sent
    assert b"****" in sent
    assert b"01990000" not in data, "the customers' numbers are others"
    (tmp_path / "plan.toml").write_text(SETTINGS[kind])
    calls = told(tmp_path, "replay", kind, str(recording), "--config", str(tmp_path / "plan.toml"), "--calls")
    assert len(calls) > 10
    assert {call["direction"] for call in calls} == {"inbound"}
    assert offhook(tmp_path, "record", kind, str(recording)).returncode == 2, "nothing is written over"


def test_a_pretend_switch_plays_a_recording(tmp_path: Path) -> None:
    recording = str(path_of("ami", "inbound_answered"))
    with program(tmp_path, "simulate", "asterisk", "--play", recording, "--speed", "20") as pretend:
        (tmp_path / "settings.toml").write_text(
            SETTINGS["asterisk"] + f'address = "{pretend.said["asterisk"]}"\n[desk]\nextension = "1001"\n'
        )
        with program(tmp_path, "listen", "--interface", "asterisk") as listening:
            events = [listening.said["event"]]
            assert listening.process.stdout is not None
            while events[-1] != "Ended":
                events.append(json.loads(listening.process.stdout.readline())["event"])
    assert [event for event in events if event not in ("LineBack", "Updated")] == [
        "Ringing",
        "Connected",
        "Ended",
    ]


# --- doctor -----------------------------------------------------------------------------------------------------------

WRONG: list[tuple[str, str, dict[str, str], tuple[str, ...]]] = [
    ("asterisk", "closed", {"address": '"127.0.0.1:1"'}, ("manager.conf", "enabled = yes", "asterisk.address")),
    ("asterisk", "not_manager", {"address": "HTTP"}, ("manager.conf", "asterisk.address")),
    ("asterisk", "secret", {"password": '"wrong"'}, ("manager.conf", "secret", "asterisk.password")),
    ("asterisk", "tls", {"tls": "true"}, ("manager.conf", "tlsenable", "asterisk.tls")),
    ("asterisk", "write call", {"refuse": "Status"}, ("manager.conf", "write =", "call")),
    ("asterisk", "write originate", {"refuse": "Originate"}, ("manager.conf", "write =", "originate")),
    ("asterisk", "read", {"refuse": "events"}, ("manager.conf", "read = call,agent", "eventfilter")),
    ("asterisk", "context", {"context": '"nowhere"'}, ("extensions.conf", "asterisk.context")),
    ("asterisk", "no context", {"context": '""'}, ("asterisk.context",)),
    ("asterisk", "device", {"devices": '{ "*" = ["PJSIP/x*"] }'}, ("pjsip.conf", "asterisk.devices")),
    ("asterisk", "trunk", {"trunks": '["PJSIP/gone"]'}, ("pjsip.conf", "asterisk.trunks")),
    ("asterisk", "extensions", {"extensions": '["2..."]'}, ("asterisk.extensions", "hub.desks")),
    ("asterisk", "no plan", {"extensions": "[]", "devices": "{}"}, ("asterisk.devices",)),
    ("freeswitch", "closed", {"address": '"127.0.0.1:1"'}, ("event_socket.conf.xml", "listen-port")),
    ("freeswitch", "not_socket", {"address": "HTTP"}, ("event_socket.conf.xml", "freeswitch.address")),
    ("freeswitch", "secret", {"password": '"wrong"'}, ("event_socket.conf.xml", "password")),
    ("freeswitch", "acl", {"address": "REJECT"}, ("apply-inbound-acl", "acl.conf.xml")),
    ("freeswitch", "tls", {"tls": "true"}, ("tunnel", "freeswitch.tls")),
    ("freeswitch", "no context", {"context": '""'}, ("freeswitch.context",)),
    ("freeswitch", "user", {"domain": '"pbx.example"', "devices": '{ "*" = ["x*"] }'}, ("directory/", "freeswitch.devices")),
    ("freeswitch", "gateway", {"trunks": '["gone"]'}, ("sip_profiles/external/", "freeswitch.trunks")),
    ("freeswitch", "extensions", {"extensions": '["2..."]'}, ("freeswitch.extensions", "hub.desks")),
    ("freeswitch", "no plan", {"extensions": "[]", "devices": "{}"}, ("freeswitch.devices",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "what", "changed", "named"), WRONG, ids=[f"{each[0]} {each[1]}" for each in WRONG]
)
async def test_doctor_finds_what_is_wrong_and_names_file_and_option(
    tmp_path: Path, kind: str, what: str, changed: dict[str, str], named: tuple[str, ...]
) -> None:
    from switches import peer, switch

    async def http(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n" * 4)
        await writer.drain()
        await asyncio.sleep(0.05)

    async def reject(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
        await writer.drain()
        await asyncio.sleep(0.05)

    async with switch(kind) as made, peer(http) as web, peer(reject) as rude:
        if kind == "asterisk":
            made.refuse = {changed["refuse"]: "Permission denied"} if "refuse" in changed else {}  # type: ignore[attr-defined]
            made.contexts = frozenset({"desks"})  # type: ignore[attr-defined]
        lines = SETTINGS[kind] + f'address = "{made.address}"\n'
        for name, value in changed.items():
            value = {"HTTP": f'"{web}"', "REJECT": f'"{rude}"'}.get(value, value)
            kept = [line for line in lines.splitlines() if not line.startswith(f"{name} =")]
            lines = "\n".join([*kept, *([f"{name} = {value}"] if name != "refuse" else [])]) + "\n"
        settings = f'interface = "{kind}"\nhub.desks = "1001-1003"\n' + lines
        (tmp_path / "settings.toml").write_text(settings)
        done = await asyncio.to_thread(offhook, tmp_path, "doctor", "--json")
    found = [
        each
        for each in json.loads(done.stdout)["findings"]
        if each["name"] == kind and each["verdict"] != "ok"
    ]
    said = " ".join(each["text"] + " " + each["hint"] for each in found)
    assert all(part in said for part in named), (what, said, done.stderr)
    assert done.returncode == 1
    assert "wrong" not in (done.stdout if what == "secret" else "").replace('"verdict": "wrong"', "").replace(
        "wrong.", ""
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_doctor_finds_nothing_where_nothing_is_wrong(tmp_path: Path, kind: str) -> None:
    from switches import switch

    async with switch(kind) as made:
        text = (
            f'interface = "{kind}"\nhub.desks = "1001-1003"\n'
            + SETTINGS[kind]
            + f'address = "{made.address}"\n'
        )
        (tmp_path / "settings.toml").write_text(text)
        done = await asyncio.to_thread(offhook, tmp_path, "doctor", "--json")
    found = [each for each in json.loads(done.stdout)["findings"] if each["name"] == kind]
    assert [each["verdict"] for each in found] == ["ok"], found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pbx", ("pbx", 5038)), ("pbx:5039", ("pbx", 5039)), ("[::1]:5039", ("::1", 5039)), ("::1", ("::1", 5038)),
        ("[::1]", ("::1", 5038)), ("", None), ("pbx:0", None), ("pbx:99999", None), ("a b:1", None), ("pbx:x", None),
    ],
)  # fmt: skip
def test_an_address(text: str, address: tuple[str, int] | None) -> None:
    found = address_of(text, 5038)
    assert (None if found is None else (found.host, found.port)) == address
    assert AT.tzinfo is not None
