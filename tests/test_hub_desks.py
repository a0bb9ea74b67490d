"""Desks of a hub with settings of their own: what their pages may change, and what happens to their lines."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubs import Program, offhook, program
from offhook.settings.running import Running, running
from offhook.transport.http import request
from test_web_events import told
from vendor import reply, vendor

pytestmark = pytest.mark.slow


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Program]:
    (tmp_path / "machine.toml").write_text('locked = ["country"]\ncountry = "FR"\n[guard]\npremium = "bar"\n')
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1003") as found:
        yield found


@pytest.fixture
def here(hub: Program, tmp_path: Path) -> Running:
    found = running(folder=str(tmp_path))
    assert found is not None
    return found


def post(here: Running, desk: str, sets: dict[str, str | None], scope: str = "user") -> dict[str, Any]:
    return request(
        "POST", here.url, f"/v1/settings?desk={desk}", here.tokens[desk], {"scope": scope, "set": sets}
    )


REACHES_IN = [
    ({"callto.command": "/bin/touch x $teldest$"}, "user"), ({"callto.program": "/bin/sh"}, "user"), ({"interface": "callto"}, "user"),
    ({"web.file": "/etc/passwd"}, "user"), ({"shared_folder": "/etc"}, "user"), ({"tls.ca": "/etc/passwd"}, "user"),
    ({"guard.premium": "allow"}, "user"), ({"outside_prefix": "0"}, "machine"), ({"hub.port": "1"}, "user"),
    ({"country": "BE"}, "user"), ({"outside_prefix": "0"}, "user"), ({"internal_numbers": "0899."}, "user"), ({"emergency_numbers": "0899701234"}, "user"),
    ({"emergency_prefix": "yes"}, "user"),
]  # fmt: skip


@pytest.mark.parametrize(("sets", "scope"), REACHES_IN)
def test_another_desks_page_does_not_reach_into_the_hubs_machine(
    here: Running, tmp_path: Path, sets: dict[str, str | None], scope: str
) -> None:
    before = (tmp_path / "machine.toml").read_text()
    answer = post(here, "1003", sets, scope)
    assert answer["error"]["code"] in ("setting_not_here", "setting_locked")
    assert not (tmp_path / "desks").exists()
    assert (tmp_path / "machine.toml").read_text() == before
    assert post(here, "1003", {"desk.user": "zoé", "dial_format": "e164"})["path"].endswith(
        "desks/1003/settings.toml"
    )


def test_what_is_locked_stays_so_on_every_page(here: Running, tmp_path: Path) -> None:
    before = (tmp_path / "machine.toml").read_text()
    for scope in ("user", "machine"):
        tries: list[dict[str, str | None]] = [{"country": "BE"}, {"guard.premium": "allow"}]
        for sets in tries:
            assert post(here, "1001", sets, scope)["error"]["code"] == "setting_locked"
    assert (tmp_path / "machine.toml").read_text() == before


def test_another_desk_does_not_read_files_of_the_hub(here: Running, tmp_path: Path) -> None:
    assert request("GET", here.url, "/v1/settings?desk=1003", here.tokens["1003"])["file"] is None


def test_settings_that_cannot_be_are_refused_and_those_that_are_wrong_stop_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "desks" / "1002"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text('internal_numbers = ["abc"]\n')
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1003"):
        here = running(folder=str(tmp_path))
        assert here is not None
        assert post(here, "1001", {"internal_numbers": "abc"})["error"]["code"] == "setting_unreadable"
        assert offhook(tmp_path, "dial", "0388202020", "--desk", "1001").returncode == 0
        assert offhook(tmp_path, "dial", "0388202020", "--desk", "1002").returncode == 3


def test_a_file_that_is_gone_can_be_taken_back(here: Running, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    refused = post(here, "1001", {"web.file": str(path), "interface": "web"})["error"]
    assert (refused["code"], refused["params"]["wanted"]) == ("setting_unreadable", "file"), (
        "it was never there"
    )
    path.touch()
    assert "path" in post(here, "1001", {"web.file": str(path), "interface": "web"})
    path.unlink()
    shown = request("GET", here.url, "/v1/settings?desk=1001", here.tokens["1001"])
    assert shown["file"]["error"]["code"] in ("shared_folder_down", "file_missing")
    assert "path" in post(here, "1001", {"web.file": None, "interface": None})
    command = {"command": "Dial", "id": "1", "number": "0388202020"}
    assert "error" not in request(
        "POST", here.url, "/v1/desk/commands?desk=1001", here.tokens["1001"], command
    )


def test_a_call_of_a_line_that_is_given_up_ends_for_the_desk(here: Running, tmp_path: Path) -> None:
    offhook(tmp_path, "simulate", "call", "1001", "0388202020")
    assert "path" in post(here, "1001", {"interface": "callto"})
    import sqlite3

    with sqlite3.connect(tmp_path / "hub.sqlite") as store:
        bodies = [
            json.loads(body)
            for (body,) in store.execute("SELECT body FROM event WHERE desk = '1001' ORDER BY n")
        ]
    store.close()
    names = [each["event"] for each in bodies]
    assert names.count("Ended") == 1
    assert names.index("Ended") > names.index("Ringing")


async def test_settings_changed_many_times_at_once_leave_one_reader(tmp_path: Path) -> None:
    """And none after the hub has stopped."""
    with vendor(reply(told(""))) as server:
        (tmp_path / "sys").mkdir()
        (tmp_path / "sys" / "clicktocall_param.txt").write_text(
            f"<global>\n<timeout1>0.2\n<cliktocalldial>\n<url>http://127.0.0.1:{server.port}/dial?$teldest$\n<cliktocallevent>\n"
            f"<with_event>1\n<type_return>json\n<url>http://127.0.0.1:{server.port}/poll\n"
        )
        with program(
            tmp_path, "hub", "--port", "0", "--desks", "1001", OFFHOOK_SHARED_FOLDER=str(tmp_path / "sys")
        ):
            here = running(folder=str(tmp_path))
            assert here is not None
            post(here, "1001", {"interface": "web"})
            await asyncio.gather(
                *(asyncio.to_thread(post, here, "1001", {"desk.ident": str(number)}) for number in range(5))
            )
            before = len(server.came)
            await asyncio.sleep(3)
            assert len(server.came) - before <= 3 / 0.2 * 1.3, "one reader polls five times a second at most"
            assert len(server.came) > before
        after = len(server.came)
        await asyncio.sleep(1)
        assert len(server.came) == after


def test_a_click_on_the_page_goes_the_way_the_settings_say_at_once(
    hub: Program, here: Running, tmp_path: Path
) -> None:
    """There and back: over the web API, then over the switch again."""

    def dial(number: str) -> dict[str, Any]:
        return request(
            "POST",
            here.url,
            "/v1/desk/commands?desk=1001",
            here.tokens["1001"],
            {"command": "Dial", "id": number, "number": number},
        )

    def calls() -> list[str]:
        return [
            call["dialled"]
            for call in request("GET", here.url, "/v1/desk/calls?desk=1001", here.tokens["1001"])["calls"]
        ]

    with vendor(reply("{}")) as server:
        (tmp_path / "sys").mkdir()
        (tmp_path / "sys" / "clicktocall_param.txt").write_text(
            f"<cliktocalldial>\n<url>http://127.0.0.1:{server.port}/dial?n=$teldest$\n"
        )
        post(here, "1001", {"shared_folder": str(tmp_path / "sys"), "interface": "web"})
        assert "error" not in dial("0388202020")
        assert [each.target for each in server.dials()] == ["/dial?n=0388202020"]
        assert calls() == []
        post(here, "1001", {"interface": None})
        assert "error" not in dial("0388202021")
        assert len(server.dials()) == 1
        assert calls() == ["0388202021"]
