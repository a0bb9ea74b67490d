"""A dial without a board goes once and at the guard's pace, however many processes dial from the desk.

A double click starts two processes. What a desk dialled last is in a file, which a process holds while it dials.
Times are seconds of the monotonic clock: every process of a machine reads the same one, and nobody sets it. It begins
anew when the machine does and stands still while it sleeps, so what was noted counts only while clock and time of day
have gone on together: in any doubt a dial goes.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

from offhook.dialling import Dialled, DialRules
from offhook.errors import OffhookError, OutcomeUnknown, SettingsError, error_from_json, reason
from offhook.ordering import DOUBLE_CLICK_S, Pace, dialled, is_double, typed
from offhook.settings.places import home

LOOK_AGAIN_S = 0.02
"""How often a process looks whether the other one has dialled, where it cannot just wait."""


class Asked(NamedTuple):
    """A dial: from which desk, the text somebody wrote, its digits, what is dialled for it and by which rules."""

    desk: str
    text: str
    typed: str
    digits: Dialled
    rules: DialRules

    @property
    def is_emergency(self) -> bool:
        """Whether it goes in any doubt: past guard, pace and lock."""
        return self.rules.is_emergency(self.typed)


def asked(desk: str, text: str, rules: DialRules) -> Asked:
    """Return the dial of a number as a person wrote it. Raises ``Refused`` as :func:`offhook.ordering.dialled` does."""
    return Asked(desk, text, typed(text, rules).digits, dialled(text, rules), rules)


def key_of(dial: Asked, sent: list[str]) -> str:
    """Return what tells this dial from others: the number and all that is sent, so that a mended setting dials anew."""
    return f"{dial.digits} {crc32(' '.join(sent).encode('utf-8', 'replace')):08x}"


def once(
    dial: Asked, sent: list[str], go: Callable[[], None], lasts: Callable[[], bool | None] | None = None
) -> bool:
    """Dial, unless this is the second half of a double click: it then has the outcome of the first. Says which.

    ``lasts`` says whether the call of the first is in progress at this moment, ``None`` where that is not known: then
    the time alone decides. Raises what ``go`` raises, and ``Refused`` where the guard's pace is exceeded.
    """
    key, clicked_s = key_of(dial, sent), time.monotonic()
    with contextlib.ExitStack() as stack:
        notes = _held(dial, key, clicked_s, stack)
        if notes is None:
            go()
            return True
        if notes.is_second(key, clicked_s) and _is_the_first(dial, notes, clicked_s, lasts):
            notes.repeat_outcome()
            return False
        pace = Pace(notes.at_s)
        pace.check(dial.typed, dial.rules, clicked_s)
        notes.write(key, clicked_s, pace.at_s)
        try:
            go()
        except OutcomeUnknown as error:
            notes.write(key, clicked_s, pace.at_s, error)
            raise
        except OffhookError:
            notes.write("", clicked_s, pace.at_s)  # nothing happened: the next click is a first one
            raise
        notes.write(key, clicked_s, pace.at_s, until_s=time.monotonic())
    return True


def over(dial: Asked, sent: list[str]) -> None:
    """Note that the call of a dial is over: the next one is a new call."""
    with contextlib.suppress(OSError), contextlib.closing(_Notes(dial.desk)) as notes:
        notes.hold()
        if notes.key == key_of(dial, sent):
            notes.write("", 0.0, notes.at_s)


def _held(dial: Asked, key: str, clicked_s: float, stack: contextlib.ExitStack) -> "_Notes | None":
    """Return the desk's notes, held. ``None`` for an emergency call that would have to wait or to fail for them.

    It waits for a moment where the process that holds them is dialling the very same.
    """
    try:
        notes = stack.enter_context(contextlib.closing(_Notes(dial.desk)))
        if not dial.is_emergency:
            notes.hold()
            return notes
        while not notes.hold(wait=False):
            late = time.monotonic() - clicked_s > DOUBLE_CLICK_S
            if late or not notes.is_second(key, clicked_s):
                return None
            time.sleep(LOOK_AGAIN_S)
    except OSError as error:
        if dial.is_emergency:
            return None
        raise SettingsError("folder_unusable", path=home(), why=reason(error)) from None
    return notes


def _is_the_first(
    dial: Asked, notes: "_Notes", clicked_s: float, lasts: Callable[[], bool | None] | None
) -> bool:
    """Say whether the dial noted is still the one meant: on its way at this click, or its call in progress."""
    if not dial.is_emergency:
        return lasts is None or lasts() is not False
    if notes.error or not notes.until_s:
        return False
    try:
        return notes.until_s >= clicked_s or (lasts is not None and lasts() is True)
    except OffhookError:
        return False


class _Notes:
    """What a desk dialled last, and when it dialled within the last minute."""

    def __init__(self, desk: str) -> None:
        plain = "".join(letter for letter in desk if letter.isalnum())
        os.makedirs(home(), mode=0o700, exist_ok=True)
        self._file = os.open(os.path.join(home(), f"dialled-{plain}"), os.O_RDWR | os.O_CREAT, 0o600)
        self._read()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def hold(self, *, wait: bool = True) -> bool:
        """Hold the file and read it; says whether it is held, which without ``wait`` it may not be."""
        held = _hold(self._file, wait=wait)
        self._read()
        return held

    def is_second(self, key: str, clicked_s: float) -> bool:
        """Say whether a dial comes within the time of a double click of the one noted."""
        return is_double(key, clicked_s, self.key, self._clicked_s)

    def repeat_outcome(self) -> None:
        """Raise the error of the dial noted, if it ended with one: also where its process ended before it was told."""
        if self.error:
            raise error_from_json(self.error)
        if not self.until_s:
            raise OutcomeUnknown("answer_lost")

    def write(
        self,
        key: str,
        clicked_s: float,
        at_s: list[float],
        error: OffhookError | None = None,
        until_s: float = 0.0,
    ) -> None:
        """Note a dial: what, when it was clicked, when it was accepted, its error, and the dials of the last minute."""
        words = {
            "key": key, "clicked_s": clicked_s, "until_s": until_s, "error": error.to_json() if error else None,
            "at_s": at_s, "begun_s": _begun_s(),
        }  # fmt: skip
        os.lseek(self._file, 0, os.SEEK_SET)
        os.ftruncate(self._file, os.write(self._file, json.dumps(words).encode()))

    def _read(self) -> None:
        """Read what is noted; what cannot be read, or is of before a restart or a sleep of the machine, is nothing."""
        os.lseek(self._file, 0, os.SEEK_SET)
        try:
            found: Any = json.loads(os.read(self._file, LONGEST))
        except ValueError:
            found = None
        words: dict[str, Any] = found if isinstance(found, dict) else {}
        if abs(_begun_s() - _seconds(words.get("begun_s"))) >= DOUBLE_CLICK_S:
            words = {}
        self.key, self.error = str(words.get("key", "")), words.get("error")
        self._clicked_s, self.until_s = _seconds(words.get("clicked_s")), _seconds(words.get("until_s"))
        at_s = words.get("at_s")
        self.at_s = [_seconds(each) for each in at_s] if isinstance(at_s, list) else []


LONGEST = 1 << 20
"""Longest notes read, in bytes."""


def _begun_s() -> float:
    """Return when the monotonic clock was at nought, by the time of day: another time after a restart or a sleep."""
    return time.time() - time.monotonic()


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _hold(file: int, *, wait: bool) -> bool:
    if os.name == "nt":
        import msvcrt

        os.lseek(
            file, LONGEST, os.SEEK_SET
        )  # it locks the byte one stands at, for readers too: none of the notes'
        while True:
            try:
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            except OSError:
                if not wait:
                    return False
                time.sleep(LOOK_AGAIN_S)
            else:
                return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
