"""Switches tell things late, twice, in another order or not at all: the outcome stays right, or is unknown."""

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.model import Ended
from recordings import LAB, NAMES, TRUTH, Replayed, data_of, differences, messages_of
from runs import examples

EVENTS = {(kind, name): messages_of(kind, name) for kind, name in NAMES if TRUTH[kind][name]}
"""Every recording with calls, as the events that are read."""
LAB_EVENTS = {key: messages_of(*key) for key in LAB if TRUTH["lab"][key[1]]}
places = st.sampled_from(list(EVENTS)).flatmap(
    lambda key: st.tuples(st.just(key), st.integers(0, len(EVENTS[key]) - 1))
)
TOLD_ONCE = {"Hold", "CHANNEL_HOLD"}
"""A second one may be meant."""
NEEDED = {
    "Newchannel", "Hangup", "Hold", "CHANNEL_HOLD", "CHANNEL_UNHOLD", "BlindTransfer", "AttendedTransfer", "Pickup",
    "ParkedCall", "UnParkedCall", "OriginateResponse", "BridgeEnter", "CHANNEL_BRIDGE",
}  # fmt: skip
"""What nothing else tells."""


def replayed(key: tuple[str, str], messages: list[Any]) -> Replayed:
    found = Replayed(key[0]).messages(messages).end()
    ends = Counter((event.line, event.call) for event in found.events if isinstance(event, Ended))
    assert all(count == 1 for count in ends.values()), "no call ends twice"
    return found


def wrong(key: tuple[str, str], messages: list[Any]) -> list[str]:
    return differences(replayed(key, messages).stories, TRUTH[key[0]][key[1]])


def check_swapped(key: tuple[str, str], place: int) -> None:
    events = EVENTS[key]
    assert wrong(key, [*events[:place], *reversed(events[place : place + 2]), *events[place + 2 :]]) == []


def check_repeated(key: tuple[str, str], place: int) -> None:
    events = EVENTS[key]
    if events[place].event not in TOLD_ONCE:
        assert wrong(key, [*events[: place + 1], events[place], *events[place + 1 :]]) == []


def check_dropped(key: tuple[str, str], place: int) -> None:
    """Without one event the result is right or unknown, and the same calls are told of."""
    events = EVENTS[key]
    stories = replayed(key, [*events[:place], *events[place + 1 :]]).stories
    truth = TRUTH[key[0]][key[1]]
    if events[place].event in NEEDED:
        return
    assert len(stories) == len(truth)
    for mine, true in zip(stories, truth, strict=True):
        assert mine["result"] in (true["result"], "unknown"), events[place].event
        assert mine["answered_by"] in (true["answered_by"], None)


def check_begun_late(key: tuple[str, str], place: int) -> None:
    """From the middle of a call on, nothing breaks and nothing is left over."""
    assert replayed(key, EVENTS[key][place:]).left == 0


CHECKS = [check_swapped, check_repeated, check_dropped, check_begun_late]


@pytest.mark.parametrize("check", CHECKS)
def test_at_some_places(check: Any) -> None:
    @settings(max_examples=examples(120), deadline=None)
    @given(places)
    def run(where: tuple[tuple[str, str], int]) -> None:
        check(*where)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("key", list(EVENTS), ids="/".join)
def test_at_every_place(check: Any, key: tuple[str, str]) -> None:
    for place in range(len(EVENTS[key])):
        check(key, place)


@pytest.mark.parametrize("key", list(EVENTS), ids="/".join)
def test_ids_are_opaque(key: tuple[str, str]) -> None:
    """Every id renamed, the same calls."""
    data = data_of(*key)
    if key[0] == "ami":
        renamed = re.sub(rb"(telecom-)(\d+)\.(\d+)", rb"x\3y", data).replace(b"cti-call-0001", b"zz")
        renamed = re.sub(rb"(PJSIP/\w+-)([0-9a-f]{8})", rb"\g<1>ff\2", renamed)
    else:
        renamed = re.sub(rb"([0-9a-f]{8})-([0-9a-f]{4})-", rb"\1-\2-".replace(b"-", b"_"), data)
    assert renamed != data or b"Newchannel" not in data
    assert differences(Replayed(key[0]).chunks([renamed]).stories, TRUTH[key[0]][key[1]]) == []


lab_places = st.sampled_from(list(LAB_EVENTS)).flatmap(
    lambda key: st.tuples(st.just(key), st.integers(0, len(LAB_EVENTS[key]) - 1))
)


@settings(max_examples=examples(200), deadline=None)
@given(lab_places)
def test_odd_conversations_begun_late_or_heard_twice_break_nothing(
    where: tuple[tuple[str, str], int],
) -> None:
    (key, place), events = where, LAB_EVENTS[where[0]]
    assert replayed(key, events[place:]).left == 0
    replayed(key, [*events[: place + 1], events[place], *events[place + 1 :]])
    replayed(key, [*events[:place], *events[place + 1 :]])
    replayed(key, [*events[:place], *reversed(events[place : place + 3]), *events[place + 3 :]])


@pytest.mark.slow
@pytest.mark.parametrize("key", list(LAB_EVENTS), ids="/".join)
def test_an_odd_conversation_begun_at_every_place_leaves_nothing(key: tuple[str, str]) -> None:
    for place in range(len(LAB_EVENTS[key])):
        assert replayed(key, LAB_EVENTS[key][place:]).left == 0
