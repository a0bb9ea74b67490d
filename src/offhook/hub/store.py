"""What must outlive a crash of the hub: each desk's events, open calls and commands, in one SQLite file.

Nothing is handed to a desk before it is committed here, and a command's id is noted, on the disk, before the
command goes to the switch. A kill loses nothing. A power cut may take the last moments' events: the log then
gets another name, so that no desk takes a number it knows for one it has.
"""

import contextlib
import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from offhook.codec import decode_call, dumps, encode_call, encode_command, encode_event
from offhook.errors import (
    OffhookError,
    OutcomeUnknown,
    ProtocolError,
    SettingsError,
    Unreachable,
    error_from_json,
)
from offhook.interface import REPEATED_WITHIN
from offhook.model import Call, Command, Ended, Event, HandedOver

SCHEMA_VERSION = 1
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SCHEMA = """
CREATE TABLE about (log TEXT NOT NULL, boot TEXT NOT NULL, clean INTEGER NOT NULL);
CREATE TABLE event (
    desk TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, ended TEXT, cause TEXT, body TEXT NOT NULL,
    PRIMARY KEY (desk, seq)
) WITHOUT ROWID;
CREATE INDEX event_at ON event (at);
CREATE TABLE last (desk TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE call (desk TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (desk, id)) WITHOUT ROWID;
CREATE TABLE command (
    desk TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, done INTEGER NOT NULL, error TEXT,
    body TEXT NOT NULL, PRIMARY KEY (desk, id)
) WITHOUT ROWID;
"""

log = logging.getLogger(__name__)

Noted = tuple[str, Event]
"""A desk and something that happened there."""


class Store:
    """The hub's memory. ``path`` ``None`` keeps it in this process only."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            os.close(os.open(path, os.O_CREAT, 0o600))  # who called whom is nobody else's business
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            self._db.close()
            raise SettingsError("store_newer", path=str(path), version=version, known=SCHEMA_VERSION)
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
            self._db.execute("INSERT INTO about (log, boot, clean) VALUES ('', '', 0)")
        self.log = self._opened()
        self._last: dict[str, int] = dict(self._db.execute("SELECT desk, seq FROM last").fetchall())

    def _opened(self) -> str:
        """Return the log's name: a new one where a power cut may have taken its last moments."""
        log, boot, clean = self._db.execute("SELECT log, boot, clean FROM about").fetchone()
        if not log or not (clean or (boot and boot == _boot())):
            log = os.urandom(8).hex()
        self._durably("UPDATE about SET log = ?, boot = ?, clean = 0", (log, _boot()))
        return str(log)

    def _durably(self, statement: str, values: tuple[object, ...]) -> None:
        """Write what must survive a power cut, too: on the disk before this returns."""
        self._db.execute("PRAGMA synchronous = FULL")
        try:
            self._db.execute(statement, values)
        finally:
            self._db.execute("PRAGMA synchronous = NORMAL")

    def append(
        self, happened: Iterable[Noted], open_calls: Mapping[str, Sequence[Call]], now: datetime
    ) -> list[tuple[str, int, str]]:
        """Commit what happened and the calls now open at the desks concerned, all or nothing.

        Returns for each event its desk, its sequence number there and its JSON text.
        """
        last = dict(self._last)
        written: list[tuple[str, int, str]] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for desk, event in happened:
                last[desk] = last.get(desk, 0) + 1
                written.append((desk, last[desk], self._insert(desk, last[desk], event, now)))
            for desk, calls in open_calls.items():
                self._db.execute(
                    "INSERT OR REPLACE INTO last (desk, seq) VALUES (?, ?)", (desk, last.get(desk, 0))
                )
                self._db.execute("DELETE FROM call WHERE desk = ?", (desk,))
                self._db.executemany(
                    "INSERT INTO call (desk, id, body) VALUES (?, ?, ?)",
                    [(desk, call.id, dumps(encode_call(call))) for call in calls],
                )
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._last = last
        return written

    def _insert(self, desk: str, seq: int, event: Event, now: datetime) -> str:
        body = dumps(encode_event(event) | {"seq": seq})
        ended = event.call if isinstance(event, Ended | HandedOver) else None
        self._db.execute(
            "INSERT INTO event (desk, seq, at, ended, cause, body) VALUES (?, ?, ?, ?, ?, ?)",
            (desk, seq, now.timestamp(), ended, event.cause or None, body),
        )
        return body

    def last(self, desk: str) -> int:
        """Return the sequence number of the desk's newest event, 0 before the first."""
        return self._last.get(desk, 0)

    def since(self, desk: str, seq: int, limit: int = 200) -> list[tuple[int, str]]:
        """Return the desk's next events after ``seq``: number and JSON text."""
        return self._db.execute(
            "SELECT seq, body FROM event WHERE desk = ? AND seq > ? ORDER BY seq LIMIT ?", (desk, seq, limit)
        ).fetchall()

    def oldest(self, desk: str) -> int:
        """Return the number of the oldest event kept; one past the newest where none is."""
        found = self._db.execute("SELECT min(seq) FROM event WHERE desk = ?", (desk,)).fetchone()[0]
        return int(found) if found is not None else self.last(desk) + 1

    def open_calls(self, desk: str) -> list[Call]:
        """Return the calls that were open at the desk."""
        found = []
        for (body,) in self._db.execute("SELECT body FROM call WHERE desk = ?", (desk,)).fetchall():
            try:
                found.append(decode_call(json.loads(body)))
            except (ProtocolError, ValueError):
                log.warning("a call kept for the desk %s cannot be read and is left out", desk)
        return found

    def ended_calls(self, desk: str) -> list[str]:
        """Return the calls that ended at the desk as far back as events are kept."""
        rows = self._db.execute(
            "SELECT ended FROM event WHERE desk = ? AND ended IS NOT NULL", (desk,)
        ).fetchall()
        return [row[0] for row in rows]

    def forget(self, now: datetime, keep_s: float, keep_events: int) -> None:
        """Drop events that are too old or too many, oldest first, and commands older than ten minutes."""
        for desk, last in self._last.items():
            old = self._db.execute(
                "SELECT max(seq) FROM event WHERE desk = ? AND at < ?", (desk, now.timestamp() - keep_s)
            ).fetchone()[0]
            cut = max(old or 0, last - keep_events)
            self._db.execute("DELETE FROM event WHERE desk = ? AND seq <= ?", (desk, cut))
        self._db.execute("DELETE FROM command WHERE at < ?", ((now - REPEATED_WITHIN).timestamp(),))

    def close(self) -> None:
        """Close the file; what it holds is on the disk."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._durably("UPDATE about SET clean = ?", (1,))
        self._db.close()

    # --- commands -----------------------------------------------------------------------------------

    def outcome(self, desk: str, command: Command) -> tuple[bool, OffhookError | None]:
        """Return whether the command was begun before, and the error it ended with, if any.

        Where the hub died between sending and hearing the answer, an event caused by the command is the
        answer; without one its outcome is unknown.
        """
        row = self._db.execute(
            "SELECT done, error FROM command WHERE desk = ? AND id = ?", (desk, command.id)
        ).fetchone()
        if row is None:
            return False, None
        done, error = row
        if done:
            return True, error_from_json(json.loads(error)) if error else None
        caused = self._db.execute(
            "SELECT 1 FROM event WHERE desk = ? AND cause = ?", (desk, command.id)
        ).fetchone()
        return True, None if caused else OutcomeUnknown("answer_lost")

    def begin(self, desk: str, command: Command, at: datetime) -> None:
        """Note that the command is about to be sent."""
        self._durably(
            "INSERT OR REPLACE INTO command (desk, id, at, done, body) VALUES (?, ?, ?, 0, ?)",
            (desk, command.id, at.timestamp(), dumps(encode_command(command))),
        )

    def finish(self, desk: str, command: Command, error: OffhookError | None) -> None:
        """Note how it ended; one that was never sent is forgotten and may be tried again."""
        if isinstance(error, Unreachable):
            self._db.execute("DELETE FROM command WHERE desk = ? AND id = ?", (desk, command.id))
            return
        text = dumps(error.to_json()) if error else None
        done = not isinstance(error, OutcomeUnknown)
        self._db.execute(
            "UPDATE command SET done = ?, error = ? WHERE desk = ? AND id = ?", (done, text, desk, command.id)
        )


class DeskLedger:
    """One desk's part of the store, as its line asks for it (:class:`offhook.interface.Ledger`)."""

    def __init__(self, store: Store, desk: str) -> None:
        self._store = store
        self._desk = desk

    def outcome(self, command: Command) -> tuple[bool, OffhookError | None]:
        """See :meth:`Store.outcome`."""
        return self._store.outcome(self._desk, command)

    def begin(self, command: Command, at: datetime) -> None:
        """See :meth:`Store.begin`."""
        self._store.begin(self._desk, command, at)

    def finish(self, command: Command, error: OffhookError | None) -> None:
        """See :meth:`Store.finish`."""
        self._store.finish(self._desk, command, error)


def _boot() -> str:
    """Return what names this run of the operating system, ``""`` where nothing does."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
