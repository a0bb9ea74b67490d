"""Secrets: every command and every way it can fail, searched everywhere in every form for password, token, ``$auth$``."""

import base64
import json
import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import pytest

from hubs import OFFHOOK, environment, offhook, program
from offhook.masking import MASK, masked
from offhook.settings.secret import fetch, forget, keep
from offhook.template import Values
from vendor import Came, reply, vendor

pytestmark = pytest.mark.slow

USER, PASSWORD, TOKEN = "zoé", 'S3cret"<&é zZ', "tok€n+/T0KEN=="
AUTH = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def forms(secret: str) -> dict[str, bytes]:
    """Return every way a secret might stand somewhere."""
    data = secret.encode()
    texts = {
        "clear": secret, "base64": base64.b64encode(data).decode(), "base64, its middle": base64.b64encode(b"x" + data)[4:-4].decode(),
        "percent": quote(secret, safe=""), "percent, lower": quote(secret, safe="").lower(), "form": quote_plus(secret),
        "JSON": json.dumps(secret)[1:-1], "JSON, letters as they are": json.dumps(secret, ensure_ascii=False)[1:-1],
        "XML": escape(secret), "XML attribute": quoteattr(secret)[1:-1], "repr": repr(secret)[1:-1],
        "hexadecimal": data.hex(), "reversed": secret[::-1],
    }  # fmt: skip
    found = {name: text.encode() for name, text in texts.items()}
    return found | {
        "UTF-16": secret.encode("utf-16-le"),
        "UTF-16 BE": secret.encode("utf-16-be"),
        "Latin-1": secret.encode("latin-1", "replace"),
    }


FORMS = {
    f"{what} in {form}": data
    for what, secret in (("password", PASSWORD), ("token", TOKEN), ("auth", AUTH))
    for form, data in forms(secret).items()
}


def search(data: bytes, where: str) -> list[str]:
    return [f"{name}: {where}" for name, form in FORMS.items() if form in data]


def search_folder(folder: Path) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            found += search(path.read_bytes(), str(path))
        found += search(str(path).encode(), str(path))
    return found


def watch(pid: int, stop: threading.Event, leaks: list[str]) -> None:
    """Look at the command lines of a process and its children, and at the children's environment, while they run."""
    while not stop.is_set():
        for each in Path("/proc").iterdir():
            if not each.name.isdigit():
                continue
            try:
                status = (each / "stat").read_text()
                if int(each.name) != pid and int(status.rpartition(")")[2].split()[1]) != pid:
                    continue
                leaks += search((each / "cmdline").read_bytes(), f"command line of {each.name}")
                if int(each.name) != pid:
                    leaks += search((each / "environ").read_bytes(), f"environment of {each.name}")
            except (OSError, ValueError, IndexError):
                continue
        stop.wait(0.002)


def run(
    home: Path,
    *words: str,
    given: str | None = None,
    killed_after: float | None = None,
    env: Mapping[str, str] | None = None,
) -> tuple[bytes, list[str]]:
    """Run a command; returns everything it printed, and what its processes showed."""
    process = subprocess.Popen(
        [OFFHOOK, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.PIPE,
        env=environment(home, **(env or {})),
    )
    stop = threading.Event()
    leaks: list[str] = []
    watching = threading.Thread(target=watch, args=(process.pid, stop, leaks))
    watching.start()
    try:
        if killed_after is not None:
            time.sleep(killed_after)
            process.send_signal(signal.SIGINT)
        out, _none = process.communicate((given or "").encode(), timeout=60)
    finally:
        stop.set()
        watching.join()
    return out, leaks


FILE = """<global>
<debug>1
<timeout1>0.05
<cliktocalldial>
<url>http://127.0.0.1:{port}/dial?n=$teldest$&p=$mdp$&t=$token$
<headers>Authorization=Basic $auth$|X-Token=$token$
<contenttype>application/json
<data>{"u":"$user$","p":"$mdp$","t":"$token$"}
<cliktocallevent>
<with_event>1
<url>http://127.0.0.1:{port}/poll?p=$mdp$&t=$token$
<type_return>json
<cliktocalltoken>
<with_token>1
<url>http://127.0.0.1:{port}/token?p=$mdp$
<headers>Authorization=Basic $auth$
<type_return>json
"""


def echo(came: Came) -> bytes:
    """Repeat everything that came, in many forms: a server's own error page may well do that."""
    more = [PASSWORD, TOKEN, AUTH, quote(PASSWORD), json.dumps(PASSWORD), escape(PASSWORD)]
    return came.head + came.body + "\n".join(more).encode()


ANSWERS = {
    "accepted": lambda came: reply(json.dumps({"token": TOKEN, "echo": "x"})),
    "refused, repeating it all": lambda came: (
        reply(json.dumps({"token": TOKEN})) if came.path == "/token" else reply(echo(came), "404 No")
    ),
    "forbidden, repeating it all": lambda came: (
        reply(json.dumps({"token": TOKEN}))
        if came.path == "/token"
        else reply(echo(came), "403 No", "text/html")
    ),
    "failing, repeating it all": lambda came: (
        reply(json.dumps({"token": TOKEN})) if came.path == "/token" else reply(echo(came), "500 No")
    ),
    "a redirect with it all": lambda came: (
        reply(json.dumps({"token": TOKEN}))
        if came.path == "/token"
        else reply(b"", "302 No", "x/y", f"Location: http://evil/{quote(TOKEN)}?{quote(PASSWORD)}")
    ),
    "a token reply that is garbage": lambda came: reply(echo(came) + TOKEN.encode()),
    "no HTTP": echo,
    "nothing": lambda came: b"",
}


@pytest.fixture
def way(tmp_path: Path) -> dict[str, str]:
    """A desk whose password is kept, not handed over in the environment."""
    home = tmp_path / "home"
    (tmp_path / "sys").mkdir()
    out, leaks = run(home, "settings", "set", "desk.password", given=f"{PASSWORD}\n")
    assert not search(out, "output") + leaks
    for name, text in (
        ("interface", "web"),
        ("desk.user", USER),
        ("desk.extension", "1024"),
        ("shared_folder", str(tmp_path / "sys")),
    ):
        offhook(home, "settings", "set", name, text)
    return {"OFFHOOK_WEB__TIMEOUT_S": "2"}


@pytest.mark.parametrize("answer", ANSWERS)
def test_dialling_whatever_the_server_answers(tmp_path: Path, way: dict[str, str], answer: str) -> None:
    with vendor(ANSWERS[answer]) as server:
        (tmp_path / "sys" / "clicktocall_param.txt").write_text(
            FILE.replace("{port}", str(server.port)), "utf-8"
        )
        found = []
        for number, words, more in (
            ("0388202020", (), {}), ("0388202021", ("--json",), {}), ("0388202022", ("--dry-run",), {}), ("0388202023", ("--dry-run", "--json"), {}),
            ("0388202024", (), {"OFFHOOK_DEBUG": "1"}), ("0388202025", (), {"OFFHOOK_LANGUAGE": "fr"}),
        ):  # fmt: skip
            out, leaks = run(tmp_path / "home", "dial", number, *words, env=way | more)
            found += search(out, f"output of dial {words} {more}") + leaks
        assert server.came, "the server was asked"
        trace = tmp_path / "home" / "log" / "DhDivaltoClickToCall.log"
        assert MASK in trace.read_text(), "it was written, masked"
        assert found + search_folder(tmp_path) == []


def test_listening_aborted_and_broken(tmp_path: Path, way: dict[str, str]) -> None:
    for answer in ("accepted", "failing, repeating it all", "no HTTP", "forbidden, repeating it all"):
        with vendor(ANSWERS[answer]) as server:
            (tmp_path / "sys" / "clicktocall_param.txt").write_text(
                FILE.replace("{port}", str(server.port)), "utf-8"
            )
            for more in ({}, {"OFFHOOK_DEBUG": "1"}):
                out, leaks = run(tmp_path / "home", "listen", "--json", killed_after=1.0, env=way | more)
                assert search(out, f"output of listen: {answer}") + leaks + search_folder(tmp_path) == []


def test_an_abort_in_the_middle_of_a_dial(tmp_path: Path, way: dict[str, str]) -> None:
    """Interrupted while the server keeps quiet: with a traceback, too."""
    with vendor(
        lambda came: reply(json.dumps({"token": TOKEN})) if came.path == "/token" else None
    ) as server:
        (tmp_path / "sys" / "clicktocall_param.txt").write_text(
            FILE.replace("{port}", str(server.port)), "utf-8"
        )
        for number, more in (
            ("0388202020", {}),
            ("0388202021", {"OFFHOOK_DEBUG": "1", "PYTHONFAULTHANDLER": "1"}),
        ):
            out, leaks = run(
                tmp_path / "home",
                "dial",
                number,
                killed_after=0.7,
                env=way | more | {"OFFHOOK_WEB__TIMEOUT_S": "30"},
            )
            assert search(out, "output") + leaks + search_folder(tmp_path) == []


COMMANDS = [
    ("settings",), ("settings", "show", "--json"), ("settings", "show", "desk.password"), ("settings", "get", "desk.password"), ("settings", "export"),
    ("settings", "export", "--json"), ("settings", "set", "desk.password", "--dry-run"), ("settings", "unset", "desk.password", "--dry-run"),
    ("check",), ("check", "--json"), ("doctor",), ("doctor", "--json"), ("lines",), ("hangup",), ("dial", "abc"), ("dial", "1", "--interface", "nonsense"),
    ("listen", "--interface", "nonsense"), ("dial", "0388202020", "--interface", "callto", "--dry-run"), ("settings", "set", "hub.prot", "1"),
]  # fmt: skip


def test_every_other_command(tmp_path: Path, way: dict[str, str]) -> None:
    (tmp_path / "sys" / "clicktocall_param.txt").write_text(
        FILE + "<callto>\ncmd=tel:$teldest$;p=$mdp$\n", "utf-8"
    )
    found = []
    for words in COMMANDS:
        for more in ({}, {"OFFHOOK_DEBUG": "1", "OFFHOOK_HUB__TOKEN": TOKEN}):
            out, leaks = run(tmp_path / "home", *words, given=f"{PASSWORD}\n", env=way | more)
            found += search(out, f"output of {words}") + leaks
    assert found + search_folder(tmp_path) == []


def test_a_secret_as_an_argument_is_refused_without_repeating_it(tmp_path: Path) -> None:
    done = offhook(tmp_path, "settings", "set", "desk.password", PASSWORD)
    assert done.returncode == 2
    assert search((done.stdout + done.stderr).encode(), "output") == []
    assert not (tmp_path / "settings.toml").exists()


def test_a_settings_file_that_cannot_be_read_does_not_show_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(f"[desk]\npassword = '{PASSWORD}'\nextension = [\n", "utf-8")
    for words in (("settings",), ("doctor",), ("dial", "1")):
        out, _leaks = run(tmp_path, *words, env={"OFFHOOK_DEBUG": "1"})
        assert search(out, str(words)) == []


def test_in_a_program_of_ones_own_with_a_traceback(tmp_path: Path) -> None:
    """Whatever is printed of the parts, and however an exception is shown with its variables' reprs."""
    code = (
        "import sys, traceback, offhook\n"
        "from offhook.interfaces.web.about import ABOUT\n"
        "from offhook.interfaces.web.calling import account_by\n"
        "from offhook.settings.given import given\n"
        "from offhook.settings.shared import SharedFile\n"
        "from offhook.settings.places import resolve\n"
        "with open(sys.argv[2]) as file: password = file.read()\n"
        "with open(sys.argv[3], 'rb') as file: data = file.read()\n"
        "view = given(ABOUT, {'desk.user': sys.argv[1], 'desk.password': password})\n"
        "used = account_by(SharedFile('f', data), view, '1', '/tmp')\n"
        "print(used, used.values, view, resolve(), resolve().places)\n"
        "try:\n"
        "    used.dial('1')\n"
        "except Exception as error:\n"
        "    print(repr(error), error.to_json())\n"
        "    for frame, _line in traceback.walk_tb(error.__traceback__):\n"
        "        print({n: repr(v) for n, v in frame.f_locals.items() if type(v).__module__.startswith('offhook')})\n"
    )
    secret, path = tmp_path / "secret", tmp_path / "f"
    secret.write_text(PASSWORD)
    with vendor(ANSWERS["forbidden, repeating it all"]) as server:
        path.write_text(FILE.replace("{port}", str(server.port)).replace("<debug>1", "<debug>0"), "utf-8")
        python = str(Path(OFFHOOK).with_name("python"))
        done = subprocess.run(
            [python, "-c", code, USER, str(secret), str(path)], capture_output=True, check=False, timeout=60, env=environment(tmp_path, OFFHOOK_DESK__PASSWORD=PASSWORD)
        )  # fmt: skip
    assert b"account_refused" in done.stdout, done.stderr
    assert search(done.stdout + done.stderr, "output") == []


def test_on_the_hubs_pages_and_routes(tmp_path: Path) -> None:
    """What a page and the settings API show of a desk that has a password; and what the hub logs."""
    from offhook.settings.running import running
    from offhook.transport.http import request

    home = tmp_path / "home"
    run(home, "settings", "set", "--desk", "1001", "desk.password", given=f"{PASSWORD}\n")
    offhook(home, "settings", "set", "--desk", "1001", "desk.user", USER)
    offhook(home, "settings", "set", "--desk", "1001", "interface", "web")
    (tmp_path / "sys").mkdir()
    with vendor(ANSWERS["forbidden, repeating it all"]) as server:
        (tmp_path / "sys" / "clicktocall_param.txt").write_text(
            FILE.replace("{port}", str(server.port)), "utf-8"
        )
        with program(home, "hub", "--port", "0", OFFHOOK_SHARED_FOLDER=str(tmp_path / "sys")) as hub:
            here = running(folder=str(home))
            assert here is not None
            said = []
            for method, path, body in (
                ("GET", "/v1/settings?desk=1001", None),
                ("POST", "/v1/settings?desk=1001", {"scope": "user", "set": {"desk.ident": "x"}}),
                (
                    "POST",
                    "/v1/settings?desk=1001",
                    {"scope": "user", "set": {"desk.password": PASSWORD, "hub.prot": "1"}},
                ),
                ("POST", "/v1/test-dial?desk=1001", {"number": "0388202020", "dial": False}),
                ("POST", "/v1/test-dial?desk=1001", {"number": "0388202020", "dial": True}),
                (
                    "POST",
                    "/v1/desk/commands?desk=1001",
                    {"command": "Dial", "id": "1", "number": "0388202021"},
                ),
            ):
                said.append(
                    json.dumps(request(method, here.url, path, here.tokens["1001"], body), ensure_ascii=False)
                )
            assert '"sent"' in said[3]
            assert MASK in said[4]
            assert server.dials()
            hub.process.send_signal(signal.SIGTERM)
            out, error = hub.process.communicate(timeout=20)
    found = [leak for text in said for leak in search(text.encode(), text[:60])]
    assert found + search((out + error).encode(), "the hub's output") + search_folder(tmp_path) == []


# --- where they are kept --------------------------------------------------------------------------


def test_kept_in_a_file_only_its_owner_can_read(tmp_path: Path) -> None:
    """Where there is no vault; the name of where it is kept says what it is."""
    kept = keep(str(tmp_path), "desk.password", PASSWORD)
    other = keep(str(tmp_path), "desk.password", "another place's")
    assert kept["kept"] == "file"
    assert fetch(str(tmp_path), "desk.password", kept, "here") == PASSWORD
    assert search_folder(tmp_path) == []
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.suffix == ".lock"
    forget(str(tmp_path), kept)
    assert fetch(str(tmp_path), "desk.password", other, "here") == "another place's"
    forget(str(tmp_path), other)
    assert json.loads((tmp_path / "secrets.json").read_text()) == {}


VAULT = """
from keyring.backend import KeyringBackend
import json, os, time
class Vault(KeyringBackend):
    priority = 9
    path = os.environ["VAULT_FILE"]
    def _all(self):
        time.sleep(float(os.environ.get("VAULT_SLEEP", "0")))
        return json.load(open(self.path)) if os.path.exists(self.path) else {}
    def set_password(self, service, name, text):
        found = self._all(); found[name] = text; json.dump(found, open(self.path, "w"))
    def get_password(self, service, name):
        return self._all().get(name)
    def delete_password(self, service, name):
        found = self._all(); found.pop(name); json.dump(found, open(self.path, "w"))
"""


def test_kept_in_the_systems_vault_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "pretend_vault.py").write_text(VAULT)
    vault = {
        "PYTHON_KEYRING_BACKEND": "pretend_vault.Vault",
        "PYTHONPATH": str(tmp_path / "lib"),
        "VAULT_FILE": str(tmp_path / "vault"),
    }
    home = tmp_path / "home"
    run(home, "settings", "set", "desk.password", given=f"{PASSWORD}\n", env=vault)
    assert list(json.loads((tmp_path / "vault").read_text()).values()) == [PASSWORD]
    assert 'kept = "vault"' in (home / "settings.toml").read_text()
    assert search_folder(home) == []
    more = {"OFFHOOK_INTERFACE": "callto", "OFFHOOK_CALLTO__COMMAND": "/bin/echo $teldest$ $mdp$"}
    assert offhook(home, "dial", "1", "--dry-run", **more, **vault).stdout == f"/bin/echo 1 {MASK}\n"
    begun = time.monotonic()
    done = offhook(home, "dial", "1", "--dry-run", **more, **vault, VAULT_SLEEP="30")
    assert done.returncode == 3, "a vault that hangs has two seconds"
    assert time.monotonic() - begun < 10
    offhook(home, "settings", "unset", "desk.password", **vault)
    assert json.loads((tmp_path / "vault").read_text()) == {}


def test_a_secret_from_a_file_named_in_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f" {PASSWORD}\n")
    more = {
        "OFFHOOK_INTERFACE": "callto",
        "OFFHOOK_CALLTO__COMMAND": "/bin/echo $teldest$ $auth$",
        "OFFHOOK_DESK__PASSWORD_FILE": str(secret),
    }
    done = offhook(tmp_path, "settings", "show", "desk.password", **more)
    assert MASK in done.stdout
    assert "OFFHOOK_DESK__PASSWORD_FILE" in done.stdout
    assert not any(name.startswith("OFFHOOK") for name in os.environ)


def test_masking_knows_every_form() -> None:
    text = "|".join(
        [PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), quote(PASSWORD, safe=""), quote_plus(PASSWORD), json.dumps(PASSWORD)[1:-1], escape(PASSWORD)]
    )  # fmt: skip
    assert set(masked(text, [PASSWORD])) == {"•", "|"}
    values = Values(user=USER, password=PASSWORD, token=TOKEN)
    assert values("mdp") == PASSWORD
    assert set(values.secrets()) == {PASSWORD, TOKEN, AUTH}
    assert masked("nothing", []) == "nothing"
