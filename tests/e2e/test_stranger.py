"""A stranger's interface, installed in an environment of its own, everywhere Offhook is used; and broken ones beside it."""

import json
import subprocess
import sys
import sysconfig
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from browser import chromium, picture
from playwright.sync_api import Browser, Page, expect

import hubs
from hubs import Program, environment, free_port, program
from offhook import texts
from offhook.errors import SettingsError, Unavailable
from offhook.settings.running import running
from offhook.transport.http import request

sys.path.insert(0, str(Path(__file__).parents[1] / "stranger"))

from tower import CRACKED, PASSWORD

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STRANGER = ROOT / "tests" / "stranger"
WRONG = "dong-ding"
"""A password that does not open the tower: no more to be seen than the right one."""


# --- the environment, the tower, and who speaks with them ---------------------------------------------


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with Offhook and the stranger's package, installed from their wheels; it borrows what they need."""
    place = tmp_path_factory.mktemp("scratch") / "environment"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    packages = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(place)}))
    borrowed = sysconfig.get_path("purelib")
    (packages / "borrowed.pth").write_text(f"import site; site.addsitedir({borrowed!r})\n")
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", str(ROOT), str(STRANGER)]
    subprocess.run([place / "bin" / "python", "-m", "pip", *install], check=True)
    return place


@pytest.fixture(scope="module", autouse=True)
def in_scratch(scratch: Path) -> Iterator[None]:
    """Every ``offhook`` of these tests is the scratch environment's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hubs, "OFFHOOK", str(scratch / "bin" / "offhook"))
        yield


class Bells:
    """The tower, a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, STRANGER / "tower.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self._line()

    def ring(self, device: str, number: str) -> None:
        """Somebody calls."""
        self._say(f"ring {device} {number}")

    def asked(self) -> list[str]:
        """Return every number it was asked to ring, each as often as it was."""
        self._say("asked")
        return self._line().replace("-", "").split()

    def stop(self) -> None:
        self.process.communicate(timeout=20)

    def _say(self, words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def bells() -> Iterator[Bells]:
    tower = Bells()
    try:
        yield tower
    finally:
        tower.stop()


def run(home: Path, *words: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end. Whatever it says, it is no secret and no traceback."""
    done = subprocess.run(
        [hubs.OFFHOOK, *words],
        capture_output=True,
        text=True,
        env=environment(home, **more),
        timeout=60,
        check=False,
        input=given,
    )
    said = done.stdout + done.stderr
    assert PASSWORD not in said
    assert WRONG not in said
    assert "Traceback" not in said
    return done


def does(home: Path, *words: str, given: str = "", **more: str) -> str:
    """Run a command that succeeds; returns what it prints."""
    done = run(home, *words, given=given, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def set_up(home: Path, address: str, password: str = PASSWORD, *more: tuple[str, str], of: str = "") -> Path:
    """Set what a desk with a bell tower sets, as a person would; ``of="--machine"``: for every desk of a hub."""
    where = (of,) if of else ()
    for name, value in (("bell.address", address), *more):
        does(home, "settings", "set", name, value, *where)
    does(home, "settings", "set", "bell.password", *where, given=f"{password}\n")
    return home


MINE = (("interface", "bell"), ("desk.extension", "1001"))


@contextmanager
def soon(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a process that has not said in twenty seconds what is waited for: then it says no more."""
    late = threading.Timer(20, process.kill)
    late.start()
    try:
        yield
    finally:
        late.cancel()


def until(listening: Program, name: str) -> dict[str, Any]:
    """Return the next event of that name that is told."""
    assert listening.process.stdout is not None
    with soon(listening.process):
        for line in listening.process.stdout:
            assert PASSWORD not in line
            told: dict[str, Any] = json.loads(line)
            if told["event"] == name:
                return told
    raise AssertionError(f"no {name} was told")


def finding(home: Path, name: str, **more: str) -> tuple[int, dict[str, str]]:
    """Return ``doctor``'s exit code, and what it finds of one interface."""
    done = run(home, "doctor", "--json", **more)
    (found,) = (each for each in json.loads(done.stdout)["findings"] if each["name"] == name)
    return done.returncode, found


# --- installed ----------------------------------------------------------------------------------------


def test_it_is_installed_there_and_only_there(scratch: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageNotFoundError):
        distribution("offhook-bell")
    where = "import offhook, offhook_bell; print(offhook.__file__, offhook_bell.__file__)"
    done = subprocess.run(
        [scratch / "bin" / "python", "-c", where], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert all(Path(each).is_relative_to(scratch) for each in done.stdout.split())


def test_its_settings_are_set_shown_and_refused_as_ours_are(tmp_path: Path) -> None:
    does(tmp_path, "settings", "set", "bell.address", "127.0.0.1:7000")
    changed = json.loads(does(tmp_path, "settings", "set", "bell.password", "--json", given=f"{PASSWORD}\n"))
    assert changed["changes"] == [{"name": "bell.password", "from": None, "to": "••••"}]
    rows = {row["name"]: row for row in json.loads(does(tmp_path, "settings", "show", "--json"))["settings"]}
    origin = str(tmp_path / "settings.toml")
    assert [
        (rows[name]["value"], rows[name]["origin"].rpartition(":")[0])
        for name in ("bell.address", "bell.password")
    ] == [("127.0.0.1:7000", origin), ("••••", origin)]
    assert "bell.password  ••••" in does(tmp_path, "settings", "show", "bell.password")
    assert (
        does(tmp_path, "settings", "export") == '[bell]\naddress = "127.0.0.1:7000"\n# bell.password: ••••\n'
    )
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in kept if PASSWORD.encode() in path.read_bytes()], "nor is it in a file"
    shown = does(tmp_path, "settings", "show", "bell.address", OFFHOOK_BELL__ADDRESS="127.0.0.1:7001")
    assert shown.split() == ["bell.address", "127.0.0.1:7001", "OFFHOOK_BELL__ADDRESS"]
    assert does(tmp_path, "settings", "unset", "bell.address")
    assert does(tmp_path, "settings", "get", "bell.address") == "127.0.0.1:7777\n", "its default"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("set", "bell.adress", "127.0.0.1:7000"), 3, "there is no setting “bell.adress”.\n  → Did you mean “bell.address”?"),
        (("set", "bell.nonsense", "x"), 3, "there is no setting “bell.nonsense”.\n  → Did you mean “bell."),
        (("show", "bell.pasword"), 3, "Did you mean “bell.password”?"),
        (("set", "bel.address", "x"), 3, "Did you mean “bell.address”?"),
        (("set", "bell.password", "123"), 2, "bell.password is a secret"),
        (("set", "interface", "bel"), 3, "did you mean bell?"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_what_is_near_and_changes_nothing(tmp_path: Path, words: tuple[str, ...], code: int, sentence: str) -> None:  # fmt: skip
    done = run(tmp_path, "settings", *words)
    assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "settings.toml").exists()


class Found(NamedTuple):
    """What ``doctor`` says of the interface, in English and in French."""

    verdict: str
    en: tuple[str, str]
    fr: tuple[str, str]


TRIED = ("the tower at {address}", "le clocher à l’adresse {address}")
WELL = Found("ok", (texts.say("doctor.tried", "en", tried=TRIED[0]), ""), (texts.say("doctor.tried", "fr", tried=TRIED[1]), ""))  # fmt: skip
SILENT = Found("wrong", ("The tower at {address} is silent.", "Climb up and look. Nothing was rung."), ("Le clocher à l’adresse {address} est muet.", "Montez voir. Rien n’a été sonné."))  # fmt: skip
SHUT = Found("wrong", ("The tower does not open to this password.", "Set bell.password again."), ("Le clocher ne s’ouvre pas avec ce mot de passe.", "Redonnez bell.password."))  # fmt: skip
NO_ADDRESS = SettingsError(
    "setting_unreadable", name="bell.address", where="bell.address", wanted="shape", such="host:port"
)
NOWHERE = Found("wrong", (NO_ADDRESS.text("en"), NO_ADDRESS.hint_text("en")), (NO_ADDRESS.text("fr"), NO_ADDRESS.hint_text("fr")))  # fmt: skip


@pytest.mark.parametrize(
    ("address", "password", "found"),
    [
        ("the tower's", PASSWORD, WELL),
        ("nobody's", PASSWORD, SILENT),
        ("the tower's", WRONG, SHUT),
        ("nowhere", PASSWORD, NOWHERE),
    ],
)
def test_doctor_tries_it_and_says_what_is_wrong_in_its_own_words(
    bells: Bells, tmp_path: Path, address: str, password: str, found: Found
) -> None:
    places = {"the tower's": bells.address, "nobody's": f"127.0.0.1:{free_port()}", "nowhere": "nowhere"}
    set_up(tmp_path, places[address], password, *MINE)
    for language, (text, hint) in (("en", found.en), ("fr", found.fr)):
        does(tmp_path, "settings", "set", "language", language, OFFHOOK_LANGUAGE="")
        code, said = finding(tmp_path, "bell", OFFHOOK_LANGUAGE="")
        assert (said["verdict"], said["text"], said["hint"]) == (
            found.verdict,
            text.format(address=places[address]),
            hint,
        )
        assert code == (0 if found.verdict == "ok" else 1)
    printed = run(tmp_path, "doctor", OFFHOOK_LANGUAGE="").stdout
    assert f" bell          {said['text']}\n" in printed
    assert hint in printed
    assert bells.asked() == []


def test_its_errors_stand_among_ours(tmp_path: Path) -> None:
    rows = json.loads(does(tmp_path, "doctor", "--errors", "--json", OFFHOOK_LANGUAGE="fr"))["errors"]
    mine = {row["code"]: (row["kind"], row["exit"]) for row in rows if row["interface"] == "bell"}
    assert mine == {"bell_cracked": ("Refused", 5), "bell_silent": ("Unreachable", 6)}


# --- used ---------------------------------------------------------------------------------------------


def test_a_preview_masks_its_secret_and_rings_nothing(bells: Bells, tmp_path: Path) -> None:
    set_up(tmp_path, bells.address, PASSWORD, *MINE, ("outside_prefix", "9"))
    assert does(tmp_path, "dial", "03 88 20 20 20", "--dry-run") == "HELLO 1001 ••••\n\nCALL 90388202020\n"
    shown = json.loads(does(tmp_path, "dial", "03 88 20 20 20", "--dry-run", "--json"))
    assert shown == {"interface": "bell", "sends": ["HELLO 1001 ••••", "CALL 90388202020"]}
    assert bells.asked() == []


def test_a_dial_rings_once_and_a_refused_one_says_why(bells: Bells, tmp_path: Path) -> None:
    set_up(tmp_path, bells.address, PASSWORD, *MINE)
    assert does(tmp_path, "dial", "03 88 20 20 20") == "The bell rings for 03 88 20 20 20.\n"
    assert (
        does(tmp_path, "dial", "0388202021", OFFHOOK_LANGUAGE="fr") == "La cloche sonne pour le 0388202021.\n"
    )
    assert bells.asked() == ["0388202020", "0388202021"]
    refused = run(tmp_path, "dial", CRACKED)
    assert (refused.returncode, refused.stderr) == (5, f"offhook: The bell for {CRACKED} is cracked.\n  → Have it cast again, or ring another.\n")  # fmt: skip
    refused = run(tmp_path, "dial", CRACKED, OFFHOOK_LANGUAGE="fr")
    assert (refused.returncode, refused.stderr) == (5, f"offhook: La cloche du {CRACKED} est fêlée.\n  → Faites-la refondre, ou sonnez-en une autre.\n")  # fmt: skip
    error = json.loads(run(tmp_path, "dial", CRACKED, "--json").stdout)["error"]
    assert (error["kind"], error["code"], error["interface"], error["params"]) == ("Refused", "bell_cracked", "bell", {"number": CRACKED})  # fmt: skip
    assert bells.asked()[2:] == [CRACKED] * 3, "what was refused is not repeated by itself"


@pytest.mark.parametrize(
    ("address", "password", "exit_code", "code"),
    [("nobody's", PASSWORD, 6, "bell_silent"), ("the tower's", WRONG, 5, "account_refused")],
)
def test_a_dial_that_does_not_reach_it_says_so(bells: Bells, tmp_path: Path, address: str, password: str, exit_code: int, code: str) -> None:  # fmt: skip
    set_up(tmp_path, bells.address if address == "the tower's" else f"127.0.0.1:{free_port()}", password, *MINE)  # fmt: skip
    done = run(tmp_path, "dial", "0388202020", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["interface"]) == (exit_code, code, "bell")
    assert bells.asked() == []


def test_a_call_is_heard_of_by_who_listens(bells: Bells, tmp_path: Path) -> None:
    set_up(tmp_path, bells.address, PASSWORD, *MINE)
    with program(tmp_path, "listen") as listening:
        assert (listening.said["event"], listening.said["line"]) == ("LineBack", "1001")
        bells.ring("1002", "0388112244")
        bells.ring("1001", "0388112233")
        told = until(listening, "Ringing")
        assert (told["direction"], told["number"], told["snapshot"]["can"]) == ("inbound", "+33388112233", ["Answer", "HangUp"])  # fmt: skip


@pytest.mark.parametrize("board", ["hub", "agent"])
def test_a_board_serves_desks_with_it(bells: Bells, tmp_path: Path, board: str) -> None:
    """The desk's commands, from the board's own machine, reach the tower through the board; its news come back."""
    home = set_up(tmp_path, bells.address, of="--machine")
    words = {"hub": ("hub", "--port", "0", "--desks", "1001-1002", "--interface", "bell"), "agent": ("agent", "--desk", "1002", "--interface", "bell")}  # fmt: skip
    with (
        program(home, *words[board]),
        program(home, "listen", "--desk", "1002") as listening,
    ):
        done = json.loads(does(home, "dial", "--desk", "1002", "0388202020", "--json"))
        assert until(listening, "Dialling")["cause"] == done["id"]
        assert until(listening, "Connected")["snapshot"]["can"] == ["HangUp"]
        does(home, "hangup", "--desk", "1002")
        assert until(listening, "Ended")["reason"] == "completed"
        bells.ring("1002", "0388112233")
        call = until(listening, "Ringing")
        assert call["number"] == "+33388112233"
        does(home, "answer", "--desk", "1002", call["call"])
        assert until(listening, "Connected")["call"] == call["call"]
        refused = run(home, "dial", "--desk", "1002", CRACKED, OFFHOOK_LANGUAGE="fr")
        assert (refused.returncode, refused.stderr.splitlines()[0]) == (5, f"offhook: La cloche du {CRACKED} est fêlée.")  # fmt: skip
        unable = run(home, "hold", "--desk", "1002")
        assert (unable.returncode, unable.stderr.splitlines()[0]) == (2, "offhook: The interface bell does not support holding.")  # fmt: skip
    assert bells.asked() == ["0388202020", CRACKED]


def test_a_desk_elsewhere_uses_it_through_the_hub(bells: Bells, tmp_path: Path) -> None:
    """The desk knows the hub alone: the tower's address and password stay there."""
    home, away = set_up(tmp_path / "hub", bells.address, of="--machine"), tmp_path / "away"
    with program(home, "hub", "--port", "0", "--desks", "1001-1002", "--interface", "bell") as hub:
        here = running(folder=str(home))
        assert here is not None
        desk = {"OFFHOOK_HUB__URL": hub.said["hub"], "OFFHOOK_HUB__TOKEN": here.tokens["1002"]}
        with program(away, "listen", **desk) as listening:
            done = json.loads(does(away, "dial", "0388202020", "--json", **desk))
            assert until(listening, "Dialling")["cause"] == done["id"]
            bells.ring("1002", "0388112233")
            assert until(listening, "Ringing")["number"] == "+33388112233"
            error = json.loads(run(away, "dial", CRACKED, "--json", **desk).stdout)["error"]
            assert (error["code"], error["interface"], error["text"]) == ("bell_cracked", "bell", f"The bell for {CRACKED} is cracked.")  # fmt: skip
    assert bells.asked() == ["0388202020", CRACKED]


EMBEDDING = """
import asyncio, sys
import offhook

async def main(address, password):
    options = {"address": address, "password": password}
    async with offhook.connect("bell", extension="1001", options=options) as desk:
        with desk.events() as heard:
            call = await desk.dial("03 88 20 20 20")
            print("dialled", flush=True)
            async for event in heard:
                if isinstance(event, offhook.Ringing):
                    print(event.party.number, flush=True)
                    await desk.send(offhook.Answer(id=offhook.new_command_id(), call=event.call))
                if isinstance(event, offhook.Connected) and event.call != call:
                    print("answered", [each.state.value for each in desk.calls], flush=True)
                    return

asyncio.run(main(*sys.argv[1:]))
"""
TRYING = """
import asyncio, json, sys
import offhook

async def main():
    try:
        async with offhook.connect("bell", extension="1001", options=json.loads(sys.argv[1])) as desk:
            await desk.dial("0388202020")
    except offhook.OffhookError as error:
        print(type(error).__name__, error.code, error.interface, error, error.hint, sep="|")

asyncio.run(main())
"""


def test_a_program_embeds_it(scratch: Path, bells: Bells, tmp_path: Path) -> None:
    embedding = [str(scratch / "bin" / "python"), "-c", EMBEDDING, bells.address, PASSWORD]
    with subprocess.Popen(embedding, stdout=subprocess.PIPE, text=True, env=environment(tmp_path)) as made:
        assert made.stdout is not None
        with soon(made):
            assert made.stdout.readline() == "dialled\n"
            bells.ring("1001", "0388112233")
            said = made.stdout.read().splitlines()
    assert said == ["+33388112233", "answered ['connected', 'connected']"]
    assert (made.returncode, bells.asked()) == (0, ["0388202020"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"adress": "127.0.0.1:1"}, "SettingsError|setting_unknown||options=: there is no setting “adress”.|Did you mean “address”?"),
        ({"bell.pasword": "x"}, "SettingsError|setting_unknown||options=: there is no setting “bell.pasword”.|Did you mean “bell.password”?"),
        ({"address": "nowhere"}, "SettingsError|setting_unreadable|bell|bell.address: it must have this form: host:port.|Correct the value; nothing was changed."),
        ({"address": "127.0.0.1:{free}"}, "Unreachable|bell_silent|bell|The tower at 127.0.0.1:{free} is silent.|Climb up and look. Nothing was rung."),
    ],
)  # fmt: skip
def test_a_program_is_told_what_is_wrong_with_its_options(scratch: Path, tmp_path: Path, options: dict[str, str], said: str) -> None:  # fmt: skip
    free = str(free_port())
    given = json.dumps({name: value.replace("{free}", free) for name, value in options.items()})
    done = subprocess.run([scratch / "bin" / "python", "-c", TRYING, given], capture_output=True, text=True, env=environment(tmp_path), timeout=60, check=False)  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == (said.replace("{free}", free), "")


# --- on the settings page -----------------------------------------------------------------------------


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def opened(browser: Browser, hub: Program, locale: str = "fr-FR") -> Page:
    """Open the settings page of the hub's first desk; a script error fails the test."""
    page = browser.new_context(locale=locale).new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
    page.goto(hub.said["page"])
    page.get_by_role("link", name="Paramètres" if locale.startswith("fr") else "Settings").click()
    expect(page.locator("#interfaces input").first).to_be_visible()
    return page


@pytest.mark.browser
def test_the_settings_page_has_its_section_and_takes_its_settings(browser: Browser, bells: Bells, tmp_path: Path) -> None:  # fmt: skip
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1002") as hub:
        page = opened(browser, hub)
        section = page.locator("[data-section=bell]")
        expect(section.get_by_role("heading")).to_have_text("Paramétrage du clocher")
        expect(section.locator("label")).to_have_text(
            ["Où écoute le clocher, hôte:port.", "Ce qui ouvre le clocher."]
        )
        address, password = (page.locator(f'[data-name="bell.{name}"]') for name in ("address", "password"))
        expect(address).to_have_attribute("placeholder", "127.0.0.1:7777")
        expect(password).to_have_attribute("type", "password")
        page.get_by_label("Clocher", exact=True).check()
        address.fill(bells.address)
        password.fill(PASSWORD)
        page.get_by_role("button", name="Enregistrer").click()
        expect(page.locator("#said")).to_contain_text("Enregistré dans")
        kept = tomllib.loads((tmp_path / "desks" / "1001" / "settings.toml").read_text("utf-8"))
        assert (kept["interface"], kept["bell"]["address"], sorted(kept["bell"]["password"])) == ("bell", bells.address, ["kept", "key"])  # fmt: skip
        page.get_by_role("button", name="Afficher ce qui serait envoyé").click()
        expect(page.locator("#exchange pre")).to_have_text(["HELLO 1001 ••••", "CALL 0388202020"])
        page.get_by_role("button", name="Appeler").click()
        expect(page.locator("#exchange h3")).to_have_text(["Envoyé", "Envoyé", "Répondu"])
        assert bells.asked() == ["0388202020"]
        page.locator("#number").fill(CRACKED)
        page.get_by_role("button", name="Appeler").click()
        expect(page.locator("#test-problem")).to_have_text(f"La cloche du {CRACKED} est fêlée. Faites-la refondre, ou sonnez-en une autre.")  # fmt: skip
        page.reload()
        expect(page.get_by_label("Clocher", exact=True)).to_be_checked()
        expect(address).to_have_value(bells.address)
        expect(password).to_have_value("")
        expect(password).to_have_attribute("placeholder", "•••• conservé\u00a0; saisir pour le remplacer")
        assert PASSWORD not in page.content()
        picture(page, "settings-stranger")


# --- broken ones ----------------------------------------------------------------------------------------

ABOUT = """
from offhook.about import About, Setting
from offhook.errors import Refused
ABOUT = About(
    "NAME",
    driver="NAME.driver:Driver",
    settings=(Setting("address", default="127.0.0.1:9"), Setting("password", secret=True)),
    uses=("country",),
    codes={"NAME_cracked": Refused},
)
"""
DRIVER = """
from NAME.about import ABOUT
from offhook.about import Availability
from offhook_bell.driver import BellInterface

class Driver(BellInterface):
    about = ABOUT

    @classmethod
    async def availability(cls):
        return Availability(ABOUT.name)
"""
TEXTS = {"name": "Gong", "setting.address": "Where.", "setting.password": "What opens it, 100 %.", "error.NAME_cracked": "It is cracked.", "hint.NAME_cracked": "Mend it."}  # fmt: skip


def package(folder: Path, name: str, *, about: str = ABOUT, driver: str = DRIVER, entry: str = "NAME.about:ABOUT", called: str = "") -> None:  # fmt: skip
    """Lay an installed package with an interface of that name into a folder: whole, but for what is given."""
    place, known = folder / name, folder / f"{called or name}-1.0.dist-info"
    files = {
        known / "METADATA": f"Metadata-Version: 2.1\nName: {called or name}\nVersion: 1.0\n",
        known / "entry_points.txt": f"[offhook.interfaces]\nNAME = {entry}\n",
        place / "__init__.py": "",
        place / "about.py": about,
        place / "driver.py": driver,
        place / "texts" / "en.json": json.dumps(TEXTS),
        place / "texts" / "fr.json": json.dumps(TEXTS),
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("NAME", name), "utf-8")


def answering(answer: str) -> str:
    """Return a driver that answers so when it is asked whether it can run."""
    return DRIVER.replace("return Availability(ABOUT.name)", answer)


BROKEN: dict[str, tuple[dict[str, str], str]] = {
    # its about-part cannot be had
    "bursts": ({"about": "raise RuntimeError('out of tune')"}, "RuntimeError: out of tune"),
    "garbled": ({"about": "ABOUT = About("}, "SyntaxError: '(' was never closed (about.py, line 1)"),
    "leaves": ({"about": "import sys; sys.exit(3)"}, "SystemExit: 3"),
    "absent": ({"entry": "nowhere.about:ABOUT"}, "ModuleNotFoundError: No module named 'nowhere'"),
    "anonymous": ({"about": ""}, "AttributeError: module 'anonymous.about' has no attribute 'ABOUT'"),
    # it is wrong
    "other": ({"about": "ABOUT = {'name': 'other'}"}, "its entry point leads to no offhook.about.About"),
    "misnamed": ({"about": ABOUT.replace('"NAME"', '"bell"')}, "its entry point is called misnamed, its about-part 'bell'"),
    "clashing": ({"about": ABOUT.replace("NAME_cracked", "number_empty")}, "its error code 'number_empty' is one of Offhook's own"),
    "branchless": ({"about": ABOUT.replace(": Refused", ": ValueError")}, "its error code 'branchless_cracked' belongs to no branch of offhook.errors"),
    "codeless": ({"about": ABOUT.replace(": Refused", "")}, "AttributeError: 'set' object has no attribute 'items'"),
    "kindless": ({"about": ABOUT.replace("secret=True", "'telephone'")}, "its setting 'password' is none that offhook.about.Setting describes"),
    "wordless": ({"about": ABOUT.replace("secret=True", "default=None")}, "its setting 'password' is none that offhook.about.Setting describes"),
    "aliasless": ({"about": ABOUT.replace("uses=", "aliases=None, uses=")}, "TypeError: Value after * must be an iterable, not NoneType"),
    # its driver cannot be had
    "dividing": ({"driver": "1 / 0"}, "ZeroDivisionError: division by zero"),
    "misspelt": ({"driver": "class Driver("}, "SyntaxError: '(' was never closed (driver.py, line 1)"),
    "leaving": ({"driver": "import sys; sys.exit(3)"}, "SystemExit: 3"),
    "driverless": ({"driver": ""}, "AttributeError: module 'driverless.driver' has no attribute 'Driver'"),
    "lacking": ({"driver": "import no_such_library"}, "ModuleNotFoundError: No module named 'no_such_library'"),
    # two packages bring it
    "twice": ({}, "several packages bring it: thrice, twice"),
    # it cannot say whether it can run
    "unsure": ({"driver": answering("raise ValueError('perhaps')")}, "ValueError: perhaps"),
    "mute": ({"driver": answering("return None")}, "asked whether it can run, it says None"),
    "hasty": ({"driver": DRIVER.replace("async def", "def")}, "TypeError: object Availability can't be used in 'await' expression"),
}  # fmt: skip
"""What is done to each package, and why it cannot be used."""
USABLE = ("unsure", "mute", "hasty")
"""Those of which nothing but the answer whether they can run is missing."""
NO_ABOUT = tuple(name for name, (done, _why) in BROKEN.items() if {"about", "entry"} & done.keys() or name == "twice")  # fmt: skip


@pytest.fixture(scope="module")
def belfry(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Every broken package at once, on the path of those who are told: found like an installed one."""
    folder = tmp_path_factory.mktemp("belfry")
    for name, (done, _why) in BROKEN.items():
        package(folder, name, **done)
    package(folder, "twice", called="thrice")
    package(folder, "web")  # the name of one of ours
    package(
        folder,
        "portly",
        about=ABOUT.replace("secret=True", 'option="portly"').replace(":9", ':9", option="port'),
    )
    package(folder, "terse")  # of which there is no French
    (folder / "terse" / "texts" / "fr.json").unlink()
    return str(folder)


Examined = dict[str, tuple[dict[str, Any], str]]


@pytest.fixture(scope="module")
def examined(belfry: str, tmp_path_factory: pytest.TempPathFactory) -> Examined:
    """What ``doctor`` says with all of them there, by language: each finding by its name, and the printed text."""
    home, found = tmp_path_factory.mktemp("examined"), {}
    for language in texts.LANGUAGES:
        path = {"PYTHONPATH": belfry, "OFFHOOK_LANGUAGE": language}
        rows = json.loads(does(home, "doctor", "--json", **path))["findings"]
        found[language] = {row["name"]: row for row in rows}, does(home, "doctor", **path)
    return found


def broken(name: str) -> Unavailable:
    return Unavailable("interface_broken", interface=name, name=name, why=BROKEN[name][1])


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_shown_with_its_reason(examined: Examined, name: str) -> None:
    for language, (findings, printed) in examined.items():
        text, hint = broken(name).text(language), broken(name).hint_text(language)
        assert (findings[name]["verdict"], findings[name]["text"], findings[name]["hint"]) == (
            "missing",
            text,
            hint,
        )
        assert f"· {name:13} {text} → {hint}\n" in printed


def test_what_is_whole_is_none_the_worse_for_it(examined: Examined) -> None:
    findings, _printed = examined["en"]
    assert {findings[name]["text"] for name in ("bell", "callto", "web")} == {
        texts.say("doctor.interface_ok")
    }
    assert findings["simulator"]["verdict"] == "ok"


@pytest.mark.parametrize("name", BROKEN)
def test_who_chose_a_broken_one_is_told_why(belfry: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "settings.toml").write_text(f'interface = "{name}"\ndesk.extension = "1001"\n')
    code, found = finding(tmp_path, name, PYTHONPATH=belfry)
    assert (code, found["verdict"], found["text"]) == (1, "wrong", broken(name).text())
    if name in USABLE:
        return
    done = run(tmp_path, "dial", "0388202020", PYTHONPATH=belfry, OFFHOOK_LANGUAGE="fr")
    assert (done.returncode, done.stdout, done.stderr) == (4, "", f"offhook: {broken(name).text('fr')}\n  → {broken(name).hint_text('fr')}\n")  # fmt: skip
    listened = run(tmp_path, "listen", PYTHONPATH=belfry)
    assert (listened.returncode, listened.stderr.splitlines()[0]) == (4, f"offhook: {broken(name).text()}")


@pytest.mark.parametrize("name", NO_ABOUT)
def test_one_that_says_nothing_of_itself_is_not_chosen(belfry: str, tmp_path: Path, name: str) -> None:
    for words in (("interface", name), (f"{name}.address", "127.0.0.1:9")):
        done = run(tmp_path, "settings", "set", *words, PYTHONPATH=belfry)
        assert (done.returncode, done.stderr.splitlines()[0]) == (4, f"offhook: {broken(name).text()}")
    assert not (tmp_path / "settings.toml").exists()


def test_beside_broken_ones_everything_else_works(belfry: str, bells: Bells, tmp_path: Path) -> None:
    path = {"PYTHONPATH": belfry}
    shown = [
        row["name"] for row in json.loads(does(tmp_path, "settings", "show", "--json", **path))["settings"]
    ]
    assert {"callto.command", "web.timeout_s", "bell.address", "dividing.address"} <= set(shown)
    assert "bursts.address" not in shown
    assert "web.address" not in shown, "a name of ours is ours"
    does(tmp_path, "settings", "set", "callto.command", "tel:$teldest$", **path)
    assert (
        does(tmp_path, "dial", "0388202020", "--interface", "callto", "--dry-run", **path)
        == "tel:0388202020\n"
    )
    set_up(tmp_path, bells.address, PASSWORD, *MINE)
    assert does(tmp_path, "dial", "0388202020", **path) == "The bell rings for 0388202020.\n"
    assert bells.asked() == ["0388202020"]
    assert "bell_silent" in does(tmp_path, "doctor", "--errors", **path)
    assert "usage:" in does(tmp_path, "simulate", "--help", **path)
    helped = does(tmp_path, "hub", "--help", **path)
    assert helped.count("--port ") == 2, "in the usage, and with what it is for"
    assert "What opens it, 100 %." in helped
    unknown = run(tmp_path, "dial", "1", "--interface", "gong", **path)
    assert (unknown.returncode, unknown.stderr.splitlines()[0].partition(";")[0]) == (4, "offhook: There is no interface “gong”")  # fmt: skip


def test_a_hub_tells_its_pages_of_broken_ones(belfry: str, tmp_path: Path) -> None:
    (tmp_path / "desks" / "1002").mkdir(parents=True)
    (tmp_path / "desks" / "1002" / "settings.toml").write_text('interface = "dividing"\n')
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1002", PYTHONPATH=belfry) as hub:
        here = running(folder=str(tmp_path))
        assert here is not None
        shown = request("GET", hub.said["hub"], "/v1/settings?desk=1001", here.tokens["1001"])
        found = {each["name"]: each["error"] for each in shown["interfaces"]}
        assert {name: found[name] for name in BROKEN} == {name: broken(name).to_json() for name in BROKEN}
        assert (found["bell"], found["callto"], found["web"]) == (None, None, None)
        for name in NO_ABOUT:
            asked = {"scope": "user", "set": {"interface": name}}
            answer = request("POST", hub.said["hub"], "/v1/settings?desk=1001", here.tokens["1001"], asked)
            assert answer["error"] == broken(name).to_json()
        done = run(tmp_path, "dial", "0388202020", "--desk", "1002", PYTHONPATH=belfry)
        assert (done.returncode, done.stderr.splitlines()[0]) == (4, f"offhook: {broken('dividing').text()}")
        does(tmp_path, "dial", "0388202020", "--desk", "1001", PYTHONPATH=belfry)


@pytest.mark.browser
def test_the_settings_page_shows_a_broken_one_and_does_not_offer_it(browser: Browser, belfry: str, tmp_path: Path) -> None:  # fmt: skip
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001", PYTHONPATH=belfry) as hub:
        page = opened(browser, hub)
        for name in BROKEN:
            said = f"{broken(name).text('fr')} {broken(name).hint_text('fr')}"
            row = page.locator("#interfaces label", has=page.locator(f'input[value="{name}"]'))
            expect(row.locator("input")).to_be_disabled()
            expect(row.locator("small")).to_have_text(said)
            expect(page.locator(f"[data-section={name}] .hint")).to_have_text(said)
        terse = page.locator("[data-section=terse]")
        expect(terse.locator("label")).to_have_text(["Where.", "What opens it, 100 %."])
        expect(terse.locator(".hint")).to_be_hidden()
        page.get_by_label("Clocher", exact=True).check()
        page.get_by_role("button", name="Enregistrer").click()
        expect(page.locator("#said")).to_contain_text("Enregistré dans")
        picture(page, "settings-broken")


def test_one_that_does_not_answer_costs_five_seconds(tmp_path: Path) -> None:
    package(tmp_path, "slow", driver=answering("import asyncio; await asyncio.sleep(3600)"))
    code, found = finding(tmp_path / "home", "slow", PYTHONPATH=str(tmp_path))
    assert (code, found["verdict"]) == (0, "missing")
    assert found["text"] == "The interface slow cannot be used: it did not say within 5 s whether it can run."


FAILING = {
    "unmade": ("for_desk", "@classmethod\n    def for_desk(cls, extension, options):\n        raise KeyError('left')", "KeyError: 'left'"),
    "odd": ("for_desk", "@classmethod\n    def for_desk(cls, extension, options):\n        return None", "TypeError: cannot unpack non-iterable NoneType object"),
    "nosy": ("for_desk", "@classmethod\n    def for_desk(cls, extension, options):\n        return options['hub.token']", "KeyError: \"nosy reads no setting 'hub.token'\""),
    "unopened": ("open", "async def open(self):\n        raise ValueError('stuck')", "ValueError: stuck"),
    "unheard": ("events", "async def events(self):\n        raise ValueError('deaf')\n        yield", "ValueError: deaf"),
    "unseen": ("preview", "def preview(self, command, device, dialled):\n        raise ValueError('blind')", "ValueError: blind"),
    "unsent": ("send", "async def send(self, command, device, dialled):\n        raise ValueError('dumb')", "failed at a command: ValueError"),
    "unclosed": ("close", "async def close(self):\n        raise ValueError('ajar')", "cannot be closed: ValueError"),
}  # fmt: skip
"""What fails of each while it is used: nothing is seen of it before."""


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("failing")
    for name, (_member, method, _why) in FAILING.items():
        package(folder, name, driver=f"{DRIVER}\n    {method}\n")
    return str(folder)


@pytest.mark.parametrize("name", [name for name, (member, _method, _why) in FAILING.items() if member not in ("send", "close")])  # fmt: skip
def test_a_dial_with_one_that_fails_says_whose_fault_it_is(failing: str, tmp_path: Path, name: str) -> None:
    done = run(tmp_path, "dial", "0388202020", "--interface", name, PYTHONPATH=failing)
    error = Unavailable("interface_broken", interface=name, name=name, why=FAILING[name][2])
    assert (done.returncode, done.stderr) == (4, f"offhook: {error.text()}\n  → {error.hint}\n")


def test_what_may_have_been_sent_is_not_said_to_have_failed(bells: Bells, failing: str, tmp_path: Path) -> None:  # fmt: skip
    at = {"PYTHONPATH": failing, "OFFHOOK_DESK__EXTENSION": "1001"}
    for name, exit_code, code in (("unsent", 7, "answer_lost"), ("unclosed", 0, "")):
        mine = {
            f"OFFHOOK_{name.upper()}__ADDRESS": bells.address,
            f"OFFHOOK_{name.upper()}__PASSWORD": PASSWORD,
        }
        done = run(tmp_path / name, "dial", "0388202020", "--interface", name, "--json", **at, **mine)
        said = json.loads(done.stdout).get("error", {"code": ""})
        assert (done.returncode, said["code"]) == (exit_code, code)
        assert f"the interface {name} " in done.stderr
        assert FAILING[name][2] in done.stderr
    assert bells.asked() == ["0388202020"], "by the one that cannot be closed"


def test_a_hub_goes_on_whatever_the_interface_of_one_desk_does(failing: str, tmp_path: Path) -> None:
    for number, name in enumerate(FAILING, 1002):
        folder = tmp_path / "desks" / str(number)
        folder.mkdir(parents=True)
        (folder / "settings.toml").write_text(f'interface = "{name}"\n')
    desks = f"1001-{1001 + len(FAILING)}"
    with program(tmp_path, "hub", "--port", "0", "--desks", desks, PYTHONPATH=failing) as hub:
        for number, name in enumerate(FAILING, 1002):
            done = run(tmp_path, "dial", "0388202020", "--desk", str(number), PYTHONPATH=failing)
            assert done.returncode == {"for_desk": 4, "send": 7}.get(FAILING[name][0], 6), done.stderr
        does(tmp_path, "dial", "0388202020", "--desk", "1001", PYTHONPATH=failing)
        hub.process.terminate()
        _out, told = hub.process.communicate(timeout=20)
    assert hub.process.returncode == 0
    assert "Traceback" not in told
    for name in ("unmade", "odd", "nosy", "unopened", "unheard"):
        assert f"is given up: The interface {name} cannot be used: {FAILING[name][2]}" in told
    for name in ("unsent", "unclosed"):
        assert f"the interface {name} " in told


def test_a_hub_whose_own_interface_fails_says_so(failing: str, tmp_path: Path) -> None:
    (tmp_path / "machine.toml").write_text("")
    package(tmp_path, "switch", about=ABOUT.replace("uses=", "per_desk=False, uses="), driver=f"{DRIVER}\n    {FAILING['unmade'][1]}\n")  # fmt: skip
    done = run(tmp_path, "hub", "--port", "0", "--interface", "switch", PYTHONPATH=str(tmp_path))
    error = Unavailable("interface_broken", interface="switch", name="switch", why="KeyError: 'left'")
    assert (done.returncode, done.stderr) == (4, f"offhook: {error.text()}\n  → {error.hint}\n")


def test_what_it_does_not_say_in_french_is_said_in_english(bells: Bells, tmp_path: Path) -> None:
    refusing = "async def send(self, command, device, dialled):\n        from offhook.errors import Refused\n        raise Refused('terse_cracked')"
    package(tmp_path, "terse", driver=f"{DRIVER}\n    {refusing}\n")
    (tmp_path / "terse" / "texts" / "fr.json").unlink()
    mine = {"OFFHOOK_TERSE__ADDRESS": bells.address, "OFFHOOK_TERSE__PASSWORD": PASSWORD, "OFFHOOK_DESK__EXTENSION": "1001", "PYTHONPATH": str(tmp_path), "OFFHOOK_LANGUAGE": "fr"}  # fmt: skip
    done = run(tmp_path / "home", "dial", "0388202020", "--interface", "terse", **mine)
    assert (done.returncode, done.stderr) == (5, "offhook: It is cracked.\n  → Mend it.\n")
    assert finding(tmp_path / "home", "terse", **mine)[1]["verdict"] == "ok"
