"""Commands that follow what happens: ``listen`` and ``dial --wait``."""

import asyncio
import sys
from argparse import Namespace

from offhook import texts
from offhook.cli import colours
from offhook.cli.target import Target
from offhook.codec import dumps, encode_event
from offhook.desk import Desk
from offhook.embed import clock, connect, own_line
from offhook.errors import OutcomeUnknown
from offhook.model import Ended, Event, LineBack, LineLost, Reason, Record
from offhook.popup.choose import PopRules, Trigger
from offhook.settings.alone import reading_alone
from offhook.settings.layers import home, resolve

LOST_S = 30.0
"""How long `dial --wait` waits for a lost line."""


def listen(options: Namespace) -> int:
    """``offhook listen``: everything that happens at the desk, until interrupted."""
    return asyncio.run(_listen(options))


def dial_and_wait(options: Namespace) -> int:
    """``offhook dial NUMBER --wait``: dial, follow the call to its end; 0 if it was answered, else 5."""
    return asyncio.run(_dial_and_wait(options))


async def _listen(options: Namespace) -> int:
    settings = resolve({"desk.extension": options.desk, "interface": options.interface})
    if settings["interface"] == "hub":
        await _show_all(_desk(options), options)
        return 0
    settings = resolve({"desk.extension": options.desk, "interface": options.interface}, shared=True)
    with reading_alone(home(), settings["desk.extension"]):
        await _show_all(
            Desk([own_line(settings)], clock, rules=PopRules(Trigger(settings["pop.trigger"]))), options
        )
    return 0


async def _show_all(desk: Desk, options: Namespace) -> None:
    with desk.events() as events:
        async with desk:
            async for event in events:
                show(event, options)


async def _dial_and_wait(options: Namespace) -> int:
    source, _colon, native = (options.record or "").partition(":")
    record = Record(source=source, id=native) if native else None
    desk = _desk(options)
    with desk.events() as events:
        async with desk:
            call = await desk.dial(options.number, record)
            lost_at: float | None = None
            while True:
                try:
                    async with asyncio.timeout(None if lost_at is None else LOST_S):
                        event = await anext(events)
                except TimeoutError:
                    raise OutcomeUnknown("answer_lost", interface="hub") from None
                lost_at = _lost(event, lost_at)
                if getattr(event, "call", call) != call:
                    continue
                show(event, options)
                if isinstance(event, Ended):
                    return 0 if event.reason is Reason.COMPLETED else 5


def _lost(event: Event, lost_at: float | None) -> float | None:
    """Return since when the line is lost, if it is."""
    if isinstance(event, LineBack):
        return None
    return event.at.timestamp() if isinstance(event, LineLost) else lost_at


def _desk(options: Namespace) -> Desk:
    target = Target(options.desk)
    resume = getattr(options, "resume", None)
    after = "" if resume is None else str(resume)
    return connect("hub", extension=target.extension, url=target.url, token=target.token, resume=after)


def show(event: Event, options: Namespace) -> None:
    """Print an event: one JSON object on a line, or a line a person reads."""
    if options.json:
        print(dumps(encode_event(event)), flush=True)
        return
    dim, plain = ("\033[2m", "\033[0m") if colours(sys.stdout) else ("", "")
    print(f"{dim}{event.at.astimezone():%H:%M:%S}{plain}  {_sentence(event, options.language)}", flush=True)


def _sentence(event: Event, language: str) -> str:
    words = encode_event(event)
    number = words.get("number") or words.get("to") or words.get("slot") or ""
    if isinstance(event, Ended):
        number = texts.say(f"reason.{event.reason}", language)
    contacts = words.get("contacts") or [{}]
    who = contacts[0].get("company") or contacts[0].get("name") or words.get("name") or ""
    kind = (
        texts.say(f"party.{words['party']}", language)
        if words.get("party") in ("hidden", "unreadable")
        else ""
    )
    name = texts.say(f"event.{type(event).__name__}", language)
    return "  ".join(part for part in (name, number, kind, who) if part)
