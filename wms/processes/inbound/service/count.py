"""Count goods onto a unit, by hand or by the gate's word; take a count back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import service as order_service
from wms.foundation.scanning import rules as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import DAMAGED, Grain
from wms.foundation.work import queries as work
from wms.kernel.errors import BadInput
from wms.kernel.ids import uuid7
from wms.processes.inbound import queries, rules
from wms.processes.inbound.service.line import change, go_on, lock, parts_of, receive_station
from wms.processes.inbound.tables import GateMatch, Receipt, ReceiptLine, ReceiptUnit

UNITS = ("case", "pallet", "onto")
"""A new case, a new pallet that more comes onto, or the pallet being filled."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a receiver keyed."""

    keyed: dict[str, int]
    """Pack level to packs."""
    unit: str = "case"
    """One of UNITS."""
    damaged_each: int = 0
    damage_reason: str = ""
    lot: str = ""
    """As scanned: the lot itself, or a GS1 barcode that carries it."""
    no_lot: bool = False
    printed_date: str = ""
    """Expiry or production date, as the SKU's policy asks; typed, or a GS1 barcode that carries it."""


async def count(
    uow: UnitOfWork, station_code: str, notice_id: UUID | None, sku_id: int, given: Count
) -> queries.LineInfo:
    """Receive counted pieces onto a unit at the dock. Returns the line at what it needs next.

    Pieces that nobody announced, that lack their papers or are too old are received on hold; damaged ones as damaged.

    Errors: UnknownStation, NoticeIsClosed, NotOnNotice, UnknownPack, NothingCounted, AbsurdCount, MoreDamaged,
    DamageReasonMissing, LotMissing, BadDate, StationBusy, NoOpenUnit, UnitOpen.
    """
    station = await receive_station(uow, station_code)
    sku = await catalog.sku(uow, sku_id)
    packs = (await catalog.packs_of(uow, [sku_id])).get(sku_id, [])
    keyed = {level: n for level, n in given.keyed.items() if n}
    qty_each = rules.total_each(keyed, {p.name: p.qty_each for p in packs})
    rules.check_damage(qty_each, given.damaged_each, given.damage_reason)
    if given.unit not in UNITS:
        raise BadInput(field="unit", known=list(UNITS))
    lot = _lot(given.lot)
    if sku.lot_policy == "required" and not lot and not given.no_lot:
        raise rules.LotMissing(sku=sku.code)
    printed = _date(given.printed_date, await uow.today())
    expires_on = rules.expiry(sku.expiry_policy, printed, sku.shelf_life_days)
    await _check_free(uow, station_code, given.unit)
    notice = await _open_notice(uow, notice_id) if notice_id else None
    announced = _line_for(notice, sku, lot) if notice else None
    reasons = rules.hold_reasons(
        announced=announced is not None, lot_policy=sku.lot_policy, lot=lot, expiry_policy=sku.expiry_policy,
        expires_on=expires_on, min_life_days=sku.min_life_receipt_days, today=await uow.today(),
    )  # fmt: skip
    serialised = sku.serial_policy in ("on_receipt", "always")
    if serialised and qty_each > rules.SERIALS_MOST:
        raise rules.AbsurdCount(qty_each=qty_each, most_each=rules.SERIALS_MOST)
    row = ReceiptLine(
        id=uuid7(), receipt_id=await _receipt(uow, station, notice), notice_line_id=announced.id if announced else None,
        station=station_code, state="serials" if serialised else "counted", sku_id=sku_id, qty_each=qty_each,
        damaged_each=given.damaged_each, damage_reason=given.damage_reason if given.damaged_each else "", keyed=keyed,
        lot=lot, expires_on=expires_on, status=rules.HOLD if reasons else "available", why=", ".join(reasons),
        unit=given.unit, measure=_unmeasured(sku, packs, keyed), parts=await parts_of(uow, sku_id, keyed),
        counted_by=uow.actor.id, counted_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    if serialised:
        return await queries.line(uow, row.id)
    await _put_on_unit(uow, row.id)
    return await go_on(uow, row.id)


def _gs1(scan: str) -> scanning.Elements | None:
    return scanning.take_apart(scan) if scan.startswith(scanning.GS1_AIM) else None


def _lot(scan: str) -> str:
    found = _gs1(scan)
    return found.lot if found else scan[:60]


def _date(scan: str, today: date) -> date | None:
    found = _gs1(scan)
    if found is not None:
        return found.expires_on
    return rules.parse_date(scan, today) if scan else None


def _serial(scan: str) -> str:
    found = _gs1(scan)
    return found.serial if found else scan


async def _check_free(uow: UnitOfWork, station_code: str, unit: str) -> None:
    if await queries.busy_at(uow, station_code) is not None:
        raise rules.StationBusy(station=station_code)
    filling = await queries.filling_at(uow, station_code)
    if unit == "onto" and filling is None:
        raise rules.NoOpenUnit(station=station_code)
    if unit == "pallet" and filling is not None:
        raise rules.UnitOpen(unit=filling.code)


async def _open_notice(uow: UnitOfWork, notice_id: UUID) -> orders.NoticeInfo:
    await uow.session.execute(text("SELECT 1 FROM notice WHERE id = :id FOR UPDATE"), {"id": notice_id})
    notice = await orders.notice(uow, notice_id)
    if notice.state == "closed":
        raise rules.NoticeIsClosed(ref=notice.ref)
    return notice


def _line_for(notice: orders.NoticeInfo, sku: catalog.SkuInfo, lot: str) -> orders.NoticeLineInfo:
    """The line that the goods are booked on: same lot first, then what is still outstanding. Errors: NotOnNotice."""
    lines = [x for x in notice.lines if x.sku_id == sku.id]
    if not lines:
        raise rules.NotOnNotice(ref=notice.ref, sku=sku.code)
    return min(lines, key=lambda x: (bool(lot) and x.lot != lot, x.received_each >= x.qty_each))


def _unmeasured(sku: catalog.SkuInfo, packs: Sequence[catalog.Pack], keyed: dict[str, int]) -> list[list[Any]]:
    """First receipt of a SKU or pack level: one of each goes onto the dimensioner."""
    levels = [p.name for p in packs if not p.measured and p.name != "EA" and p.name in keyed]
    return [[sku.id, level] for level in ([] if sku.measured_at else ["EA"]) + levels]


async def _receipt(uow: UnitOfWork, station: work.StationInfo, notice: orders.NoticeInfo | None) -> UUID:
    """Today's open receipt of this delivery at this station."""
    notice_id = notice.id if notice else None
    found = await uow.session.scalar(
        select(Receipt).where(
            Receipt.notice_id == notice_id if notice_id else Receipt.notice_id.is_(None), Receipt.station == station.code,
            Receipt.state == "open",
        ).order_by(Receipt.id.desc()).limit(1)
    )  # fmt: skip
    if found is not None and (await uow.site_time(found.opened_at)).date() == await uow.today():
        return found.id
    row = Receipt(
        id=uuid7(), notice_id=notice_id, supplier=notice.supplier if notice else "", station=station.code,
        opened_by=uow.actor.id, opened_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    if notice is not None and notice.state == "open":
        await order_service.set_notice_state(uow, notice.id, "arrived")
    return row.id


async def _unit_for(uow: UnitOfWork, line: queries.LineInfo, *, filling: bool) -> queries.UnitInfo:
    """The unit that the goods are put on; a new one stands at the station's dock."""
    if line.unit == "onto":
        unit = await queries.filling_at(uow, line.station)
        if unit is None:
            raise rules.NoOpenUnit(station=line.station)
        return unit
    station = await work.station(uow, line.station)
    dock = await layout.find_location(uow, station.location)
    kind = "pallet" if line.unit == "pallet" else "case"
    code = await labels.next_sscc(uow)
    hu_id = await ledger.create_unit(uow, kind, code, dock.id if dock else 0)
    uow.session.add(
        ReceiptUnit(hu_id=hu_id, code=code, kind=kind, station=line.station, receipt_id=line.receipt_id,
                    state="filling" if filling else "closed", opened_at=uow.now)
    )  # fmt: skip
    await uow.session.flush()
    unit = await queries.unit(uow, hu_id)
    assert unit is not None
    return unit


async def _put_on_unit(uow: UnitOfWork, line_id: UUID) -> None:
    """Stock goes from the supplier onto the unit, the counters of the notice follow, what is wrong is told."""
    line = await queries.line(uow, line_id)
    unit = await _unit_for(uow, line, filling=line.unit == "pallet")
    sku = await catalog.sku(uow, line.sku_id)
    lot_id = await ledger.lot_for(uow, sku.id, code=line.lot, expires_on=line.expires_on)
    await change(uow, line_id, hu_id=unit.hu_id, hu_code=unit.code, lot_id=lot_id)
    line = await queries.line(uow, line_id)
    supplier = (await stock.virtual_places(uow))["SUPPLIER"]
    await ledger.post(
        uow, [ledger.Line(g, supplier, unit.hu_id, qty, "receive", serials=s) for g, qty, s in _grains(line, sku)]
    )
    if line.notice_line_id is not None:
        await order_service.add_received(uow, line.notice_line_id, line.qty_each, line.damaged_each)
        await _note_found(uow, line)
    _tell_faults(uow, line, sku)


def _grains(line: queries.LineInfo, sku: catalog.SkuInfo) -> list[tuple[Grain, int, list[str] | None]]:
    """(what, pieces, serials) of a line: the sound pieces and the damaged ones."""
    sound = line.qty_each - line.damaged_each
    both = [(line.status, sound, line.serials[:sound]), (DAMAGED, line.damaged_each, line.serials[sound:])]
    return [
        (Grain(sku.id, line.lot_id, sku.owner_id, status), qty, serials if line.serials else None)
        for status, qty, serials in both if qty
    ]  # fmt: skip


async def _note_found(uow: UnitOfWork, line: queries.LineInfo) -> None:
    """Pieces that the count found and the gate had missed count against the gate."""
    row = await uow.session.scalar(
        select(GateMatch).where(GateMatch.notice_line_id == line.notice_line_id).order_by(GateMatch.id.desc()).limit(1)
    )
    if row is None or line.how == "gate":
        return
    counted = await uow.session.scalar(
        text("SELECT coalesce(sum(qty_each), 0) FROM receipt_line WHERE notice_line_id = :id AND state <> 'void'"),
        {"id": line.notice_line_id},
    )
    row.found_later = max(0, min(len(row.missing), int(counted or 0) - row.identified))


def _tell_faults(uow: UnitOfWork, line: queries.LineInfo, sku: catalog.SkuInfo) -> None:
    detail = {
        "sku": sku.code, "qty_each": line.qty_each, "unit": line.hu_code, "receipt": str(line.receipt_id),
        "counted_by": line.counted_by,
    }  # fmt: skip
    if line.damaged_each:
        uow.emit(IncidentDetected(
            kind="inbound.damaged", key=f"inbound.damaged:{line.id}",
            subject=f"{line.damaged_each} of {line.qty_each} {sku.code} came {line.damage_reason}",
            detail={**detail, "damaged_each": line.damaged_each, "reason": line.damage_reason},
        ))  # fmt: skip
    for why in line.why.split(", ") if line.why else []:
        uow.emit(IncidentDetected(
            kind=f"inbound.{why}", key=f"inbound.{why}:{line.id}",
            subject=f"{line.qty_each} {sku.code} received on hold: {why}", detail={**detail, "why": why},
        ))  # fmt: skip


async def give_serials(uow: UnitOfWork, line_id: UUID, serials: Sequence[str]) -> queries.LineInfo:
    """Every piece of a serialised SKU was scanned, the damaged ones last.

    Errors: BadSerials, LineBusy, StationBusy, NoOpenUnit, UnitOpen, NoticeIsClosed, stock.SerialProblem.
    """
    line = await lock(uow, line_id)
    state = rules.step(line.state, "count")
    numbers = [_serial(s) for s in serials]
    rules.check_serials(numbers, line.qty_each)
    await _check_free(uow, line.station, line.unit)
    receipt = await uow.session.get(Receipt, line.receipt_id)
    if receipt is not None and receipt.notice_id is not None:
        await _open_notice(uow, receipt.notice_id)
    await change(uow, line_id, state=state, serials=numbers)
    await _put_on_unit(uow, line_id)
    return await go_on(uow, line_id)


async def recount(uow: UnitOfWork, line_id: UUID) -> queries.LineInfo:
    """Take a count back by reversing movements; what rode with it too. Errors: LineBusy."""
    line = await lock(uow, line_id)
    await _void(uow, line)
    for rider in await queries.followers(uow, line_id):
        await _void(uow, rider)
    unit = await queries.unit(uow, line.hu_id)
    if unit is not None and not unit.labelled and not await queries.lines_on(uow, unit.hu_id):
        await uow.session.execute(update(ReceiptUnit).where(ReceiptUnit.hu_id == unit.hu_id).values(state="closed"))
        await ledger.close_unit(uow, unit.hu_id)
    return await queries.line(uow, line_id)


async def _void(uow: UnitOfWork, line: queries.LineInfo) -> None:
    await change(uow, line.id, state=rules.step(line.state, "recount"))
    if not line.hu_id:
        return
    sku = await catalog.sku(uow, line.sku_id)
    supplier = (await stock.virtual_places(uow))["SUPPLIER"]
    await ledger.post(
        uow, [ledger.Line(g, line.hu_id, supplier, qty, "recount", serials=s) for g, qty, s in _grains(line, sku)]
    )
    if line.notice_line_id is not None:
        await order_service.add_received(uow, line.notice_line_id, -line.qty_each, -line.damaged_each)


async def confirm_gate(uow: UnitOfWork, station_code: str, notice_id: UUID) -> queries.LineInfo:
    """Receive at once, on one pallet, all lines of a notice that the gate identified in full and nobody counted.

    A line whose SKU wants papers or serials that the notice does not carry is left to the hand count. The pallet stays
    open while other lines of the notice are outstanding. Returns the line that is weighed and labelled for all.

    Errors: NotIdentified, NoticeIsClosed, StationBusy, UnitOpen.
    """
    station = await receive_station(uow, station_code)
    await _check_free(uow, station_code, "pallet")
    notice = await _open_notice(uow, notice_id)
    ready = await identified(uow, notice)
    if not ready:
        raise rules.NotIdentified(ref=notice.ref)
    receipt_id = await _receipt(uow, station, notice)
    outstanding = [x for x in notice.lines if x.received_each < x.qty_each and x.id not in {r.id for r in ready}]
    lead: UUID | None = None
    for announced in ready:
        sku = await catalog.sku(uow, announced.sku_id)
        keyed = {"EA": announced.qty_each}
        expires_on = _told_expiry(announced, sku, await uow.today())
        reasons = rules.hold_reasons(
            announced=True, lot_policy=sku.lot_policy, lot=announced.lot, expiry_policy=sku.expiry_policy,
            expires_on=expires_on, min_life_days=sku.min_life_receipt_days, today=await uow.today(),
        )  # fmt: skip
        row = ReceiptLine(
            id=uuid7(), receipt_id=receipt_id, notice_line_id=announced.id, follows_id=lead, station=station_code,
            state="counted", sku_id=sku.id, qty_each=announced.qty_each, keyed=keyed, how="gate", lot=announced.lot,
            expires_on=expires_on, status=rules.HOLD if reasons else "available", why=", ".join(reasons),
            unit="pallet" if lead is None else "onto", counted_by=uow.actor.id, counted_at=uow.now,
        )  # fmt: skip
        uow.session.add(row)
        await uow.session.flush()
        await _put_on_unit(uow, row.id)
        await _join(uow, row.id, lead, _unmeasured(sku, [], keyed), await parts_of(uow, sku.id, keyed))
        lead = lead or row.id
    assert lead is not None
    if not outstanding:
        held = await queries.line(uow, lead)
        await uow.session.execute(update(ReceiptUnit).where(ReceiptUnit.hu_id == held.hu_id).values(state="closed"))
    return await go_on(uow, lead)


async def _join(
    uow: UnitOfWork, line_id: UUID, lead: UUID | None, measure: list[list[Any]], parts: list[dict[str, Any]]
) -> None:
    """What a line needs on the devices is done with its lead."""
    if lead is None:
        await change(uow, line_id, measure=measure, parts=parts)
        return
    first = await queries.line(uow, lead)
    await change(uow, lead, measure=[*first.measure, *measure], parts=[*first.parts, *parts])
    await change(uow, line_id, state=rules.step("counted", "follow"))


def _told_expiry(announced: orders.NoticeLineInfo, sku: catalog.SkuInfo, today: date) -> date | None:
    """The expiry that the notice tells; None when it tells none that can be read."""
    if sku.expiry_policy == "none" or not announced.expires_on:
        return None
    try:
        return rules.parse_date(announced.expires_on, today)
    except rules.BadDate:
        return None


async def identified(uow: UnitOfWork, notice: orders.NoticeInfo) -> list[orders.NoticeLineInfo]:
    """Lines that the gate's word is enough for."""
    verdicts = await queries.gate_matches(uow, [notice.id])
    skus = await catalog.skus(uow, {x.sku_id for x in notice.lines})
    ready, today = [], await uow.today()
    for x in notice.lines:
        sku, verdict = skus[x.sku_id], verdicts.get(x.id)
        papers = (sku.lot_policy == "none" or x.lot) and (sku.expiry_policy == "none" or _told_expiry(x, sku, today))
        proven = verdict is not None and verdict.verdict == "identified" and not x.received_each
        if proven and papers and sku.serial_policy in ("none", "on_ship"):
            ready.append(x)
    return ready
