"""What scale, dimensioner and printer of a receiving station say, and the units filled there."""

from typing import Any
from uuid import UUID

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.catalog import rules as catalog_rules
from wms.foundation.catalog import service as catalog_service
from wms.foundation.labels import service as labels
from wms.foundation.scanning import queries as scanning
from wms.foundation.work import queries as work
from wms.kernel.errors import Refusal
from wms.processes.inbound import queries, rules
from wms.processes.inbound.service.line import change, close_filling, finish, go_on, lock, new_plate, print_label
from wms.processes.inbound.tables import ReceiptUnit

UNUSABLE = frozenset({"dim_invalid", "weight_unstable", "overload", "multiple_objects"})
"""Flags of a dimensioner's result that make its size or weight worthless."""


async def take_weight(uow: UnitOfWork, scale: str, weight_g: int, interval_g: int) -> None:
    """A stable weight from a receiving station's scale, for the carton that it waits for."""
    station = await work.station_of_scale(uow, scale, "receive")
    line = await queries.busy_at(uow, station.code) if station else None
    part = line.next_part if line else None
    if station is None or line is None or part is None or line.state not in ("weighing", "weight_off"):
        return
    tolerance = rules.tolerance_g(part["expected_g"], part["piece_g"], interval_g)
    if abs(weight_g - part["expected_g"]) <= tolerance:
        await _weighed(uow, line, "agree", weight_g)
        return
    await change(uow, line.id, state=rules.step(line.state, "differ"), weight_g=weight_g)
    sku = await catalog.sku(uow, part["sku_id"])
    uow.emit(IncidentDetected(
        kind="inbound.weight_off", key=f"inbound.weight:{line.id}",
        subject=f"{part['qty_each']} {sku.code}: {weight_g} g, expected {part['expected_g']} ± {tolerance} g",
        detail={"sku": sku.code, "level": part["level"], "qty_each": part["qty_each"], "weight_g": weight_g,
                "expected_g": part["expected_g"], "tolerance_g": tolerance, "station": station.code, "unit": line.hu_code},
        owner="lead", due_h=1.0,
    ))  # fmt: skip


async def _weighed(uow: UnitOfWork, line: queries.LineInfo, event: str, weight_g: int) -> None:
    """Note the weight on the carton that was waited for and go on."""
    parts: list[dict[str, Any]] = [dict(p) for p in line.parts]
    next(p for p in parts if not p["weight_g"])["weight_g"] = weight_g
    await change(uow, line.id, state=rules.step(line.state, event), parts=parts, weight_g=weight_g)
    await go_on(uow, line.id)


async def accept_weight(uow: UnitOfWork, line_id: UUID) -> queries.LineInfo:
    """The count was checked and stands; the weight stays on record and its incident open. Errors: LineBusy."""
    line = await lock(uow, line_id)
    rules.step(line.state, "accept")
    await _weighed(uow, line, "accept", line.weight_g)
    return await queries.line(uow, line_id)


async def take_size(
    uow: UnitOfWork, dimensioner: str, size_mm: tuple[int, int, int], weight_g: int, barcode: str, flags: list[str]
) -> None:
    """A result of a receiving station's dimensioner, for the piece or pack that it waits for; a bad one is asked again."""
    station = next((s for s in await work.stations(uow, "receive") if s.dimensioner == dimensioner), None)
    line = await queries.busy_at(uow, station.code) if station else None
    if line is None or line.state != "measuring" or not line.measure:
        return
    sku_id, level = int(line.measure[0][0]), str(line.measure[0][1])
    wrong = sorted(UNUSABLE & set(flags)) or await _wrong_item(uow, barcode, sku_id)
    if not wrong:
        try:
            catalog_rules.check_size(*size_mm, weight_g)
        except catalog_rules.AbsurdSize:
            wrong = ["absurd_size"]
    if wrong:
        await change(uow, line.id, flags=wrong)
        return
    await catalog_service.record_measurement(uow, sku_id, level, *size_mm, weight_g)
    await change(uow, line.id, state=rules.step(line.state, "measured"), measure=line.measure[1:])
    await go_on(uow, line.id)


async def _wrong_item(uow: UnitOfWork, barcode: str, sku_id: int) -> list[str]:
    """A barcode of another SKU; one that cannot be read says nothing."""
    if not barcode:
        return []
    try:
        found = await scanning.meaning(uow, barcode, "sku")
    except Refusal:
        return []
    return ["wrong_item"] if found.id != sku_id else []


async def skip_device(uow: UnitOfWork, line_id: UUID) -> queries.LineInfo:
    """The scale or dimensioner does not work: go on without, and say so. Errors: LineBusy."""
    line = await lock(uow, line_id)
    measuring = line.state == "measuring"
    state = rules.step(line.state, "skip")
    left: dict[str, Any] = {"measure": []} if measuring else {"parts": [p for p in line.parts if p["weight_g"]]}
    await change(uow, line_id, state=state, flags=[], **left)
    kind = "inbound.not_measured" if measuring else "inbound.not_weighed"
    sku = await catalog.sku(uow, line.sku_id)
    uow.emit(IncidentDetected(
        kind=kind, key=f"{kind}:{line_id}", subject=f"{line.qty_each} {sku.code} on {line.hu_code}: {kind.split('.')[1]}",
        detail={"sku": sku.code, "unit": line.hu_code, "station": line.station, "said_by": uow.actor.id}, owner="lead",
    ))  # fmt: skip
    return await go_on(uow, line_id)


async def label_printed(uow: UnitOfWork, line_id: UUID) -> None:
    """The printer let go of the licence plate."""
    line = await lock(uow, line_id)
    if line.state == "labelling":
        await change(uow, line_id, state=rules.step(line.state, "printed"))


async def label_failed(uow: UnitOfWork, line_id: UUID, outcome: str, code: str) -> None:
    """Nothing, or nobody knows what, came out: the receiver is asked to print again."""
    line = await lock(uow, line_id)
    if line.state != "labelling":
        return
    await change(uow, line_id, state=rules.step(line.state, "fail"), flags=[outcome, code])
    uow.emit(IncidentDetected(
        kind="inbound.label_failed", key=f"inbound.label:{line_id}", subject=f"Label of {line.hu_code}: {outcome} {code}",
        detail={"unit": line.hu_code, "station": line.station, "outcome": outcome, "code": code}, owner="lead", due_h=1.0,
    ))  # fmt: skip


async def retry_label(uow: UnitOfWork, line_id: UUID) -> queries.LineInfo:
    """Print another licence plate; the one that may have come out before is void and means nothing. Errors: LineBusy."""
    line = await lock(uow, line_id)
    state = rules.step(line.state, "retry")
    await labels.void(uow, f"inbound.label:{line_id}")
    await new_plate(uow, line.hu_id)
    await change(uow, line_id, state=state, flags=[])
    await print_label(uow, line_id)
    return await queries.line(uow, line_id)


async def apply_label(uow: UnitOfWork, line_id: UUID, label_scan: str) -> queries.LineInfo:
    """The licence plate is on the unit, proven by scanning it: the goods are received. Errors: WrongLabel, LineBusy."""
    line = await lock(uow, line_id)
    rules.step(line.state, "apply")
    if line.hu_code not in label_scan:
        raise rules.WrongLabel(scanned=label_scan[:60], expected=line.hu_code)
    await uow.session.execute(update(ReceiptUnit).where(ReceiptUnit.hu_id == line.hu_id).values(labelled=True))
    await finish(uow, line_id, "apply")
    return await queries.line(uow, line_id)


async def close_unit(uow: UnitOfWork, station_code: str) -> queries.UnitInfo:
    """The pallet being filled at a station is full. Errors: NoOpenUnit, LineUnderWay."""
    unit = await queries.filling_at(uow, station_code)
    if unit is None:
        raise rules.NoOpenUnit(station=station_code)
    await close_filling(uow, unit)
    return unit
