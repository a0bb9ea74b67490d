"""Where a reply's fields stand, and what the seed's event words come to: without a server."""

import json
from datetime import timedelta
from typing import Any

import pytest

from offhook.errors import ProtocolError
from offhook.model import Connected, Event, Updated
from offhook.seed.events import Rules, SeedMeaning
from offhook.seed.parameters import read
from offhook.seed.replies import LONGEST_FIELD, LONGEST_TOKEN, Item, Names, first, items
from world import NOON

BODY = b'{"a": {"b": "1"}, "list": [{"tel": "10"}, {"tel": "20"}], "n": 5, "yes": true, "none": null}'
PLACES = [
    ("a.b", "1"), ("a.c", ""), ("list[0].tel", "10"), ("list[1].tel", "20"), ("list[2].tel", ""), ("list[].tel", "10"), ("list.tel", "10"), ("n", "5"), ("none", ""), ("a", ""),
]  # fmt: skip


LONE = '{"calls": {"call": {"tel": "10", "e": [7, 8]}}, "a.b": "dotted", "tokens": [{"token": "T"}], "deep": ["T2", "T3"]}'
PLACES_OF_ONE = [
    ("calls.call[].tel", "10"), ("calls.call[*].tel", "10"), ("calls.call[0].tel", "10"), ("calls[].call[0].tel[0]", "10"), ("calls.call[1].tel", ""), ("calls.call.e[1]", "8"), ("calls.call.e", "7"),
    ("e", "7"), ("a.b", "dotted"), ("tokens[].token", "T"), ("tokens.token", "T"), ("token", "T"), ("deep", "T2"), ("deep[1]", "T3"), (".", ""), ("[]", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), PLACES_OF_ONE)
def test_one_alone_may_stand_where_a_list_is_usual_and_a_list_where_one_is(name: str, value: str) -> None:
    assert first(LONE.encode(), "application/json", "json", Names(json=name), "x") == value


T = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJq_-"
TOKENS = [
    # how a token may stand in a reply, and what the file says of it
    ("JSON", "json", '{{"token":"{}"}}', Names()),
    ("JSON by a path", "json", '{{"a":[{{"t":"{}"}}]}}', Names(json="a[0].t")),
    ("JSON and nothing else", "json", '"{}"', Names()),
    ("a list and nothing else", "json", '["{}"]', Names()),
    ("in a list", "json", '{{"token":["{}"]}}', Names()),
    ("XML", "xml", "<r><token>{}</token></r>", Names()),
    ("XML with a CDATA section", "xml", "<r><token><![CDATA[{}]]></token></r>", Names()),
    ("XML attribute", "xml", "<r><t v='{}'/></r>", Names(xml="t", attribute="v")),
    ("XML attribute without quotes", "xml", "<r><t v={}/></r>", Names(xml="t", attribute="v")),
    ("a pair", "text", "result=0&token={}", Names()),
    ("a line", "text", "result: 0\r\ntoken: {}\r\n", Names()),
    ("bare", "text", "{}\r\n", Names()),
]  # fmt: skip


@pytest.mark.parametrize("length", [1, 499, 500, 501, 900, 1400, 16_000, LONGEST_TOKEN, LONGEST_TOKEN + 1])
@pytest.mark.parametrize(
    ("kind", "body", "names"), [row[1:] for row in TOKENS], ids=[row[0] for row in TOKENS]
)
def test_a_token_is_taken_whole_or_refused(kind: str, body: str, names: Names, length: int) -> None:
    token = (T * (length // len(T) + 1))[:length]
    reply = body.format(token).encode()
    if length <= LONGEST_TOKEN:
        assert first(reply, "", kind, names, "token") == token
        return
    with pytest.raises(ProtocolError) as caught:
        first(reply, "", kind, names, "token")
    assert (caught.value.code, caught.value.params) == ("value_too_long", {"most": LONGEST_TOKEN})


@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_a_bare_token_keeps_its_padding_and_a_pair_is_none(padding: str) -> None:
    token = "c2VjcmV0IGtleSBvZiAxMDI0" + padding
    assert first(f"{token}\n".encode(), "text/plain", "text", Names(), "token") == token
    assert first(b"access_token_value=", "text/plain", "text", Names(), "token") in (
        "",
        "access_token_value=",
    )
    assert first(b"key=abcdefghijklmnopqrst", "text/plain", "text", Names(), "token") == ""


def test_a_number_or_word_that_is_too_long_is_refused_too() -> None:
    for longest in (LONGEST_FIELD, LONGEST_FIELD + 1):
        body = f'{{"tel": "{"1" * longest}", "event": "RING", "other": "{"x" * 9000}"}}'.encode()
        if longest == LONGEST_FIELD:
            assert items(body, "", "json", Names(), Names()) == [Item("1" * longest, "RING")]
        else:
            with pytest.raises(ProtocolError, match="500"):
                items(body, "", "json", Names(), Names())


IN_ATTRIBUTE = Names(xml="evt", attribute="name")
LISTED = (Names(json="c[].t"), Names(json="c[].e"))
IDS = [
    # an id counts beside the event word, in the same object, and nowhere else
    ("beside", "json", '{"id": 7, "event": "RING", "tel": "1"}', (), ["7"]),
    ("in capitals", "json", '{"ID": "x-7", "event": "RING", "tel": "1"}', (), ["x-7"]),
    ("the account's", "json", '{"account": {"id": 7}, "event": "RING", "tel": "1"}', (), [""]),
    ("above", "json", '{"id": 7, "data": {"event": "RING", "tel": "1"}}', (), [""]),
    ("below", "json", '{"event": "RING", "tel": "1", "call": {"id": 7}}', (), [""]),
    ("beside the number only", "json", '{"event": "RING", "from": {"id": 7, "tel": "1"}}', (), [""]),
    ("beside the word only", "json", '{"what": {"id": 7, "event": "RING"}, "tel": "1"}', (), ["7"]),
    ("a word like it", "json", '{"callid": 7, "event": "RING", "tel": "1"}', (), [""]),
    ("an object", "json", '{"id": {"x": 7}, "event": "RING", "tel": "1"}', (), [""]),
    ("each one's of a list", "json", '{"id": 9, "c": [{"id": 7, "t": "1", "e": "RING"}, {"t": "2", "e": "RING"}]}', LISTED, ["7", ""]),
    ("one for a list of numbers", "json", '{"id": 9, "e": "RING", "c": [{"t": "1"}, {"t": "2"}]}', (LISTED[0], Names(json="e")), ["9", "9"]),
    ("an element beside", "xml", "<r><id>7</id><event>RING</event><tel>1</tel></r>", (), ["7"]),
    ("an attribute of what holds it", "xml", '<r id="7"><event>RING</event><tel>1</tel></r>', (), ["7"]),
    ("an attribute of its own", "xml", '<r><event id="7">RING</event><tel>1</tel></r>', (), ["7"]),
    ("an attribute beside", "xml", "<r><evt id='7' name='RING'/><tel>1</tel></r>", (Names(), IN_ATTRIBUTE), ["7"]),
    ("the account's element", "xml", "<r><account><id>7</id></account><event>RING</event><tel>1</tel></r>", (), [""]),
    ("the element's above", "xml", '<r id="7"><c><event>RING</event><tel>1</tel></c></r>', (), [""]),
    ("the number's element", "xml", '<r><event>RING</event><tel id="7">1</tel></r>', (), [""]),
    ("each element's own", "xml", '<r><c id="7"><e>RING</e><t>1</t></c><c id="8"><e>RING</e><t>2</t></c></r>', (Names(xml="r.c.t"), Names(xml="r.c.e")), ["7", "8"]),
    ("a pair", "text", "id=7&event=RING&tel=1", (), ["7"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "names", "ids"), [row[1:] for row in IDS], ids=[row[0] for row in IDS]
)
def test_whose_an_id_is(kind: str, body: str, names: tuple[Names, ...], ids: list[str]) -> None:
    tel, event = names or (Names(), Names())
    assert [each.id for each in items(body.encode(), "", kind, tel, event)] == ids


PLAIN = '{"token": "é-token"}'
LABELS = [
    # what the reply says it is, and its bytes: the same content every time
    ("application/json", PLAIN.encode()), ("application/json; charset=UTF-8", b"\xef\xbb\xbf" + PLAIN.encode()), ("application/json", PLAIN.encode("cp1252")),
    ("application/json; charset=utf8", PLAIN.encode()), ("application/json; charset=ISO-8859-1", PLAIN.encode("latin-1")), ("application/json; charset=nonsense", PLAIN.encode()),
    ("text/html", PLAIN.encode()), ("text/plain; charset=utf-8", PLAIN.encode()), ("", PLAIN.encode()), ("application/octet-stream", PLAIN.encode()), ("text/xml", PLAIN.encode()),
    ("application/json", PLAIN.encode("utf-16")), ("text/html", ("\ufeff" + PLAIN).encode("utf-16-be")), ("application/json; charset=utf-16le", PLAIN.encode("utf-16-le")),
    ("application/json", PLAIN.encode("utf-16-le")), ("application/json; charset=utf-8", PLAIN.encode("utf-16-be")), ("application/json; charset=punycode", PLAIN.encode()),
    ("text/xml", "<r><token>é-token</token></r>".encode()), ("text/html", "<r><token>é-token</token></r>".encode()),
    ("text/xml", '<?xml version="1.0" encoding="ISO-8859-1"?><r><token>é-token</token></r>'.encode("latin-1")), ("text/xml; charset=utf-16", '<?xml version="1.0"?><r><token>é-token</token></r>'.encode("utf-16")),
    ("text/plain", "token=é-token".encode()), ("text/html", "token: é-token".encode()), ("application/x-www-form-urlencoded", b"a=1&token=%C3%A9-token"),
]  # fmt: skip


@pytest.mark.parametrize(("content_type", "body"), LABELS)
def test_a_reply_is_read_however_it_is_labelled_and_coded(content_type: str, body: bytes) -> None:
    assert first(body, content_type, "", Names(), "token") == "é-token"


CODED = [
    # a character set that a reply must not choose, and what a letter in it would be
    ("utf-7", "a+AOk-b"), ("unicode_escape", "a\\\\u0041b"), ("punycode", "abc-123"), ("idna", "xn--abc"), ("hex", "6162"),
]  # fmt: skip


@pytest.mark.parametrize(("charset", "text"), CODED)
def test_a_reply_does_not_choose_just_any_codec(charset: str, text: str) -> None:
    body = f'{{"token": "{text}"}}'.encode()
    assert (
        first(body, f"application/json; charset={charset}", "", Names(), "token") == json.loads(body)["token"]
    )


DIGITS = [
    "33388202020",
    "12345678901234567890",
    "0033",
    "1e400",
    "-5",
    "1.50",
    "123456789012345678901234567890.123",
]


@pytest.mark.parametrize("digits", DIGITS)
def test_a_number_keeps_its_digits(digits: str) -> None:
    if digits.startswith("00"):
        assert first(f'{{"tel": "{digits}"}}'.encode(), "", "json", Names(), "tel") == digits
    else:
        assert first(f'{{"tel": {digits}}}'.encode(), "", "json", Names(), "tel") == digits


@pytest.mark.parametrize(("name", "value"), PLACES)
def test_where_a_field_stands(name: str, value: str) -> None:
    assert first(BODY, "application/json", "json", Names(json=name), "x") == value


XML = b"<r><a><b>1</b></a><list><tel>10</tel></list><list><tel>20</tel><deep><x>7</x></deep></list><n v='5'>6</n></r>"
XML_PLACES = [
    ("a.b", "", "1"), ("a.c", "", ""), ("list[0].tel", "", "10"), ("list[1].tel", "", "20"), ("list[2].tel", "", ""),
    ("list[1].deep.x", "", "7"), ("list[].tel", "", "10"), ("list.tel", "", "10"), ("list[*].deep.x", "", "7"), ("n", "", "6"), ("n", "v", "5"),
    ("r.list[1].tel", "", "20"), ("R.LIST[1].TEL", "", "20"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "attribute", "value"), XML_PLACES)
def test_where_a_field_stands_in_xml(name: str, attribute: str, value: str) -> None:
    assert first(XML, "text/xml", "xml", Names(xml=name, attribute=attribute), "x") == value


def told(
    *steps: list[Item] | None,
    hangs_up: bool = False,
    queue: bool = False,
    again_s: float | None = None,
    words: str = "",
) -> list[str]:
    """What a line tells, as words, for replies that come a second apart; ``None`` is one that did not come in time."""
    text = f"<global>\r\n{words}" + ("<event_hangup>HANGUP\r\n" if hangs_up else "")
    meaning = SeedMeaning(read(text.encode()), "1001", Rules(queue=queue, country="FR", again_s=again_s))
    events: list[Event] = []
    for second, step in enumerate(steps):
        events += meaning.take(step or [], NOON + timedelta(seconds=second), listed=step is not None)
    calls: list[str] = []
    found = []
    for event in events:
        call = getattr(event, "call", "")
        calls += [call] if call and call not in calls else []
        reason = getattr(event, "reason", "")
        found.append(
            " ".join(
                filter(
                    None,
                    (
                        type(event).__name__,
                        f"#{calls.index(call) + 1}" if call else "",
                        getattr(reason, "value", ""),
                    ),
                )
            )
        )
    return found


RING, CONNECT, POPUP, HANGUP = (Item("0388202020", word) for word in ("RING", "connect", " POPUP ", "HANGUP"))
OTHER = Item("0388404040", "RING")
HELD = Item("0388505050", "HELD")
HIDDEN = Item("anonymous", "RING")


def with_id(item: Item, text: str = "7") -> Item:
    return item._replace(id=text)


STORIES = [
    ([[RING]], {}, ["Ringing #1"]),
    ([[RING], [RING]], {}, ["Ringing #1"]),
    ([[RING], [], [RING]], {}, ["Ringing #1", "Ended #1 unknown", "Ringing #2"]),
    ([[RING], [], [RING]], {"hangs_up": True}, ["Ringing #1"]),
    ([[RING], [CONNECT], [], [HANGUP]], {}, ["Ringing #1", "Connected #1", "Ended #1 completed"]),
    ([[RING], [HANGUP]], {}, ["Ringing #1", "Ended #1 unknown"]),
    ([[RING], [OTHER]], {}, ["Ringing #1", "Ended #1 unknown", "Ringing #2"]),
    ([[RING], [RING, OTHER]], {"hangs_up": True}, ["Ringing #1", "Ringing #2"]),
    ([[CONNECT]], {}, ["Updated #1", "Connected #1"]),
    ([[HANGUP]], {}, []),
    ([[RING], [Item("", "HANGUP")]], {}, ["Ringing #1", "Ended #1 unknown"]),
    ([[RING, OTHER], [Item("", "HANGUP")]], {"hangs_up": True}, ["Ringing #1", "Ringing #2"]),
    ([[RING], [Item("anonymous", "CONNECT")]], {}, ["Ringing #1", "Connected #1"]),
    ([[RING], [POPUP]], {}, ["Ringing #1", "PopRequested #1"]),
    ([[POPUP]], {}, ["PopRequested"]),
    ([[Item("0388202020", "FLY")]], {}, []),
    ([[Item("0388202020", "RING", "7")], [], [Item("0388202020", "RING", "7")]], {}, ["Ringing #1"]),
    ([[RING], [RING]], {"queue": True, "hangs_up": False}, ["Ringing #1", "Ended #1 unknown", "Ringing #2"]),
    # an id goes with event and number
    ([[with_id(RING)], [], [with_id(CONNECT)], [], [with_id(HANGUP)]], {}, ["Ringing #1", "Connected #1", "Ended #1 completed"]),
    ([[with_id(RING)], [], [with_id(OTHER)]], {"hangs_up": True}, ["Ringing #1", "Ringing #2"]),
    ([[with_id(RING)], [with_id(RING, "8")]], {}, ["Ringing #1", "Ended #1 unknown", "Ringing #2"]),
    ([[with_id(CONNECT)], [], [with_id(CONNECT)]], {"queue": True}, ["Updated #1", "Connected #1"]),
    # a list of calls: each is its own, and one that is gone has ended
    ([[RING, OTHER]], {}, ["Ringing #1", "Ringing #2"]),
    ([[RING, OTHER], [OTHER]], {}, ["Ringing #1", "Ringing #2", "Ended #1 unknown"]),
    ([[RING, OTHER], [OTHER], []], {}, ["Ringing #1", "Ringing #2", "Ended #1 unknown", "Ended #2 unknown"]),
    ([[RING, OTHER], [OTHER], []], {"hangs_up": True}, ["Ringing #1", "Ringing #2", "Ended #1 unknown", "Ended #2 unknown"]),
    ([[RING], [CONNECT], [CONNECT, OTHER], [CONNECT]], {}, ["Ringing #1", "Connected #1", "Ringing #2", "Ended #2 unknown"]),
    ([[RING], [CONNECT], [CONNECT, OTHER], [OTHER]], {}, ["Ringing #1", "Connected #1", "Ringing #2", "Ended #1 completed"]),
    ([[CONNECT, OTHER], [OTHER, CONNECT], [CONNECT], [CONNECT, OTHER]], {}, ["Updated #1", "Connected #1", "Ringing #2", "Ended #2 unknown", "Ringing #3"]),
    ([[RING, OTHER], None, [RING, OTHER]], {"hangs_up": True}, ["Ringing #1", "Ringing #2"]),
    ([[RING, OTHER], None, [RING, OTHER], None], {}, ["Ringing #1", "Ringing #2"]),
    ([[RING, RING, CONNECT, RING]], {}, ["Ringing #1", "Connected #1"]),
    ([[RING, RING, OTHER], [OTHER]], {}, ["Ringing #1", "Ringing #2", "Ended #1 unknown"]),
    ([[CONNECT, HELD], [HELD]], {}, ["Updated #1", "Connected #1", "Ended #1 completed"]),
    ([[RING, OTHER], [POPUP]], {}, ["Ringing #1", "Ringing #2", "PopRequested #1"]),
    ([[RING, OTHER], [HANGUP, OTHER], [OTHER]], {}, ["Ringing #1", "Ringing #2", "Ended #1 unknown"]),
    ([[RING, OTHER], [HANGUP], [OTHER]], {}, ["Ringing #1", "Ringing #2", "Ended #1 unknown"]),
    # a list of what happened is no list of calls
    ([[RING, CONNECT], []], {}, ["Ringing #1", "Connected #1"]),
    ([[RING, CONNECT, HANGUP]], {}, ["Ringing #1", "Connected #1", "Ended #1 completed"]),
    ([[RING, OTHER]], {"queue": True}, ["Ringing #1", "Ended #1 unknown", "Ringing #2"]),
    ([[RING, OTHER], []], {"queue": True, "hangs_up": True}, ["Ringing #1", "Ringing #2"]),
    # a number learnt late
    ([[HIDDEN], [CONNECT], [], [HANGUP]], {}, ["Ringing #1", "Updated #1", "Connected #1", "Ended #1 completed"]),
    ([[HIDDEN], [HANGUP]], {}, ["Ringing #1"]),
    ([[HIDDEN], [HIDDEN._replace(event="HANGUP")]], {}, ["Ringing #1", "Ended #1 unknown"]),
    ([[HIDDEN, OTHER], [CONNECT]], {"hangs_up": True, "queue": True}, ["Ringing #1", "Ringing #2", "Updated #3", "Connected #3"]),
    ([[RING], [Item("0611223344", "HANGUP")]], {}, ["Ringing #1"]),
    ([[CONNECT], [], [CONNECT]], {}, ["Updated #1", "Connected #1"]),
    # several words for one event
    ([[Item("0388202020", "alerting")], [CONNECT]], {"words": "<event_ring>RINGING| ALERTING\n"}, ["Ringing #1", "Connected #1"]),
    # the same number rung again soon, with nothing between
    ([[RING], [RING], [], [RING]], {"queue": True, "again_s": 10}, ["Ringing #1"]),
    ([[RING], *[[]] * 9, [RING], *[[]] * 9, [RING]], {"queue": True, "again_s": 10}, ["Ringing #1"]),
    ([[RING], *[[]] * 10, [RING]], {"queue": True, "again_s": 10}, ["Ringing #1", "Ended #1 unknown", "Ringing #2"]),
    ([[RING], [OTHER], [RING]], {"queue": True, "again_s": 10}, ["Ringing #1", "Ended #1 unknown", "Ringing #2", "Ended #2 unknown", "Ringing #3"]),
    ([[RING], [OTHER], [RING]], {"queue": True, "again_s": 10, "hangs_up": True}, ["Ringing #1", "Ringing #2", "Ended #1 unknown", "Ringing #3"]),
    ([[RING], [CONNECT], [RING]], {"queue": True, "again_s": 10}, ["Ringing #1", "Connected #1", "Ended #1 unknown", "Ringing #2"]),
    ([[RING], [HANGUP], [RING]], {"queue": True, "again_s": 10}, ["Ringing #1", "Ended #1 unknown", "Ringing #2"]),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "how", "words"), STORIES)
def test_what_the_words_come_to(
    steps: list[list[Item] | None], how: dict[str, Any], words: list[str]
) -> None:
    assert told(*steps, **how) == words


@pytest.mark.parametrize("before", [[], [HIDDEN]])
def test_a_call_that_is_answered_carries_the_number_of_the_reply(before: list[Item]) -> None:
    meaning = SeedMeaning(read(b""), "1001", Rules(country="FR"))
    meaning.take(before, NOON)
    number, answered = meaning.take([CONNECT], NOON)
    assert isinstance(number, Updated)
    assert number.party is not None
    assert (number.party.number, type(answered)) == ("+33388202020", Connected)


def test_an_id_that_comes_again_and_again_is_not_forgotten_among_others() -> None:
    meaning = SeedMeaning(read(b"<event_hangup>X"), "1001", Rules(country="FR", queue=True))
    heard = [len(meaning.take([with_id(POPUP, "one"), with_id(POPUP, str(n))], NOON)) for n in range(1200)]
    assert heard == [2] + [1] * 1199


def test_a_ring_of_which_nothing_more_is_told_lasts_no_longer_than_it_may() -> None:
    meaning = SeedMeaning(read(b""), "1001", Rules(country="FR", ring_max_s=60, call_max_s=600))
    meaning.take([RING, OTHER], NOON)
    meaning.take([CONNECT, OTHER], NOON)
    assert meaning.tick(NOON + timedelta(seconds=60)) == []
    assert [type(each).__name__ for each in meaning.tick(NOON + timedelta(seconds=61))] == ["Ended"]
    assert meaning.busy
    assert [type(each).__name__ for each in meaning.tick(NOON + timedelta(seconds=601))] == ["Ended"]
    assert not meaning.busy


def test_a_call_of_which_no_end_is_told_lasts_no_longer_than_it_may() -> None:
    meaning = SeedMeaning(read(b""), "1001", Rules(country="FR", call_max_s=60))
    meaning.take([RING], NOON)
    assert meaning.tick(NOON + timedelta(seconds=60)) == []
    assert [type(each).__name__ for each in meaning.tick(NOON + timedelta(seconds=61))] == ["Ended"]
    assert meaning.tick(NOON + timedelta(seconds=62)) == []


@pytest.mark.parametrize(
    ("number", "told"),
    [("3.3388202020e10", "33388202020"), ("33388202020.0", "33388202020"), ("33388202020", "33388202020"), ("1.5", "1.5"),
     ("1e400", "1e400"), ("-0.0", "0"), ("1e20", "1e20")],
)  # fmt: skip
def test_a_whole_number_with_decimals_is_the_whole_number(number: str, told: str) -> None:
    body = f'{{"tel": {number}, "event": "RING"}}'.encode()
    assert [item.tel for item in items(body, "application/json", "", Names(), Names())] == [told]
