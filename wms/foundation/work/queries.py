"""Reads of tasks and stations."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wms.algorithms.labour.standards import Standard
from wms.db.uow import UnitOfWork
from wms.foundation.work import rules
from wms.foundation.work.tables import DeviceLock, Station, Task, WorkStandard


@dataclass(frozen=True, slots=True)
class TaskInfo:
    id: UUID
    kind: str
    state: str
    priority: int
    group_id: UUID | None
    seq: int
    place_id: int
    to_place_id: int
    sku_id: int
    qty_each: int
    data: dict[str, Any]
    why: str
    opened_at: datetime
    due_at: datetime | None
    claimed_by: str
    done_at: datetime | None
    done_by: str


def _info(row: Task) -> TaskInfo:
    return TaskInfo(**{name: getattr(row, name) for name in TaskInfo.__slots__})


async def task(uow: UnitOfWork, task_id: UUID, *, lock: bool = False) -> TaskInfo:
    """One task, its row locked if asked for. Errors: UnknownTask."""
    row = await uow.session.get(Task, task_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise rules.UnknownTask(task_id=str(task_id))
    return _info(row)


async def tasks(
    uow: UnitOfWork, *, kind: str = "", group_id: UUID | None = None, groups: Collection[UUID] | None = None, states: Collection[str] = ("open", "claimed"),
    claimed_by: str = "", limit: int = 1000,
) -> list[TaskInfo]:  # fmt: skip
    """Tasks by kind, group and holder, in work order."""
    query = (
        select(Task)
        .where(Task.state.in_(states))
        .order_by(Task.priority, Task.group_id, Task.seq, Task.id)
        .limit(limit)
    )
    if kind:
        query = query.where(Task.kind == kind)
    if group_id is not None:
        query = query.where(Task.group_id == group_id)
    if groups is not None:
        query = query.where(Task.group_id.in_(groups))
    if claimed_by:
        query = query.where(Task.claimed_by == claimed_by)
    return [_info(row) for row in await uow.session.scalars(query.execution_options(populate_existing=True))]


async def open_counts(uow: UnitOfWork) -> dict[str, int]:
    rows = await uow.session.execute(
        select(Task.kind, func.count()).where(Task.state.in_(("open", "claimed"))).group_by(Task.kind)
    )
    return {kind: int(n) for kind, n in rows.all()}


@dataclass(frozen=True, slots=True)
class StationInfo:
    code: str
    kind: str
    location: str
    scale: str
    printer: str
    dimensioner: str
    gate: str
    light: str
    pods_max: int


def _station(row: Station) -> StationInfo:
    return StationInfo(**{name: getattr(row, name) for name in StationInfo.__slots__})


async def station(uow: UnitOfWork, code: str) -> StationInfo:
    """Errors: UnknownStation."""
    row = await uow.session.get(Station, code)
    if row is None or not row.active:
        raise rules.UnknownStation(station=code)
    return _station(row)


async def stations(uow: UnitOfWork, kind: str = "") -> list[StationInfo]:
    query = select(Station).where(Station.active).order_by(Station.code)
    if kind:
        query = query.where(Station.kind == kind)
    return [_station(row) for row in await uow.session.scalars(query)]


async def locks(uow: UnitOfWork) -> dict[str, str]:
    """Locked devices with their reasons."""
    rows = await uow.session.execute(select(DeviceLock.device, DeviceLock.reason))
    return {r.device: r.reason for r in rows}


async def station_of_scale(uow: UnitOfWork, scale: str, kind: str) -> StationInfo | None:
    """The station of this kind that a scale serves."""
    row = await uow.session.scalar(
        select(Station)
        .where(Station.scale == scale, Station.kind == kind, Station.active)
        .order_by(Station.code)
        .limit(1)
    )
    return _station(row) if row else None


async def kinds_served(uow: UnitOfWork) -> dict[str, set[str]]:
    """Scale or dimensioner to the kinds of station that it serves."""
    served: dict[str, set[str]] = {}
    rows = await uow.session.execute(select(Station.kind, Station.scale, Station.dimensioner))
    for kind, scale, dimensioner in rows.all():
        for device in (scale, dimensioner):
            served.setdefault(device, set()).add(kind)
    return served


async def usable_station(uow: UnitOfWork, code: str) -> StationInfo:
    """A station none of whose devices is locked. Errors: UnknownStation, StationLocked."""
    found, locked = await station(uow, code), await locks(uow)
    for device in (found.scale, found.dimensioner):
        if device in locked:
            instead = await instead_of(uow, device)
            raise rules.StationLocked(station=code, device=device, reason=locked[device], instead=instead)
    return found


async def instead_of(uow: UnitOfWork, device: str) -> str:
    """A station of the same kind that does without this device and is not locked; empty: weigh by hand."""
    locked, everywhere = await locks(uow), await stations(uow)
    kinds = {s.kind for s in everywhere if device in (s.scale, s.dimensioner)}
    free = (s.code for s in everywhere if s.kind in kinds and not {s.scale, s.dimensioner} & {*locked, device})
    return next(free, "")


async def standard(uow: UnitOfWork, kind: str) -> Standard:
    """Of one kind of work; the default until the site has learned its own."""
    row = await uow.session.get(WorkStandard, kind, populate_existing=True)
    return Standard() if row is None else Standard(row.walk_mm_s, row.stop_s, row.piece_s, row.fixed_s, row.samples)


async def hands(uow: UnitOfWork) -> dict[str, int]:
    """People who hold work now, by its kind."""
    rows = await uow.session.execute(
        select(Task.kind, func.count(func.distinct(Task.claimed_by))).where(Task.state == "claimed").group_by(Task.kind)
    )
    return {kind: int(n) for kind, n in rows}


@dataclass(frozen=True, slots=True)
class Timed:
    """A finished task: how long it took its hands, and its standard where the plan gave it one."""

    kind: str
    done_by: str
    done_at: datetime
    qty_each: int
    seconds: float
    """Since the same hands ended the task before in the same group, or took this one."""
    first: bool
    """Of its group in these hands: its time holds what is done once per group."""
    walk_mm: int
    expected_s: float | None


_TIMED = text("""
SELECT kind, done_by, done_at, qty_each, data->'std' AS std, last_at IS NULL AS first,
       extract(epoch FROM done_at - greatest(last_at, claimed_at)) AS seconds
FROM (SELECT *, lag(done_at) OVER (PARTITION BY kind, done_by, group_id ORDER BY done_at, id) AS last_at FROM task
      WHERE state IN ('done','shorted') AND done_at >= :since AND done_by <> '') t
WHERE greatest(last_at, claimed_at) IS NOT NULL ORDER BY done_at DESC LIMIT :limit
""")


async def timed(uow: UnitOfWork, since: datetime, limit: int = 50_000) -> list[Timed]:
    """Tasks that people finished, newest first."""
    rows = await uow.session.execute(_TIMED, {"since": since, "limit": limit})
    return [
        Timed(r.kind, r.done_by, r.done_at, r.qty_each, float(r.seconds), r.first,
              int(r.std["walk_mm"]) if r.std else 0, float(r.std["s"]) if r.std else None)
        for r in rows
    ]  # fmt: skip


async def standards(uow: UnitOfWork) -> dict[str, Standard]:
    """Of every kind that the site has learned."""
    rows = await uow.session.scalars(select(WorkStandard).order_by(WorkStandard.kind))
    return {r.kind: Standard(r.walk_mm_s, r.stop_s, r.piece_s, r.fixed_s, r.samples) for r in rows}


async def open_work(uow: UnitOfWork) -> list[tuple[str, int, int, datetime | None]]:
    """(kind, place, pieces, due) of every task that waits or is in hand."""
    rows = await uow.session.execute(
        select(Task.kind, Task.place_id, Task.qty_each, Task.due_at).where(Task.state.in_(("open", "claimed")))
    )
    return [tuple(r) for r in rows]  # type: ignore[misc]
