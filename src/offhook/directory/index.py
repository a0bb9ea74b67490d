"""The directory on this machine: contacts in SQLite, found by number and by name.

Numbers are indexed under their key (:func:`offhook.directory.match.key`), so a caller is found by one
index look-up however many contacts there are. Names are searched as people type them: any part of any
word, accents and capitals alike.
"""

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from offhook import numbers, storage
from offhook.codec import contact_from_json, contact_to_json
from offhook.directory.match import key, main_number_keys, matched, ranked
from offhook.model import Contact, Party, PartyKind

MOST_MATCHES = 50
"""How many contacts with the same number are looked at: nobody reads more than that on a card."""
LONG_ENOUGH = 3
"""Words with fewer letters are in too many names to look for the best matches."""
STEPS = (
    """
    CREATE TABLE source (name TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE contact (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, native TEXT NOT NULL, body TEXT NOT NULL,
        UNIQUE (source, native)
    );
    CREATE TABLE number (key TEXT NOT NULL, contact INTEGER NOT NULL REFERENCES contact ON DELETE CASCADE);
    CREATE INDEX number_key ON number (key);
    CREATE INDEX number_contact ON number (contact);
    CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = "unicode61 remove_diacritics 2", prefix = "1 2 3");
    """,
    """
    DROP TABLE number;
    DROP TABLE contact;
    DROP TABLE source;
    DELETE FROM words;
    CREATE TABLE source (name TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE contact (id INTEGER PRIMARY KEY, source TEXT NOT NULL, body TEXT NOT NULL);
    CREATE INDEX contact_source ON contact (source);
    CREATE TABLE number (
        key TEXT NOT NULL, contact INTEGER NOT NULL REFERENCES contact ON DELETE CASCADE, hint INTEGER NOT NULL
    );
    CREATE INDEX number_key ON number (key);
    CREATE INDEX number_contact ON number (contact);
    """,
)
"""The steps from each version of the file to the next."""
_FOUND = "SELECT body FROM words JOIN contact ON contact.id = words.rowid WHERE words MATCH ? {order} LIMIT ?"
_FIRST, _BEST = _FOUND.format(order=""), _FOUND.format(order="ORDER BY rank")


class Index:
    """An indexed directory in one file, or in memory. Safe to use from several threads.

    ``country`` is what a number without a prefix belongs to. In a file, a look-up waits neither for a search nor for
    an import: it has a connection of its own. Raises ``SettingsError`` for a file of a newer version.
    """

    def __init__(self, path: Path | None, country: str) -> None:
        self.country = country
        self._writing, self._searching, self._looking_up = (
            threading.Lock(),
            threading.Lock(),
            threading.Lock(),
        )
        self._db = storage.opened(path, STEPS, any_thread=True)
        self._db.execute("PRAGMA foreign_keys = ON")
        if path is None:
            self._searching = self._looking_up = self._writing
            self._search_db = self._look_up_db = self._db
        else:
            self._search_db, self._look_up_db = (
                storage.opened(path, STEPS, any_thread=True) for _each in "12"
            )
        numbers.get_ready(country)

    def sources(self) -> dict[str, str]:
        """Return the sources there are, each with the ``stamp`` its contacts came with."""
        with self._looking_up:
            return dict(self._look_up_db.execute("SELECT name, stamp FROM source"))

    def replace_source(self, source: str, contacts: Iterable[Contact], stamp: str = "") -> int:
        """Put a source's contacts in place of those it gave before, all or nothing; returns how many.

        ``stamp`` tells the reader next time whether there is anything new to read; a source without any
        contact is forgotten.
        """
        with self._writing:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                old = [
                    row[0] for row in self._db.execute("SELECT id FROM contact WHERE source = ?", (source,))
                ]
                self._db.executemany("DELETE FROM words WHERE rowid = ?", [(each,) for each in old])
                self._db.execute("DELETE FROM contact WHERE source = ?", (source,))
                count = sum(1 for contact in contacts if self._add(source, contact))
                self._db.execute("DELETE FROM source WHERE name = ?", (source,))
                if count:
                    self._db.execute("INSERT INTO source (name, stamp) VALUES (?, ?)", (source, stamp))
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            return count

    def by_party(self, party: Party) -> tuple[Contact, ...]:
        """Return everybody with that party's number, best first; else whoever has its main number."""
        if not party.number or party.kind in (PartyKind.HIDDEN, PartyKind.UNREADABLE):
            return ()
        wanted = key(party.number, self.country)
        if not wanted.startswith("+") and party.kind is not PartyKind.INTERNAL:
            return ()  # too few digits to be anybody's but a colleague's
        found = self._under(wanted, party.number)
        for main in main_number_keys(wanted) if not any(each.exact for each in found) else ():
            companies = [each for each in self._under(main, main, exact=False) if not each.hint]
            if companies:
                found += companies
                break
        return ranked(found)

    def search(self, text: str, limit: int = 50) -> tuple[Contact, ...]:
        """Return contacts with every word of ``text`` in name, company, city or number; all for ``""``.

        The best come first, unless a word is so short that half the directory has it: then the first found.
        """
        words = "".join(character if character.isalnum() else " " for character in text).split()[:8]
        query = _BEST if all(len(word) >= LONG_ENOUGH for word in words) else _FIRST
        with self._searching:
            if not words:
                rows = self._search_db.execute(
                    "SELECT body FROM contact ORDER BY id LIMIT ?", (limit,)
                ).fetchall()
            else:
                asked = " ".join(f'"{word}"*' for word in words)
                rows = self._search_db.execute(query, (asked, limit)).fetchall()
        return tuple(contact_from_json(json.loads(row[0])) for row in rows)

    def __len__(self) -> int:
        """Return how many contacts there are."""
        with self._looking_up:
            return int(self._look_up_db.execute("SELECT count(*) FROM contact").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        for database in {self._look_up_db, self._search_db, self._db}:
            database.close()

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the file."""
        self.close()

    def _add(self, source: str, contact: Contact) -> bool:
        body: dict[str, Any] = contact_to_json(contact)
        row = self._db.execute(
            "INSERT INTO contact (source, body) VALUES (?, ?)", (source, json.dumps(body, ensure_ascii=False))
        ).lastrowid
        keys = {key(number, self.country): 1 for number in contact.hints}
        keys |= {key(number, self.country): 0 for number in contact.numbers}
        self._db.executemany(
            "INSERT INTO number (key, contact, hint) VALUES (?, ?, ?)",
            [(each, row, hint) for each, hint in keys.items() if each],
        )
        digits = ["".join(filter(str.isdigit, number)) for number in (*contact.numbers, *contact.hints)]
        text = " ".join([contact.name, contact.company, contact.city, contact.record.id, *digits])
        self._db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row, text))
        return True

    def _under(self, wanted: str, number: str, *, exact: bool = True) -> list[Contact]:
        with self._looking_up:
            rows = self._look_up_db.execute(
                "SELECT body, hint FROM number JOIN contact ON contact.id = number.contact WHERE key = ?"
                " ORDER BY hint LIMIT ?",
                (wanted, MOST_MATCHES),
            ).fetchall()
        return [
            matched(contact_from_json(json.loads(body)), number, exact=exact, hint=bool(hint))
            for body, hint in rows
        ]
