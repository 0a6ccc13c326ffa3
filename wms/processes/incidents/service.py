"""Open, acknowledge, resolve and escalate incidents."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected, IncidentEscalated
from wms.kernel.ids import uuid7
from wms.processes.incidents import rules
from wms.processes.incidents.tables import Incident


async def open_incident(uow: UnitOfWork, event: IncidentDetected) -> None:
    """Start the clock; the same open matter is not opened twice."""
    await uow.session.execute(
        insert(Incident).values(
            id=uuid7(), kind=event.kind, key=event.key, subject=event.subject, detail=event.detail, owner=event.owner,
            state="open", detected_at=uow.now, opened_at=uow.now, due_at=uow.now + timedelta(hours=event.due_h), level=0,
            acknowledged_by="", resolved_by="", resolution="",
        ).on_conflict_do_nothing()
    )  # fmt: skip


async def acknowledge(uow: UnitOfWork, incident_id: UUID) -> None:
    """Someone looks after it. Errors: UnknownIncident, AlreadyResolved."""
    row = await _lock(uow, incident_id)
    row.state, row.acknowledged_by = "acknowledged", uow.actor.id


async def resolve(uow: UnitOfWork, incident_id: UUID, resolution: str) -> None:
    """Errors: UnknownIncident, AlreadyResolved, ReasonMissing."""
    row = await _lock(uow, incident_id)
    if not resolution.strip():
        raise rules.ReasonMissing()
    row.state, row.resolved_at, row.resolved_by, row.resolution = "resolved", uow.now, uow.actor.id, resolution.strip()


async def resolve_key(uow: UnitOfWork, key: str, resolution: str) -> None:
    """It went away by itself (a device came back)."""
    await uow.session.execute(
        update(Incident).where(Incident.key == key, Incident.state != "resolved")
        .values(state="resolved", resolved_at=uow.now, resolved_by=uow.actor.id, resolution=resolution)
    )  # fmt: skip


async def resolve_others(uow: UnitOfWork, prefix: str, still: Collection[str], resolution: str) -> None:
    """Those of a family of matters that went away by themselves: all but `still`."""
    await uow.session.execute(
        update(Incident).where(Incident.key.startswith(prefix), Incident.key.not_in(still), Incident.state != "resolved")
        .values(state="resolved", resolved_at=uow.now, resolved_by=uow.actor.id, resolution=resolution)
    )  # fmt: skip


async def _lock(uow: UnitOfWork, incident_id: UUID) -> Incident:
    row = await uow.session.get(Incident, incident_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise rules.UnknownIncident(incident_id=str(incident_id))
    if row.state == "resolved":
        raise rules.AlreadyResolved(incident_id=str(incident_id))
    return row


async def escalate_overdue(uow: UnitOfWork) -> int:
    """Tick: every incident past its clock goes up one role and gets half its time again. Returns how many."""
    overdue = await uow.session.scalars(
        select(Incident)
        .where(Incident.state != "resolved", Incident.due_at < uow.now)
        .with_for_update(skip_locked=True)
    )
    n = 0
    for row in overdue:
        row.level, row.owner = row.level + 1, rules.ESCALATION.get(row.owner, "admin")
        row.due_at = uow.now + max((row.due_at - row.opened_at) / 2, timedelta(minutes=15))
        uow.emit(IncidentEscalated(incident_id=row.id, level=row.level, owner=row.owner))
        n += 1
    return n
