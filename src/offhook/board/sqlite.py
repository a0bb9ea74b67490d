"""The store in one SQLite file, written by one thread: a commit, a checkpoint or a purge never blocks the loop.

What is asked for while a group is being written becomes the next group, and is committed together. A kill loses
nothing. A power cut may take the last moments' events: the log then gets another name, so that no desk takes a new
event for one it already has. A ``seq`` is the log's name and a number that is never used again.
"""

import asyncio
import contextlib
import json
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from offhook import storage
from offhook.board.key import DeskKey, key_of
from offhook.board.store import Kept, Noted, StoreFailed, Unwritable, Written
from offhook.codec import decode_call, dumps, encode_call, encode_command, encode_news
from offhook.errors import (
    OffhookError,
    OutcomeUnknown,
    ProtocolError,
    SettingsError,
    Unreachable,
    error_from_json,
)
from offhook.ledger import REPEATED_WITHIN, Outcome
from offhook.model import Call, Command, Ended, HandedOver, Merged, News, State

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MOST_AT_ONCE = 500
"""How many requests are committed together at most."""
PURGED_AT_ONCE = 5_000
"""How many old events are dropped in one go."""
STEPS = (
    """
    CREATE TABLE about (log TEXT NOT NULL, boot TEXT NOT NULL, clean INTEGER NOT NULL);
    CREATE TABLE event (
        desk TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, ended TEXT, cause TEXT, body TEXT NOT NULL,
        PRIMARY KEY (desk, seq)
    ) WITHOUT ROWID;
    CREATE INDEX event_at ON event (at);
    CREATE TABLE last (desk TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE call (
        desk TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (desk, id)
    ) WITHOUT ROWID;
    CREATE TABLE command (
        desk TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, done INTEGER NOT NULL, error TEXT,
        body TEXT NOT NULL, PRIMARY KEY (desk, id)
    ) WITHOUT ROWID;
    INSERT INTO about (log, boot, clean) VALUES ('', '', 0);
    """,
    # events of model 1.0 cannot be handed to a reader of 2.0: the log begins anew, under another name
    """
    DROP TABLE event;
    DROP TABLE last;
    CREATE TABLE event (
        n INTEGER PRIMARY KEY AUTOINCREMENT, desk TEXT NOT NULL, after INTEGER NOT NULL, at REAL NOT NULL,
        ended TEXT, cause TEXT, body TEXT NOT NULL
    );
    CREATE INDEX event_desk ON event (desk, n);
    CREATE INDEX event_at ON event (at);
    CREATE TABLE last (desk TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
    UPDATE about SET log = '';
    """,
)
"""The steps from each version of the file to the next."""

log = logging.getLogger(__name__)
Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]


class _Job(NamedTuple):
    """Something to be done in the writer's thread, and who waits for it."""

    work: Work[Any]
    durably: bool
    done: asyncio.Future[Any]


class SqliteStore:
    """See :class:`offhook.board.store.Store`. Opened with :meth:`opened`; ``log`` is the log's name."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        self.log = _opened(database)
        self._last: dict[str, int] = dict(database.execute("SELECT desk, n FROM last"))
        self._staged: dict[str, int] = {}
        self._grown: set[str] = set()
        self._over = False
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="offhook-store", daemon=True)
        self._thread.start()

    @classmethod
    async def opened(cls, path: Path | None) -> Self:
        """Open a file, or make it; ``None`` keeps everything in this process only.

        Raises ``SettingsError`` for a file of a newer version, ``OSError`` and ``sqlite3.Error`` for one that cannot
        be read.
        """
        return await asyncio.to_thread(lambda: cls(storage.opened(path, STEPS, any_thread=True)))

    async def kept(self, desks: Iterable[DeskKey]) -> dict[DeskKey, Kept]:
        """See :meth:`Store.kept`: a few queries, however many desks."""
        wanted = set(map(str, desks))
        return await self._do(lambda db: self._kept(db, wanted))

    def _kept(self, db: sqlite3.Connection, wanted: set[str]) -> dict[DeskKey, Kept]:
        calls: dict[str, list[Call]] = {}
        for desk, body in db.execute("SELECT desk, body FROM call"):
            try:
                if desk in wanted:
                    calls.setdefault(desk, []).append(decode_call(json.loads(body)))
            except (ProtocolError, ValueError):
                log.warning("a call kept for the desk %s cannot be read and is left out", desk)
        ended: dict[str, dict[str, datetime]] = {}
        for desk, call, at in db.execute(
            "SELECT desk, ended, at FROM event WHERE ended IS NOT NULL ORDER BY n"
        ):
            if desk in wanted:
                ended.setdefault(desk, {})[call] = datetime.fromtimestamp(at, UTC)
        return {
            key_of(desk): Kept(
                self._seq(self._last.get(desk, 0)), tuple(calls.get(desk, ())), ended.get(desk, {})
            )
            for desk in wanted
        }

    async def append(self, happened: Sequence[Noted], now: datetime) -> list[Written]:
        """See :meth:`Store.append`."""
        return await self._do(lambda db: self._append(db, happened, now))

    def _append(self, db: sqlite3.Connection, happened: Sequence[Noted], now: datetime) -> list[Written]:
        last: dict[str, int] = {}
        written: list[Written] = []
        for noted in happened:
            desk = str(noted.desk)
            after = last.get(desk, self._staged.get(desk, self._last.get(desk, 0)))
            row = self._insert(db, noted, after, now)
            last[desk] = row[0]
            written.append(Written(noted.desk, self._seq(row[0]), self._seq(after), row[1]))
            self._keep_call(db, desk, noted)
        db.executemany("INSERT OR REPLACE INTO last (desk, n) VALUES (?, ?)", last.items())
        self._staged |= last
        return written

    def _insert(self, db: sqlite3.Connection, noted: Noted, after: int, now: datetime) -> tuple[int, str]:
        """Write an event; returns its number and its text, which holds the number."""
        event, call = noted.news
        ended = event.call if isinstance(event, Ended | HandedOver) else None
        number = db.execute(
            "INSERT INTO event (desk, after, at, ended, cause, body) VALUES (?, ?, ?, ?, ?, '')",
            (str(noted.desk), after, now.timestamp(), ended, event.cause or None),
        ).lastrowid
        assert number is not None  # noqa: S101 - a row was inserted
        event = replace(event, seq=self._seq(number), after=self._seq(after))
        body = dumps(encode_news(News(event, call)))
        db.execute("UPDATE event SET body = ? WHERE n = ?", (body, number))
        return number, body

    def _keep_call(self, db: sqlite3.Connection, desk: str, noted: Noted) -> None:
        event, call = noted.news
        if isinstance(event, Merged):
            db.execute("DELETE FROM call WHERE desk = ? AND id = ?", (desk, event.other))
        if call is None:
            return
        if call.state is State.CLEARED:
            db.execute("DELETE FROM call WHERE desk = ? AND id = ?", (desk, call.id))
        else:
            db.execute(
                "INSERT OR REPLACE INTO call (desk, id, body) VALUES (?, ?, ?)",
                (desk, call.id, dumps(encode_call(call))),
            )

    async def since(self, desk: DeskKey, seq: str, limit: int = 200) -> list[Written] | None:
        """See :meth:`Store.since`."""
        number = self._number(seq)
        return None if number is None else await self._do(lambda db: self._since(db, desk, number, limit))

    def _since(self, db: sqlite3.Connection, desk: DeskKey, number: int, limit: int) -> list[Written] | None:
        rows = db.execute(
            "SELECT n, after, body FROM event WHERE desk = ? AND n > ? ORDER BY n LIMIT ?",
            (str(desk), number, limit),
        ).fetchall()
        follows = rows[0][1] if rows else self._last.get(str(desk), 0)
        if follows != number:
            return None
        return [Written(desk, self._seq(n), self._seq(after), body) for n, after, body in rows]

    async def forget(self, now: datetime, keep_s: float, keep_events: int) -> None:
        """See :meth:`Store.forget`: only what has grown since the last time is looked at, not every desk."""
        await self._do(lambda db: self._forget(db, now, keep_s, keep_events))

    def _forget(self, db: sqlite3.Connection, now: datetime, keep_s: float, keep_events: int) -> None:
        db.execute(
            "DELETE FROM event WHERE n IN (SELECT n FROM event WHERE at < ? ORDER BY at LIMIT ?)",
            ((now - timedelta(seconds=keep_s)).timestamp(), PURGED_AT_ONCE),
        )
        for desk in self._grown:
            cut = db.execute(
                "SELECT n FROM event WHERE desk = ? ORDER BY n DESC LIMIT 1 OFFSET ?", (desk, keep_events)
            ).fetchone()
            if cut is not None:
                db.execute("DELETE FROM event WHERE desk = ? AND n <= ?", (desk, cut[0]))
        self._grown.clear()
        db.execute("DELETE FROM command WHERE at < ?", ((now - REPEATED_WITHIN).timestamp(),))

    async def drop(self, desk: DeskKey) -> None:
        """See :meth:`Store.drop`. Its numbers are not given again."""

        def work(db: sqlite3.Connection) -> None:
            for table in ("event", "call", "command"):
                db.execute(f"DELETE FROM {table} WHERE desk = ?", (str(desk),))  # noqa: S608 - our own three names

        await self._do(work)

    async def close(self) -> None:
        """See :meth:`Store.close`."""
        if not self._thread.is_alive():
            return
        await self._do(lambda db: db.execute("UPDATE about SET clean = 1"), durably=True)
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    # --- commands -----------------------------------------------------------------------------------

    async def outcome(self, desk: DeskKey, command: Command) -> Outcome:
        """See :meth:`Store.outcome`."""
        return await self._do(lambda db: _outcome(db, str(desk), command))

    async def begin(self, desk: DeskKey, command: Command, at: datetime) -> None:
        """See :meth:`Store.begin`."""
        row = (str(desk), command.id, at.timestamp(), dumps(encode_command(command)))
        statement = "INSERT OR REPLACE INTO command (desk, id, at, done, body) VALUES (?, ?, ?, 0, ?)"
        await self._do(lambda db: db.execute(statement, row), durably=True)

    async def finish(self, desk: DeskKey, command: Command, error: OffhookError | None) -> None:
        """See :meth:`Store.finish`."""
        where = (str(desk), command.id)
        if isinstance(error, Unreachable):
            await self._do(lambda db: db.execute("DELETE FROM command WHERE desk = ? AND id = ?", where))
            return
        text = dumps(error.to_json()) if error else None
        row = (not isinstance(error, OutcomeUnknown), text, *where)
        statement = "UPDATE command SET done = ?, error = ? WHERE desk = ? AND id = ?"
        await self._do(lambda db: db.execute(statement, row))

    # --- the thread ---------------------------------------------------------------------------------

    async def _do(self, work: Work[Result], *, durably: bool = False) -> Result:
        """Do something in the writer's thread; it is committed when this returns. Raises :class:`StoreFailed`."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, durably, done))
        if self._over:
            self._refuse()
        return await done

    def _run(self) -> None:
        """Do what is asked for until told to stop, whatever a job raises."""
        going = True
        while going and (job := self._jobs.get()) is not None:
            jobs = [job]
            while going and len(jobs) < MOST_AT_ONCE and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    going = False
                else:
                    jobs.append(more)
            try:
                results = self._together(jobs)
            except Exception as error:  # noqa: BLE001 - one job's fault is that job's answer
                results = [error] if len(jobs) == 1 else [self._alone(each) for each in jobs]
            _tell(jobs, results)
        self._db.close()
        self._over = True
        self._refuse()

    def _refuse(self) -> None:
        """Answer what is asked of a store that is closed."""
        with contextlib.suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    _tell([job], [StoreFailed("it is closed")])

    def _together(self, jobs: Sequence[_Job]) -> list[Any]:
        """Do all in one transaction. What must survive a power cut is on the disk before this returns."""
        durably = any(job.durably for job in jobs)
        self._db.execute(f"PRAGMA synchronous = {'FULL' if durably else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            results = [job.work(self._db) for job in jobs]
            self._db.execute("COMMIT")
            self._last |= self._staged
            self._grown |= self._staged.keys()
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        finally:
            self._staged = {}
        return results

    def _alone(self, job: _Job) -> Any:
        try:
            return self._together([job])[0]
        except Exception as error:  # noqa: BLE001 - one job's fault is that job's answer
            return error

    # --- numbers ------------------------------------------------------------------------------------

    def _seq(self, number: int) -> str:
        return f"{self.log}.{number}" if number else f"{self.log}.0"

    def _number(self, seq: str) -> int | None:
        """Return the number in a ``seq`` of this log, ``None`` for a ``seq`` of another log."""
        name, _dot, number = seq.partition(".")
        known = name == self.log and number.isascii() and number.isdigit() and len(number) < 19
        return int(number) if known else None


@contextlib.asynccontextmanager
async def in_file(path: Path) -> AsyncIterator[SqliteStore]:
    """Open a store in a file for the length of the block. Raises ``SettingsError`` for one that cannot be read."""
    try:
        store = await SqliteStore.opened(path)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError("store_unreadable", path=str(path), why=str(error)) from None
    try:
        yield store
    finally:
        await store.close()


def _tell(jobs: Sequence[_Job], results: Sequence[Any]) -> None:
    """Give everybody who waits the result, in their own loop."""

    def tell() -> None:
        for job, result in zip(jobs, results, strict=True):
            if job.done.done():
                continue
            if isinstance(result, sqlite3.Error | StoreFailed):
                job.done.set_exception(StoreFailed(str(result)))
            elif isinstance(result, Exception):
                job.done.set_exception(Unwritable(f"{type(result).__name__}: {result}"))
            else:
                job.done.set_result(result)

    try:
        jobs[0].done.get_loop().call_soon_threadsafe(tell)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more


def _opened(db: sqlite3.Connection) -> str:
    """Return the log's name: a new one where a power cut may have taken its last moments."""
    name, boot, clean = db.execute("SELECT log, boot, clean FROM about").fetchone()
    if not name or not (clean or (boot and boot == _boot())):
        name = os.urandom(8).hex()
    db.execute("PRAGMA synchronous = FULL")
    db.execute("UPDATE about SET log = ?, boot = ?, clean = 0", (name, _boot()))
    return str(name)


def _outcome(db: sqlite3.Connection, desk: str, command: Command) -> Outcome:
    row = db.execute(
        "SELECT done, error FROM command WHERE desk = ? AND id = ?", (desk, command.id)
    ).fetchone()
    if row is None:
        return Outcome(begun=False)
    done, error = row
    if done:
        return Outcome(begun=True, error=error_from_json(json.loads(error)) if error else None)
    caused = db.execute("SELECT 1 FROM event WHERE desk = ? AND cause = ?", (desk, command.id)).fetchone()
    return Outcome(begun=True, error=None if caused else OutcomeUnknown("answer_lost"))


def _boot() -> str:
    """Return what names this run of the operating system, ``""`` where nothing does."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
