"""Sample the control points, tell when one goes out, change a limit."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.controls import ControlRecovered
from wms.events.incidents import IncidentDetected
from wms.processes.controls import rules
from wms.processes.controls.rules import Reading
from wms.processes.controls.tables import ControlPoint, ControlSample


async def sample(uow: UnitOfWork, readings: Mapping[str, Reading]) -> int:
    """Keep these values for the trend, raise an incident for what is out. Returns how many points are out."""
    points = await uow.session.scalars(
        select(ControlPoint).where(ControlPoint.active).order_by(ControlPoint.id)
        .with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    out = 0
    for point in points:
        reading = readings.get(point.id)
        if reading is None:
            continue
        state = rules.judge(reading, point.limit_op, point.limit_value)
        if reading.value is not None:
            await uow.session.execute(
                insert(ControlSample).values(control_id=point.id, at=uow.now, value=reading.value, state=state)
                .on_conflict_do_nothing()
            )  # fmt: skip
        out += state == "out"
        if rules.must_tell(state, point.state, point.told_at, uow.now):
            _tell(uow, point, reading)
        elif state == "ok" and point.state == "out":
            uow.emit(ControlRecovered(control=point.id, value=float(reading.value or 0)))
        if state != point.state:
            point.state, point.state_since = state, uow.now
    await uow.session.execute(delete(ControlSample).where(ControlSample.at < uow.now - timedelta(days=rules.KEEP_DAYS)))
    return out


def _tell(uow: UnitOfWork, point: ControlPoint, reading: Reading) -> None:
    point.told_at = uow.now
    limit = rules.spell_limit(point.limit_op, point.limit_value, point.unit, point.limit_text)
    uow.emit(IncidentDetected(
        kind=f"control.{point.id}", key=f"control:{point.id}", subject=f"{point.measure}: {reading.shown}, limit {limit}",
        detail={"control": point.id, "value": reading.value, "limit": limit, "action": point.action, "owner": point.owner,
                "evidence": reading.evidence},
        owner=rules.ROLES.get(point.owner, "supervisor"), due_h=point.deadline_h,
    ))  # fmt: skip


async def set_limit(
    uow: UnitOfWork, control_id: str, limit_value: float | None, *, deadline_h: float | None, active: bool | None
) -> None:
    """Change a point for this site. Errors: UnknownControl."""
    point = await uow.session.get(ControlPoint, control_id, with_for_update=True, populate_existing=True)
    if point is None:
        raise rules.UnknownControl(control=control_id)
    if limit_value is not None:
        point.limit_value, point.limit_text = limit_value, ""  # the words told of the limit before
    point.deadline_h = deadline_h if deadline_h is not None else point.deadline_h
    point.active = active if active is not None else point.active
