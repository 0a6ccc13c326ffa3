"""Take in tables, filings, papers and declared stock; all or nothing, and as a dry run first."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.customs import JudgementDue, RulesChanged
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import service as orders
from wms.kernel.ids import uuid7
from wms.processes.customs import queries
from wms.processes.customs.rules import filings, refusals, sheets
from wms.processes.customs.rules.fields import (
    CENTS,
    COUNTRY,
    CURRENCY,
    Field,
    Row,
    check,
    day,
    text,
    whole,
)
from wms.processes.customs.tables import FilingRow, Record, RuleTable, StockItem

Rows = Sequence[Mapping[str, Any]]
MOST_FAULTS = 50


def rows_of(rows: Rows, text_csv: str) -> tuple[Rows, int]:
    """Rows and the number of the first: those given, or those of a CSV with a header, counted as lines of the file."""
    if not text_csv:
        return rows, 1
    reader = csv.DictReader(io.StringIO(text_csv.lstrip("\ufeff")), restkey="beyond the last column", restval="")
    return [{(k or "").strip(): v for k, v in row.items()} for row in reader], 2


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        raise refusals.RowsRefused(count=len(faults), faults=list(faults[:MOST_FAULTS]))


async def load_table(
    uow: UnitOfWork, kind: str, rows: Rows, *, valid_from: date, valid_until: date | None, source: str, dry_run: bool,
    first: int = 1,
) -> int:  # fmt: skip
    """Keep a table from a day on; of the same first day the last loaded counts. Returns how many rows.

    Loading the first mode table makes customs judge every order from then on.
    Errors: UnknownTable, BadPeriod, RowsRefused naming each faulty row and field.
    """
    kept, faults = sheets.check_rows(kind, rows, first)
    _refuse(faults)
    if valid_until is not None and valid_until < valid_from:
        raise refusals.BadPeriod(valid_from=valid_from.isoformat(), valid_until=valid_until.isoformat())
    if dry_run:
        return len(kept)
    uow.session.add(RuleTable(
        id=uuid7(), kind=kind, valid_from=valid_from, valid_until=valid_until, rows=kept, source=source, loaded_by=uow.actor.id,
        loaded_at=uow.now,
    ))  # fmt: skip
    if kind == "mode":
        await orders.require_check(uow, "customs")
    uow.emit(RulesChanged(what=kind))
    return len(kept)


async def load_filings(uow: UnitOfWork, rows: Rows, *, dry_run: bool, first: int = 1) -> dict[str, int]:
    """Keep filings; one that says the same as the current version changes nothing.

    Errors: UnknownHs where that is all that is wrong, RowsRefused naming each faulty row and field.
    """
    known = {s.code: s.id for s in await catalog.all_skus(uow)}
    kept, faults, strangers = filings.check_filings(rows, known, await queries.hs_codes(uow), first)
    if faults and len(faults) == len(strangers):
        raise refusals.UnknownHs(
            hs_code=", ".join(sorted(set(strangers))[:10]), faults=faults[:MOST_FAULTS], count=len(faults)
        )
    _refuse(faults)
    current = {
        r.sku_id: r
        for r in await uow.session.scalars(
            select(FilingRow).where(FilingRow.current, FilingRow.sku_id.in_([known[r["sku"]] for r in kept]))
        )
    }
    changed = [(known[r["sku"]], r) for r in kept if not _same(current.get(known[r["sku"]]), r)]
    if not dry_run and changed:
        await uow.session.execute(
            update(FilingRow)
            .where(FilingRow.sku_id.in_([i for i, _ in changed]), FilingRow.current)
            .values(current=False)
        )
        uow.session.add_all(
            FilingRow(
                id=uuid7(), sku_id=sku_id, version=current[sku_id].version + 1 if sku_id in current else 1, current=True,
                hs_code=row["hs_code"], data=_data(row), filed_by=uow.actor.id, filed_at=uow.now,
            )
            for sku_id, row in changed
        )  # fmt: skip
        uow.emit(RulesChanged(what="filings"))
    return {"rows": len(kept), "changed": len(changed)}


def _data(row: Row) -> Row:
    return {k: v for k, v in row.items() if k not in ("sku", "hs_code")}


def _same(there: FilingRow | None, row: Row) -> bool:
    return there is not None and there.hs_code == row["hs_code"] and there.data == _data(row)


_PAPER_LINE = (
    Field("sku", text(64)), Field("qty", whole(1, 10**6), 0), Field("hs", text(12), ""), Field("value", CENTS, 0),
    Field("origin", COUNTRY, ""), Field("net_g", whole(1, 2_000_000), 0), Field("name", text(120), ""), Field("name_zh", text(120), ""),
)  # fmt: skip


def _lines(value: Any) -> list[Row]:
    if not isinstance(value, list) or not all(isinstance(x, Mapping) for x in value):
        raise ValueError("a list of lines")
    kept, faults = check(_PAPER_LINE, value)
    if faults:
        raise ValueError(f"a good list of lines: {faults[0]}")
    return kept


_RECORD = (
    Field("channel", text(40)), Field("ref", text(64)), Field("paper", text(30, r"[a-z_]+")), Field("number", text(60)),
    Field("currency", CURRENCY, ""), Field("total", CENTS, 0), Field("consignee", text(120), ""), Field("country", COUNTRY, ""),
    Field("city", text(80), ""), Field("gross_g", whole(1, 10**8), 0), Field("pieces", whole(1, 10**6), 0), Field("tracking", text(60), ""),
    Field("payer", text(120), ""), Field("tax_id", text(40), ""), Field("shipper", text(120), ""), Field("lines", _lines, []),
)  # fmt: skip
OURS = ("order", "filing", "parcel", "list")
"""Papers that nobody but this house states."""


async def load_records(uow: UnitOfWork, rows: Rows, *, dry_run: bool, first: int = 1) -> int:
    """Keep payments, waybills, invoices, contracts, booking notes of orders, which may come before the order does.

    The same paper again takes the place of the former. Errors: RowsRefused naming each faulty row and field.
    """
    kept, faults = check(_RECORD, rows, first)
    faults += [
        f"row {n}, paper: {r['paper']!r} is stated by this house alone"
        for n, r in enumerate(kept, first)
        if r["paper"] in OURS
    ]
    _refuse(faults)
    if dry_run:
        return len(kept)
    for row in kept:
        data = {k: v for k, v in row.items() if k not in ("channel", "ref", "paper", "lines") and v}
        for line in row["lines"]:
            data |= {f"{k}@{line['sku']}": v for k, v in line.items() if k != "sku" and v}
        values = {"data": data, "came_by": uow.actor.id, "came_at": uow.now}
        await uow.session.execute(
            insert(Record).values(id=uuid7(), channel=row["channel"], ref=row["ref"], paper=row["paper"], **values)
            .on_conflict_do_update(index_elements=["channel", "ref", "paper"], set_=values)
        )  # fmt: skip
    for order_id in await queries.judged_refs(uow, {row["ref"] for row in kept}):
        uow.emit(JudgementDue(order_id=order_id))
    return len(kept)


_ITEM = (
    Field("declaration", text(30)), Field("item", whole(1, 10_000)), Field("sku", text(64)), Field("country", COUNTRY),
    Field("qty_each", whole(1, 10**7)), Field("value_cents", CENTS), Field("currency", CURRENCY), Field("exported_on", day),
)  # fmt: skip


async def load_items(uow: UnitOfWork, rows: Rows, *, dry_run: bool, first: int = 1) -> int:
    """Keep the items of export declarations to overseas warehouses. The same item again is answered, not doubled.

    Errors: RowsRefused naming each faulty row and field; an item that is there with other content is a fault.
    """
    known = {s.code: s.id for s in await catalog.all_skus(uow)}
    kept, faults = check(_ITEM, rows, first)
    there = {(i.declaration, i.item): i for i in await uow.session.scalars(select(StockItem))}
    fresh: list[StockItem] = []
    for n, row in enumerate(kept, first):
        if row["sku"] is not None and row["sku"] not in known:
            faults.append(f"row {n}, sku: {row['sku']!r} is not in the catalog")
            continue
        if None in row.values():
            continue
        item = StockItem(
            id=uuid7(), declaration=row["declaration"], item=row["item"], sku_id=known[row["sku"]], country=row["country"],
            qty_each=row["qty_each"], sold_each=0, value_cents=row["value_cents"], currency=row["currency"],
            exported_on=date.fromisoformat(row["exported_on"]),
        )  # fmt: skip
        old = there.setdefault((item.declaration, item.item), item)
        if old is item:
            fresh.append(item)
        elif any(
            getattr(old, k) != getattr(item, k)
            for k in ("sku_id", "qty_each", "value_cents", "currency", "exported_on")
        ):
            faults.append(f"row {n}, item: {item.declaration}/{item.item} is there with other content")
    _refuse(faults)
    if not dry_run:
        uow.session.add_all(fresh)
    return len(fresh)
