"""Commands that follow what happens: ``listen`` and ``dial --wait``."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Callable

from offhook import catalogue, texts
from offhook.cli import colours
from offhook.cli.target import Target, is_served
from offhook.codec import dumps, encode_event, encode_news
from offhook.desk import Desk, Listening
from offhook.dialling import Dialled
from offhook.embed import clock, connect, own_line
from offhook.errors import OutcomeUnknown, Unsupported
from offhook.ids import new_command_id
from offhook.model import Dial, Ended, Event, HandedOver, LineBack, LineLost, Merged, News, Reason, Record
from offhook.ordering import dialled
from offhook.popup.choose import PopRules, Trigger
from offhook.seed.folder import with_shared
from offhook.settings.files import reading_alone
from offhook.settings.places import home, resolve
from offhook.settings.values import Settings
from offhook.thread import in_thread

LOST_S = 30.0
"""How long `dial --wait` waits for a lost line."""


def listen(options: Namespace) -> int:
    """``offhook listen``: everything that happens at the desk, until interrupted."""
    return asyncio.run(_listen(options))


def dial_and_wait(options: Namespace) -> int:
    """``offhook dial NUMBER --wait``: dial, follow the call to its end; 0 if it was answered, else 5.

    A number handed over to a program or service that tells no end is as good as answered.
    """
    return asyncio.run(_dial_and_wait(options))


Once = Callable[[list[str], str, str, Callable[[], None]], None]
"""Dials, unless it is the second half of a double click: by what is sent, the digits and the desk."""


def dial_and_wait_on_own_line(settings: Settings, options: Namespace, once: Once) -> int:
    """Open a desk's own line for one dial, and follow the call as :func:`dial_and_wait` does."""
    return asyncio.run(_on_own_line(with_shared(settings), options, once))


async def _listen(options: Namespace) -> int:
    settings = resolve({"desk.extension": options.desk, "interface": options.interface})
    if catalogue.about(settings["interface"]).applies_rules or is_served(settings):
        await _show_all(_desk(options), options)
        return 0
    settings = with_shared(settings)
    with reading_alone(home(), settings["desk.extension"]):
        rules = PopRules(Trigger(settings["pop.trigger"]))
        await _show_all(Desk([own_line(settings)], clock, rules=rules), options)
    return 0


def preview(settings: Settings, number: str, digits: Dialled) -> list[str]:
    """Return what a dial on a desk's own line would send. Raises what it would raise."""

    async def ask() -> list[str]:  # some interfaces can only be made inside a loop
        line = own_line(settings)
        with catalogue.answering(line.interface.about.name):
            return line.interface.preview(Dial(id=new_command_id(), number=number), line.device, digits)

    return asyncio.run(ask())


def dial_on_own_line(settings: Settings, number: str) -> None:
    """Open a desk's own line for one dial; returns when it is accepted."""

    async def go() -> None:
        with reading_alone(home(), settings["desk.extension"]):
            async with Desk([own_line(settings)], clock) as desk:
                await desk.send(Dial(id=new_command_id(), number=number))

    asyncio.run(go())


async def _show_all(desk: Desk, options: Namespace) -> None:
    with desk.news() as news:
        async with desk:
            async for each in news:
                show(each, options)


async def _dial_and_wait(options: Namespace) -> int:
    source, _colon, native = (options.record or "").partition(":")
    record = Record(source=source, id=native) if native else None
    desk = _desk(options)
    with desk.news() as news:
        async with desk:
            return await _to_its_end(await desk.dial(options.number, record), news, options)


async def _on_own_line(settings: Settings, options: Namespace, once: Once) -> int:
    line, extension = own_line(settings), settings["desk.extension"]
    name = line.interface.about.name
    if options.record:
        raise Unsupported("not_by_interface", command="PassRecord", by=name)
    digits = dialled(options.number, line.rules)
    with catalogue.answering(name):
        sends = line.interface.preview(Dial(id=new_command_id(), number=options.number), line.device, digits)
    with reading_alone(home(), extension):
        desk = Desk([line], clock)
        with desk.news() as news:
            async with desk:
                loop, calls = asyncio.get_running_loop(), list[str]()

                def go() -> None:
                    calls.append(asyncio.run_coroutine_threadsafe(desk.dial(options.number), loop).result())

                await in_thread(lambda: once([name, *sends], digits, extension, go))
                return await _to_its_end(calls[0], news, options) if calls else 0


async def _to_its_end(call: str, news: Listening[News], options: Namespace) -> int:
    """Show what happens to a call; returns what :func:`dial_and_wait` does.

    Raises ``OutcomeUnknown`` where the line is lost for too long.
    """
    lost_at: float | None = None
    while True:
        try:
            async with asyncio.timeout(None if lost_at is None else LOST_S):
                each = await anext(news)
        except TimeoutError:
            raise OutcomeUnknown("answer_lost") from None
        event = each.event
        lost_at = _lost(event, lost_at)
        if isinstance(event, Merged) and event.other == call:
            call = event.call
        if getattr(event, "call", call) != call:
            continue
        show(each, options)
        match event:
            case Ended():
                return 0 if event.reason is Reason.COMPLETED else 5
            case HandedOver():
                return 0


def _lost(event: Event, lost_at: float | None) -> float | None:
    """Return since when the line has been lost, if it is."""
    if isinstance(event, LineBack):
        return None
    return event.at.timestamp() if isinstance(event, LineLost) else lost_at


def _desk(options: Namespace) -> Desk:
    """Return the desk on the board that serves it."""
    target = Target(options.desk)
    at_hub = {"url": target.url, "token": target.token}
    resume = getattr(options, "resume", None)
    return connect(extension=target.extension, options=at_hub, resume=resume or "")


def show(news: News, options: Namespace) -> None:
    """Print an event: one JSON object on a line, with its call's snapshot, or a line for a person to read."""
    event = news.event
    if options.json:
        print(dumps(encode_news(news)), flush=True)
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
