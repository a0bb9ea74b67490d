"""Every recording of a real switch gives the calls that a person would tell of, however its bytes arrive."""

from itertools import pairwise
from random import Random

import pytest

from offhook.model import (
    Connected,
    Dialling,
    Ended,
    Event,
    Prompted,
    Reason,
    RemoteRinging,
    Ringing,
    Transferred,
)
from offhook.switch.recordings import recorded
from recordings import LAB, NAMES, TRUTH, Replayed, data_of, differences, path_of


def cut(data: bytes, places: list[int]) -> list[bytes]:
    return [data[start:end] for start, end in pairwise([0, *sorted(places), len(data)])]


@pytest.mark.parametrize(("kind", "name"), [*NAMES, *LAB])
def test_the_truth_whole(kind: str, name: str) -> None:
    replayed = Replayed(kind).chunks([data_of(kind, name)])
    assert differences(replayed.stories, TRUTH[kind][name]) == []
    assert replayed.left == 0


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_the_truth_in_the_recorded_reads_and_at_200_cuts(kind: str, name: str) -> None:
    data, reads = recorded(path_of(kind, name))
    assert reads
    chance = Random(name)
    whole = Replayed(kind).chunks([data])
    for chunks in (
        [data[start : start + length] for _seconds, start, length in reads],
        cut(data, [chance.randrange(len(data)) for _each in range(200)]),
    ):
        replayed = Replayed(kind).chunks(chunks)
        assert b"".join(chunks) == data
        assert replayed.stories == whole.stories
        assert replayed.events == whole.events
    assert differences(whole.stories, TRUTH[kind][name]) == []


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_the_truth_byte_by_byte(kind: str, name: str) -> None:
    data = data_of(kind, name)
    replayed = Replayed(kind).chunks(data[place : place + 1] for place in range(len(data)))
    assert differences(replayed.stories, TRUTH[kind][name]) == []
    assert replayed.events == Replayed(kind).chunks([data]).events


def told(kind: str, name: str, desk: str) -> list[Event]:
    return [event for event in Replayed(kind).chunks([data_of(kind, name)]).events if event.line == desk]


def test_twenty_calls_of_an_application_are_twenty_answered_calls() -> None:
    replayed = Replayed("ami").chunks([data_of("ami", "many_calls")])
    assert [(each["direction"], each["result"]) for each in replayed.stories] == [("api", "answered")] * 20


def test_a_click_to_dial_never_rings_as_a_caller() -> None:
    kinds = [type(event) for event in told("ami", "c2d_answered", "1001")]
    assert [kind for kind in kinds if kind in (Dialling, Prompted, RemoteRinging, Connected, Ended)] == [
        Dialling, Prompted, RemoteRinging, Connected, Ended,
    ]  # fmt: skip
    assert Ringing not in kinds


@pytest.mark.parametrize(
    ("kind", "name", "desk", "reason"),
    [
        ("ami", "c2d_own_noanswer", "1001", Reason.OWN_NO_ANSWER),
        ("ami", "c2d_callee_busy", "1001", Reason.BUSY),
        ("esl", "c2d_callee_busy", "1001", Reason.BUSY),
        ("ami", "inbound_unanswered", "1001", Reason.NO_ANSWER),
        ("esl", "inbound_unanswered", "1001", Reason.NO_ANSWER),
        ("ami", "group_local", "1001", Reason.ANSWERED_ELSEWHERE),
        ("ami", "group_local", "1002", Reason.COMPLETED),
        ("esl", "group_parallel", "1003", Reason.ANSWERED_ELSEWHERE),
        ("ami", "pickup_directed", "1001", Reason.ANSWERED_ELSEWHERE),
        ("esl", "pickup_intercept", "1001", Reason.ANSWERED_ELSEWHERE),
    ],
)
def test_why_a_call_ended(kind: str, name: str, desk: str, reason: Reason) -> None:
    assert [event.reason for event in told(kind, name, desk) if isinstance(event, Ended)] == [reason]


@pytest.mark.parametrize(
    ("kind", "name", "how"),
    [
        ("ami", "blind_refer", "blind"),
        ("ami", "blind_ami", "blind"),
        ("ami", "attended_refer", "attended"),
        ("ami", "attended_ami", "attended"),
        ("esl", "blind_refer", "blind"),
        ("esl", "attended_refer", "attended"),
    ],
)
def test_a_transfer_is_told_to_both_desks(kind: str, name: str, how: str) -> None:
    passed = [event for event in told(kind, name, "1001") if isinstance(event, Transferred)]
    assert [(event.to, event.kind) for event in passed] == [("1002", how)]
    parties = [party for event in told(kind, name, "1002") if (party := getattr(event, "party", None))]
    assert parties[-1].number == "+33388202020", "the colleague talks with the customer in the end"
    assert parties[0].number == ("+33388202020" if how == "blind" else "1001")
