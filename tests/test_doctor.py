"""``offhook doctor``: what it says of a set-up, in a table; each row in both languages, in words and in JSON."""

import asyncio
import http.server
import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hubs import OFFHOOK, Program, environment, free_port, offhook, program
from offhook import catalogue, installed, texts
from offhook.cli import main
from switches import peer, switch
from vendor import certificates, reply, server_context, vendor

SECRETS = ("S3cret", "T0ken")
"""Passwords and tokens of the rows: never to be seen."""
PLAN = 'context = "desks"\ndevices = { "*" = ["PJSIP/*"] }\nextensions = ["10[0-9][0-9]"]\ntrunks = ["PJSIP/trunk"]\n'
ASTERISK = (
    'interface = "asterisk"\n[asterisk]\naddress = "ADDRESS"\nuser = "offhook"\npassword = "S3cret"\n' + PLAN
)
FREESWITCH = (
    'interface = "freeswitch"\n[freeswitch]\naddress = "ADDRESS"\npassword = "S3cret"\ncontext = "default"\n'
    'devices = { "*" = ["*"] }\nextensions = ["10[0-9][0-9]"]\ntrunks = ["trunk"]\n'
)
WEB = 'interface = "web"\ndesk.extension = "1024"\ndesk.user = "zoe"\ndesk.password = "S3cret"\n[web]\nfile = "HOME/p.txt"\n'
DIAL = "<cliktocalldial>\n<url>ADDRESS/dial?to=$teldest$\n"
TOKEN = DIAL + "<cliktocalltoken>\n<with_token>1\n<url>ADDRESS/token\n<type_return>json\n<json_token>token\n"
CALLTO = 'interface = "callto"\ndesk.extension = "1024"\n[callto]\ncommand = "COMMAND"\n'
GONG = """
from offhook.about import About, Availability, Setting
from offhook.interface import Telling
ABOUT = About("gong", driver="gong:Gong", settings=(Setting("address"),))

class Gong(Telling):
    about, accepts, emits = ABOUT, frozenset(), frozenset()

    @classmethod
    async def availability(cls):
        return Availability("gong")

    @classmethod
    def for_desk(cls, extension, options):
        return cls(), extension

    async def examine(self, desks):
        EXAMINE
        yield
"""
"""A stranger's interface, which is examined so."""


# --- what stands around a set-up ---------------------------------------------------------------------------------------


Around = Callable[[Path, pytest.MonkeyPatch], Any]
"""A context manager that gives the address for the row's settings and files."""


@contextmanager
def alone(_home: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Nothing is there."""
    yield f"127.0.0.1:{free_port()}"


def a_switch(kind: str, **made_so: Any) -> Around:
    """A pretend switch; ``refuse`` and the like are set on it."""

    @contextmanager
    def around(_home: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
        with running_loop() as run:
            found = switch(kind)
            made = run(found.__aenter__())
            for name in ("_account", "_password"):
                if hasattr(made, name):
                    setattr(made, name, ("offhook", "S3cret") if name == "_account" else "S3cret")
            for name, value in made_so.items():
                setattr(made, name, value)
            yield made.address
            run(found.__aexit__(None, None, None))

    return around


def a_peer(says: bytes, *, reads: bool = True) -> Around:
    """Somebody who says that to whoever connects, and nothing more."""

    @contextmanager
    def around(_home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(says)
            while reads and await reader.read(1000):
                pass

        patch.setattr("offhook.switch.link.OPEN_S", 0.5)
        with running_loop() as run:
            found = peer(serve)
            yield run(found.__aenter__())
            run(found.__aexit__(None, None, None))

    return around


@contextmanager
def a_web_server(_home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Python's own web server."""
    patch.setattr("offhook.switch.link.OPEN_S", 2.0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def a_vendor(answer: bytes | None, *, tls: bool = False) -> Around:
    """A vendor's web server; ``None``: it never answers. Whoever dials or polls there has failed."""

    @contextmanager
    def around(home: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
        context = server_context(certificates(home)) if tls else None
        with vendor(lambda _came: answer, context) as found:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{found.port}"
            assert {each.path for each in found.came} <= {"/token"}, "it neither dials nor polls"
            assert len(found.came) <= RUNS, "it logs in once"

    return around


@contextmanager
def a_tls_port(home: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
    """A port with TLS, its certificate from an authority of its own."""
    with vendor(b"", server_context(certificates(home))) as found:
        yield f"127.0.0.1:{found.port}"


@contextmanager
def running_loop() -> Iterator[Callable[[Any], Any]]:
    """A loop in a thread of its own; runs what it is given there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def a_stranger(examined: str) -> Around:
    """Somebody's package with an interface whose examination is that."""

    @contextmanager
    def around(home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
        place = home / "site"
        known = place / "gong-1.0.dist-info"
        known.mkdir(parents=True)
        (known / "METADATA").write_text("Metadata-Version: 2.1\nName: gong\nVersion: 1.0\n")
        (known / "entry_points.txt").write_text("[offhook.interfaces]\ngong = gong:ABOUT\n")
        (place / "gong.py").write_text(GONG.replace("EXAMINE", examined) if examined else "1 / 0\n")
        patch.syspath_prepend(str(place))
        patch.setattr("offhook.cli.doctor.PATIENCE_S", 0.3)
        with forgetting():
            yield ""
        sys.modules.pop("gong", None)

    return around


@contextmanager
def forgetting() -> Iterator[None]:
    """Let what is installed be found anew, before and after."""
    caches = (installed._entries, catalogue._found, catalogue._settings, catalogue._aliases)
    for each in caches:
        each.cache_clear()
    try:
        yield
    finally:
        for each in caches:
            each.cache_clear()


@contextmanager
def without_websockets(_home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The parts that a hub and its desks need are not installed."""
    patch.setitem(sys.modules, "websockets.asyncio.client", None)
    patch.delitem(sys.modules, "offhook.interfaces.hub.driver", raising=False)
    yield ""


@contextmanager
def no_vault(_home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The vault that a secret was put into is not there any more."""
    patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    yield "127.0.0.1:1"


@contextmanager
def a_softphone(home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """A program is registered for ``sip:``, and none for ``callto:``."""
    folder = home / "share" / "applications"
    folder.mkdir(parents=True)
    (folder / "phone.desktop").write_text(
        "[Desktop Entry]\nType=Application\nName=Phone\nExec=/bin/true %u\nMimeType=x-scheme-handler/sip;\n"
    )
    (folder / "mimeapps.list").write_text("[Default Applications]\nx-scheme-handler/sip=phone.desktop\n")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        patch.setenv(name, str(home / "share"))
    yield ""


@contextmanager
def without_an_opener(home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """There is no ``xdg-open``."""
    patch.setenv("PATH", str(home))
    yield ""


@contextmanager
def a_folder_that_hangs(_home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The file server does not answer."""
    over = threading.Event()
    patch.setattr("offhook.settings.shared._found", lambda _folder, _name: over.wait(20))
    patch.setattr("offhook.settings.shared.PATIENCE_S", 0.05)
    patch.setattr("offhook.settings.shared._hung", {})
    yield ""
    over.set()


@contextmanager
def a_firewall(_home: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """What is sent to that address is dropped."""
    patch.setattr("offhook.transport.connection.CONNECT_S", 0.2)

    connect = asyncio.open_connection

    async def dropped(host: str, *words: Any, **more: Any) -> Any:
        if host == "192.0.2.1":
            await asyncio.sleep(60)
        return await connect(host, *words, **more)

    patch.setattr("offhook.transport.connection.asyncio.open_connection", dropped)
    yield ""


# --- the table -----------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A set-up, and what is said of it.

    Of ``seen``, each begins with a sign and a name and goes on with what is in that finding, parts between ``|``.
    """

    what: str
    settings: str
    seen: tuple[str, ...]
    code: int
    around: Around = alone
    never: tuple[str, ...] = ()
    files: dict[str, str | bytes] = {}  # noqa: RUF012 - read only


RIGHT_WEB = reply('{"token": "T0ken"}')
ROWS = [
    Row("nothing set", "", ("· hub|No hub is running", "✓ simulator|of its own", "· asterisk|can run here; not set up", "· –|alsatel, com, isicom, phonepc, tapi", "· settings.toml|no settings file"), 0, never=("✗", "✓ hub", "✓ callto", "✓ web", "Meanwhile")),
    Row("an interface of a later version chosen", 'interface = "tapi"\n', ("✗ tapi|not available yet",), 1),
    Row("an unknown setting", "[hub]\nprot = 1\n", ("✗ settings.toml|settings.toml:2|hub.port",), 1),
    Row("locked", ASTERISK.replace("ADDRESS", "192.0.2.1:1"), ("✗ asterisk|Nothing listens at ADDRESS|set: asterisk.address (HOME/machine.toml:3)", "· settings.toml|asterisk.address in HOME/settings.toml:3 has no effect: HOME/machine.toml:3 locks it"), 1, files={"machine.toml": 'locked = ["asterisk.address"]\n[asterisk]\naddress = "ADDRESS"\n'}),
    Row("an interface that is not installed", 'interface = "gone"\n', ("✗ gone|There is no interface “gone”",), 1),
    Row("a hub's interface that is not installed", 'hub.interface = "gone"\n', ("✗ gone|There is no interface “gone”",), 1),
    Row("a log folder that is none", "", ("✗ OFFHOOK_HOME|HOME/log cannot be used: that is not a folder",), 1, files={"log": ""}),
    # Asterisk
    Row("a right Asterisk", ASTERISK, ("✓ asterisk|connection to ADDRESS; login as offhook|telephones of 1001",), 0, a_switch("asterisk"), never=("✗", "· asterisk")),
    Row("an Asterisk not chosen but set", ASTERISK.partition("\n")[2], ("✓ asterisk|login as offhook",), 0, a_switch("asterisk")),
    Row("a wrong password", ASTERISK.replace("S3cret", "T0ken"), ("✗ asterisk|does not accept the account offhook|tried: connection to ADDRESS; login as offhook|set: asterisk.user (HOME/settings.toml:4), asterisk.password (HOME/settings.toml:5)|manager.conf, [offhook]: secret", "· asterisk|Without a login"), 1, a_switch("asterisk")),
    Row("an account that may not originate", ASTERISK, ("✗ asterisk|may not do Originate|manager.conf, [offhook]: add originate",), 1, a_switch("asterisk", refuse={"Originate": "Permission denied"})),
    Row("a telephone that is not there", ASTERISK.replace("PJSIP/*", "PJSIP/x*"), ("✗ asterisk|does not know PJSIP/x1001 (desk 1001)|asterisk.devices (HOME/settings.toml:7)",), 1, a_switch("asterisk")),
    Row("nothing listens", ASTERISK, ("✗ asterisk|Nothing listens at ADDRESS|asterisk.address (HOME/settings.toml:3)|enabled = yes", "· asterisk|Without a login"), 1, never=("✓ asterisk",)),
    Row("a name nobody knows", ASTERISK.replace("ADDRESS", "pbx.invalid:5038"), ("✗ asterisk|The name pbx.invalid is not known to the network (DNS).|Here: asterisk.address",), 1),
    Row("a web server that is no Asterisk", ASTERISK, ("✗ asterisk|is not a manager interface|asterisk.address",), 1, a_web_server),
    Row("a silent server", ASTERISK, ("✗ asterisk|accepts the connection but says nothing|asterisk.tls",), 1, a_peer(b"")),
    Row("an address without user", ASTERISK.replace('user = "offhook"\n', ""), ("✗ asterisk|asterisk.user is not set.|offhook settings set asterisk.user",), 1, a_switch("asterisk"), never=("does not accept", "set: asterisk.user", "(default)")),
    Row("half configured, and nothing listens", 'asterisk.address = "ADDRESS"\n', ("✗ asterisk|asterisk.user is not set.", "✗ asterisk|Nothing listens at ADDRESS", "✗ asterisk|asterisk.context is empty"), 1),
    Row("an address that is none", ASTERISK.replace("ADDRESS", "a b:1"), ("✗ settings.toml|HOME/settings.toml:3: “a b:1” is not an address",), 1),
    Row("a secret whose vault is gone", ASTERISK.replace('"S3cret"', '{ kept = "vault", key = "k" }'), ("✗ asterisk|The secret asterisk.password (HOME/settings.toml:5) cannot be read from its vault",), 1, no_vault),
    Row("TLS where there is none", ASTERISK + "tls = true\n", ("✗ asterisk|No TLS connection to ADDRESS|(it does not speak TLS)|tlsenable",), 1, a_peer(b"Asterisk Call Manager/9.0.0\r\n")),
    Row("a port out of reach for a firewall", ASTERISK.replace("ADDRESS", "192.0.2.1:5038"), ("✗ asterisk|does not answer|firewall|asterisk.address",), 1, a_firewall),
    Row("an Asterisk with a wrong authority", ASTERISK + "tls = true\n", ("✗ asterisk|No TLS connection to ADDRESS|an authority that is not trusted here|tls.ca",), 1, a_tls_port),
    Row("an Asterisk with a wrong pin", ASTERISK + f'tls = true\ntls_pin = "{"ab" * 32}"\n', ("✗ asterisk|No TLS connection to ADDRESS|not the one that tls.pin names",), 1, a_tls_port),
    Row("certificates not checked", "tls.insecure = true\n", ("· tls|tls.insecure is on|HOME/settings.toml:1",), 0),
    # FreeSWITCH
    Row("a right FreeSWITCH", FREESWITCH, ("✓ freeswitch|connection to ADDRESS; login",), 0, a_switch("freeswitch"), never=("✗",)),
    Row("a wrong event socket password", FREESWITCH.replace("S3cret", "T0ken"), ("✗ freeswitch|does not accept the password|event_socket.conf.xml: password|freeswitch.password (HOME/settings.toml:4)",), 1, a_switch("freeswitch")),
    Row("an event socket that rejects the machine", FREESWITCH, ("✗ freeswitch|this machine’s address|apply-inbound-acl",), 1, a_peer(b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n", reads=False)),
    Row("no event socket password", FREESWITCH.replace('password = "S3cret"\n', ""), ("✗ freeswitch|freeswitch.password is not set.",), 1, a_switch("freeswitch")),
    Row("no event socket there", FREESWITCH, ("✗ freeswitch|Nothing listens at ADDRESS|listen-port",), 1),
    # the web interface
    Row("a right web API", WEB, ("✓ web|HOME/p.txt; connection to 127.0.0.1:", "· web|How the server answers a dial or a request for events was not tried", "✓ clicktocall|nothing is wrong in it"), 0, a_vendor(RIGHT_WEB), files={"p.txt": DIAL}),
    Row("a right token", WEB, ("✓ web|; token",), 0, a_vendor(RIGHT_WEB), files={"p.txt": TOKEN}),
    Row("a token refused", WEB, ("✗ web|does not accept this desk’s account (HTTP 401)|tried: HOME/p.txt; connection to|desk.user (HOME/settings.toml:3)",), 1, a_vendor(reply('{"error": "no"}', "401 Unauthorized")), files={"p.txt": TOKEN}, never=("✓ web",)),
    Row("a token server that fails", WEB, ("✗ web|The server is failing (500)",), 1, a_vendor(reply("oops", "500 Internal Server Error")), files={"p.txt": TOKEN}),
    Row("a token server that never answers", WEB + "timeout_s = 0.3\n", ("✗ web|The server is failing (late)",), 1, a_vendor(None), files={"p.txt": TOKEN}),
    Row("no token in the answer", WEB, ("✗ web|holds no token|<json_token>",), 1, a_vendor(reply("{}")), files={"p.txt": TOKEN}),
    Row("no web server there", WEB, ("✗ web|cannot be reached (connection refused)",), 1, files={"p.txt": DIAL.replace("ADDRESS", "http://ADDRESS")}),
    Row("a web server nobody knows", WEB, ("✗ web|The name pbx.invalid is not known to the network (DNS).|<url>",), 1, files={"p.txt": DIAL.replace("ADDRESS", "http://pbx.invalid")}),
    Row("a wrong authority", WEB, ("✗ web|could not prove that it is the right one (its certificate is from an authority that is not trusted here)|tls.ca",), 1, a_vendor(RIGHT_WEB, tls=True), files={"p.txt": DIAL}),
    Row("a right authority", WEB + 'tls_ca = "HOME/ca.pem"\n', ("✓ web|connection to",), 0, a_vendor(RIGHT_WEB, tls=True), files={"p.txt": DIAL}),
    Row("a wrong pin", WEB + f'tls_pin = "{"ab" * 32}"\n', ("✗ web|its certificate is not the one that tls.pin names",), 1, a_vendor(RIGHT_WEB, tls=True), files={"p.txt": DIAL}),
    Row("an authority's file that is not there", WEB + 'tls_ca = "HOME/none.pem"\n', ("✗ web|HOME/none.pem cannot be used (there is no such file or folder)",), 1, a_vendor(RIGHT_WEB, tls=True), files={"p.txt": DIAL}),
    Row("events from a server that is not there", WEB, ("✗ web|The server 127.0.0.1:1 cannot be reached (connection refused)|connection to 127.0.0.1:1|",), 1, a_vendor(RIGHT_WEB), files={"p.txt": DIAL + "<cliktocallevent>\n<with_event>1\n<url>http://127.0.0.1:1/e\n<type_return>json\n<json_tel>tel\n<json_event>event\n"}),
    Row("no parameter file named", 'interface = "web"\n', ("✗ web|There is no clicktocall_param.txt|shared_folder",), 1),
    Row("the named parameter file missing", WEB, ("✗ web|There is no file HOME/p.txt|web.file (HOME/settings.toml:6)", "✗ clicktocall|HOME/p.txt"), 1),
    Row("none in the shared folder", 'shared_folder = "HOME/shared"\n', ("· clicktocall|There is no clicktocall_param.txt in the shared folder HOME/shared|HOME/settings.toml:1",), 0, files={"shared/x": ""}),
    Row("a shared folder that is not there", 'interface = "web"\nshared_folder = "HOME/gone"\n', ("✗ web|HOME/gone does not answer (there is no such file or folder)|shared_folder (HOME/settings.toml:2)",), 1),
    Row("a shared folder that hangs", 'interface = "web"\nshared_folder = "HOME/gone"\n', ("✗ web|HOME/gone does not answer (no answer in time)",), 1, a_folder_that_hangs),
    Row("a parameter file that may not be read", WEB.replace("p.txt", "folder"), ("✗ web|HOME/folder cannot be read: that is a folder|web.file (HOME/settings.toml:6)",), 1, files={"folder/x": ""}),
    Row("a wrong line in the parameter file", WEB, ("✗ clicktocall|HOME/p.txt:2: |offhook check", "✗ web|HOME/p.txt:2"), 1, files={"p.txt": "<cliktocalldial>\n<ulr>http://x/\n"}, never=("✓ clicktocall", "✓ web")),
    Row("a parameter file in UTF-16", WEB, ("✗ web|HOME/p.txt",), 1, files={"p.txt": DIAL.replace("ADDRESS", "http://127.0.0.1:1").encode("utf-16")}, never=("✓ web", "✓ clicktocall|")),
    Row("a desk without what the file wants", WEB.replace('desk.extension = "1024"\n', ""), ("✗ web|$telorg$ is needed and empty: desk.extension is not set",), 1, a_vendor(RIGHT_WEB), files={"p.txt": DIAL + "<data>u=$telorg$\n"}),
    # callto
    Row("a right program", CALLTO.replace("COMMAND", "/bin/true $teldest$"), ("✓ callto|/bin/true 0388202020; the program /bin/true",), 0, without_an_opener, never=("✗",)),
    Row("no number in the command", CALLTO.replace("COMMAND", "/bin/true"), ("✗ callto|does not say where the number goes|callto.command (HOME/settings.toml:4)",), 1),
    Row("a program that is missing", CALLTO.replace("COMMAND", "/nowhere/phone $teldest$"), ("✗ callto|The program /nowhere/phone is not there|callto.command (HOME/settings.toml:4)",), 1),
    Row("a program that is none", CALLTO.replace("COMMAND", "HOME/phone $teldest$"), ("✗ callto|HOME/phone did not start (permission denied)",), 1, files={"phone": ""}),
    Row("a scheme with a program", CALLTO.replace("COMMAND", "sip:$teldest$@pbx"), ("✓ callto|the program registered for sip:",), 0, a_softphone),
    Row("a scheme without a program", CALLTO.replace("COMMAND", "callto:$teldest$"), ("✗ callto|No program is registered here for callto:|callto.program",), 1, a_softphone),
    Row("nothing that opens addresses", CALLTO.replace("COMMAND", "callto:$teldest$"), ("✗ callto|xdg-open is missing|apt install xdg-utils",), 1, without_an_opener, never=("pip",)),
    Row("callto not set up, nothing that opens addresses", "", ("· callto|xdg-open is missing|xdg-utils",), 0, without_an_opener),
    Row("a command of the shared folder", 'interface = "callto"\nshared_folder = "HOME/shared"\n', ("✗ callto|The program /nowhere/phone is not there|callto.command (HOME/shared/clicktocall_param.txt:2)",), 1, files={"shared/clicktocall_param.txt": DIAL.replace("<cliktocalldial>\n<url>ADDRESS", "<callto>\ncmd=/nowhere/phone $teldest$\n<cliktocalldial>\n<url>http://ADDRESS")}),
    Row("a password that goes to a program", CALLTO.replace("COMMAND", "/bin/true $teldest$ $mdp$").replace("[callto]", 'desk.password = "S3cret"\n[callto]'), ("✓ callto|", "· callto|$mdp$"), 0),
    # hub and directory
    Row("a hub chosen, and none there", 'interface = "hub"\n', ("✗ hub|No hub is running on this machine and none is set",), 1),
    Row("a hub set, and not running", 'interface = "hub"\n[hub]\nurl = "http://ADDRESS"\ntoken = "1001.T0ken"\n', ("✗ hub|does not answer (connection refused)|hub.url (HOME/settings.toml:3)",), 1, never=("none is set",)),
    Row("a hub whose address is none", 'interface = "hub"\nhub.url = "nonsense"\n', ("✗ settings.toml|HOME/settings.toml:2: “nonsense” is not a web address",), 1),
    Row("a hub without a token", 'interface = "hub"\nhub.url = "http://ADDRESS"\n', ("✗ hub|hub.token is not set.", "✗ hub|connection refused"), 1),
    Row("a web server that is no hub", 'interface = "hub"\nhub.url = "http://ADDRESS"\nhub.token = "1001.T0ken"\n', ("✗ hub|(what answers there is not a hub)|hub.url",), 1, a_web_server),
    Row("a server that closes at once, and is no hub", 'interface = "hub"\nhub.url = "http://ADDRESS"\nhub.token = "1001.T0ken"\n', ("✗ hub|ADDRESS does not answer",), 1, a_peer(b"", reads=False), never=("may have been carried out",)),
    Row("desks of a hub, each with a line of its own", 'hub.interface = "web"\nhub.desks = "1001-1003"\ndesk.extension = "1001"\nweb.file = "HOME/p.txt"\n', ("✗ web|1002, 1003: There is no clicktocall_param.txt",), 1, a_vendor(RIGHT_WEB), files={"p.txt": DIAL}, never=("✓ web",)),
    Row("a machine's file for the desks of a hub", 'hub.interface = "web"\nhub.desks = "1001-1003"\n', ("✓ web|1001, 1002, 1003: tried, and all is well: HOME/p.txt",), 0, a_vendor(RIGHT_WEB), files={"p.txt": DIAL, "machine.toml": 'interface = "web"\nweb.file = "HOME/p.txt"\n'}),
    Row("a hub whose parts are not installed", 'interface = "hub"\nhub.url = "http://127.0.0.1:1"\n', ("✗ hub|The Python package websockets is missing|pip install",), 1, without_websockets),
    Row("contacts that are there", 'hub.directory = "HOME/c.csv"\n', ("✓ directory|HOME/c.csv: 1 contacts",), 0, files={"c.csv": "nom;téléphone\nZoé;0388202020\n"}),
    Row("contacts that are missing", 'hub.directory = "HOME/c.csv"\n', ("✗ directory|HOME/c.csv|there is no such file|hub.directory (HOME/settings.toml:1)",), 1),
    Row("contacts with unknown headings", 'hub.directory = "HOME/c.csv"\n', ("✗ directory|HOME/c.csv",), 1, files={"c.csv": "Foo;Bar\n1;2\n"}),
    # the simulator
    Row("a simulator that is there", 'interface = "simulator"\nsimulator.address = "ADDRESS"\n', ("✗ simulator|ADDRESS does not answer (connection refused)|offhook simulate|simulator.address (HOME/settings.toml:2)",), 1),
    Row("a web server that is no simulator", 'simulator.address = "ADDRESS"\n', ("✗ simulator|cannot be read|simulator.address",), 1, a_web_server),
    Row("a server that says nothing, and is no simulator", 'simulator.address = "ADDRESS"\n', ("✗ simulator|simulator.address (HOME/settings.toml:1)",), 1, a_peer(b"", reads=False)),
    # a stranger's
    Row("a stranger's interface that is broken", 'interface = "gong"\n', ("✗ gong|cannot be used: ZeroDivisionError",), 1, a_stranger("")),
    Row("a stranger's broken, not chosen", "", ("· gong|cannot be used: ZeroDivisionError",), 0, a_stranger("")),
    Row("a stranger's that raises when examined", 'interface = "gong"\n', ("✗ gong|cannot be used: RuntimeError: out of tune", "✓ simulator"), 1, a_stranger("raise RuntimeError('out of tune')")),
    Row("a stranger's that answers nonsense", 'interface = "gong"\n', ("✗ gong|its examination yields 'well'",), 1, a_stranger("yield 'well'")),
    Row("a stranger's that never ends", 'interface = "gong"\n', ("✗ gong|did not finish its examination within 0.3 s",), 1, a_stranger("import asyncio; await asyncio.sleep(60)")),
    Row("a stranger's that blocks", 'interface = "gong"\n', ("✗ gong|did not finish its examination within 0.3 s",), 1, a_stranger("import time; time.sleep(2)")),
]  # fmt: skip


RUNS = 2
"""How often doctor is run for a row."""
MARKS = {"ok": "✓", "missing": "·", "wrong": "✗"}
ENGLISH = re.compile(r"[Rr]efused\b|[Nn]o such|[Tt]imed out|[Pp]ermission|does not|is not|\bthe\b")


def blocks(printed: str) -> list[str]:
    """Return the findings as they were printed, each with its further lines."""
    return re.split(r"\n(?=[✓·✗] )", printed.rstrip("\n"))


@pytest.mark.parametrize("row", ROWS, ids=[row.what for row in ROWS])
def test_a_set_up(
    row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list(os.environ):
        if name.startswith("OFFHOOK_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OFFHOOK_HOME", str(tmp_path))
    with row.around(tmp_path, monkeypatch) as address:

        def filled(text: str) -> str:
            return text.replace("HOME/", f"{tmp_path}/").replace("ADDRESS", address)

        for name, content in row.files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            if isinstance(content, bytes):
                (tmp_path / name).write_bytes(content)
            else:
                (tmp_path / name).write_text(filled(content), "utf-8")
        if row.settings:
            (tmp_path / "settings.toml").write_text(filled(row.settings), "utf-8")
        monkeypatch.setenv("OFFHOOK_LANGUAGE", "en")
        assert main(["doctor"]) == row.code, capsys.readouterr().out
        printed = capsys.readouterr().out
        monkeypatch.setenv("OFFHOOK_LANGUAGE", "fr")
        assert main(["doctor", "--json"]) == row.code
        objects = json.loads(capsys.readouterr().out)["findings"]

        found = blocks(printed)
        for wanted in map(filled, row.seen):
            head, *parts = wanted.split("|")
            ours = [each for each in found if each.startswith(f"{head} ")]
            assert any(all(part in each for part in parts) for each in ours), (
                f"{wanted} is not in:\n{printed}"
            )
        for never in row.never:
            assert not any(each.startswith(never) for each in found), printed
            assert len(never) == 1 or never[0] in "✓·✗" or never not in printed

    signs: dict[str, set[str]] = {}
    for each in objects:
        signs.setdefault(each["name"], set()).add(each["verdict"])
    assert not [name for name, verdicts in signs.items() if {"ok", "wrong"} <= verdicts], "a tick and a cross"
    printed_heads = [tuple(each.split(maxsplit=2)[:2]) for each in found if not each.startswith("· – ")]
    later = {each["name"] for each in objects} - {name for _sign, name in printed_heads}
    heads = [(MARKS[each["verdict"]], each["name"]) for each in objects if each["name"] not in later]
    assert heads == printed_heads, "words and objects are the same"
    assert later <= {"tapi", "alsatel", "phonepc", "isicom", "com"}
    everything_said = printed + json.dumps(objects, ensure_ascii=False)
    assert not [secret for secret in SECRETS if secret in everything_said]
    assert "\x1b" not in printed
    for each in objects:
        bare = each["text"].replace(str(tmp_path), "")
        assert "…" not in bare.replace(", …", ""), "a hole, and no end of a list"
        assert not ENGLISH.search(bare) or "ZeroDivision" in bare or "yields" in bare, f"not French: {bare}"
        if each["verdict"] == "wrong":
            assert each["hint"], "what to do"


async def test_a_switch_is_logged_in_to_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is refused or not: a second try may lock the account."""
    logins: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        while data := await reader.readuntil(b"\r\n\r\n"):
            number = re.findall(rb"ActionID: (\S+)", data)[0]
            is_login = b"Action: Login" in data
            logins.extend([data] if is_login else [])
            said = b"Error\r\nMessage: Authentication failed" if is_login else b"Success\r\nChallenge: 1"
            writer.write(b"Response: " + said + b"\r\nActionID: " + number + b"\r\n\r\n")

    async with peer(serve) as address:
        (tmp_path / "settings.toml").write_text(ASTERISK.replace("ADDRESS", address))
        monkeypatch.setenv("OFFHOOK_HOME", str(tmp_path))
        assert await asyncio.to_thread(main, ["doctor"]) == 1
    assert len(logins) == 1


# --- where a hub or an agent runs ----------------------------------------------------------------------


def objects_of(home: Path, **more: str) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """Run doctor in a process of its own; returns its exit code, and by name the signs and what is said."""
    done = offhook(home, "doctor", "--json", **more)
    found: dict[str, list[tuple[str, str]]] = {}
    for each in json.loads(done.stdout)["findings"]:
        found.setdefault(each["name"], []).append((each["verdict"], each["text"]))
    return done.returncode, found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "of_1002", "code", "seen"),
    [
        ("", "", 0, {"hub.json": ("ok", "2 desks"), "simulator": ("ok", "it hears 1001, 1002"), "hub": ("missing", "can run here")}),
        ('[hub]\ninterface = "asterisk"\n[asterisk]\naddress = "127.0.0.1:1"\nuser = "u"\n', "", 1, {"hub.json": ("ok", "2 desks"), "asterisk": ("wrong", "it does not hear 1001, 1002. ")}),
        ("", 'interface = "web"\n', 1, {"simulator": ("ok", "it hears 1001"), "1002": ("wrong", "it does not hear 1002. There is no clicktocall_param.txt")}),
        ('interface = "hub"\nhub.token = "1001.T0ken"\n', "", 1, {"hub.json": ("ok", ""), "hub": ("wrong", "token")}),
        ('interface = "hub"\ndesk.extension = "1001"\n', "", 0, {"hub": ("ok", "token and line of desk 1001")}),
    ],
    ids=["a hub that hears", "a hub that does not", "a desk with wrong settings", "a wrong token", "a right token"],
)  # fmt: skip
def test_a_hub_that_runs_is_asked(
    tmp_path: Path, settings: str, of_1002: str, code: int, seen: dict[str, tuple[str, str]]
) -> None:
    (tmp_path / "settings.toml").write_text(settings)
    (tmp_path / "desks" / "1002").mkdir(parents=True)
    (tmp_path / "desks" / "1002" / "settings.toml").write_text(of_1002)
    with program(tmp_path, "hub", "--port", "0", "--desks", "1001-1002"):
        done, found = objects_of(tmp_path)
    for name, (verdict, part) in seen.items():
        assert [each for each, text in found[name] if part in text] == [verdict], found
    assert done == code, found


@pytest.mark.slow
async def test_what_a_hub_reads_is_not_read_twice(tmp_path: Path) -> None:
    """The switch sees one connection, the hub's."""
    async with switch("asterisk") as made:
        came, greet = [], made.greet
        made.greet = lambda client: came.append(client) or greet(client)  # type: ignore[method-assign,func-returns-value]
        settings = ASTERISK.replace("ADDRESS", made.address).replace("S3cret", "secret")
        (tmp_path / "settings.toml").write_text(settings)
        words = ("hub", "--port", "0", "--desks", "1001", "--interface", "asterisk")
        hub = await asyncio.to_thread(Program, tmp_path, *words)
        try:
            code, found = await asyncio.to_thread(objects_of, tmp_path)
        finally:
            await asyncio.to_thread(hub.stop)
    assert (code, found["asterisk"]) == (0, [("ok", found["asterisk"][0][1])])
    assert "it hears 1001" in found["asterisk"][0][1]
    assert len(came) == 1


@pytest.mark.slow
def test_an_agent_that_runs_is_asked(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(CALLTO.replace("COMMAND", "/bin/true $teldest$"))
    with program(tmp_path, "agent"):
        code, found = objects_of(tmp_path)
    assert code == 0
    assert found["agent.json"][0][0] == "ok"
    assert found["callto"][0][0] == "ok"
    assert "it hears 1024" in found["callto"][0][1]


@pytest.mark.slow
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_pipe_gets_no_colours_and_a_terminal_does(tmp_path: Path, language: str) -> None:
    piped = offhook(tmp_path, "doctor", OFFHOOK_LANGUAGE=language).stdout
    assert "\x1b" not in piped
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [OFFHOOK, "doctor"], stdout=theirs, env=environment(tmp_path, OFFHOOK_LANGUAGE=language)
    ):
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # the terminal is closed
                break
            shown += data
    os.close(ours)
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).replace("\r\n", "\n") == piped
    assert "\x1b[32m✓" in shown.decode()
