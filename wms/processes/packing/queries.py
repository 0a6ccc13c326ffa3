"""Reads of parcels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.processes.packing import rules
from wms.processes.packing.tables import Parcel


@dataclass(frozen=True, slots=True)
class ParcelInfo:
    id: UUID
    order_id: UUID
    number: int
    of: int
    carton: str
    tote: str
    items: dict[str, Any]
    station: str
    state: str
    hu_id: int
    sscc: str
    expected_g: int
    tolerance_g: int
    weight_g: int
    packed_by: str
    opened_at: datetime
    labelled_at: datetime | None

    @property
    def content(self) -> dict[int, int]:
        """SKU id to pieces."""
        return {int(sku): int(qty) for sku, qty in self.items.items()}


def _info(row: Parcel) -> ParcelInfo:
    return ParcelInfo(**{name: getattr(row, name) for name in ParcelInfo.__slots__})


async def parcel(uow: UnitOfWork, parcel_id: UUID) -> ParcelInfo:
    """Errors: UnknownParcel."""
    row = await uow.session.get(Parcel, parcel_id, populate_existing=True)
    if row is None:
        raise rules.UnknownParcel(parcel_id=str(parcel_id))
    return _info(row)


async def parcels_of(uow: UnitOfWork, order_id: UUID) -> list[ParcelInfo]:
    """Live parcels of an order in number order."""
    rows = await uow.session.scalars(
        select(Parcel).where(Parcel.order_id == order_id, Parcel.state != "void").order_by(Parcel.number)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return [_info(row) for row in rows]


async def on_scale(uow: UnitOfWork, station: str) -> ParcelInfo | None:
    """The parcel whose weight a station waits for."""
    row = await uow.session.scalar(
        select(Parcel).where(Parcel.station == station, Parcel.state.in_(("weighing", "weight_off"))).order_by(Parcel.id.desc())
        .limit(1).with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    return _info(row) if row else None


async def waits_for_label(uow: UnitOfWork, hu_id: int) -> ParcelInfo | None:
    """The parcel that is this unit, while its label is printing, failed, or not yet on it."""
    row = await uow.session.scalar(
        select(Parcel).where(Parcel.hu_id == hu_id, Parcel.state.in_(("labelling", "label_failed", "printed")))
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return _info(row) if row else None


async def rate(uow: UnitOfWork, since: datetime) -> dict[str, int]:
    """Parcels labelled since, by station."""
    rows = await uow.session.execute(
        select(Parcel.station, func.count()).where(Parcel.labelled_at >= since).group_by(Parcel.station)
    )
    return {station: int(n) for station, n in rows.all()}


async def board(uow: UnitOfWork, states: tuple[str, ...], limit: int = 100) -> list[ParcelInfo]:
    rows = await uow.session.scalars(
        select(Parcel).where(Parcel.state.in_(states)).order_by(Parcel.id.desc()).limit(limit)
    )
    return [_info(row) for row in rows]
