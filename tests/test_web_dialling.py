"""Dialling over pretend vendors' APIs, by parameter files alone: what is sent, and what becomes of it."""

import base64
import html
import json
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from defusedxml import ElementTree

from hubs import offhook
from vendor import Came, Vendor, certificates, reply, server_context, vendor

SOAP = (
    '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<Call from="$telorg$"><to>$teldest$</to><who><![CDATA[$user$]]></who></Call></soap:Body></soap:Envelope>'
)


def write(
    folder: Path, port: int, dial: str = "<url>http://127.0.0.1:{port}/dial?tel=$teldest$", more: str = ""
) -> Path:
    """Write a parameter file with a dial section, and return its folder."""
    shared = folder / "sys"
    shared.mkdir(exist_ok=True)
    text = f"<global>\n<cliktocalldial>\n{dial.replace('{port}', str(port))}\n{more.replace('{port}', str(port))}"
    (shared / "clicktocall_param.txt").write_text(text, "utf-8")
    return shared


def dialled(folder: Path, *words: str, number: str = "0388202020", **more: str):  # type: ignore[no-untyped-def]
    """Run ``offhook dial`` as the desk 1024 of Zoé, whose password is awkward."""
    environ = {
        "OFFHOOK_INTERFACE": "web", "OFFHOOK_SHARED_FOLDER": str(folder / "sys"), "OFFHOOK_DESK__EXTENSION": "1024",
        "OFFHOOK_DESK__USER": "Zoé & <fils>", "OFFHOOK_DESK__PASSWORD": 'p"ß&x=1',
    }  # fmt: skip
    return offhook(folder, "dial", number, *words, **(environ | more))


def only_dial(server: Vendor) -> Came:
    (came,) = server.dials()
    return came


# --- what is sent ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_get_put_and_post(tmp_path: Path) -> None:
    for number, method in (("0388202020", "GET"), ("0388202021", "PUT"), ("0388202022", "POST")):
        with vendor(reply("{}")) as server:
            write(tmp_path, server.port, more=f"<methode>{method}\n<data>n=$teldest$&u=$user$")
            done = dialled(tmp_path, number=number)
            assert done.returncode == 0, done.stderr
            came = only_dial(server)
            assert came.method == method
            if method == "GET":
                assert came.body == b""
            else:
                assert parse_qs(came.body.decode()) == {"n": [number], "u": ["Zoé & <fils>"]}
                assert came.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.slow
def test_the_default_method_is_post(tmp_path: Path) -> None:
    with vendor(reply("{}")) as server:
        write(tmp_path, server.port)
        assert dialled(tmp_path).returncode == 0
        assert only_dial(server).method == "POST"


@pytest.mark.slow
def test_json_xml_and_soap_bodies(tmp_path: Path) -> None:
    with vendor(reply("{}")) as server:
        write(
            tmp_path,
            server.port,
            more='<contenttype>application/json\n<data>{"to":"$teldest$","u":"$user$","p":"$mdp$"}',
        )
        assert dialled(tmp_path).returncode == 0
        assert json.loads(only_dial(server).body) == {"to": "0388202020", "u": "Zoé & <fils>", "p": 'p"ß&x=1'}
    with vendor(reply("<ok/>", kind="text/xml")) as server:
        write(
            tmp_path,
            server.port,
            more='<contenttype>text/xml\n<data><dial to="$teldest$" by="$user$">$mdp$</dial>',
        )
        assert dialled(tmp_path, number="0388202021").returncode == 0
        found = ElementTree.fromstring(only_dial(server).body)
        assert (found.attrib, found.text) == ({"to": "0388202021", "by": "Zoé & <fils>"}, 'p"ß&x=1')
    with vendor(reply("<ok/>", kind="text/xml")) as server:
        write(
            tmp_path,
            server.port,
            more=f"<headers>SOAPAction=urn:call\n<contenttype>text/xml; charset=iso-8859-1\n<data>{SOAP}",
        )
        assert dialled(tmp_path, number="0388202022").returncode == 0
        came = only_dial(server)
        assert came.headers["soapaction"] == "urn:call"
        body = came.body.decode("iso-8859-1").partition("?>")[2]
        found = ElementTree.fromstring(body)
        assert [each.text for each in found.iter() if each.text] == ["0388202022", "Zoé & <fils>"]


@pytest.mark.slow
def test_dataencode_holds_xml_that_is_escaped_then_encoded_whole(tmp_path: Path) -> None:
    """As Aastra's telephones want it: ``xml=`` and a url-encoded document."""
    with vendor(reply("")) as server:
        write(
            tmp_path,
            server.port,
            more='<data>xml=\n<dataencode><Execute><Item URI="Dial:$teldest$" By="$user$"/></Execute>',
        )
        assert dialled(tmp_path).returncode == 0
        name, _equals, value = only_dial(server).body.partition(b"=")
        assert name == b"xml"
        assert b"<" not in value
        found = ElementTree.fromstring(unquote(value.decode()))
        assert found[0].attrib == {"URI": "Dial:0388202020", "By": "Zoé & <fils>"}


@pytest.mark.slow
def test_data_of_several_lines_and_dataencode_within(tmp_path: Path) -> None:
    with vendor(reply("")) as server:
        write(tmp_path, server.port, more='<contenttype>application/json\n<data>{\n "to": "$teldest$"\n}')
        assert dialled(tmp_path).returncode == 0
        assert json.loads(only_dial(server).body) == {"to": "0388202020"}
    with vendor(reply("")) as server:
        write(tmp_path, server.port, more="<data>XML=<dataencode>xx xx")
        assert dialled(tmp_path, number="0388202021").returncode == 0
        assert only_dial(server).body == b"XML=xx%20xx"


@pytest.mark.slow
def test_basic_by_auth_and_further_headers(tmp_path: Path) -> None:
    with vendor(reply("")) as server:
        write(
            tmp_path, server.port, more="<headers>Authorization=Basic $auth$|X-Desk: $telorg$ | X-Who=$user$"
        )
        assert dialled(tmp_path).returncode == 0
        came = only_dial(server)
        scheme, coded = came.headers["authorization"].split()
        assert (scheme, base64.b64decode(coded).decode()) == ("Basic", 'Zoé & <fils>:p"ß&x=1')
        assert (came.headers["x-desk"], came.headers["x-who"]) == ("1024", "Zoé & <fils>")


@pytest.mark.slow
def test_a_windows_file_with_values_in_utf_8(tmp_path: Path) -> None:
    with vendor(reply("")) as server:
        folder = write(tmp_path, server.port)
        text = f";é Téléphonie\r\n<cliktocalldial>\r\n<url>http://127.0.0.1:{server.port}/dial?n=$teldest$&où=à&u=$user$\r\n"
        (folder / "clicktocall_param.txt").write_bytes(text.encode("cp1252"))
        assert dialled(tmp_path, OFFHOOK_DESK__USER="Žižka 日本").returncode == 0
        query = parse_qs(urlsplit(only_dial(server).target).query)
        assert query == {"n": ["0388202020"], "où": ["à"], "u": ["Žižka 日本"]}


@pytest.mark.slow
def test_the_file_is_found_whatever_the_case_of_its_name(tmp_path: Path) -> None:
    with vendor(reply("")) as server:
        folder = write(tmp_path, server.port)
        (folder / "clicktocall_param.txt").rename(folder / "ClickToCall_Param.TXT")
        assert dialled(tmp_path).returncode == 0
        only_dial(server)


# --- tokens ---------------------------------------------------------------------------------------

TOKEN = "<headers>Authorization=Bearer $token$\n<cliktocalltoken>\n<with_token>1\n<url>http://127.0.0.1:{port}/token\n"


@pytest.mark.slow
def test_a_refused_token_is_renewed_once_and_the_call_made_once(tmp_path: Path) -> None:
    def answer(came: Came) -> bytes:
        if came.path == "/token":
            return reply(json.dumps({"token": f"t{sum(each.path == '/token' for each in server.came)}"}))
        return (
            reply("{}") if came.headers["authorization"] == "Bearer t2" else reply("no", "401 Unauthorized")
        )

    with vendor(answer) as server:
        write(tmp_path, server.port, more=TOKEN + "<headers>Authorization=Basic $auth$")
        assert dialled(tmp_path).returncode == 0
        assert [each.path for each in server.came] == ["/token", "/dial", "/token", "/dial"]


@pytest.mark.slow
def test_a_token_refused_twice_is_no_login(tmp_path: Path) -> None:
    with vendor(
        lambda came: reply('{"token":"t"}') if came.path == "/token" else reply("", "403 Forbidden")
    ) as server:
        write(tmp_path, server.port, more=TOKEN)
        done = dialled(tmp_path, "--json")
        assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (5, "account_refused")
        assert len(server.dials()) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "body", "names"),
    [
        ("json", '{"data":{"access":{"tok":"abc"}}}', "<json_token>data.access.tok"),
        ("json", '{"x":1,"deep":[{"tok":"abc"}]}', "<json_token>tok"),
        ("xml", "<r><t>abc</t></r>", "<xml_token>t"),
        ("xml", "<r><token value='abc'/></r>", "<xml_result_token_in_attrib>1\n<xml_token_attrib>value"),
        ("xml", "<r><token value=abc/></r>", "<xml_result_token_in_attrib>1\n<xml_token_attrib>value"),
        ("text", "abc", ""),
        ("text", "token=abc&expires_in=3", ""),
        ("text", "result: ok\ntoken: abc", ""),
    ],
)
def test_where_a_token_stands(tmp_path: Path, kind: str, body: str, names: str) -> None:
    with vendor(lambda came: reply(body, kind="x/y") if came.path == "/token" else reply("")) as server:
        write(tmp_path, server.port, more=f"{TOKEN}<type_return>{kind}\n{names}")
        done = dialled(tmp_path)
        assert done.returncode == 0, done.stderr
        assert only_dial(server).headers["authorization"] == "Bearer abc"


@pytest.mark.slow
@pytest.mark.parametrize("body", ["{}", "<html>login</html>", "", '{"token":""}', "x" * 2_000_000])
def test_without_a_token_nothing_is_dialled(tmp_path: Path, body: str) -> None:
    with vendor(lambda came: reply(body)) as server:
        write(tmp_path, server.port, more=TOKEN + "<type_return>json")
        done = dialled(tmp_path, "--json")
        assert done.returncode == 8
        assert json.loads(done.stdout)["error"]["hint"]
        assert server.dials() == []


ECHOES: list[tuple[str, str, Callable[[str], str]]] = [
    # what carries the password, and how a server sends back what it got
    ("text/xml", '<a pw="$mdp$"/>', lambda body: body),
    ("application/json", '{"pw":"$mdp$"}', lambda body: json.dumps({"error": body})),
    ("application/json", '{"pw":"$mdp$"}', lambda body: html.escape(json.dumps({"got": body}))),
    ("", "pw=$mdp$", lambda body: json.dumps({"message": f"bad request: {body}"})),
    ("", "pw=$mdp$", lambda body: "<html><p>" + "".join(f"&#{ord(each)};" for each in unquote(body)) + "</p></html>"),
    ("text/plain", "$mdp$", lambda body: json.dumps({"success": False, "got": base64.b64encode(f"zoé:{body}".encode()).decode()})),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("content_type", "data", "echo"), ECHOES)
@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
def test_a_password_that_comes_back_is_neither_shown_nor_written_down(
    tmp_path: Path, status: str, content_type: str, data: str, echo: Callable[[str], str]
) -> None:
    with vendor(lambda came: reply(echo(came.body.decode()), status, "text/html")) as server:
        shared = write(tmp_path, server.port, more=f"<contenttype>{content_type}\n<data>{data}")
        path = shared / "clicktocall_param.txt"
        path.write_text(path.read_text("utf-8").replace("<global>", "<global>\n<debug>1"), "utf-8")
        done = dialled(tmp_path, "--json", OFFHOOK_DESK__PASSWORD='pass&"éword9')
        (log,) = tmp_path.rglob("DhDivaltoClickToCall.log")
        for text in (done.stdout, done.stderr, log.read_text("utf-8")):
            assert not re.search(r"word9|cGFzcy|&#57;", text), text
        assert "••••" in log.read_text("utf-8")


@pytest.mark.slow
def test_a_file_of_events_only_dials_nothing(tmp_path: Path) -> None:
    shared = tmp_path / "sys"
    shared.mkdir()
    text = "<cliktocallevent>\n<with_event>1\n<url>http://127.0.0.1:9/ev\n<type_return>json"
    (shared / "clicktocall_param.txt").write_text(text)
    for words in ((), ("--dry-run",)):
        done = dialled(tmp_path, *words)
        assert (done.returncode, "<cliktocalldial> <url>" in done.stderr) == (3, True)
    assert offhook(tmp_path, "check", str(shared / "clicktocall_param.txt")).returncode == 0


# --- what becomes of it ---------------------------------------------------------------------------

HUNDRED_MB = b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n" + b"x" * (100 << 20)
OUTCOMES = [
    ("500", reply("<html>oops", "500 Internal Server Error", "text/html"), 7, "server_answer_lost"),
    ("503", reply("", "503 Busy"), 7, "server_answer_lost"),
    ("302", reply("", "302 Found", "text/html", "Location: http://127.0.0.1:{port}/dial"), 7, "redirected"),
    ("404", reply("no such number", "404 Not Found", "text/plain"), 5, "refused_by_server"),
    ("a no at 200", reply('{"success": false, "message": "barred"}'), 5, "refused_by_server"),
    ("-ERR at 200", reply("-ERR NO_USER", kind="text/html"), 5, "refused_by_server"),
    ("a 200 of five megabytes", reply("x" * 5_000_000), 0, ""),
    ("401 without a token", reply("", "401 Unauthorized"), 5, "account_refused"),
    ("garbage", b"\x00\x01\x02 nothing like HTTP \xff\n\n", 7, "server_answer_lost"),
    ("closed at once", b"", 7, "server_answer_lost"),
    ("half a status line", b"HTTP/1.1 20", 7, "server_answer_lost"),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le", 0, ""),  # it did say 200
    ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", 0, ""),
    ("100 MB", HUNDRED_MB, 0, ""),
    ("a 2xx whose body is garbage", reply(b"\xff\xfe\x00", "202 Accepted", "application/json"), 0, ""),
    ("endless headers", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, 7, "server_answer_lost"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "exit_code", "code"), [row[1:] for row in OUTCOMES], ids=[row[0] for row in OUTCOMES]
)
def test_each_outcome_and_never_a_second_dial(
    tmp_path: Path, answer: bytes, exit_code: int, code: str
) -> None:
    with vendor(lambda _came: answer.replace(b"{port}", str(server.port).encode())) as server:
        write(tmp_path, server.port)
        done = dialled(tmp_path, "--json", OFFHOOK_WEB__TIMEOUT_S="5")
        assert done.returncode == exit_code, done.stderr
        said = json.loads(done.stdout)
        assert said.get("error", {}).get("code", "") == code
        assert not code or said["error"]["hint"]
        assert len(server.came) == 1


@pytest.mark.slow
@pytest.mark.parametrize("drips", [False, True])
def test_a_server_that_hangs_is_an_unknown_outcome(tmp_path: Path, drips: bool) -> None:
    """Also one that sends a byte now and then: the whole answer has one deadline."""

    def answer(_came: Came) -> bytes | None:
        link = server._open[-1]
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200 if drips else b"":
            link.sendall(bytes([byte]))
            server_waits.wait(0.1)
        return None

    server_waits = threading.Event()
    with vendor(answer) as server:
        write(tmp_path, server.port)
        done = dialled(tmp_path, "--json", OFFHOOK_WEB__TIMEOUT_S="1")
        assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (7, "server_answer_lost")
        assert len(server.came) == 1
        server_waits.set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "code"), [("127.0.0.1:1", "server_unreachable"), ("no-such-host.invalid:80", "name_unknown")]
)
def test_what_cannot_be_reached_was_sent_nothing(tmp_path: Path, host: str, code: str) -> None:
    write(tmp_path, 0, f"<url>http://{host}/dial?n=$teldest$")
    done = dialled(tmp_path, "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (6, code)


@pytest.mark.slow
def test_what_was_surely_not_sent_may_be_clicked_again_at_once(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert dialled(tmp_path).returncode == 6
    with vendor(reply("")) as server:
        write(tmp_path, server.port)
        assert dialled(tmp_path).returncode == 0
        assert dialled(tmp_path).returncode == 0, "the second half of a double click"
        only_dial(server)


@pytest.mark.slow
def test_an_unknown_outcome_is_not_dialled_again_by_a_double_click(tmp_path: Path) -> None:
    with vendor(b"") as server:
        write(tmp_path, server.port)
        assert dialled(tmp_path).returncode == 7
        assert dialled(tmp_path).returncode == 7, "the second click is told the same"
        assert len(server.came) == 1


@pytest.mark.slow
def test_a_double_click_on_a_slow_server_is_one_dial(tmp_path: Path) -> None:
    """The second process waits for the first; what counts is when each was clicked."""
    release = threading.Event()

    def answer(_came: Came) -> bytes:
        release.wait(20)
        return reply("{}")

    with vendor(answer) as server:
        write(tmp_path, server.port)
        done: list[int] = []
        clicks = [
            threading.Thread(target=lambda: done.append(dialled(tmp_path).returncode)) for _click in "12"
        ]
        for click in clicks:
            click.start()
        while not server.came:
            release.wait(0.01)
        release.wait(2.5)
        release.set()
        for click in clicks:
            click.join()
        assert done == [0, 0]
        only_dial(server)


@pytest.mark.slow
def test_a_redirected_dial_by_get_is_not_followed(tmp_path: Path) -> None:
    """It may have rung already: where it points to is nobody's business, least of all a reason to dial again."""
    with vendor(reply("", "302 Found", "x/y", "Location: http://127.0.0.1:1/dial")) as server:
        write(tmp_path, server.port, more="<methode>GET")
        for _click in "12":
            done = dialled(tmp_path, "--json")
            assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (7, "redirected")
        only_dial(server)


@pytest.mark.slow
@pytest.mark.parametrize(
    "url", ["http://pbx..local/dial?$teldest$", "http://a\x01b/$teldest$", "http://h:99999/$teldest$"]
)
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    write(tmp_path, 0, f"<url>{url}")
    done = dialled(tmp_path, "--json")
    assert done.returncode in (3, 6), done.stderr
    assert json.loads(done.stdout)["error"]["hint"]


@pytest.mark.slow
def test_a_record_cannot_go_with_it(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert dialled(tmp_path, "--record", "crm:7").returncode == 2


# --- TLS and proxy --------------------------------------------------------------------------------

HTTPS = "<url>https://127.0.0.1:{port}/dial?n=$teldest$"


@pytest.mark.slow
def test_a_private_authority_a_pin_and_none(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with vendor(reply(""), server_context(made)) as server:
        write(tmp_path, server.port, HTTPS)
        for number, more, exit_code in (
            ("0388202020", {}, 6),
            ("0388202021", {"OFFHOOK_TLS__CA": str(made.ca)}, 0),
            ("0388202022", {"OFFHOOK_TLS__PIN": made.fingerprint}, 0),
            ("0388202023", {"OFFHOOK_TLS__PIN": "00" * 32}, 6),
            ("0388202024", {"OFFHOOK_TLS__INSECURE": "yes"}, 0),
            ("0388202025", {"OFFHOOK_TLS__CA": str(tmp_path / "none.pem")}, 3),
        ):
            done = dialled(tmp_path, "--json", number=number, **more)
            assert done.returncode == exit_code, (more, done.stderr)
            if exit_code == 6:
                assert json.loads(done.stdout)["error"]["code"] == "tls_failed"
        assert len(server.dials()) == 3


@pytest.mark.slow
def test_a_client_certificate(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with vendor(reply(""), server_context(made, wants_client=True)) as server:
        write(tmp_path, server.port, HTTPS)
        without = dialled(tmp_path, OFFHOOK_TLS__CA=str(made.ca))
        assert without.returncode in (6, 7), (
            "TLS 1.3 tells a client of its missing certificate after the first byte"
        )
        shown = {"OFFHOOK_TLS__CA": str(made.ca), "OFFHOOK_TLS__CERTIFICATE": str(made.client)}
        assert dialled(tmp_path, number="0388202021", **shown).returncode == 0
        only_dial(server)


@pytest.mark.slow
def test_a_proxy_for_http(tmp_path: Path) -> None:
    with vendor(reply("")) as proxy:
        write(tmp_path, 0, "<url>http://pbx.example/dial?n=$teldest$")
        way = {"http_proxy": f"http://me:s%20cret@127.0.0.1:{proxy.port}"}
        assert dialled(tmp_path, **way).returncode == 0
        (came,) = proxy.came
        assert came.target == "http://pbx.example/dial?n=0388202020"
        assert came.headers["host"] == "pbx.example"
        assert base64.b64decode(came.headers["proxy-authorization"].split()[1]) == b"me:s cret"
        around = way | {"no_proxy": "pbx.example"}
        assert dialled(tmp_path, number="0388202021", **around).returncode == 6
        assert len(proxy.came) == 1


@pytest.mark.slow
def test_a_proxy_for_https(tmp_path: Path) -> None:
    """The proxy is asked to CONNECT; the certificate is the server's own, checked for the server's name."""
    made = certificates(tmp_path)
    with vendor(reply(""), server_context(made)) as server:

        def connect(_came: Came) -> bytes | None:
            near, far = proxy._open[-1], socket.create_connection(("127.0.0.1", server.port))
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pass_on(near, far)
            return b""

        with vendor(connect) as proxy:
            write(tmp_path, 0, "<url>https://pbx.example/dial?n=$teldest$")
            way = {"https_proxy": f"http://127.0.0.1:{proxy.port}", "OFFHOOK_TLS__CA": str(made.ca)}
            done = dialled(tmp_path, **way)
            assert done.returncode == 0, done.stderr
            assert (proxy.came[0].method, proxy.came[0].target) == ("CONNECT", "pbx.example:443")
            only_dial(server)


@pytest.mark.slow
def test_a_proxy_that_refuses(tmp_path: Path) -> None:
    with vendor(reply("", "407 Proxy Authentication Required")) as proxy:
        write(tmp_path, 0, "<url>https://pbx.example/dial?n=$teldest$")
        done = dialled(tmp_path, "--json", https_proxy=f"http://127.0.0.1:{proxy.port}")
        assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (6, "proxy_refused")


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Hand bytes on both ways until one side ends."""

    def way(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
        except OSError:
            pass
        finally:
            for each in (source, target):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    back = threading.Thread(target=way, args=(other, one))
    back.start()
    way(one, other)
    back.join()
    other.close()
