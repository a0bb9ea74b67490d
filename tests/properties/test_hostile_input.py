"""Any bytes as file, reply or number give a result or an ``OffhookError``, never anything else, and in bounded time."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.dialling import DialRules, Guard
from offhook.errors import OffhookError
from offhook.interfaces.callto.about import ABOUT
from offhook.interfaces.callto.command import order
from offhook.interfaces.web import wire
from offhook.interfaces.web.wire import Reply, Request
from offhook.numbers import party, read
from offhook.seed import parameters
from offhook.seed.replies import Names, first, items
from offhook.settings.model import checked, everything
from offhook.settings.places import read_place
from offhook.template import Values
from offhook.view import View
from runs import examples

KINDS = st.sampled_from(["json", "xml", "text", ""])
WORDS = st.text(alphabet="abtel.[]*0123:-_ é", max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["tel", "event", "id", "a", "l"]), inner, max_size=4)
    ),
    max_leaves=20,
)
MARKUP = st.lists(
    st.sampled_from(
        [
            "<tel>",
            "</tel>",
            "<tel value=12/>",
            "<a:event x='RING'>",
            "RING",
            "&amp;",
            "&x;",
            "<![CDATA[",
            "]]>",
            "<!DOCTYPE",
            "<",
            ">",
            "=",
            "'",
            "é",
        ]
    ),
    max_size=30,
).map("".join)


@given(st.binary(max_size=300), KINDS, WORDS, WORDS, WORDS)
def test_any_bytes_as_a_reply(body: bytes, kind: str, json_name: str, xml_name: str, attribute: str) -> None:
    names = Names(json_name, xml_name, attribute)
    for read_it in (
        lambda: items(body, "text/x; charset=utf-8", kind, names, names),
        lambda: first(body, "", kind, names, "token"),
    ):
        try:
            found = read_it()
        except OffhookError as error:
            assert error.hint
        else:
            assert isinstance(found, list | str)


@given(JSON, WORDS, WORDS)
def test_any_json(value: object, tel: str, event: str) -> None:
    for one in items(json.dumps(value).encode(), "", "json", Names(tel), Names(event)):
        assert one.tel or one.event


@given(MARKUP, WORDS)
def test_anything_like_xml(text: str, name: str) -> None:
    try:
        for one in items(text.encode(), "", "xml", Names(xml=name), Names(attribute=name)):
            assert len(one.tel) <= 500
    except OffhookError as error:
        assert error.code == "reply_not_of_kind"


@given(st.text(max_size=60))
def test_any_text_as_a_number(text: str) -> None:
    for rules in (
        DialRules("FR"),
        DialRules("FR", prefix="0", form="e164", guard=Guard(("FR",), True, ("+33899.",))),
        DialRules(country="US", form="national", internal=("1xxx",)),
    ):
        try:
            digits = rules.dialled(text)
        except OffhookError as error:
            assert error.hint
        else:
            assert set(digits) <= set("+0123456789*#")
            assert "+" not in digits[1:]
    assert party(text, "FR", text).raw is not None


@given(
    st.text(alphabet="0123456789+*#", max_size=34),
    st.sampled_from(["", "0", "9", "00"]),
    st.sampled_from(["FR", "DE", "US", "IT"]),
)
def test_what_was_dialled_once_is_dialled_so_again(text: str, prefix: str, country: str) -> None:
    """A number that went through the rules goes through them unchanged, or was never one of the country."""
    rules = DialRules(country=country, prefix=prefix, internal=("4",))
    try:
        digits = rules.dialled(text)
    except OffhookError:
        return
    if prefix and rules._exists(digits.removeprefix(prefix)) and not rules._exists(digits):
        assert rules.of(digits) == digits


@given(st.binary(max_size=500))
def test_any_bytes_as_a_parameter_file_can_be_asked_for_a_request(data: bytes) -> None:
    file = parameters.read(b"<cliktocalldial>\n<url>http://h/$teldest$\n" + data)
    values = Values(number="1", extension="2", user="u", password="p")
    try:
        wire.usable(file, "f")
        assert isinstance(wire.request(file, "dial", values), Request)
    except OffhookError as error:
        assert error.hint


@given(st.integers(0, 999), st.binary(max_size=100), st.sampled_from(["", "cut", "late", "long", "garbage"]))
def test_any_answer_to_a_dial_is_an_outcome(status: int, body: bytes, fault: str) -> None:
    file = parameters.read(b"<cliktocalldial>\n<url>http://h/$teldest$\n")
    conversation = wire.dialling(file, Values(number="1"))
    assert isinstance(next(conversation), Request)
    try:
        conversation.send(Reply(status, {}, body, fault))
    except StopIteration:
        assert 200 <= status < 300
    except OffhookError as error:
        assert not 200 <= status < 300
        assert error.hint_text("fr")
    else:
        raise AssertionError("a second request went out")


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_command_for_callto(command: str, user: str) -> None:
    values = {name: known.default for name, known in everything().items()}
    values |= {"callto.command": command, "desk.user": user}
    try:
        found = order(View(ABOUT, values.__getitem__), "1", "0388202020")
        assert "0388202020" in " ".join(found.words)
    except OffhookError as error:
        assert error.hint


@settings(deadline=None)  # the first wrong country loads the names of all
@given(st.sampled_from(sorted(everything())), st.text(max_size=30))
def test_any_text_as_a_setting(name: str, text: str) -> None:
    try:
        once = checked(name, text, "here")
        assert checked(name, once, "here") == once
    except OffhookError as error:
        assert error.code == "setting_unreadable"


@settings(max_examples=examples(50))
@given(data=st.binary(max_size=200))
def test_any_bytes_as_a_settings_file(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "settings.toml"
    path.write_bytes(data)
    try:
        read_place(str(path), "machine")
    except OffhookError as error:
        assert str(path) in error.text()
    assert path.read_bytes() == data


BOMBS = {
    "deep JSON": ("json", b"[" * 200_000),
    "deep JSON, closed": ("json", b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "wide JSON": ("json", b'{"l":[' + b'{"tel":"1","event":"RING"},' * 30_000 + b"{}]}"),
    "deep XML": ("xml", b"<a>" * 100_000),
    "billion laughs": ("xml", b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'),
    "attributes without an end": ("xml", b"<tel " + b"a=b " * 200_000),
    "quotes without an end": ("xml", b"<tel a='" + b"x" * 900_000),
    "tags without an end": ("xml", b"<" * 900_000),
    "blanks": ("xml", b"<a" + b" " * 900_000 + b"<"),
    "lists in lists": ("json", json.dumps({"l": [[{"tel": 1, "event": "RING"}] * 300] * 300}).encode()),
    "pairs": ("text", b"a=1&" * 250_000),
    "lines": ("text", b"a: 1\n" * 200_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_in_bounded_time(name: str) -> None:
    kind, body = BOMBS[name]
    begun = time.process_time()
    try:
        items(body, "", kind, Names("l.tel", "tel"), Names("l.event", "event"))
    except OffhookError as error:
        assert error.hint
    assert time.process_time() - begun < 10, "not longer than reading so much takes"


@pytest.mark.parametrize("line", [b"<data>" + b"x" * 900_000, b"$" * 900_000, b"<url>http://" + b"$a" * 400_000, b"<headers>" + b"a=b|" * 200_000, b"\n" * 500_000, b"word\n" * 180_000, b"<word>\n" * 120_000, b"<headers>" + b"a" * 900_000, b"<headers>" + b" " * 900_000 + b"x"])  # fmt: skip
def test_a_file_that_is_a_bomb(line: bytes) -> None:
    begun = time.process_time()
    parameters.read(b"<cliktocalldial>\n<url>http://h/$teldest$\n" + line)
    assert time.process_time() - begun < 10


def test_a_number_that_is_a_bomb() -> None:
    begun = time.process_time()
    for text in ("p" * 40_000, "1" + "p" * 40_000, "tel:" + "%31" * 40_000, "(0)" * 20_000, "١" * 50_000):
        with pytest.raises(OffhookError):
            read(text)
    assert time.process_time() - begun < 5
