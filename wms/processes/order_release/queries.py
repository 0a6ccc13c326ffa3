"""Reads of waves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wms.db.uow import UnitOfWork
from wms.processes.order_release import rules
from wms.processes.order_release.tables import Wave, WaveOrder


@dataclass(frozen=True, slots=True)
class WaveInfo:
    id: UUID
    name: str
    state: str
    created_by: str
    created_at: datetime
    released_at: datetime | None
    why: str


async def wave(uow: UnitOfWork, wave_id: UUID) -> WaveInfo:
    """Errors: UnknownWave."""
    row = await uow.session.get(Wave, wave_id, populate_existing=True)
    if row is None:
        raise rules.UnknownWave(wave_id=str(wave_id))
    return WaveInfo(**{name: getattr(row, name) for name in WaveInfo.__slots__})


async def wave_orders(uow: UnitOfWork, wave_id: UUID) -> dict[UUID, str]:
    rows = await uow.session.execute(select(WaveOrder.order_id, WaveOrder.state).where(WaveOrder.wave_id == wave_id))
    return {r.order_id: r.state for r in rows}


async def wave_of(uow: UnitOfWork, order_id: UUID) -> UUID | None:
    """The wave that an order is released in."""
    found: UUID | None = await uow.session.scalar(
        select(WaveOrder.wave_id).where(WaveOrder.order_id == order_id, WaveOrder.state == "released")
        .order_by(WaveOrder.wave_id.desc()).limit(1)
    )  # fmt: skip
    return found


async def open_orders(uow: UnitOfWork) -> int:
    """Orders in planning, or released and not yet picked: the work in progress that a stream holds down."""
    found = await uow.session.scalar(
        text("""
        SELECT count(*) FROM wave_order w JOIN customer_order o ON o.id = w.order_id
        WHERE w.state IN ('planning', 'released') AND o.state IN ('accepted', 'released', 'picking')""")
    )
    return int(found or 0)


async def planning(uow: UnitOfWork) -> set[UUID]:
    """Orders whose plan is under way."""
    return set(await uow.session.scalars(select(WaveOrder.order_id).where(WaveOrder.state == "planning")))


async def board(uow: UnitOfWork, limit: int = 50) -> list[dict[str, Any]]:
    """Waves newest first with their orders counted by state."""
    rows = (
        await uow.session.execute(
            select(Wave, func.count(WaveOrder.order_id).label("orders")).outerjoin(WaveOrder, WaveOrder.wave_id == Wave.id)
            .group_by(Wave.id).order_by(Wave.id.desc()).limit(limit)
        )
    ).all()  # fmt: skip
    counted = await uow.session.execute(
        text("""
        SELECT w.wave_id, o.state, count(*) AS n, min(o.cutoff_at) AS cutoff_at
        FROM wave_order w JOIN customer_order o ON o.id = w.order_id
        WHERE w.wave_id = ANY(:ids) AND w.state <> 'withdrawn' GROUP BY w.wave_id, o.state"""),
        {"ids": [w.id for w, _ in rows]},
    )
    states: dict[UUID, dict[str, int]] = {}
    cutoffs: dict[UUID, datetime] = {}
    for r in counted:
        states.setdefault(r.wave_id, {})[r.state] = r.n
        cutoffs[r.wave_id] = min(cutoffs.get(r.wave_id, r.cutoff_at), r.cutoff_at)
    return [
        {"id": w.id, "name": w.name, "state": w.state, "orders": n, "by_state": states.get(w.id, {}),
         "cutoff_at": cutoffs.get(w.id), "created_by": w.created_by, "created_at": w.created_at, "why": w.why}
        for w, n in rows
    ]  # fmt: skip
