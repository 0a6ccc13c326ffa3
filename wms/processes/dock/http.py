"""Console: manifests."""

from typing import Any

from fastapi import APIRouter

from wms.db.web import Uow, UowRoute, needs
from wms.processes.dock import queries, service

router = APIRouter(prefix="/api/v1/dock", tags=["dock"], route_class=UowRoute)


@router.get("/manifests", dependencies=[needs("worker")])
async def manifests(uow: Uow) -> dict[str, Any]:
    """Manifests newest first, and the parcels that wait for each carrier."""
    return {"manifests": await queries.manifests(uow), "waiting": await queries.waiting(uow)}


@router.post("/manifests/{carrier}/close", dependencies=[needs("lead")])
async def close(uow: Uow, carrier: str) -> dict[str, Any]:
    """The carrier's truck leaves."""
    manifest_id, parcels = await service.close_manifest(uow, carrier)
    return {"manifest_id": str(manifest_id), "parcels": parcels}
