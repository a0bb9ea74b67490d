"""The directory on this machine: contacts in SQLite, found by number and by name.

Numbers are indexed under their key (:func:`offhook.directory.match.key`), so a caller is found by one
index look-up however many contacts there are. Names are searched as people type them: any part of any
word, accents and capitals alike.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from offhook.codec import contact_from_json, contact_to_json
from offhook.directory.match import key, main_number_keys, matched, ranked
from offhook.errors import SettingsError
from offhook.model import Contact, Kind, Party

SCHEMA_VERSION = 1
MOST_MATCHES = 50
"""How many contacts with the same number are looked at: nobody reads more on a card."""
_SCHEMA = """
CREATE TABLE contact (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, native TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (source, native)
);
CREATE TABLE number (key TEXT NOT NULL, contact INTEGER NOT NULL REFERENCES contact ON DELETE CASCADE);
CREATE INDEX number_key ON number (key);
CREATE INDEX number_contact ON number (contact);
CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = "unicode61 remove_diacritics 2", prefix = "1 2 3");
"""


class Index:
    """An indexed directory in one file, or in memory. Safe to use from several threads."""

    def __init__(self, path: Path | None = None, country: str = "FR") -> None:
        self.country = country
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            self._db.close()
            raise SettingsError("store_newer", path=str(path), version=version, known=SCHEMA_VERSION)
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def replace_source(self, source: str, contacts: Iterable[Contact]) -> int:
        """Put a source's contacts in place of those it gave before, all or nothing; returns how many."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                old = [
                    row[0] for row in self._db.execute("SELECT id FROM contact WHERE source = ?", (source,))
                ]
                self._db.executemany("DELETE FROM words WHERE rowid = ?", [(each,) for each in old])
                self._db.execute("DELETE FROM contact WHERE source = ?", (source,))
                count = sum(1 for contact in contacts if self._add(contact))
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            return count

    def by_party(self, party: Party) -> tuple[Contact, ...]:
        """Return everybody with that party's number, best first; else who has its main number."""
        if not party.number or party.kind in (Kind.HIDDEN, Kind.UNREADABLE):
            return ()
        wanted = key(party.number, self.country)
        found = [matched(contact, party.number, exact=True) for contact in self._under(wanted)]
        for main in main_number_keys(wanted) if not found else ():
            found = [matched(contact, main, exact=False) for contact in self._under(main)]
            if found:
                break
        return ranked(found)

    def search(self, text: str, limit: int = 50) -> tuple[Contact, ...]:
        """Return contacts with every word of ``text`` in name, company, city or number; all for ``""``."""
        words = "".join(character if character.isalnum() else " " for character in text).split()
        with self._lock:
            if not words:
                rows = self._db.execute("SELECT body FROM contact ORDER BY id LIMIT ?", (limit,)).fetchall()
            else:
                query = " ".join(f'"{word}"*' for word in words[:8])
                rows = self._db.execute(
                    "SELECT body FROM words JOIN contact ON contact.id = words.rowid"
                    " WHERE words MATCH ? ORDER BY rank LIMIT ?",
                    (query, limit),
                ).fetchall()
        return tuple(contact_from_json(json.loads(row[0])) for row in rows)

    def __len__(self) -> int:
        """Return how many contacts there are."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM contact").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the file."""
        self.close()

    def _add(self, contact: Contact) -> bool:
        body: dict[str, Any] = contact_to_json(contact)
        row = self._db.execute(
            "INSERT INTO contact (source, native, body) VALUES (?, ?, ?)",
            (contact.record.source, contact.record.id, json.dumps(body, ensure_ascii=False)),
        ).lastrowid
        keys = {key(number, self.country) for number in contact.numbers} - {""}
        self._db.executemany(
            "INSERT INTO number (key, contact) VALUES (?, ?)", [(each, row) for each in keys]
        )
        digits = ["".join(filter(str.isdigit, number)) for number in contact.numbers]
        text = " ".join([contact.name, contact.company, contact.city, contact.record.id, *digits])
        self._db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row, text))
        return True

    def _under(self, wanted: str) -> list[Contact]:
        with self._lock:
            rows = self._db.execute(
                "SELECT body FROM number JOIN contact ON contact.id = number.contact WHERE key = ? LIMIT ?",
                (wanted, MOST_MATCHES),
            ).fetchall()
        return [contact_from_json(json.loads(row[0])) for row in rows]
