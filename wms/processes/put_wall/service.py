"""Show a tote's slot, put its share in, and take back what nobody wants any more."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.picking import GoodsToPutBack
from wms.events.put_wall import ToteConsolidated
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.ids import uuid7
from wms.processes.put_wall import queries, rules

LIGHT_TTL_S = 120


async def bring(uow: UnitOfWork, tote_scan: str) -> work.TaskInfo:
    """A tote is in hand: its order's slot, or a free one that is the order's from now on, and a light on it.

    Errors: NotAWallTote, WallFull, OrderIsCancelled, UnknownBarcode.
    """
    tote = await stock.unit(uow, (await scanning.meaning(uow, tote_scan, "unit")).id)
    wall = next((w for w in await queries.walls(uow) if any(t.id == tote.id for t in w.totes)), None)
    if wall is None or tote.bound_to is None:
        gone = (await orders.orders(uow, [tote.bound_to])).get(tote.bound_to) if tote.bound_to else None
        if gone is not None and gone.cancel_requested_at is not None:
            raise order_rules.OrderIsCancelled(ref=gone.ref)
        raise rules.NotAWallTote(scanned=tote.code)
    order = await order_service.lock(uow, tote.bound_to)
    if not queries.is_wanted(order):
        raise order_rules.OrderIsCancelled(ref=order.ref)
    there = next((t for t in await work.tasks(uow, kind="wall") if t.place_id == tote.id), None)
    if there is not None:
        return await tasks.make_mine(uow, there)
    slot = next((s for s in wall.slots if s.bound_to == order.id), None)
    if slot is None:
        free = [s for s in wall.slots if s.bound_to is None and not await stock.content_of(uow, s.id)]
        if not free:
            raise rules.WallFull(wall=wall.code)
        slot = free[0]
        await ledger.bind_unit(uow, slot.id, order.id)
    pieces = sum(h.qty_each for h in await stock.content_of(uow, tote.id))
    task_id = tasks.open_task(
        uow, "wall", place_id=tote.id, to_place_id=slot.id, qty_each=pieces, group_id=order.id,
        data={"tote": tote.code, "slot": slot.code, "wall": wall.code, "order": order.ref},
    )  # fmt: skip
    await uow.session.flush()
    if light := await _light(uow, wall.code):
        data = {"position": slot.code, "qty": pieces, "colour": rules.COLOUR}
        uow.send_device(light, "light", data, ref=f"put_wall.light:{task_id}", ttl_s=LIGHT_TTL_S)
    return await tasks.make_mine(uow, await tasks.lock(uow, task_id))


async def put(uow: UnitOfWork, task_id: UUID, slot_scan: str) -> bool:
    """The share is in the slot, proven by its code or by the button under its light. Returns whether the order is complete.

    Errors: WrongSlot, OrderIsCancelled, TaskClosed, NotYourTask.
    """
    task = await tasks.lock_mine(uow, task_id)
    slot = await stock.unit(uow, task.to_place_id)
    if slot_scan.strip().upper() != slot.code.upper():
        raise rules.WrongSlot(scanned=slot_scan[:60], expected=slot.code)
    return await _put(uow, task, slot)


async def _put(uow: UnitOfWork, task: work.TaskInfo, slot: stock.Unit) -> bool:
    tote = await stock.unit(uow, task.place_id)
    order_id = task.group_id
    if order_id is None or tote.bound_to != order_id or slot.bound_to != order_id:
        raise order_rules.OrderIsCancelled(ref=task.data["order"])
    order = await order_service.lock(uow, order_id)
    if order.cancel_requested_at is not None:
        raise order_rules.OrderIsCancelled(ref=order.ref)
    held = await stock.content_of(uow, tote.id)
    await ledger.post(uow, [ledger.Line(h.grain, tote.id, slot.id, h.qty_each, "consolidate") for h in held])
    await ledger.bind_unit(uow, tote.id, None)
    await tasks.finish(uow, task.id)
    await _dark(uow, task)
    complete = not await queries.shares_left(uow, order)
    uow.emit(ToteConsolidated(
        order_id=order_id, tote=tote.code, slot=slot.code, in_place_id=tote.in_place_id, complete=complete,
    ))  # fmt: skip
    return complete


async def confirm_light(uow: UnitOfWork, light: str, position: str, qty_each: int) -> None:
    """The button under a light: the share that it was lit for is in. Nothing happens where none is on its way.

    Fewer pieces than the light showed: nothing is booked, and a lead hears of it; the tote's hands scan the slot when all is found.
    """
    walls = {s.location for s in await work.stations(uow, "wall") if s.light == light}
    for task in await work.tasks(uow, kind="wall", states=("claimed",)):
        if task.data["wall"] in walls and task.data["slot"].upper() == position.upper():
            if qty_each != task.qty_each:
                uow.emit(IncidentDetected(
                    kind="put_wall.short", key=f"put_wall_short:{task.group_id}:{task.data['tote']}", owner="lead", due_h=0.5,
                    subject=f"Tote {task.data['tote']}: {qty_each} of {task.qty_each} put into {task.data['slot']}",
                    detail={"tote": task.data["tote"], "slot": task.data["slot"], "order": task.data["order"],
                            "put_each": qty_each, "wanted_each": task.qty_each},
                ))  # fmt: skip
                continue
            await _put(uow, task, await stock.unit(uow, task.to_place_id))


async def clear(uow: UnitOfWork, order_id: UUID, reason: str) -> None:
    """An order that leaves the floor leaves the wall: what lies in its slot goes back, shares on their way stop."""
    for task in await work.tasks(uow, kind="wall", group_id=order_id):
        await tasks.finish(uow, task.id, "cancel")
        await _dark(uow, task)
    slots = {s.id for w in await queries.walls(uow) for s in w.slots}
    for unit in await stock.units_bound_to(uow, order_id):
        if unit.id not in slots:
            continue
        if await stock.content_of(uow, unit.id):
            await ledger.bind_unit(uow, unit.id, uuid7())  # nobody's order: free again when its last piece is put away
            uow.emit(GoodsToPutBack(hu_id=unit.id, reason=reason))
        else:
            await ledger.bind_unit(uow, unit.id, None)


async def _dark(uow: UnitOfWork, task: work.TaskInfo) -> None:
    if light := await _light(uow, task.data["wall"]):
        data = {"position": task.data["slot"]}
        uow.send_device(light, "light_off", data, ref=f"put_wall.dark:{task.id}", ttl_s=LIGHT_TTL_S)


async def _light(uow: UnitOfWork, wall: str) -> str:
    """The light controller of a wall; empty when it has none."""
    return next((s.light for s in await work.stations(uow, "wall") if s.location == wall and s.light), "")
