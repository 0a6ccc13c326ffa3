"""Open, confirm, short and undo the picks of a tour; stop those of an order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.order_release import OrderWithdrawn
from wms.events.picking import (
    GoodsToPutBack,
    OrderPicked,
    PickConfirmed,
    PickShorted,
    SinglePicked,
)
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.processes.picking import queries, rules
from wms.processes.picking.tables import Tour, TourSlot


def open_pick(
    uow: UnitOfWork, tour_id: UUID, seq: int, order_id: UUID, line_id: UUID, reservation_id: UUID, place_id: int, sku_id: int,
    qty_each: int, standard: dict[str, float] | None = None,
) -> UUID:  # fmt: skip
    """`standard`: what the pick should take; None for one that no plan foresaw."""
    data: dict[str, Any] = {
        "order_id": str(order_id), "line_id": str(line_id), "reservation_id": str(reservation_id),
    }  # fmt: skip
    if standard is not None:
        data["std"] = standard
    return tasks.open_task(
        uow, "pick", place_id=place_id, sku_id=sku_id, qty_each=qty_each, group_id=tour_id, seq=seq, data=data
    )


async def confirm_pick(
    uow: UnitOfWork, task_id: UUID, location_scan: str, sku_scan: str, qty_each: int, tote_scan: str,
    serials: Sequence[str] = (),
) -> None:  # fmt: skip
    """Move `qty_each` pieces from the task's location into the order's tote. `serials`: theirs, where the SKU keeps them; new
    ones name pieces that have none.

    Errors: WrongLocation, WrongSku, PickExceedsTask, BadQuantity, WrongTote, OrderIsCancelled, TaskClosed, NotYourTask,
    stock.NotEnough, stock.SerialProblem, stock.NotASerial. Idempotent by uow.request_id.
    """
    task = await _live_task(uow, task_id)
    await _check_location(uow, task, location_scan)
    found = await scanning.meaning(uow, sku_scan, "sku")
    if found.id != task.sku_id:
        raise rules.WrongSku(scanned=found.code)
    rules.check_quantity(qty_each, task.qty_each)
    slot = await _slot(uow, task)
    if tote_scan.strip().upper() != slot.tote.upper():
        raise rules.WrongTote(scanned=tote_scan, expected=slot.tote)
    await _pick(uow, task, slot, qty_each, serials)
    if qty_each == task.qty_each:
        await tasks.finish(uow, task_id, data={"serials": list(serials)} if serials else {})
        await _maybe_picked(uow, UUID(task.data["order_id"]), slot)
    else:
        await tasks.set_qty(uow, task_id, task.qty_each - qty_each)


async def _pick(
    uow: UnitOfWork, task: work.TaskInfo, slot: queries.SlotInfo, qty_each: int, serials: Sequence[str]
) -> None:
    reservation = await stock.open_reservations(uow, [f"order_line:{task.data['line_id']}"])
    mine = next((r for r in reservation if str(r.id) == task.data["reservation_id"]), None)
    tote = await stock.find_unit(uow, slot.tote)
    if mine is None or tote is None:
        raise order_rules.OrderIsCancelled(order_id=task.data["order_id"])
    await ledger.name_in_hand(uow, task.place_id, mine.grain, serials)
    await ledger.post(uow, [
        ledger.Line(mine.grain, task.place_id, tote.id, qty_each, "pick", reservation=mine.id, serials=serials or None)
    ])  # fmt: skip
    await order_service.add_picked(uow, UUID(task.data["line_id"]), qty_each)
    uow.emit(PickConfirmed(
        task_id=task.id, order_id=UUID(task.data["order_id"]), place_id=task.place_id, sku_id=task.sku_id, qty_each=qty_each,
        tote=slot.tote,
    ))  # fmt: skip


async def _live_task(uow: UnitOfWork, task_id: UUID) -> work.TaskInfo:
    task = await tasks.lock(uow, task_id)
    if task.state == "cancelled":
        raise order_rules.OrderIsCancelled(order_id=task.data.get("order_id", ""))
    return await tasks.make_mine(uow, task)


async def _check_location(uow: UnitOfWork, task: work.TaskInfo, scan: str) -> None:
    spot = await layout.location(uow, task.place_id)
    if scan.strip().upper() not in (spot.code.upper(), spot.check_digits):
        raise rules.WrongLocation(scanned=scan[:60], expected=spot.code)


async def _slot(uow: UnitOfWork, task: work.TaskInfo) -> queries.SlotInfo:
    for slot in await queries.slots(uow, task.group_id) if task.group_id else []:
        if str(slot.order_id) == task.data["order_id"]:
            return slot
    raise rules.NoTour(task_id=str(task.id))


async def short_pick(
    uow: UnitOfWork,
    task_id: UUID,
    location_scan: str,
    found_each: int,
    sku_scan: str,
    tote_scan: str,
    reason: str,
    serials: Sequence[str] = (),
) -> queries.TourInfo:
    """Take what is there, then: another location, or the order's short policy. Leaves a count behind.

    Errors: as confirm_pick.
    """
    task = await _live_task(uow, task_id)
    if reason not in rules.PROBLEMS:
        raise rules.UnknownProblem(reason=reason[:60])
    if reason != "blocked" or found_each > 0:  # nobody can scan a place they cannot get to
        await _check_location(uow, task, location_scan)
    slot = await _slot(uow, task)
    if found_each > 0:
        rules.check_quantity(found_each, task.qty_each)
        found = await scanning.meaning(uow, sku_scan, "sku")
        if found.id != task.sku_id:
            raise rules.WrongSku(scanned=found.code)
        if tote_scan.strip().upper() != slot.tote.upper():
            raise rules.WrongTote(scanned=tote_scan, expected=slot.tote)
        await _pick(uow, task, slot, found_each, serials)
    missing = task.qty_each - found_each
    order_id = UUID(task.data["order_id"])
    if missing <= 0:
        await tasks.finish(uow, task_id)
    else:
        await ledger.release(uow, [UUID(task.data["reservation_id"])])
        if reason != "blocked":  # what stands behind an obstacle is still there
            await _hold_rest(uow, task, reason)
        await tasks.finish(uow, task_id, "short", data={"found_each": found_each, "reason": reason})
        outcome = await _resource(uow, task, slot, missing)
        uow.emit(PickShorted(
            task_id=task_id, order_id=order_id, place_id=task.place_id, sku_id=task.sku_id, missing_each=missing,
            outcome=outcome,
        ))  # fmt: skip
    await _maybe_picked(uow, order_id, slot)
    return await queries.tour(uow, slot.tour_id)


async def _hold_rest(uow: UnitOfWork, task: work.TaskInfo, reason: str) -> None:
    """What the book still shows free there is not promised to anyone until it is counted."""
    status = "damaged" if reason == "damaged" else "count_hold"
    for held in await stock.held_in(uow, task.place_id, task.sku_id):
        if held.grain.status == "available" and held.free_each > 0:
            await ledger.change_status(uow, task.place_id, held.grain, status, held.free_each, f"short pick: {reason}")


async def _resource(uow: UnitOfWork, task: work.TaskInfo, slot: queries.SlotInfo, missing: int) -> str:
    """Find the missing pieces elsewhere, or apply the order's short policy. Returns what was done."""
    order_id, line_id = UUID(task.data["order_id"]), UUID(task.data["line_id"])
    last = max(
        (t.seq for t in await work.tasks(uow, group_id=slot.tour_id, states=("open", "claimed", "done", "shorted"))),
        default=0,
    )
    opened = []
    for c in await stock.candidates(uow, [task.sku_id]):
        if missing and c.place_id != task.place_id:
            qty = min(missing, c.free_each)
            (reservation_id,) = await ledger.reserve(uow, [ledger.Want(f"order_line:{line_id}", c.balance_id, qty)])
            last, missing = last + 1, missing - qty
            opened.append(
                open_pick(uow, slot.tour_id, last, order_id, line_id, reservation_id, c.place_id, task.sku_id, qty)
            )
    if opened:
        await uow.session.flush()
        await tasks.claim_group(uow, slot.tour_id)
    if not missing:
        return "other_location"
    order = await orders.order(uow, order_id)
    uow.emit(IncidentDetected(
        kind="order.short", key=f"short:{line_id}", subject=f"Order {order.ref}: {missing} missing at the pick",
        detail={"order": order.ref, "line": str(line_id), "missing_each": missing, "policy": order.short_policy}, due_h=2.0,
    ))  # fmt: skip
    await order_service.add_short(uow, line_id, missing)
    if order.short_policy in ("complete_only", "backorder"):
        wave_id = (await queries.tour(uow, slot.tour_id)).wave_id
        uow.emit(OrderWithdrawn(
            order_id=order_id, then="backordered", reason=f"{order.short_policy}: short at the pick", wave_id=wave_id,
        ))  # fmt: skip
        await stop_order(uow, order_id, "short")
        await order_service.advance(uow, order_id, "unrelease", why="short at the pick")
        await order_service.advance(uow, order_id, "backorder", why=order.short_policy)
        await order_service.clear_progress(uow, order_id)
    return order.short_policy


async def _maybe_picked(uow: UnitOfWork, order_id: UUID, slot: queries.SlotInfo) -> None:
    """When the order's last task is closed, its tote is ready; an order with nothing in its tote is cancelled."""
    open_tasks = await work.tasks(uow, kind="pick", group_id=slot.tour_id)
    if any(t.data["order_id"] == str(order_id) for t in open_tasks):
        return
    await uow.session.execute(
        update(TourSlot).where(TourSlot.tour_id == slot.tour_id, TourSlot.slot == slot.slot).values(done=True)
    )
    tour = await queries.tour(uow, slot.tour_id)
    if not all(s.done for s in await queries.slots_of(uow, order_id, tour.wave_id)):
        return  # another zone still picks its share
    order = await orders.order(uow, order_id)
    if order.state != "picking":
        return
    if sum(x.picked_each for x in order.lines) == 0:
        await order_service.advance(uow, order_id, "cancel", why="nothing of it was there")
        for each in await queries.slots_of(uow, order_id) if not tour.singles else ():
            await free_tote(uow, each.tote)
        return
    await order_service.advance(uow, order_id, "picked")
    uow.emit(OrderPicked(order_id=order_id, tote=slot.tote))
    if tour.singles:
        uow.emit(SinglePicked(order_id=order_id, tote=slot.tote))


async def free_tote(uow: UnitOfWork, code: str) -> None:
    tote = await stock.find_unit(uow, code)
    if tote is not None and not await stock.content_of(uow, tote.id):
        await ledger.bind_unit(uow, tote.id, None)


async def undo_pick(uow: UnitOfWork, task_id: UUID) -> queries.TourInfo:
    """Take back the actor's last confirmed pick by a reversing movement, while its order is still being picked.

    Errors: NothingToUndo.
    """
    task = await tasks.lock(uow, task_id)
    slot = await _slot(uow, task)
    order = await orders.order(uow, UUID(task.data["order_id"]))
    newest = await work.tasks(uow, kind="pick", group_id=task.group_id, states=("done",))
    last = max(newest, key=lambda t: (t.done_at is not None, t.done_at), default=None)
    if (
        task.state != "done"
        or task.done_by != uow.actor.id
        or last is None
        or last.id != task_id
        or order.state != "picking"
    ):
        raise rules.NothingToUndo(task_id=str(task_id))
    tote = await stock.find_unit(uow, slot.tote)
    held = await stock.held_in(uow, tote.id, task.sku_id) if tote else []
    if not tote or not held or held[0].qty_each < task.qty_each:
        raise rules.NothingToUndo(task_id=str(task_id))
    back_again = ledger.Line(
        held[0].grain, tote.id, task.place_id, task.qty_each, "undo pick", serials=task.data.get("serials")
    )
    await ledger.post(uow, [back_again])
    back = next(h for h in await stock.held_in(uow, task.place_id, task.sku_id) if h.grain == held[0].grain)
    (reservation_id,) = await ledger.reserve(
        uow, [ledger.Want(f"order_line:{task.data['line_id']}", back.balance_id, task.qty_each)]
    )
    await order_service.add_picked(uow, UUID(task.data["line_id"]), -task.qty_each)
    open_pick(uow, slot.tour_id, task.seq, order.id, UUID(task.data["line_id"]), reservation_id, task.place_id, task.sku_id,
               task.qty_each)  # fmt: skip
    await uow.session.flush()
    await tasks.claim_group(uow, slot.tour_id)
    return await queries.tour(uow, slot.tour_id)


async def stop_order(uow: UnitOfWork, order_id: UUID, reason: str, wave_id: UUID | None = None) -> None:
    """Close the order's open picks, free its reservations, and send what is already in its tote back.

    `wave_id`: only what this wave began; told late, the order may be at work in the next one.
    """
    order = await orders.order(uow, order_id)
    if wave_id is None:
        pending = await stock.open_reservations(uow, [f"order_line:{x.id}" for x in order.lines])
        await ledger.release(uow, [r.id for r in pending])
    for slot in await queries.slots_of(uow, order_id, wave_id):
        await _stop_slot(uow, order, slot, reason)


async def _stop_slot(uow: UnitOfWork, order: orders.OrderInfo, slot: queries.SlotInfo, reason: str) -> None:
    order_id = order.id
    for task in await work.tasks(uow, kind="pick", group_id=slot.tour_id):
        if task.data["order_id"] == str(order_id):
            await ledger.release(uow, [UUID(task.data["reservation_id"])])
            await tasks.finish(uow, task.id, "cancel")
    await uow.session.execute(
        update(TourSlot).where(TourSlot.tour_id == slot.tour_id, TourSlot.slot == slot.slot).values(done=True)
    )
    tote = await stock.find_unit(uow, slot.tote) if slot.tote else None
    if tote is not None and tote.bound_to == order_id:
        if await stock.content_of(uow, tote.id):
            uow.emit(GoodsToPutBack(hu_id=tote.id, reason=reason))
            if order.cancel_requested_at is None:
                # The order may come again in another tote: this one is no longer its own.
                await ledger.bind_unit(uow, tote.id, slot.tour_id)
        else:
            await ledger.bind_unit(uow, tote.id, None)
    tour = await queries.tour(uow, slot.tour_id)
    if tour.state == "planned" and not await work.tasks(uow, kind="pick", group_id=tour.id):
        await uow.session.execute(update(Tour).where(Tour.id == tour.id).values(state=rules.step("planned", "cancel")))


async def cancel_order(uow: UnitOfWork, order_id: UUID) -> None:
    """A cancelled order leaves the floor. Only acts while picking owns it."""
    order = await order_service.lock(uow, order_id)
    if order.state in ("released", "picking"):
        await stop_order(uow, order_id, "order cancelled")
        await order_service.advance(uow, order_id, "cancel", why="cancelled during the pick")
