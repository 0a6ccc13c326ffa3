"""Single-unit orders, picked by SKU into shared totes and matched at the bench: the piece is scanned, and the order with the
earliest cut-off that wants it gets it.

A piece is nobody's until it is scanned. So one whose order was cancelled serves the next, and a parcel's label is printed for
the piece that lies in it.
"""

from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.picking import GoodsToPutBack
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import service as order_service
from wms.foundation.scanning import queries as scanning
from wms.foundation.stock import queries as stock
from wms.foundation.work import queries as work
from wms.kernel.ids import uuid7
from wms.processes.packing import queries, rules
from wms.processes.packing.service import bench, parcels
from wms.processes.packing.tables import Parcel, SingleWait


async def wait(uow: UnitOfWork, order_id: UUID, tote: str) -> None:
    """A picked single-unit order waits for any piece of its SKU. An order of more than one piece waits in vain."""
    order = await orders.order(uow, order_id)
    pieces = [(x.sku_id, x.picked_each) for x in order.lines if x.picked_each]
    if [n for _, n in pieces] == [1]:
        row = insert(SingleWait).values(order_id=order_id, sku_id=pieces[0][0], tote=tote, cutoff_at=order.cutoff_at)
        await uow.session.execute(row.on_conflict_do_nothing())


async def shared_tote(uow: UnitOfWork, scanned: str) -> stock.Unit | None:
    """The tote of single units that a scan names; None when it names anything else."""
    tote = await stock.find_unit(uow, scanned.strip().upper()) or await stock.find_unit(uow, scanned.strip())
    if tote is None or tote.kind != "tote" or tote.bound_to is None:
        return None
    if tote.code not in await queries.shared_totes(uow) or tote.bound_to in await orders.orders(uow, [tote.bound_to]):
        return None
    return tote


async def left_in(uow: UnitOfWork, tote: stock.Unit) -> dict[int, int]:
    """SKU id to pieces in the tote that no open parcel has been given."""
    left: dict[int, int] = {}
    for held in await stock.content_of(uow, tote.id):
        left[held.grain.sku_id] = left.get(held.grain.sku_id, 0) + held.qty_each
    for parcel in await queries.singles_open(uow, tote=tote.code):
        for sku_id, qty in parcel.content.items():
            left[sku_id] = left.get(sku_id, 0) - qty
    return {sku_id: n for sku_id, n in left.items() if n > 0}


async def match(uow: UnitOfWork, station_code: str, tote_code: str, item_scan: str) -> queries.ParcelInfo | None:
    """Give the scanned piece to the order with the earliest cut-off that wants its SKU; held and cancelled ones are passed
    over. None: nobody wants it, it is left over. Scanned again before it is packed, it is the same order's.

    Errors: ToteElsewhere, NotInTote, UnknownBarcode, UnknownStation, StationLocked.
    """
    station = await work.usable_station(uow, station_code)
    tote = await _here(uow, station, tote_code)
    sku_id = (await scanning.meaning(uow, item_scan, "sku")).id
    for parcel in await queries.singles_open(uow, tote=tote.code, station=station_code):
        if sku_id in parcel.content and await _alive(uow, parcel):
            return await bench.ready(uow, parcel, station_code)
    if not (await left_in(uow, tote)).get(sku_id):
        raise rules.NotInTote(sku=(await catalog.sku(uow, sku_id)).code, tote=tote.code)
    order_id = await queries.next_single(uow, sku_id)
    if order_id is None:
        return None
    order = await order_service.lock(uow, order_id)
    await uow.session.execute(update(SingleWait).where(SingleWait.order_id == order_id).values(matched_at=uow.now))
    row = Parcel(
        id=uuid7(), order_id=order_id, number=1, of=1, carton=str(order.parcels[0]["carton"]) if order.parcels else "",
        tote=tote.code, station=station_code, items={str(sku_id): 1}, single=True, opened_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    return await bench.ready(uow, await queries.parcel(uow, row.id), station_code)


async def _alive(uow: UnitOfWork, parcel: queries.ParcelInfo) -> bool:
    order = await orders.order(uow, parcel.order_id)
    return order.cancel_requested_at is None and order.state == "picked"


async def _here(uow: UnitOfWork, station: work.StationInfo, tote_code: str) -> stock.Unit:
    """Errors: ToteElsewhere, NotAPackTote."""
    tote = await shared_tote(uow, tote_code)
    if tote is None:
        raise rules.NotAPackTote(scanned=tote_code[:60])
    spot = await layout.find_location(uow, station.location)
    cart = await stock.find_unit(uow, (await layout.place_codes(uow, [tote.in_place_id])).get(tote.in_place_id, ""))
    if spot is None or spot.id not in (tote.in_place_id, cart.in_place_id if cart else 0):
        raise rules.ToteElsewhere(tote=tote.code, station=station.code)
    # Two benches at one tote: the second counts what the first has left.
    await uow.alone(f"packing.singles:{tote.code}")
    return tote


async def finish(uow: UnitOfWork, station_code: str, tote_code: str) -> dict[str, int]:
    """The packer is through with a tote. Returns what is left in it by SKU code: an incident, and it is put back.

    A piece that an order still waits for and that is not in the tote is missing: a lead is told which orders.

    Errors: ToteElsewhere, NotAPackTote, ParcelBusy (one of its parcels is still open).
    """
    tote = await _here(uow, await work.usable_station(uow, station_code), tote_code)
    for parcel in await queries.singles_open(uow, tote=tote.code):
        if await _alive(uow, parcel):
            raise rules.ParcelBusy(state=parcel.state, event="finish")
    left = await left_in(uow, tote)
    skus = await catalog.skus(uow, left)
    told = {skus[i].code: n for i, n in sorted(left.items())}
    if not left:
        await parcels.free_shared(uow, tote.code)
        return told
    wanted = [await orders.order(uow, i) for i in await queries.singles_waiting(uow, list(left))]
    uow.emit(IncidentDetected(
        kind="pack.leftover", key=f"leftover:{tote.id}:{uow.now:%Y%m%dT%H%M%S}", owner="lead", due_h=1.0,
        subject=f"{tote.code}: {sum(left.values())} piece(s) left over at {station_code}",
        detail={"tote": tote.code, "station": station_code, "left": sum(left.values()), "goods": told,
                "orders": [o.ref for o in wanted]},
    ))  # fmt: skip
    await parcels.let_go(uow, tote.code)
    uow.emit(GoodsToPutBack(hu_id=tote.id, reason="left over at the bench"))
    return told


async def forget(uow: UnitOfWork) -> None:
    """Drop waits of orders that are no longer picked and waiting."""
    await uow.session.execute(delete(SingleWait).where(SingleWait.order_id.in_(await queries.singles_over(uow))))
