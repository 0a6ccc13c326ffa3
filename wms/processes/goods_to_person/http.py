"""Console: the stations that pods are brought to."""

from typing import Any

from fastapi import APIRouter

from wms.db.web import Uow, UowRoute, needs
from wms.processes.goods_to_person import queries

router = APIRouter(prefix="/api/v1/goods-to-person", tags=["goods to person"], route_class=UowRoute)


@router.get("", dependencies=[needs("worker")])
async def board(uow: Uow) -> dict[str, Any]:
    """Stations with their totes and pods; orders that wait for a tote."""
    return await queries.board(uow)
