"""Reads of other warehouses, their stock and the parts they send."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wms.db.base import among
from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.processes.sourcing.rules import parts, refusals
from wms.processes.sourcing.rules.split import There
from wms.processes.sourcing.rules.warehouses import Warehouse
from wms.processes.sourcing.tables import OrderPart, OrderPartLine, SourcingChoice, WarehouseRow, WarehouseStock


@dataclass(frozen=True, slots=True)
class Known:
    """A warehouse and its last report."""

    warehouse: Warehouse
    as_of: datetime | None
    reported_at: datetime | None

    def stale(self, now: datetime) -> str:
        """Why its report counts as none; empty when it counts."""
        if self.as_of is None:
            return "has reported no stock"
        age = now - self.as_of
        if age <= timedelta(hours=self.warehouse.report_max_h):
            return ""
        return f"its stock report is {age.total_seconds() / 3600:.0f} h old, at most {self.warehouse.report_max_h:g}"


def known_of(row: WarehouseRow) -> Known:
    return Known(Warehouse.model_validate(row.data), row.as_of, row.reported_at)


async def warehouses(uow: UnitOfWork) -> list[Known]:
    rows = await uow.session.scalars(
        select(WarehouseRow).order_by(WarehouseRow.code).execution_options(populate_existing=True)
    )
    return [known_of(r) for r in rows]


async def warehouse(uow: UnitOfWork, code: str) -> Known:
    """Errors: UnknownWarehouse."""
    row = await uow.session.get(WarehouseRow, code, populate_existing=True)
    if row is None:
        raise refusals.UnknownWarehouse(warehouse=code)
    return known_of(row)


_FREE = text("""
SELECT s.warehouse, s.sku_id, s.qty_each, coalesce((
  SELECT sum(l.qty_each) FROM order_part p JOIN order_part_line l ON l.part_id = p.id
  WHERE p.warehouse = s.warehouse AND p.state = ANY(:taking) AND (p.accepted_at IS NULL OR p.accepted_at > w.as_of)
    AND l.sku_id = s.sku_id), 0)::bigint AS taken_each
FROM warehouse_stock s JOIN other_warehouse w ON w.code = s.warehouse
WHERE s.warehouse = ANY(:codes) AND (CAST(:skus AS bigint[]) IS NULL OR s.sku_id = ANY(:skus))
ORDER BY s.warehouse, s.sku_id
""")


async def stock_of(
    uow: UnitOfWork, codes: Collection[str], sku_ids: Collection[int] | None = None
) -> dict[str, dict[int, tuple[int, int]]]:
    """Warehouse to SKU id to (pieces reported, of them taken by parts that it may not know of). None: every SKU."""
    found: dict[str, dict[int, tuple[int, int]]] = {}
    given = {"codes": list(codes), "skus": None if sku_ids is None else list(sku_ids), "taking": list(parts.TAKING)}
    for r in await uow.session.execute(_FREE, given):
        found.setdefault(r.warehouse, {})[r.sku_id] = (r.qty_each, r.taken_each)
    return found


async def there(uow: UnitOfWork, known: Iterable[Known], sku_ids: Collection[int]) -> list[There]:
    """What these warehouses have free of these SKUs."""
    known = list(known)
    stock = await stock_of(uow, [k.warehouse.code for k in known], sku_ids)
    return [
        There(k.warehouse, {s: max(0, told - taken) for s, (told, taken) in stock.get(k.warehouse.code, {}).items()},
              k.stale(uow.now))
        for k in known
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartLine:
    line_id: UUID
    sku_id: int
    qty_each: int


@dataclass(frozen=True, slots=True)
class PartInfo:
    id: UUID
    channel: str
    ref: str
    order_id: UUID
    order_ref: str
    warehouse: str
    state: str
    why: str
    cents: int
    lead_days: float
    answer: str
    back_as: UUID | None
    told_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    lines: tuple[PartLine, ...]


async def _infos(uow: UnitOfWork, query: Any) -> list[PartInfo]:
    rows = list(await uow.session.scalars(query.execution_options(populate_existing=True)))
    lines: dict[UUID, list[PartLine]] = {}
    for x in await uow.session.scalars(
        select(OrderPartLine).where(OrderPartLine.part_id.in_([r.id for r in rows])).order_by(OrderPartLine.line_id)
    ):
        lines.setdefault(x.part_id, []).append(PartLine(x.line_id, x.sku_id, x.qty_each))
    return [
        PartInfo(**{n: getattr(r, n) for n in PartInfo.__slots__ if n != "lines"}, lines=tuple(lines.get(r.id, ())))
        for r in rows
    ]


async def parts_of(uow: UnitOfWork, order_id: UUID) -> list[PartInfo]:
    """Of an order, oldest first."""
    return await _infos(uow, select(OrderPart).where(OrderPart.order_id == order_id).order_by(OrderPart.id))


async def part(uow: UnitOfWork, channel: str, ref: str) -> PartInfo:
    """Errors: UnknownPart."""
    found = await _infos(uow, select(OrderPart).where(OrderPart.channel == channel, OrderPart.ref == ref))
    if not found:
        raise refusals.UnknownPart(ref=ref)
    return found[0]


async def refused_by(uow: UnitOfWork, order_id: UUID) -> set[str]:
    """Warehouses that have refused a part of this order, or the part that this order was."""
    rows = await uow.session.scalars(select(OrderPart.warehouse).where(
        (OrderPart.order_id == order_id) | (OrderPart.back_as == order_id), OrderPart.state == "refused"
    ))  # fmt: skip
    return set(rows)


async def unanswered(uow: UnitOfWork) -> list[PartInfo]:
    """Parts that their warehouse should have answered for by now, oldest first."""
    most = {k.warehouse.code: timedelta(hours=k.warehouse.answer_max_h) for k in await warehouses(uow)}
    told = await _infos(uow, select(OrderPart).where(OrderPart.state == "told").order_by(OrderPart.id))
    return [p for p in told if uow.now - p.told_at > most[p.warehouse]]


async def unserved(uow: UnitOfWork) -> list[UUID]:
    """Refused parts whose pieces have neither left in the order that they became nor were cancelled with it."""
    rows = list(await uow.session.execute(
        select(OrderPart.id, func.coalesce(OrderPart.back_as, OrderPart.order_id)).where(OrderPart.state == "refused")
    ))  # fmt: skip
    going = await orders.going(uow, {order_id for _, order_id in rows})
    return [part_id for part_id, order_id in rows if order_id in going]


async def choice_of(uow: UnitOfWork, order_id: UUID) -> dict[str, Any] | None:
    row = await uow.session.get(SourcingChoice, order_id, populate_existing=True)
    return None if row is None else {n: getattr(row, n) for n in ("kind", "why", "considered", "until", "judged_at")}


async def longest_ago(uow: UnitOfWork, order_ids: Collection[UUID], limit: int) -> list[UUID]:
    """So many of these orders: those never judged first, then those judged longest ago."""
    rows = await uow.session.execute(
        select(SourcingChoice.order_id, SourcingChoice.judged_at).where(among(SourcingChoice.order_id, order_ids))
    )
    judged = {r.order_id: r.judged_at.timestamp() for r in rows}
    return sorted(order_ids, key=lambda i: (judged.get(i, 0.0), i))[:limit]


async def told_parts(uow: UnitOfWork, found: Collection[PartInfo]) -> list[dict[str, Any]]:
    """Parts with the codes of their SKUs."""
    skus = await catalog.skus(uow, {x.sku_id for p in found for x in p.lines})
    return [
        {**{n: getattr(p, n) for n in PartInfo.__slots__ if n != "lines"},
         "lines": [{"sku": skus[x.sku_id].code, "name": skus[x.sku_id].name, "qty_each": x.qty_each} for x in p.lines]}
        for p in found
    ]  # fmt: skip


async def part_list(
    uow: UnitOfWork, *, states: Collection[str] = (), warehouse: str = "", words: str = "", limit: int = 200
) -> list[dict[str, Any]]:
    """Parts newest first."""
    query = select(OrderPart).order_by(OrderPart.id.desc()).limit(limit)
    if states:
        query = query.where(OrderPart.state.in_(states))
    if warehouse:
        query = query.where(OrderPart.warehouse == warehouse)
    if words:
        query = query.where(OrderPart.ref.icontains(words, autoescape=True))
    return await told_parts(uow, await _infos(uow, query))


async def board(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Warehouses with what their last report counts, how old it is, and the parts that are with them."""
    known = await warehouses(uow)
    stock = await stock_of(uow, [k.warehouse.code for k in known])
    counted: dict[tuple[str, str], int] = {}
    for r in await uow.session.execute(
        select(OrderPart.warehouse, OrderPart.state, func.count().label("n")).group_by(
            OrderPart.warehouse, OrderPart.state
        )
    ):
        counted[r.warehouse, r.state] = r.n
    told = []
    for k in known:
        mine = stock.get(k.warehouse.code, {}).values()
        told.append({
            **k.warehouse.model_dump(), "as_of": k.as_of, "reported_at": k.reported_at, "stale": k.stale(uow.now),
            "skus": sum(1 for n, _ in mine if n), "reported_each": sum(n for n, _ in mine),
            "free_each": sum(max(0, n - taken) for n, taken in mine),
            "parts": {s: counted.get((k.warehouse.code, s), 0) for s in parts.NEXT},
        })  # fmt: skip
    return told


async def stock_list(uow: UnitOfWork, code: str, words: str = "", limit: int = 500) -> list[dict[str, Any]]:
    """Stock of one warehouse by SKU. Errors: UnknownWarehouse."""
    await warehouse(uow, code)
    found = (await stock_of(uow, [code])).get(code, {})
    skus = await catalog.skus(uow, set(found))
    rows = [
        {"sku": skus[s].code, "name": skus[s].name, "reported_each": told, "taken_each": taken, "free_each": max(0, told - taken)}
        for s, (told, taken) in found.items() if words.lower() in f"{skus[s].code} {skus[s].name}".lower()
    ]  # fmt: skip
    return sorted(rows, key=lambda r: str(r["sku"]))[:limit]


async def any_stock(uow: UnitOfWork) -> bool:
    """Whether any other warehouse has reported stock."""
    return await uow.session.scalar(select(WarehouseStock.sku_id).limit(1)) is not None
