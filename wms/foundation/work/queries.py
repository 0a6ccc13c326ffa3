"""Reads of tasks and stations."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wms.algorithms.labour.standards import Standard
from wms.db.uow import UnitOfWork
from wms.foundation.work import rules
from wms.foundation.work.tables import Station, Task, WorkStandard


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
    uow: UnitOfWork, *, kind: str = "", group_id: UUID | None = None, states: Collection[str] = ("open", "claimed"),
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


async def standard(uow: UnitOfWork, kind: str) -> Standard:
    """Of one kind of work; the default until the site has learned its own."""
    row = await uow.session.get(WorkStandard, kind, populate_existing=True)
    return Standard() if row is None else Standard(row.walk_mm_s, row.stop_s, row.piece_s, row.fixed_s, row.samples)


async def at_work(uow: UnitOfWork, kind: str) -> int:
    """People who hold work of this kind now."""
    found = await uow.session.scalar(
        select(func.count(func.distinct(Task.claimed_by))).where(Task.kind == kind, Task.state == "claimed")
    )
    return int(found or 0)


@dataclass(frozen=True, slots=True)
class Timed:
    """A finished task beside its standard. `data`: what the owning process noted when it opened it."""

    kind: str
    group_id: UUID | None
    done_by: str
    claimed_at: datetime | None
    done_at: datetime
    qty_each: int
    walk_mm: int
    expected_s: float


async def timed(uow: UnitOfWork, since: datetime, kind: str = "") -> list[Timed]:
    """Finished tasks that carry a standard (`data.std`: walk_mm, s), by group and time of their end."""
    query = (
        select(Task).where(Task.state.in_(("done", "shorted")), Task.done_at >= since, Task.data.has_key("std"))
        .order_by(Task.group_id, Task.done_at, Task.id)
    )  # fmt: skip
    if kind:
        query = query.where(Task.kind == kind)
    return [
        Timed(t.kind, t.group_id, t.done_by, t.claimed_at, t.done_at, t.qty_each, int(t.data["std"]["walk_mm"]),
              float(t.data["std"]["s"]))
        for t in await uow.session.scalars(query) if t.done_at is not None
    ]  # fmt: skip
