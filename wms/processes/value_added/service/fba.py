"""A shipment to a marketplace's warehouse: planned with its preparation, put on pallets, sent off."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update

from wms.db.uow import UnitOfWork
from wms.events.value_added import ShipmentDeparted
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels import service as labels
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.kernel.errors import NotFound
from wms.kernel.ids import uuid7
from wms.processes.value_added import queries, rules
from wms.processes.value_added.rules import fba
from wms.processes.value_added.service import goods, note_act, orders
from wms.processes.value_added.tables import Box, Limit, Shipment, ShipmentLine


async def set_limit(
    uow: UnitOfWork, centre: str, starts_on: date, *, weight_max_g: int, side_max_mm: int, each_max: int, source: str
) -> None:
    """What a centre (empty: any) takes as one box from a day on."""
    await uow.session.execute(delete(Limit).where(Limit.centre == centre, Limit.starts_on == starts_on))
    uow.session.add(Limit(
        id=uuid7(), centre=centre, starts_on=starts_on, weight_max_g=weight_max_g, side_max_mm=side_max_mm, each_max=each_max,
        source=source,
    ))  # fmt: skip
    await uow.session.flush()


async def plan(
    uow: UnitOfWork, ref: str, *, owner: str, centre: str, address: Mapping[str, Any], place: str, mixed: bool, each_max: int,
    lines: Sequence[Mapping[str, Any]],
) -> UUID:  # fmt: skip
    """Take a plan in: its goods are reserved where they lie, and each line's preparation becomes a work order.

    `lines`: {sku, fnsku, qty_each (units), unit_each (pieces of one unit), prep}. The same again: the same answer.
    Errors: RefTaken, BadPlan, NotFound, UnknownSku, NotEnoughGoods.
    """
    if (known := await queries.find_shipment(uow, ref)) is not None:
        have = {(x.fnsku, x.qty_each) for x in await queries.lines_of(uow, known.id)}
        if have != {(x["fnsku"], x["qty_each"]) for x in lines}:
            raise rules.RefTaken(ref=ref)
        return known.id
    owners = await catalog.owner_ids(uow)
    spot = await layout.find_location(uow, place)
    if owner not in owners or spot is None:
        raise NotFound(**({"owner": owner} if owner not in owners else {"place": place}))
    await queries.limit_of(uow, centre, await uow.today())
    for name in ("sku", "fnsku"):
        if len({x[name] for x in lines}) < len(lines):
            raise fba.BadPlan(field=name, reason="each once")
    row = Shipment(
        id=uuid7(), ref=ref, owner_id=owners[owner], centre=centre, address=dict(address), place_id=spot.id, mixed=mixed,
        each_max=each_max, created_by=uow.actor.id, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    for x in lines:
        await _add_line(uow, row.id, ref, owners[owner], spot.id, x)
    return row.id


async def _add_line(
    uow: UnitOfWork, shipment_id: UUID, ref: str, owner_id: int, place_id: int, x: Mapping[str, Any]
) -> None:
    sku = await catalog.sku_by_code(uow, x["sku"])
    if (x["unit_each"] > 1) != ("bundle" in x["prep"]):
        raise fba.BadPlan(field="unit_each", reason="more than one piece exactly where units are bundled")
    if "label" not in x["prep"] and x["fnsku"] != sku.code and all(
        m.sku_id != sku.id for m in await catalog.meanings(uow, [x["fnsku"]])
    ):  # fmt: skip
        raise fba.BadPlan(field="prep", reason=f"{x['fnsku']} is on no unit unless it is labelled")
    prep = [p for p in fba.PREP if p in x["prep"]]
    line = ShipmentLine(
        id=uuid7(), shipment_id=shipment_id, sku_id=sku.id, fnsku=x["fnsku"], prep=prep, unit_each=x["unit_each"],
        qty_each=x["qty_each"],
    )  # fmt: skip
    uow.session.add(line)
    await uow.session.flush()
    await goods.reserve(uow, f"fba:{line.id}", place_id, owner_id, {sku.id: x["qty_each"] * x["unit_each"]})
    if prep:
        made = fba.recipe_of(sku.id, x["fnsku"], sku.name, prep, x["unit_each"], by_serial=sku.keeps_serials)
        await orders.add(
            uow, f"{ref}/{x['fnsku']}", "fba:" + "+".join(prep), made, sku.id, owner_id, place_id, x["qty_each"],
            line_id=line.id, reserve=False,
        )  # fmt: skip


async def lock(uow: UnitOfWork, shipment_id: UUID) -> queries.ShipmentInfo:
    """Errors: UnknownShipment, ShipmentClosed."""
    found = await queries.shipment(uow, shipment_id, lock=True)
    if found.state != "open":
        raise fba.ShipmentClosed(ref=found.ref, state=found.state)
    return found


async def palletise(uow: UnitOfWork, shipment_id: UUID, box_codes: Sequence[str], printer: str) -> str:
    """Put labelled boxes on a new pallet. Returns its SSCC; its label is printed where a printer is named.

    Errors: UnknownShipment, ShipmentClosed, BoxState.
    """
    shipment = await lock(uow, shipment_id)
    boxes = {b.code: b for b in await queries.boxes_of(uow, shipment_id)}
    if unknown := [code for code in box_codes if code not in boxes]:
        raise fba.UnknownShipment(box=", ".join(unknown[:10]))
    if wrong := [b for code in box_codes if (b := boxes[code]).state != "labelled" or b.pallet]:
        raise fba.BoxState(state=wrong[0].pallet or wrong[0].state, event="pallet")
    sscc = await labels.next_sscc(uow)
    pallet = await ledger.create_unit(uow, "pallet", sscc, shipment.place_id)
    for code in box_codes:
        await ledger.put_unit(uow, boxes[code].hu_id, pallet)
    await uow.session.execute(update(Box).where(Box.code.in_(box_codes)).values(pallet=sscc))
    if printer:
        content = f"{shipment.ref} · {len(box_codes)} boxes · {shipment.centre}"
        await labels.print_label(uow, "lpn", {"code": sscc, "content": content}, printer, f"value_added.pallet:{sscc}")
    note_act(uow, shipment.owner_id, "fba:pallet", 1, "pallet", shipment.ref)
    return sscc


async def depart(uow: UnitOfWork, shipment_id: UUID, why: str) -> list[dict[str, Any]]:
    """The truck has it: everything in its boxes leaves the ledger, what was planned and did not go is free again. Returns the
    differences. Errors: UnknownShipment, ShipmentClosed, BoxState, ShipmentDiffers."""
    shipment = await lock(uow, shipment_id)
    boxes = [b for b in await queries.boxes_of(uow, shipment_id) if b.state != "emptied"]
    if waiting := [b.code for b in boxes if b.state != "labelled"]:
        raise fba.BoxState(state=", ".join(waiting[:10]), event="depart")
    if not boxes:
        raise fba.ShipmentDiffers(ref=shipment.ref, short="all", units=0)
    differences = fba.differences(await queries.lines_told(uow, shipment_id))
    short = sum(d["short"] for d in differences)
    if differences and not why.strip():
        told = ", ".join(f"{d['fnsku']} {d['boxed']}/{d['planned']}" for d in differences[:10])
        raise fba.ShipmentDiffers(ref=shipment.ref, short=told, units=short)
    pieces = await ledger.ship_out_all(uow, [b.hu_id for b in boxes])
    pallets = [u.id for p in sorted({b.pallet for b in boxes if b.pallet}) if (u := await stock.find_unit(uow, p))]
    await ledger.close_units(uow, pallets)
    await uow.session.execute(update(Box).where(Box.id.in_([b.id for b in boxes])).values(state="departed"))
    await _close(uow, shipment_id, "departed", why)
    note_act(uow, shipment.owner_id, "fba:box", len(boxes), "box", shipment.ref)
    uow.emit(ShipmentDeparted(
        shipment_id=shipment.id, ref=shipment.ref, centre=shipment.centre, boxes=len(boxes), pieces=pieces, short_each=short,
    ))  # fmt: skip
    uow.send_host("fba.departed", {
        "ref": shipment.ref, "centre": shipment.centre, "boxes": [b.code for b in boxes], "differences": differences, "why": why,
        "content": await queries.box_contents(uow, shipment_id),
    }, ref=f"fba:{shipment.id}")  # fmt: skip
    return differences


async def cancel(uow: UnitOfWork, shipment_id: UUID, why: str) -> None:
    """Nothing goes; its boxes have to be emptied first. Errors: UnknownShipment, ShipmentClosed, BoxState."""
    await lock(uow, shipment_id)
    if full := [b.code for b in await queries.boxes_of(uow, shipment_id) if b.state != "emptied"]:
        raise fba.BoxState(state=", ".join(full[:10]), event="cancel")
    await _close(uow, shipment_id, "cancelled", why)


async def _close(uow: UnitOfWork, shipment_id: UUID, state: str, why: str) -> None:
    lines = await queries.lines_of(uow, shipment_id)
    for order in await queries.work_orders(uow, lines=[x.id for x in lines]):
        await orders.cancel(
            uow, order.id, f"the shipment has {state}" if state == "departed" else "the shipment was cancelled"
        )
    for line in lines:
        await goods.release(uow, line.demand)
    await uow.session.execute(
        update(Shipment).where(Shipment.id == shipment_id)
        .values(state=state, why=why, departed_at=uow.now if state == "departed" else None)
    )  # fmt: skip
