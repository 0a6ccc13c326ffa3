"""Console: tours."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from wms.db.web import Uow, UowRoute, needs
from wms.processes.picking import service

router = APIRouter(prefix="/api/v1/tours", tags=["picking"], route_class=UowRoute, dependencies=[needs("lead")])


@router.post("/{tour_id}/leave")
async def leave(uow: Uow, tour_id: UUID) -> dict[str, Any]:
    """Take a tour from someone who went: the next picker is sent to its cart."""
    tour = await service.leave_tour(uow, tour_id)
    return {"state": tour.state}
