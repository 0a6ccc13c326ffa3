"""Stock of an overseas warehouse: sales take it first in, first out by declaration item; refunds are settled on what is sold."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.kernel.ids import uuid7
from wms.processes.customs.rules import refusals
from wms.processes.customs.rules.consumption import Item, consume
from wms.processes.customs.rules.fields import Field, check, day, text, whole
from wms.processes.customs.tables import Sale, StockItem

_SOLD = (Field("ref", text(64)), Field("sku", text(64)), Field("qty_each", whole(1, 10**6)), Field("sold_on", day))


async def sell(
    uow: UnitOfWork, sku_id: int, qty_each: int, *, source: str, ref: str, sold_at: datetime, undeclared: bool
) -> int:
    """Take pieces off the SKU's declaration items. Returns those that no item is left for; with `undeclared` they are written down."""
    items = {
        i.id: i
        for i in await uow.session.scalars(
            select(StockItem).where(StockItem.sku_id == sku_id, StockItem.sold_each < StockItem.qty_each)
            .order_by(StockItem.id).with_for_update().execution_options(populate_existing=True)
        )
    }  # fmt: skip
    taken, short = consume(
        [Item(i.id, i.declaration, i.item, i.exported_on, i.qty_each - i.sold_each) for i in items.values()], qty_each
    )
    rows: list[tuple[UUID | None, int]] = [*taken]
    if short and undeclared:
        rows.append((None, short))
    for item_id, pieces in rows:
        if item_id is not None:
            items[item_id].sold_each += pieces
        uow.session.add(
            Sale(id=uuid7(), item_id=item_id, sku_id=sku_id, qty_each=pieces, source=source, ref=ref, sold_at=sold_at)
        )
    await uow.session.flush()
    return short


async def sell_order(uow: UnitOfWork, order_id: UUID) -> None:
    """An order that left sells what of it came here under a declaration."""
    order = await orders.order(uow, order_id)
    tied = set(
        await uow.session.scalars(
            select(StockItem.sku_id).where(StockItem.sku_id.in_({x.sku_id for x in order.lines})).distinct()
        )
    )
    sold: dict[int, int] = {}
    for x in order.lines:
        if x.sku_id in tied and x.picked_each:
            sold[x.sku_id] = sold.get(x.sku_id, 0) + x.picked_each
    for sku_id in sorted(sold):
        await sell(uow, sku_id, sold[sku_id], source="order", ref=order.ref, sold_at=uow.now, undeclared=True)


async def report_sold(
    uow: UnitOfWork, rows: Sequence[Mapping[str, Any]], *, dry_run: bool, first: int = 1
) -> dict[str, Any]:
    """Take in what an overseas warehouse sold: [{ref, sku, qty_each, sold_on}]. A ref and SKU that was told before is not sold twice.

    Errors: RowsRefused naming each faulty row and field.
    """  # fmt: skip
    kept, faults = check(_SOLD, rows, first)
    known = await catalog.skus_by_code(uow, {str(r["sku"]) for r in kept})
    faults += [
        f"row {n}, sku: {r['sku']!r} is not in the catalog"
        for n, r in enumerate(kept, first)
        if r["sku"] is not None and r["sku"] not in known
    ]
    today, zone = await uow.today(), await uow.zone()
    faults += [f"row {n}, sold_on: {r['sold_on']} is in the future" for n, r in enumerate(kept, first)
               if r["sold_on"] and date.fromisoformat(r["sold_on"]) > today]  # fmt: skip
    if faults:
        raise refusals.RowsRefused(count=len(faults), faults=faults[:50])
    told = {
        (ref, sku_id)
        for ref, sku_id in await uow.session.execute(
            select(Sale.ref, Sale.sku_id).where(Sale.source == "report", Sale.ref.in_([r["ref"] for r in kept]))
        )
    }
    sums: dict[tuple[str, int, str], int] = {}
    again = 0
    for r in kept:
        sku_id = known[r["sku"]].id
        if (r["ref"], sku_id) in told:
            again += 1
            continue
        key = (r["sold_on"], sku_id, r["ref"])
        sums[key] = sums.get(key, 0) + r["qty_each"]
    short = 0
    if not dry_run:
        for (sold_on, sku_id, ref), qty in sorted(sums.items(), key=lambda x: (x[0][0], x[0][2], x[0][1])):
            at = datetime.combine(date.fromisoformat(sold_on), datetime.min.time(), zone)
            short += await sell(uow, sku_id, qty, source="report", ref=ref, sold_at=at, undeclared=True)
    return {"rows": len(kept), "told_before": again, "undeclared_each": short}


async def settle(uow: UnitOfWork, declaration: str, item: int) -> int:
    """The refund of what is sold of an item was settled. Returns pieces newly settled. Errors: UnknownDocument."""
    item_id = await uow.session.scalar(
        select(StockItem.id).where(StockItem.declaration == declaration, StockItem.item == item)
    )
    if item_id is None:
        raise refusals.UnknownDocument(document=f"{declaration}/{item}")
    settled = await uow.session.scalars(
        update(Sale)
        .where(Sale.item_id == item_id, Sale.settled_at.is_(None))
        .values(settled_at=uow.now)
        .returning(Sale.qty_each)
    )
    return sum(settled)
