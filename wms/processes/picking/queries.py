"""Reads of tours."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, select, text

from wms.db.uow import UnitOfWork
from wms.processes.picking import rules
from wms.processes.picking.tables import Tour, TourSlot


@dataclass(frozen=True, slots=True)
class TourInfo:
    id: UUID
    wave_id: UUID
    state: str
    priority: int
    length_mm: int
    expected_s: float
    path: list[Any]
    station: str
    zone: str
    singles: bool
    claimed_by: str
    cart: str
    planned_at: datetime
    started_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class SlotInfo:
    tour_id: UUID
    slot: int
    order_id: UUID
    tote: str
    done: bool


def _info(row: Tour) -> TourInfo:
    return TourInfo(**{name: getattr(row, name) for name in TourInfo.__slots__})


async def tour(uow: UnitOfWork, tour_id: UUID) -> TourInfo:
    """Errors: NoTour."""
    row = await uow.session.get(Tour, tour_id, populate_existing=True)
    if row is None:
        raise rules.NoTour(tour_id=str(tour_id))
    return _info(row)


async def tour_of(uow: UnitOfWork, operator: str) -> TourInfo | None:
    """The tour that an operator is on."""
    row = await uow.session.scalar(
        select(Tour).where(Tour.claimed_by == operator, Tour.state.in_(("planned", "walking", "left"))).order_by(Tour.id).limit(1)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return _info(row) if row else None


async def slots(uow: UnitOfWork, tour_id: UUID) -> list[SlotInfo]:
    rows = await uow.session.scalars(
        select(TourSlot)
        .where(TourSlot.tour_id == tour_id)
        .order_by(TourSlot.slot)
        .execution_options(populate_existing=True)
    )
    return [SlotInfo(r.tour_id, r.slot, r.order_id, r.tote, r.done) for r in rows]


async def slots_of(uow: UnitOfWork, order_id: UUID, wave_id: UUID | None = None) -> list[SlotInfo]:
    """Every tote slot an order ever had, newest first; `wave_id` narrows it to the tours of one wave."""
    query = select(TourSlot).where(TourSlot.order_id == order_id).order_by(TourSlot.tour_id.desc())
    if wave_id is not None:
        query = query.join(Tour, Tour.id == TourSlot.tour_id).where(Tour.wave_id == wave_id)
    rows = await uow.session.scalars(query.execution_options(populate_existing=True))
    return [SlotInfo(r.tour_id, r.slot, r.order_id, r.tote, r.done) for r in rows]


@dataclass(frozen=True, slots=True)
class Walked:
    """A tour against its plan. `actual_s`: from cart to drop, so far while it is being walked; None before."""

    id: UUID
    state: str
    cart: str
    zone: str
    order_ids: list[UUID]
    stops: int
    stops_done: int
    length_mm: int
    expected_s: float
    actual_s: float | None
    started_at: datetime | None
    done_at: datetime | None


_WALKED = text("""
SELECT t.id, t.state, t.cart, t.zone, t.length_mm, t.expected_s, t.started_at, t.done_at,
       extract(epoch FROM coalesce(t.done_at, :now) - t.started_at)::float AS actual_s,
       (SELECT array_agg(order_id ORDER BY slot) FROM tour_slot s WHERE s.tour_id = t.id) AS order_ids,
       count(k.id) FILTER (WHERE k.state <> 'cancelled') AS stops,
       count(k.id) FILTER (WHERE k.state IN ('done','shorted')) AS stops_done
FROM tour t LEFT JOIN task k ON k.group_id = t.id AND k.kind = 'pick'
WHERE t.wave_id = :wave GROUP BY t.id ORDER BY t.id
""").columns(id=Uuid, order_ids=ARRAY(Uuid))


async def walked(uow: UnitOfWork, wave_id: UUID) -> list[Walked]:
    """The wave's tours, in the order in which they were planned."""
    rows = await uow.session.execute(_WALKED, {"wave": wave_id, "now": uow.now})
    return [Walked(**{**r._mapping, "order_ids": list(r.order_ids or [])}) for r in rows]
