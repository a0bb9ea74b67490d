"""Commands that follow what happens: ``listen`` and ``dial --wait``."""

import asyncio
import contextlib
import itertools
import sys
from argparse import Namespace
from contextlib import AbstractContextManager

from offhook import catalogue, texts
from offhook.cli import colours
from offhook.cli.once import Asked, asked, once, over
from offhook.cli.target import Target, alone, is_served
from offhook.codec import dumps, encode_event, encode_news
from offhook.desk import Desk, Listening
from offhook.embed import clock, connect, own_line
from offhook.errors import OutcomeUnknown, Unavailable
from offhook.ids import new_command_id
from offhook.line import Line
from offhook.model import Dial, Ended, Event, HandedOver, LineBack, LineLost, Merged, News, Reason, Record
from offhook.popup.choose import PopRules, Trigger
from offhook.seed.folder import with_shared
from offhook.settings.files import reading_alone
from offhook.settings.places import home, resolve
from offhook.settings.values import Settings
from offhook.thread import in_thread

LOST_S = 30.0
"""How long `dial --wait` waits for a lost line."""
PREVIEWED = "0" * 24
"""The id of a command that is shown and never sent: two dials of one number look alike."""
SOON_S = 3.0
NOW_AND_THEN_S = 30.0
"""When `listen` says that a line is not heard: the first time, and from then on as long as it is so."""
HEARD_WITHIN_S = 1.0
"""How long a dial that was accepted waits to hear of its call."""


def listen(options: Namespace) -> int:
    """``offhook listen``: everything that happens at the desk, until interrupted."""
    return asyncio.run(_listen(options))


def dial_and_wait(options: Namespace) -> int:
    """``offhook dial NUMBER --wait``: dial, follow the call to its end; 0 if it was answered, else 5.

    A number handed over to a program or service that tells no end is as good as answered.
    """
    return asyncio.run(_dial_and_wait(options))


def dial_and_wait_on_own_line(settings: Settings, options: Namespace) -> int:
    """Open a desk's own line for one dial, and follow the call as :func:`dial_and_wait` does."""
    return asyncio.run(_on_own_line(with_shared(settings), options))


async def _listen(options: Namespace) -> int:
    settings = resolve({"desk.extension": options.desk, "interface": options.interface})
    if catalogue.about(settings["interface"]).applies_rules or is_served(settings):
        await _show_all(_desk(options), options)
        return 0
    settings = with_shared(settings)
    with reading_alone(home(), settings["desk.extension"]):
        line, rules = own_line(settings), PopRules(Trigger(settings["pop.trigger"]))
        _remark("cli.listen.own", options, name=settings["interface"], where=_origin(settings, options))
        await _show_all(Desk([line], clock, rules=rules), options)
    return 0


def _origin(settings: Settings, options: Namespace) -> str:
    """Return what says which interface counts: a file and its line, a variable, an option."""
    return "--interface" if options.interface else settings.origin("interface")


def _remark(key: str, options: Namespace, **words: str) -> None:
    """Say something beside what is told: to whoever looks on, not to whoever reads the output."""
    print(texts.say(key, options.language, **words), file=sys.stderr, flush=True)


class WarmDial:
    """A desk's own line, opened for one dial. ``call`` is the call's id once it is dialled, where it is heard of."""

    def __init__(self, settings: Settings, this: Asked) -> None:
        self.call = ""
        self._settings = settings
        self._this = this

    def preview(self) -> list[str]:
        """Return what would be sent. Raises what dialling would raise."""

        async def ask() -> list[str]:  # some interfaces can only be made inside a loop
            return _previewed(own_line(self._settings), self._this)

        return asyncio.run(ask())

    def dial(self) -> None:
        """Dial; returns when it is accepted and the call is heard of, or might have been."""

        async def go() -> None:
            with _alone(self._this):
                async with Desk([own_line(self._settings)], clock) as desk:
                    cause = await desk.send(Dial(id=new_command_id(), number=self._this.text))
                    self.call = await desk.call_of(cause, HEARD_WITHIN_S)

        asyncio.run(go())

    def lasts(self) -> bool | None:
        """Say whether a call to that number is in progress, by the line's own account; see :func:`once`."""

        async def look() -> bool | None:
            with _alone(self._this):
                line = own_line(self._settings)
                async with Desk([line], clock) as desk:
                    return _is_in_progress(desk, line, self._this)

        try:
            return asyncio.run(look())
        except Unavailable as error:
            if error.code == "line_in_use":  # by whoever dialled it, and follows it
                return True
            raise


def _alone(this: Asked) -> AbstractContextManager[None]:
    """Be the only one on the desk's line for a block; an emergency call asks nobody."""
    return contextlib.nullcontext() if this.is_emergency else reading_alone(home(), this.desk)


def _previewed(line: Line, this: Asked) -> list[str]:
    with catalogue.answering(line.interface.about.name):
        return line.interface.preview(Dial(id=PREVIEWED, number=this.text), line.device, this.digits)


def _is_in_progress(desk: Desk, line: Line, this: Asked) -> bool | None:
    """Say whether a call to the number dialled is open; ``None`` on a line that does not tell the end of its calls.

    A call that came in from that number is none.
    """
    if HandedOver in line.interface.emits:
        return None
    return any(this.digits in (call.dialled, call.party.raw) for call in desk.calls if not call.rang)


async def _show_all(desk: Desk, options: Namespace) -> None:
    watching = asyncio.ensure_future(_watch(desk, options))
    try:
        with desk.news() as news:
            async with desk:
                async for each in news:
                    show(each, options)
    finally:
        watching.cancel()


async def _watch(desk: Desk, options: Namespace) -> None:
    """Say of each line that it is not heard: after a moment, and again now and then."""
    for pause_s in itertools.chain((SOON_S,), itertools.repeat(NOW_AND_THEN_S)):
        await asyncio.sleep(pause_s)
        down = {name: line.why_down for name, line in desk.lines.items() if not line.table.up}
        for name, why in down.items():
            _remark("cli.listen.down", options, line=name, why=why or "line_lost")


async def _dial_and_wait(options: Namespace) -> int:
    source, _colon, native = (options.record or "").partition(":")
    record = Record(source=source, id=native) if native else None
    desk = _desk(options)
    with desk.news() as news:
        async with desk:
            return await _to_its_end(await desk.dial(options.number, record), news, options)


async def _on_own_line(settings: Settings, options: Namespace) -> int:
    line = own_line(settings)
    name = line.interface.about.name
    if options.record:
        raise alone(line.interface.about, "PassRecord")
    assert line.rules is not None  # noqa: S101 - the other end has them only where a board is
    this = asked(settings["desk.extension"], options.number, line.rules)
    sent = [name, *_previewed(line, this)]
    try:
        with _alone(this):
            return await _followed(Desk([line], clock), line, this, sent, options)
    except Unavailable as error:
        if error.code != "line_in_use":
            raise
        busy = error

    def go() -> None:
        raise busy

    once(this, sent, go, lambda: True)  # by whoever dialled it a moment ago, and follows it
    return 0


async def _followed(desk: Desk, line: Line, this: Asked, sent: list[str], options: Namespace) -> int:
    with desk.news() as news:
        async with desk:
            loop, calls = asyncio.get_running_loop(), list[str]()

            def go() -> None:
                calls.append(asyncio.run_coroutine_threadsafe(desk.dial(this.text), loop).result())

            await in_thread(lambda: once(this, sent, go, lambda: _is_in_progress(desk, line, this)))
            if not calls:
                return 0
            try:
                return await _to_its_end(calls[0], news, options)
            finally:
                if desk.lines[line.name].table.ended(calls[0]) and HandedOver not in line.interface.emits:
                    over(this, sent)


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
                said = texts.say("cli.dial.handed_over", options.language)
                print(said, file=sys.stderr if options.json else sys.stdout, flush=True)
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
