"""Boxes of a shipment at their station: opened, filled unit by unit, weighed, labelled, or emptied again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
from wms.foundation.stock.rules import AVAILABLE
from wms.foundation.work import queries as work
from wms.kernel.errors import NotFound
from wms.kernel.ids import uuid7
from wms.processes.value_added import queries, rules
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
    limit = await queries.limit_of(uow, shipment.centre, await uow.today())
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
    limit = await queries.limit_of(uow, shipment.centre, await uow.today())
    return {
        "units": _units(held, lines.values()),
        "units_max": min(limit.each_max, shipment.each_max or limit.each_max), "expected_g": await expected_g(uow, box),
        "left": sum(x.qty_each - x.boxed_each for x in lines.values()),
    }  # fmt: skip


def _units(held: Sequence[stock.Held], lines: Collection[queries.LineInfo]) -> int:
    """The pieces of one unit may be of several lots."""
    return sum(sum(h.qty_each for h in held if h.grain.sku_id == x.sku_id) // x.unit_each for x in lines)


@dataclass(frozen=True, slots=True)
class Unit:
    """What was scanned to go into a box: one unit as the marketplace counts it."""

    line: queries.LineInfo
    sku: catalog.SkuInfo
    serials: tuple[str, ...]
    """Of its pieces, as far as they were told; none where the SKU keeps none."""

    @property
    def missing(self) -> int:
        """Serials that are still to be scanned."""
        return self.line.unit_each - len(self.serials) if self.sku.keeps_serials else 0


async def unit_of(uow: UnitOfWork, shipment_id: UUID, item_scan: str, pieces: Sequence[str] = ()) -> Unit:
    """What a scan means among the goods of a shipment: a marketplace label, or a serial. `pieces`: serials of further pieces.

    Errors: NotInShipment, SerialDue, UnknownSerial, SerialBoxed, SerialNotFree, AmbiguousBarcode.
    """
    shipment, said = await queries.shipment(uow, shipment_id), scanning.take_apart(item_scan)
    lines, codes = await queries.lines_of(uow, shipment_id), {c.upper() for c in said.codes}
    skus = await catalog.skus(uow, {x.sku_id for x in lines})
    first = (said.serial,) if said.serial else ()
    line = next((x for x in lines if x.fnsku.upper() in codes), None)
    if line is None:
        kept = [x for x in lines if skus[x.sku_id].keeps_serials]
        if not kept:
            raise fba.NotInShipment(scanned=item_scan[:60], ref=shipment.ref)
        first = first or (said.raw,)
        line = await _line_of_serial(uow, shipment, kept, first[0], said)
    sku = skus[line.sku_id]
    if not sku.keeps_serials:
        return Unit(line, sku, ())
    serials = tuple(dict.fromkeys((*first, *pieces)))
    if not 0 < len(first) + len(pieces) == len(serials) <= line.unit_each:
        raise rules.SerialDue(sku=sku.code, needed=line.unit_each, given=len(serials))
    for serial, (at, _) in (await stock.serial_places(uow, sku.id, serials)).items():
        if (box := await queries.box_that_is(uow, at)) is not None:
            raise fba.SerialBoxed(serial=serial, sku=sku.code, box=box.code)
    await goods.check_free(uow, sku, serials, shipment.place_id)
    return Unit(line, sku, serials)


async def _line_of_serial(
    uow: UnitOfWork, shipment: queries.ShipmentInfo, lines: Sequence[queries.LineInfo], serial: str, said: scanning.Elements
) -> queries.LineInfo:  # fmt: skip
    """The line whose goods have this serial. Errors: SerialDue, UnknownSerial, AmbiguousBarcode."""
    meant = {m.sku_id for m in await catalog.meanings(uow, said.codes)}
    if said.gtin and meant:  # two articles may count their serials alike
        lines = [x for x in lines if x.sku_id in meant]
    places = {x.id: (await stock.serial_places(uow, x.sku_id, [serial])).get(serial) for x in lines}
    found = [x for x in lines if places[x.id] is not None]
    free = [x for x in found if places[x.id] == (shipment.place_id, AVAILABLE)]
    if len(free) > 1:
        raise scanning.AmbiguousBarcode(scanned=serial[:60], means=[x.fnsku for x in free])
    if not found:
        own = next((x for x in lines if x.sku_id in meant and not said.serial), None)
        if own is not None:
            raise rules.SerialDue(sku=(await catalog.sku(uow, own.sku_id)).code, needed=own.unit_each, given=0)
        raise rules.UnknownSerial(serial=serial[:60], of=shipment.ref)
    return (free or found)[0]


async def put_in(uow: UnitOfWork, box_id: UUID, item_scan: str, pieces: Sequence[str] = ()) -> Unit:
    """One unit goes into the box, known by its marketplace label; of goods known by serials, by the serial of each piece.

    The first piece alone names a unit of several: nothing is put in, `missing` says how many serials are due with it.

    Errors: ShipmentClosed, BoxState, AllBoxed, NotPrepared, OneSkuPerBox, BoxFull, BoxTooHeavy, NotEnoughGoods, SerialDue, and as
    `unit_of`.
    """
    box = await queries.box(uow, box_id)
    shipment = await shipments.lock(uow, box.shipment_id)
    box = await queries.box(uow, box_id)
    if box.state != "open":
        raise fba.BoxState(state=box.state, event="fill")
    unit = await unit_of(uow, shipment.id, item_scan, pieces)
    line, sku = unit.line, unit.sku
    if line.boxed_each >= line.qty_each:
        raise fba.AllBoxed(fnsku=line.fnsku, qty_each=line.qty_each)
    if line.boxed_each >= (await queries.prepared(uow, [line]))[line.id]:
        raise fba.NotPrepared(fnsku=line.fnsku, prepared=line.boxed_each, qty_each=line.qty_each)
    held = await stock.content_of(uow, box.hu_id)
    units = _units(held, await queries.lines_of(uow, shipment.id))
    limit = await queries.limit_of(uow, shipment.centre, await uow.today())
    fba.check_fits(
        units=units, each_max=min(limit.each_max, shipment.each_max or limit.each_max), mixed=shipment.mixed,
        others=any(h.grain.sku_id != line.sku_id for h in held), weight_max_g=limit.weight_max_g,
        weight_g=await expected_g(uow, box) + sku.weight_g * line.unit_each,
    )  # fmt: skip
    if unit.missing and pieces:
        raise rules.SerialDue(sku=sku.code, needed=line.unit_each, given=len(unit.serials))
    if unit.missing:
        return unit
    taken = await goods.take_reserved(uow, line.demand, line.sku_id, line.unit_each, box.hu_id, "fba_box", unit.serials)
    await ledger.post(uow, taken)
    await uow.session.execute(
        update(ShipmentLine).where(ShipmentLine.id == line.id).values(boxed_each=line.boxed_each + 1)
    )
    return unit


async def close_box(uow: UnitOfWork, box_id: UUID, weight_g: int) -> queries.BoxInfo:
    """It is full, taped and weighed: its label is printed. Errors: BoxState, BadWeight, BoxTooHeavy,
    ShipmentClosed, NoPrinter."""
    box = await queries.box(uow, box_id)
    shipment = await shipments.lock(uow, box.shipment_id)
    box = await queries.box(uow, box_id)
    state = fba.step(box.state, "close")
    held = await stock.content_of(uow, box.hu_id)
    limit = await queries.limit_of(uow, shipment.centre, await uow.today())
    if not held:
        raise fba.BoxState(state="empty", event="close")
    if weight_g <= box.tare_g:
        raise fba.BadWeight(weight_g=weight_g, tare_g=box.tare_g)
    if weight_g > limit.weight_max_g:
        raise fba.BoxTooHeavy(weight_g=weight_g, weight_max_g=limit.weight_max_g)
    lots = await stock.lots(uow, {h.grain.lot_id for h in held})
    named = await stock.serials_by_lot(uow, box.hu_id)
    inside: dict[tuple[int, str], int] = {}
    serials: dict[tuple[int, str], list[str]] = {}
    for h in held:
        ends = lots[h.grain.lot_id].expires_on
        key = (h.grain.sku_id, "" if ends.year == 9999 else ends.isoformat())
        inside[key] = inside.get(key, 0) + h.qty_each
        serials[key] = sorted({*serials.get(key, ()), *named.get((h.grain.sku_id, h.grain.lot_id), ())})
    content = [
        {"sku_id": key[0], "expires_on": key[1], "qty_each": n, "serials": serials[key]} for key, n in sorted(inside.items())
    ]  # fmt: skip
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
