"""``offhook check --live``: the settings tried against the live server, and what was sent and came."""

import asyncio
import json
import sys
from argparse import Namespace
from typing import Any

from offhook import catalogue, texts
from offhook.about import About
from offhook.cli.once import Asked, asked, once
from offhook.cli.target import Target, is_served
from offhook.dialling import rules_from
from offhook.errors import Unsupported, error_from_json, on
from offhook.ids import new_command_id
from offhook.interface import Device, Interface, Probed
from offhook.model import Dial
from offhook.seed.folder import with_shared
from offhook.settings.files import reading_alone
from offhook.settings.places import home, resolve
from offhook.settings.values import Settings
from offhook.transport.http import request
from offhook.view import View


def live(options: Namespace) -> int:
    """Try what is set: through the hub or agent that runs here, else from here. Raises what became of it."""
    settings = resolve()
    said = catalogue.about(settings["interface"])
    if options.file:
        said, name = _reader_of_files(said)
        settings = resolve({name: options.file, "interface": said.name})
    elif said.applies_rules or is_served(settings):
        return _through_the_running(options)
    show = _Shown(options)
    with on(said.name):
        try:
            _from_here(options, said, settings, show)
        finally:
            show.finish()
    return 0


def _reader_of_files(said: About) -> tuple[About, str]:
    """Return the interface that reads a parameter file, by preference the one that is set, and the setting for it."""
    for each in (said, *catalogue.abouts().values()):
        names = (
            [own.name for own in each.own() if own.name.endswith(".file")] if isinstance(each, About) else []
        )
        if isinstance(each, About) and names:
            return each, names[0]
    raise Unsupported("not_by_interface", command="Snapshot", by=said.name)


def _from_here(options: Namespace, said: About, settings: Settings, show: "_Shown") -> None:
    settings = with_shared(settings) if "shared_folder" in said.uses else settings
    extension = settings["desk.extension"]
    dial = asked(extension, options.dial, rules_from(settings.__getitem__)) if options.dial else None
    with catalogue.answering(said.name):
        interface, device = catalogue.load(said.name).for_desk(extension, View(said, settings.__getitem__))
    if not isinstance(interface, Probed):
        raise Unsupported("not_by_interface", command="Snapshot", by=said.name)
    if options.events:
        show.note("check.live.taken")
        with reading_alone(home(), extension):
            _try(interface, device, dial, options, show)
    else:
        _try(interface, device, dial, options, show)


def _try(
    interface: Interface,
    device: Device,
    dial: Asked | None,
    options: Namespace,
    show: "_Shown",
) -> None:
    assert isinstance(interface, Probed)  # noqa: S101 - the caller has looked

    def go() -> None:
        with catalogue.answering(interface.about.name):
            asyncio.run(interface.probe(show.take, events=options.events, dial=dial.digits if dial else None))

    if dial is None:
        go()
        return
    sent = interface.preview(Dial(id=new_command_id(), number=dial.text), device, dial.digits)
    once(dial, [interface.about.name, *sent], go)


def _through_the_running(options: Namespace) -> int:
    """Ask the hub or agent that serves this desk: it has the line, and reads its events."""
    target, show = Target(None), _Shown(options)
    try:
        found = _asked("GET", target, f"/v1/desk/calls?desk={target.extension}")
        show.note(
            "check.live.up" if found["up"] else "check.live.lost", url=target.url, desk=target.extension
        )
        if options.events:
            show.note("check.live.read_there", url=target.url)
        if options.dial:
            body = {"number": options.dial, "dial": True}
            found = _asked("POST", target, f"/v1/test-dial?desk={target.extension}", body)
            for each in found["wire"] or found["sent"]:
                show.take(each)
            if found["error"]:
                raise error_from_json(found["error"])
    finally:
        show.finish()
    return 0


def _asked(method: str, target: Target, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = request(method, target.url, path, target.token, body)
    if "error" in answer and "wire" not in answer:
        raise error_from_json(answer["error"])
    return answer


class _Shown:
    """What is shown of a trial: line by line as it happens, or as one object at its end."""

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._wire: list[str] = []
        self._notes: list[str] = []

    def take(self, text: str) -> None:
        """Show what was sent or came."""
        self._wire.append(text)
        if not self._options.json:
            print(text, end="\n\n", flush=True)

    def note(self, key: str, **params: str) -> None:
        """Show a sentence about the trial."""
        self._notes.append(key.rpartition(".")[2])
        if not self._options.json:
            print(texts.say(key, self._options.language, **params), file=sys.stderr)

    def finish(self) -> None:
        """Show that nothing was exchanged, where that is so."""
        if not self._wire and not self._notes and sys.exc_info()[0] is None:
            self.note("check.live.nothing")
        if self._options.json:
            print(json.dumps({"wire": self._wire, "notes": self._notes}, ensure_ascii=False))
