"""The numbers in one cell of an export, whatever else stands there. No I/O.

A cell may hold several numbers, a label in front, an extension behind, a fax, a remark, or what a spreadsheet made of a
number. Nothing vanishes: what is no number comes back with the reason (specification sections 3 and 8).
"""

import re
import unicodedata
from dataclasses import dataclass, field

import phonenumbers

from offhook.directory.headings import is_fax, is_label
from offhook.directory.match import EXTENSION, is_short, key
from offhook.numbers import e164, is_figure

LONGEST_CELL = 2_000
"""Longest cell looked through for numbers, in characters; what is behind comes back as unread."""


@dataclass(slots=True)
class Cell:
    """What a cell holds: numbers as written, without labels; faxes; remarks; what was not read, and why."""

    numbers: list[str] = field(default_factory=list)
    faxes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)


_APART = re.compile(r"[\r\n\v\f|&]+|:::|;(?!\s*[a-z-]+=)|\b(?:ou|or|oder|et|and|und)\b", re.IGNORECASE)
"""What is always between two numbers, never within one."""
_DASHES = "\\-\u2010-\u2015\u2212"
_MAYBE_APART = re.compile(rf"(\s*[/\\]\s*|\s+[{_DASHES}]\s+)")
_RUN = re.compile(rf"[+(*#]*\d(?:[\s.()/\\*#·{_DASHES}]*\d)*[)*#]*")
_SIP = re.compile(r"sips?:\S+@\S+", re.IGNORECASE)
_GOES_ON = re.compile(rf"(?:\A|[\s,;(\[.]){EXTENSION}\Z", re.IGNORECASE)
_PAUSE = re.compile(r"[,pw]+", re.IGNORECASE)
_NUMBERING = re.compile(r"\s*[:)]")
_IN_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_NOTHING = re.compile(
    r"[-./x?]|--+|n/?a|#n/a|n\.?c\.?|n[eé]ant|aucun|none|null|keine|\(vide\)", re.IGNORECASE
)
_INTERNAL = re.compile(r"[1-9]\d{2,5}")
"""One of several internal numbers in a cell."""
_LONGEST_EXTENSION = 6
_LONGEST_PAUSED = 8
_LONGEST_NUMBERING = 2
_WORDS = 24
"""Most words between which a number is looked for to end."""


def numbers_in(text: str, country: str) -> Cell:
    """Return what is in a cell of a column of numbers; ``country`` is where a number without a prefix belongs."""
    plain = _as_typed(text)
    found = Cell()
    if _NOTHING.fullmatch(plain) or not plain.strip("0 "):
        return found
    if plain[LONGEST_CELL:].strip():
        found.unread.append((plain[LONGEST_CELL:], "rest"))
    for part in _APART.split(plain[:LONGEST_CELL]):
        _read_part(part.strip(" ,"), country, found)
    if any(not is_short(each) for each in found.numbers):  # "… / 21" is no number of its own
        found.unread += [(each, "rest") for each in found.numbers if is_short(each)]
        found.numbers = [each for each in found.numbers if not is_short(each)]
    if not (found.numbers or found.faxes or found.unread):
        return Cell(unread=[(plain, "no_number")])
    by_key = {key(each, country): each for each in reversed(found.numbers)}
    found.numbers = list(reversed(by_key.values()))
    return found


def hints_in(text: str, country: str) -> list[str]:
    """Return the numbers, as written, in free text such as a note; a fax's is none."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST_CELL])
    found = []
    end = 0
    for each in phonenumbers.PhoneNumberMatcher(plain, country, phonenumbers.Leniency.POSSIBLE):
        front, end = plain[end : each.start], each.end
        whole = each.raw_string.startswith(("0", "+")) or phonenumbers.is_valid_number(each.number)
        if whole and not is_short(each.raw_string) and not is_fax(front.rpartition(".")[2]):
            found.append(each.raw_string)
    return found


def _as_typed(text: str) -> str:
    """Undo what spreadsheets do so that text stays text (``="03…"``, ``'03…``), and drop what cannot be seen."""
    plain = unicodedata.normalize("NFKC", text).replace("\u00ad", "").strip()
    plain = "".join(each for each in plain if unicodedata.category(each) != "Cf").strip()
    if plain.startswith('="') and plain.endswith('"'):
        plain = plain[2:-1]
    return plain.strip("'\"’ ")


def _read_part(part: str, country: str, found: Cell) -> None:
    """Read what stands between two separators: numbers with their labels, extensions and remarks."""
    if is_figure(part.replace(" ", ""), country):
        found.unread.append((part, "figure"))
        return
    if _SIP.fullmatch(part):
        found.numbers += [part] if key(part, country) else []
        found.unread += [] if key(part, country) else [(part, "no_number_of")]
        return
    runs = list(_RUN.finditer(part))
    end = 0
    last: list[str] = []
    for index, run in enumerate(runs):
        after = runs[index + 1] if index + 1 < len(runs) else None
        front, end = part[end : run.start()], run.end()
        behind = part[end : after.start() if after else len(part)]
        if last and _goes_on(last[-1], front, run[0]):
            last[-1] += front + run[0]
            continue
        if len(run[0]) <= _LONGEST_NUMBERING and _NUMBERING.match(behind):
            continue
        front = _IN_BRACKETS.sub("", front, count=1) if last else front
        bracketed = _IN_BRACKETS.match(behind)
        behind = bracketed[1] if bracketed else "" if after else behind
        remarks = [each for each in (front, behind) if not is_label(each)]
        numbers, rest = _parted(run[0].strip(), country)
        if remarks and all(map(is_short, numbers)):  # "0800 CALL ME", "2 rue Kléber"
            numbers, rest = [], [*numbers, *rest]
        last = found.faxes if is_fax(front) or is_fax(behind) else found.numbers
        last += numbers
        last = last if numbers else []
        found.unread += [(each, "rest" if numbers else "no_number_of") for each in rest]
        found.remarks += remarks
    if not runs and not is_label(part):
        found.remarks.append(part)


def _goes_on(number: str, front: str, run: str) -> bool:
    """Say whether a run of digits behind a number is its extension, or what is dialled after a pause."""
    digits = sum(map(str.isdigit, run))
    if _PAUSE.fullmatch(front):
        return digits <= _LONGEST_PAUSED and not is_short(number)
    return digits <= _LONGEST_EXTENSION and bool(_GOES_ON.search(front))


def _parted(run: str, country: str) -> tuple[list[str], list[str]]:
    """Return the numbers in a run of digits, and what is left over.

    ``/`` and `` - `` are within a number as often as between two (``0201/123456``): two that are complete by themselves
    are two.
    """
    pieces = _MAYBE_APART.split(run)
    words = pieces[::2] if len(pieces) > 1 else run.split()
    if len(words) == 1 and run.isdecimal() and is_short(run):
        return words, []
    if all(_INTERNAL.fullmatch(each) for each in words) and not _is_complete(run, country):
        return words, []
    numbers: list[str] = []
    left: list[str] = []
    for separator, piece in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        left += [separator, piece] if left else [piece]
        if _is_complete("".join(left), country):
            numbers.append("".join(left))
            left = []
    if not left or _is_found(whole := "".join(left), country):
        return numbers + ([whole] if left else []), []
    found = [_by_blanks(each, country) for each in left[::2]]
    numbers += [each for more, _rest in found for each in more]
    return numbers, [each for _more, rest in found for each in rest] if numbers else [run]


def _by_blanks(text: str, country: str) -> tuple[list[str], list[str]]:
    """Return the numbers in a text that only blanks can part, and what is left over."""
    if _is_found(text, country):
        return [text], []
    words = text.split()
    ends = sorted(range(1, min(len(words), _WORDS)), key=lambda end: (words[end][0] not in "0+(", -end))
    for end in ends:
        first, begins = " ".join(words[:end]), words[0][0] in "0+(" and words[end][0] in "0+("
        if _is_complete(first, country) or (begins and _is_found(first, country)):
            numbers, rest = _by_blanks(" ".join(words[end:]), country)
            return [first, *numbers], rest
    return [], [text]


def _is_found(text: str, country: str) -> bool:
    """Say whether a caller could be found by a text."""
    return not is_short(text) and bool(key(text, country))


def _is_complete(text: str, country: str) -> bool:
    """Say whether a text is a number that nothing is missing from."""
    standard = e164(text, country) if not is_short(text) else ""
    return bool(standard) and phonenumbers.is_valid_number(phonenumbers.parse(standard))
