"""Hostile values in every place of a template: what leaves arrives, decoded there by somebody else's parser.

Each row says beforehand what must happen. Refused may be only: NUL and lone surrogates anywhere, line breaks in
a header, control characters in XML (version 1.0 has no way to write them), what would start an option of a
program, and what a character set named by the administrator does not have.
"""

import base64
import email.parser
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from defusedxml import ElementTree, expatbuilder

from offhook.about import About
from offhook.errors import OffhookError, SettingsError
from offhook.interfaces.callto.about import ABOUT as CALLTO
from offhook.interfaces.callto.command import order
from offhook.interfaces.web.about import ABOUT as WEB
from offhook.interfaces.web.calling import account_by
from offhook.settings.model import everything
from offhook.settings.shared import SharedFile
from offhook.transport.launch import launch
from offhook.view import View
from vendor import Came, Vendor, reply, vendor

HOSTILE = [
    "plain", "a b", " leading", "trailing ", "a&b=c", "a?b", "a#b", "a/b", "../../etc/passwd", "a\\b", "a%20b", "%00", "100%", "a+b", "a=b==", "a;b",
    "a|b", "a:b", "a@b", "http://evil/", '"', "'", '"}', '", "admin": true, "x": "', "\\", '\\"', "\\u0022", "<b>", "</tel>", "]]>", "<![CDATA[x]]>",
    "&amp;", "&#10;", "&lol;", "<!DOCTYPE x [<!ENTITY y 'z'>]>", "<!--", "-->", "--", "-rf", "--help", "/c calc", "$(id)", "`id`", "${IFS}", "$teldest$",
    "$mdp$", "$$", "{{7*7}}", "%s%n", "*", "?", "~", "!", "a\tb", "a\nb", "a\r\nX-Injected: 1", "\r", "é", "ß", "日本語", "🙂", "\u202eabc", "\u00a0",
    "\ufeff", "\u2028", "a\u0301", "\x01", "\x1b[31m", "\x7f", "\x85", "\ud800", "a\0b", "x" * 5000, "",
]  # fmt: skip
PASSWORD = 'p$user$"&<'


def is_broken(value: str) -> bool:
    """Say whether a value has a NUL or half a surrogate pair: it can be sent nowhere."""
    return "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)


def has_break(value: str) -> bool:
    return "\r" in value or "\n" in value


def no_xml(value: str) -> bool:
    return any(ord(letter) < 32 and letter not in "\t\n\r" for letter in value)


Place = tuple[str, Callable[[Came], str], Callable[[str], bool]]


def query(came: Came) -> str:
    return parse_qs(urlsplit(came.target).query, keep_blank_values=True)["v"][0]


def segment(came: Came) -> str:
    return unquote(came.target.split("/")[2])


def form(came: Came) -> str:
    fields = parse_qs(came.body.decode(), keep_blank_values=True)
    assert set(fields) == {"v", "n"}, "nothing was added"
    return fields["v"][0]


def in_json(came: Came) -> str:
    found = json.loads(came.body)
    assert set(found) == {"v", "n"}
    return str(found["v"])


def element(came: Came) -> str:
    found = ElementTree.fromstring(came.body)
    assert [each.tag for each in found] == ["v", "n"]
    return str(found.findtext("v") or "")


def attribute(came: Came) -> str:
    found = ElementTree.fromstring(came.body)
    assert set(found.attrib) == {"v", "n"}
    return str(found.attrib["v"])


def encoded_xml(came: Came) -> str:
    ((name, value),) = parse_qs(came.body.decode(), keep_blank_values=True).items()
    assert name == "xml"
    found = expatbuilder.parseString(value[0].encode())
    return str(found.documentElement.getAttribute("v"))


def encoded_json(came: Came) -> str:
    return str(json.loads(parse_qs(came.body.decode())["j"][0])["v"])


def encoded_text(came: Came) -> str:
    return parse_qs(came.body.decode(), keep_blank_values=True)["t"][0].removesuffix("|")


def header(came: Came) -> str:
    lines = came.head.decode("utf-8", "surrogateescape").split("\r\n", 1)[1]
    found = email.parser.HeaderParser().parsestr(lines.replace("\x85", "<85>").replace("\u2028", "<2028>"))
    assert "X-Injected" not in found
    return str(found["X-V"]).replace("<85>", "\x85").replace("<2028>", "\u2028").strip(" \t")


def basic(came: Came) -> str:
    return (
        base64.b64decode(came.headers["authorization"].removeprefix("Basic "))
        .decode()
        .removesuffix(f":{PASSWORD}")
    )


def plain(came: Came) -> str:
    return came.body.decode().removeprefix("v=").removesuffix("\x03")


PLACES: dict[str, Place] = {
    "URL query": ("<url>http://127.0.0.1:{port}/dial?n=$teldest$&v=$user$", query, is_broken),
    "URL path": ("<url>http://127.0.0.1:{port}/dial/$user$/$teldest$", segment, is_broken),
    "form": ("<url>http://127.0.0.1:{port}/dial\n<data>v=$user$&n=$teldest$", form, is_broken),
    "JSON by its type": ('<url>http://127.0.0.1:{port}/dial\n<contenttype>application/json\n<data>{"v":"$user$","n":"$teldest$"}', in_json, is_broken),
    "JSON by how it begins": ('<url>http://127.0.0.1:{port}/dial\n<data>{"v":"$user$","n":"$teldest$"}', in_json, is_broken),
    "XML text": ("<url>http://127.0.0.1:{port}/dial\n<contenttype>text/xml\n<data><r><v>$user$</v><n>$teldest$</n></r>", element, lambda value: is_broken(value) or no_xml(value)),
    "CDATA": ("<url>http://127.0.0.1:{port}/dial\n<contenttype>text/xml\n<data><r><v><![CDATA[$user$]]></v><n>$teldest$</n></r>", element, lambda value: is_broken(value) or no_xml(value)),
    "XML attribute": ("<url>http://127.0.0.1:{port}/dial\n<data><r v='$user$' n=\"$teldest$\"/>", attribute, lambda value: is_broken(value) or no_xml(value)),
    "XML in ISO-8859-1": ("<url>http://127.0.0.1:{port}/dial\n<contenttype>text/xml; charset=iso-8859-1\n<data><?xml version=\"1.0\" encoding=\"iso-8859-1\"?><r v='$user$' n='$teldest$'/>", attribute, lambda value: is_broken(value) or no_xml(value)),
    "dataencode XML": ('<url>http://127.0.0.1:{port}/dial?$teldest$\n<data>xml=\n<dataencode><r v="$user$"/>', encoded_xml, lambda value: is_broken(value) or no_xml(value)),
    "dataencode JSON": ('<url>http://127.0.0.1:{port}/dial?$teldest$\n<data>j=\n<dataencode>{"v":"$user$"}', encoded_json, is_broken),
    "dataencode text": ("<url>http://127.0.0.1:{port}/dial?$teldest$\n<data>t=\n<dataencode>$user$|", encoded_text, is_broken),
    "header": ("<url>http://127.0.0.1:{port}/dial?$teldest$\n<headers>X-V=$user$|X-N=$teldest$", header, lambda value: is_broken(value) or has_break(value)),
    "Basic": ("<url>http://127.0.0.1:{port}/dial?$teldest$\n<headers>Authorization=Basic $auth$", basic, lambda value: "\ud800" in value),
    "text/plain": ("<url>http://127.0.0.1:{port}/dial?$teldest$\n<contenttype>text/plain\n<data>v=$user$\x03", plain, is_broken),
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Vendor]:
    with vendor(reply("{}")) as found:
        yield found


def settings(user: str, about: About = CALLTO, **more: str) -> View:
    """Return an interface's settings, with a hostile user."""
    values = {name: known.default for name, known in everything().items()}
    values |= {"desk.user": user, "desk.password": PASSWORD}
    return View(about, (values | {name.replace("__", "."): text for name, text in more.items()}).__getitem__)


def as_the_place_keeps_it(place: str, value: str) -> str:
    """Headers lose the blanks round them (RFC 9110 5.5); so does every parser that reads one."""
    return value.strip(" \t") if place == "header" else value


@pytest.mark.parametrize("place", PLACES)
def test_web(server: Vendor, tmp_path: Path, place: str) -> None:
    text, read, refused = PLACES[place]
    file = SharedFile("f", f"<cliktocalldial>\n{text.replace('{port}', str(server.port))}\n".encode())
    delivered = 0
    for value in HOSTILE:
        used = account_by(file, settings(value, about=WEB), "1024", str(tmp_path))
        server.came.clear()
        if refused(value):
            with pytest.raises(OffhookError):
                used.dial("0388202020")
            assert server.came == [], f"{value!r} was refused, and yet something went out"
            continue
        used.dial("0388202020")
        (came,) = server.came
        assert read(came) == as_the_place_keeps_it(place, value), repr(value)
        delivered += 1
    assert delivered >= 0.9 * len(HOSTILE)


def test_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 60
    assert len(PLACES) + 3 >= 15


NOTE = """
import json, sys
with open(sys.argv[1], "a", encoding="utf-8", newline="") as note:
    note.write(json.dumps(sys.argv[2:]) + "\\n")
"""


def starts_option(value: str) -> bool:
    return value.startswith("-")


@pytest.mark.slow
def test_an_argument_of_a_program(tmp_path: Path) -> None:
    """One argument whatever it holds: there is no shell. What would start an option is refused."""
    script, note = tmp_path / "note.py", tmp_path / "note"
    script.write_text(NOTE)
    delivered = 0
    for value in HOSTILE:
        made = settings(
            value, callto__command=f"{sys.executable} {script} {note} $teldest$ $user$ '--by $user$'"
        )
        if is_broken(value) or starts_option(value):
            with pytest.raises(SettingsError):
                order(made, "1024", "0388202020")
            continue
        found = order(made, "1024", "0388202020")
        launch(found.words, is_address=found.is_address)
        delivered += 1
        wait_for(note, delivered)
        assert json.loads(note.read_text("utf-8").splitlines()[-1]) == [
            "0388202020",
            value,
            f"--by {value}",
        ], repr(value)
    assert delivered >= 0.9 * len(HOSTILE)


def test_an_address(tmp_path: Path) -> None:
    """Percent-encoded whole: decoded by the program that is handed it."""
    script, note = tmp_path / "note.py", tmp_path / "note"
    script.write_text(NOTE)
    delivered = 0
    for value in HOSTILE:
        made = settings(
            value,
            callto__command="callto : $teldest$ @ pbx by=$user$",
            callto__program=f"{sys.executable} {script} {note}",
        )
        if is_broken(value):
            with pytest.raises(SettingsError):
                order(made, "1024", "0388202020")
            continue
        found = order(made, "1024", "+33388202020*1")
        launch(found.words, is_address=found.is_address)
        delivered += 1
        wait_for(note, delivered)
        (address,) = json.loads(note.read_text("utf-8").splitlines()[-1])
        assert address.startswith("callto:+33388202020*1@pbx by=")
        assert unquote(address.partition(" by=")[2]) == value, repr(value)
        assert not set(address.partition(" by=")[2]) & set(" \"'&<>|\\`$;#\n\r")
    assert delivered >= 0.9 * len(HOSTILE)


def wait_for(note: Path, lines: int) -> None:
    """Wait until the program, which nobody waits for, has written its line."""
    import time

    until = time.monotonic() + 20
    while not note.exists() or note.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < until, "the program did not run"
        time.sleep(0.005)


def test_values_are_never_expanded_again_and_case_does_not_matter(server: Vendor, tmp_path: Path) -> None:
    text = f"<cliktocalldial>\n<url>http://127.0.0.1:{server.port}/dial?n=$TelDest$&u=$USER$&p=$mpd$&q=$MDP$&x=$nothing$&y=$user\n"
    used = account_by(SharedFile("f", text.encode()), settings("$mdp$", about=WEB), "1024", str(tmp_path))
    server.came.clear()
    used.dial("0388202020")
    found = parse_qs(urlsplit(server.came[0].target).query)
    assert found == {
        "n": ["0388202020"],
        "u": ["$mdp$"],
        "p": [PASSWORD],
        "q": [PASSWORD],
        "x": ["$nothing$"],
        "y": ["$user"],
    }


@pytest.mark.parametrize(
    ("template", "name"),
    [("$telorg$", "desk.extension"), ("$mdp$", "desk.password"), ("$mpd$", "desk.password")],
)
def test_what_is_needed_and_empty_is_named_and_nothing_sent(
    server: Vendor, tmp_path: Path, template: str, name: str
) -> None:
    text = f"<cliktocalldial>\n<url>http://127.0.0.1:{server.port}/dial?n=$teldest$&x={template}\n"
    empty = settings("u", WEB, **{name.replace(".", "__"): ""})
    server.came.clear()
    with pytest.raises(SettingsError) as caught:
        account_by(SharedFile("f", text.encode()), empty, "", str(tmp_path)).dial("1")
    assert caught.value.params["name"] == name
    assert server.came == []


def test_ident_is_the_account_else_the_extension(server: Vendor, tmp_path: Path) -> None:
    text = f"<cliktocalldial>\n<url>http://127.0.0.1:{server.port}/dial?n=$teldest$&i=$ident$&e=$event$\n"
    for user, ident, expected in (("zoé", "", "zoé"), ("", "", "1024"), ("zoé", "z1", "z1")):
        server.came.clear()
        account_by(
            SharedFile("f", text.encode()),
            settings(user, desk__ident=ident, about=WEB),
            "1024",
            str(tmp_path),
        ).dial("1")
        assert parse_qs(urlsplit(server.came[0].target).query) == {"n": ["1"], "i": [expected], "e": ["DIAL"]}


@pytest.mark.parametrize("command", ["run.bat $teldest$", 'C:\\x\\run.CMD "$teldest$"'])
def test_a_batch_file_is_refused(command: str) -> None:
    with pytest.raises(SettingsError) as caught:
        order(settings("u", callto__command=command), "1024", "1")
    assert caught.value.code == "callto_batch"
