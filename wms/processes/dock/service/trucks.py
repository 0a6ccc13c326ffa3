"""Doors, appointments, and the truck that leaves: what is aboard and whole goes, the rest is taken off first."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.dock import ManifestClosed, ParcelDeparted
from wms.foundation.layout import queries as layout
from wms.foundation.orders import service as order_service
from wms.foundation.stock import service as ledger
from wms.kernel.errors import NotFound
from wms.kernel.ids import uuid7
from wms.processes.dock import queries, rules
from wms.processes.dock.service import loading
from wms.processes.dock.tables import Appointment, CarrierLane, Container, Door, Load, Manifest


async def put_doors(uow: UnitOfWork, doors: Collection[tuple[str, str]]) -> None:
    """Make or rename doors: (code, name)."""
    for code, name in doors:
        await uow.session.execute(
            insert(Door)
            .values(code=code, name=name)
            .on_conflict_do_update(index_elements=["code"], set_={"name": name})
        )


async def put_lane(uow: UnitOfWork, carrier: str, location: str) -> None:
    """Where a carrier's parcels wait. Errors: NotFound."""
    if await layout.find_location(uow, location) is None:
        raise NotFound(location=location)
    await uow.session.execute(
        insert(CarrierLane).values(carrier=carrier, location=location)
        .on_conflict_do_update(index_elements=["carrier"], set_={"location": location})
    )  # fmt: skip


async def book(uow: UnitOfWork, carrier: str, door: str, starts_at: datetime, ends_at: datetime) -> UUID:
    """Give a truck a door for a time. Errors: UnknownDoor, BadAppointment, DoorTaken naming whose it is."""
    if await uow.session.get(Door, door, with_for_update=True) is None:  # one booking of a door at a time
        raise rules.UnknownDoor(scanned=door[:40])
    if not carrier or starts_at.tzinfo is None or ends_at.tzinfo is None or not starts_at < ends_at:
        raise rules.BadAppointment(problem="carrier and two times with their zone are needed, the first earlier")
    taken = await uow.session.scalar(
        select(Appointment).where(
            Appointment.door == door, Appointment.state.in_(("planned", "arrived")), Appointment.starts_at < ends_at,
            Appointment.ends_at > starts_at,
        ).limit(1)
    )  # fmt: skip
    if taken is not None:
        raise rules.DoorTaken(door=door, carrier=taken.carrier, until=taken.ends_at.isoformat(timespec="minutes"))
    row = Appointment(
        id=uuid7(),
        carrier=carrier,
        door=door,
        starts_at=starts_at,
        ends_at=ends_at,
        state="planned",
        plate="",
        driver="",
    )
    uow.session.add(row)
    await uow.session.flush()
    return row.id


async def arrive(uow: UnitOfWork, appointment_id: UUID, plate: str, driver: str = "", door: str = "") -> queries.Truck:
    """A truck stands at its door, or at another that is free. Errors: UnknownAppointment, BadAppointment, DoorTaken."""
    row = await uow.session.get(Appointment, appointment_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise rules.UnknownAppointment(id=str(appointment_id))
    state = rules.step(rules.APPOINTMENT, row.state, "arrive", row.door)
    at = door or row.door
    if await uow.session.get(Door, at, with_for_update=True) is None:
        raise rules.UnknownDoor(scanned=at[:40])
    there = next((t for t in await queries.trucks_here(uow) if t.door == at), None)
    if there is not None:
        raise rules.DoorTaken(door=at, carrier=there.carrier, until="")
    row.state, row.door, row.plate, row.driver, row.arrived_at = (
        state,
        at,
        plate.strip()[:20],
        driver.strip()[:80],
        uow.now,
    )
    await uow.session.flush()
    return await queries.truck_at(uow, at)


async def cancel_appointment(uow: UnitOfWork, appointment_id: UUID) -> None:
    """Errors: UnknownAppointment, BadAppointment."""
    row = await uow.session.get(Appointment, appointment_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise rules.UnknownAppointment(id=str(appointment_id))
    row.state = rules.step(rules.APPOINTMENT, row.state, "cancel", row.door)


async def miss_overdue(uow: UnitOfWork) -> None:
    """A truck that has not come by the end of its time gives its door away."""
    await uow.session.execute(
        update(Appointment).where(Appointment.state == "planned", Appointment.ends_at < uow.now).values(state="missed")
    )


async def depart(
    uow: UnitOfWork,
    carrier: str,
    *,
    taken_off: Collection[str] = (),
    door: str = "",
    seal: str = "",
    signed_by: str = "",
) -> tuple[UUID, int]:
    """The truck leaves with every order that is wholly loaded, and its carrier signs for them.

    `taken_off`: SSCCs of parcels aboard that may not leave and that somebody has taken off, which a lead answers for.
    Returns (manifest id, parcels). Errors: NothingLoaded, StillAboard, WrongTruck, NoTruck, UnknownDoor.
    """
    truck = await queries.truck_at(uow, door) if door else None
    if truck is not None and truck.carrier != carrier:
        raise rules.WrongTruck(parcel="", carrier=carrier, truck=truck.carrier)
    manifest = await uow.session.scalar(
        select(Manifest).where(Manifest.carrier == carrier, Manifest.state == "open").with_for_update()
    )
    aboard = [] if manifest is None else await _aboard(uow, manifest.id)
    if manifest is None or not aboard:
        raise rules.NothingLoaded(carrier=carrier)
    orders = await order_service.lock_all(uow, {p.order_id for p in aboard})
    free = {i for i, o in orders.items() if o.state == "loaded" and o.cancel_requested_at is None and not o.holds}
    staying = [p for p in aboard if p.order_id not in free]
    if bagged := [p for p in staying if p.container_id is not None]:
        raise rules.StillAboard(parcels=", ".join(p.sscc for p in bagged[:20]), count=len(bagged), bagged=True)
    if {p.sscc for p in staying} - set(taken_off):
        raise rules.StillAboard(parcels=", ".join(p.sscc for p in staying[:20]), count=len(staying), bagged=False)
    if staying:
        await loading.off(uow, staying, "ready", "taken off before the truck left")
    going = [p for p in aboard if p.order_id in free]
    if not going:
        raise rules.NothingLoaded(carrier=carrier)
    manifest.state, manifest.closed_at, manifest.closed_by = "closed", uow.now, uow.actor.id
    manifest.door, manifest.seal, manifest.signed_by = door, seal.strip()[:40], signed_by.strip()[:80]
    manifest.plate = truck.plate if truck else ""
    boxes = await uow.session.execute(
        update(Container)
        .where(Container.manifest_id == manifest.id)
        .values(state="departed")
        .returning(Container.id, Container.hu_id, Container.code, Container.seal)
    )
    within = {box.id: box for box in boxes.all()}
    await ledger.ship_out_all(uow, [p.hu_id for p in going])
    await ledger.close_units(uow, [box.hu_id for box in within.values()])
    await uow.session.execute(update(Load).where(Load.manifest_id == manifest.id).values(state="shipped"))
    if truck is not None:
        await uow.session.execute(
            update(Appointment).where(Appointment.door == door, Appointment.state == "arrived")
            .values(state="departed", departed_at=uow.now)
        )  # fmt: skip
    await order_service.ship_all(uow, [orders[i] for i in free])
    boxed = {p.parcel_id: within[p.container_id] for p in going if p.container_id in within}
    await uow.emit_all([
        ParcelDeparted(
            parcel_id=p.parcel_id, order_id=p.order_id, sscc=p.sscc, tracking=p.tracking, carrier=p.carrier, service=p.service,
            country=p.country, weight_g=p.weight_g, manifest_id=manifest.id,
            bag=boxed[p.parcel_id].code if p.parcel_id in boxed else "",
            seal=(boxed[p.parcel_id].seal if p.parcel_id in boxed else "") or manifest.seal,
        )
        for p in going
    ])  # fmt: skip
    uow.emit(ManifestClosed(manifest_id=manifest.id, carrier=carrier, parcels=len(going)))
    return manifest.id, len(going)


async def _aboard(uow: UnitOfWork, manifest_id: UUID) -> list[queries.LoadInfo]:
    rows = await uow.session.scalars(
        select(Load).where(Load.manifest_id == manifest_id, Load.state == "loaded").order_by(Load.order_id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return [queries.info(row) for row in rows]


async def parcels_aboard(uow: UnitOfWork, carrier: str) -> int:
    """Parcels on the carrier's open manifest."""
    return int(await uow.session.scalar(
        select(func.count()).select_from(Load).join(Manifest, Manifest.id == Load.manifest_id)
        .where(Manifest.carrier == carrier, Manifest.state == "open", Load.state == "loaded")
    ) or 0)  # fmt: skip
