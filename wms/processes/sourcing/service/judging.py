"""Judge an order before release: served here, waiting for what is announced, or split among warehouses."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as order_queries
from wms.foundation.orders import service as orders
from wms.foundation.orders.rules import CHECK_DUE
from wms.foundation.stock import queries as stock
from wms.kernel.ids import uuid7
from wms.processes.sourcing import queries
from wms.processes.sourcing.rules import parts, refusals, split
from wms.processes.sourcing.service.data import CHECK
from wms.processes.sourcing.tables import OrderPart, OrderPartLine, SourcingChoice, WarehouseRow

WAITING_MOST = 20_000


async def judge(uow: UnitOfWork, order_id: UUID) -> split.Decision | None:
    """Decide where the order is sent from, and act on it. None: there is nothing to decide.

    Only an order that waits is judged: one that is held for this, or in backorder. Others may be in a plan already.
    """
    order = await orders.lock(uow, order_id)
    if order.cancel_requested_at is not None or not waits(order):
        return None
    if not any(x.open_each for x in order.lines):
        if not await _all_elsewhere(uow, order):  # nothing is left of it, and nobody else sends it
            await orders.lift(uow, order_id, CHECK)
        await uow.session.execute(
            update(SourcingChoice).where(SourcingChoice.order_id == order_id).values(judged_at=uow.now)
        )
        return None
    made = await _choose(uow, order)
    await _keep(uow, order_id, made)
    match made.kind:
        case "here" | "short":
            await orders.lift(uow, order_id, CHECK, made.why if made.kind == "short" else "")
        case "wait":
            await orders.hold(uow, order_id, CHECK, refusals.Waits.code, made.why)
        case "split" | "elsewhere":
            await _send(uow, order, made)
    if order.state == "backordered" and made.kind == "split":
        await orders.advance(uow, order_id, "reopen", why="the rest can be served here")
    return made


def waits(order: order_queries.OrderInfo) -> bool:
    """Whether it is in backorder or held for sourcing, so that no plan can hold it."""
    return order.state == "backordered" or (order.state == "accepted" and any(h["kind"] == CHECK for h in order.holds))


def due(order: order_queries.OrderInfo) -> bool:
    """Whether it is new or changed, and not judged since."""
    return any(h["kind"] == CHECK and h["code"] == CHECK_DUE for h in order.holds)


async def _all_elsewhere(uow: UnitOfWork, order: order_queries.OrderInfo) -> bool:
    return any(p.state in parts.TAKING for p in await queries.parts_of(uow, order.id))


async def _choose(uow: UnitOfWork, order: order_queries.OrderInfo) -> split.Decision:
    open_lines = [x for x in order.lines if x.open_each]
    sku_ids = {x.sku_id for x in open_lines}
    skus = await catalog.skus(uow, sku_ids)
    wanted = split.Order(
        needs=tuple(
            split.Need(str(x.id), x.sku_id, skus[x.sku_id].code, x.open_each, x.bundle, frozenset(skus[x.sku_id].attributes))
            for x in open_lines
        ),
        country=str(order.destination.get("country") or "").upper(), channel=order.channel,
        complete=order.short_policy == "complete_only", whole=order.short_policy == "complete_only" and not order.may_split,
        parcels_max=order.parcels_max, cutoff_at=order.cutoff_at,
    )  # fmt: skip
    free, before = await stock.free_each(uow, sku_ids), await order_queries.open_before(uow, order.id, sku_ids)
    # First come, first served: of what is here, and of what is announced.
    here = {s: max(0, n - before.get(s, 0)) for s, n in free.items()}
    if all(here.get(s, 0) >= sum(x.open_each for x in open_lines if x.sku_id == s) for s in sku_ids):
        return split.choose(wanted, here, ())
    zone = await uow.zone()
    coming = split.less(
        [
            split.Coming(sku, n, due.astimezone(zone), ref)
            for sku, n, due, ref in await order_queries.announced(uow, sku_ids, since=uow.now)
        ],
        {s: n - free.get(s, 0) for s, n in before.items()},
    )
    # Held until the end of the transaction: two orders must not be promised the same piece.
    await uow.session.execute(select(WarehouseRow.code).order_by(WarehouseRow.code).with_for_update())
    refused = await queries.refused_by(uow, order.id)
    known = [k for k in await queries.warehouses(uow) if k.warehouse.code not in refused]
    made = split.choose(wanted, here, await queries.there(uow, known, sku_ids), coming)
    said = tuple((code, "has refused it before") for code in sorted(refused))
    return split.Decision(made.kind, made.why, made.parts, made.until, (*made.considered, *said))


async def _send(uow: UnitOfWork, order: order_queries.OrderInfo, made: split.Decision) -> None:
    """Take the parts off here, and tell the host who sends them."""
    skus = await catalog.skus(uow, {x.sku_id for x in order.lines})
    before = [p.warehouse for p in await queries.parts_of(uow, order.id)]
    gone: dict[UUID, int] = {}
    refs = []
    for one in made.parts:
        ref = parts.reference(order.ref, one.warehouse, before.count(one.warehouse))
        refs.append(ref)
        row = OrderPart(
            id=uuid7(), channel=order.channel, ref=ref, order_id=order.id, order_ref=order.ref, warehouse=one.warehouse, state="told",
            why=made.why, cents=one.cents, lead_days=one.lead_days, answer="", told_at=uow.now,
        )  # fmt: skip
        uow.session.add(row)
        await uow.session.flush()
        told: dict[UUID, tuple[int, int]] = {}
        for line_id, sku_id, n in one.lines:
            told[UUID(line_id)] = (sku_id, told.get(UUID(line_id), (sku_id, 0))[1] + n)
        for line, (sku_id, n) in told.items():
            uow.session.add(OrderPartLine(part_id=row.id, line_id=line, sku_id=sku_id, qty_each=n))
            gone[line] = gone.get(line, 0) + n
        await uow.session.flush()
        uow.send_host("order.part_elsewhere", {
            "order_id": str(order.id), "order": order.ref, "channel": order.channel, "ref": ref, "warehouse": one.warehouse,
            "lines": [{"sku": skus[s].code, "qty_each": n} for s, n in told.values()], "lead_days": one.lead_days,
            "destination": order.destination, "why": made.why,
        }, ref=f"order:{order.id}")  # fmt: skip
    await orders.move_elsewhere(uow, order.id, gone, why=f"{', '.join(refs)}: {made.why}")
    if made.kind == "elsewhere":
        await orders.hold(
            uow, order.id, CHECK, refusals.Elsewhere.code, f"all of it is sent by {', '.join(refs)}; not confirmed yet"
        )
    else:
        await orders.lift(uow, order.id, CHECK)


async def _keep(uow: UnitOfWork, order_id: UUID, made: split.Decision) -> None:
    if made.kind == "here" and await queries.choice_of(uow, order_id) is None:
        return  # as nearly all: nothing to tell
    values = {
        "kind": made.kind, "why": made.why, "considered": [list(x) for x in made.considered], "until": made.until,
        "judged_at": uow.now,
    }  # fmt: skip
    await uow.session.execute(
        insert(SourcingChoice)
        .values(order_id=order_id, **values)
        .on_conflict_do_update(index_elements=["order_id"], set_=values)
    )


async def judge_waiting(uow: UnitOfWork, sku_id: int | None = None, limit: int = 500) -> int:
    """Judge again what is held for sourcing or in backorder, of one SKU or all; of too many those judged longest ago.
    Returns how many were looked at."""
    waiting: Sequence[UUID] = [
        *await order_queries.held(uow, CHECK, WAITING_MOST),
        *await order_queries.in_state(uow, "backordered", WAITING_MOST),
    ]
    if sku_id is not None:
        waiting = await order_queries.with_sku(uow, waiting, sku_id)
    if len(waiting) > limit:
        waiting = await queries.longest_ago(uow, waiting, limit)
    # All of them before the warehouses' rows: who judges a single order locks in the same sequence.
    locked = await orders.lock_all(uow, set(waiting))
    for order_id in sorted(locked):
        await judge(uow, order_id)
    return len(locked)
