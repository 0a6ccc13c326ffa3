"""The relay: claims due reactions in order per stream, runs each in a transaction of its own, parks what keeps failing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from datetime import timedelta
from random import uniform
from typing import Any

import structlog
from sqlalchemy import text

from wms.db.uow import SYSTEM, Database, UnitOfWork
from wms.kernel.ids import uuid7
from wms.kernel.messages import Event, load

log = structlog.get_logger(__name__)

Reaction = Callable[[UnitOfWork, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A reaction whose middle is a solver: read a snapshot, solve outside any transaction, apply on re-checked rows."""

    read: Callable[[UnitOfWork, Any], Awaitable[Any]]
    """Returns the snapshot, picklable; None means there is nothing to plan."""
    solve: Callable[[Any], Any]
    """Pure module-level function, run in a process pool."""
    apply: Callable[[UnitOfWork, Any, Any, Any], Awaitable[None]]
    """(uow, event, snapshot, solution)."""


class Solvers:
    """Where plans are solved: an executor that is made anew when its processes were killed."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make, self._pool = make, make()
        self._pool.submit(int)  # its process starts now, not when the first plan waits for it

    async def solve(self, work: Callable[[Any], Any], snapshot: Any) -> Any:
        """Run `work` away from the event loop. A killed process costs one more try."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, work, snapshot)
        except BrokenExecutor:
            log.warning("outbox.solver_died")
            self._pool.shutdown(wait=False)
            self._pool = self._make()
            return await loop.run_in_executor(self._pool, work, snapshot)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


Parked = Callable[[UnitOfWork, str, Event, str], Awaitable[None]]

ATTEMPTS_MAX = 8
BACKOFF_MAX_S = 60.0
BATCH = 32
PRESSED_PARALLEL = 2
"""Reactions at once while something that must not wait shares the process."""

# Due, and no earlier unfinished reaction in the same stream. SKIP LOCKED lets several workers share the table; a claimed
# row stays locked until its transaction ends, so a killed worker gives it back by dying.
_CANDIDATES = text("""
SELECT r.seq, r.stream FROM reaction r
WHERE r.state = 'due' AND r.run_at <= :now
  AND NOT EXISTS (SELECT 1 FROM reaction e WHERE e.stream = r.stream AND e.state = 'due' AND e.seq < r.seq)
ORDER BY r.seq LIMIT :limit
""")
_CLAIM = text("""
SELECT r.seq, r.event_id, r.reaction, r.attempts, e.name, e.payload, e.actor
FROM reaction r JOIN event e ON e.id = r.event_id
WHERE r.seq = :seq AND r.state = 'due' FOR UPDATE OF r SKIP LOCKED
""")
_DONE = text("UPDATE reaction SET state = 'done', last_error = NULL WHERE seq = :seq")
_RETRY = text(
    "UPDATE reaction SET attempts = :attempts, run_at = :run_at, state = :state, last_error = :error WHERE seq = :seq"
)


class Relay:
    """Runs reactions until stopped. `parked` is called once, in its own transaction, when one is given up on."""

    def __init__(
        self, db: Database, events: Mapping[str, type[Event]], reactions: Mapping[str, Reaction | Plan], *,
        parked: Parked, solvers: Solvers, parallel: int = 8, idle_s: float = 0.15, pressed: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.db, self.events, self.reactions = db, events, reactions
        self.parked, self.solvers, self.parallel, self.idle_s = parked, solvers, parallel, idle_s
        self.pressed = pressed
        """Whether to stand back meanwhile."""
        self.wake = asyncio.Event()
        self._flying: dict[int, asyncio.Task[int]] = {}
        self._ready: list[int] = []
        """Found due and not begun yet, oldest first."""

    async def run(self) -> None:
        """Keep up to `parallel` reactions in flight, woken early by `wake`; never returns.

        A long plan takes one place and holds up nobody else.
        """
        try:
            while True:
                try:
                    started = await self._start_due()
                except Exception as error:
                    log.warning("outbox.database_away", error=repr(error))
                    await asyncio.sleep(1.0)
                    continue
                if not started:
                    await self._rest()
        finally:
            for task in self._flying.values():
                task.cancel()

    async def _start_due(self) -> int:
        room = (PRESSED_PARALLEL if self.pressed() else self.parallel) - len(self._flying)
        if room <= 0:
            return 0
        if not self._ready:  # each heads its stream, and stays so until it is done: no need to look again for every one
            self._ready = [seq for seq in await self._due(self.parallel + BATCH) if seq not in self._flying]
        due, self._ready = self._ready[:room], self._ready[room:]
        for seq in due:
            task = asyncio.create_task(self._run(seq))
            self._flying[seq] = task
            task.add_done_callback(lambda done, seq=seq: self._landed(seq))  # type: ignore[misc]
        return len(due)

    def _landed(self, seq: int) -> None:
        self._flying.pop(seq, None)
        self.wake.set()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self.idle_s):
                await self.wake.wait()
        except TimeoutError:
            return
        finally:
            self.wake.clear()

    async def _due(self, limit: int) -> list[int]:
        async with self.db.sessions() as session:
            rows = await session.execute(_CANDIDATES, {"now": self.db.clock.now(), "limit": limit})
            return [row.seq for row in rows]

    async def drain_once(self) -> int:
        """Run one round of eligible reactions to its end. Returns how many ran."""
        return sum([await self._run(seq) for seq in await self._due(BATCH)])

    async def _run(self, seq: int) -> int:
        try:
            return await self._attempt(seq)
        except Exception as error:
            try:
                await self._failed(seq, error)
            except Exception as worse:  # the database is away: the row is still due and will be tried again
                log.warning("outbox.database_away", error=repr(worse))
                await asyncio.sleep(1.0)
            return 1

    async def _attempt(self, seq: int) -> int:
        solution: tuple[Any, Any] | None = None
        async with self.db.begin(SYSTEM) as uow:
            row = (await uow.session.execute(_CLAIM, {"seq": seq})).one_or_none()
            if row is None:
                return 0
            reaction = self.reactions[row.reaction]
            event = load(self.events[row.name], row.payload)
            uow.cause, uow.request_id = f"{row.name}>{row.reaction}", uuid7()
            if not isinstance(reaction, Plan):
                await reaction(uow, event)
                await uow.session.execute(_DONE, {"seq": seq})
                return 1
            snapshot = await reaction.read(uow, event)
            if snapshot is None:
                await uow.session.execute(_DONE, {"seq": seq})
                return 1
        solved = await self.solvers.solve(reaction.solve, snapshot)
        solution = (snapshot, solved)
        async with self.db.begin(SYSTEM, cause=f"{row.name}>{row.reaction}") as uow:
            if (await uow.session.execute(_CLAIM, {"seq": seq})).one_or_none() is None:
                return 0
            await reaction.apply(uow, event, *solution)
            await uow.session.execute(_DONE, {"seq": seq})
        return 1

    async def _failed(self, seq: int, error: Exception) -> None:
        async with self.db.begin(SYSTEM, cause="outbox") as uow:
            row = (await uow.session.execute(_CLAIM, {"seq": seq})).one_or_none()
            if row is None:
                return
            attempts = row.attempts + 1
            parked = attempts >= ATTEMPTS_MAX
            delay = min(BACKOFF_MAX_S, 0.2 * 2**attempts) * uniform(0.5, 1.0)
            log.warning("reaction.failed", reaction=row.reaction, event_name=row.name, attempts=attempts, parked=parked,
                        error=repr(error))  # fmt: skip
            await uow.session.execute(_RETRY, {
                "seq": seq, "attempts": attempts, "run_at": uow.now + timedelta(seconds=delay),
                "state": "parked" if parked else "due", "error": repr(error)[:2000],
            })  # fmt: skip
            if parked:
                await self.parked(uow, row.reaction, load(self.events[row.name], row.payload), repr(error))


@dataclass(frozen=True, slots=True)
class Tick:
    """A schedule: `every_s` cuts time into slots, each slot fires once across all workers."""

    name: str
    every_s: int
    run: Callable[[UnitOfWork], Awaitable[None]]


_FIRE = text("INSERT INTO tick (name, slot) VALUES (:name, to_timestamp(:slot)) ON CONFLICT DO NOTHING RETURNING name")
_FORGET = text("DELETE FROM tick WHERE name = :name AND slot < to_timestamp(:slot) - interval '1 day'")


async def run_ticks(db: Database, ticks: Sequence[Tick]) -> None:
    """Fire every schedule's current slot, once; never returns."""
    fired: dict[str, int] = {}
    while True:
        for tick in ticks:
            slot = int(db.clock.now().timestamp()) // tick.every_s * tick.every_s
            if fired.get(tick.name) == slot:
                continue
            try:
                async with db.begin(SYSTEM, cause=f"tick:{tick.name}") as uow:
                    if (await uow.session.execute(_FIRE, {"name": tick.name, "slot": slot})).scalar():
                        await uow.session.execute(_FORGET, {"name": tick.name, "slot": slot})
                        await tick.run(uow)
                fired[tick.name] = slot
            except Exception as error:
                log.warning("tick.failed", tick=tick.name, error=repr(error))
                fired[tick.name] = slot
        await asyncio.sleep(0.5)
