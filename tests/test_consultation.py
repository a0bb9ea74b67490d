"""A consultation, whatever becomes of it: the customer is never lost. On the pretend exchange, Asterisk and FreeSWITCH."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubs import offhook, program
from offhook.desk import Desk
from offhook.errors import CommandError, OffhookError, Refused, Unsupported
from offhook.interfaces.simulator import pbx as simulated
from offhook.interfaces.simulator.driver import SimulatorInterface
from offhook.interfaces.simulator.pbx import Habit, Pbx
from offhook.interfaces.simulator.server import Server, plan
from offhook.line import Line
from offhook.model import (
    Call,
    CancelConsult,
    Command,
    CompleteTransfer,
    Consult,
    Ended,
    HangUp,
    Hold,
    Reason,
    Resume,
    Resumed,
    State,
    Transfer,
    Transferred,
)
from offhook.settings.running import Running, running
from offhook.testing.exchange import Channel, PhoneHabit
from offhook.transport.http import request
from recordings import Replayed, messages_of
from switches import Heard, desk, exchange_of, switch
from test_line import Clock

KINDS = ("simulator", "freeswitch")
CUSTOMER = "+33388202020"
NAMES = {"1002": "hugo", "1003": "ines"}


class Scene:
    """Claire at 1001 talks with a customer; Hugo at 1002 lets it ring, unless it says otherwise."""

    claire: Heard
    hugo: Heard
    customer: str
    """Claire's call with the customer."""

    async def talks(self) -> None:
        """Have the customer call Claire, who takes it."""
        raise NotImplementedError

    async def answers(self) -> None:
        """Have Hugo pick up."""
        raise NotImplementedError

    def gives_up(self) -> None:
        """Have the customer hang up."""
        raise NotImplementedError

    async def asked(self, state: State = State.DELIVERED, to: str = "1002") -> Call:
        """Have Claire ask somebody; returns the consultation."""
        await self.claire.desk.send(Consult(id="consult", call=self.customer, to=to))
        return await self.consultation(state)

    async def consultation(self, state: State) -> Call:
        found: Call = await self.claire.until(
            lambda: next(
                (call for call in self.claire.desk.calls if call.consult_of and call.state is state), None
            )
        )
        return found

    def states(self) -> dict[str, str]:
        """Return how Claire's calls stand, each by whom it is with."""
        return {
            "customer" if call.id == self.customer else NAMES.get(call.party.number, ""): call.state.value
            for call in self.claire.desk.calls
        }

    def can(self, call: str) -> set[str]:
        return {name for each in self.claire.desk.calls if each.id == call for name in each.can}

    async def become(self, **states: str) -> None:
        """Wait until Claire's calls stand so."""
        try:
            await self.claire.until(lambda: self.states() == states)
        except TimeoutError:
            raise AssertionError((self.states(), states, self.claire.kinds())) from None

    def reasons(self, heard: Heard) -> dict[str, Reason]:
        return {event.call: event.reason for event in heard.events if isinstance(event, Ended)}


class OnSimulator(Scene):
    def __init__(self, server: Server) -> None:
        self.server = server

    async def talks(self) -> None:
        self.talk = self.server._do({"do": "Incoming", "to": "1001", "number": "0388202020"})["talk"]
        await self.claire.call(State.ALERTING)
        self.server._do({"do": "LiftHandset", "device": "1001"})
        self.customer = (await self.claire.call(State.CONNECTED)).id

    async def answers(self) -> None:
        await self.hugo.call(State.ALERTING)
        self.server._do({"do": "LiftHandset", "device": "1002"})

    def gives_up(self) -> None:
        self.server._do({"do": "FarHangUp", "talk": self.talk})


class OnSwitch(Scene):
    def __init__(self, made: Any) -> None:
        self.made = made
        self.exchange = exchange_of(made)

    async def talks(self) -> None:
        self.caller = self.exchange.incoming("0388202020", "", "1001")
        self.customer = (await self.claire.call(State.CONNECTED)).id

    async def answers(self) -> None:
        await self.hugo.call(State.ALERTING)
        self.exchange.answer(self._rings())

    def _rings(self) -> Channel:
        return next(
            each
            for each in self.exchange.channels.values()
            if each.desk == "1002" and each.state == "ringing"
        )

    def gives_up(self) -> None:
        self.exchange.hang_up(self.caller, 16, asked=True)


@contextlib.asynccontextmanager
async def scene(kind: str, does: str = "", *, there: bool = True) -> AsyncIterator[Scene]:
    """Open a scene on a system of that kind; ``does``: what Hugo does when it rings at his desk."""
    async with contextlib.AsyncExitStack() as stack:
        made: Scene
        if kind == "simulator":
            habit = Habit(does=does, ring_s=0.1) if does else Habit(after_s=None)
            server = Server(
                Pbx(
                    plan(
                        [("1001", "Claire"), ("1002", "Hugo"), ("1003", "Inès")],
                        habits={
                            "1001": Habit(pick_up_s=0.1),
                            "1002": habit,
                            "1003": Habit(ring_s=0.1, after_s=0.1),
                        },
                    )
                )
            )
            if not there:
                server.pbx.unregistered.add("1002")
            address = await server.start()
            stack.push_async_callback(server.stop)
            made = OnSimulator(server)
            made.claire, made.hugo = [
                await stack.enter_async_context(_simulated(each, address)) for each in ("1001", "1002")
            ]
        else:
            on = await stack.enter_async_context(
                switch(kind, d1002=PhoneHabit(does or "answer", None, registered=there))
            )
            made = OnSwitch(on)
            options = {"phone_control": "yes"} if kind == "asterisk" else {}
            made.claire, made.hugo = [
                await stack.enter_async_context(desk(on, kind, each, **options)) for each in ("1001", "1002")
            ]
        await made.talks()
        yield made


@contextlib.asynccontextmanager
async def _simulated(extension: str, address: str) -> AsyncIterator[Heard]:
    opened = Desk([Line(SimulatorInterface("FR", address), extension, Clock())], Clock())
    heard = Heard(opened)
    async with opened:
        yield heard


# --- what is asked while it rings, and while it is talked -------------------------------------------------------

RINGS = {"customer": "held", "hugo": "delivered"}
RINGING: list[tuple[str, Callable[[str, str], Command], dict[str, str], Reason | None]] = [
    ("hanging up, no call named", lambda _customer, _asked: HangUp(id="x"), {"customer": "connected"}, Reason.CANCELLED),
    ("hanging up the consultation", lambda _customer, asked: HangUp(id="x", call=asked), {"customer": "connected"}, Reason.CANCELLED),
    ("going back", lambda _customer, _asked: CancelConsult(id="x"), {"customer": "connected"}, Reason.CANCELLED),
    ("hanging up the customer, who is named", lambda customer, _asked: HangUp(id="x", call=customer), {"hugo": "delivered"}, None),
    ("connecting them", lambda _customer, _asked: CompleteTransfer(id="x"), {}, Reason.COMPLETED),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("_name", "asked", "becomes", "why"), RINGING, ids=[name for name, *_rest in RINGING]
)
async def test_while_the_consultation_rings(
    kind: str, _name: str, asked: Any, becomes: dict[str, str], why: Reason | None
) -> None:
    async with scene(kind) as on:
        call = await on.asked()
        assert on.states() == RINGS
        assert call.consult_of == on.customer
        assert on.can(call.id) == {"HangUp", "CompleteTransfer", "CancelConsult"}
        assert on.can(on.customer) == {"Resume", "HangUp", "Transfer"}
        await on.claire.desk.send(asked(on.customer, call.id))
        await on.become(**becomes)
        if why is not None:
            assert on.reasons(on.claire)[call.id] is why
        if not becomes:
            there = await on.hugo.until(
                lambda: next((each for each in on.hugo.desk.calls if each.party.number == CUSTOMER), None)
            )
            assert there.state is State.ALERTING, "it goes on ringing there, with the customer"
        elif "hugo" not in becomes:
            await on.hugo.until(lambda: not on.hugo.desk.calls)
            assert "Hold" in on.can(on.customer), "the customer is spoken with"
        else:
            assert on.can(call.id) == {"HangUp"}, "nobody is there to go back to"
            await on.claire.desk.send(HangUp(id="y"))
            await on.become()


TALK = {"customer": "held", "hugo": "connected"}
TALKING: list[tuple[str, Callable[[str, str], Command], tuple[dict[str, str], ...]]] = [
    ("hanging up, no call named", lambda _customer, _asked: HangUp(id="x"), ({"customer": "held"},)),
    ("hanging up the consultation", lambda _customer, asked: HangUp(id="x", call=asked), ({"customer": "held"},)),
    ("going back", lambda _customer, _asked: CancelConsult(id="x"), ({"customer": "connected"},)),
    ("hanging up the customer, who is named", lambda customer, _asked: HangUp(id="x", call=customer), ({"hugo": "connected"},)),
    ("connecting them", lambda _customer, _asked: CompleteTransfer(id="x"), ({},)),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("_name", "asked", "becomes"), TALKING, ids=[name for name, *_rest in TALKING])
async def test_while_the_consultation_is_talked(
    kind: str, _name: str, asked: Any, becomes: tuple[dict[str, str], ...]
) -> None:
    async with scene(kind) as on:
        call = await on.asked()
        await on.answers()
        await on.become(**TALK)
        assert on.can(call.id) == {"HangUp", "SendDigits", "CompleteTransfer", "CancelConsult"}
        assert on.can(on.customer) == {"Resume", "HangUp", "Transfer"}
        await on.claire.desk.send(asked(on.customer, call.id))
        (wanted,) = becomes
        await on.become(**wanted)
        if wanted.get("customer") == "held":
            await on.claire.desk.send(Resume(id="back"))
            await on.become(customer="connected")
        if "hugo" in wanted:
            assert {"Hold", "Transfer", "Consult"} <= on.can(call.id), "it is an ordinary call"
            assert "CompleteTransfer" not in on.can(call.id)
        elif "customer" in wanted:
            await on.hugo.until(lambda: not on.hugo.desk.calls)
        else:
            await on.hugo.until(lambda: [each.party.number for each in on.hugo.desk.calls] == [CUSTOMER])


# --- what the one who is asked does -----------------------------------------------------------------------------

FAILS: list[tuple[str, str, bool, str, set[Reason]]] = [
    ("is busy", "busy", True, "1002", {Reason.BUSY}),
    ("rejects it", "reject", True, "1002", {Reason.REJECTED}),
    ("is not there", "", False, "1002", {Reason.UNAVAILABLE}),
    ("does not answer", "", True, "1002", {Reason.NO_ANSWER}),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("_name", "does", "there", "to", "reasons"), FAILS, ids=[name for name, *_rest in FAILS]
)
async def test_one_who_cannot_be_asked_leaves_the_customer_with_us(
    kind: str,
    _name: str,
    does: str,
    there: bool,
    to: str,
    reasons: set[Reason],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulated, "RING_S", 1.0)
    monkeypatch.setattr("offhook.testing.exchange.RING_S", 1.0)
    async with scene(kind, does, there=there) as on:
        await on.claire.desk.send(Consult(id="consult", call=on.customer, to=to))
        ended = await on.claire.event(Ended)
        assert ended.reason in reasons
        assert ended.call != on.customer
        assert [call.id for call in on.claire.desk.calls] == [on.customer]
        await on.become(customer="held")
        assert on.can(on.customer) == {"Resume", "HangUp", "Transfer"}
        for command in (CancelConsult(id="1"), CompleteTransfer(id="2")):
            with pytest.raises(CommandError) as caught:
                await on.claire.desk.send(command)
            assert caught.value.code == "no_consultation", (
                "there is nothing to go back from, and nobody to connect"
            )
        await on.claire.desk.send(Resume(id="back"))
        await on.become(customer="connected")
        assert on.claire.kinds().count("Ended") == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_one_who_takes_no_number_is_not_asked_and_the_customer_is_not_held(kind: str) -> None:
    async with scene(kind) as on:
        with pytest.raises(OffhookError):
            await on.claire.desk.send(Consult(id="c", call=on.customer, to="12;rm"))
        assert on.states() == {"customer": "connected"}


async def test_freeswitch_is_not_asked_to_end_what_it_has_not_made_yet() -> None:
    """The consultation is cancelled before its own phone rings."""
    async with scene("freeswitch") as on:
        assert isinstance(on, OnSwitch)
        on.made._originate = lambda *_words: None
        call = await on.asked(State.INITIATED)
        await on.claire.desk.send(HangUp(id="x"))
        await on.claire.until(lambda: on.states()["customer"] == "connected")
        assert call.id in {each.id for each in on.claire.desk.calls}, "it is ended as soon as it is there"


# --- the customer gives up -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("talks", [False, True], ids=["while it rings", "while it is talked"])
async def test_a_customer_who_gives_up_leaves_an_ordinary_call(kind: str, talks: bool) -> None:
    async with scene(kind) as on:
        call = await on.asked()
        if talks:
            await on.answers()
            await on.become(**TALK)
        on.gives_up()
        await on.become(hugo="connected" if talks else "delivered")
        assert on.reasons(on.claire) == {on.customer: Reason.COMPLETED}
        assert not {"CompleteTransfer", "CancelConsult"} & on.can(call.id)
        for command in (CancelConsult(id="1", call=call.id), CompleteTransfer(id="2", call=call.id)):
            with pytest.raises(Unsupported) as caught:
                await on.claire.desk.send(command)
            assert caught.value.code == "not_now"
            assert "HangUp" in str(caught.value.params["can"])
        await on.claire.desk.send(HangUp(id="3"))
        await on.become()
        await on.hugo.until(lambda: not on.hugo.desk.calls)
        assert on.claire.kinds().count("Ended") == 2


# --- back with the caller, and connecting -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", ["", "customer", "consultation"])
async def test_back_with_the_caller_they_can_still_be_connected(kind: str, by: str) -> None:
    async with scene(kind) as on:
        call = await on.asked()
        await on.answers()
        await on.become(**TALK)
        await on.claire.desk.send(Resume(id="swap", call=on.customer))
        await on.become(customer="connected", hugo="held")
        assert "CompleteTransfer" in on.can(call.id) & on.can(on.customer), "either card may be used"
        named = {"": "", "customer": on.customer, "consultation": call.id}[by]
        await on.claire.desk.send(CompleteTransfer(id="x", call=named))
        await on.become()
        moved = await on.claire.event(Transferred)
        assert (moved.kind, on.claire.kinds().count("Transferred")) == ("attended", 1)
        assert moved.call == on.customer, "it is the customer who was passed on"
        assert moved.to == "1002"
        await on.hugo.until(
            lambda: (
                [(each.party.number, each.state) for each in on.hugo.desk.calls]
                == [(CUSTOMER, State.CONNECTED)]
            )
        )


@pytest.mark.parametrize("kind", KINDS)
async def test_back_with_the_caller_the_consultation_can_be_ended_and_the_caller_stays(kind: str) -> None:
    async with scene(kind) as on:
        call = await on.asked()
        await on.answers()
        await on.become(**TALK)
        await on.claire.desk.send(Resume(id="swap", call=on.customer))
        await on.become(customer="connected", hugo="held")
        await on.claire.desk.send(CancelConsult(id="x"))
        await on.become(customer="connected")
        assert on.reasons(on.claire) == {call.id: Reason.COMPLETED}


# --- two ordinary calls ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, "asterisk"])
async def test_two_ordinary_calls_can_be_connected_with_each_other(kind: str) -> None:
    async with scene(kind) as on:
        await on.claire.desk.send(Hold(id="hold"))
        await on.become(customer="held")
        assert "CompleteTransfer" not in on.can(on.customer), "there is nobody to connect with yet"
        other = await on.claire.desk.dial("1002")
        await on.answers()
        await on.become(**TALK)
        assert not any(call.consult_of for call in on.claire.desk.calls)
        assert "CompleteTransfer" in on.can(other)
        assert "CompleteTransfer" not in on.can(on.customer)
        await on.claire.desk.send(CompleteTransfer(id="connect"))
        await on.become()
        moved = await on.claire.event(Transferred)
        assert (moved.call, moved.to, moved.kind) == (on.customer, "1002", "attended")
        assert on.claire.kinds().count("Transferred") == 1
        assert on.reasons(on.claire) == {on.customer: Reason.COMPLETED, other: Reason.COMPLETED}
        await on.hugo.until(
            lambda: (
                [(each.party.number, each.state) for each in on.hugo.desk.calls]
                == [(CUSTOMER, State.CONNECTED)]
            )
        )
        assert "Ended" not in on.hugo.kinds()
        on.gives_up()
        await on.hugo.until(lambda: not on.hugo.desk.calls)


REFUSED = {
    "freeswitch": {"uuid_bridge": "-ERR Operation failed"},
    "asterisk": {"Bridge": "Channels cannot be bridged"},
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_two_that_the_switch_does_not_connect_stay_with_us(kind: str) -> None:
    async with scene(kind) as on:
        await on.claire.desk.send(Hold(id="hold"))
        await on.become(customer="held")
        other = await on.claire.desk.dial("1002")
        await on.answers()
        await on.become(**TALK)
        assert isinstance(on, OnSwitch)
        on.made.refuse |= REFUSED[kind]
        with pytest.raises(Refused):
            await on.claire.desk.send(CompleteTransfer(id="connect"))
        assert on.states() == TALK
        await on.claire.desk.send(HangUp(id="other"))
        await on.become(customer="held")
        assert on.reasons(on.claire) == {other: Reason.COMPLETED}
        assert "Transferred" not in on.claire.kinds()


@pytest.mark.parametrize(
    ("kind", "what"), [("freeswitch", {"uuid_transfer": "-ERR no"}), ("asterisk", {"BlindTransfer": "no"})]
)
async def test_a_transfer_that_the_switch_refuses_is_not_told(kind: str, what: dict[str, str]) -> None:
    async with scene(kind) as on:
        assert isinstance(on, OnSwitch)
        on.made.refuse |= what
        with pytest.raises(Refused):
            await on.claire.desk.send(Transfer(id="t", to="1002"))
        await on.claire.desk.send(Hold(id="hold"))
        await on.become(customer="held")
        assert "Transferred" not in on.claire.kinds()


# --- Asterisk's own feature, as a real one tells of it ------------------------------------------------------------------


@contextlib.asynccontextmanager
async def recorded(
    name: str, state: State, *, left: bool = False
) -> AsyncIterator[tuple[Heard, Any, list[Any]]]:
    """Play a recording of a consultation until it stands so, ``left`` by its caller; gives the desk, the switch and the rest.

    Every action is answered as done.
    """
    messages = messages_of("lab", name)
    replayed, played = Replayed("lab"), list[Any]()
    now: list[Call] = []
    for message in messages:
        played.append(message)
        replayed.messages([message])
        now = [call for call in replayed.watch.desks.calls() if call.line == "1001"]
        if any(call.consult_of and call.state is state for call in now) and len(now) == (1 if left else 2):
            break
    else:
        raise AssertionError(f"{name} never stands so")
    async with switch("asterisk") as made, desk(made, "asterisk") as heard:
        made._simple = lambda _name, _asked, say: say("Success")  # type: ignore[attr-defined]
        for message in played:
            made.spread(message.raw + b"\r\n\r\n")
        await heard.until(
            lambda: (
                [(call.id, call.state) for call in heard.desk.calls]
                == [(call.id, call.state) for call in now]
            )
        )
        made.heard.clear()
        yield heard, made, messages[len(played) :]


def sent(made: Any) -> list[str]:
    """Return which channels were hung up, or what else was sent."""
    found = [dict(line.split(": ", 1) for line in raw.decode().split("\r\n") if line) for raw in made.heard]
    return [f"{each['Action']} {each['Channel'].rpartition('-')[0]}" for each in found]


DIALS, RINGS_THERE, TALKS = State.INITIATED, State.DELIVERED, State.CONNECTED
RECORDED: list[tuple[str, State, Callable[[str, str], Command], str]] = [
    ("consult_ami_cancel", RINGS_THERE, lambda _customer, _asked: HangUp(id="x"), "Hangup PJSIP/1002"),
    ("consult_ami_cancel", RINGS_THERE, lambda _customer, asked: HangUp(id="x", call=asked), "Hangup PJSIP/1002"),
    ("consult_ami_cancel", RINGS_THERE, lambda _customer, _asked: CancelConsult(id="x"), "Hangup PJSIP/1002"),
    ("consult_ami_cancel", RINGS_THERE, lambda _customer, _asked: CompleteTransfer(id="x"), "Hangup PJSIP/1001"),
    ("consult_ami_cancel", RINGS_THERE, lambda customer, _asked: HangUp(id="x", call=customer), "Hangup PJSIP/trunk"),
    ("consult_ami_target_hangs", TALKS, lambda _customer, _asked: HangUp(id="x"), "Hangup PJSIP/1002"),
    ("consult_ami_target_hangs", TALKS, lambda _customer, _asked: CancelConsult(id="x"), "Hangup PJSIP/1002"),
    ("consult_ami_target_hangs", TALKS, lambda _customer, _asked: CompleteTransfer(id="x"), "Hangup PJSIP/1001"),
    ("consult_ami_target_hangs", TALKS, lambda customer, _asked: HangUp(id="x", call=customer), "Hangup PJSIP/trunk"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "state", "asked", "wanted"), RECORDED)
async def test_asterisk_hangs_up_only_whom_is_meant(name: str, state: State, asked: Any, wanted: str) -> None:
    async with recorded(name, state) as (heard, made, _rest):
        customer, consultation = heard.desk.calls
        assert (customer.state, consultation.consult_of) == (State.HELD, customer.id)
        await heard.desk.send(asked(customer.id, consultation.id))
        assert sent(made) == [wanted]


ENDS: list[tuple[str, State, Reason]] = [
    ("consult_ami_cancel", RINGS_THERE, Reason.CANCELLED),
    ("consult_ami_noanswer", RINGS_THERE, Reason.NO_ANSWER),
    ("consult_ami_busy", DIALS, Reason.BUSY),
    ("consult_ami_target_hangs", TALKS, Reason.COMPLETED),
]


@pytest.mark.parametrize(("name", "state", "reason"), ENDS)
async def test_asterisk_gives_the_customer_back_whatever_becomes_of_it(
    name: str, state: State, reason: Reason
) -> None:
    async with recorded(name, state) as (heard, made, rest):
        customer, consultation = heard.desk.calls
        for message in rest:
            made.spread(message.raw + b"\r\n\r\n")
            if message.event == "Hangup" and len(heard.desk.calls) < 2:
                break
            await heard.until(lambda: True)
        await heard.until(lambda: any(isinstance(event, Ended) for event in heard.events))
        first = next(event for event in heard.events if isinstance(event, Ended))
        assert (first.call, first.reason) == (consultation.id, reason)
        resumed = [news for news in heard.events if isinstance(news, Resumed)]
        assert [event.call for event in resumed] == [customer.id]


async def test_asterisk_has_an_ordinary_call_left_when_the_customer_gives_up() -> None:
    async with recorded("consult_ami_caller_hangs", TALKS, left=True) as (heard, made, _rest):
        (consultation,) = heard.desk.calls
        assert not {"CompleteTransfer", "CancelConsult"} & set(consultation.can)
        with pytest.raises(Unsupported):
            await heard.desk.send(CompleteTransfer(id="x", call=consultation.id))
        await heard.desk.send(HangUp(id="y"))
        assert sent(made) == ["Hangup PJSIP/1002"]


# --- from the command line, and by the API -------------------------------------------------------------------------------


class Office:
    """Desks 1001 to 1004 on a hub over a pretend exchange, all real processes; who is called lets it ring."""

    def __init__(self, home: Path, exchange: str, here: Running) -> None:
        self.home, self.exchange, self.here = home, exchange, here

    def people(self, *words: str) -> None:
        """Let somebody do something at the exchange."""
        assert offhook(self.home, "simulate", *words, "--at", self.exchange).returncode == 0

    def say(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run a command; returns what it answered."""
        done = offhook(self.home, *words, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def post(self, command: str, **words: str) -> dict[str, Any]:
        """Ask for the same by the API."""
        asked = {"command": command, "id": f"{command}{time.monotonic_ns()}", **words}
        found: dict[str, Any] = request(
            "POST", self.here.url, "/v1/desk/commands?desk=1001", self.here.tokens["1001"], asked
        )
        return found

    def calls(self, desk: str = "1001") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = request(
            "GET", self.here.url, f"/v1/desk/calls?desk={desk}", self.here.tokens[desk]
        )["calls"]
        return found

    def stand(self, *states: str, desk: str = "1001") -> list[dict[str, Any]]:
        """Wait until the desk's calls stand so."""
        deadline = time.monotonic() + 15
        calls = self.calls(desk)
        while [call["state"] for call in calls] != list(states):
            assert time.monotonic() < deadline, calls
            calls = self.calls(desk)
        return calls

    def asks(self) -> list[dict[str, Any]]:
        """Have a customer call, who is taken, and Hugo asked; it rings there."""
        self.people("call", "1001", "0388202020")
        self.stand("alerting")
        self.say("answer")
        self.stand("connected")
        self.say("consult", "1002")
        return self.stand("held", "delivered")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    desks = ("--desks", "1001-1004")
    with (
        program(tmp_path, "simulate", *desks) as exchange,
        program(tmp_path, "hub", "--port", "0", *desks, "--simulator", exchange.said["simulator"]),
    ):
        here = running(folder=str(tmp_path))
        assert here is not None
        yield Office(tmp_path, exchange.said["simulator"], here)


@pytest.mark.slow
def test_hanging_up_on_the_command_line_goes_back_to_the_customer(office: Office) -> None:
    customer, consultation = office.asks()
    assert (consultation["consult_of"], customer["number"]) == (customer["id"], CUSTOMER)
    office.say("hangup")
    (left,) = office.stand("connected")
    assert left["id"] == customer["id"]
    office.stand(desk="1002")
    refused = office.say("consult", "--cancel", code=2)["error"]
    assert refused["code"] == "no_consultation"
    office.say("consult", "1002")
    customer, consultation = office.stand("held", "delivered")
    office.say("hangup", customer["id"])
    (left,) = office.stand("delivered")
    assert (left["id"], left["can"]) == (consultation["id"], ["HangUp"])
    office.say("hangup")
    office.stand()


@pytest.mark.slow
def test_a_colleague_who_rejects_or_leaves_is_no_loss_on_the_command_line(office: Office) -> None:
    customer, _consultation = office.asks()
    office.say("hangup", "--desk", "1002")
    (left,) = office.stand("held")
    assert left["id"] == customer["id"]
    refused = office.say("hold", left["id"], code=2)["error"]
    assert refused["code"] == "not_now"
    assert refused["hint"] == "Possible now: resuming, hanging up, transferring."
    office.say("resume")
    office.say("consult", "1002")
    office.stand("held", "delivered")
    office.people("lift", "1002")
    _customer, consultation = office.stand("held", "connected")
    office.people("hangup", "1001")
    (left,) = office.stand("connected")
    assert left["id"] == consultation["id"]
    assert office.say("transfer", code=2)["error"]["code"] == "no_consultation"
    office.say("hangup")
    office.stand()


@pytest.mark.slow
def test_back_with_the_caller_the_command_line_connects_them(office: Office) -> None:
    customer, _consultation = office.asks()
    office.people("lift", "1002")
    office.stand("held", "connected")
    office.say("resume", customer["id"])
    office.stand("connected", "held")
    office.say("transfer")
    office.stand()
    (there,) = office.stand("connected", desk="1002")
    assert there["number"] == CUSTOMER


@pytest.mark.slow
def test_what_destroys_never_guesses_on_the_command_line_and_by_the_api(office: Office) -> None:
    office.people("call", "1001", "0388202020")
    office.stand("alerting")
    office.say("answer")
    office.people("call", "1001", "0353011010")
    one, two = office.stand("connected", "alerting")
    for error in (office.say("hangup", code=2)["error"], office.post("HangUp")["error"]):
        assert error["code"] == "call_ambiguous"
        shorts = [line.split()[0] for line in error["params"]["calls"].splitlines()]
        assert len(set(shorts)) == 2
    said = offhook(office.home, "hangup")
    assert said.returncode == 2
    assert all(short in said.stderr for short in shorts)
    refused = office.post("Hold", call=two["id"])["error"]
    assert (refused["kind"], refused["code"], refused["params"]["can"]) == (
        "Unsupported",
        "answer_first",
        "Answer HangUp Transfer",
    )
    assert [call["id"] for call in office.stand("connected", "alerting")] == [one["id"], two["id"]]
    office.say("hangup", shorts[1])
    (left,) = office.stand("connected")
    assert left["id"] == one["id"]


@pytest.mark.slow
def test_two_ordinary_calls_are_connected_by_the_api(office: Office) -> None:
    office.people("call", "1001", "0388202020")
    office.stand("alerting")
    office.post("Answer")
    office.stand("connected")
    office.post("Hold")
    office.stand("held")
    office.post("Dial", number="1002")
    office.stand("held", "delivered")
    office.people("lift", "1002")
    one, two = office.stand("held", "connected")
    assert ("CompleteTransfer" in one["can"], "CompleteTransfer" in two["can"]) == (False, True)
    assert "answer" in office.post("CompleteTransfer")
    office.stand()
    (there,) = office.stand("connected", desk="1002")
    assert there["number"] == CUSTOMER
