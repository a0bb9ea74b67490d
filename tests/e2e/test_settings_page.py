"""The settings page in a real Chromium: the seed's screen for choosing the interface."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, picture
from playwright.sync_api import Browser, Page, expect

from hubs import Program, offhook, program
from vendor import Came, Vendor, reply, vendor

pytestmark = pytest.mark.browser

SEED = Path(__file__).parents[1] / "data" / "clicktocall_param.txt"
CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def opened(
    browser: Browser,
    hub: Program,
    desk: str = "1001",
    *,
    locale: str = "fr-FR",
    width: int = 1280,
    dark: bool = False,
) -> Page:
    """Open a desk's settings page; a script error fails the test."""
    context = browser.new_context(
        locale=locale, viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
    page.goto(hub.said["pages"][desk])
    page.get_by_role("link", name="Paramètres" if locale.startswith("fr") else "Settings").click()
    expect(page.locator("#interfaces input").first).to_be_visible()
    return page


def saved(page: Page) -> None:
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#said")).to_contain_text("Enregistré dans")


def field(page: Page, name: str) -> Any:
    return page.locator(f'[data-name="{name}"]')


def origin(page: Page, name: str) -> Any:
    return page.locator(f'[id="origin-{name}"]')


def user_file(tmp_path: Path, desk: str = "1001") -> dict[str, Any]:
    return tomllib.loads((tmp_path / "desks" / desk / "settings.toml").read_text("utf-8"))


def test_choosing_callto_for_me_and_seeing_what_it_makes(
    browser: Browser, demo: Program, tmp_path: Path
) -> None:
    page = opened(browser, demo)
    page.get_by_label("CALLTO ou TEL\u00a0: un programme de cet ordinateur", exact=True).check()
    field(page, "callto.command").fill("callto : $teldest$ org=$telorg$")
    saved(page)
    assert user_file(tmp_path) == {
        "interface": "callto",
        "callto": {"command": "callto : $teldest$ org=$telorg$"},
    }
    expect(page.locator("[data-section=callto] .hint")).to_have_text(
        "Serait envoyé pour 0388202020\u00a0: callto : 0388202020 org=1001"
    )
    page.get_by_role("button", name="Afficher ce qui serait envoyé").click()
    expect(page.locator("#exchange pre")).to_have_text("callto : 0388202020 org=1001")
    picture(page, "settings-callto")
    page.reload()
    expect(
        page.get_by_label("CALLTO ou TEL\u00a0: un programme de cet ordinateur", exact=True)
    ).to_be_checked()
    expect(origin(page, "callto.command")).to_have_text("fixé ici")
    done = offhook(tmp_path, "settings", "show", "interface", "--desk", "1001")
    assert "callto" in done.stdout, "the command line sees the same"
    page.context.close()


def test_both_scopes_and_the_tick_box(browser: Browser, demo: Program, tmp_path: Path) -> None:
    page = opened(browser, demo)
    page.get_by_label("CLIC TO CALL : un service web").check()
    saved(page)
    page.get_by_label("tous sur cet ordinateur (administrateur)").check()
    page.get_by_label("CALLTO ou TEL\u00a0: un programme de cet ordinateur", exact=True).check()
    field(page, "outside_prefix").fill("0")
    saved(page)
    assert tomllib.loads((tmp_path / "machine.toml").read_text()) == {
        "interface": "callto",
        "outside_prefix": "0",
    }
    page.get_by_label("moi (utilisateur courant)").check()
    expect(page.locator("#interfaces .origin")).to_contain_text("machine.toml")
    expect(origin(page, "outside_prefix")).to_contain_text("machine.toml")
    expect(field(page, "outside_prefix")).to_have_attribute("placeholder", "0")
    assert (
        json.loads(offhook(tmp_path, "settings", "show", "interface", "--desk", "1001", "--json").stdout)[
            "settings"
        ][0]["value"]
        == "callto"
    )
    page.get_by_label("Prendre les paramètres utilisateur ci-dessous").check()
    saved(page)
    assert user_file(tmp_path)["use_user_settings"] is True
    assert (
        json.loads(offhook(tmp_path, "settings", "show", "interface", "--desk", "1001", "--json").stdout)[
            "settings"
        ][0]["value"]
        == "web"
    )
    expect(page.locator("#interfaces .origin")).to_have_text("fixé ici")
    picture(page, "settings-tick-box")
    field(page, "outside_prefix").fill("9")
    page.get_by_role("button", name="Annuler les modifications").click()
    expect(field(page, "outside_prefix")).to_have_value("")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#said")).to_have_text("Rien n’a été modifié.")
    page.context.close()


def test_what_is_locked_shows_it_and_cannot_be_changed(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "machine.toml").write_text(
        'locked = ["interface", "outside_prefix", "use_user_settings"]\ninterface = "hub"\noutside_prefix = "0"\n[guard]\nbarred = ["+33899."]\n'
    )
    with program(tmp_path, "demo", "--port", "0") as demo:
        page = opened(browser, demo)
        for name in ("outside_prefix", "guard.barred"):
            expect(field(page, name)).to_be_disabled()
            expect(origin(page, name)).to_contain_text("Verrouillé par l’administrateur")
            expect(origin(page, name)).to_contain_text("machine.toml:")
        expect(page.get_by_label("CLIC TO CALL : un service web")).to_be_disabled()
        expect(field(page, "desk.extension")).to_be_disabled()
        expect(origin(page, "desk.extension")).to_have_text("Donné par le hub.")
        answer = page.evaluate(
            """async () => (await (await fetch("/v1/settings?desk=1001", {method: "POST", headers: {"Content-Type": "application/json"},
               body: JSON.stringify({scope: "user", set: {outside_prefix: "9"}})})).json()).error.code"""
        )
        assert answer == "setting_locked", "nor past the page"
        picture(page, "settings-locked")
        page.context.close()


def test_a_prefix_is_in_force_at_once(browser: Browser, demo: Program, tmp_path: Path) -> None:
    page = opened(browser, demo)
    field(page, "outside_prefix").fill("0")
    saved(page)
    page.get_by_role("button", name="Afficher ce qui serait envoyé").click()
    expect(page.locator("#exchange pre")).to_contain_text("00388202020")
    page.context.close()


@pytest.fixture
def server() -> Iterator[Vendor]:
    def answer(came: Came) -> bytes:
        return reply('{"state":"calling","for":"' + came.headers.get("authorization", "") + '"}')

    with vendor(answer) as found:
        yield found


def test_web_with_the_files_findings_and_a_test_call(
    browser: Browser, demo: Program, server: Vendor, tmp_path: Path
) -> None:
    """The desk's own account, secrets masked, the file beside its findings, and what was sent and answered."""
    shared = tmp_path / "sys"
    shared.mkdir()
    file = shared / "clicktocall_param.txt"
    file.write_text(
        f"<cliktocalldial>\n<url>http://127.0.0.1:{server.port}/dial?n=$teldest$&by=$telorg$\n<metode>POST\n<headers>Authorization=Basic $auth$\n"
    )
    page = opened(browser, demo)
    page.get_by_label("CLIC TO CALL : un service web").check()
    field(page, "shared_folder").fill(str(shared))
    field(page, "desk.user").fill("claire")
    field(page, "desk.password").fill("s3cret")
    saved(page)
    assert "s3cret" not in page.content()
    assert "s3cret" not in (tmp_path / "desks" / "1001" / "settings.toml").read_text()
    expect(field(page, "desk.password")).to_have_value("")
    expect(field(page, "desk.password")).to_have_attribute(
        "placeholder", "•••• conservé\u00a0; saisir pour le remplacer"
    )
    row = page.locator("#file li", has_text="<metode>POST")
    expect(row.locator(".finding.error")).to_have_text(
        "erreur: il n’y a pas de balise <metode>\u00a0; vouliez-vous dire <methode>\u00a0?"
    )
    assert (
        page.locator("#file li").evaluate_all("rows => rows.findIndex(row => row.querySelector('.finding'))")
        == 2
    ), "on its line"
    page.get_by_role("button", name="Appeler").click()
    expect(page.locator("#test-problem")).to_contain_text("clicktocall_param.txt:3")
    assert server.came == []
    picture(page, "settings-findings")
    file.write_text(file.read_text().replace("<metode>", "<methode>"))
    page.get_by_role("button", name="Appeler").click()
    expect(page.locator("#exchange h3")).to_have_text(["Envoyé", "Répondu", "Répondu"])
    expect(page.locator("#exchange pre").first).to_contain_text(
        f"POST http://127.0.0.1:{server.port}/dial?n=0388202020&by=1001"
    )
    expect(page.locator("#exchange pre").first).to_contain_text("Authorization: Basic ••••")
    expect(page.locator("#exchange pre").nth(1)).to_contain_text('"for":"Basic ••••"')
    (came,) = server.dials()
    assert came.target == "/dial?n=0388202020&by=1001"
    picture(page, "settings-test-call")
    page.context.close()


def test_the_hubs_own_line_can_be_tried_too(browser: Browser, demo: Program, tmp_path: Path) -> None:
    page = opened(browser, demo)
    page.locator("#number").fill("112x")
    page.get_by_role("button", name="Appeler").click()
    expect(page.locator("#test-problem")).to_contain_text("112x")
    page.locator("#number").fill("03 88 20 20 20")
    page.get_by_role("button", name="Appeler").click()
    expect(page.locator("#exchange pre").first).to_contain_text("0388202020")
    page.get_by_role("link", name="Retour aux appels").click()
    expect(page.locator(".call")).to_have_count(1)
    page.context.close()


def test_a_wrong_value_is_said_and_nothing_is_changed(
    browser: Browser, demo: Program, tmp_path: Path
) -> None:
    page = opened(browser, demo)
    field(page, "web.timeout_s").fill("soon")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#problem")).to_contain_text("web.timeout_s")
    expect(field(page, "web.timeout_s")).to_have_value("soon")
    assert not (tmp_path / "desks" / "1001" / "settings.toml").exists()
    page.context.close()


def test_what_is_not_there_yet_keeps_its_place(browser: Browser, demo: Program) -> None:
    page = opened(browser, demo)
    for title in (
        "Paramétrage TAPI",
        "Paramétrage objet COM\u00a0: Alsatel, PhonePC, ISI-COM",
        "Configuration de la montée de fiche",
    ):
        section = page.locator("section", has=page.get_by_role("heading", name=title, exact=True))
        expect(section).to_contain_text("Cette partie n’est pas encore disponible.")
    expect(page.get_by_label("TAPI : un pilote Windows")).to_be_disabled()
    page.context.close()


@pytest.mark.parametrize(
    ("locale", "width", "dark"),
    [("fr-FR", 360, False), ("en-GB", 360, True), ("fr-FR", 1280, True), ("en-GB", 1920, False)],
)
def test_it_is_readable_everywhere(
    browser: Browser, demo: Program, locale: str, width: int, dark: bool
) -> None:
    page = opened(browser, demo, locale=locale, width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    assert page.evaluate(CONTRAST) == []
    assert "page." not in page.locator("main").inner_text(), "every text is said"
    assert (
        page.locator("#settings input:not([aria-describedby]):not([type=radio]):not([type=checkbox])").count()
        == 0
    )
    picture(page, f"settings-{locale[:2]}-{width}-{'dark' if dark else 'light'}")
    page.context.close()


def test_with_the_keyboard_alone(browser: Browser, demo: Program, tmp_path: Path) -> None:
    page = opened(browser, demo)
    field(page, "outside_prefix").focus()
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Enregistré dans")
    assert user_file(tmp_path) == {"outside_prefix": "0"}
    page.context.close()
