"""``offhook dial`` without a hub: the desk's own ``web`` or ``callto`` interface, dialled from here.

It runs on every click, so it takes the interface's steps without an event loop.
"""

import json
import os
import time
from argparse import Namespace
from typing import Any
from zlib import crc32

from offhook import texts
from offhook.dialling import rules_from
from offhook.errors import OffhookError, OutcomeUnknown, Refused, SettingsError, Unsupported, error_from_json
from offhook.numbers import read, shown
from offhook.settings.layers import Settings, home

DIRECT = ("callto", "web")
"""Interfaces that dial without a hub."""
DOUBLE_CLICK_S = 2.0


def dial(options: Namespace, settings: Settings) -> int:
    """Dial on the desk's own interface, or with ``--dry-run`` show what would be sent."""
    name = settings["interface"]
    number = read(options.number)
    if number.post_dial:
        raise Refused("number_post_dial", interface=name, number=shown(options.number), by=name)
    if options.record:  # a record goes with a call on a switch; a program or an API takes a number
        raise Unsupported("not_by_interface", interface=name, command="PassRecord", by=name)
    digits = rules_from(settings.__getitem__).of(number.digits)
    sent, go = _web(settings, digits) if name == "web" else _callto(settings, digits)
    if options.dry_run:
        _show(sent, options, name)
        return 0
    asked = f"{digits} {crc32(' '.join(sent).encode('utf-8', 'replace')):08x}"  # after a mended setting it is another
    with _Clicks(settings["desk.extension"]) as clicks:
        if clicks.is_second(asked):
            clicks.repeat_outcome()
        else:
            clicks.note(asked)
            try:
                go()
            except OutcomeUnknown as error:
                clicks.note(asked, error)
                raise
            except OffhookError:
                clicks.forget()  # nothing happened: the next click is a first one
                raise
    if options.json:
        answer = {"command": "Dial", "interface": name, "desk": settings["desk.extension"], "number": digits}
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print(texts.say(f"done.Dial.{name}", options.language, number=options.number))
    return 0


def _web(settings: Settings, digits: str):  # type: ignore[no-untyped-def]
    from offhook.interfaces.web.calling import account
    from offhook.settings.shared import web_file

    found = account(web_file(settings.__getitem__, home()), settings.__getitem__, home())
    return found.shown(digits), lambda: found.dial(digits)


def _callto(settings: Settings, digits: str):  # type: ignore[no-untyped-def]
    from offhook.interfaces.callto.command import order
    from offhook.transport.launch import check_no_loop, launch

    made = order(settings.__getitem__, digits)
    check_no_loop(made.words)  # before a second click is taken for the first one
    return [made.shown], lambda: launch(made.words, is_address=made.is_address, verb=made.verb)


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
        self._clicked = time.time()  # before waiting for a first click that is still on its way
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
            raise SettingsError("folder_unusable", path=home(), why=error.strerror or "") from None
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go."""
        os.close(self._file)

    def is_second(self, asked: str) -> bool:
        """Say whether this is the second half of a double click, by when it was clicked."""
        at = self._before.get("at")
        near = isinstance(at, float) and abs(self._clicked - at) < DOUBLE_CLICK_S
        return near and self._before.get("asked") == asked

    def repeat_outcome(self) -> None:
        """Say what became of the first click: raise its ``OutcomeUnknown``, if that is what it was."""
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
