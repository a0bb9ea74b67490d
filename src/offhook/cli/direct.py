"""``offhook dial`` without a board: the desk's own interface, dialled from here.

It runs on every click, so an interface that can dial without an event loop does so, step by step
(:class:`offhook.interface.Cold`); any other is opened for this one dial.
"""

import json
import os
import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any
from zlib import crc32

from offhook import catalogue, texts
from offhook.about import About
from offhook.dialling import Dialled, rules_from
from offhook.errors import (
    OffhookError,
    OutcomeUnknown,
    SettingsError,
    Unsupported,
    error_from_json,
    on,
    reason,
)
from offhook.installed import ANYTHING
from offhook.ordering import dialled, is_double
from offhook.seed.folder import with_shared
from offhook.settings.places import home
from offhook.settings.values import Settings
from offhook.view import View


def dial(options: Namespace, settings: Settings, said: About) -> int:
    """Dial on the desk's own interface, or with ``--dry-run`` show what would be sent."""
    with on(said.name):
        digits = dialled(options.number, rules_from(settings.__getitem__))
        if options.record:  # a record goes with a call on a switch; a program or an API takes a number
            raise Unsupported("not_by_interface", command="PassRecord", by=said.name)
        sent, go = (_cold if said.cold else _warm)(said, settings, digits, options)
        if options.dry_run:
            _show(sent, options, said.name)
            return 0
        once([said.name, *sent], digits, settings["desk.extension"], go)
    if options.json:
        answer = {
            "command": "Dial", "interface": said.name, "desk": settings["desk.extension"], "number": digits,
        }  # fmt: skip
        print(json.dumps(answer, ensure_ascii=False))
    else:
        own = f"{said.name}/done.Dial"
        key = own if "done.Dial" in texts.catalogue(options.language, said.name) else "done.Dial"
        print(texts.say(key, options.language, number=options.number))
    return 0


Prepared = tuple[list[str], Callable[[], None]]
"""What would be sent, and what sends it."""


def _cold(said: About, settings: Settings, digits: Dialled, _options: Namespace) -> Prepared:
    """Prepare a dial without an event loop. The parameter file is read once, by the interface."""
    if not any(name.endswith(".file") for name in _own(said)):
        settings = with_shared(settings)
    made, view = catalogue.part(said, said.cold), View(said, settings.__getitem__)
    with catalogue.answering(said.name):
        cold = made(view, settings["desk.extension"], home())
        sent = cold.preview(digits)

    def go() -> None:
        try:
            cold.dial(digits)
        except ANYTHING as error:  # it may have been sent before the interface failed
            if isinstance(error, OffhookError):
                raise
            raise OutcomeUnknown("answer_lost", interface=said.name) from error

    return sent, go


def _own(said: About) -> list[str]:
    return [each.name for each in said.own()]


def _warm(said: About, settings: Settings, digits: Dialled, options: Namespace) -> Prepared:
    """Prepare a dial on an interface that must be opened for it."""
    from offhook.cli.listen import dial_on_own_line, preview

    if "shared_folder" in said.uses:
        settings = with_shared(settings)
    return preview(settings, options.number, digits), lambda: dial_on_own_line(settings, options.number)


def once(sent: list[str], digits: str, extension: str, go: Callable[[], None]) -> None:
    """Dial, unless this is the second half of a double click: it then has the outcome of the first."""
    asked = f"{digits} {crc32(' '.join(sent).encode('utf-8', 'replace')):08x}"  # a mended setting makes it a new dial
    with _Clicks(extension) as clicks:
        if clicks.is_second(asked):
            clicks.repeat_outcome()
            return
        clicks.note(asked)
        try:
            go()
        except OutcomeUnknown as error:
            clicks.note(asked, error)
            raise
        except OffhookError:
            clicks.forget()  # nothing happened: the next click is a first one
            raise


def _show(sent: list[str], options: Namespace, name: str) -> None:
    if options.json:
        print(json.dumps({"interface": name, "sends": sent}, ensure_ascii=False))
    else:
        print("\n\n".join(sent))


class _Clicks:
    """The last number dialled from this desk and its outcome, in a file: a double click starts two processes."""

    def __init__(self, extension: str) -> None:
        plain = "".join(letter for letter in extension if letter.isalnum())
        self._path = os.path.join(home(), f"dialled-{plain}")
        self._clicked = time.time()  # before waiting for a first click still under way
        self._file = -1
        self._before: dict[str, Any] = {}

    def __enter__(self) -> "_Clicks":
        """Hold the file: the second click waits for the first one's outcome."""
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            _hold(self._file)
            found = json.loads(os.read(self._file, 4000) or b"{}")
            self._before = found if isinstance(found, dict) else {}
        except ValueError:
            self._before = {}
        except OSError as error:
            raise SettingsError("folder_unusable", path=home(), why=reason(error)) from None
        return self

    def __exit__(self, *_error: object) -> None:
        """Release the file."""
        os.close(self._file)

    def is_second(self, asked: str) -> bool:
        """Say whether this is the second half of a double click, by when it was clicked."""
        at = self._before.get("at")
        before = str(self._before.get("asked"))
        return isinstance(at, float) and is_double(asked, self._clicked, before, at)

    def repeat_outcome(self) -> None:
        """Repeat the outcome of the first click: raise its ``OutcomeUnknown``, if that is what it was."""
        if self._before.get("error"):
            raise error_from_json(self._before["error"])

    def note(self, asked: str, error: OffhookError | None = None) -> None:
        """Note what is dialled now, and what became of it."""
        self._write({"at": self._clicked, "asked": asked, "error": error.to_json() if error else None})

    def forget(self) -> None:
        """Take the note back."""
        self._write({})

    def _write(self, value: dict[str, Any]) -> None:
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        os.write(self._file, json.dumps(value).encode())


def _hold(file: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
