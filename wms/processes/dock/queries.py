"""Reads of the dock."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.processes.dock.tables import Load, Manifest


@dataclass(frozen=True, slots=True)
class LoadInfo:
    parcel_id: UUID
    order_id: UUID
    sscc: str
    tracking: str
    hu_id: int
    carrier: str
    weight_g: int
    of: int
    state: str
    manifest_id: UUID | None


def info(row: Load) -> LoadInfo:
    return LoadInfo(**{name: getattr(row, name) for name in LoadInfo.__slots__})


async def loads_of(uow: UnitOfWork, order_id: UUID) -> list[LoadInfo]:
    rows = await uow.session.scalars(
        select(Load).where(Load.order_id == order_id).execution_options(populate_existing=True)
    )
    return [info(row) for row in rows]


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
         "closed_at": m.closed_at, "closed_by": m.closed_by}
        for m, n, g in rows.all()
    ]  # fmt: skip
