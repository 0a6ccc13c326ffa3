"""Keep other warehouses, and what they report of their stock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.sourcing import WarehouseReported
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import service as orders
from wms.processes.sourcing.rules import refusals, warehouses
from wms.processes.sourcing.tables import WarehouseRow, WarehouseStock

rows_of = warehouses.rows_of
CHECK = "sourcing"
"""Kind of the hold that every order begins with once there is another warehouse."""


async def save_warehouses(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]], *, dry_run: bool = False) -> int:
    """Create or change warehouses, all or nothing. With the first one orders begin to be judged before release.

    Errors: WarehousesRefused naming each faulty row and field.
    """
    found, faults = warehouses.parse(rows)
    if faults:
        raise refusals.WarehousesRefused(count=len(faults), faults=faults[: warehouses.MOST_FAULTS])
    if dry_run:
        return len(found)
    for one in found:
        values = {"data": one.model_dump(mode="json"), "changed_at": uow.now, "changed_by": uow.actor.id}
        await uow.session.execute(
            insert(WarehouseRow)
            .values(code=one.code, as_of=None, reported_at=None, **values)
            .on_conflict_do_update(index_elements=["code"], set_=values)
        )
        uow.emit(WarehouseReported(warehouse=one.code))
    await orders.require_check(uow, CHECK)
    return len(found)


async def take_report(
    uow: UnitOfWork,
    code: str,
    as_of: datetime,
    rows: Sequence[Mapping[str, Any]],
    *,
    first: int = 1,
    dry_run: bool = False,
) -> int:
    """Take in a warehouse's whole stock as it was at a time; what it does not name it has none of. Returns how many SKUs.

    Errors: UnknownWarehouse, ReportRefused naming every faulty row, ReportNotNew.
    """
    row = await uow.session.scalar(
        select(WarehouseRow)
        .where(WarehouseRow.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise refusals.UnknownWarehouse(warehouse=code)
    known = await catalog.skus_by_code(uow, {str(r.get("sku", "")).strip() for r in rows})
    stock = warehouses.read_report(rows, {c: s.id for c, s in known.items()}, as_of, uow.now, first)
    if row.as_of is not None and as_of < row.as_of:
        raise refusals.ReportNotNew(warehouse=code, as_of=as_of.isoformat(), newest=row.as_of.isoformat())
    if dry_run:
        return len(stock)
    await uow.session.execute(delete(WarehouseStock).where(WarehouseStock.warehouse == code))
    if stock:
        await uow.session.execute(
            insert(WarehouseStock), [{"warehouse": code, "sku_id": s, "qty_each": n} for s, n in sorted(stock.items())]
        )
    row.as_of, row.reported_at = as_of, uow.now
    await uow.session.flush()
    uow.emit(WarehouseReported(warehouse=code))
    return len(stock)
