"""Carry parts through what becomes of them: the host's answer, a change or the end of their order."""

from uuid import UUID

from sqlalchemy import select, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as order_queries
from wms.foundation.orders import service as orders
from wms.foundation.orders.rules import CHECK_DUE
from wms.processes.sourcing import queries
from wms.processes.sourcing.rules import parts
from wms.processes.sourcing.service import judging
from wms.processes.sourcing.service.data import CHECK
from wms.processes.sourcing.tables import OrderPart


def refused_key(part_id: UUID) -> str:
    """Of the incident of a part that was refused."""
    return f"sourcing.refused:{part_id}"


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
        await _end_if_all_gone(uow, order)
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


async def _end_if_all_gone(uow: UnitOfWork, order: order_queries.OrderInfo) -> None:
    """All of the order is sent by others, and they have said so: here it ends."""
    there = [p for p in await queries.parts_of(uow, order.id) if p.state in parts.LIVE]
    if any(x.open_each for x in order.lines) or any(p.state != "accepted" for p in there):
        return
    if order.state not in ("accepted", "backordered") or judging.due(order):  # changed: its parts are taken back first
        return
    for p in there:
        await _change(uow, p.id, state=parts.step(p.state, "end", p.ref), ended_at=uow.now)
    await orders.request_cancel(uow, order.id, f"all of it is sent by {', '.join(p.ref for p in there)}")


async def _take_back(uow: UnitOfWork, order: order_queries.OrderInfo, one: queries.PartInfo, why: str) -> None:
    if order.cancel_requested_at is not None:
        return
    became = await _come_back(uow, order, one, f"{one.warehouse} refused {one.ref}: {why or '-'}")
    uow.emit(IncidentDetected(
        kind="sourcing.refused", key=refused_key(one.id), subject=f"{one.warehouse} refused {one.ref}: {why}"[:300],
        detail={"order": order.ref, "ref": one.ref, "warehouse": one.warehouse, "why": why[:300], "became": became},
        owner="lead", due_h=2.0,
    ))  # fmt: skip
    await judging.judge(uow, order.id)


async def _come_back(uow: UnitOfWork, order: order_queries.OrderInfo, one: queries.PartInfo, why: str) -> str:
    """What another warehouse does not send is open here again. Returns the reference of the order that it is in."""
    if judging.waits(order):
        await orders.bring_back(uow, order.id, {x.line_id: x.qty_each for x in one.lines}, why=why)
        return order.ref
    # It may be in a plan, in a tote or on its way: what comes back is sent by itself.
    await _change(uow, one.id, back_as=await _own_order(uow, order, one))
    return one.ref


async def _own_order(uow: UnitOfWork, order: order_queries.OrderInfo, one: queries.PartInfo) -> UUID:
    skus = await catalog.skus(uow, {x.sku_id for x in one.lines})
    values = {x.id: x.value_cents for x in order.lines}
    draft = orders.OrderDraft(
        ref=one.ref, lines=tuple((skus[x.sku_id].code, x.qty_each) for x in one.lines), channel=order.channel,
        carrier=order.carrier, priority=order.priority, destination=order.destination, short_policy="backorder",
        parcels_max=order.parcels_max, currency=order.currency, promised_at=order.promised_at,
        values=tuple(values.get(x.line_id, 0) for x in one.lines), gift=order.gift, **order.fixed,
    )  # fmt: skip
    [order_id] = await orders.accept_orders(uow, [draft])
    return order_id


async def on_cancel(uow: UnitOfWork, order_id: UUID, why: str) -> None:
    """The order was cancelled: what others have not sent yet they need not send, nor is what they had refused sent from here.

    An order that ended because nothing of it was here is none that anybody cancelled: what others send of it they still send.
    """
    order = await orders.lock(uow, order_id)
    there = await queries.parts_of(uow, order_id)
    if order.cancel_requested_at is None or any(p.state == "done" for p in there):
        return
    for p in there:
        if p.state in parts.LIVE:
            await _withdraw(uow, order, p, why)
        elif p.back_as is not None and (await orders.lock(uow, p.back_as)).state != "shipped":
            await orders.request_cancel(uow, p.back_as, f"{order.ref}: {why}")


async def on_change(uow: UnitOfWork, order_id: UUID, what: list[str]) -> None:
    """Address or lines changed: its parts are taken back, and judged anew, in it or by themselves."""
    order = await orders.lock(uow, order_id)
    if order.cancel_requested_at is not None or not {"destination", "lines"} & set(what):
        return
    why = f"the order changed: {', '.join(what)}"
    if order.state == "accepted" and not judging.waits(order):  # judged meanwhile: no plan may hold what is open again
        await orders.hold(uow, order_id, CHECK, CHECK_DUE, why)
        order = await orders.lock(uow, order_id)
    for p in await queries.parts_of(uow, order_id):
        if p.state in parts.LIVE:
            became = await _come_back(uow, order, p, f"{p.ref}: {why}")
            await _withdraw(uow, order, p, why, became)
    await judging.judge(uow, order_id)


async def _withdraw(
    uow: UnitOfWork, order: order_queries.OrderInfo, one: queries.PartInfo, why: str, became: str = ""
) -> None:
    await _change(uow, one.id, state=parts.step(one.state, "withdraw", one.ref), answer=why[:200], ended_at=uow.now)
    uow.send_host("order.part_cancelled", {
        "order_id": str(order.id), "order": order.ref, "channel": one.channel, "ref": one.ref, "warehouse": one.warehouse,
        "why": why[:200], "became": became,
    }, ref=f"order:{order.id}")  # fmt: skip
