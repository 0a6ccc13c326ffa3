"""What a counted line still needs: measuring, weighing, a label; and its end."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from wms.db.uow import UnitOfWork
from wms.events.inbound import GoodsReceived
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.work import queries as work
from wms.processes.inbound import queries, rules
from wms.processes.inbound.tables import ReceiptLine, ReceiptUnit


async def receive_station(uow: UnitOfWork, code: str) -> work.StationInfo:
    """Errors: UnknownStation, work.UnknownStation."""
    station = await work.usable_station(uow, code)
    if station.kind != "receive":
        raise rules.UnknownStation(station=code)
    return station


async def lock(uow: UnitOfWork, line_id: UUID) -> queries.LineInfo:
    """The line, its row locked. Errors: UnknownLine."""
    await uow.session.execute(select(ReceiptLine.id).where(ReceiptLine.id == line_id).with_for_update())
    return await queries.line(uow, line_id)


async def change(uow: UnitOfWork, line_id: UUID, **values: Any) -> None:
    """Errors: StationBusy when another line is on the station's devices."""
    try:
        await uow.session.execute(update(ReceiptLine).where(ReceiptLine.id == line_id).values(**values))
    except IntegrityError as error:
        if "uq_receipt_line_station_busy" not in str(error):
            raise
        raise rules.StationBusy() from None


async def go_on(uow: UnitOfWork, line_id: UUID) -> queries.LineInfo:
    """Take a line in `counted` to what it needs next: dimensioner, scale, printer, or its end. Errors: StationBusy."""
    line = await queries.line(uow, line_id)
    station = await work.station(uow, line.station)
    unit = await queries.unit(uow, line.hu_id)
    if line.measure and station.dimensioner:
        await _occupy(uow, line, "measure")
    elif line.next_part is not None and station.scale:
        await _occupy(uow, line, "weigh", parts=await expected(uow, line.parts))
    elif unit is not None and not unit.labelled and station.printer:
        await change(uow, line_id, state=rules.step(line.state, "print"))
        await print_label(uow, line_id)
    else:
        await finish(uow, line_id, "finish")
    return await queries.line(uow, line_id)


async def _occupy(uow: UnitOfWork, line: queries.LineInfo, event: str, **values: Any) -> None:
    busy = await queries.busy_at(uow, line.station)
    if busy is not None and busy.id != line.id:
        raise rules.StationBusy(station=line.station)
    await change(uow, line.id, state=rules.step(line.state, event), flags=[], **values)


async def parts_of(uow: UnitOfWork, sku_id: int, keyed: dict[str, int]) -> list[dict[str, Any]]:
    """Every load of a count, for the scale."""
    sku = await catalog.sku(uow, sku_id)
    packs = {p.name: p for p in (await catalog.packs_of(uow, [sku_id])).get(sku_id, [])}
    sizes, weights = {n: p.qty_each for n, p in packs.items()}, {n: p.weight_g for n, p in packs.items()}
    return [
        {**asdict(p), "sku_id": sku_id, "weight_g": 0} for p in rules.weigh_parts(keyed, sizes, weights, sku.weight_g)
    ]


async def expected(uow: UnitOfWork, parts: list[Any]) -> list[Any]:
    """The same loads with the weights that the catalog knows now: it may just have learned them."""
    skus = await catalog.skus(uow, {p["sku_id"] for p in parts})
    packs = await catalog.packs_of(uow, list(skus))
    fresh = []
    for part in parts:
        sku = skus[part["sku_id"]]
        pack = next((p for p in packs.get(sku.id, []) if p.name == part["level"] and p.name != "EA"), None)
        weight = pack.weight_g if pack is not None else part["qty_each"] * sku.weight_g
        fresh.append(part if part["weight_g"] else {**part, "expected_g": weight, "piece_g": sku.weight_g})
    return fresh


async def print_label(uow: UnitOfWork, line_id: UUID) -> None:
    """Print the licence plate of the line's unit. Errors: labels.NoPrinter."""
    line = await queries.line(uow, line_id)
    station = await work.station(uow, line.station)
    skus = await catalog.skus(uow, {x.sku_id for x in await queries.lines_on(uow, line.hu_id)})
    content = f"{skus[line.sku_id].code} × {line.qty_each}" if len(skus) == 1 else f"{len(skus)} SKUs"
    await labels.print_label(
        uow, "lpn", {"code": line.hu_code, "content": content}, station.printer, f"inbound.label:{line_id}"
    )


async def new_plate(uow: UnitOfWork, hu_id: int) -> None:
    """Give a unit made here another licence plate, on the unit and on every line that names it."""
    code = await labels.next_sscc(uow)
    await ledger.recode_unit(uow, hu_id, code)
    await uow.session.execute(update(ReceiptUnit).where(ReceiptUnit.hu_id == hu_id).values(code=code))
    await uow.session.execute(update(ReceiptLine).where(ReceiptLine.hu_id == hu_id).values(hu_code=code))


async def finish(uow: UnitOfWork, line_id: UUID, event: str) -> None:
    """The line is received, and those that ride with it; goods of a full unit are told to the house."""
    line = await queries.line(uow, line_id)
    await change(uow, line_id, state=rules.step(line.state, event), received_at=uow.now)
    for rider in await queries.followers(uow, line_id):
        await change(uow, rider.id, state=rules.step(rider.state, "finish"), received_at=uow.now)
    unit = await queries.unit(uow, line.hu_id)
    if unit is None or unit.state == "closed":
        await tell(uow, line.hu_id)


async def tell(uow: UnitOfWork, hu_id: int) -> None:
    """Weigh the unit up and say what stands on it, one fact per SKU and status."""
    lines = await queries.lines_on(uow, hu_id)
    await ledger.weigh_unit(uow, hu_id, sum(int(p["weight_g"]) for x in lines for p in x.parts))
    held: dict[tuple[int, str], int] = {}
    for h in await stock.held_in(uow, hu_id):
        held[h.grain.sku_id, h.grain.status] = held.get((h.grain.sku_id, h.grain.status), 0) + h.qty_each
    for (sku_id, status), qty_each in sorted(held.items()):
        uow.emit(
            GoodsReceived(receipt_id=lines[0].receipt_id, hu_id=hu_id, sku_id=sku_id, qty_each=qty_each, status=status)
        )


async def close_filling(uow: UnitOfWork, unit: queries.UnitInfo) -> None:
    """Nothing more comes onto the unit. Errors: LineUnderWay."""
    lines = await queries.lines_on(uow, unit.hu_id)
    if open_lines := [x for x in lines if x.state != "received"]:
        raise rules.LineUnderWay(unit=unit.code, lines=len(open_lines))
    await uow.session.execute(update(ReceiptUnit).where(ReceiptUnit.hu_id == unit.hu_id).values(state="closed"))
    if lines:
        await tell(uow, unit.hu_id)
    else:
        await ledger.close_unit(uow, unit.hu_id)
