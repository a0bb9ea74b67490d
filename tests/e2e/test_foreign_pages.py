"""A page of somebody else's, open in the same browser as the desk page: it dials nothing and reads nothing.

A real Chromium, logged in to the desk page. The foreign page tries fetch, form, image, script, frame and
WebSocket on every route: from another site, from another port of the same machine (which browsers call the
same site and to which they send even strict cookies), and by DNS rebinding.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from browser import chromium
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hubs import Program, offhook
from offhook.api.app import endpoints_of
from offhook.hub.divalto import PATH as DIVALTO
from offhook.settings.running import Running
from offhook.transport.http import request

pytestmark = pytest.mark.browser

NOTHING: Any = SimpleNamespace(interface=None)
ROUTES = [each.path for each in endpoints_of(NOTHING, NOTHING, None, None)[1]] + ["/static"]
ROUTES += [f"{DIVALTO}/{each}" for each in ("getevent", "setevent", "gettoken")]
FILES = {"/static": "/static/desk.js"}
PATHS = [FILES.get(path, path.replace("{desk}", "1001").replace("{language}", "fr")) for path in ROUTES]

ATTACK = Path(__file__).with_name("attack.js").read_text("utf-8")


class Elsewhere(BaseHTTPRequestHandler):
    """Serves one empty page with a frame to aim forms at."""

    def do_GET(self) -> None:
        page = b"<!doctype html><title>elsewhere</title><body><iframe name=sink></iframe>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium("--host-resolver-rules=MAP *.example 127.0.0.1") as found:
        yield found


@pytest.fixture
def logged_in(browser: Browser, demo: Program, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser in which the person has the desk page open, and a customer is calling."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(demo.said["pages"]["1001"])
    expect(page.locator("#line")).to_have_attribute("data-state", "up")
    assert offhook(tmp_path, "simulate", "call", "1001", "0388202020").returncode == 0
    expect(page.locator(".call")).to_contain_text("Alsace Ferronnerie")
    yield context
    context.close()


def dial(name: str) -> dict[str, str]:
    return {
        "command": "Dial",
        "id": name,
        "number": "0899000000",
        "do": "DialOnPhone",
        "device": "1001",
        "to": "0899000000",
    }


def calls(here: Running) -> dict[str, list[str]]:
    """Return every desk's calls: who and in what state."""
    found = {}
    for desk, token in here.tokens.items():
        answer = request("GET", here.url, f"/v1/desk/calls?desk={desk}", token)
        found[desk] = [f"{call['number']} {call['state']}" for call in answer["calls"]]
    return found


def nothing_happened(here: Running, results: list[tuple[str, str]]) -> None:
    """The customer still rings, nobody was called, nothing was read."""
    for name, result in results:
        allowed = (
            ("refused",) if name.startswith("socket") else ("refused", "opaque", "late", "sent", "closed")
        )
        assert result in allowed or "foreign_request" in result or "own address" in result, (
            f"{name}: {result[:200]}"
        )
        assert "Alsace" not in result
    assert calls(here) == {desk: ["+33388202020 alerting"] if desk == "1001" else [] for desk in here.tokens}


def watched(page: Page, hub: str) -> list[int]:
    """Note the status of every answer the hub gives this page."""
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status) if answer.url.startswith(hub) else None)
    return statuses


@pytest.mark.parametrize(
    "origin", ["http://evil.example:{port}", "http://localhost:{port}", "http://127.0.0.1:{port}"]
)
def test_a_page_of_another_origin_can_do_nothing(
    logged_in: BrowserContext, here: Running, elsewhere: int, origin: str
) -> None:
    page = logged_in.new_page()
    statuses = watched(page, here.url)
    page.goto(origin.format(port=elsewhere))
    results = page.evaluate(ATTACK, {"hub": here.url, "paths": PATHS, "dial": dial(origin[:16])})
    assert len(results) == len(PATHS) * 10
    nothing_happened(here, results)
    assert statuses, "the hub was asked"
    assert set(statuses) == {403}


def test_dns_rebinding_can_do_nothing(logged_in: BrowserContext, here: Running) -> None:
    """The attacker's name now points at this machine: same origin for the browser, a stranger for the hub."""
    port = here.url.rpartition(":")[2]
    hub = f"http://rebound.example:{port}"
    page = logged_in.new_page()
    statuses = watched(page, hub)
    answer = page.goto(hub)
    assert answer is not None
    assert answer.status == 403
    results = page.evaluate(ATTACK, {"hub": hub, "paths": PATHS, "dial": dial("rebound")})
    nothing_happened(here, results)
    assert set(statuses) == {403}


def test_the_attack_would_work_without_the_door(logged_in: BrowserContext, here: Running) -> None:
    """The same script on our own page does dial and read: the tests above are not blind."""
    page = logged_in.pages[0]
    results = dict(
        page.evaluate(
            ATTACK,
            {
                "hub": here.url,
                "paths": ["/v1/desk/commands", "/v1/contacts", "/v1/desk"],
                "dial": dial("own"),
            },
        )
    )
    assert results["json /v1/desk/commands"].startswith("200")
    assert "Alsace" in results["fetch cors GET /v1/contacts"]
    assert results["socket /v1/desk"].startswith("read")
    assert len(calls(here)["1001"]) == 2
