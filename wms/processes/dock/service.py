"""Load parcels, pull them off, close manifests."""

from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.dock import ManifestClosed
from wms.events.orders import OrderCancelRequested
from wms.events.packing import ParcelLabelled
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.stock import service as ledger
from wms.kernel.ids import uuid7
from wms.processes.dock import queries, rules
from wms.processes.dock.tables import Load, Manifest


async def expect(uow: UnitOfWork, event: ParcelLabelled) -> None:
    """A labelled parcel is ready for its truck (again, after a relabel)."""
    values = {
        "order_id": event.order_id, "sscc": event.sscc, "hu_id": event.hu_id, "carrier": event.carrier,
        "weight_g": event.weight_g, "of": event.of, "tracking": event.tracking, "state": "ready", "ready_at": uow.now, "manifest_id": None,
    }  # fmt: skip
    await uow.session.execute(
        insert(Load).values(parcel_id=event.parcel_id, loaded_by="", **values)
        .on_conflict_do_update(index_elements=["parcel_id"], set_=values)
    )  # fmt: skip


async def load_parcel(uow: UnitOfWork, scan: str, carrier: str = "") -> queries.LoadInfo:
    """Put a parcel on its carrier's open manifest. `carrier`: whose truck stands at the door, if told.

    Errors: UnknownParcel, WrongTruck, AlreadyLoaded, LabelVoid, OrderIsCancelled, WrongState.
    """
    code = scan.strip()
    row = await uow.session.scalar(
        select(Load)
        .where(or_(Load.sscc == code[-18:], and_(Load.tracking == code.upper(), Load.tracking != "")))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise rules.UnknownParcel(scanned=scan[:60])
    order = await order_service.lock(uow, row.order_id)
    if order.cancel_requested_at is not None:
        raise order_rules.OrderIsCancelled(ref=order.ref)
    if order.holds:
        raise order_rules.OrderHeld(ref=order.ref, why="; ".join(str(h["why"]) for h in order.holds))
    if row.state == "removed":
        raise rules.LabelVoid(parcel=row.sscc)
    if carrier and row.carrier != carrier:
        raise rules.WrongTruck(parcel=row.sscc, carrier=row.carrier, truck=carrier)
    if row.state != "ready":
        raise rules.AlreadyLoaded(parcel=row.sscc)
    if order.state != "labelled":
        raise order_rules.WrongState(state=order.state, event="load")
    row.state, row.manifest_id = "loaded", await _open_manifest(uow, row.carrier)
    row.loaded_at, row.loaded_by = uow.now, uow.actor.id
    await uow.session.flush()
    loads = await queries.loads_of(uow, row.order_id)
    if len([x for x in loads if x.state == "loaded"]) == row.of:
        await order_service.advance(uow, row.order_id, "load")
    return queries.info(row)


async def _open_manifest(uow: UnitOfWork, carrier: str) -> UUID:
    await uow.session.execute(
        insert(Manifest).values(id=uuid7(), carrier=carrier, state="open", opened_at=uow.now, closed_by="")
        .on_conflict_do_nothing()
    )  # fmt: skip
    found = await uow.session.scalar(
        select(Manifest.id).where(Manifest.carrier == carrier, Manifest.state == "open").with_for_update(key_share=True)
    )
    assert found is not None
    return found


async def close_manifest(uow: UnitOfWork, carrier: str) -> tuple[UUID, int]:
    """The truck leaves with every order that is wholly loaded; the rest waits on a new manifest.

    Returns (manifest id, parcels). Errors: NothingLoaded.
    """
    manifest = await uow.session.scalar(
        select(Manifest).where(Manifest.carrier == carrier, Manifest.state == "open").with_for_update()
    )
    loads = [] if manifest is None else list(await uow.session.scalars(
        select(Load).where(Load.manifest_id == manifest.id, Load.state == "loaded").order_by(Load.order_id)
        .execution_options(populate_existing=True)
    ))  # fmt: skip
    if manifest is None or not loads:
        raise rules.NothingLoaded(carrier=carrier)
    manifest.state, manifest.closed_at, manifest.closed_by = "closed", uow.now, uow.actor.id
    await uow.session.flush()
    shipped = 0
    by_order: dict[UUID, list[Load]] = {}
    for row in loads:
        by_order.setdefault(row.order_id, []).append(row)
    for order_id, rows in by_order.items():
        order = await order_service.lock(uow, order_id)
        if order.state != "loaded" or order.cancel_requested_at is not None or order.holds:
            fresh = await _open_manifest(uow, carrier)
            await uow.session.execute(
                update(Load).where(Load.parcel_id.in_([r.parcel_id for r in rows])).values(manifest_id=fresh)
            )
            continue
        for row in rows:
            await ledger.ship_out(uow, row.hu_id)
        await uow.session.execute(
            update(Load).where(Load.parcel_id.in_([r.parcel_id for r in rows])).values(state="shipped")
        )
        await order_service.advance(uow, order_id, "ship")
        shipped += len(rows)
    if not shipped:  # only parts of orders, or voided labels: this truck takes nothing along
        raise rules.NothingLoaded(carrier=carrier)
    uow.emit(ManifestClosed(manifest_id=manifest.id, carrier=carrier, parcels=shipped))
    return manifest.id, shipped


async def forget_labels(uow: UnitOfWork, order_id: UUID) -> None:
    """The order's labels are void: its parcels come off the truck until they carry new ones."""
    await uow.session.execute(
        update(Load).where(Load.order_id == order_id, Load.state.in_(("ready", "loaded")))
        .values(state="removed", manifest_id=None)
    )  # fmt: skip


async def pull_off(uow: UnitOfWork, order_id: UUID) -> None:
    """A cancelled order comes off the truck; packing then voids its labels. Only acts while shipping owns it."""
    order = await order_service.lock(uow, order_id)
    if order.state not in ("labelled", "loaded"):
        return
    await forget_labels(uow, order_id)
    if order.state == "loaded":
        await order_service.advance(uow, order_id, "unload", why="cancelled: pulled off")
        uow.emit(OrderCancelRequested(order_id=order_id, effect="void_label"))
