"""Carry parts through what becomes of them: the host's answer, a change or the end of their order."""

from uuid import UUID

from sqlalchemy import select, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as order_queries
from wms.foundation.orders import service as orders
from wms.processes.sourcing import queries
from wms.processes.sourcing.rules import parts
from wms.processes.sourcing.service import judging
from wms.processes.sourcing.tables import OrderPart


async def answer(uow: UnitOfWork, channel: str, ref: str, *, accepted: bool, why: str = "") -> queries.PartInfo:
    """The host says whether the other warehouse sends the part. The same answer again changes nothing.

    A refused part comes back into its order while that waits as a whole; else it becomes an order of its own here.
    Errors: UnknownPart, PartEnded.
    """
    order_id = (await queries.part(uow, channel, ref)).order_id
    order = await orders.lock(uow, order_id)
    one = await _lock(uow, channel, ref)
    state = parts.step(one.state, "accept" if accepted else "refuse", ref)
    if state == one.state:
        return one
    if accepted:
        await _change(uow, one.id, state=state, answer=why[:200], accepted_at=uow.now)
        await _end_if_all_gone(uow, order, why)
    else:
        await _change(uow, one.id, state=state, answer=why[:200], ended_at=uow.now)
        await _take_back(uow, order, one, why)
    return await queries.part(uow, channel, ref)


async def _lock(uow: UnitOfWork, channel: str, ref: str) -> queries.PartInfo:
    await uow.session.execute(
        select(OrderPart.id).where(OrderPart.channel == channel, OrderPart.ref == ref).with_for_update()
    )
    return await queries.part(uow, channel, ref)


async def _change(uow: UnitOfWork, part_id: UUID, **values: object) -> None:
    await uow.session.execute(update(OrderPart).where(OrderPart.id == part_id).values(**values))


async def _end_if_all_gone(uow: UnitOfWork, order: order_queries.OrderInfo, why: str) -> None:
    """All of the order is sent by others, and they have said so: here it ends."""
    there = [p for p in await queries.parts_of(uow, order.id) if p.state in parts.LIVE]
    if any(x.open_each for x in order.lines) or any(p.state != "accepted" for p in there):
        return
    if order.state not in ("accepted", "backordered"):
        return
    for p in there:
        await _change(uow, p.id, state=parts.step(p.state, "end", p.ref), ended_at=uow.now)
    await orders.request_cancel(uow, order.id, f"all of it is sent by {', '.join(p.ref for p in there)}")


async def _take_back(uow: UnitOfWork, order: order_queries.OrderInfo, one: queries.PartInfo, why: str) -> None:
    back = {x.line_id: x.qty_each for x in one.lines}
    if order.state == "cancelled":
        return
    if order.state == "backordered" or (order.state == "accepted" and judging.held(order)):
        await orders.bring_back(uow, order.id, back, why=f"{one.warehouse} refused {one.ref}: {why or '-'}")
        became = order.ref
    else:  # it may be in a plan, in a tote or on its way: what comes back is sent by itself
        became = one.ref
        order_id = await _own_order(uow, order, one)
        await _change(uow, one.id, back_as=order_id)
    uow.emit(IncidentDetected(
        kind="sourcing.refused", key=f"sourcing.refused:{one.id}", subject=f"{one.warehouse} refused {one.ref}: {why}"[:300],
        detail={"order": order.ref, "ref": one.ref, "warehouse": one.warehouse, "why": why[:300], "became": became},
        owner="lead", due_h=2.0,
    ))  # fmt: skip
    await judging.judge(uow, order.id)


async def _own_order(uow: UnitOfWork, order: order_queries.OrderInfo, one: queries.PartInfo) -> UUID:
    skus = await catalog.skus(uow, {x.sku_id for x in one.lines})
    values = {x.id: x.value_cents for x in order.lines}
    draft = orders.OrderDraft(
        ref=one.ref, lines=tuple((skus[x.sku_id].code, x.qty_each) for x in one.lines), channel=order.channel,
        carrier=order.carrier, priority=order.priority, destination=order.destination, short_policy="backorder",
        parcels_max=order.parcels_max, currency=order.currency, promised_at=order.promised_at,
        values=tuple(values.get(x.line_id, 0) for x in one.lines),
    )  # fmt: skip
    [order_id] = await orders.accept_orders(uow, [draft])
    return order_id


async def withdraw(uow: UnitOfWork, order_id: UUID, why: str, *, bring_back: bool) -> None:
    """The order changed or ended: what others have not sent yet they need not send. `bring_back`: into its lines."""
    order = await orders.lock(uow, order_id)
    for p in await queries.parts_of(uow, order_id):
        if p.state not in parts.LIVE:
            continue
        await _change(uow, p.id, state=parts.step(p.state, "withdraw", p.ref), answer=why[:200], ended_at=uow.now)
        uow.send_host(
            "order.part_cancelled", {"order_id": str(order_id), "order": order.ref, "channel": p.channel, "ref": p.ref, "warehouse": p.warehouse, "why": why[:200]},
            ref=f"order:{order_id}",
        )  # fmt: skip
        if bring_back:
            await orders.bring_back(uow, order_id, {x.line_id: x.qty_each for x in p.lines}, why=f"{p.ref}: {why}")


async def on_change(uow: UnitOfWork, order_id: UUID, what: list[str]) -> None:
    """Address or lines changed while the order waits: its parts are taken back, and it is judged anew."""
    order = await orders.lock(uow, order_id)
    if order.state not in ("accepted", "backordered") or not {"destination", "lines"} & set(what):
        return
    await withdraw(uow, order_id, f"the order changed: {', '.join(what)}", bring_back="lines" not in what)
    await judging.judge(uow, order_id)
