"""Console: incidents by time left."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from wms.db.web import Uow, UowRoute, needs
from wms.processes.incidents import queries, service

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=UowRoute, dependencies=[needs("lead")])


class Resolution(BaseModel):
    model_config = ConfigDict(extra="forbid")
    resolution: str


@router.get("")
async def listing(uow: Uow, state: str = "open") -> list[dict[str, Any]]:
    """Open incidents by due time, or the resolved ones."""
    return await queries.listing(uow, state)


@router.get("/pareto")
async def pareto(uow: Uow) -> list[dict[str, Any]]:
    """Incidents by kind."""
    return await queries.pareto(uow)


@router.post("/{incident_id}/acknowledge")
async def acknowledge(uow: Uow, incident_id: UUID) -> dict[str, Any]:
    await service.acknowledge(uow, incident_id)
    return {"ok": True}


@router.post("/{incident_id}/resolve")
async def resolve(uow: Uow, incident_id: UUID, body: Resolution) -> dict[str, Any]:
    await service.resolve(uow, incident_id, body.resolution)
    return {"ok": True}
