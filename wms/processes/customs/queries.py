"""Reads of customs: tables valid on a day, filings, what is held and why, declarations, stock of overseas warehouses."""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.processes.customs.rules import judge, retention
from wms.processes.customs.rules.filings import Certificate, Filing
from wms.processes.customs.rules.refusals import NoFiling, NoSuchOrder, UnknownBatch
from wms.processes.customs.rules.sheets import KINDS, Sheet, Sheets, valid_on
from wms.processes.customs.tables import (
    Batch,
    CustomsHold,
    CustomsOrder,
    CustomsParcel,
    FilingRow,
    Paper,
    Record,
    RuleTable,
    Sale,
    StockItem,
)

HS = "hs"
MATCH_DAYS, HOLD_DAYS = 30, 30


async def active(uow: UnitOfWork) -> bool:
    """Whether this site judges orders at all: a mode table was loaded once."""
    return bool(await uow.session.scalar(select(RuleTable.id).where(RuleTable.kind == "mode").limit(1)))


async def sheets(uow: UnitOfWork, on: date | None = None, kinds: Collection[str] | None = None) -> Sheets:
    """The tables valid on a day (today), without the long HS table unless it is asked for."""
    wanted = [k for k in (kinds or KINDS) if kinds or k != HS]
    rows = await uow.session.scalars(select(RuleTable).where(RuleTable.kind.in_(wanted)).order_by(RuleTable.id))
    return valid_on(
        [Sheet(r.kind, r.valid_from, r.valid_until, tuple(r.rows), r.source) for r in rows], on or await uow.today()
    )


async def hs_codes(uow: UnitOfWork) -> tuple[str, ...]:
    """Codes of the HS table valid today; none where there is no such table."""
    found = await sheets(uow, kinds=[HS])
    return tuple(row["code"] for row in found.rows(HS)) if HS in found.by_kind else ()


def filing_of(sku: str, row: FilingRow) -> Filing:
    data = row.data
    certificates = tuple(Certificate(**{**c, "countries": tuple(c["countries"])}) for c in data["certificates"])
    return Filing(**{**data, "sku": sku, "hs_code": row.hs_code, "certificates": certificates, "version": row.version})


async def filings(uow: UnitOfWork, codes: Mapping[int, str]) -> dict[str, Filing]:
    """Current filings by SKU code. `codes`: SKU id to code."""
    rows = await uow.session.scalars(select(FilingRow).where(FilingRow.sku_id.in_(codes), FilingRow.current))
    return {codes[r.sku_id]: filing_of(codes[r.sku_id], r) for r in rows}


async def filing(uow: UnitOfWork, sku: str) -> Filing:
    """Errors: catalog.UnknownSku, NoFiling."""
    info = await catalog.sku_by_code(uow, sku)
    found = await filings(uow, {info.id: sku})
    if sku not in found:
        raise NoFiling(sku=sku)
    return found[sku]


async def as_customs_sees(uow: UnitOfWork, order: orders.OrderInfo, fixed_mode: str) -> judge.Order:
    """An order with what of it will ship."""
    skus = await catalog.skus(uow, {x.sku_id for x in order.lines})
    lines = tuple(
        judge.Line(skus[x.sku_id].code, x.qty_each - x.short_each, x.value_cents)
        for x in order.lines
        if x.qty_each > x.short_each
    )
    sold = sum(x.qty_each * x.value_cents for x in order.lines) if any(x.short_each for x in order.lines) else 0
    return judge.Order(
        order.ref, order.channel, order.currency, order.duty_term, fixed_mode, order.destination, lines, sold
    )


async def records(uow: UnitOfWork, channel: str, ref: str) -> dict[str, dict[str, Any]]:
    """Papers that came from elsewhere, by kind."""
    rows = await uow.session.scalars(select(Record).where(Record.channel == channel, Record.ref == ref))
    return {r.paper: r.data for r in rows}


async def parcels(uow: UnitOfWork, order_id: UUID) -> list[CustomsParcel]:
    return list(await uow.session.scalars(
        select(CustomsParcel).where(CustomsParcel.order_id == order_id).order_by(CustomsParcel.parcel_id)
        .execution_options(populate_existing=True)
    ))  # fmt: skip


async def open_holds(uow: UnitOfWork, order_id: UUID) -> list[CustomsHold]:
    return list(await uow.session.scalars(
        select(CustomsHold).where(CustomsHold.order_id == order_id, CustomsHold.answered_at.is_(None))
    ))  # fmt: skip


async def judged(uow: UnitOfWork, order_id: UUID) -> CustomsOrder:
    """Errors: NoSuchOrder."""
    row = await uow.session.get(CustomsOrder, order_id, populate_existing=True)
    if row is None:
        raise NoSuchOrder(order_id=str(order_id))
    return row


async def judged_refs(uow: UnitOfWork, refs: Collection[str]) -> list[UUID]:
    """Orders of these references that have been judged and have not left."""
    query = select(CustomsOrder.order_id).where(CustomsOrder.ref.in_(refs), CustomsOrder.shipped_at.is_(None))
    return list(await uow.session.scalars(query.order_by(CustomsOrder.order_id)))


async def batch(uow: UnitOfWork, batch_id: UUID) -> Batch:
    """Errors: UnknownBatch."""
    row = await uow.session.get(Batch, batch_id, populate_existing=True)
    if row is None:
        raise UnknownBatch(batch_id=str(batch_id))
    return row


async def batch_parcels(uow: UnitOfWork, batch_id: UUID) -> list[CustomsParcel]:
    return list(await uow.session.scalars(
        select(CustomsParcel).where(CustomsParcel.batch_id == batch_id).order_by(CustomsParcel.sscc)
        .execution_options(populate_existing=True)
    ))  # fmt: skip


# what the console and the host see: identities masked


def _order(row: CustomsOrder) -> dict[str, Any]:
    faults = [{**f, "difference": retention.mask({f["field"]: f["difference"]})[f["field"]]} if "consignee" not in f["field"]
              else {**f, "said": "", "difference": {p: retention.masked(v) for p, v in f["difference"].items()}} for f in row.faults]  # fmt: skip
    return {
        "order_id": row.order_id, "ref": row.ref, "country": row.country, "mode": row.mode, "why": row.why, "stage": row.stage, "ok": row.ok,
        "faults": faults, "unverified": row.unverified, "estimate": row.estimate, "value_cents": row.value_cents,
        "currency": row.currency, "judged_at": row.judged_at, "first_fault_at": row.first_fault_at, "fixed": row.fixed,
    }  # fmt: skip


async def order_list(uow: UnitOfWork, only_held: bool, words: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """Judged orders, the longest held first; without `only_held` the newest judged."""
    query = select(CustomsOrder).limit(limit)
    asks = {
        h.order_id: h.asks
        for h in await uow.session.scalars(select(CustomsHold).where(CustomsHold.answered_at.is_(None)))
    }
    if only_held:  # what has left is held too while customs waits for its papers
        query = query.where(
            (~CustomsOrder.ok & CustomsOrder.shipped_at.is_(None)) | CustomsOrder.order_id.in_(asks)
        ).order_by(CustomsOrder.first_fault_at.nulls_first(), CustomsOrder.order_id)
    else:
        query = query.order_by(CustomsOrder.judged_at.desc(), CustomsOrder.order_id.desc())
    if words:
        query = query.where(CustomsOrder.ref.ilike(f"%{words}%"))
    found = [_order(r) for r in await uow.session.scalars(query)]
    for row in found:
        if row["order_id"] in asks and row["ok"]:
            held = {
                "code": "customs.declaration_held",
                "field": "declaration",
                "said": asks[row["order_id"]],
                "difference": {},
            }
            row |= {"ok": False, "faults": [held]}
    return found


async def order_view(uow: UnitOfWork, order_id: UUID) -> dict[str, Any]:
    """An order with its papers side by side, identities masked. Errors: NoSuchOrder."""
    row = await judged(uow, order_id)
    kept = await uow.session.scalars(select(Paper).where(Paper.order_id == order_id).order_by(Paper.id))
    holds = await uow.session.scalars(
        select(CustomsHold).where(CustomsHold.order_id == order_id).order_by(CustomsHold.id)
    )
    return {
        **_order(row), "papers": {name: retention.mask(paper) for name, paper in row.papers.items()},
        "parcels": [
            {"parcel_id": p.parcel_id, "sscc": p.sscc, "tracking": p.tracking, "state": p.state, "gross_g": p.gross_g,
             "contents": p.contents, "answer": p.answer}
            for p in await parcels(uow, order_id)
        ],
        "documents": [
            {"id": p.id, "kind": p.kind, "number": p.number, "made_on": p.made_on, "keep_until": p.keep_until, "legal_hold": p.legal_hold}
            for p in kept
        ],
        "holds": [
            {"parcel_id": h.parcel_id, "asks": h.asks, "opened_at": h.opened_at, "due_at": h.due_at, "answered_at": h.answered_at}
            for h in holds
        ],
    }  # fmt: skip


async def table_list(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Every kind of table: the one valid today, or that there is none, and when it ends."""
    rows = list(await uow.session.scalars(select(RuleTable).order_by(RuleTable.id)))
    valid = valid_on(
        [Sheet(r.kind, r.valid_from, r.valid_until, tuple(r.rows), r.source) for r in rows], await uow.today()
    )
    found = []
    for kind, fields in KINDS.items():
        sheet = valid.by_kind.get(kind)
        state = "valid" if sheet else "expired" if kind in valid.ever else "absent"
        found.append({
            "kind": kind, "state": state, "fields": [f.name for f in fields], "rows": len(sheet.rows) if sheet else 0,
            "valid_from": sheet.valid_from if sheet else None, "valid_until": sheet.valid_until if sheet else None,
            "source": sheet.source if sheet else "", "versions": sum(r.kind == kind for r in rows),
            "unverified": sum(not x.get("verified", True) for x in sheet.rows) if sheet else 0,
        })  # fmt: skip
    return found


async def filing_list(uow: UnitOfWork, words: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """Every SKU with its current filing; those without one first."""
    held = {r.sku_id: r for r in await uow.session.scalars(select(FilingRow).where(FilingRow.current))}
    low = words.lower()
    rows = [
        {"sku": s.code, "name": s.name, "filed": s.id in held,
         **({"hs_code": f.hs_code, "version": f.version, "filed_at": f.filed_at, **{k: f.data[k] for k in _SHOWN}}
            if (f := held.get(s.id)) else {})}
        for s in await catalog.all_skus(uow)
        if not low or low in s.code.lower() or low in s.name.lower() or (s.id in held and held[s.id].hs_code.startswith(low))
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (r["filed"], r["sku"]))[:limit]


_SHOWN = ("origin", "net_g", "name_en", "name_zh", "materials", "use", "category", "certificates")


async def batch_list(uow: UnitOfWork, limit: int = 100) -> list[dict[str, Any]]:
    """Declarations newest first, with how many parcels are in which state."""
    counts: dict[UUID | None, dict[str, int]] = {}
    for batch_id, state, n in await uow.session.execute(
        select(CustomsParcel.batch_id, CustomsParcel.state, func.count()).where(CustomsParcel.batch_id.is_not(None))
        .group_by(CustomsParcel.batch_id, CustomsParcel.state)
    ):  # fmt: skip
        counts.setdefault(batch_id, {})[state] = n
    return [
        {"id": b.id, "number": b.number, "kind": b.kind, "mode": b.mode, "port": b.port, "month": b.month, "state": b.state,
         "parcels": counts.get(b.id, {}), "goods": len(b.entries), "created_at": b.created_at, "created_by": b.created_by}
        for b in await uow.session.scalars(select(Batch).order_by(Batch.id.desc()).limit(limit))
    ]  # fmt: skip


async def ready(uow: UnitOfWork) -> dict[str, dict[str, int]]:
    """Parcels that are in no declaration yet: mode to state to how many."""
    found: dict[str, dict[str, int]] = {}
    for mode, state, n in await uow.session.execute(
        select(CustomsParcel.mode, CustomsParcel.state, func.count())
        .where(CustomsParcel.batch_id.is_(None)).group_by(CustomsParcel.mode, CustomsParcel.state)
    ):  # fmt: skip
        found.setdefault(mode, {})[state] = n
    return found


async def sold_report(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Every declaration item with what is sold, settled and left; then what was sold and never declared out (item 0)."""
    codes = {s.id: s.code for s in await catalog.all_skus(uow)}
    sums = {
        r.item_id: r
        for r in await uow.session.execute(
            select(Sale.item_id, func.max(Sale.sold_at).label("last"),
                   func.coalesce(func.sum(Sale.qty_each).filter(Sale.settled_at.is_not(None)), 0).label("settled"))
            .where(Sale.item_id.is_not(None)).group_by(Sale.item_id)
        )
    }  # fmt: skip
    items = await uow.session.scalars(
        select(StockItem).order_by(StockItem.exported_on, StockItem.declaration, StockItem.item)
    )
    rows = [
        {"declaration": i.declaration, "item": i.item, "sku": codes[i.sku_id], "country": i.country, "exported_on": i.exported_on,
         "qty_each": i.qty_each, "sold_each": i.sold_each, "left_each": i.qty_each - i.sold_each,
         "settled_each": int(sums[i.id].settled) if i.id in sums else 0, "value_cents": i.value_cents, "currency": i.currency,
         "last_sold_at": sums[i.id].last if i.id in sums else None}
        for i in items
    ]  # fmt: skip
    loose = await uow.session.execute(
        select(Sale.sku_id, func.sum(Sale.qty_each), func.max(Sale.sold_at)).where(Sale.item_id.is_(None))
        .group_by(Sale.sku_id).order_by(Sale.sku_id)
    )  # fmt: skip
    return rows + [
        {"declaration": "", "item": 0, "sku": codes[sku_id], "country": "", "exported_on": None, "qty_each": 0, "sold_each": int(n),
         "left_each": 0, "settled_each": 0, "value_cents": 0, "currency": "", "last_sold_at": last}
        for sku_id, n, last in loose
    ]  # fmt: skip


# control points


async def match_share(uow: UnitOfWork) -> dict[str, Any]:
    """Orders that left and had to be declared: how many, how many of them with papers that agreed; and who is held now."""
    r = (await uow.session.execute(
        text("""
        SELECT count(*) FILTER (WHERE shipped_at > :since) AS left_n,
               count(*) FILTER (WHERE shipped_at > :since AND shipped_ok) AS good,
               count(*) FILTER (WHERE NOT ok AND shipped_at IS NULL) AS held
        FROM customs_order WHERE mode <> 'domestic'"""),
        {"since": uow.now - timedelta(days=MATCH_DAYS)},
    )).one()  # fmt: skip
    codes = await uow.session.execute(
        text("""
        SELECT f->>'code' AS code, count(DISTINCT order_id) AS orders FROM customs_order, jsonb_array_elements(faults) f
        WHERE NOT ok AND shipped_at IS NULL GROUP BY 1 ORDER BY 2 DESC""")
    )
    return {"left": r.left_n, "good": r.good, "held": r.held, "held_for": {c.code: c.orders for c in codes}}


@dataclass(frozen=True, slots=True)
class HoldTimes:
    """Holds by customs; `hours`: the longest from hold to papers, None without any."""

    n: int
    open: int
    hours: float | None


async def hold_hours(uow: UnitOfWork) -> HoldTimes:
    """Holds by customs that were opened in the window or are open: how many, and the longest time to the answer."""
    r = (await uow.session.execute(
        text("""
        SELECT count(*) AS n, count(*) FILTER (WHERE answered_at IS NULL) AS open,
               max(extract(epoch FROM coalesce(answered_at, :now) - opened_at)) / 3600 AS hours
        FROM customs_hold WHERE opened_at > :since OR answered_at IS NULL"""),
        {"now": uow.now, "since": uow.now - timedelta(days=HOLD_DAYS)},
    )).one()  # fmt: skip
    return HoldTimes(r.n, r.open, float(r.hours) if r.hours is not None else None)


async def sold_csv(uow: UnitOfWork) -> bytes:
    """The sold and unsold report as CSV (RFC 4180)."""
    out = io.StringIO(newline="")
    columns = ("declaration", "item", "sku", "country", "exported_on", "qty_each", "sold_each", "left_each", "settled_each", "value_cents",
               "currency", "last_sold_at")  # fmt: skip
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(await sold_report(uow))
    return out.getvalue().encode("utf-8")
