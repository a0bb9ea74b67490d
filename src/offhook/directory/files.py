"""Contacts from a CSV file, as an ERP or a spreadsheet exports it.

Separator ``,`` ``;`` or tab, UTF-8 (with or without a byte-order mark) or else Windows-1252. Columns are
known by their heading, in French or English; any other column is ignored.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import phonenumbers

from offhook.directory.index import Index
from offhook.errors import SettingsError, reason
from offhook.model import Contact, Record, cleaned

MOST_NUMBERS = 20

HEADINGS = {
    "id": ("id", "code", "code tiers", "tiers", "numéro"),
    "name": ("name", "contact", "nom", "nom du contact"),
    "company": ("company", "société", "societe", "raison sociale", "entreprise"),
    "kind": ("kind", "type", "nature"),
    "city": ("city", "ville"),
    "email": ("email", "e-mail", "mél", "mel", "courriel"),
    "note": ("note", "remarque", "commentaire"),
}
NUMBER_HEADINGS = (
    "phone",
    "tel",
    "tél",
    "téléphone",
    "telephone",
    "mobile",
    "portable",
    "standard",
    "ligne directe",
)


def read_csv(path: Path, source: str) -> Iterator[Contact]:
    """Yield the file's contacts under the record source ``source``.

    Raises ``SettingsError`` naming the file, and the line if one is wrong; a file that cannot be read
    completely gives nothing.
    """
    text = _text(path)
    sample = text.partition("\n")[0]
    separator = max(",;\t", key=sample.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    columns = {name: _columns(rows.fieldnames or (), known) for name, known in HEADINGS.items()}
    numbers = _columns(rows.fieldnames or (), NUMBER_HEADINGS)
    if not numbers or not (columns["name"] or columns["company"]):
        raise SettingsError("directory_unreadable", path=f"{path}:1", why="headings")
    found = []
    seen: set[str] = set()
    for row in rows:
        values: dict[str, Any] = {name: _first(row, each) for name, each in columns.items()}
        native = values.pop("id") or str(rows.line_num)
        if native in seen:
            raise SettingsError("directory_unreadable", path=f"{path}:{rows.line_num}", why=f"id {native}")
        seen.add(native)
        title = values["company"] or values["name"]
        kept = tuple(cleaned(row[each].strip()) for each in numbers if (row[each] or "").strip())[
            :MOST_NUMBERS
        ]
        found.append(Contact(record=Record(source=source, id=native, title=title), numbers=kept, **values))
    yield from found


def fill(index: Index, path: Path | None) -> None:
    """Make the directory what a CSV file says, with the file's name as its source; ``None``: empty.

    A file that is the same as last time is not read again. Raises what :func:`read_csv` raises.
    """
    for gone in set(index.sources()) - {path.stem if path else ""}:
        index.replace_source(gone, ())
    if path is not None and index.sources().get(path.stem) != (stamp := _stamp(path, index.country)):
        index.replace_source(path.stem, read_csv(path, path.stem), stamp)


def _stamp(path: Path, country: str) -> str:
    """Return a stamp that is the same as long as the file's contacts would be indexed the same; never ``""``."""
    try:
        state = path.stat()
    except OSError:
        return "missing"
    return f"{path.resolve()} {state.st_size} {state.st_mtime_ns} {country} {phonenumbers.__version__}"


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError("directory_unreadable", path=str(path), why=reason(error)) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _columns(headings: object, known: tuple[str, ...]) -> list[str]:
    """Return the headings that mean one of ``known``, in the file's order."""
    names = [str(heading) for heading in headings] if isinstance(headings, list | tuple) else []
    return [name for name in names if name.strip().lower().rstrip(" 0123456789") in known]


def _first(row: dict[str, str], columns: list[str]) -> str:
    return next((cleaned(row[column].strip()) for column in columns if (row[column] or "").strip()), "")
