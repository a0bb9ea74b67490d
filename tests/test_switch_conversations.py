"""What the outside party experiences as one call has one id, at every desk, through transfers and restarts."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from offhook.model import Ended, Event, Merged
from recordings import LAB, NAMES, Replayed
from restarted import begun_at, everything, read
from runs import LONG

EVERY = 1 if LONG else 9
"""So many messages lie between two restarts that are tried."""
_SET_UP = "a consultation that is being set up during the restart"
_PICKUP = "a pickup that is being carried out during the restart"
LOST: dict[tuple[str, str], tuple[int, str]] = {
    ("ami", "pickup_directed"): (2, _PICKUP),
    ("esl", "group_loopback_early_race"): (
        44,
        "FreeSWITCH's list of channels does not tell loopback's halves",
    ),
    ("esl", "pickup_intercept"): (20, "the caller hung up before the restart: only a goodbye is left"),
    ("lab", "consult_ami_caller_hangs"): (4, _SET_UP),
    ("lab", "consult_ami_cancel"): (13, _SET_UP),
    ("lab", "consult_ami_noanswer"): (7, _SET_UP),
    ("lab", "consult_ami_target_hangs"): (4, _SET_UP),
    ("lab", "pickup_directed"): (1, _PICKUP),
    ("lab", "pickup_group"): (1, _PICKUP),
    ("lab", "pickup_internal"): (1, _PICKUP),
    ("lab", "pickup_star8"): (1, _PICKUP),
}
"""Where a restart loses the thread: at how many of all the moments, and why."""


def conversations(events: Iterable[Event], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the conversation each call was last told to belong to."""
    found = dict(known or {})
    for event in events:
        told = getattr(event, "conversation", "")
        if told:
            found[getattr(event, "call", "")] = told
        if isinstance(event, Merged):
            found[event.other] = found.get(event.call, "")
    return found


@pytest.mark.parametrize(("kind", "name"), NAMES + LAB)
def test_a_restart_at_any_moment_keeps_them(kind: str, name: str) -> None:
    messages = everything(kind, name)
    heard = {id(message) for message in read(kind, messages)}
    at_the_end = conversations(Replayed(kind).messages(read(kind, messages)).end().events)
    first, lost = Replayed(kind), []
    for moment, message in enumerate(messages, 1):
        if id(message) in heard:
            first.messages([message])
        if moment % EVERY:
            continue
        before = {call.id: call.conversation for call in first.watch.desks.calls()}
        over = {event.call for event in first.events if isinstance(event, Ended)}
        lost += differing(moment, before, over, at_the_end, begun_again(kind, messages, moment, first))
    most, _why = LOST.get((kind, name), (0, ""))
    moments = {moment for moment, *_rest in lost}
    assert len(moments) <= most, lost
    assert not LONG or len(moments) == most, "what is listed as lost is lost"


def begun_again(
    kind: str, messages: list[Any], moment: int, first: Replayed
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the conversations a hub that restarts then tells of at once, and in the end."""
    later = begun_at(kind, messages, moment, first.watch.desks.calls())
    at_once = {call.id: call.conversation for call in later.watch.desks.calls()}
    later.messages(read(kind, messages[moment:])).end()
    return at_once, conversations(later.events, at_once)


def differing(
    moment: int,
    before: dict[str, str],
    over: set[str],
    at_the_end: dict[str, str],
    told: tuple[dict[str, str], ...],
) -> list[tuple[int, str, str, str]]:
    at_once, finally_ = told
    now = [(call, before[call], at_once[call]) for call in before.keys() & at_once.keys()]
    later = [
        (call, at_the_end[call], finally_[call]) for call in (finally_.keys() & at_the_end.keys()) - over
    ]
    return [(moment, call, right, wrong) for call, right, wrong in now + later if right != wrong]
