"""Reads of vehicles and transports."""

from typing import Any

from sqlalchemy import select

from wms.db.uow import UnitOfWork
from wms.processes.fleet import rules
from wms.processes.fleet.tables import Transport, Vehicle


async def vehicles(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Every vehicle with its verdict: may it drive, and if not why."""
    found = []
    for v in await uow.session.scalars(
        select(Vehicle).order_by(Vehicle.device).execution_options(populate_existing=True)
    ):
        seen_at = await uow.site_time(v.seen_at)
        verdict = rules.may_drive(v.connection, v.mode, v.e_stop, v.errors, v.battery_pct, seen_at, uow.now)
        found.append({
            "device": v.device, "x_mm": v.x_mm, "y_mm": v.y_mm, "theta_mrad": v.theta_mrad, "battery_pct": v.battery_pct,
            "mode": v.mode, "connection": v.connection, "last_node": v.last_node, "errors": v.errors, "seen_at": v.seen_at,
            "may_drive": verdict.ok, "why_not": list(verdict.reasons),
        })  # fmt: skip
    return found


async def open_transports(uow: UnitOfWork) -> list[dict[str, Any]]:
    rows = await uow.session.scalars(
        select(Transport).where(Transport.state.in_(("waiting", "driving", "failed"))).order_by(Transport.id).limit(200)
    )
    return [
        {"id": t.id, "hu_id": t.hu_id, "from_place_id": t.from_place_id, "to_place_id": t.to_place_id, "state": t.state,
         "purpose": t.purpose, "vehicle": t.vehicle, "why": t.why, "asked_at": t.asked_at}
        for t in rows
    ]  # fmt: skip
