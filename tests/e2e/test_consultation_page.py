"""A consultation on the desk page, in a real Chromium: what each card says and offers, and a key that never loses the customer."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, picture
from playwright.sync_api import Browser, Page, expect

from hubs import Program, offhook, program
from offhook.settings.running import Running, running
from offhook.transport.http import request

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CUSTOMER = "+33388202020"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


class Office:
    """A page for desk 1001, and the people around it; who is called lets it ring."""

    def __init__(self, home: Path, page: Page, here: Running, exchange: str) -> None:
        self.home, self.page, self.here, self.exchange = home, page, here, exchange

    def people(self, *words: str) -> None:
        """Let somebody do something at the exchange."""
        assert offhook(self.home, "simulate", *words, "--at", self.exchange).returncode == 0

    def calls(self, desk: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = request(
            "GET", self.here.url, f"/v1/desk/calls?desk={desk}", self.here.tokens[desk]
        )["calls"]
        return found

    def stand(self, *states: str) -> None:
        """Wait until the page's cards stand so."""
        expect(self.page.locator(".call")).to_have_count(len(states))
        for at, state in enumerate(states):
            expect(self.page.locator(".call").nth(at)).to_have_attribute("data-state", state)

    def card(self, at: int) -> Any:
        return self.page.locator(".call").nth(at)

    def press(self, command: str, at: int = 0) -> None:
        self.card(at).locator(f"[data-do={command}]").click()

    def offers(self, at: int, *commands: str) -> None:
        """Wait until a card's buttons are these."""
        expect(self.card(at).locator(".actions [data-do]:visible")).to_have_count(len(commands))
        for command in commands:
            expect(self.card(at).locator(f"[data-do={command}]")).to_be_visible()

    def customer(self) -> None:
        """Have a customer call, and take it."""
        self.people("call", "1001", "0388202020")
        self.stand("alerting")
        self.press("Answer")
        self.stand("connected")

    def ask(self, number: str = "1002") -> None:
        """Ask a colleague first."""
        self.press("Transfer")
        self.card(0).locator("form.transfer input").fill(number)
        self.card(0).locator("form.transfer [value=Consult]").click()


def opened(browser: Browser, address: str) -> Page:
    context = browser.new_context(
        locale="en-GB", viewport={"width": 1280, "height": 860}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
    page.goto(address)
    expect(page.locator("#line")).to_have_attribute("data-state", "up")
    return page


def until_gone(page: Page, key: str) -> None:
    """Press a key until no call is left: for a moment after a call has gone, keys are not heard, by design."""
    deadline = time.monotonic() + 10
    while page.locator(".call").count() and time.monotonic() < deadline:
        page.keyboard.press(key)


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[Office]:
    desks = ("--desks", "1001-1004")
    with (
        program(tmp_path, "simulate", *desks) as exchange,
        program(tmp_path, "hub", "--port", "0", *desks, "--simulator", exchange.said["simulator"]) as hub,
    ):
        here = running(folder=str(tmp_path))
        assert here is not None
        page = opened(browser, hub.said["page"])
        yield Office(tmp_path, page, here, exchange.said["simulator"])
        page.context.close()


def test_the_key_e_goes_back_to_the_customer_while_it_rings(office: Office) -> None:
    office.customer()
    office.ask()
    office.stand("held", "delivered")
    expect(office.card(1).locator(".state-name")).to_contain_text("asking first")
    office.offers(0, "Resume", "Transfer", "HangUp")
    office.offers(1, "CompleteTransfer", "CancelConsult", "HangUp")
    office.page.keyboard.press("e")
    office.stand("connected")
    expect(office.card(0)).to_contain_text("03\u00a088\u00a020\u00a020\u00a020")
    expect(office.card(0).locator(".asked")).to_have_text(re.compile(r"Asked .*: given up"))
    assert office.calls("1002") == []
    (call,) = office.calls("1001")
    assert call["number"] == CUSTOMER


def test_the_key_e_pressed_twice_in_haste_leaves_the_customer(office: Office) -> None:
    office.customer()
    office.ask()
    office.stand("held", "delivered")
    office.page.evaluate(
        "for (const _time of [1, 2]) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'e', bubbles: true }))"
    )
    office.stand("connected")
    expect(office.card(0)).to_contain_text("03\u00a088\u00a020\u00a020\u00a020")


def test_the_button_hangs_up_the_consultation_that_rings_and_the_customer_is_back(office: Office) -> None:
    office.customer()
    office.ask()
    office.stand("held", "delivered")
    office.press("HangUp", 1)
    office.stand("connected")
    office.ask()
    office.stand("held", "delivered")
    expect(office.card(0).locator(".asked")).to_have_text("")
    office.press("CancelConsult", 1)
    office.stand("connected")
    office.offers(0, "Hold", "Transfer", "Park", "HangUp")


def test_a_colleague_who_rejects_it_is_told_on_the_customers_card(office: Office) -> None:
    office.customer()
    office.ask()
    office.stand("held", "delivered")
    assert offhook(office.home, "hangup", "--desk", "1002").returncode == 0
    office.stand("held")
    expect(office.card(0).locator(".asked")).to_have_text(re.compile(r"Asked .*1002.*: rejected"))
    picture(office.page, "consultation-rejected")
    office.page.locator("#language").click()
    expect(office.card(0).locator(".asked")).to_have_text(re.compile(r"Consultation de .*1002.*\s: rejeté"))
    office.offers(0, "Resume", "Transfer", "HangUp")
    office.press("Resume")
    office.stand("connected")


@pytest.mark.parametrize("talks", [False, True], ids=["while it rings", "while it is talked"])
def test_a_customer_who_gives_up_is_told_on_the_consultations_card(office: Office, talks: bool) -> None:
    office.customer()
    office.ask()
    office.stand("held", "delivered")
    if talks:
        office.people("lift", "1002")
        office.stand("held", "connected")
        office.offers(1, "CompleteTransfer", "CancelConsult", "HangUp")
    office.people("hangup", "1001")
    office.stand("connected" if talks else "delivered")
    expect(office.card(0).locator(".state-name")).to_contain_text("the caller has hung up")
    office.offers(0, *(("Hold", "Transfer", "Park", "HangUp") if talks else ("HangUp",)))
    picture(office.page, "consultation-caller-left")
    if talks:
        until_gone(office.page, "e")
    else:
        office.press("HangUp")
    office.stand()
    expect(office.page.locator("#history li")).to_have_count(2)


def test_back_with_the_caller_they_can_still_be_connected(office: Office) -> None:
    office.customer()
    office.ask()
    office.stand("held", "delivered")
    office.people("lift", "1002")
    office.stand("held", "connected")
    office.press("Resume", 0)
    office.stand("connected", "held")
    office.offers(0, "Hold", "CompleteTransfer", "Transfer", "Park", "HangUp")
    office.offers(1, "Resume", "CompleteTransfer", "CancelConsult", "HangUp")
    office.press("CompleteTransfer", 0)
    office.stand()
    (call,) = office.calls("1002")
    assert (call["number"], call["state"]) == (CUSTOMER, "connected")


def test_two_ordinary_calls_can_be_connected(office: Office) -> None:
    office.customer()
    office.press("Hold")
    office.stand("held")
    office.offers(0, "Resume", "Transfer", "HangUp")
    office.page.locator("#search").fill("1002")
    office.page.keyboard.press("Enter")
    office.stand("held", "delivered")
    office.people("lift", "1002")
    office.stand("held", "connected")
    office.offers(1, "Hold", "CompleteTransfer", "Transfer", "Park", "HangUp")
    office.press("CompleteTransfer", 1)
    office.stand()
    (call,) = office.calls("1002")
    assert (call["number"], call["state"]) == (CUSTOMER, "connected")


@pytest.mark.parametrize(("number", "why"), [("1004", "busy"), ("1999", "no such number")])
def test_one_who_cannot_be_asked_is_told_on_the_customers_card(
    browser: Browser, demo: Program, tmp_path: Path, number: str, why: str
) -> None:
    page, here = opened(browser, demo.said["pages"]["1001"]), running(folder=str(tmp_path))
    assert here is not None
    on = Office(tmp_path, page, here, demo.said["simulator"])
    on.customer()
    on.ask(number)
    expect(on.card(0).locator(".asked")).to_have_text(re.compile(rf"Asked .*: {why}"))
    on.stand("held")
    page.keyboard.press("h")
    on.stand("connected")
    page.context.close()


def test_what_cannot_be_asked_now_is_said_with_what_can(office: Office) -> None:
    """A button that was there a moment ago is clicked."""
    office.people("call", "1001", "0388202020")
    office.stand("alerting")
    (call,) = office.calls("1001")
    office.page.evaluate(
        "id => document.querySelector(`[data-call='${id}'] [data-do=Hold]`).click()", call["id"]
    )
    expect(office.page.locator("#problem")).to_have_text(
        re.compile("before the call is answered: holding. Answer it first")
    )
    office.stand("alerting")
