"""``offhook directory check``: what a file of contacts holds, before a hub reads it."""

import json
import sys
import time
from argparse import Namespace
from pathlib import Path

from offhook import texts
from offhook.directory.files import Export, Told
from offhook.directory.headings import Column
from offhook.settings.places import resolve

COUNTED = ("rows", "empty", "contacts", "numbers", "faxes", "hints", "warnings", "lost")
BAR_AFTER_S = 1.0
BAR_EVERY_S = 0.2
BAR_WIDTH = 30


def directory(options: Namespace) -> int:
    """Print what each column is read as, each row that loses something, the totals; exit code 1 where one does.

    Nothing is written. What is found is printed as it is found, so a file may be of any length. Raises
    ``SettingsError`` for a file without a telephone column.
    """
    country = resolve({"country": options.country})["country"]
    report = (_OneObject if options.json else _Prose)(options, country)
    bar = _Bar()
    path = Path(options.file)

    def tell(told: Told) -> None:
        bar.clear()
        report.told(told, len(export.columns))

    with Export(path, path.stem, country, tell) as export:
        report.begins(export)
        for _contact in export:
            bar.shows(export.done)
        bar.clear()
        report.ends(export)
        return 1 if export.counted["lost"] else 0


class _Prose:
    """The report as lines for people."""

    def __init__(self, options: Namespace, country: str) -> None:
        self._path, self._language, self._country = options.file, options.language, country

    def begins(self, export: Export) -> None:
        separator = (
            texts.say("cli.directory.tab", self._language) if export.separator == "\t" else export.separator
        )
        print(self._say("cli.directory.separator", separator=separator))
        named = [
            (self._name(number, heading), meaning)
            for number, (heading, meaning) in enumerate(export.columns, 1)
        ]
        for heading, meaning in named:
            if meaning is not Column.UNKNOWN:
                what = texts.say(f"directory.meaning.{meaning.name.lower()}", self._language)
                print(self._say("cli.directory.column", heading=heading, meaning=what))
        ignored = [heading for heading, meaning in named if meaning is Column.UNKNOWN]
        if ignored:
            print(self._say("cli.directory.ignored", headings="\n".join(ignored)))

    def told(self, told: Told, columns: int) -> None:
        level = texts.say("check.level.error" if told.lost else "check.level.warning", self._language)
        column = f"{told.column}: " if told.column else ""
        print(
            f"{self._path}:{told.line}: {level}: {column}{sentence(told, columns, self._country, self._language)}"
        )

    def ends(self, export: Export) -> None:
        counted = {each: export.counted[each] for each in COUNTED}
        print(self._say("cli.directory.summary", encoding=export.encoding, **counted))

    def _name(self, number: int, heading: str) -> str:
        return heading or texts.say("cli.directory.unnamed", self._language, number=number)

    def _say(self, key: str, **params: object) -> str:
        return texts.say(key, self._language, path=self._path, **params)


class _OneObject:
    """The report as one JSON object, written while the file is read."""

    def __init__(self, options: Namespace, country: str) -> None:
        self._path, self._language, self._country = options.file, options.language, country
        self._between = ""

    def begins(self, export: Export) -> None:
        columns = [{"heading": heading, "meaning": meaning or None} for heading, meaning in export.columns]
        head = {
            "file": self._path,
            "separator": export.separator,
            "country": self._country,
            "columns": columns,
        }
        print(json.dumps(head, ensure_ascii=False)[:-1], end=', "findings": [')

    def told(self, told: Told, columns: int) -> None:
        level = "error" if told.lost else "warning"
        text = sentence(told, columns, self._country, self._language)
        found = {
            "line": told.line,
            "level": level,
            "code": told.code,
            "column": told.column,
            "cell": told.text,
            "text": text,
        }
        print(self._between, json.dumps(found, ensure_ascii=False), sep="", end="")
        self._between = ", "

    def ends(self, export: Export) -> None:
        tail = {"encoding": export.encoding} | {each: export.counted[each] for each in COUNTED}
        print("], " + json.dumps(tail, ensure_ascii=False)[1:])


def sentence(told: Told, columns: int, country: str, language: str) -> str:
    """Return what happened to a row, in the reader's language."""
    return texts.say(
        f"directory.told.{told.code}", language, text=told.text, columns=columns, country=country
    )


class _Bar:
    """How much of a long file has been read, on a terminal, from the second second on."""

    def __init__(self) -> None:
        self._next = time.monotonic() + BAR_AFTER_S if sys.stderr.isatty() else float("inf")
        self._is_shown = False

    def shows(self, done: float) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + BAR_EVERY_S
            full = round(done * BAR_WIDTH)
            print(
                f"\r[{'#' * full}{'.' * (BAR_WIDTH - full)}] {done:4.0%}", end="", file=sys.stderr, flush=True
            )
            self._is_shown = True

    def clear(self) -> None:
        if self._is_shown:
            print(f"\r{' ' * (BAR_WIDTH + 8)}\r", end="", file=sys.stderr, flush=True)
            self._is_shown = False
