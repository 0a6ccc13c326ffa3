"""Reads of receipts, units at the dock and gate passages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.processes.inbound import rules
from wms.processes.inbound.tables import GateMatch, GatePassage, Receipt, ReceiptLine, ReceiptUnit

DAMAGES = rules.DAMAGES
"""Reasons to choose from."""


@dataclass(frozen=True, slots=True)
class LineInfo:
    id: UUID
    receipt_id: UUID
    notice_line_id: UUID | None
    follows_id: UUID | None
    station: str
    state: str
    sku_id: int
    qty_each: int
    damaged_each: int
    damage_reason: str
    keyed: dict[str, Any]
    how: str
    lot: str
    lot_id: int
    expires_on: date | None
    serials: list[Any]
    status: str
    why: str
    unit: str
    hu_id: int
    hu_code: str
    measure: list[Any]
    parts: list[Any]
    weight_g: int
    flags: list[Any]
    counted_by: str
    counted_at: datetime
    received_at: datetime | None

    @property
    def next_part(self) -> dict[str, Any] | None:
        """The carton that the scale waits for."""
        return next((p for p in self.parts if not p["weight_g"]), None)


def _line(row: ReceiptLine) -> LineInfo:
    return LineInfo(**{name: getattr(row, name) for name in LineInfo.__slots__})


async def line(uow: UnitOfWork, line_id: UUID) -> LineInfo:
    """Errors: UnknownLine."""
    row = await uow.session.get(ReceiptLine, line_id, populate_existing=True)
    if row is None:
        raise rules.UnknownLine(line_id=str(line_id))
    return _line(row)


async def _lines(uow: UnitOfWork, *where: Any) -> list[LineInfo]:
    rows = await uow.session.scalars(
        select(ReceiptLine).where(*where).order_by(ReceiptLine.id).execution_options(populate_existing=True)
    )
    return [_line(row) for row in rows]


async def lines_on(uow: UnitOfWork, hu_id: int) -> list[LineInfo]:
    """Live lines of a unit."""
    return await _lines(uow, ReceiptLine.hu_id == hu_id, ReceiptLine.state != "void")


async def followers(uow: UnitOfWork, line_id: UUID) -> list[LineInfo]:
    """Lines that ride with this one."""
    return await _lines(uow, ReceiptLine.follows_id == line_id, ReceiptLine.state != "void")


async def busy_at(uow: UnitOfWork, station: str) -> LineInfo | None:
    """The line whose goods are, or are to come, on the station's scale or dimensioner; its row locked."""
    row = await uow.session.scalar(
        select(ReceiptLine).where(ReceiptLine.station == station, ReceiptLine.state.in_(rules.BUSY)).limit(1)
        .with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    return _line(row) if row else None


async def under_way(uow: UnitOfWork, station: str, operator: str) -> LineInfo | None:
    """What an operator has begun at a station and not finished; lines that ride with another are left out."""
    states = [s for s in rules.UNDER_WAY if s != "riding"]
    found = await _lines(
        uow, ReceiptLine.station == station, ReceiptLine.counted_by == operator, ReceiptLine.state.in_(states)
    )
    return found[0] if found else None


async def lines_under_way(uow: UnitOfWork, notice_id: UUID) -> list[LineInfo]:
    """Lines of a notice that are not received yet."""
    receipts = select(Receipt.id).where(Receipt.notice_id == notice_id)
    return await _lines(uow, ReceiptLine.receipt_id.in_(receipts), ReceiptLine.state.in_(rules.UNDER_WAY))


@dataclass(frozen=True, slots=True)
class UnitInfo:
    hu_id: int
    code: str
    kind: str
    station: str
    receipt_id: UUID
    state: str
    labelled: bool


def _unit(row: ReceiptUnit) -> UnitInfo:
    return UnitInfo(**{name: getattr(row, name) for name in UnitInfo.__slots__})


async def filling_at(uow: UnitOfWork, station: str) -> UnitInfo | None:
    """The unit that is being filled at a station."""
    row = await uow.session.scalar(
        select(ReceiptUnit).where(ReceiptUnit.station == station, ReceiptUnit.state == "filling").order_by(ReceiptUnit.hu_id)
        .limit(1).execution_options(populate_existing=True)
    )  # fmt: skip
    return _unit(row) if row else None


async def unit(uow: UnitOfWork, hu_id: int) -> UnitInfo | None:
    row = await uow.session.get(ReceiptUnit, hu_id, populate_existing=True)
    return _unit(row) if row else None


async def filling_of(uow: UnitOfWork, notice_id: UUID) -> list[UnitInfo]:
    """Units being filled that hold goods of a notice."""
    receipts = select(Receipt.id).where(Receipt.notice_id == notice_id)
    holding = select(ReceiptLine.hu_id).where(ReceiptLine.receipt_id.in_(receipts), ReceiptLine.state != "void")
    rows = await uow.session.scalars(
        select(ReceiptUnit).where(ReceiptUnit.state == "filling", ReceiptUnit.hu_id.in_(holding))
    )
    return [_unit(row) for row in rows]


@dataclass(frozen=True, slots=True)
class MatchInfo:
    notice_line_id: UUID
    verdict: str
    expected: int
    identified: int
    missing: list[Any]
    surplus: list[Any]


async def gate_matches(uow: UnitOfWork, notice_ids: Collection[UUID]) -> dict[UUID, MatchInfo]:
    """Newest gate verdict of each notice line."""
    if not notice_ids:
        return {}
    rows = await uow.session.scalars(
        select(GateMatch).where(GateMatch.notice_id.in_(notice_ids)).order_by(GateMatch.id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return {
        r.notice_line_id: MatchInfo(r.notice_line_id, r.verdict, r.expected, r.identified, r.missing, r.surplus)
        for r in rows
    }


async def find_by_pallet(uow: UnitOfWork, code: str) -> list[orders.NoticeInfo]:
    """Open notices with a line on this supplier pallet."""
    return [n for n in await orders.notices(uow) if any(x.hu_code == code for x in n.lines)] if code else []


async def with_sku(uow: UnitOfWork, sku_id: int) -> list[orders.NoticeInfo]:
    """Open notices that announce this SKU, those with something outstanding first."""
    found = [n for n in await orders.notices(uow) if any(x.sku_id == sku_id for x in n.lines)]
    return sorted(
        found, key=lambda n: all(x.received_each >= x.qty_each for x in n.lines if x.sku_id == sku_id)
    )  # fmt: skip


async def notice_of(uow: UnitOfWork, receipt_id: UUID) -> UUID | None:
    """The notice of a receipt."""
    row = await uow.session.get(Receipt, receipt_id)
    return row.notice_id if row else None


async def passages(uow: UnitOfWork, limit: int = 50) -> list[dict[str, Any]]:
    """Gate passages newest first with their verdicts."""
    rows = list(await uow.session.scalars(select(GatePassage).order_by(GatePassage.id.desc()).limit(limit)))
    matches: dict[UUID, list[dict[str, Any]]] = {}
    for m in await uow.session.scalars(select(GateMatch).where(GateMatch.passage_id.in_([r.id for r in rows]))):
        matches.setdefault(m.passage_id, []).append({
            "notice_line_id": str(m.notice_line_id), "verdict": m.verdict, "expected": m.expected, "identified": m.identified,
            "missing": m.missing, "surplus": m.surplus, "found_later": m.found_later,
        })  # fmt: skip
    return [
        {"id": str(r.id), "gate": r.gate, "at": r.at, "direction": r.direction, "tags": len(r.epcs), "overflow": r.overflow,
         "stray": r.stray, "resident": r.resident, "unknown": r.unknown, "surplus": r.surplus, "lines": matches.get(r.id, [])}
        for r in rows
    ]  # fmt: skip


async def gate_rate(uow: UnitOfWork, gate: str) -> tuple[int, int]:
    """(identified, found later by count) of a gate over all its passages: the control point rfid-gate."""
    row = (
        await uow.session.execute(
            select(func.coalesce(func.sum(GateMatch.identified), 0), func.coalesce(func.sum(GateMatch.found_later), 0))
            .join(GatePassage, GatePassage.id == GateMatch.passage_id).where(GatePassage.gate == gate)
        )
    ).one()  # fmt: skip
    return int(row[0]), int(row[1])


async def board(uow: UnitOfWork, states: Sequence[str] = ("open", "arrived", "closed")) -> list[dict[str, Any]]:
    """Notices with announced, received and damaged pieces, the gate's verdicts and what is under way."""
    notices = await orders.notices(uow, states)
    skus = await catalog.skus(uow, {x.sku_id for n in notices for x in n.lines})
    verdicts = await gate_matches(uow, [n.id for n in notices])
    found = []
    for n in notices:
        lines = [
            {"id": str(x.id), "sku": skus[x.sku_id].code, "name": skus[x.sku_id].name, "qty_each": x.qty_each,
             "received_each": x.received_each, "damaged_each": x.damaged_each, "pallet": x.hu_code, "tags": len(x.epcs),
             "gate": verdicts[x.id].verdict if x.id in verdicts else ""}
            for x in n.lines
        ]  # fmt: skip
        found.append({
            "id": str(n.id), "ref": n.ref, "supplier": n.supplier, "state": n.state, "due_at": n.due_at, "lines": lines,
            "under_way": len(await lines_under_way(uow, n.id)),
        })  # fmt: skip
    return found


async def receipts(uow: UnitOfWork, limit: int = 100) -> list[dict[str, Any]]:
    """Receipts newest first with their counted lines."""
    rows = list(await uow.session.scalars(select(Receipt).order_by(Receipt.id.desc()).limit(limit)))
    lines = await _lines(uow, ReceiptLine.receipt_id.in_([r.id for r in rows]))
    skus = await catalog.skus(uow, {x.sku_id for x in lines})
    packs = await catalog.packs_of(uow, {x.sku_id for x in lines})
    return [
        {"id": str(r.id), "notice_id": str(r.notice_id) if r.notice_id else None, "supplier": r.supplier, "station": r.station,
         "state": r.state, "opened_by": r.opened_by, "opened_at": r.opened_at,
         "lines": [
             {"id": str(x.id), "state": x.state, "sku": skus[x.sku_id].code, "qty_each": x.qty_each, "damaged_each": x.damaged_each,
              "damage_reason": x.damage_reason, "counted": spell(x.keyed, packs.get(x.sku_id, []), x.qty_each), "how": x.how,
              "lot": x.lot, "expires_on": x.expires_on, "status": x.status, "why": x.why, "unit": x.hu_code,
              "weight_g": x.weight_g, "parts": x.parts, "counted_by": x.counted_by}
             for x in lines if x.receipt_id == r.id
         ]}
        for r in rows
    ]  # fmt: skip


def spell(keyed: dict[str, Any], packs: Sequence[catalog.Pack], qty_each: int) -> str:
    """As it was counted: "3 CTN × 12 + 5 EA = 41"."""
    sizes = {p.name: p.qty_each for p in packs}
    parts = sorted(((level, int(n)) for level, n in keyed.items() if n), key=lambda p: -sizes.get(p[0], 1))
    words = [f"{n} {level} × {sizes[level]}" if sizes.get(level, 1) > 1 else f"{n} {level}" for level, n in parts]
    return (
        f"{' + '.join(words)} = {qty_each}" if any(sizes.get(level, 1) > 1 for level, _ in parts) else f"{qty_each} EA"
    )
