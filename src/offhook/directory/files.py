"""Contacts from a CSV file, as an ERP, a mail program or a spreadsheet exports it.

Separator ``;`` ``,`` tab or ``|``; UTF-8, UTF-16 or Windows-1252. The headings are in the first row with a telephone
column (:mod:`offhook.directory.headings`); what stands above is passed over. No row stops the others: what cannot be
read is told with its line, and the rest is read.
"""

import csv
import io
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import phonenumbers

from offhook.directory.cells import hints_in, numbers_in
from offhook.directory.headings import Column, is_fax, labels, meanings
from offhook.directory.index import Index
from offhook.errors import SettingsError, reason
from offhook.model import LONGEST_WORD, Contact, Record, cleaned

MOST_NUMBERS = 20
"""Most numbers of one contact, and most of its hints."""
LONGEST_NOTE = 1_000
LONGEST_LINE = 1_000_000
"""Longest line read, in characters; a longer one is passed over."""
MOST_LINES = 100
"""Most lines of one row: a quotation mark that is still open there was no beginning of a cell."""
HEADING_LINES = 20
"""How many lines may stand above the headings."""
MOST_LISTED = 12
"""How many headings an error names."""
READING = 2
"""Raised whenever the same file would be read otherwise, so that it is read again."""

log = logging.getLogger(__name__)


class Told(NamedTuple):
    """What happened to a row: ``code`` names the sentence, ``column`` is a heading or ``""``, ``text`` what is meant.

    ``lost``: something that stood in the file is not in the directory.
    """

    line: int
    code: str
    column: str = ""
    text: str = ""
    lost: bool = True


class _Row(NamedTuple):
    line: int
    cells: list[str]


def read_csv(
    path: Path, source: str, country: str = "FR", tell: Callable[[Told], None] | None = None
) -> Iterator[Contact]:
    """Yield a file's contacts under the record source ``source``; ``tell`` gets what happened to a row.

    ``country`` is what a number without a prefix belongs to. Raises ``SettingsError`` for a file that cannot be
    read, or that has no telephone column.
    """
    with Export(path, source, country, tell) as export:
        yield from export


class Export:
    """A CSV file while it is read: its headings at once, then one contact after the other, in bounded memory.

    Raises what :func:`read_csv` raises. ``columns`` are the headings, each with what it means; ``counted`` has
    ``rows``, ``empty``, ``contacts``, ``numbers``, ``faxes``, ``hints``, ``warnings`` and ``lost``, so far.
    """

    def __init__(
        self, path: Path, source: str, country: str, tell: Callable[[Told], None] | None = None
    ) -> None:
        self.path, self.source, self.country = path, source, country
        self.columns: tuple[tuple[str, Column], ...] = ()
        self.counted: Counter[str] = Counter()
        self._reader = tell
        self._ids: set[int] = set()
        self._lines = _Lines(path)
        try:
            self.separator, headings = self._headings()
        except BaseException:
            self._lines.close()
            raise
        found = meanings(headings)
        self.columns = tuple(zip(headings, found, strict=True))
        self._where = {each: [at for at, was in enumerate(found) if was is each] for each in Column}
        self._labels = labels(headings, found)

    @property
    def encoding(self) -> str:
        """The encoding as far as the file has been read: ``UTF-8``, ``Windows-1252``, …"""
        return self._lines.encoding

    @property
    def done(self) -> float:
        """How much of the file has been read: 0 to 1."""
        return self._lines.done

    def __iter__(self) -> Iterator[Contact]:
        """Yield the contacts of the rows below the headings."""
        for row in self._rows():
            self.counted["rows"] += 1
            if not any(cell.strip() for cell in row.cells):
                self.counted["empty"] += 1
                continue
            row = self._whole(row)
            if self._is_asleep(row):
                self._tell(row.line, "asleep", text=self._first(row, Column.ID), lost=False)
                continue
            self.counted["contacts"] += 1
            yield self._contact(row)

    def __enter__(self) -> Self:
        """Close the file at the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the file."""
        self._lines.close()

    def _tell(
        self, line: int, code: str, at: int | None = None, text: str = "", *, lost: bool = True
    ) -> None:
        self.counted["lost" if lost else "warnings"] += 1
        if self._reader is not None:
            column = "" if at is None else self.columns[at][0]
            self._reader(Told(line, code, column, cleaned(" ".join(text.split()), 60), lost))

    def _headings(self) -> tuple[str, list[str]]:
        """Find the headings and with them the separator; every line up to them is consumed."""
        seen: list[str] = []
        while self._lines.number < HEADING_LINES and (line := self._lines.next()) is not None:
            if line[:4].lower() == "sep=":
                continue
            separator = max("\t;,|", key=re.sub(r'"[^"]*"', "", line).count)
            cells = [" ".join(each.split()) for each in self._row(line, self._lines.number, separator).cells]
            if Column.NUMBER in meanings(cells):
                return separator, cells
            seen = max(seen, [each for each in cells if each], key=len)
        listed = [cleaned(each, 40) for each in seen[:MOST_LISTED]] + ["…"] * (len(seen) > MOST_LISTED)
        raise SettingsError("directory_headings", path=str(self.path), headings="\n".join(listed) or "…")

    def _rows(self) -> Iterator[_Row]:
        while (line := self._lines.next()) is not None:
            if len(line) >= LONGEST_LINE:
                self._tell(self._lines.number, "line_too_long", text=line[:60])
            else:
                yield self._row(line, self._lines.number, self.separator)

    def _row(self, first: str, number: int, separator: str) -> _Row:
        """Return the row that begins with a line: with the next ones, where a cell in quotation marks goes on."""
        text = first
        more: list[str] = []
        while '"' in text and _is_open(text, separator):
            line = self._lines.next() if len(more) < MOST_LINES and len(text) < LONGEST_LINE else None
            if line is None:
                self._lines.put_back(more)
                self._tell(number, "quote_open", text=first, lost=False)
                return _Row(number, [cell.strip(' "') for cell in first.rstrip("\r\n").split(separator)])
            more.append(line)
            text += line
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        try:
            return _Row(number, next(rows, []))
        except csv.Error:  # a cell of more than 131,072 characters
            self._tell(number, "line_too_long", text=first[:60])
            return _Row(number, [])

    def _whole(self, row: _Row) -> _Row:
        """Return a row with a cell for each heading, and tell where it had more or fewer."""
        line, cells = row
        beyond = [each for each in cells[len(self.columns) :] if each.strip()]
        if beyond:
            self._tell(line, "row_long", text=self.separator.join(beyond))
        if len(cells) < len(self.columns):
            self._tell(line, "row_short", text=str(len(cells)), lost=False)
        return _Row(line, (cells + [""] * len(self.columns))[: len(self.columns)])

    def _is_asleep(self, row: _Row) -> bool:
        """Say whether a column marks the row as out of use, or as its owner's alone."""
        return any(_YES.fullmatch(row.cells[at].strip()) for at in self._where[Column.ASLEEP]) or any(
            _NO.fullmatch(row.cells[at].strip()) for at in self._where[Column.AWAKE]
        )

    def _contact(self, row: _Row) -> Contact:
        numbers, remarks = self._numbers(row)
        first, last, contact = (
            self._first(row, each) for each in (Column.FIRST, Column.LAST, Column.CONTACT)
        )
        name = contact or " ".join(filter(None, (first, last)))
        company = self._first(row, Column.COMPANY)
        hints = self._hints(row)
        notes = [self._text(row, at, LONGEST_NOTE) for at in self._where[Column.NOTE]]
        native = self._first(row, Column.ID)
        self._notice_again(row, native)
        title = company or name or next(iter(numbers), "")
        return Contact(
            record=Record(source=self.source, id=native or str(row.line), title=title),
            name=name,
            company=company,
            kind=self._first(row, Column.KIND),
            city=self._first(row, Column.CITY),
            email=self._first(row, Column.EMAIL),
            note=" · ".join(filter(None, [*notes, *remarks])),
            numbers=numbers,
            hints=hints,
        )

    def _notice_again(self, row: _Row, native: str) -> None:
        """Tell an identifier that another row has, too: two contacts of one record. Costs 75 bytes a row, if told."""
        if native and self._reader is not None:
            if hash(native) in self._ids:
                self._tell(row.line, "again", self._where[Column.ID][0], native, lost=False)
            self._ids.add(hash(native))

    def _first(self, row: _Row, meaning: Column) -> str:
        """Return the first text of a row that has a meaning."""
        return next(filter(None, (self._text(row, at) for at in self._where[meaning])), "")

    def _text(self, row: _Row, at: int, longest: int = LONGEST_WORD) -> str:
        """Return the text of a cell, and tell where it does not stay whole."""
        text = " ".join(row.cells[at].split())
        if len(text) > longest:
            self._tell(row.line, "cut", at, text)
        text = cleaned(text, longest)
        if "\ufffd" in text:
            self._tell(row.line, "letters", at, text)
        return text

    def _numbers(self, row: _Row) -> tuple[tuple[str, ...], list[str]]:
        """Return a row's numbers, and the cells that say something besides."""
        found: dict[str, int] = {}
        remarks: list[str] = []
        for at in self._where[Column.NUMBER]:
            if not row.cells[at].strip():
                continue
            cell = numbers_in(row.cells[at], self.country)
            if at in self._labels and is_fax(row.cells[self._labels[at]]):
                cell.faxes, cell.numbers = cell.faxes + cell.numbers, []
            for text, why in cell.unread:
                self._tell(row.line, why, at, text)
            for text in cell.faxes:
                self.counted["faxes"] += 1
                self._tell(row.line, "fax", at, text, lost=False)
            remarks += [cleaned(" ".join(row.cells[at].split()))] if cell.remarks else []
            found |= {cleaned(each): at for each in cell.numbers if cleaned(each) not in found}
        for text, at in list(found.items())[MOST_NUMBERS:]:
            self._tell(row.line, "too_many", at, text)
        self.counted["faxes"] += sum(1 for at in self._where[Column.FAX] if row.cells[at].strip())
        kept = tuple(found)[:MOST_NUMBERS]
        self.counted["numbers"] += len(kept)
        return kept, remarks

    def _hints(self, row: _Row) -> tuple[str, ...]:
        texts = (row.cells[at] for at in self._where[Column.NOTE])
        found = [
            each for text in texts if _MAYBE_NUMBER.search(text) for each in hints_in(text, self.country)
        ]
        hints = tuple(cleaned(each) for each in found[:MOST_NUMBERS])
        self.counted["hints"] += len(hints)
        return hints


_YES = re.compile(r"-?1|oui|yes|true|vrai|ja|wahr|x", re.IGNORECASE)
_NO = re.compile(r"0|non|no|false|faux|nein|falsch", re.IGNORECASE)
_MAYBE_NUMBER = re.compile(r"\d(?:\D{0,3}\d){6}")


def _is_open(text: str, separator: str) -> bool:
    """Say whether a cell that began with a quotation mark has not ended."""
    begins = rf"(?:\A|{re.escape(separator)}) *"
    return bool(re.search(rf'{begins}"', re.sub(rf'({begins})"(?:[^"]|"")*"', r"\1", text)))


class _Lines:
    """A file's lines as text, whatever its encoding, one at a time.

    UTF-8 is the rule; a line that is none is Windows-1252, which reads every byte.
    """

    def __init__(self, path: Path) -> None:
        self.number = 0
        self._path = path
        self._back: list[str] = []
        self._kinds: Counter[str] = Counter()
        try:
            self._file: BinaryIO = path.open("rb")
            self._size = os.fstat(self._file.fileno()).st_size
            encoding, self._bom = _begins(self._file.peek(64))
        except OSError as error:
            raise _unreadable(path, error) from None
        self._wide = encoding != "utf-8"
        errors = "replace" if self._wide else "surrogateescape"
        encoding = "utf-8-sig" if self._bom and not self._wide else encoding
        self._text = io.TextIOWrapper(self._file, encoding, errors, newline="")

    @property
    def encoding(self) -> str:
        if self._wide:
            return "UTF-16"
        usual = "UTF-8 (BOM)" if self._bom else "UTF-8"
        if self._kinds["Windows-1252"] and not (self._bom or self._kinds["UTF-8"]):
            return "Windows-1252"
        return f"{usual} + Windows-1252" if self._kinds["Windows-1252"] else usual

    @property
    def done(self) -> float:
        return min(1.0, self._file.tell() / self._size) if self._size else 1.0

    def next(self) -> str | None:
        """Return the next line with its end; ``None`` behind the last."""
        if self._back:
            line = self._back.pop()
        else:
            try:
                line = self._decoded(self._text.readline(LONGEST_LINE))
                rest = line
                while len(rest) >= LONGEST_LINE and not rest.endswith(("\n", "\r")):
                    rest = self._text.readline(LONGEST_LINE)
            except OSError as error:
                raise _unreadable(self._path, error) from None
        self.number += 1 if line else 0
        return line or None

    def put_back(self, lines: list[str]) -> None:
        """Give lines back, to be had again."""
        self._back += reversed(lines)
        self.number -= len(lines)

    def close(self) -> None:
        self._text.close()

    def _decoded(self, line: str) -> str:
        if line.isascii() or self._wide:
            return line
        try:
            line.encode("utf-8")
            kind = "UTF-8"
        except UnicodeEncodeError:
            line = line.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
            kind = "Windows-1252"
        self._kinds[kind] += 1
        return line


def _begins(head: bytes) -> tuple[str, bool]:
    """Return the encoding that a file's first bytes tell, and whether a byte-order mark does."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", True
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8", True
    if b"\0" in head[:2]:
        return ("utf-16-be" if head[:1] == b"\0" else "utf-16-le"), False
    return "utf-8", False


def _unreadable(path: Path, error: OSError) -> SettingsError:
    return SettingsError("directory_unreadable", path=str(path), why=reason(error))


def fill(index: Index, path: Path | None) -> None:
    """Make the directory what a CSV file says, with the file's name as its source; ``None``: empty.

    A file that is the same as last time is not read again. Raises what :func:`read_csv` raises.
    """
    for gone in set(index.sources()) - {path.stem if path else ""}:
        index.replace_source(gone, ())
    if path is None or index.sources().get(path.stem) == (stamp := _stamp(path, index.country)):
        return
    with Export(path, path.stem, index.country) as export:
        index.replace_source(path.stem, export, stamp)
        if export.counted["lost"]:
            log.warning(
                "%s: %d cells or rows could not be read; `offhook directory check` names them",
                path.name,
                export.counted["lost"],
            )


def _stamp(path: Path, country: str) -> str:
    """Return a stamp that is the same as long as the file's contacts would be indexed the same; never ``""``."""
    try:
        state = path.stat()
    except OSError:
        return "missing"
    return (
        f"{READING} {path.resolve()} {state.st_size} {state.st_mtime_ns} {country} {phonenumbers.__version__}"
    )
