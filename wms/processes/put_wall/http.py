"""Console: the slots of the wall."""

from typing import Any

from fastapi import APIRouter

from wms.db.web import Uow, UowRoute, needs
from wms.processes.put_wall import queries

router = APIRouter(prefix="/api/v1/put-walls", tags=["put wall"], route_class=UowRoute)


@router.get("", dependencies=[needs("worker")])
async def board(uow: Uow) -> list[dict[str, Any]]:
    """Slots with their orders, what is still on its way, and which may be packed."""
    return await queries.board(uow)
