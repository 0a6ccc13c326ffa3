"""Single-unit orders picked together: one stop takes the pieces of many orders into a tote that they share.

Each order keeps its own task, reservation and line; only the hands do them at once.
"""

from collections.abc import Sequence
from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.foundation.work import queries as work
from wms.processes.picking import queries, rules
from wms.processes.picking.service import picks


async def groups_of(
    uow: UnitOfWork, tour: queries.TourInfo, tasks: Sequence[work.TaskInfo]
) -> list[list[work.TaskInfo]]:
    """The tour's open picks that are one stop of the hands: same place, goods and tote; in walking order.

    On a tour of whole orders each pick is a stop by itself.
    """
    ordered = sorted(tasks, key=lambda t: t.seq)
    if not tour.singles:
        return [[t] for t in ordered]
    tote_of = {str(s.order_id): s.tote for s in await queries.slots(uow, tour.id)}
    groups: dict[tuple[int, int, str], list[work.TaskInfo]] = {}
    for task in ordered:
        groups.setdefault(_stop(task, tote_of), []).append(task)
    return list(groups.values())


def _stop(task: work.TaskInfo, tote_of: dict[str, str]) -> tuple[int, int, str]:
    return task.place_id, task.sku_id, tote_of.get(task.data["order_id"], "")


async def _with(uow: UnitOfWork, task_id: UUID) -> list[work.TaskInfo]:
    """The open picks that are done together with this one; none where it is a pick by itself, or over."""
    task = await work.task(uow, task_id)
    tour = await queries.tour(uow, task.group_id) if task.group_id is not None else None
    if tour is None or not tour.singles:
        return []
    tote_of = {str(s.order_id): s.tote for s in await queries.slots(uow, tour.id)}
    groups = await groups_of(uow, tour, await work.tasks(uow, kind="pick", group_id=tour.id))
    # By the stop, not by the task: the order that the card was named after may have been cancelled.
    return next((g for g in groups if _stop(g[0], tote_of) == _stop(task, tote_of)), [])


async def confirm_bulk(
    uow: UnitOfWork, task_id: UUID, location_scan: str, sku_scan: str, qty_each: int, tote_scan: str, serials: Sequence[str] = ()
) -> None:  # fmt: skip
    """Confirm as many single picks of a stop as pieces were taken. An order that stopped meanwhile takes none of them.

    Errors: as confirm_pick; PickExceedsTask when fewer orders are left than pieces were taken.
    """
    group = await _with(uow, task_id)
    if not group:  # a pick of a whole order; or one that is over, and says so itself
        await picks.confirm_pick(uow, task_id, location_scan, sku_scan, qty_each, tote_scan, serials)
        return
    rules.check_quantity(qty_each, len(group))
    for n, task in enumerate(group[:qty_each]):
        await picks.confirm_pick(uow, task.id, location_scan, sku_scan, 1, tote_scan, serials[n : n + 1])


async def short_bulk(
    uow: UnitOfWork, task_id: UUID, location_scan: str, found_each: int, sku_scan: str, tote_scan: str, reason: str,
    serials: Sequence[str] = (),
) -> queries.TourInfo:  # fmt: skip
    """Take what is there, earliest cut-off first by the plan's order; each order that gets none is short by itself.

    Errors: as short_pick.
    """
    group = await _with(uow, task_id)
    if not group:
        return await picks.short_pick(uow, task_id, location_scan, found_each, sku_scan, tote_scan, reason, serials)
    if found_each > 0:
        await confirm_bulk(uow, task_id, location_scan, sku_scan, found_each, tote_scan, serials)
    for task in group[found_each:]:
        if (await work.task(uow, task.id)).state in ("open", "claimed"):
            await picks.short_pick(uow, task.id, location_scan, 0, sku_scan, tote_scan, reason)
    return await queries.tour(uow, group[0].group_id or task_id)
