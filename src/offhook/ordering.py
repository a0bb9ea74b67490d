"""What is decided about a dial before it goes out, alike for a line and for a dial without one. No I/O, no clock.

What is dialled for a number, the guard, how many a minute, and when a second dial is only the first one repeated
(specification section 3). It runs on every click, so it loads little.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from offhook import numbers
from offhook.dialling import Dialled, DialRules
from offhook.errors import Refused

if TYPE_CHECKING:
    from offhook.model import Dial

DOUBLE_CLICK_S = 2.0
"""A second dial of the same number within this time is the first one."""
A_MINUTE = timedelta(minutes=1)


def dialled(text: str, rules: DialRules | None) -> Dialled:
    """Return what is dialled for a number as a person writes it.

    Without ``rules``, what was typed: the other end has its own. Raises ``Refused`` for what is not a number, what
    the guard bars, and digits that would have to be sent after the answer.
    """
    number = numbers.read(text) if rules is None else rules.read(text)
    if number.post_dial:
        raise Refused("number_post_dial", number=numbers.shown(text))
    return Dialled(number.digits if rules is None else rules.of(number.digits))


def is_double(asked: str, at_s: float, before: str, before_s: float) -> bool:
    """Say whether a dial is the second half of a double click. ``before`` is what was dialled last, and when."""
    return asked == before and abs(at_s - before_s) < DOUBLE_CLICK_S


class Pace:
    """How many external dials a minute the guard allows on one line."""

    def __init__(self) -> None:
        self._at: deque[datetime] = deque()

    def check(self, digits: str, rules: DialRules, now: datetime) -> None:
        """Count a dial. Raises ``Refused`` where it is one too many; emergency and internal calls never are."""
        limit = rules.guard.per_minute
        if not limit or rules.is_emergency(digits) or rules.is_internal(digits):
            return
        while self._at and now - self._at[0] > A_MINUTE:
            self._at.popleft()
        if len(self._at) >= limit:
            raise Refused("guard_rate", number=numbers.shown(digits), limit=limit)
        self._at.append(now)


class Clicks:
    """The last dial of one line, so that the second half of a double click is known for what it is."""

    def __init__(self) -> None:
        self._last: tuple[str, datetime, Dial] | None = None

    def first_of(self, command: "Dial", now: datetime) -> "Dial | None":
        """Return the dial of which this is the second half; else ``None``, and note this one as the last."""
        typed = numbers.read(command.number).digits
        if self._last is not None:
            before, at, first = self._last
            if command.id != first.id and is_double(typed, now.timestamp(), before, at.timestamp()):
                return first
        self._last = (typed, now, command)
        return None

    def forget(self, cause: str) -> None:
        """Forget the dial of that id: nothing came of it, or its call is over. The next click is a first one."""
        if self._last is not None and self._last[2].id == cause:
            self._last = None
