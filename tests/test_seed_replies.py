"""Where a reply's fields stand, and what the seed's event words come to: without a server."""

from datetime import timedelta

import pytest

from offhook.model import Event
from offhook.seed.events import Rules, SeedMeaning
from offhook.seed.parameters import read
from offhook.seed.replies import Item, Names, first
from offhook.seed.replies import items as items_of
from world import NOON

BODY = b'{"a": {"b": "1"}, "list": [{"tel": "10"}, {"tel": "20"}], "n": 5, "yes": true, "none": null}'
PLACES = [
    ("a.b", "1"), ("a.c", ""), ("list[0].tel", "10"), ("list[1].tel", "20"), ("list[2].tel", ""), ("list[].tel", "10"), ("list.tel", "10"), ("n", "5"), ("none", ""), ("a", ""),
]  # fmt: skip


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


def told(*steps: list[Item], hangs_up: bool = False, queue: bool = False) -> list[str]:
    """What a line tells, as words, for replies that come a second apart."""
    text = "<global>\r\n" + ("<event_hangup>HANGUP\r\n" if hangs_up else "")
    meaning = SeedMeaning(read(text.encode()), "1001", Rules(queue=queue, country="FR"))
    events: list[Event] = []
    for second, items in enumerate(steps):
        events += meaning.take(items, NOON + timedelta(seconds=second))
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
]  # fmt: skip


@pytest.mark.parametrize(("steps", "how", "words"), STORIES)
def test_what_the_words_come_to(steps: list[list[Item]], how: dict[str, bool], words: list[str]) -> None:
    assert told(*steps, **how) == words


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
    assert [item.tel for item in items_of(body, "application/json", "", Names(), Names())] == [told]
