"""Console: vehicles and transports."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.web import Uow, UowRoute, needs
from wms.processes.fleet import queries, service

router = APIRouter(prefix="/api/v1/fleet", tags=["fleet"], route_class=UowRoute)


@router.get("", dependencies=[needs("worker")])
async def fleet(uow: Uow) -> dict[str, Any]:
    """Vehicles with why they may not drive, and transports not done."""
    return {"vehicles": await queries.vehicles(uow), "transports": await queries.open_transports(uow)}


@router.post("/transports/{transport_id}/carried", dependencies=[needs("worker")])
async def carried(uow: Uow, transport_id: UUID) -> dict[str, Any]:
    """A person brought it."""
    await service.carry(uow, transport_id)
    return {"ok": True}


@router.post("/transports/{transport_id}/retry", dependencies=[needs("lead")])
async def retry(uow: Uow, transport_id: UUID) -> dict[str, Any]:
    await service.retry_failed(uow, transport_id)
    return {"ok": True}
