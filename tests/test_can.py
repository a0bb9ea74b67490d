"""What may be asked of a call now: by its state, the calls beside it, the interface and the source; and what is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.about import About
from offhook.calls import COLUMNS, CallTable, meant
from offhook.dialling import Dialled
from offhook.errors import CommandError, OffhookError, Unsupported, error_from_json
from offhook.interface import Availability, Device, Telling
from offhook.interfaces.simulator.events import ACCEPTS, EMITS
from offhook.line import Line, feed_one
from offhook.model import (
    COMMANDS,
    EVENTS,
    Answer,
    Call,
    CallCommand,
    CallEvent,
    CancelConsult,
    Command,
    CompleteTransfer,
    Connected,
    Contact,
    Dialling,
    Ended,
    Event,
    Gap,
    HandedOver,
    HangUp,
    Held,
    Hold,
    LineBack,
    LineLost,
    Merged,
    News,
    Park,
    Parked,
    Party,
    PartyKind,
    Record,
    RecordPassed,
    RemoteRinging,
    Resume,
    Resumed,
    Ringing,
    SendDigits,
    State,
    Transfer,
    Updated,
)
from runs import examples
from world import NOON

Told = tuple[type[CallEvent], str, dict[str, Any]]
TALKED = "HangUp Hold Transfer Consult SendDigits PassRecord Park"
WAITS = "Resume HangUp Transfer"


def told(kind: type[CallEvent], call: str = "A", **words: Any) -> Told:
    return kind, call, words


def of(*events: Told) -> list[Event]:
    return [kind(at=NOON, line="1001", call=call, **words) for kind, call, words in events]


def table(*events: Told, accepts: Callable[[], frozenset[type[Command]]] = lambda: ACCEPTS) -> CallTable:
    made = CallTable("1001", accepts)
    for event in [LineBack(at=NOON, line="1001", calls=()), *of(*events)]:
        made.apply(event)
    return made


def can(made: CallTable) -> dict[str, str]:
    return {call.id: " ".join(call.can) for call in made.calls}


# --- by what is beside it -----------------------------------------------------------------------------------

CUSTOMER = (told(Ringing), told(Connected), told(Held))
ASKED = (*CUSTOMER, told(Dialling, "B", consult_of="A"), told(RemoteRinging, "B"))
OTHER = (*CUSTOMER, told(Ringing, "B"))
BESIDE: list[tuple[str, tuple[Told, ...], dict[str, str]]] = [
    ("a consultation dials", ASKED[:-1], {"A": WAITS, "B": "HangUp CancelConsult"}),
    ("a consultation's own phone asks to be picked up", (*ASKED[:-1], (EVENTS["Prompted"], "B", {})), {"A": WAITS, "B": "HangUp CancelConsult"}),  # type: ignore[list-item]
    ("a consultation rings", ASKED, {"A": WAITS, "B": "HangUp CompleteTransfer CancelConsult"}),
    ("a consultation is talked", (*ASKED, told(Connected, "B")), {"A": WAITS, "B": "HangUp SendDigits CompleteTransfer CancelConsult"}),
    ("back with the caller", (*ASKED, told(Connected, "B"), told(Held, "B"), told(Resumed)), {"A": f"{TALKED} CompleteTransfer", "B": "Resume HangUp CompleteTransfer CancelConsult"}),
    ("both are talked with", (*ASKED, told(Connected, "B"), told(Resumed)), {"A": TALKED, "B": "HangUp SendDigits CompleteTransfer CancelConsult"}),
    ("the consultation ended", (*ASKED, told(Ended, "B")), {"A": WAITS}),
    ("the caller gave up while it rang", (*ASKED, told(Ended)), {"B": "HangUp"}),
    ("the caller gave up while it was talked", (*ASKED, told(Connected, "B"), told(Ended)), {"B": TALKED}),
    ("the caller gave up while it was held", (*ASKED, told(Connected, "B"), told(Held, "B"), told(Ended)), {"B": WAITS}),
    ("the caller gave up, somebody else is held", (*ASKED, told(Connected, "B"), told(Connected, "C"), told(Held, "C"), told(Ended)), {"B": f"{TALKED} CompleteTransfer", "C": WAITS}),
    ("the caller became one with an older call", (*ASKED, told(Merged, "0", other="A")), {"0": WAITS, "B": "HangUp CompleteTransfer CancelConsult"}),
    ("the two became one", (*ASKED, told(Connected, "B"), told(Merged, "A", other="B")), {"A": TALKED}),
    ("another call rings", OTHER, {"A": WAITS, "B": "Answer HangUp Transfer"}),
    ("another call is talked", (*OTHER, told(Connected, "B")), {"A": WAITS, "B": f"{TALKED} CompleteTransfer"}),
    ("another call is talked, the first is parked", (*OTHER, told(Connected, "B"), told(Parked)), {"A": "Resume", "B": TALKED}),
    ("another call rings while one is talked with", (*CUSTOMER[:2], told(Ringing, "B")), {"A": TALKED, "B": "Answer HangUp Transfer"}),
    ("both are held", (*OTHER, told(Connected, "B"), told(Held, "B")), {"A": WAITS, "B": WAITS}),
    ("a consultation about itself", (*CUSTOMER[:2], told(Dialling, "B", consult_of="B"), told(Connected, "B")), {"A": TALKED, "B": TALKED}),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "events", "wanted"), BESIDE, ids=[name for name, *_rest in BESIDE])
def test_what_can_be_asked_looks_at_the_calls_beside(
    _name: str, events: tuple[Told, ...], wanted: dict[str, str]
) -> None:
    assert can(table(*events)) == wanted


def test_a_consultation_names_the_call_its_caller_has_become() -> None:
    made = table(*ASKED, told(Merged, "0", other="A"))
    assert [(call.id, call.consult_of) for call in made.calls] == [("0", ""), ("B", "0")]


@pytest.mark.parametrize("event", [Ended, Held, Resumed, Connected])
def test_whoever_follows_only_events_knows_what_can_be_asked_of_each_call(event: type[CallEvent]) -> None:
    """What changes for a call beside is told of that one."""
    made, last = CallTable("1001", lambda: ACCEPTS), dict[str, str]()
    steps = of(*ASKED, told(Connected, "B"), told(Held, "B"), told(event))
    for each in [LineBack(at=NOON, line="1001", calls=()), *steps]:
        for news in made.apply(each):
            assert news.call is not None or isinstance(news.event, LineBack)
            if news.call is not None:
                last[news.call.id] = " ".join(news.call.can)
    assert {key: value for key, value in last.items() if made.get(key)} == can(made)
    assert not any(last[key] for key in last if made.ended(key)), "nothing can be asked of what is over"


# --- by what the interface takes, and the source says ---------------------------------------------------------


class Small(Telling):
    """A line of a few calls that learns at ``open`` what the other end takes."""

    about: ClassVar[About] = About("small", without={"Hold": "not_by_interface"})
    emits = EMITS

    def __init__(self, at_open: frozenset[type[Command]] = ACCEPTS) -> None:
        super().__init__()
        self.accepts: frozenset[type[Command]] = ACCEPTS
        self.sent: list[Command] = []
        self._at_open = at_open

    @classmethod
    async def availability(cls) -> Availability:
        return Availability("small")

    @classmethod
    def for_desk(cls, extension: str, _options: object) -> tuple["Small", Device]:
        return cls(), Device(extension)

    async def open(self) -> None:
        self.accepts = self._at_open
        self.tell(LineBack(at=NOON, line="1001", calls=()))

    async def send(self, command: Command, _device: Device, _dialled: Dialled) -> None:
        self.sent.append(command)

    async def close(self) -> None:
        self.end()

    def preview(self, _command: Command, _device: Device, _dialled: Dialled) -> list[str]:
        return []

    def examine(self, _desks: object) -> Any:
        raise NotImplementedError


def small(*events: Told, at_open: frozenset[type[Command]] = ACCEPTS) -> tuple[Small, Line]:
    interface = Small(at_open)
    line = Line(interface, "1001", lambda: NOON)
    for event in [LineBack(at=NOON, line="1001", calls=()), *of(*events)]:
        line.receive(event)
    return interface, line


async def test_what_a_line_takes_is_learnt_when_it_opens() -> None:
    interface, line = small(*OTHER, told(Connected, "B"), at_open=frozenset({HangUp, Resume, Hold}))
    assert can(line.table)["B"] == f"{TALKED} CompleteTransfer"
    await interface.open()
    assert can(line.table) == {"A": "Resume HangUp", "B": "HangUp Hold"}
    with pytest.raises(Unsupported) as caught:
        await line.send(CompleteTransfer(id="c", call="B"))
    assert (caught.value.code, interface.sent) == ("not_by_interface", [])
    interface.tell(*of(*OTHER, told(Connected, "C")))
    await interface.close()
    heard: list[News] = []
    await feed_one(line, lambda _line, news: heard.extend(news))
    assert isinstance(heard[0].event, LineBack)
    assert [news.call.can for news in heard if news.call is not None and news.call.id == "C"] == [
        ("HangUp", "Hold")
    ]


NARROWED: list[tuple[str, list[Event], str]] = [
    ("an event says", of(told(Ringing), told(Connected, can=("HangUp", "Hold"))), "HangUp Hold"),
    ("what an event says stays for those that do not say", of(told(Ringing, can=("Answer", "HangUp")), told(Connected)), "HangUp"),
    ("the next that says counts", of(told(Ringing, can=("HangUp",)), told(Connected, can=("HangUp", "Park"))), "HangUp Park"),
    ("nothing is something said", of(told(Ringing), told(Connected, can=())), ""),
    ("what the state does not allow is not added", of(told(Ringing, can=tuple(COMMANDS))), "Answer HangUp Transfer"),
    ("what nobody knows is not added", of(told(Ringing, can=("Levitate", "HangUp"))), "HangUp"),
    ("a snapshot's call says", [LineBack(at=NOON, line="1001", calls=(Call(id="A", line="1001", state=State.CONNECTED, can=("HangUp", "Hold")),))], "HangUp Hold"),
    ("an event after a snapshot that said", [LineBack(at=NOON, line="1001", calls=(Call(id="A", line="1001", state=State.CONNECTED, can=("HangUp", "Resume")),)), *of(told(Held))], "Resume HangUp"),
    ("a call that became another's keeps what was said of it", of(told(Connected, "B", can=("HangUp",)), told(Merged, other="B")), "HangUp"),
    ("what is said with becoming one counts", of(told(Ringing, can=("Answer",)), told(Connected, "B"), told(Merged, other="B", can=("HangUp", "Hold"))), "HangUp Hold"),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "events", "wanted"), NARROWED, ids=[name for name, *_rest in NARROWED])
def test_what_the_source_says_narrows_and_is_never_widened(
    _name: str, events: list[Event], wanted: str
) -> None:
    made = table()
    for event in events:
        made.apply(event)
    assert can(made) == {"A": wanted}


async def test_where_the_source_takes_no_way_back_a_hang_up_is_just_that() -> None:
    events = (*ASKED[:-1], told(RemoteRinging, "B", can=("HangUp",)))
    interface, line = small(*events)
    await line.send(HangUp(id="h"))
    assert interface.sent == [HangUp(id="h", call="B")]


# --- what is sent for what is asked ----------------------------------------------------------------------------

TALKED_B = (*ASKED, told(Connected, "B"))
BACK = (*TALKED_B, told(Held, "B"), told(Resumed))
TWO = (*OTHER, told(Connected, "B"))
MEANT: list[tuple[str, tuple[Told, ...], CallCommand, Command]] = [
    ("of two that wait, the one named is connected with", (*CUSTOMER, told(Connected, "B"), told(Held, "B"), told(Connected, "C")), CompleteTransfer(id="1", call="B"), CompleteTransfer(id="1", call="C", held="B")),
    ("hanging up while it rings goes back", ASKED, HangUp(id="1"), CancelConsult(id="1", call="B")),
    ("also before it rings", ASKED[:-1], HangUp(id="1"), CancelConsult(id="1", call="B")),
    ("also where the consultation is named", ASKED, HangUp(id="1", call="B"), CancelConsult(id="1", call="B")),
    ("the caller named is the caller hung up", ASKED, HangUp(id="1", call="A"), HangUp(id="1", call="A")),
    ("hanging up while it is talked ends that one", TALKED_B, HangUp(id="1"), HangUp(id="1", call="B")),
    ("the caller gave up: it is an ordinary call", (*ASKED, told(Ended)), HangUp(id="1"), HangUp(id="1", call="B")),
    ("back with the caller, the caller is talked with", BACK, HangUp(id="1"), HangUp(id="1", call="A")),
    ("connecting while it rings", ASKED, CompleteTransfer(id="1"), CompleteTransfer(id="1", call="B", held="A")),
    ("connecting while it is talked", TALKED_B, CompleteTransfer(id="1"), CompleteTransfer(id="1", call="B", held="A")),
    ("connecting, back with the caller", BACK, CompleteTransfer(id="1"), CompleteTransfer(id="1", call="B", held="A")),
    ("connecting, by the caller's card", BACK, CompleteTransfer(id="1", call="A"), CompleteTransfer(id="1", call="B", held="A")),
    ("connecting, by the consultation's card", BACK, CompleteTransfer(id="1", call="B"), CompleteTransfer(id="1", call="B", held="A")),
    ("connecting, both named", BACK, CompleteTransfer(id="1", call="A", held="B"), CompleteTransfer(id="1", call="B", held="A")),
    ("going back, whoever is talked with", BACK, CancelConsult(id="1"), CancelConsult(id="1", call="B")),
    ("connecting two ordinary calls", TWO, CompleteTransfer(id="1"), CompleteTransfer(id="1", call="B", held="A")),
    ("connecting two, while somebody else rings", (*TWO, told(Ringing, "C")), CompleteTransfer(id="1"), CompleteTransfer(id="1", call="B", held="A")),
    ("connecting the consulted with the caller, not with another held", (*TALKED_B, told(Connected, "C"), told(Held, "C")), CompleteTransfer(id="1", call="B"), CompleteTransfer(id="1", call="B", held="A")),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "events", "command", "sent"), MEANT, ids=[name for name, *_rest in MEANT])
async def test_what_is_asked_goes_to_the_call_that_is_meant(
    _name: str, events: tuple[Told, ...], command: CallCommand, sent: Command
) -> None:
    interface, line = small(*events)
    await line.send(command)
    assert interface.sent == [sent]


# --- what is refused, and what is said instead -------------------------------------------------------------------

COMES_FIRST = {
    "holding a call that rings": "answer_first", "digits to one who waits": "resume_first",
    "hanging up a parked call": "resume_first",
}  # fmt: skip
"""Where another command leads to what is wanted, that is said."""
NOT_NOW: list[tuple[str, tuple[Told, ...], CallCommand, str]] = [
    ("holding a call that rings", OTHER, Hold(id="1", call="B"), "Answer HangUp Transfer"),
    ("answering a call that is held", OTHER, Answer(id="1", call="A"), WAITS),
    ("connecting what nobody waits for", (*ASKED, told(Connected, "B"), told(Ended)), CompleteTransfer(id="1", call="B"), TALKED),
    ("going back from what is no consultation", TWO, CancelConsult(id="1", call="B"), f"{TALKED} CompleteTransfer"),
    ("going back to a caller who gave up", (*ASKED, told(Ended)), CancelConsult(id="1", call="B"), "HangUp"),
    ("connecting by the card of the one who waits", ASKED, CompleteTransfer(id="1", call="A"), WAITS),
    ("passing a consultation on", TALKED_B, Transfer(id="1", call="B", to="1003"), "HangUp SendDigits CompleteTransfer CancelConsult"),
    ("digits to one who waits", ASKED, SendDigits(id="1", call="A", digits="1"), WAITS),
    ("hanging up a parked call", (*CUSTOMER, told(Parked)), HangUp(id="1", call="A"), "Resume"),
    ("what the source does not allow now", (told(Ringing), told(Connected, can=("HangUp",))), Park(id="1", call="A"), "HangUp"),
    ("where the source allows nothing", (told(Ringing), told(Connected, can=())), HangUp(id="1", call="A"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "command", "instead"), NOT_NOW, ids=[row[0] for row in NOT_NOW])
async def test_what_cannot_be_asked_now_is_refused_with_what_can(
    name: str, events: tuple[Told, ...], command: CallCommand, instead: str
) -> None:
    interface, line = small(*events)
    with pytest.raises(Unsupported) as caught:
        await line.send(command)
    error = caught.value
    assert (error.code, error.params["command"], error.params["can"]) == (
        COMES_FIRST.get(name, "not_now"),
        type(command).__name__,
        instead,
    )
    assert (interface.sent, error.exit_code) == ([], 2)


@pytest.mark.parametrize(
    ("language", "instead", "hint"),
    [
        ("en", "Answer HangUp", "Possible now: answering, hanging up."),
        ("fr", "Answer HangUp", "Possible en ce moment\u00a0: décrocher, raccrocher."),
        ("en", "", "Possible now: nothing."),
        ("fr", "", "Possible en ce moment\u00a0: rien."),
    ],
)
def test_what_can_be_asked_instead_is_said_in_words_also_far_away(
    language: str, instead: str, hint: str
) -> None:
    error = error_from_json(Unsupported("not_now", command="Hold", state="alerting", can=instead).to_json())
    assert error.hint_text(language) == hint


RING_TWO = (told(Ringing), told(Ringing, "B"))
GUESSES: list[tuple[str, tuple[Told, ...], CallCommand, str]] = [
    ("two that are talked with", (told(Connected), told(Connected, "B")), HangUp(id="1"), "AB"),
    ("one that is talked with, one that rings", (told(Connected), told(Ringing, "B")), HangUp(id="1"), "AB"),
    ("two that ring", RING_TWO, HangUp(id="1"), "AB"),
    ("two that ring, passed on", RING_TWO, Transfer(id="1", to="1003"), "AB"),
    ("two that wait", (*OTHER, told(Connected, "B"), told(Held, "B")), HangUp(id="1"), "AB"),
    ("a consultation that rings, and another caller", (*ASKED, told(Ringing, "C")), HangUp(id="1"), "BC"),
    ("one talked with, two to connect it with", (*CUSTOMER, told(Connected, "B"), told(Held, "B"), told(Connected, "C")), CompleteTransfer(id="1"), "AB"),
    ("back with the caller, and somebody else waits", (*BACK, told(Connected, "C"), told(Held, "C")), CompleteTransfer(id="1", call="A"), "BC"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_name", "events", "command", "named"), GUESSES, ids=[name for name, *_rest in GUESSES]
)
async def test_where_several_are_meant_nothing_is_sent_and_they_are_named(
    _name: str, events: tuple[Told, ...], command: CallCommand, named: str
) -> None:
    interface, line = small(*events)
    with pytest.raises(CommandError) as caught:
        await line.send(command)
    listed = [each.split()[0] for each in str(caught.value.params["calls"]).splitlines()]
    assert (caught.value.code, listed) == (
        "call_ambiguous",
        [Call(id=each, line="1001").short for each in named],
    )
    assert interface.sent == []


# --- whatever happens ---------------------------------------------------------------------------------------------

IDS = ("A", "B", "C", "D")
KINDS = sorted(
    (kind for kind in EVENTS.values() if issubclass(kind, CallEvent)), key=lambda kind: kind.__name__
)
NAMES = tuple(sorted(COMMANDS))
SAID = st.none() | st.lists(st.sampled_from(NAMES), max_size=4).map(tuple)


@st.composite
def happenings(draw: Any) -> Event:
    """Any event about one of four calls, consultations and narrowings among them; a snapshot; a line lost."""
    at = NOON + timedelta(seconds=draw(st.integers(0, 60)))
    what = draw(st.integers(0, 9))
    if what == 0:
        return LineLost(at=at, line="1001")
    if what == 1:
        states, chosen = st.sampled_from(COLUMNS[1:]), st.sampled_from(("", *IDS))
        call = st.builds(
            Call,
            id=st.sampled_from(IDS),
            line=st.just("1001"),
            state=states,
            consult_of=chosen,
            can=SAID.map(lambda said: said or ()),
        )
        calls = tuple(draw(st.lists(call, max_size=3, unique_by=lambda each: each.id)))
        return draw(st.sampled_from((LineBack, Gap)))(at=at, line="1001", calls=calls)  # type: ignore[no-any-return]
    kind: type[CallEvent] = draw(
        st.sampled_from(KINDS) if what < 6 else st.sampled_from((Connected, Held, Dialling))
    )
    words: dict[str, Any] = {"at": at, "line": "1001", "call": draw(st.sampled_from(IDS)), "can": draw(SAID)}
    if kind is Dialling:
        words["consult_of"] = draw(st.sampled_from(("", *IDS)))
    if kind is Merged:
        words["other"] = draw(st.sampled_from(IDS))
    if kind is RecordPassed:
        words["record"] = Record(source="s", id="1")
    return kind(**words)


def sensible(made: CallTable, accepted: frozenset[type[Command]]) -> None:
    """What holds of what can be asked, at every moment."""
    calls = {call.id: call for call in made.calls}
    for call in calls.values():
        assert {COMMANDS[name] for name in call.can} <= accepted
        assert made.up or not call.can
        about = calls.get(call.consult_of)
        assert about is not call
        if "CompleteTransfer" in call.can:
            assert about is not None or any(
                each.state is State.HELD for each in calls.values() if each is not call
            ), "there are two to connect"
        if "CancelConsult" in call.can:
            assert about is not None, "there is somebody to go back to"


@settings(max_examples=examples(600), deadline=None)
@given(
    st.lists(happenings(), max_size=30), st.frozensets(st.sampled_from(sorted(ACCEPTS, key=str)), min_size=9)
)
def test_whatever_happens_only_what_makes_sense_can_be_asked(
    events: list[Event], accepted: frozenset[type[Command]]
) -> None:
    made, over, last = CallTable("1001", lambda: accepted), set[str](), dict[str, tuple[str, ...]]()
    for event in [LineBack(at=NOON, line="1001", calls=()), *events]:
        for news in made.apply(event):
            if news.call is not None:
                last[news.call.id] = news.call.can
                assert {COMMANDS[name] for name in news.call.can} <= accepted
            if isinstance(news.event, Ended | HandedOver):
                assert news.call is not None
                assert (news.call.state, news.call.can) == (State.CLEARED, ()), (
                    "nothing can be asked of what is over"
                )
                over.add(news.event.call)
        sensible(made, accepted)
        if made.up:
            assert {key: last[key] for key in can(made)} == {call.id: call.can for call in made.calls}, (
                "what can be asked is told"
            )
    assert not over & set(can(made))


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(happenings(), max_size=20), st.sampled_from(NAMES), st.sampled_from(("", *IDS)))
async def test_whatever_is_asked_only_what_can_be_asked_is_sent(
    events: list[Event], name: str, call: str
) -> None:
    kind = COMMANDS[name]
    if not issubclass(kind, CallCommand):
        return
    interface, line = small()
    for event in events:
        line.receive(event)
    more: dict[str, Any] = (
        {"to": "1003"} if "to" in kind.__slots__ else {"digits": "1"} if kind is SendDigits else {}
    )
    more |= {"record": Record(source="s", id="1")} if name == "PassRecord" else {}
    before = {each.id: each for each in line.table.calls}
    try:
        await line.send(kind(id="1", call=call, **more))
    except OffhookError as error:
        assert (interface.sent, error.exit_code) == ([], 2)
        return
    (sent,) = interface.sent
    assert isinstance(sent, CallCommand)
    assert type(sent).__name__ in before[sent.call].can or (
        isinstance(sent, CompleteTransfer) and name in before[sent.held].can
    )
    if isinstance(sent, CompleteTransfer):
        assert sent.held in before
        assert sent.held != sent.call
    if isinstance(sent, HangUp) and before[sent.call].state in (State.HELD, State.PARKED) and not call:
        assert all(
            "HangUp" not in each.can
            for each in before.values()
            if each.state not in (State.HELD, State.PARKED)
        )


def test_an_update_without_facts_says_that_what_can_be_asked_has_changed() -> None:
    made = table(*ASKED)
    told_ = made.apply(Ended(at=NOON, line="1001", call="A"))
    assert [type(each.event) for each in told_] == [Ended, Updated]
    assert told_[1].call is not None
    assert told_[1].call.can == ("HangUp",)


LISTED = [
    (Party(number="+33388202020"), (), "alerting +33388202020"), (Party(number="+33388202020", name="Jean"), (), "alerting +33388202020 Jean"),
    (Party(kind=PartyKind.HIDDEN), (), "alerting hidden"), (Party(raw="?", kind=PartyKind.UNREADABLE, name="Jean"), (), "alerting unreadable Jean"),
    (Party(number="+33388202020", name="J"), (Contact(record=Record(source="crm", id="1"), name="Jean", company="Alsace"),), "alerting +33388202020 Alsace"),
    (Party(number="+33388202020", name="J"), (Contact(record=Record(source="crm", id="1"), name="Jean"),), "alerting +33388202020 Jean"),
]  # fmt: skip


@pytest.mark.parametrize(("party", "contacts", "said"), LISTED)
def test_a_call_to_choose_is_told_by_who_it_is(
    party: Party, contacts: tuple[Contact, ...], said: str
) -> None:
    calls = [
        Call(id=each, line="1001", state=State.ALERTING, can=("HangUp",), party=party, contacts=contacts)
        for each in ("A", "B")
    ]
    with pytest.raises(CommandError) as caught:
        meant(HangUp(id="h"), calls)
    assert str(caught.value.params["calls"]).splitlines() == [f"{call.short} {said}" for call in calls]
