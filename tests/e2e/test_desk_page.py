"""The desk page in a real Chromium: what a person sees and does all day."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, picture
from playwright.sync_api import Browser, Page, Route, expect

from hubs import Program, free_port, offhook, program
from offhook.demo import DIRECTORY
from offhook.settings.running import Running
from offhook.transport.http import request

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def open_page(
    browser: Browser,
    address: str,
    *,
    locale: str = "fr-FR",
    width: int = 1280,
    height: int = 860,
    dark: bool = False,
) -> Page:
    """Open a desk page; a script error or a console error on it fails the test."""
    context = browser.new_context(
        locale=locale,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
    page.goto(address)
    expect(page.locator("#line")).to_have_attribute("data-state", "up")
    expect(page.locator(".contact").first).to_be_visible()
    return page


@pytest.fixture
def page(browser: Browser, demo: Program) -> Iterator[Page]:
    found = open_page(browser, demo.said["pages"]["1001"])
    yield found
    found.context.close()


def state(page: Page, name: str, at: int = 0) -> None:
    expect(page.locator(".call").nth(at)).to_have_attribute("data-state", name)


def press(page: Page, command: str, at: int = 0) -> None:
    page.locator(".call").nth(at).locator(f"[data-do={command}]").click()


def calls_of(here: Running, desk: str) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = request("GET", here.url, f"/v1/desk/calls?desk={desk}", here.tokens[desk])[
        "calls"
    ]
    return calls


def rings(tmp_path: Path, number: str = "", **more: str) -> None:
    words = [word for name, value in more.items() for word in (f"--{name}", value)]
    assert (
        offhook(tmp_path, "simulate", "call", "1001", *([number] if number else []), *words).returncode == 0
    )


def test_a_click_on_a_number_is_a_call(page: Page) -> None:
    page.get_by_role("button", name="Appeler 03 88 20 20 20").click()
    state(page, "prompted")
    expect(page.locator(".call .name")).to_have_text("Alsace Ferronnerie SAS")
    picture(page, "dial-own-phone")
    state(page, "delivered")
    state(page, "connected")
    picture(page, "dial-connected")
    press(page, "Hold")
    state(page, "held")
    picture(page, "dial-held")
    press(page, "Resume")
    state(page, "connected")
    press(page, "HangUp")
    expect(page.locator(".call")).to_have_count(0)
    expect(page.locator("#history li")).to_have_count(1)
    expect(page.locator("#history")).to_contain_text("Sortant")
    expect(page.locator("#history")).to_contain_text("terminé")


def test_a_customer_calls(page: Page, tmp_path: Path) -> None:
    rings(tmp_path, "0388202020")
    state(page, "alerting")
    card = page.locator(".call")
    expect(card.locator(".name")).to_have_text("Alsace Ferronnerie SAS")
    for word in (
        "Sophie Heitz",
        "Strasbourg",
        "client",
        "03\u00a088\u00a020\u00a020\u00a020",
        "Commande 24817",
    ):
        expect(card).to_contain_text(word)
    assert "Alsace Ferronnerie" in page.title()
    picture(page, "customer-calls")
    press(page, "Answer")
    state(page, "connected")
    press(page, "HangUp")
    expect(page.locator("#history")).to_contain_text("Entrant")


def test_unknown_and_hidden_callers_are_shown_as_such(page: Page, tmp_path: Path) -> None:
    rings(tmp_path, "0199009988")
    expect(page.locator(".call .name")).to_have_text("Appelant inconnu")
    expect(page.locator(".call .detail")).to_have_text("01\u00a099\u00a000\u00a099\u00a088")
    rings(tmp_path)
    expect(page.locator(".call .name").nth(1)).to_have_text("Numéro masqué")
    picture(page, "unknown-and-hidden")
    assert offhook(tmp_path, "simulate", "hangup", "1001").returncode == 0
    expect(page.locator("#history .missed")).to_contain_text("Manqué")


def test_an_extension_behind_a_main_number(page: Page, tmp_path: Path) -> None:
    rings(tmp_path, "0261912217")
    expect(page.locator(".call .name")).to_have_text("Grands Moulins de Loire")
    expect(page.locator(".call .detail")).to_contain_text("par le standard de la société")


def test_two_calls_at_once(page: Page, tmp_path: Path) -> None:
    rings(tmp_path, "0388202020")
    rings(tmp_path, "0353011010")
    expect(page.locator(".call")).to_have_count(2)
    press(page, "Answer", 0)
    state(page, "connected", 0)
    press(page, "Answer", 1)
    state(page, "held", 0)
    state(page, "connected", 1)
    picture(page, "two-calls")
    press(page, "HangUp", 1)
    state(page, "held", 0)
    press(page, "Resume", 0)
    state(page, "connected", 0)


def test_a_transfer_takes_the_card_along(
    browser: Browser, demo: Program, page: Page, here: Running, tmp_path: Path
) -> None:
    colleague = open_page(browser, demo.said["pages"]["1002"])
    rings(tmp_path, "0388202020")
    press(page, "Answer")
    press(page, "Transfer")
    picture(page, "transfer-form")
    page.locator(".call form.transfer input").fill("1002")
    page.locator(".call form.transfer [value=Transfer]").click()
    expect(page.locator(".call")).to_have_count(0)
    state(colleague, "alerting")
    expect(colleague.locator(".call .name")).to_have_text("Alsace Ferronnerie SAS")
    (call,) = calls_of(here, "1002")
    assert call["record"]["id"] == "411ALSA", "the record travels with the call"
    picture(colleague, "transfer-arrives")
    press(colleague, "Answer")
    state(colleague, "connected")
    colleague.context.close()


def test_asking_first_then_connecting_them(page: Page, here: Running, tmp_path: Path) -> None:
    rings(tmp_path, "0388202020")
    press(page, "Answer")
    press(page, "Transfer")
    page.locator(".call form.transfer input").fill("1003")
    page.locator(".call form.transfer [value=Consult]").click()
    state(page, "held", 0)
    state(page, "connected", 1)  # Inès answers by herself after two seconds
    expect(page.locator(".call").nth(1)).to_contain_text("Inès Weber")
    picture(page, "consultation")
    press(page, "CompleteTransfer", 1)
    expect(page.locator(".call")).to_have_count(0)
    (call,) = calls_of(here, "1003")
    assert (call["number"], call["state"]) == ("+33388202020", "connected")


def test_a_double_click_dials_once(page: Page, here: Running) -> None:
    page.get_by_role("button", name="Appeler 03 88 20 20 20").dblclick()
    state(page, "delivered")
    assert len(calls_of(here, "1001")) == 1
    expect(page.locator(".call")).to_have_count(1)


def until_gone(page: Page, key: str) -> None:
    """Press a key until no call is left: the same key on another call is ignored for a moment, by design."""
    deadline = time.monotonic() + 10
    while page.locator(".call").count() and time.monotonic() < deadline:
        page.keyboard.press(key)
    expect(page.locator(".call")).to_have_count(0)


def test_with_the_keyboard_alone(page: Page, tmp_path: Path) -> None:
    page.keyboard.press("/")
    page.keyboard.type("éclats")
    expect(page.locator(".contact")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".contact button").first).to_be_focused()
    page.keyboard.press("Enter")
    state(page, "connected")
    page.keyboard.press("h")
    state(page, "held")
    page.keyboard.press("h")
    state(page, "connected")
    page.keyboard.press("e")
    expect(page.locator(".call")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.press("Control+A")
    page.keyboard.type("03 88 20 20 20")
    page.keyboard.press("Enter")
    state(page, "prompted")
    page.keyboard.press("Escape")
    until_gone(page, "e")
    rings(tmp_path, "0353011010")
    state(page, "alerting")
    page.keyboard.press("a")
    state(page, "connected")
    page.keyboard.press("t")
    expect(page.locator(".call form.transfer input")).to_be_focused()
    page.keyboard.type("1003")
    page.keyboard.press("Enter")
    expect(page.locator(".call")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-help")).to_be_hidden()


def test_tabbing_reaches_everything_and_shows_where(page: Page, tmp_path: Path) -> None:
    rings(tmp_path, "0388202020")
    state(page, "alerting")
    seen: set[str] = set()
    page.locator(".skip").focus()
    for _step in range(25):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.dataset.do ?? document.activeElement.id"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert {"Answer", "HangUp", "Transfer", "search", "theme", "language", "keys"} <= seen


def test_a_late_answer_to_a_search_takes_no_focus_away(page: Page) -> None:
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/v1/contacts*clats", hold)
    page.locator("#search").fill("éclat")
    expect(page.locator(".contact")).to_have_count(1)
    page.keyboard.press("s")
    page.wait_for_function("() => document.querySelector('#search').value === 'éclats'")
    page.keyboard.press("Enter")
    expect(page.locator(".contact button").first).to_be_focused()
    with page.expect_response("**/v1/contacts*clats"):
        late[0].continue_()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.locator(".contact button").first).to_be_focused()
    page.keyboard.press("Enter")
    state(page, "prompted")


def test_a_key_held_down_acts_on_one_call(page: Page, tmp_path: Path) -> None:
    rings(tmp_path, "0388202020")
    state(page, "alerting")
    rings(tmp_path, "0353011010")
    state(page, "alerting", 1)
    page.keyboard.down("a")
    page.keyboard.down("a")
    page.keyboard.up("a")
    state(page, "connected", 0)
    state(page, "alerting", 1)
    page.keyboard.press("e")  # one is talked on, one rings: what destroys never guesses
    expect(page.locator("#problem")).to_contain_text(re.compile("Which one|Lequel"))
    expect(page.locator(".call")).to_have_count(2)
    page.wait_for_timeout(800)
    page.keyboard.press("a")
    state(page, "held", 0)
    state(page, "connected", 1)
    page.wait_for_timeout(800)
    page.keyboard.down("e")
    page.keyboard.down("e")
    page.keyboard.up("e")
    expect(page.locator(".call")).to_have_count(1)
    state(page, "held", 0)


def test_single_keys_can_be_switched_off(page: Page, tmp_path: Path) -> None:
    page.locator("#keys").click()
    page.locator("#single-keys").uncheck()
    page.keyboard.press("Escape")
    rings(tmp_path, "0388202020")
    state(page, "alerting")
    page.keyboard.press("e")
    page.reload()
    state(page, "alerting")
    assert not page.locator("#single-keys").is_checked()


def test_focus_stays_where_the_work_is(page: Page, tmp_path: Path) -> None:
    rings(tmp_path, "0388202020")
    page.locator(".call [data-do=Answer]").focus()
    page.keyboard.press("Enter")
    state(page, "connected")
    assert page.evaluate("document.activeElement.closest('.call') !== null")
    page.locator(".call [data-do=Transfer]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".call form.transfer input")).to_be_focused()
    page.locator(".call form.transfer [value=Cancel]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.actions') !== null")
    page.locator(".call [data-do=Transfer]").focus()
    page.keyboard.press("Enter")
    rings(tmp_path, "0353011010")
    state(page, "alerting", 1)
    assert offhook(tmp_path, "simulate", "hangup", "1001").returncode == 0
    expect(page.locator(".call")).to_have_count(1)
    page.keyboard.type("ae")  # still typing a number for the call that has gone
    assert page.evaluate("document.activeElement !== document.body")
    state(page, "alerting", 0)


def test_a_ring_is_seen_wherever_the_page_stands(browser: Browser, demo: Program, tmp_path: Path) -> None:
    page = open_page(browser, demo.said["pages"]["1001"], width=360, height=700)
    page.locator(".contact").last.scroll_into_view_if_needed()
    rings(tmp_path, "0388202020")
    expect(page.locator("#ringing")).to_be_in_viewport()
    expect(page.locator("#ringing")).to_contain_text("Alsace Ferronnerie SAS")
    picture(page, "ringing-out-of-sight")
    page.locator("#ringing [data-do=Answer]").click()
    state(page, "connected")
    expect(page.locator("#ringing")).to_be_hidden()
    page.context.close()


def test_what_a_screen_reader_hears_is_no_clock(page: Page, tmp_path: Path) -> None:
    page.evaluate("""() => {
      window.heard = [];
      for (const place of document.querySelectorAll("[role=status], [role=alert], [aria-live]"))
        new MutationObserver(() => window.heard.push(place.textContent))
          .observe(place, { childList: true, subtree: true, characterData: true });
    }""")
    rings(tmp_path, "0388202020")
    state(page, "alerting")
    press(page, "Answer")
    state(page, "connected")
    expect(page.locator(".call .timer")).to_have_text("0:02")
    heard = page.evaluate("window.heard")
    assert heard[-1] == "en communication, Alsace Ferronnerie SAS"
    assert not any("0:" in each for each in heard)
    assert page.locator(".call").get_attribute("aria-labelledby") == page.locator(
        ".call .name"
    ).get_attribute("id")


def test_a_reload_forgets_nothing_of_a_call(page: Page, tmp_path: Path) -> None:
    rings(tmp_path, "0388202020")
    press(page, "Answer")
    state(page, "connected")
    page.reload()
    state(page, "connected")
    press(page, "HangUp")
    expect(page.locator("#history li")).to_contain_text("Entrant · Alsace Ferronnerie SAS")
    rings(tmp_path, "0388202020")
    state(page, "alerting")
    page.reload()
    state(page, "alerting")
    assert offhook(tmp_path, "simulate", "hangup", "1001").returncode == 0
    expect(page.locator("#history .missed")).to_contain_text("Manqué · Alsace Ferronnerie SAS")
    rings(tmp_path, "0388202020")
    press(page, "HangUp")
    expect(page.locator("#history li").first).to_contain_text("Entrant · Alsace Ferronnerie SAS · rejeté")


def test_a_hostile_name_is_only_text(page: Page, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202egnp.exe"
    page.on("dialog", lambda _dialog: pytest.fail("a caller's name ran"))
    rings(tmp_path, "0199009988", name=name)
    expect(page.locator(".call .name")).to_contain_text("<img src=x")
    assert page.locator(".call img").count() == 0


def test_what_is_no_number_says_so(page: Page) -> None:
    page.locator("#search").fill("12;rm -rf")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("n’est pas un numéro de téléphone")
    picture(page, "no-number")


def test_of_two_numbers_in_one_text_a_person_chooses(page: Page) -> None:
    """A label is read, nothing is dialled before the choice, and the choice is dialled."""
    page.locator("#search").fill("Portable : 03 88 20 20 20 / 06 39 98 12 34")
    page.keyboard.press("Enter")
    choices = page.locator("#problem button")
    expect(choices).to_have_text(["03 88 20 20 20", "06 39 98 12 34"])
    picture(page, "several-numbers")
    assert page.locator(".call").count() == 0
    choices.last.click()
    state(page, "prompted")
    expect(page.locator(".call .detail")).to_contain_text("06")
    expect(page.locator("#problem")).to_be_hidden()


def test_an_extension_behind_a_number_is_shown_and_not_dialled(page: Page) -> None:
    page.locator("#search").fill("Tél. 03 88 20 20 20 poste 12")
    page.keyboard.press("Enter")
    state(page, "prompted")
    expect(page.locator("#problem")).to_contain_text("Le poste 12 n’est pas composé")


def test_every_tab_shows_the_same_calls(browser: Browser, page: Page, tmp_path: Path) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    rings(tmp_path, "0388202020")
    state(page, "alerting")
    state(other, "alerting")
    press(other, "Answer")
    state(page, "connected")


CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_it_is_readable_everywhere(
    browser: Browser, demo: Program, tmp_path: Path, locale: str, dark: bool, width: int
) -> None:
    page = open_page(
        browser,
        demo.said["pages"]["1001"],
        locale=locale,
        width=width,
        height=800 if width == 360 else 1000,
        dark=dark,
    )
    rings(tmp_path, "0388202020")
    state(page, "alerting")
    rings(tmp_path, "0353011010")
    state(page, "alerting", 1)
    press(page, "Answer", 0)
    state(page, "connected", 0)
    expect(page.locator("html")).to_have_attribute("lang", locale[:2])
    expect(page.locator("#calls-title")).to_have_text("Appels" if locale == "fr-FR" else "Calls")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out"
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(
        "[...document.querySelectorAll('[data-text]')].every((each) => !each.textContent.startsWith('page.'))"
    )
    picture(page, f"page-{locale[:2]}-{'dark' if dark else 'light'}-{width}")
    page.context.close()


def test_language_and_theme_can_be_changed(page: Page) -> None:
    page.locator("#language").click()
    expect(page.locator("#calls-title")).to_have_text("Calls")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("#calls-title")).to_have_text("Calls")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_page_outlives_the_hub(browser: Browser, tmp_path: Path) -> None:
    """Killed, away for longer than every try, with a call that ends meanwhile: the page comes back with the truth."""
    port = str(free_port())
    with program(tmp_path, "simulate", "--desks", "1001-1002") as exchange:
        switch = ("--desks", "1001-1002", "--simulator", exchange.said["simulator"])
        words = ("hub", "--port", port, *switch, "--directory", str(DIRECTORY))
        hub = Program(tmp_path, *words)
        page = open_page(browser, hub.said["page"])
        rings(tmp_path, "0388202020")
        state(page, "alerting")
        tries: list[str] = []
        page.on("websocket", lambda socket: tries.append(socket.url))
        hub.kill()
        expect(page.locator("#line")).to_have_attribute("data-state", "lost")
        expect(page.locator(".call [data-do=Answer]")).to_be_hidden()
        page.get_by_role("button", name="Appeler 03 53 01 10 10").click()
        expect(page.locator("#problem")).to_contain_text("Rien n’a été envoyé")
        picture(page, "line-lost")
        assert (
            offhook(tmp_path, "simulate", "hangup", "1001", "--at", exchange.said["simulator"]).returncode
            == 0
        )
        deadline = time.monotonic() + 30
        while len(tries) < 6 and time.monotonic() < deadline:
            page.wait_for_event("websocket", timeout=15_000)
        expect(page.locator("#line")).to_have_attribute("data-state", "lost")
        hub = Program(tmp_path, *words)
        expect(page.locator("#line")).to_have_attribute("data-state", "up", timeout=15_000)
        expect(page.locator("#problem")).to_be_hidden()
        expect(page.locator(".call")).to_have_count(0)
        assert calls_of_desk(tmp_path) == [], "what was clicked while the line was lost is not done later"
        rings(tmp_path, "0353011010")
        press(page, "Answer")
        state(page, "connected")
        page.context.close()
        hub.stop()


def calls_of_desk(tmp_path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(offhook(tmp_path, "lines", "--json").stdout)["calls"]
    return found


def test_without_a_login_there_is_a_way_in(
    browser: Browser, demo: Program, here: Running, tmp_path: Path
) -> None:
    page = browser.new_page()
    page.goto(here.url)
    expect(page.locator("body")).to_contain_text("offhook hub page")
    picture(page, "login")
    address = json.loads(offhook(tmp_path, "hub", "page", "1002", "--json").stdout)["page"]
    page.goto(address)
    expect(page.locator("#desk")).to_have_text("1002")
    page.close()
