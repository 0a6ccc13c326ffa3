"""Release waves; pause, add to, take from and undo them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from wms.algorithms.packing.cartons import Box
from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.order_release import OrderWithdrawn, WaveReleased, WaveRequested
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import NotEnough
from wms.kernel.ids import uuid7
from wms.processes.order_release import queries, rules
from wms.processes.order_release.tables import Wave, WaveOrder

solve = rules.solve
"""The pure middle of planning, run in a process pool."""


async def release_wave(uow: UnitOfWork, name: str, order_ids: Sequence[UUID], *, why: str = "") -> UUID:
    """Open a wave with these accepted orders; planning follows as its own step. Errors: NothingToRelease."""
    chosen = await _plannable(uow, order_ids)
    if not chosen:
        raise rules.NothingToRelease()
    wave_id = uuid7()
    uow.session.add(Wave(id=wave_id, name=name, state="planning", created_by=uow.actor.id, created_at=uow.now, why=why))
    await uow.session.flush()
    await _enter(uow, wave_id, chosen)
    return wave_id


async def release_waiting(uow: UnitOfWork, name: str, limit: int, *, why: str = "") -> UUID | None:
    """Open a wave with the most urgent waiting orders; None when there are none."""
    chosen = await _plannable(uow, await orders.waiting(uow, limit * 2))
    return await release_wave(uow, name, chosen[:limit], why=why) if chosen else None


async def add_orders(uow: UnitOfWork, wave_id: UUID, order_ids: Sequence[UUID]) -> int:
    """Plan further orders into a wave. Errors: UnknownWave, WaveClosed, NothingToRelease."""
    wave = await queries.wave(uow, wave_id)
    rules.step(wave.state, "release")
    chosen = await _plannable(uow, order_ids)
    if not chosen:
        raise rules.NothingToRelease()
    await _enter(uow, wave_id, chosen)
    return len(chosen)


async def _plannable(uow: UnitOfWork, order_ids: Sequence[UUID]) -> list[UUID]:
    found, busy = await orders.orders(uow, order_ids), await queries.planning(uow)
    return [i for i in order_ids if i in found and found[i].state == "accepted" and i not in busy]


async def _enter(uow: UnitOfWork, wave_id: UUID, chosen: Sequence[UUID]) -> None:
    for order_id in chosen:
        await uow.session.merge(WaveOrder(wave_id=wave_id, order_id=order_id, state="planning", why=""))
    uow.emit(WaveRequested(wave_id=wave_id, order_ids=list(chosen)))


async def snapshot(uow: UnitOfWork, wave_id: UUID, order_ids: Sequence[UUID]) -> rules.Snapshot | None:
    """What planning needs to know; None when there is nothing left to plan."""
    found = await orders.orders(uow, order_ids)
    needs = []
    for order_id in order_ids:
        order = found.get(order_id)
        if order is None or order.state != "accepted" or order.cancel_requested_at is not None:
            await _refuse(uow, wave_id, order_id, "no longer waiting")
            continue
        lines = tuple((x.id, x.sku_id, x.open_each) for x in order.lines if x.open_each > 0)
        needs.append(rules.Need(order_id, order.short_policy, lines))
    if not needs:
        await _settle(uow, wave_id)
        return None
    sku_ids = sorted({sku_id for n in needs for _, sku_id, _ in n.lines})
    skus = await catalog.skus(uow, sku_ids)
    free = await stock.candidates(uow, sku_ids)
    return rules.Snapshot(
        tuple(needs), tuple(rules.Free(c.balance_id, c.sku_id, c.free_each) for c in free),
        {s.id: ((s.length_mm, s.width_mm, s.height_mm), s.weight_g) for s in skus.values()},
        tuple(Box(c.code, c.inner_mm, c.tare_g, c.load_max_g) for c in await catalog.cartons(uow)),
    )  # fmt: skip


async def apply_plans(uow: UnitOfWork, wave_id: UUID, plans: Sequence[rules.OrderPlan]) -> None:
    """Reserve and release what is still as planned; an order whose stock went meanwhile waits for the next round."""
    released = [p.order_id for p in plans if await _apply_one(uow, wave_id, p)]
    wave = await queries.wave(uow, wave_id)
    if released and wave.state in ("planning", "released", "paused"):
        await uow.session.execute(
            update(Wave).where(Wave.id == wave_id)
            .values(state=rules.step(wave.state, "release"), released_at=wave.released_at or uow.now)
        )  # fmt: skip
        uow.emit(WaveReleased(wave_id=wave_id, order_ids=released))
    await _settle(uow, wave_id)


async def _apply_one(uow: UnitOfWork, wave_id: UUID, plan: rules.OrderPlan) -> bool:
    order = await order_service.lock(uow, plan.order_id)
    wave_row = await uow.session.get(WaveOrder, (wave_id, plan.order_id), populate_existing=True)
    if wave_row is None or wave_row.state != "planning":
        return False
    if order.state != "accepted" or order.cancel_requested_at is not None:
        await _refuse(uow, wave_id, plan.order_id, "no longer waiting")
        return False
    if plan.refused:
        await _refuse(uow, wave_id, plan.order_id, plan.refused)
        await _cannot_release(uow, order, plan)
        return False
    wants = [ledger.Want(f"order_line:{line}", balance, qty) for line, balance, qty in plan.reserve]
    try:
        async with uow.session.begin_nested():
            await ledger.reserve(uow, wants)
    except NotEnough:
        await _refuse(uow, wave_id, plan.order_id, "stock taken meanwhile; planned again in the next wave")
        return False
    for line_id, missing in plan.short:
        await order_service.add_short(uow, line_id, missing)
        uow.emit(IncidentDetected(
            kind="order.short", key=f"short:{line_id}", subject=f"Order {order.ref}: {missing} missing",
            detail={"order": order.ref, "line": str(line_id), "missing_each": missing}, due_h=2.0,
        ))  # fmt: skip
    wave_row.state = "released"
    names = ", ".join(str(c["carton"]) for c in plan.cartons)
    await order_service.plan_parcels(
        uow, plan.order_id, list(plan.cartons), f"{names}: smallest that holds the arrangement"
    )
    await order_service.advance(uow, plan.order_id, "release", why=f"wave {wave_id}")
    return True


async def _cannot_release(uow: UnitOfWork, order: orders.OrderInfo, plan: rules.OrderPlan) -> None:
    """The order waits; a person hears of it once."""
    if order.short_policy == "cancel_line" and plan.refused == "no stock for any line":
        await order_service.advance(uow, order.id, "cancel", why="cancel_line: no stock for any line")
        return
    await order_service.advance(uow, order.id, "backorder", why=plan.refused)
    uow.emit(IncidentDetected(
        kind="order.cannot_release", key=f"cannot_release:{order.id}", subject=f"Order {order.ref}: {plan.refused}",
        detail={"order": order.ref, "reason": plan.refused}, due_h=2.0,
    ))  # fmt: skip


async def _refuse(uow: UnitOfWork, wave_id: UUID, order_id: UUID, why: str) -> None:
    await uow.session.execute(
        update(WaveOrder).where(WaveOrder.wave_id == wave_id, WaveOrder.order_id == order_id, WaveOrder.state == "planning")
        .values(state="refused", why=why)
    )  # fmt: skip


async def _settle(uow: UnitOfWork, wave_id: UUID) -> None:
    """A wave in which nothing is left to do is done."""
    await uow.session.flush()
    left = await uow.session.scalar(
        text("""
        SELECT count(*) FROM wave_order w JOIN customer_order o ON o.id = w.order_id WHERE w.wave_id = :wave
        AND (w.state = 'planning' OR (w.state = 'released' AND o.state IN ('released', 'picking')))"""),
        {"wave": wave_id},
    )
    wave = await queries.wave(uow, wave_id)
    if not left and wave.state in ("planning", "released"):
        await uow.session.execute(update(Wave).where(Wave.id == wave_id).values(state="done"))


async def set_paused(uow: UnitOfWork, wave_id: UUID, paused: bool) -> None:
    """Pause: no new tour of it is handed out. Errors: UnknownWave, WaveClosed."""
    wave = await queries.wave(uow, wave_id)
    state = rules.step(wave.state, "pause" if paused else "resume")
    await uow.session.execute(update(Wave).where(Wave.id == wave_id).values(state=state))


async def remove_order(uow: UnitOfWork, order_id: UUID, reason: str, *, then: str = "accepted") -> None:
    """Take an order out of its wave. Work not started stops; what is picked comes back. Errors: NotInWave, WrongState."""
    wave_id = await queries.wave_of(uow, order_id)
    if wave_id is None:
        raise rules.NotInWave(order_id=str(order_id))
    order = await order_service.lock(uow, order_id)
    if order.cancel_requested_at is not None:  # it is leaving already, and for good
        raise order_rules.OrderIsCancelled(ref=order.ref)
    await order_service.advance(uow, order_id, "unrelease", why=reason)
    if then == "backordered":
        await order_service.advance(uow, order_id, "backorder", why=reason)
    await note_withdrawn(uow, wave_id, order_id, reason)
    await free_stock(uow, order_id)
    await order_service.clear_progress(uow, order_id)
    uow.emit(OrderWithdrawn(order_id=order_id, then=then, reason=reason, wave_id=wave_id))


async def note_withdrawn(uow: UnitOfWork, wave_id: UUID, order_id: UUID, why: str) -> None:
    """The wave no longer owns the order."""
    await uow.session.execute(
        update(WaveOrder).where(WaveOrder.wave_id == wave_id, WaveOrder.order_id == order_id)
        .values(state="withdrawn", why=why)
    )  # fmt: skip


async def undo_wave(uow: UnitOfWork, wave_id: UUID, reason: str) -> int:
    """Take every order that is not yet picked out of the wave. Returns how many. Errors: UnknownWave, WaveClosed."""
    wave = await queries.wave(uow, wave_id)
    state = rules.step(wave.state, "undo")
    members = await queries.wave_orders(uow, wave_id)
    found = await order_service.lock_all(uow, list(members))
    undone = 0
    for order_id, member in sorted(members.items()):
        if member == "planning":
            await _refuse(uow, wave_id, order_id, "wave undone")
            undone += 1
        elif (
            member == "released"
            and found[order_id].state in ("released", "picking")
            and found[order_id].cancel_requested_at is None
        ):
            await remove_order(uow, order_id, reason)
            undone += 1
    await uow.session.execute(update(Wave).where(Wave.id == wave_id).values(state=state))
    return undone


async def cancel_order(uow: UnitOfWork, order_id: UUID) -> None:
    """An order that fell back to waiting while its cancellation was on the way ends here. Only acts while it waits."""
    order = await order_service.lock(uow, order_id)
    if order.state in ("accepted", "backordered") and order.cancel_requested_at is not None:
        await order_service.advance(uow, order_id, "cancel", why="cancelled")


async def free_stock(uow: UnitOfWork, order_id: UUID) -> int:
    """Void every pending reservation of an order. Returns pieces freed."""
    order = await orders.order(uow, order_id)
    pending = await stock.open_reservations(uow, [f"order_line:{x.id}" for x in order.lines])
    return await ledger.release(uow, [r.id for r in pending])


async def reopen_backorders(uow: UnitOfWork, sku_id: int) -> int:
    """Orders that waited for this SKU try again. Returns how many."""
    rows = await uow.session.scalars(
        text("""
        SELECT DISTINCT o.id FROM customer_order o JOIN order_line l ON l.order_id = o.id
        WHERE o.state = 'backordered' AND l.sku_id = :sku LIMIT 200""").columns(),
        {"sku": sku_id},
    )
    ids: list[Any] = list(rows)
    for order_id in ids:
        await order_service.advance(uow, order_id, "reopen", why="stock arrived")
    return len(ids)


async def finish_waves(uow: UnitOfWork) -> None:
    """Close waves in which nothing is left."""
    for wave_id in list(
        await uow.session.scalars(select(Wave.id).where(Wave.state.in_(("planning", "released"))).limit(50))
    ):
        await _settle(uow, wave_id)
