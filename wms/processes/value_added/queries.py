"""Reads of recipes, work orders, chargeable acts, and shipments to a marketplace."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries as stock
from wms.processes.value_added import rules
from wms.processes.value_added.rules import fba
from wms.processes.value_added.tables import (
    Act,
    Box,
    KitSerial,
    Limit,
    Photo,
    RecipeRow,
    Shipment,
    ShipmentLine,
    WorkOrder,
)


@dataclass(frozen=True, slots=True)
class RecipeInfo:
    code: str
    name: str
    name_zh: str
    kind: str
    sku_id: int | None
    parts: list[Any]
    steps: list[Any]
    consumables: list[Any]
    minutes: float
    round_each: int
    active: bool


@dataclass(frozen=True, slots=True)
class WorkOrderInfo:
    id: UUID
    ref: str
    recipe: str
    made: dict[str, Any]
    sku_id: int
    owner_id: int
    place_id: int
    order_id: UUID | None
    line_id: UUID | None
    qty_each: int
    done_each: int
    round_each: int
    round_at: datetime | None
    state: str
    station: str
    why: str
    created_by: str
    created_at: datetime
    ended_at: datetime | None

    @property
    def demand(self) -> str:
        """Under which its goods are reserved."""
        return f"vas:{self.id}"


def _order(row: WorkOrder) -> WorkOrderInfo:
    return WorkOrderInfo(**{n: getattr(row, n) for n in WorkOrderInfo.__slots__})


async def recipes(uow: UnitOfWork) -> list[RecipeInfo]:
    rows = await uow.session.scalars(select(RecipeRow).order_by(RecipeRow.code))
    return [RecipeInfo(**{n: getattr(r, n) for n in RecipeInfo.__slots__}) for r in rows]


async def recipe(uow: UnitOfWork, code: str) -> RecipeInfo:
    """One in use. Errors: UnknownRecipe."""
    row = await uow.session.get(RecipeRow, code, populate_existing=True)
    if row is None or not row.active:
        raise rules.UnknownRecipe(recipe=code)
    return RecipeInfo(**{n: getattr(row, n) for n in RecipeInfo.__slots__})


async def work_order(uow: UnitOfWork, work_order_id: UUID, *, lock: bool = False) -> WorkOrderInfo:
    """Errors: UnknownWorkOrder."""
    row = await uow.session.get(WorkOrder, work_order_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise rules.UnknownWorkOrder(work_order=str(work_order_id))
    return _order(row)


async def find(uow: UnitOfWork, ref: str) -> WorkOrderInfo | None:
    row = await uow.session.scalar(select(WorkOrder).where(WorkOrder.ref == ref))
    return _order(row) if row else None


async def work_orders(
    uow: UnitOfWork, *, states: Collection[str] = ("open", "working"), order_id: UUID | None = None,
    lines: Collection[UUID] | None = None, limit: int = 200,
) -> list[WorkOrderInfo]:  # fmt: skip
    """Oldest first while they wait, as they came."""
    query = select(WorkOrder).where(WorkOrder.state.in_(states)).order_by(WorkOrder.created_at, WorkOrder.id)
    if order_id is not None:
        query = query.where(WorkOrder.order_id == order_id)
    if lines is not None:
        query = query.where(WorkOrder.line_id.in_(lines))
    return [_order(r) for r in await uow.session.scalars(query.limit(limit).execution_options(populate_existing=True))]


async def board(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Work orders that wait or are in hand, then those that ended last, with codes instead of ids."""
    open_ = await work_orders(uow)
    ended = await uow.session.scalars(
        select(WorkOrder).where(WorkOrder.state.in_(("done", "cancelled"))).order_by(WorkOrder.ended_at.desc()).limit(50)
    )  # fmt: skip
    found = [*open_, *map(_order, ended)]
    skus = await catalog.skus(uow, {w.sku_id for w in found})
    owners = {i: code for code, i in (await catalog.owner_ids(uow)).items()}
    places = await layout.place_codes(uow, {w.place_id for w in found if w.place_id})
    pictures = await uow.session.execute(
        select(Photo.work_order_id, func.count()).where(Photo.work_order_id.in_([w.id for w in found]))
        .group_by(Photo.work_order_id)
    )  # fmt: skip
    photos = {i: n for i, n in pictures.all()}
    return [
        {"id": str(w.id), "ref": w.ref, "recipe": w.recipe, "name": w.made["name"], "name_zh": w.made["name_zh"], "kind": w.made["kind"],
         "sku": skus[w.sku_id].code, "owner": owners[w.owner_id], "place": places.get(w.place_id, ""), "qty_each": w.qty_each,
         "done_each": w.done_each, "state": w.state, "station": w.station, "why": w.why, "photos": photos.get(w.id, 0),
         "standard_min": rules.standard_minutes(w.made, w.qty_each), "created_at": w.created_at, "ended_at": w.ended_at}
        for w in found
    ]  # fmt: skip


async def photos_of(uow: UnitOfWork, work_order_id: UUID) -> list[dict[str, Any]]:
    rows = await uow.session.execute(
        select(Photo.id, Photo.step, Photo.units_from, Photo.at, Photo.by)
        .where(Photo.work_order_id == work_order_id).order_by(Photo.id)
    )  # fmt: skip
    return [dict(r._mapping) for r in rows]


async def photo(uow: UnitOfWork, photo_id: UUID) -> bytes:
    """The picture as JPEG. Errors: UnknownWorkOrder."""
    row = await uow.session.get(Photo, photo_id)
    if row is None:
        raise rules.UnknownWorkOrder(photo=str(photo_id))
    return row.jpeg


async def in_kits(
    uow: UnitOfWork, owner_id: int, sku_ids: Collection[int], lots: Collection[int]
) -> dict[tuple[int, str], int]:
    """(part, serial) of what is in an owner's kits of these lots, to the lot."""
    rows = await uow.session.execute(
        select(KitSerial.sku_id, KitSerial.serial, KitSerial.lot_id)
        .join(WorkOrder, WorkOrder.id == KitSerial.work_order_id)
        .where(
            KitSerial.lot_id.in_(lots), KitSerial.sku_id.in_(sku_ids), KitSerial.out_of.is_(None), WorkOrder.owner_id == owner_id
        )
    )  # fmt: skip
    return {(r.sku_id, r.serial): r.lot_id for r in rows}


async def kit_serials(uow: UnitOfWork, *, serial: str = "", ref: str = "", limit: int = 1000) -> list[dict[str, Any]]:
    """Which serials went into which kits, newest first: all of them, one serial's, or those of a work order."""
    query = (
        select(KitSerial, WorkOrder.ref).join(WorkOrder, WorkOrder.id == KitSerial.work_order_id)
        .order_by(KitSerial.id.desc()).limit(limit)
    )  # fmt: skip
    if serial:
        query = query.where(KitSerial.serial == serial)
    if ref:
        query = query.where(WorkOrder.ref == ref)
    found = (await uow.session.execute(query)).all()
    skus = await catalog.skus(uow, {i for k, _ in found for i in (k.sku_id, k.kit_id)})
    lots = await stock.lots(uow, {k.lot_id for k, _ in found})
    return [
        {"serial": k.serial, "sku": skus[k.sku_id].code, "kit": skus[k.kit_id].code, "received_on": lots[k.lot_id].received_on,
         "expires_on": lots[k.lot_id].expires_on, "declaration": lots[k.lot_id].declaration, "ref": r, "units_from": k.units_from,
         "at": k.at, "by": k.by, "out_at": k.out_at}
        for k, r in found
    ]  # fmt: skip


async def acts(uow: UnitOfWork, since: datetime, until: datetime, owner: str = "") -> list[dict[str, Any]]:
    """What was done for owners in a time, oldest first."""
    ids = await catalog.owner_ids(uow)
    query = select(Act).where(Act.at >= since, Act.at < until).order_by(Act.at, Act.id).limit(20_000)
    if owner:
        query = query.where(Act.owner_id == ids.get(owner, 0))
    codes = {i: code for code, i in ids.items()}
    return [
        {"owner": codes[a.owner_id], "kind": a.kind, "qty": a.qty, "unit": a.unit, "ref": a.ref, "at": a.at, "by": a.by, "data": a.data}
        for a in await uow.session.scalars(query)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LimitInfo:
    centre: str
    starts_on: date
    weight_max_g: int
    side_max_mm: int
    each_max: int
    source: str


@dataclass(frozen=True, slots=True)
class ShipmentInfo:
    id: UUID
    ref: str
    owner_id: int
    centre: str
    address: dict[str, Any]
    place_id: int
    mixed: bool
    each_max: int
    state: str
    created_at: datetime
    departed_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class LineInfo:
    id: UUID
    shipment_id: UUID
    sku_id: int
    fnsku: str
    prep: list[Any]
    unit_each: int
    qty_each: int
    boxed_each: int

    @property
    def demand(self) -> str:
        """Under which its goods are reserved."""
        return f"fba:{self.id}"


@dataclass(frozen=True, slots=True)
class BoxInfo:
    id: UUID
    shipment_id: UUID
    number: int
    code: str
    sscc: str
    hu_id: int
    carton: str
    length_mm: int
    width_mm: int
    height_mm: int
    tare_g: int
    weight_g: int
    pallet: str
    station: str
    state: str
    content: list[Any]


async def limits(uow: UnitOfWork) -> list[LimitInfo]:
    rows = await uow.session.scalars(select(Limit).order_by(Limit.centre, Limit.starts_on.desc()))
    return [LimitInfo(**{n: getattr(r, n) for n in LimitInfo.__slots__}) for r in rows]


async def limit_of(uow: UnitOfWork, centre: str, on: date) -> LimitInfo:
    """The centre's own on that day, else what holds anywhere. Errors: BadPlan, none does."""
    known = [x for x in await limits(uow) if x.starts_on <= on and x.centre in (centre, "")]
    if not known:
        raise fba.BadPlan(field="limits", reason=f"none for {centre} on {on}")
    return max(known, key=lambda x: (x.centre == centre, x.starts_on))


async def shipment(uow: UnitOfWork, shipment_id: UUID, *, lock: bool = False) -> ShipmentInfo:
    """Errors: UnknownShipment."""
    row = await uow.session.get(Shipment, shipment_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise fba.UnknownShipment(shipment=str(shipment_id))
    return ShipmentInfo(**{n: getattr(row, n) for n in ShipmentInfo.__slots__})


async def find_shipment(uow: UnitOfWork, ref: str) -> ShipmentInfo | None:
    found = await uow.session.scalar(select(Shipment.id).where(Shipment.ref == ref))
    return await shipment(uow, found) if found else None


async def shipments(uow: UnitOfWork, states: Collection[str] = ("open",), limit: int = 100) -> list[ShipmentInfo]:
    rows = await uow.session.scalars(
        select(Shipment).where(Shipment.state.in_(states)).order_by(Shipment.created_at.desc()).limit(limit)
    )
    return [ShipmentInfo(**{n: getattr(r, n) for n in ShipmentInfo.__slots__}) for r in rows]


async def lines_of(uow: UnitOfWork, shipment_id: UUID) -> list[LineInfo]:
    rows = await uow.session.scalars(
        select(ShipmentLine).where(ShipmentLine.shipment_id == shipment_id).order_by(ShipmentLine.fnsku)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return [LineInfo(**{n: getattr(r, n) for n in LineInfo.__slots__}) for r in rows]


async def prepared(uow: UnitOfWork, lines: Collection[LineInfo]) -> dict[UUID, int]:
    """Line to units that are ready to be boxed: all of them where nothing is to be done to them."""
    rows = await uow.session.execute(
        select(WorkOrder.line_id, func.sum(WorkOrder.done_each)).where(WorkOrder.line_id.in_([x.id for x in lines]))
        .group_by(WorkOrder.line_id)
    )  # fmt: skip
    done = {i: int(n) for i, n in rows.all()}
    return {x.id: done.get(x.id, 0) if x.prep else x.qty_each for x in lines}


async def boxes_of(uow: UnitOfWork, shipment_id: UUID) -> list[BoxInfo]:
    rows = await uow.session.scalars(
        select(Box).where(Box.shipment_id == shipment_id).order_by(Box.number).execution_options(populate_existing=True)
    )
    return [BoxInfo(**{n: getattr(r, n) for n in BoxInfo.__slots__}) for r in rows]


async def box(uow: UnitOfWork, box_id: UUID) -> BoxInfo:
    """Errors: UnknownShipment."""
    row = await uow.session.get(Box, box_id, populate_existing=True)
    if row is None:
        raise fba.UnknownShipment(box=str(box_id))
    return BoxInfo(**{n: getattr(row, n) for n in BoxInfo.__slots__})


async def box_that_is(uow: UnitOfWork, hu_id: int) -> BoxInfo | None:
    """The box that a place is; None for any other."""
    found = await uow.session.scalar(select(Box.id).where(Box.hu_id == hu_id))
    return await box(uow, found) if found else None


async def box_at(uow: UnitOfWork, station: str) -> BoxInfo | None:
    """The one that is being filled or labelled there."""
    found = await uow.session.scalar(
        select(Box.id).where(Box.station == station, Box.state.in_(("open", "closed"))).order_by(Box.id).limit(1)
    )
    return await box(uow, found) if found else None


async def lines_told(uow: UnitOfWork, shipment_id: UUID) -> list[dict[str, Any]]:
    """Lines with SKU codes and how far each is."""
    lines = await lines_of(uow, shipment_id)
    skus, ready = await catalog.skus(uow, {x.sku_id for x in lines}), await prepared(uow, lines)
    return [
        {"sku": skus[x.sku_id].code, "name": skus[x.sku_id].name, "name_zh": skus[x.sku_id].name_zh, "fnsku": x.fnsku, "prep": x.prep,
         "by_serial": skus[x.sku_id].keeps_serials, "unit_each": x.unit_each, "qty_each": x.qty_each, "prepared_each": ready[x.id], "boxed_each": x.boxed_each}
        for x in lines
    ]  # fmt: skip


async def shipment_board(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Shipments with lines, boxes and what differs from the plan, newest first."""
    owners = {i: code for code, i in (await catalog.owner_ids(uow)).items()}
    told = []
    for s in await shipments(uow, ("open", "departed", "cancelled"), 50):
        lines, boxes = await lines_told(uow, s.id), await boxes_of(uow, s.id)
        told.append({
            "id": str(s.id), "ref": s.ref, "owner": owners[s.owner_id], "centre": s.centre, "mixed": s.mixed, "state": s.state,
            "why": s.why, "created_at": s.created_at, "departed_at": s.departed_at, "lines": lines,
            "boxes": [{n: getattr(b, n) for n in BoxInfo.__slots__ if n not in ("id", "hu_id", "shipment_id", "content")} for b in boxes],
            "differences": fba.differences(lines),
        })  # fmt: skip
    return told


async def box_contents(uow: UnitOfWork, shipment_id: UUID) -> list[dict[str, Any]]:
    """What is in each box that is closed, as the marketplace asks for it."""
    s, lines = await shipment(uow, shipment_id), await lines_of(uow, shipment_id)
    by_sku, skus = {x.sku_id: x for x in lines}, await catalog.skus(uow, {x.sku_id for x in lines})
    return [
        {"shipment": s.ref, "box": b.code, "sscc": b.sscc, "pallet": b.pallet, "weight_lb": fba.pounds(b.weight_g),
         "length_in": fba.inches(b.length_mm), "width_in": fba.inches(b.width_mm), "height_in": fba.inches(b.height_mm),
         "sku": skus[x["sku_id"]].code, "fnsku": by_sku[x["sku_id"]].fnsku, "units": x["qty_each"] // by_sku[x["sku_id"]].unit_each,
         "expires_on": x["expires_on"], "serials": x.get("serials", [])}
        for b in await boxes_of(uow, shipment_id) if b.state in ("closed", "labelled", "departed") for x in b.content
    ]  # fmt: skip


async def box_content_file(uow: UnitOfWork, shipment_id: UUID) -> tuple[str, str]:
    """Name and text of the CSV file."""
    ref = (await shipment(uow, shipment_id)).ref
    return f"{ref}-box-content.csv", fba.as_csv(await box_contents(uow, shipment_id))
