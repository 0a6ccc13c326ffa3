"""Console: the receipts board, closing and reopening notices, gate passages."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.inbound import queries, service

router = APIRouter(prefix="/api/v1/inbound", tags=["inbound"], route_class=UowRoute)


class CloseIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: str = Field(default="", max_length=200)


@router.get("/notices", dependencies=[needs("worker")])
async def board(uow: Uow) -> list[dict[str, Any]]:
    """Notices, closed ones too, with announced, received and damaged pieces and the gate's verdicts."""
    return await queries.board(uow)


@router.get("/receipts", dependencies=[needs("worker")])
async def receipts(uow: Uow, limit: int = 100) -> list[dict[str, Any]]:
    """Receipts newest first with every counted line, its weights and its unit."""
    return await queries.receipts(uow, min(limit, 500))


@router.post("/notices/{notice_id}/close", dependencies=[needs("lead")])
async def close(uow: Uow, notice_id: UUID, body: CloseIn) -> dict[str, Any]:
    """No more is expected; differences need a reason and become incidents."""
    told = await service.close_notice(uow, notice_id, body.reason)
    return {"over_each": told.over_each, "short_each": told.short_each, "damaged_each": told.damaged_each}


@router.post("/notices/{notice_id}/reopen", dependencies=[needs("lead")])
async def reopen(uow: Uow, notice_id: UUID) -> dict[str, Any]:
    """More came after all."""
    await service.reopen_notice(uow, notice_id)
    return {"state": "arrived"}


@router.get("/gate-passages", dependencies=[needs("worker")])
async def passages(uow: Uow, limit: int = 50) -> list[dict[str, Any]]:
    """Gate passages newest first: verdict per notice line, strays and unknown tags as evidence."""
    return await queries.passages(uow, min(limit, 500))


@router.get("/gates/{gate}", dependencies=[needs("worker")])
async def gate(uow: Uow, gate: str) -> dict[str, Any]:
    """Identified ÷ (identified + found later by count) of a gate."""
    identified, found_later = await queries.gate_rate(uow, gate)
    total = identified + found_later
    return {
        "gate": gate,
        "identified": identified,
        "found_later": found_later,
        "rate": identified / total if total else None,
    }
