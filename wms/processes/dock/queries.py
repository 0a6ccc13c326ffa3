"""Reads of the dock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from wms.db.uow import UnitOfWork
from wms.processes.dock import rules
from wms.processes.dock.tables import Appointment, BagRule, CarrierLane, Container, Door, Load, Manifest


@dataclass(frozen=True, slots=True)
class LoadInfo:
    parcel_id: UUID
    order_id: UUID
    sscc: str
    tracking: str
    hu_id: int
    carrier: str
    service: str
    country: str
    weight_g: int
    of: int
    state: str
    manifest_id: UUID | None
    container_id: UUID | None


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    id: UUID
    kind: str
    code: str
    hu_id: int
    carrier: str
    service: str
    country: str
    state: str
    seal: str
    expected_g: int
    weight_g: int
    parent_id: UUID | None
    manifest_id: UUID | None


@dataclass(frozen=True, slots=True)
class BagLimits:
    """What one bag of a carrier's service takes."""

    carrier: str
    service: str
    parcels_max: int
    weight_max_g: int
    tare_g: int
    pallet_tare_g: int
    by_country: bool
    needs_bag: bool


@dataclass(frozen=True, slots=True)
class Truck:
    """What stands at a door now."""

    door: str
    carrier: str
    plate: str
    driver: str
    arrived_at: datetime | None


def info(row: Load) -> LoadInfo:
    return LoadInfo(**{name: getattr(row, name) for name in LoadInfo.__slots__})


def container_info(row: Container) -> ContainerInfo:
    return ContainerInfo(**{name: getattr(row, name) for name in ContainerInfo.__slots__})


async def loads_of(uow: UnitOfWork, order_id: UUID) -> list[LoadInfo]:
    rows = await uow.session.scalars(
        select(Load).where(Load.order_id == order_id).execution_options(populate_existing=True)
    )
    return [info(row) for row in rows]


async def find_container(uow: UnitOfWork, code: str) -> ContainerInfo | None:
    """The one of this code that is here, else the last that left."""
    row = await uow.session.scalar(
        select(Container).where(Container.code == code)
        .order_by(Container.state.in_(("departed", "void")), Container.opened_at.desc()).limit(1)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return container_info(row) if row else None


async def inside(uow: UnitOfWork, container_ids: Collection[UUID]) -> list[LoadInfo]:
    """Parcels in these containers, and in the bags that lie on them, by SSCC."""
    bags = select(Container.id).where(Container.parent_id.in_(container_ids))
    rows = await uow.session.scalars(
        select(Load).where(or_(Load.container_id.in_(container_ids), Load.container_id.in_(bags)))
        .order_by(Load.sscc).execution_options(populate_existing=True)
    )  # fmt: skip
    return [info(row) for row in rows]


async def bags_on(uow: UnitOfWork, pallet_id: UUID) -> list[ContainerInfo]:
    rows = await uow.session.scalars(
        select(Container).where(Container.parent_id == pallet_id).order_by(Container.code)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return [container_info(row) for row in rows]


async def containers(uow: UnitOfWork, manifest_id: UUID | None = None) -> list[dict[str, Any]]:
    """Bags and pallets of a manifest, or those that have not left, with what is in them."""
    query = (
        select(Container, func.count(Load.parcel_id), func.coalesce(func.sum(Load.weight_g), 0))
        .outerjoin(Load, Load.container_id == Container.id).group_by(Container.id).order_by(Container.code).limit(1_000)
    )  # fmt: skip
    if manifest_id is None:
        query = query.where(Container.state.in_(("open", "sealed", "loaded")))
    else:
        query = query.where(Container.manifest_id == manifest_id)
    rows = (await uow.session.execute(query)).all()
    codes = {c.id: c.code for c, _, _ in rows}
    return [
        {"id": c.id, "kind": c.kind, "code": c.code, "carrier": c.carrier, "service": c.service, "country": c.country,
         "state": c.state, "seal": c.seal, "parcels": int(n), "parcels_g": int(g), "expected_g": c.expected_g,
         "weight_g": c.weight_g, "on": codes.get(c.parent_id, "") if c.parent_id else "", "sealed_by": c.sealed_by}
        for c, n, g in rows
    ]  # fmt: skip


async def waiting(uow: UnitOfWork, carrier: str = "") -> dict[str, int]:
    """Labelled parcels not yet loaded, by carrier."""
    query = select(Load.carrier, func.count()).where(Load.state == "ready").group_by(Load.carrier)
    if carrier:
        query = query.where(Load.carrier == carrier)
    return {name: int(n) for name, n in (await uow.session.execute(query)).all()}


async def manifests(uow: UnitOfWork, limit: int = 50) -> list[dict[str, Any]]:
    rows = await uow.session.execute(
        select(Manifest, func.count(Load.parcel_id).label("parcels"), func.sum(Load.weight_g).label("weight_g"))
        .outerjoin(Load, Load.manifest_id == Manifest.id)
        .group_by(Manifest.id)
        .order_by(Manifest.id.desc())
        .limit(limit)
    )
    return [
        {"id": m.id, "carrier": m.carrier, "state": m.state, "parcels": n, "weight_g": int(g or 0), "opened_at": m.opened_at,
         "closed_at": m.closed_at, "closed_by": m.closed_by, "door": m.door, "plate": m.plate, "seal": m.seal,
         "signed_by": m.signed_by}
        for m, n, g in rows.all()
    ]  # fmt: skip


async def handover(uow: UnitOfWork, manifest_id: UUID) -> dict[str, Any]:
    """A manifest as the carrier signs it: its head, its bags and pallets, its parcels. Errors: NothingLoaded."""
    manifest = await uow.session.get(Manifest, manifest_id, populate_existing=True)
    if manifest is None:
        raise rules.NothingLoaded(carrier="")
    rows = await uow.session.scalars(
        select(Load)
        .where(Load.manifest_id == manifest_id)
        .order_by(Load.sscc)
        .execution_options(populate_existing=True)
    )
    boxes = await containers(uow, manifest_id)
    codes = {c["id"]: c["code"] for c in boxes}
    return {
        "id": str(manifest.id), "carrier": manifest.carrier, "state": manifest.state, "door": manifest.door, "plate": manifest.plate,
        "seal": manifest.seal, "signed_by": manifest.signed_by, "closed_at": manifest.closed_at and await uow.site_time(manifest.closed_at),
        "closed_by": manifest.closed_by, "containers": boxes,
        "parcels": [
            {"sscc": r.sscc, "tracking": r.tracking, "service": r.service, "country": r.country, "weight_g": r.weight_g,
             "in": codes.get(r.container_id, "") if r.container_id else ""}
            for r in rows
        ],
    }  # fmt: skip


async def doors(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Doors with the truck that stands there and the appointments of the next day."""
    trucks = {t.door: t for t in await trucks_here(uow)}
    rows = await uow.session.scalars(
        select(Appointment)
        .where(Appointment.ends_at > uow.now - timedelta(hours=12), Appointment.starts_at < uow.now + timedelta(hours=36))
        .order_by(Appointment.starts_at).execution_options(populate_existing=True)
    )  # fmt: skip
    planned: dict[str, list[dict[str, Any]]] = {}
    for a in rows:
        planned.setdefault(a.door, []).append({
            "id": a.id, "carrier": a.carrier, "starts_at": a.starts_at, "ends_at": a.ends_at, "state": a.state, "plate": a.plate,
            "driver": a.driver, "arrived_at": a.arrived_at, "departed_at": a.departed_at,
            "late": a.state == "planned" and a.starts_at < uow.now,
        })  # fmt: skip
    return [
        {"code": d.code, "name": d.name, "truck": trucks.get(d.code), "appointments": planned.get(d.code, [])}
        for d in await uow.session.scalars(select(Door).order_by(Door.code))
    ]


async def trucks_here(uow: UnitOfWork) -> list[Truck]:
    rows = await uow.session.scalars(
        select(Appointment).where(Appointment.state == "arrived").order_by(Appointment.door)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return [Truck(a.door, a.carrier, a.plate, a.driver, a.arrived_at) for a in rows]


async def truck_at(uow: UnitOfWork, door: str) -> Truck:
    """Errors: UnknownDoor, NoTruck."""
    found = next((t for t in await trucks_here(uow) if t.door == door), None)
    if found is None:
        if await uow.session.get(Door, door) is None:
            raise rules.UnknownDoor(scanned=door[:40])
        raise rules.NoTruck(door=door)
    return found


async def bag_rule(uow: UnitOfWork, carrier: str, service: str) -> BagLimits | None:
    """The service's own rule, else the carrier's."""
    own = {r.service: r for r in await bag_rules(uow) if r.carrier == carrier}
    return own.get(service) or own.get("")


async def bag_rules(uow: UnitOfWork) -> list[BagLimits]:
    rows = await uow.session.scalars(
        select(BagRule).order_by(BagRule.carrier, BagRule.service).execution_options(populate_existing=True)
    )
    return [BagLimits(**{n: getattr(r, n) for n in BagLimits.__slots__}) for r in rows]


async def lane_of(uow: UnitOfWork, carrier: str) -> str:
    """Code of the location where the carrier's parcels wait; empty: none of its own."""
    row = await uow.session.get(CarrierLane, carrier, populate_existing=True)
    return row.location if row else ""


async def cutoffs(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Labelled parcels by carrier and cut-off: how many wait, how many are aboard."""
    rows = await uow.session.execute(
        select(
            Load.carrier, Load.cutoff_at, func.count().filter(Load.state == "ready").label("ready"),
            func.count().filter(Load.state == "loaded").label("loaded"),
        ).where(Load.state.in_(("ready", "loaded"))).group_by(Load.carrier, Load.cutoff_at)
        .order_by(Load.cutoff_at, Load.carrier).limit(100)
    )  # fmt: skip
    return [
        {**r._mapping, "late": r.cutoff_at is not None and r.cutoff_at < uow.now and r.ready > 0} for r in rows.all()
    ]
