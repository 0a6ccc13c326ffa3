"""Boxes of a shipment at their station: opened, filled unit by unit, weighed, labelled, or emptied again."""

from uuid import UUID

from sqlalchemy import func, select, update

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.foundation.layout import queries as layout
from wms.foundation.scanning import rules as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.work import queries as work
from wms.kernel.errors import NotFound
from wms.kernel.ids import uuid7
from wms.processes.value_added import queries
from wms.processes.value_added.rules import fba
from wms.processes.value_added.service import fba as shipments
from wms.processes.value_added.service import goods, note_act, orders
from wms.processes.value_added.tables import Box, ShipmentLine

LABEL_REF = "value_added.box:"


async def open_box(uow: UnitOfWork, shipment_id: UUID, station_code: str, carton_scan: str) -> queries.BoxInfo:
    """Begin the shipment's next box at a station; one that is under way there goes on.

    Errors: NotAVasStation, ShipmentClosed, NotFound, BagIsNoBox, BoxTooLarge.
    """
    station = await orders.station_of(uow, station_code)
    shipment = await shipments.lock(uow, shipment_id)
    if (there := await queries.box_at(uow, station_code)) is not None:
        return there
    code = carton_scan.strip().upper()
    carton = next((c for c in await catalog.cartons(uow) if c.code.upper() == code), None)
    if carton is None:
        raise NotFound(carton=carton_scan[:60])
    if carton.bag:
        raise fba.BagIsNoBox(carton=carton.code)
    limit = await queries.limit_of(uow, shipment.centre, uow.now.date())
    if max(carton.outer_mm) > limit.side_max_mm:
        raise fba.BoxTooLarge(carton=carton.code, side_mm=max(carton.outer_mm), side_max_mm=limit.side_max_mm)
    number = 1 + int(await uow.session.scalar(
        select(func.coalesce(func.max(Box.number), 0)).where(Box.shipment_id == shipment_id)
    ) or 0)  # fmt: skip
    place = await layout.find_location(uow, station.location)
    box_code = f"{shipment.ref}U{number:06d}"
    hu_id = await ledger.create_unit(uow, "case", box_code, place.id if place else shipment.place_id)
    row = Box(
        id=uuid7(), shipment_id=shipment_id, number=number, code=box_code, sscc=await labels.next_sscc(uow), hu_id=hu_id,
        carton=carton.code, length_mm=carton.outer_mm[0], width_mm=carton.outer_mm[1], height_mm=carton.outer_mm[2],
        tare_g=carton.tare_g, station=station_code,
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    return await queries.box(uow, row.id)


async def expected_g(uow: UnitOfWork, box: queries.BoxInfo) -> int:
    """Carton and goods by the catalog."""
    held = await stock.content_of(uow, box.hu_id)
    skus = await catalog.skus(uow, {h.grain.sku_id for h in held})
    return box.tare_g + sum(skus[h.grain.sku_id].weight_g * h.qty_each for h in held)


async def room(uow: UnitOfWork, box: queries.BoxInfo) -> dict[str, int]:
    """Units in it and how many it may hold, its expected weight, and the units of the shipment that are still to be boxed."""
    shipment = await queries.shipment(uow, box.shipment_id)
    lines = {x.sku_id: x for x in await queries.lines_of(uow, shipment.id)}
    held = await stock.content_of(uow, box.hu_id)
    limit = await queries.limit_of(uow, shipment.centre, uow.now.date())
    return {
        "units": sum(h.qty_each // lines[h.grain.sku_id].unit_each for h in held),
        "units_max": min(limit.each_max, shipment.each_max or limit.each_max), "expected_g": await expected_g(uow, box),
        "left": sum(x.qty_each - x.boxed_each for x in lines.values()),
    }  # fmt: skip


async def put_in(uow: UnitOfWork, box_id: UUID, item_scan: str) -> queries.LineInfo:
    """One unit, known by its marketplace label, goes into the box.

    Errors: ShipmentClosed, BoxState, NotInShipment, AllBoxed, NotPrepared, OneSkuPerBox, BoxFull, BoxTooHeavy, NotEnoughGoods.
    """
    box = await queries.box(uow, box_id)
    shipment = await shipments.lock(uow, box.shipment_id)
    box = await queries.box(uow, box_id)
    if box.state != "open":
        raise fba.BoxState(state=box.state, event="fill")
    said = {c.upper() for c in scanning.take_apart(item_scan).codes}
    lines = await queries.lines_of(uow, shipment.id)
    line = next((x for x in lines if x.fnsku.upper() in said), None)
    if line is None:
        raise fba.NotInShipment(scanned=item_scan[:60], ref=shipment.ref)
    if line.boxed_each >= line.qty_each:
        raise fba.AllBoxed(fnsku=line.fnsku, qty_each=line.qty_each)
    if line.boxed_each >= (await queries.prepared(uow, [line]))[line.id]:
        raise fba.NotPrepared(fnsku=line.fnsku, prepared=line.boxed_each, qty_each=line.qty_each)
    by_sku = {x.sku_id: x for x in lines}
    held = await stock.content_of(uow, box.hu_id)
    units = sum(h.qty_each // by_sku[h.grain.sku_id].unit_each for h in held)
    limit = await queries.limit_of(uow, shipment.centre, uow.now.date())
    sku = await catalog.sku(uow, line.sku_id)
    fba.check_fits(
        units=units, each_max=min(limit.each_max, shipment.each_max or limit.each_max), mixed=shipment.mixed,
        others=any(h.grain.sku_id != line.sku_id for h in held), weight_max_g=limit.weight_max_g,
        weight_g=await expected_g(uow, box) + sku.weight_g * line.unit_each,
    )  # fmt: skip
    await ledger.post(
        uow, await goods.take_reserved(uow, line.demand, line.sku_id, line.unit_each, box.hu_id, "fba_box")
    )
    await uow.session.execute(
        update(ShipmentLine).where(ShipmentLine.id == line.id).values(boxed_each=line.boxed_each + 1)
    )
    return line


async def close_box(uow: UnitOfWork, box_id: UUID, weight_g: int) -> queries.BoxInfo:
    """It is full, taped and weighed: its label is printed. Errors: BoxState, BadWeight, BoxTooHeavy,
    ShipmentClosed, NoPrinter."""
    box = await queries.box(uow, box_id)
    shipment = await shipments.lock(uow, box.shipment_id)
    box = await queries.box(uow, box_id)
    state = fba.step(box.state, "close")
    held = await stock.content_of(uow, box.hu_id)
    limit = await queries.limit_of(uow, shipment.centre, uow.now.date())
    if not held:
        raise fba.BoxState(state="empty", event="close")
    if weight_g <= box.tare_g:
        raise fba.BadWeight(weight_g=weight_g, tare_g=box.tare_g)
    if weight_g > limit.weight_max_g:
        raise fba.BoxTooHeavy(weight_g=weight_g, weight_max_g=limit.weight_max_g)
    lots = await stock.lots(uow, {h.grain.lot_id for h in held})
    inside: dict[tuple[int, str], int] = {}
    for h in held:
        ends = lots[h.grain.lot_id].expires_on
        key = (h.grain.sku_id, "" if ends.year == 9999 else ends.isoformat())
        inside[key] = inside.get(key, 0) + h.qty_each
    content = [{"sku_id": i, "expires_on": ends, "qty_each": n} for (i, ends), n in sorted(inside.items())]
    await ledger.weigh_unit(uow, box.hu_id, weight_g)
    await uow.session.execute(
        update(Box).where(Box.id == box.id).values(state=state, weight_g=weight_g, content=content)
    )
    note_act(uow, shipment.owner_id, "fba:unit", sum(h.qty_each for h in held), "piece", box.code)
    return await print_label(uow, box.id)


async def print_label(uow: UnitOfWork, box_id: UUID) -> queries.BoxInfo:
    """Print the box's label; one that was printed before is void. Errors: NoPrinter."""
    box = await queries.box(uow, box_id)
    shipment = await queries.shipment(uow, box.shipment_id)
    station = await work.station(uow, box.station)
    lines = {x.sku_id: x for x in await queries.lines_of(uow, shipment.id)}
    rows = [
        {"fnsku": lines[x["sku_id"]].fnsku, "units": x["qty_each"] // lines[x["sku_id"]].unit_each} for x in box.content
    ]
    await labels.void(uow, f"{LABEL_REF}{box.id}")
    await labels.print_label(uow, "fba_box", {
        "shipment": shipment.ref, "centre": shipment.centre, "destination": shipment.address, "box": box.code, "number": box.number,
        "sscc": box.sscc, "weight_g": box.weight_g, "lines": rows,
    }, station.printer, f"{LABEL_REF}{box.id}")  # fmt: skip
    return await queries.box(uow, box_id)


async def apply_label(uow: UnitOfWork, box_id: UUID, label_scan: str) -> queries.BoxInfo:
    """Its own label is on it. Errors: BoxState, NotInShipment."""
    box = await queries.box(uow, box_id)
    await shipments.lock(uow, box.shipment_id)
    said = {c.upper() for c in scanning.take_apart(label_scan).codes}
    if not said & {box.code.upper(), box.sscc}:
        raise fba.NotInShipment(scanned=label_scan[:60], ref=box.code)
    await uow.session.execute(update(Box).where(Box.id == box.id).values(state=fba.step(box.state, "label")))
    return await queries.box(uow, box_id)


async def empty_box(uow: UnitOfWork, box_id: UUID) -> None:
    """Take everything out again: the goods lie where they lay, still kept for the shipment. Errors: BoxState, ShipmentClosed."""
    box = await queries.box(uow, box_id)
    shipment = await shipments.lock(uow, box.shipment_id)
    state = fba.step(box.state, "empty")
    held = await stock.content_of(uow, box.hu_id)
    await ledger.post(uow, [
        ledger.Line(h.grain, box.hu_id, shipment.place_id, h.qty_each, "fba_unbox") for h in held
    ])  # fmt: skip
    for line in await queries.lines_of(uow, shipment.id):
        pieces = sum(h.qty_each for h in held if h.grain.sku_id == line.sku_id)
        if pieces:
            await goods.reserve(uow, line.demand, shipment.place_id, shipment.owner_id, {line.sku_id: pieces})
            await uow.session.execute(
                update(ShipmentLine).where(ShipmentLine.id == line.id)
                .values(boxed_each=line.boxed_each - pieces // line.unit_each)
            )  # fmt: skip
    await ledger.close_units(uow, [box.hu_id])
    await labels.void(uow, f"{LABEL_REF}{box.id}")
    await uow.session.execute(update(Box).where(Box.id == box.id).values(state=state))


async def label_failed(uow: UnitOfWork, ref: str, code: str) -> None:
    """A box's label did not come out: its worker asks for it again, a lead looks at the printer."""
    box = await queries.box(uow, UUID(ref.removeprefix(LABEL_REF)))
    uow.emit(IncidentDetected(
        kind="vas.label", key=f"vas_label:{box.id}", owner="lead", due_h=0.5, subject=f"{box.station}: the label of {box.code} failed",
        detail={"ref": box.code, "station": box.station, "code": code},
    ))  # fmt: skip
