"""The bench: a parcel is known, its items are received as ungraded stock, what is wrong is recorded, the return is closed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from wms.db.uow import UnitOfWork
from wms.events.returns import ReturnClosed
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders.rules import UnknownOrder
from wms.foundation.scanning import rules as scanning_rules
from wms.foundation.stock import queries as stock
from wms.foundation.stock import service as ledger
from wms.foundation.stock.rules import Grain
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.kernel.ids import uuid7
from wms.processes.returns import queries
from wms.processes.returns.rules import refusals, states
from wms.processes.returns.service import closing, labelling
from wms.processes.returns.service.authorising import open_unannounced
from wms.processes.returns.service.closing import change, lock
from wms.processes.returns.tables import ReturnFinding, ReturnItem, RmaLine

UNGRADED = "returned_ungraded"


async def bench(uow: UnitOfWork, code: str) -> work.StationInfo:
    """Errors: NotABench, work.UnknownStation."""
    station = await work.usable_station(uow, code)
    if station.kind != "returns":
        raise refusals.NotABench(station=code)
    return station


async def bench_place(uow: UnitOfWork, station: work.StationInfo) -> int:
    """Where ungraded goods lie. Errors: NotABench."""
    spot = await layout.find_location(uow, station.location)
    if spot is None:
        raise refusals.NotABench(station=station.code)
    return spot.id


async def arrive(uow: UnitOfWork, station_code: str, scanned: str) -> queries.RmaInfo:
    """Know a parcel by its return label, ours or its carrier's, its number on the no-order shelf, the tracking number that it
    went out with or its order, and take it on.

    Errors: UnknownParcel, NotAuthorised, NotIdentified, NotShipped, MoreThanShipped.
    """
    station = await bench(uow, station_code)
    codes = (*scanning_rules.take_apart(scanned).codes, scanned.strip())
    for code in codes:
        if (found := await queries.by_number(uow, code) or await queries.by_label(uow, code)) is not None:
            taken = await _take_on(uow, station, found)
            await labelling.note_used(uow, taken, code)
            return taken
        if (stray := await queries.stray_by_number(uow, code)) is not None:
            if stray.rma_id is None:
                raise refusals.NotIdentified(number=stray.number)
            return await _take_on(uow, station, await queries.rma(uow, stray.rma_id))
    order_id = await queries.order_of_parcel(uow, codes)
    for code in codes if order_id is None else ():
        try:
            order_id = (await orders.find_order(uow, code)).id
            break
        except UnknownOrder:
            continue
    if order_id is None:
        raise refusals.UnknownParcel(scanned=scanned[:60])
    open_ones = [r for r in await queries.of_order(uow, order_id) if r.state in states.EXPECTED]
    ranked = sorted(open_ones, key=lambda r: states.EXPECTED.index(r.state))
    if ranked:
        return await _take_on(uow, station, ranked[0])
    rma_id = await open_unannounced(uow, order_id, station.code, f"known by {scanned.strip()[:60]}")
    return await queries.rma(uow, rma_id)


async def _take_on(uow: UnitOfWork, station: work.StationInfo, found: queries.RmaInfo) -> queries.RmaInfo:
    r = await lock(uow, found.id)
    if r.state in (*states.DECIDING, "refused") or r.method == "keep":
        raise refusals.NotAuthorised(number=r.number, state=r.hold_code or r.state)
    await change(
        uow, r.id, state=states.step(r.state, "arrive"), station=station.code, arrived_at=r.arrived_at or uow.now
    )
    return await queries.rma(uow, r.id)


async def _at_bench(uow: UnitOfWork, rma_id: UUID) -> queries.RmaInfo:
    r = await lock(uow, rma_id)
    if r.state != "at_bench":
        raise refusals.WrongState(state=r.state, step="receive")
    return r


async def _room(uow: UnitOfWork, r: queries.RmaInfo, sku_id: int) -> dict[UUID, int]:
    """Order line to pieces of a SKU that may still come back on it. Errors: NotOfOrder."""
    order = await orders.order(uow, r.order_id)
    mine = [x for x in order.lines if x.sku_id == sku_id]
    if not mine:
        raise refusals.NotOfOrder(sku=(await catalog.sku(uow, sku_id)).code, order=r.order_ref)
    rmas = await queries.of_order(uow, r.order_id)
    here = {x.id: sum(y.received_each for y in r.lines if y.order_line_id == x.id) for x in mine}
    return {x.id: max(0, states.left_each(x.picked_each, queries.claims(rmas, x.id, r.id)) - here[x.id]) for x in mine}


async def room(uow: UnitOfWork, r: queries.RmaInfo, sku_id: int) -> tuple[int, int]:
    """(pieces of a SKU still announced, pieces that may be received in one go). Errors: NotOfOrder."""
    most = max((await _room(uow, r, sku_id)).values())
    announced = sum(max(0, y.qty_each - y.received_each) for y in r.lines if y.sku_id == sku_id)
    return min(announced, most), most


async def refuse_more(uow: UnitOfWork, r: queries.RmaInfo, sku_id: int) -> None:
    """Errors: MoreThanShipped, always: everything of this SKU is back."""
    raise refusals.MoreThanShipped(sku=(await catalog.sku(uow, sku_id)).code, qty_each=1, most_each=0)


async def receive(
    uow: UnitOfWork, rma_id: UUID, sku_id: int, qty_each: int, serials: Sequence[str] = ()
) -> queries.ItemInfo:
    """Take pieces from the customer into ungraded stock at the bench, of the lots they were shipped of.

    Errors: NotOfOrder, MoreThanShipped, BadQuantity, SerialsNeeded, SerialNotOurs, WrongState.
    """
    r = await _at_bench(uow, rma_id)
    station = await bench(uow, r.station)
    sku = await catalog.sku(uow, sku_id)
    if not 1 <= qty_each <= 10_000:
        raise refusals.BadQuantity(qty_each=qty_each)
    _, most = await room(uow, r, sku_id)
    if qty_each > most:
        raise refusals.MoreThanShipped(sku=sku.code, qty_each=qty_each, most_each=most)
    serials = list(dict.fromkeys(serials))
    if len(serials) != (qty_each if sku.serial_policy != "none" else 0):
        raise refusals.SerialsNeeded(sku=sku.code, needed=qty_each, given=len(serials))
    parts = await _parts(uow, r, sku, qty_each, serials)
    place_id = await bench_place(uow, station)
    customer = (await stock.virtual_places(uow))["CUSTOMER"]
    await ledger.post(uow, [
        ledger.Line(Grain(sku_id, p["lot_id"], p["owner_id"], UNGRADED), customer, place_id, p["qty_each"], "return",
                    serials=p["serials"] if sku.keeps_serials else None)
        for p in parts
    ])  # fmt: skip
    line_id = await _count(uow, r, sku_id, qty_each)
    row = ReturnItem(
        id=uuid7(), rma_id=rma_id, line_id=line_id, sku_id=sku_id, qty_each=qty_each, parts=parts, place_id=place_id,
        station=station.code, state="received", received_by=uow.actor.id, received_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    return await queries.item(uow, row.id)


async def _parts(
    uow: UnitOfWork, r: queries.RmaInfo, sku: catalog.SkuInfo, qty_each: int, serials: Sequence[str]
) -> list[dict[str, Any]]:
    """Lots that the pieces came of: by serial where it is known, else the newest shipped lot that is not back yet.

    Errors: SerialNotOurs.
    """
    shipped = await stock.shipped_of(uow, r.order_id, [sku.id])
    back = [p for other in await queries.of_order(uow, r.order_id) for i in await queries.items_of(uow, other.id)
            if i.sku_id == sku.id for p in i.parts]  # fmt: skip
    left = {(s.lot_id, s.owner_id): s.qty_each for s in shipped}
    for p in back:
        key = (p["lot_id"], p["owner_id"])
        left[key] = left.get(key, 0) - p["qty_each"]
    parts: dict[tuple[int, int], dict[str, Any]] = {}

    def take(lot_id: int, owner_id: int, qty: int, serial: Sequence[str]) -> None:
        part = parts.setdefault(
            (lot_id, owner_id), {"lot_id": lot_id, "owner_id": owner_id, "qty_each": 0, "serials": []}
        )
        part["qty_each"] += qty
        part["serials"] += serial

    returned = {s for p in back for s in p["serials"]}
    for serial in serials:
        lot = next((s for s in shipped if serial in s.serials), None)
        if lot is None or serial in returned:
            raise refusals.SerialNotOurs(serial=serial, sku=sku.code, order=r.order_ref)
        take(lot.lot_id, lot.owner_id, 1, [serial])
    open_each = 0 if serials else qty_each
    for (lot_id, owner_id), there in left.items():
        n = min(open_each, max(0, there))
        if n:
            take(lot_id, owner_id, n, [])
            open_each -= n
    if open_each:  # it left before the ledger knew of parcels: a lot of the day it was shipped
        order = await orders.order(uow, r.order_id)
        day = (await uow.site_time(order.shipped_at or uow.now)).date()
        take(await ledger.lot_for(uow, sku.id, received_on=day), order.owner_id, open_each, [])
    return list(parts.values())


async def _count(uow: UnitOfWork, r: queries.RmaInfo, sku_id: int, qty_each: int) -> UUID:
    """Count received pieces on the line that announced them, else on an order line that has room; the return's line."""
    room_of = await _room(uow, r, sku_id)
    fits = [x for x in r.lines if x.sku_id == sku_id and room_of[x.order_line_id] >= qty_each]
    line = next((x for x in fits if x.received_each + qty_each <= x.qty_each), fits[0] if fits else None)
    line_id = line.id if line else None
    if line_id is None:
        order = await orders.order(uow, r.order_id)
        at = next(x for x in order.lines if room_of.get(x.id, 0) >= qty_each)
        row = RmaLine(
            id=uuid7(),
            rma_id=r.id,
            order_line_id=at.id,
            sku_id=sku_id,
            qty_each=0,
            reason=r.reason,
            value_cents=at.value_cents,
        )
        uow.session.add(row)
        await uow.session.flush()
        line_id = row.id
    await uow.session.execute(
        update(RmaLine).where(RmaLine.id == line_id).values(received_each=RmaLine.received_each + qty_each)
    )
    return line_id


async def find_wrong(uow: UnitOfWork, rma_id: UUID, kind: str, what: str) -> None:
    """Record what was wrong; no stock comes of it. Errors: WrongState, ReasonNeeded."""
    if kind not in states.FINDINGS:
        raise refusals.ReasonNeeded(known=list(states.FINDINGS))
    r = await _at_bench(uow, rma_id)
    uow.session.add(
        ReturnFinding(id=uuid7(), rma_id=r.id, kind=kind, what=what.strip()[:200], at=uow.now, by=uow.actor.id)
    )
    await uow.session.flush()
    await closing.suspect(uow, rma_id)


async def close(uow: UnitOfWork, rma_id: UUID) -> queries.RmaInfo:
    """Nothing more is in the parcel: reckon, look for abuse, advise the refund. Errors: ItemsOpen, WrongState."""
    r = await _at_bench(uow, rma_id)
    items = await queries.items_of(uow, rma_id)
    if waiting := [i for i in items if i.state in states.OPEN_ITEM]:
        raise refusals.ItemsOpen(items=len(waiting))
    await change(uow, rma_id, state=states.step(r.state, "close"), closed_at=uow.now)
    tasks.note_done(uow, "return", began_at=r.arrived_at or uow.now, qty_each=sum(i.qty_each for i in items))
    await closing.settle(uow, rma_id)
    await closing.suspect(uow, rma_id)
    await closing.advise(uow, rma_id)
    done = await queries.rma(uow, rma_id)
    uow.emit(ReturnClosed(
        rma_id=rma_id, order_id=r.order_id, number=r.number, received_each=sum(x.received_each for x in r.lines),
        refund_cents=done.refund_cents, cost_cents=done.cost_cents,
    ))  # fmt: skip
    return done
