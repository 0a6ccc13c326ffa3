"""Reads of incidents."""

from typing import Any

from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.processes.incidents.tables import Incident


async def listing(uow: UnitOfWork, state: str = "open", limit: int = 500) -> list[dict[str, Any]]:
    """Incidents by time left; `state` open means not resolved."""
    query = select(Incident).limit(limit)
    if state == "open":
        query = query.where(Incident.state != "resolved").order_by(Incident.due_at)
    elif state == "all":
        query = query.order_by(Incident.opened_at.desc())
    else:
        query = query.where(Incident.state == "resolved").order_by(Incident.resolved_at.desc())
    return [
        {"id": i.id, "kind": i.kind, "subject": i.subject, "detail": i.detail, "owner": i.owner, "state": i.state,
         "opened_at": i.opened_at, "due_at": i.due_at, "level": i.level, "acknowledged_by": i.acknowledged_by,
         "resolved_at": i.resolved_at, "resolved_by": i.resolved_by, "resolution": i.resolution}
        for i in await uow.session.scalars(query)
    ]  # fmt: skip


async def pareto(uow: UnitOfWork) -> list[dict[str, Any]]:
    """How many of each kind, most frequent first."""
    rows = await uow.session.execute(
        select(Incident.kind, func.count().label("n"), func.count().filter(Incident.state != "resolved").label("open"))
        .group_by(Incident.kind).order_by(func.count().desc())
    )  # fmt: skip
    return [dict(r._mapping) for r in rows]
