"""Console: tours."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.web import Uow, UowRoute, needs
from wms.processes.picking import queries, service

router = APIRouter(prefix="/api/v1/tours", tags=["picking"], route_class=UowRoute)


@router.get("", dependencies=[needs("worker")])
async def tours(uow: Uow, wave_id: UUID) -> list[dict[str, Any]]:
    """The tours of a wave as they were walked, beside what was expected."""
    return [asdict(t) for t in await queries.walked(uow, wave_id)]


@router.post("/{tour_id}/leave", dependencies=[needs("lead")])
async def leave(uow: Uow, tour_id: UUID) -> dict[str, Any]:
    """Take a tour from someone who went: the next picker is sent to its cart."""
    tour = await service.leave_tour(uow, tour_id)
    return {"state": tour.state}
