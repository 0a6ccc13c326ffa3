"""Console: carton sizes proposed from what was shipped."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.processes.assortment import queries, service

router = APIRouter(prefix="/api/v1/assortment", tags=["assortment"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AskIn(_In):
    sizes: int = Field(default=12, ge=1, le=40)
    days: int = Field(default=90, ge=1, le=730)
    locked: list[str] = Field(default=[], max_length=40)
    billed: bool = False
    inch: bool = False
    wall_mm: int = Field(default=4, ge=0, le=30)


class AcceptIn(_In):
    retire: list[str] = Field(default=[], max_length=200)
    """Codes of cartons that are not used any more."""


@router.get("", dependencies=[needs("worker")])
async def proposals(uow: Uow) -> dict[str, Any]:
    """Today's cartons and bags, and the proposals, newest first."""
    return {
        "cartons": [asdict(c) for c in await catalog.cartons(uow)],
        "proposals": [asdict(p) for p in await queries.proposals(uow)],
    }


@router.post("", dependencies=[needs("supervisor")])
async def ask(uow: Uow, body: AskIn) -> dict[str, Any]:
    """Have sizes chosen; the answer comes into the list."""
    return {"id": str(await service.ask(uow, **body.model_dump()))}


@router.post("/{proposal_id}/accept", dependencies=[needs("supervisor")])
async def accept(uow: Uow, proposal_id: UUID, body: AcceptIn) -> dict[str, Any]:
    """Create the new cartons, retire those named."""
    created, retired = await service.accept(uow, proposal_id, body.retire)
    return {"created": created, "retired": retired}


@router.post("/{proposal_id}/dismiss", dependencies=[needs("supervisor")])
async def dismiss(uow: Uow, proposal_id: UUID) -> dict[str, Any]:
    await service.dismiss(uow, proposal_id)
    return {"id": str(proposal_id)}
