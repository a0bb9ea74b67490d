"""What is decided about a dial before it goes out, alike for a line and for a dial without one. No I/O, no clock.

What is dialled for a number, the guard, how many a minute, and when a second dial is only the first one repeated
(specification section 3). It runs on every click, so it loads little.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from offhook import numbers
from offhook.dialling import Dialled, DialRules
from offhook.errors import Refused
from offhook.plans import SHORT_DIGITS

if TYPE_CHECKING:
    from offhook.model import Dial

DOUBLE_CLICK_S = 2.0
"""A second dial of the same number within this time is the first one."""
A_MINUTE_S = 60.0


def typed(text: str, rules: DialRules | None) -> numbers.Number:
    """Read a number as a person writes it, by the desk's rules where they are known. Raises ``Refused``."""
    return numbers.read(text) if rules is None else rules.read(text)


def dialled(text: str, rules: DialRules | None) -> Dialled:
    """Return what is dialled for a number as a person writes it.

    Without ``rules``, what was typed: the other end has its own. Raises ``Refused`` for what is not a number, what
    the guard bars, and digits that would have to be sent after the answer.
    """
    number = typed(text, rules)
    if number.post_dial:
        raise Refused("number_post_dial", number=numbers.shown(text))
    return Dialled(number.digits if rules is None else rules.of(number.digits))


def is_emergency(digits: str, rules: DialRules | None) -> bool:
    """Say whether it is an emergency number. Without ``rules`` to tell, every short number may be one."""
    return len(digits) <= SHORT_DIGITS if rules is None else rules.is_emergency(digits)


def is_double(asked: str, at_s: float, before: str, before_s: float) -> bool:
    """Say whether a dial comes as the second half of a double click. ``before`` is what was dialled last, and when."""
    return asked == before and abs(at_s - before_s) < DOUBLE_CLICK_S


class Pace:
    """How many external dials a minute the guard allows. ``at_s`` is when those of the last minute were made."""

    def __init__(self, at_s: Iterable[float] = ()) -> None:
        self.at_s = list(at_s)

    def check(self, digits: str, rules: DialRules, now_s: float) -> None:
        """Count a dial. Raises ``Refused`` where it is one too many; emergency and internal calls never are."""
        limit = rules.guard.per_minute
        if not limit or rules.is_emergency(digits) or not rules.leaves(digits):
            return
        self.at_s = [each for each in self.at_s if 0 <= now_s - each < A_MINUTE_S]
        if len(self.at_s) >= limit:
            raise Refused("guard_rate", number=numbers.shown(digits), limit=limit)
        self.at_s.append(now_s)


class Clicks:
    """The last dial of one line and what is known of it: the second half of a double click is known for what it is.

    A dial is on its way until :meth:`sent`. From the first event that it caused until its call is over or handed
    over, it is in progress. Times are in seconds of a clock that nobody sets.
    """

    def __init__(self) -> None:
        self._last: tuple[str, float, Dial] | None = None
        self._call = ""
        self._on_its_way = self._in_progress = False
        self._before: tuple[Any, ...] | None = None

    def first_of(self, command: "Dial", now_s: float, rules: DialRules | None) -> "Dial | None":
        """Return the dial of which this is the second half; else ``None``, and note this one as the last.

        An emergency call is the second half only of one that is known to be on its way or in progress. One that
        cannot be dialled is neither a first nor a second half.
        """
        try:
            asked: str = dialled(command.number, rules)
        except Refused:
            return None
        if self._is_last(command.id):
            self._before = None
            return None
        if self._last is not None:
            before, at_s, first = self._last
            emergency = is_emergency(typed(command.number, rules).digits, rules)
            certain = self._on_its_way or self._in_progress or not emergency
            if certain and is_double(asked, now_s, before, at_s):
                return first
        self._before = (self._last, self._call, self._on_its_way, self._in_progress)
        self._last, self._call = (asked, now_s, command), ""
        self._on_its_way, self._in_progress = True, False
        return None

    def take_back(self, command_id: str) -> None:
        """Note that what was taken for a click was none: the answer to an earlier command was asked for again."""
        if self._is_last(command_id) and self._before is not None:
            self._last, self._call, self._on_its_way, self._in_progress = self._before
            self._before = None

    def sent(self, command_id: str) -> None:
        """Note that the dial was sent, or may have been: what becomes of it is known by its call only."""
        if self._is_last(command_id):
            self._on_its_way = False

    def began(self, command_id: str, call: str) -> None:
        """Note the call that the dial brought about."""
        if self._is_last(command_id) and not self._call:
            self._call, self._in_progress = call, True

    def became(self, call: str, other: str) -> None:
        """Note that two calls became one, ``call``."""
        if other == self._call:
            self._call = call

    def doubt(self, call: str = "") -> None:
        """Note that nothing is known any more of the call, or of every call: the time alone decides."""
        if call in ("", self._call):
            self._in_progress = False

    def over(self, call: str) -> None:
        """Forget the dial whose call is over. The next click is a first one."""
        if call and call == self._call:
            self._last = None

    def forget(self, command_id: str) -> None:
        """Forget the dial: nothing came of it. The next click is a first one."""
        if self._is_last(command_id):
            self._last = None

    def _is_last(self, command_id: str) -> bool:
        return bool(command_id) and self._last is not None and self._last[2].id == command_id
