"""The register with its live values."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text

from wms.db.uow import UnitOfWork
from wms.processes.controls import rules
from wms.processes.controls.rules import Reading
from wms.processes.controls.tables import ControlPoint

__all__ = ["Reading", "board"]

_TRENDS = text("SELECT control_id, at, value FROM control_sample WHERE at > :since ORDER BY control_id, at")


async def board(uow: UnitOfWork, readings: Mapping[str, Reading]) -> list[dict[str, Any]]:
    """Every active control point with these readings, its state and its trend."""
    trends: dict[str, list[list[Any]]] = {}
    for r in await uow.session.execute(_TRENDS, {"since": uow.now - rules.TREND}):
        trends.setdefault(r.control_id, []).append([r.at.isoformat(), r.value])
    points = await uow.session.scalars(
        select(ControlPoint).where(ControlPoint.active).order_by(ControlPoint.position)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return [_row(p, readings.get(p.id), trends.get(p.id, [])) for p in points]


def _row(p: ControlPoint, found: Reading | None, trend: list[list[Any]]) -> dict[str, Any]:
    reading = found or Reading(None, "–", why_not="not measured")
    state = rules.judge(reading, p.limit_op, p.limit_value)
    why = reading.why_not or ("the site has set no target" if state == "no_data" else "")
    return {
        "id": p.id, "node": p.node, "measure": p.measure, "unit": p.unit,
        "limit": rules.spell_limit(p.limit_op, p.limit_value, p.unit, p.limit_text), "limit_value": p.limit_value,
        "window": p.window, "owner": p.owner, "action": p.action, "deadline_h": p.deadline_h, "calendar": p.calendar,
        "value": reading.value, "shown": reading.shown, "state": state, "why": why, "since": p.state_since,
        "evidence": reading.evidence, "trend": trend,
    }  # fmt: skip
