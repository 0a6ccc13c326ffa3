"""Durable queue of reports, and the memory of answered commands, in one SQLite file.

`append` returns after fsync. Concurrent appends share one transaction (group commit in the spool's own thread).
Rows leave only by the application's acknowledgement. A new file is a new epoch. Design: STACK.md 5.
"""

import asyncio
import json
import logging
import os
import queue
import secrets
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from devices.contract.driver import NotReady
from devices.contract.reports import CommandResult, Report, to_data

log = logging.getLogger(__name__)
T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, at REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS command (
  id TEXT PRIMARY KEY, device TEXT NOT NULL, at REAL NOT NULL, result TEXT, body TEXT NOT NULL DEFAULT '') STRICT;
"""
REMEMBER_S = 24 * 3600
GROUP = 500
"""Most jobs in one transaction."""
ANSWER_RESERVE_ROWS = 1000
"""Room above the limit for answers to commands that already run."""


class SpoolFull(NotReady):
    """The limit is reached or the disk is full: the report is refused, so the driver must not acknowledge it."""


@dataclass(frozen=True, slots=True)
class Row:
    seq: int
    body: str
    """JSON of the event without epoch and seq."""


@dataclass(frozen=True, slots=True)
class Depth:
    depth: int
    oldest_s: float
    last_seq: int


@dataclass(slots=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"


def uuid7() -> str:
    """Time-ordered UUID (RFC 9562, 5.7)."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


class Spool:
    """Opened once per process; a second process on the same file is refused by SQLite's lock."""

    def __init__(self, path: Path, max_rows: int = 200_000, max_bytes: int = 512 * 1024 * 1024) -> None:
        """Errors: sqlite3.Error when the file is locked, unreadable or no spool."""
        self._max_rows, self._max_bytes = max_rows, max_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(SCHEMA)
        if "body" not in {row[1] for row in self._db.execute("PRAGMA table_info(command)")}:  # made before 2026-11-23
            self._db.execute("ALTER TABLE command ADD COLUMN body TEXT NOT NULL DEFAULT ''")
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (uuid7(),))
        _sync_folder(path.parent)
        self.epoch: str = self._db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0]
        self._rows, self._bytes = self._measure(self._db)
        self.refused = 0
        """Reports refused because the spool was full."""
        self.full = False
        self.appended = asyncio.Event()
        """Set whenever something new is on disk; the reader clears it."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued and close the file."""
        self._jobs.put(None)
        self._thread.join(timeout=10)
        self._db.close()

    # events

    def append(self, device: str, report: Report, occurred_at: datetime) -> "asyncio.Future[int]":
        """Store a report; the future gives its seq once it is on disk. Errors: SpoolFull."""
        body = _body(device, report, occurred_at)
        stored = self._submit(lambda db: self._insert(db, body, self._max_rows))
        stored.add_done_callback(self._announce)
        return stored

    def read(self, after_seq: int, limit: int) -> "asyncio.Future[list[Row]]":
        def work(db: sqlite3.Connection) -> list[Row]:
            rows = db.execute("SELECT seq, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, limit))
            return [Row(*row) for row in rows]

        return self._submit(work)

    def ack(self, epoch: str, seq: int) -> "asyncio.Future[None]":
        """Delete everything up to `seq`; another epoch's acknowledgement is ignored."""

        def work(db: sqlite3.Connection) -> None:
            if epoch != self.epoch:
                return
            rows, size = self._measure(db, seq)
            db.execute("DELETE FROM event WHERE seq <= ?", (seq,))
            self._rows, self._bytes = self._rows - rows, self._bytes - size
            self.full = self.full and self._rows >= self._max_rows

        return self._submit(work)

    def first_seq(self) -> "asyncio.Future[int]":
        """Lowest seq that is not acknowledged yet, or the next one to be given."""
        return self._submit(
            lambda db: int(
                db.execute(
                    "SELECT coalesce((SELECT min(seq) FROM event), (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'event'), 1)"
                ).fetchone()[0]
            )
        )

    def depth(self) -> "asyncio.Future[Depth]":
        def work(db: sqlite3.Connection) -> Depth:
            count, oldest = db.execute("SELECT count(*), min(at) FROM event").fetchone()
            last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
            age_s = max(0.0, time.time() - oldest) if oldest is not None else 0.0
            return Depth(count, round(age_s, 3), last[0] if last else 0)

        return self._submit(work)

    # commands

    def begin(self, command_id: str, device: str, body: str = "") -> "asyncio.Future[str | CommandResult | None]":
        """Note that a command is about to run; `body` is its JSON as received.

        None: new, go on. "running": its answer is still to come. A CommandResult: answered before.
        """

        def work(db: sqlite3.Connection) -> str | CommandResult | None:
            row = db.execute("SELECT result FROM command WHERE id = ?", (command_id,)).fetchone()
            if row is not None:
                return CommandResult(**json.loads(row[0])) if row[0] is not None else "running"
            self._check_room(self._max_rows)
            db.execute("INSERT INTO command VALUES (?, ?, ?, NULL, ?)", (command_id, device, time.time(), body))
            db.execute("DELETE FROM command WHERE at < ? AND result IS NOT NULL", (time.time() - REMEMBER_S,))
            return None

        return self._submit(work)

    def finish(self, device: str, result: CommandResult, occurred_at: datetime) -> "asyncio.Future[int]":
        """Store the answer as event and in memory, in one transaction. Errors: SpoolFull."""
        body = _body(device, result, occurred_at)

        def work(db: sqlite3.Connection) -> int:
            seq = self._insert(db, body, self._max_rows + ANSWER_RESERVE_ROWS)
            db.execute("UPDATE command SET result = ? WHERE id = ?", (json.dumps(to_data(result)), result.command_id))
            return seq

        stored = self._submit(work)
        stored.add_done_callback(self._announce)
        return stored

    def unanswered(self) -> "asyncio.Future[list[tuple[str, str, str]]]":
        """(command id, device, body) of commands that began before a crash and have no answer."""
        return self._submit(
            lambda db: db.execute("SELECT id, device, body FROM command WHERE result IS NULL ORDER BY at").fetchall()
        )

    def _announce(self, stored: "asyncio.Future[int]") -> None:
        if not stored.cancelled() and stored.exception() is None:
            self.appended.set()

    # the thread

    def _submit(self, work: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        self._jobs.put(job)
        return job.done

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            group, stop = [first], False
            while len(group) < GROUP and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    stop = True
                    break
                group.append(job)
            self._commit(group)
            if stop:
                return

    def _commit(self, group: list[_Job]) -> None:
        """Run the jobs in one transaction and answer them only after its fsync."""
        outcomes: list[tuple[_Job, Any, Exception | None]] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for job in group:
                outcomes.append(self._attempt(job))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(error)
            failure = SpoolFull(f"spool: {error}")
            outcomes = [(job, None, failure) for job in group]
        for job, value, problem in outcomes:
            try:
                job.loop.call_soon_threadsafe(_settle, job.done, value, problem)
            except RuntimeError:  # the loop is gone: nobody waits any more
                continue

    def _attempt(self, job: _Job) -> tuple[_Job, Any, Exception | None]:
        try:
            return job, job.work(self._db), None
        except sqlite3.Error:
            raise
        except Exception as error:
            return job, None, error

    def _roll_back(self, error: sqlite3.Error) -> None:
        if not self.full:
            log.error("spool cannot write: %s", error)
        self.full = True
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._rows, self._bytes = self._measure(self._db)
        except sqlite3.Error:
            log.exception("spool cannot roll back")

    def _insert(self, db: sqlite3.Connection, body: str, max_rows: int) -> int:
        self._check_room(max_rows)
        seq = db.execute("INSERT INTO event (body, at) VALUES (?, ?)", (body, time.time())).lastrowid
        assert seq is not None
        self._rows, self._bytes, self.full = self._rows + 1, self._bytes + len(body), False
        return seq

    def _check_room(self, max_rows: int) -> None:
        if self._rows < max_rows and self._bytes < self._max_bytes:
            return
        if not self.full:
            log.error("spool full: %d reports, %d bytes", self._rows, self._bytes)
        self.full, self.refused = True, self.refused + 1
        raise SpoolFull("gateway.spool_full")

    @staticmethod
    def _measure(db: sqlite3.Connection, up_to_seq: int = 2**62) -> tuple[int, int]:
        query = "SELECT count(*), coalesce(sum(length(body)), 0) FROM event WHERE seq <= ?"
        rows, size = db.execute(query, (up_to_seq,)).fetchone()
        return rows, size


def _body(device: str, report: Report, occurred_at: datetime) -> str:
    event = {
        "id": uuid7(),
        "device": device,
        "kind": report.kind,
        "occurred_at": occurred_at.astimezone(UTC).isoformat(),
        "data": to_data(report),
    }
    return json.dumps(event, separators=(",", ":"))


def _settle(done: "asyncio.Future[Any]", value: Any, problem: Exception | None) -> None:
    if done.done():
        return
    if problem is not None:
        done.set_exception(problem)
    else:
        done.set_result(value)


def _sync_folder(folder: Path) -> None:
    """Make the new file's name durable too."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
