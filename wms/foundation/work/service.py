"""Open, claim, finish and cancel tasks; keep stations."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, text, update

from wms.algorithms.labour.standards import Standard
from wms.db.uow import UnitOfWork
from wms.events.work import WorkReleased
from wms.foundation.work import queries, rules
from wms.foundation.work.tables import DeviceLock, Station, Task, WorkStandard
from wms.kernel.ids import uuid7


def open_task(
    uow: UnitOfWork, kind: str, *, place_id: int = 0, to_place_id: int = 0, sku_id: int = 0, qty_each: int = 0,
    group_id: UUID | None = None, seq: int = 0, priority: int = 5, data: dict[str, Any] | None = None, why: str = "",
    due_at: datetime | None = None,
) -> UUID:  # fmt: skip
    """Open a task. Returns its id."""
    task_id = uuid7()
    uow.session.add(
        Task(
            id=task_id, kind=kind, place_id=place_id, to_place_id=to_place_id, sku_id=sku_id, qty_each=qty_each,
            group_id=group_id, seq=seq, priority=priority, data=data or {}, why=why, opened_at=uow.now, due_at=due_at,
        )
    )  # fmt: skip
    return task_id


def note_done(uow: UnitOfWork, kind: str, *, began_at: datetime, place_id: int = 0, qty_each: int = 0) -> None:
    """Work that no task asked for and that the actor has just ended, so that its time is known."""
    uow.session.add(
        Task(
            id=uuid7(), kind=kind, state="done", place_id=place_id, qty_each=qty_each, data={}, opened_at=began_at,
            claimed_at=began_at, claimed_by=uow.actor.id, done_at=uow.now, done_by=uow.actor.id,
        )
    )  # fmt: skip


async def claim_next(
    uow: UnitOfWork, kind: str, *, by: str = "", not_by: str = "", limit: int = 1
) -> list[queries.TaskInfo]:
    """Claim the most urgent open tasks of a kind for the actor. What the actor already holds comes back first.

    `not_by`: skip tasks whose data.not_by names this operator (a recount is another person's work).
    """
    holder = by or uow.actor.id
    held = await queries.tasks(uow, kind=kind, states=("claimed",), claimed_by=holder)
    if held:
        return held[:limit]
    query = (
        select(Task.id).where(Task.kind == kind, Task.state == "open").order_by(Task.priority, Task.group_id, Task.seq, Task.id)
        .limit(limit).with_for_update(skip_locked=True)
    )  # fmt: skip
    if not_by:
        query = query.where(text("coalesce(task.data->>'not_by', '') <> :not_by")).params(not_by=not_by)
    ids = list(await uow.session.scalars(query))
    await _take(uow, ids, holder)
    return [await queries.task(uow, task_id) for task_id in ids]


async def claim_group(uow: UnitOfWork, group_id: UUID, *, by: str = "") -> list[queries.TaskInfo]:
    """Claim all open tasks of a group for the actor. Returns them in order."""
    ids = await uow.session.scalars(
        select(Task.id).where(Task.group_id == group_id, Task.state == "open").order_by(Task.id).with_for_update()
    )
    await _take(uow, list(ids), by or uow.actor.id)
    return await queries.tasks(uow, group_id=group_id)


async def release_group(uow: UnitOfWork, group_id: UUID) -> int:
    """Give a group's claimed tasks back to whoever comes next. Returns how many."""
    return await _release(uow, Task.group_id == group_id)


async def release_of(uow: UnitOfWork, kind: str, holder: str) -> int:
    """Give back all that someone holds of a kind. Errors: NothingClaimed."""
    freed = await _release(uow, (Task.kind == kind) & (Task.claimed_by == holder))
    if not freed:
        raise rules.NothingClaimed(kind=kind, holder=holder)
    uow.emit(WorkReleased(holder=holder, kind=kind, tasks=freed))
    return freed


async def _release(uow: UnitOfWork, which: ColumnElement[bool]) -> int:
    freed = await uow.session.scalars(
        update(Task).where(which, Task.state == "claimed").values(state="open", claimed_by="", claimed_at=None)
        .returning(Task.id)
    )  # fmt: skip
    return len(list(freed))


async def _take(uow: UnitOfWork, ids: Collection[UUID], holder: str) -> None:
    await uow.session.execute(
        update(Task).where(Task.id.in_(ids)).values(state="claimed", claimed_by=holder, claimed_at=uow.now)
    )


async def lock(uow: UnitOfWork, task_id: UUID) -> queries.TaskInfo:
    """The task, its row locked. Errors: UnknownTask."""
    return await queries.task(uow, task_id, lock=True)


async def lock_mine(uow: UnitOfWork, task_id: UUID) -> queries.TaskInfo:
    """The actor's claimed task, locked; an open one becomes the actor's. Errors: UnknownTask, NotYourTask, TaskClosed."""
    return await make_mine(uow, await lock(uow, task_id))


async def make_mine(uow: UnitOfWork, task: queries.TaskInfo) -> queries.TaskInfo:
    """As lock_mine, for a task that is locked already. Errors: NotYourTask, TaskClosed."""
    if task.state not in ("open", "claimed"):
        raise rules.TaskClosed(state=task.state, task_id=str(task.id))
    if task.claimed_by and task.claimed_by != uow.actor.id:
        raise rules.NotYourTask(holder=task.claimed_by)
    if task.state == "open":
        await _take(uow, [task.id], uow.actor.id)
        task = await queries.task(uow, task.id)
    return task


async def finish(uow: UnitOfWork, task_id: UUID, event: str = "finish", *, data: dict[str, Any] | None = None) -> None:
    """End a task by `finish`, `short` or `cancel`. Errors: TaskClosed."""
    task = await queries.task(uow, task_id)
    await uow.session.execute(
        update(Task).where(Task.id == task_id).values(
            state=rules.step(task.state, event), done_at=uow.now, done_by=uow.actor.id, data={**task.data, **(data or {})}
        )
    )  # fmt: skip


async def set_qty(uow: UnitOfWork, task_id: UUID, qty_each: int) -> None:
    """What is left to do."""
    await uow.session.execute(update(Task).where(Task.id == task_id).values(qty_each=qty_each))


async def save_station(
    uow: UnitOfWork, code: str, kind: str, location: str, *, scale: str = "", printer: str = "", dimensioner: str = "",
    gate: str = "", light: str = "", pods_max: int = 3,
) -> None:  # fmt: skip
    await uow.session.merge(
        Station(code=code, kind=kind, location=location, scale=scale, printer=printer, dimensioner=dimensioner, gate=gate,
                light=light, pods_max=pods_max, active=True)
    )  # fmt: skip
    await uow.session.flush()


async def set_standard(uow: UnitOfWork, kind: str, standard: Standard) -> None:
    """Later plans and expectations go by it."""
    await uow.session.merge(
        WorkStandard(
            kind=kind, walk_mm_s=standard.walk_mm_s, stop_s=standard.stop_s, piece_s=standard.piece_s,
            fixed_s=standard.fixed_s, samples=standard.samples, learned_at=uow.now,
        )
    )  # fmt: skip
    await uow.session.flush()


async def lock_device(uow: UnitOfWork, device: str, reason: str) -> None:
    """Its stations take no new work until it is let back."""
    await uow.session.merge(DeviceLock(device=device, reason=reason, locked_by=uow.actor.id, locked_at=uow.now))


async def unlock_device(uow: UnitOfWork, device: str) -> None:
    """Let a device back; nothing happens where it is not locked."""
    await uow.session.execute(delete(DeviceLock).where(DeviceLock.device == device))
