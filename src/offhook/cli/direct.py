"""``offhook dial`` without a board: the desk's own interface, dialled from here.

It runs on every click, so an interface that can dial without an event loop does so, step by step
(:class:`offhook.interface.Cold`); any other is opened for this one dial.
"""

import json
from argparse import Namespace
from collections.abc import Callable
from typing import NamedTuple

from offhook import catalogue, texts
from offhook.about import About
from offhook.cli.once import Asked, asked, once
from offhook.cli.target import alone
from offhook.dialling import rules_from
from offhook.errors import OffhookError, OutcomeUnknown, on
from offhook.installed import ANYTHING
from offhook.numbers import extension
from offhook.seed.folder import with_shared
from offhook.settings.places import home
from offhook.settings.values import Settings
from offhook.view import View


def dial(options: Namespace, settings: Settings, said: About) -> int:
    """Dial on the desk's own interface, or with ``--dry-run`` show what would be sent."""
    with on(said.name):
        if options.record:  # a record goes with a call on a switch; a program or an API takes a number
            raise alone(said, "PassRecord")
        this = asked(settings["desk.extension"], options.number, rules_from(settings.__getitem__))
        way = (_cold if said.cold else _warm)(said, settings, this)
        if options.dry_run:
            _show(way.sends, options, said.name)
            return 0
        once(this, [said.name, *way.sends], way.go, way.lasts)
    if options.json:
        answer = {
            "command": "Dial", "interface": said.name, "desk": this.desk, "number": this.digits,
        }  # fmt: skip
        print(json.dumps(answer | ({"call": call} if (call := way.call()) else {}), ensure_ascii=False))
    else:
        own = f"{said.name}/done.Dial"
        key = own if "done.Dial" in texts.catalogue(options.language, said.name) else "done.Dial"
        print(texts.say(key, options.language, number=options.number))
        if ext := extension(options.number):
            print(texts.say("cli.ext", options.language, ext=ext))
    return 0


class Way(NamedTuple):
    """What would be sent, what sends it, whether the call of the dial before is in progress, and this one's call."""

    sends: list[str]
    go: Callable[[], None]
    lasts: Callable[[], bool | None] | None = None
    call: Callable[[], str] = str


def _cold(said: About, settings: Settings, this: Asked) -> Way:
    """Prepare a dial without an event loop. The parameter file is read once, by the interface."""
    if not any(name.endswith(".file") for name in _own(said)):
        settings = with_shared(settings)
    made, view = catalogue.part(said, said.cold), View(said, settings.__getitem__)
    with catalogue.answering(said.name):
        cold = made(view, settings["desk.extension"], home())
        sent = cold.preview(this.digits)

    def go() -> None:
        try:
            cold.dial(this.digits)
        except ANYTHING as error:  # it may have been sent before the interface failed
            if isinstance(error, OffhookError):
                raise
            raise OutcomeUnknown("answer_lost", interface=said.name) from error

    return Way(sent, go)


def _own(said: About) -> list[str]:
    return [each.name for each in said.own()]


def _warm(said: About, settings: Settings, this: Asked) -> Way:
    """Prepare a dial on an interface that must be opened for it."""
    from offhook.cli.listen import WarmDial

    if "shared_folder" in said.uses:
        settings = with_shared(settings)
    line = WarmDial(settings, this)
    return Way(line.preview(), line.dial, line.lasts, lambda: line.call)


def _show(sent: list[str], options: Namespace, name: str) -> None:
    if options.json:
        print(json.dumps({"interface": name, "sends": sent}, ensure_ascii=False))
    else:
        print("\n\n".join(sent))
