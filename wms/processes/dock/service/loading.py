"""Parcels come to the dock, are loaded by scan, alone or in their bag or pallet, and come off again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.events.orders import OrderCancelRequested
from wms.events.packing import ParcelLabelled
from wms.foundation.layout import queries as layout
from wms.foundation.orders import queries as orders
from wms.foundation.orders import rules as order_rules
from wms.foundation.orders import service as order_service
from wms.foundation.stock import service as ledger
from wms.kernel.ids import uuid7
from wms.processes.dock import queries, rules
from wms.processes.dock.tables import Container, Load, Manifest


async def expect(uow: UnitOfWork, event: ParcelLabelled) -> None:
    """A labelled parcel is ready for its truck (again, after a relabel), in its carrier's lane where it has one."""
    order = await orders.order(uow, event.order_id)
    values = {
        "order_id": event.order_id, "sscc": event.sscc, "hu_id": event.hu_id, "carrier": event.carrier,
        "weight_g": event.weight_g, "of": event.of, "tracking": event.tracking, "state": "ready", "ready_at": uow.now,
        "manifest_id": None, "container_id": None, "service": order.service,
        "country": str(order.destination.get("country") or "")[:2], "cutoff_at": order.cutoff_at,
    }  # fmt: skip
    await uow.session.execute(
        insert(Load).values(parcel_id=event.parcel_id, loaded_by="", **values)
        .on_conflict_do_update(index_elements=["parcel_id"], set_=values)
    )  # fmt: skip
    lane = await queries.lane_of(uow, event.carrier)
    spot = await layout.find_location(uow, lane) if lane else None
    if spot is not None:
        await ledger.put_unit(uow, event.hu_id, spot.id)


async def lock_parcel(uow: UnitOfWork, scan: str) -> Load:
    """The parcel that a label names, by its SSCC or the carrier's number. Errors: UnknownParcel."""
    code = scan.strip()
    bare = code[3:] if code.startswith("]") else code
    row = await uow.session.scalar(
        select(Load).where(or_(Load.sscc == code[-18:], and_(Load.tracking.in_((bare, bare.upper())), Load.tracking != "")))
        .order_by(Load.state == "shipped", Load.ready_at.desc())  # carriers give old numbers again
        .limit(1).with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    if row is None:
        raise rules.UnknownParcel(scanned=scan[:60])
    return row


async def check_may_leave(uow: UnitOfWork, row: Load | queries.LoadInfo) -> orders.OrderInfo:
    """Its order, locked. Errors: OrderIsCancelled, OrderHeld, LabelVoid."""
    order = await order_service.lock(uow, row.order_id)
    if order.cancel_requested_at is not None:
        raise order_rules.OrderIsCancelled(ref=order.ref)
    if order.holds:
        raise order_rules.OrderHeld(ref=order.ref, why="; ".join(str(h["why"]) for h in order.holds))
    if row.state == "removed":
        raise rules.LabelVoid(parcel=row.sscc)
    return order


async def load(uow: UnitOfWork, scan: str, door: str = "") -> list[queries.LoadInfo]:
    """Put a parcel, a sealed bag or a pallet onto the truck. `door`: where it stands, if told. Returns the parcels.

    Errors: UnknownDoor, NoTruck, those of load_parcel, ContainerOpen, ContainerClosed, ContainerEmpty.
    """
    truck = await queries.truck_at(uow, door) if door else None
    carrier = truck.carrier if truck else ""
    code = scan.strip().upper()
    found = await queries.find_container(uow, code.removeprefix("]C100")) or await queries.find_container(
        uow, code[-18:]
    )
    if found is None:
        return [await load_parcel(uow, scan, carrier)]
    return await _load_container(uow, found.id, carrier)


async def _load_container(uow: UnitOfWork, container_id: UUID, carrier: str) -> list[queries.LoadInfo]:
    row = await uow.session.get(Container, container_id, with_for_update=True, populate_existing=True)
    assert row is not None
    if row.parent_id is not None:  # it goes with its pallet, which would wait for it forever
        raise rules.InAnotherBag(parcel=row.code, bag=await _code(uow, row.parent_id))
    state = rules.step(rules.CONTAINER, row.state, "load", row.code)
    bags = await queries.bags_on(uow, row.id)
    if unsealed := [b.code for b in bags if b.state != "sealed"]:
        raise rules.ContainerOpen(bag=unsealed[0])
    parcels = await queries.inside(uow, [row.id])
    if not parcels:
        raise rules.ContainerEmpty(bag=row.code)
    if carrier and row.carrier != carrier:
        raise rules.WrongTruck(parcel=row.code, carrier=row.carrier, truck=carrier)
    manifest = await open_manifest(uow, row.carrier)
    await order_service.lock_all(uow, {p.order_id for p in parcels})
    for parcel in parcels:
        await _onto(uow, parcel, manifest)
    await uow.session.execute(
        update(Container)
        .where(Container.id.in_([row.id, *(b.id for b in bags)]))
        .values(state=state, manifest_id=manifest)
    )
    return parcels


async def load_parcel(uow: UnitOfWork, scan: str, carrier: str = "") -> queries.LoadInfo:
    """Put a parcel on its carrier's open manifest. `carrier`: whose truck stands at the door, if told.

    Errors: UnknownParcel, WrongTruck, AlreadyLoaded, LabelVoid, NeedsBag, InAnotherBag, OrderIsCancelled, OrderHeld,
    WrongState.
    """
    row = await lock_parcel(uow, scan)
    await check_may_leave(uow, row)
    if carrier and row.carrier != carrier:
        raise rules.WrongTruck(parcel=row.sscc, carrier=row.carrier, truck=carrier)
    if row.container_id is not None:
        raise rules.InAnotherBag(parcel=row.sscc, bag=await _code(uow, row.container_id))
    rule = await queries.bag_rule(uow, row.carrier, row.service)
    if rule is not None and rule.needs_bag and row.state == "ready":
        raise rules.NeedsBag(parcel=row.sscc, carrier=row.carrier)
    await _onto(uow, queries.info(row), await open_manifest(uow, row.carrier))
    return queries.info(row)


async def _code(uow: UnitOfWork, container_id: UUID) -> str:
    row = await uow.session.get(Container, container_id)
    return row.code if row else ""


async def _onto(uow: UnitOfWork, parcel: queries.LoadInfo, manifest: UUID) -> None:
    order = await check_may_leave(uow, parcel)
    if parcel.state != "ready":
        raise rules.AlreadyLoaded(parcel=parcel.sscc)
    if order.state != "labelled":
        raise order_rules.WrongState(state=order.state, event="load")
    await uow.session.execute(
        update(Load).where(Load.parcel_id == parcel.parcel_id).values(
            state="loaded", manifest_id=manifest, loaded_at=uow.now, loaded_by=uow.actor.id
        )
    )  # fmt: skip
    loads = await queries.loads_of(uow, parcel.order_id)
    if len([x for x in loads if x.state == "loaded"]) == parcel.of:
        await order_service.advance(uow, parcel.order_id, "load")


async def open_manifest(uow: UnitOfWork, carrier: str) -> UUID:
    """The carrier's open manifest, which does not close until the transaction ends; a new one when a truck is just leaving."""
    while True:
        await uow.session.execute(
            insert(Manifest).values(
                id=uuid7(), carrier=carrier, state="open", opened_at=uow.now, closed_by="", door="", plate="", seal="", signed_by=""
            ).on_conflict_do_nothing()
        )  # fmt: skip
        found = await uow.session.scalar(
            select(Manifest.id).where(Manifest.carrier == carrier, Manifest.state == "open")
            .with_for_update(key_share=True)
        )  # fmt: skip
        if found is not None:
            return found


async def unload(uow: UnitOfWork, scan: str) -> queries.LoadInfo:
    """A loose parcel comes off the truck by scan and waits again; one in a bag comes out of its bag first.

    Errors: UnknownParcel, NotLoaded, InAnotherBag.
    """
    row = await lock_parcel(uow, scan)
    if row.state != "loaded":
        raise rules.NotLoaded(parcel=row.sscc)
    if row.container_id is not None:
        raise rules.InAnotherBag(parcel=row.sscc, bag=await _code(uow, row.container_id))
    await off(uow, [queries.info(row)], "ready", "taken off by scan")
    await uow.session.refresh(row)
    return queries.info(row)


async def off(uow: UnitOfWork, parcels: Sequence[queries.LoadInfo], state: str, why: str) -> None:
    """These parcels are on no truck any more; their orders are not loaded."""
    await uow.session.execute(
        update(Load).where(Load.parcel_id.in_([p.parcel_id for p in parcels])).values(state=state, manifest_id=None)
    )
    for order_id in sorted({p.order_id for p in parcels if p.state == "loaded"}):
        if (await order_service.lock(uow, order_id)).state == "loaded":
            await order_service.advance(uow, order_id, "unload", why=why)


async def forget_labels(uow: UnitOfWork, order_id: UUID) -> None:
    """The order's labels are void: its parcels come off the truck, and out of their bags, until they carry new ones."""
    parcels = [p for p in await queries.loads_of(uow, order_id) if p.state in ("ready", "loaded")]
    await uow.session.execute(
        update(Load).where(Load.parcel_id.in_([p.parcel_id for p in parcels]))
        .values(state="removed", manifest_id=None, container_id=None)
    )  # fmt: skip
    for parcel in parcels:
        if parcel.container_id is not None:
            await _open_for(uow, parcel.container_id, parcel.sscc)


async def _open_for(uow: UnitOfWork, container_id: UUID, sscc: str) -> None:
    """A parcel in a sealed bag must come out: the bag, and the pallet it lies on, are not closed any more."""
    row = await uow.session.get(Container, container_id, with_for_update=True, populate_existing=True)
    if row is None or row.state not in ("open", "sealed", "loaded"):
        return
    if row.state == "loaded":
        await off(
            uow, [p for p in await queries.inside(uow, [row.id]) if p.state == "loaded"], "ready", "its bag is opened"
        )
    row.state, row.seal, row.manifest_id = "open", "", None
    await uow.session.flush()
    uow.emit(IncidentDetected(
        kind="dock.take_out", key=f"dock.take_out:{sscc}", subject=f"Take parcel {sscc} out of {row.kind} {row.code}", owner="lead",
        due_h=0.5, detail={"parcel": sscc, "bag": row.code, "carrier": row.carrier},
    ))  # fmt: skip
    if row.parent_id is not None:
        await _open_for(uow, row.parent_id, sscc)


async def pull_off(uow: UnitOfWork, order_id: UUID) -> None:
    """A cancelled order comes off the truck; packing then voids its labels. Only acts while the dock owns it."""
    order = await order_service.lock(uow, order_id)
    if order.state not in ("labelled", "loaded"):
        return
    await forget_labels(uow, order_id)
    if order.state == "loaded":
        await order_service.advance(uow, order_id, "unload", why="cancelled: pulled off")
        uow.emit(OrderCancelRequested(order_id=order_id, effect="void_label"))
