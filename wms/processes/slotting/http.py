"""Console: classes, free positions, putaway work and suggestions; proposals to re-slot and their approval."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.slotting import queries, service

router = APIRouter(prefix="/api/v1/slotting", tags=["slotting"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProposeIn(_In):
    budget: int | None = Field(default=None, ge=1, le=2_000)
    """Moves at most; the site's own number when not given."""
    horizon_days: int | None = Field(default=None, ge=1, le=180)


class ApproveIn(_In):
    groups: list[int] | None = Field(default=None, max_length=2_000)
    """Without groups: all."""


class PolicyIn(_In):
    budget: int = Field(ge=1, le=2_000)
    horizon_days: int = Field(ge=1, le=180)
    peak: bool
    lane_size: int = Field(default=100, ge=1, le=1_000)


@router.post("/classify", dependencies=[needs("supervisor")])
async def classify(uow: Uow) -> dict[str, Any]:
    """Set ABC classes now; otherwise it happens once a day."""
    told = await service.classify(uow)
    return {"lines": told.lines if told else 0, "changed": told.changed if told else 0}


@router.get("/runs", dependencies=[needs("worker")])
async def runs(uow: Uow) -> list[dict[str, Any]]:
    """ABC classifications newest first."""
    return await queries.runs(uow)


@router.get("/space", dependencies=[needs("worker")])
async def space(uow: Uow) -> dict[str, Any]:
    """Free share of the storage positions, by zone."""
    return await queries.space(uow)


@router.get("/putaway", dependencies=[needs("worker")])
async def putaway(uow: Uow) -> list[dict[str, Any]]:
    """Open putaway work with the reasons of each location."""
    return await queries.open_putaways(uow)


@router.get("/suggest", dependencies=[needs("worker")])
async def suggest(uow: Uow, sku: str, qty_each: int = 1) -> dict[str, Any]:
    """Where so many pieces of a SKU would go, and why."""
    choices, refused = await service.suggest(uow, sku, qty_each)
    places = [{"location": c.code, "qty_each": c.qty_each, "why": list(c.reasons)} for c in choices]
    return {"places": places, "refused": refused}


@router.get("/slots", dependencies=[needs("worker")])
async def slots(uow: Uow, q: str = "") -> list[dict[str, Any]]:
    """What lies in each storage location, and why there."""
    return await queries.slots(uow, q[:80])


@router.get("/policy", dependencies=[needs("worker")])
async def policy(uow: Uow) -> dict[str, Any]:
    """How the site re-slots, and what its golden lane has brought since the peak began."""
    p = await queries.policy(uow)
    return {"budget": p.budget, "horizon_days": p.horizon_days, "peak": p.peak, "lane_size": p.lane_size,
            "peak_since": p.peak_since, "lane": await queries.golden_lane(uow)}  # fmt: skip


@router.put("/policy", dependencies=[needs("supervisor")])
async def set_policy(uow: Uow, body: PolicyIn) -> dict[str, Any]:
    """Change it. A peak that begins keeps the layout of before, to be judged against."""
    await service.set_policy(uow, **body.model_dump())
    return await policy(uow)


@router.get("/proposals", dependencies=[needs("worker")])
async def proposals(uow: Uow) -> list[dict[str, Any]]:
    """Proposals to re-slot, newest first."""
    return await queries.proposals(uow)


@router.post("/proposals", dependencies=[needs("supervisor")])
async def propose(uow: Uow, body: ProposeIn) -> dict[str, Any]:
    """Ask for a proposal; planning goes on as its own step."""
    return {"proposal_id": str(await service.propose(uow, **body.model_dump()))}


@router.get("/proposals/{proposal_id}", dependencies=[needs("worker")])
async def proposed(uow: Uow, proposal_id: UUID) -> dict[str, Any]:
    """Its moves with their reasons, walk a day before and after, picks by location before and after."""
    return await queries.proposed(uow, proposal_id)


@router.post("/proposals/{proposal_id}/approve", dependencies=[needs("supervisor")])
async def approve(uow: Uow, proposal_id: UUID, body: ApproveIn) -> dict[str, Any]:
    """Open the moves as tasks, whole or in part; what the floor has overtaken is dropped with its reason."""
    return {"tasks": await service.approve(uow, proposal_id, body.groups)}


@router.post("/proposals/{proposal_id}/dismiss", dependencies=[needs("supervisor")])
async def dismiss(uow: Uow, proposal_id: UUID) -> dict[str, Any]:
    await service.dismiss(uow, proposal_id)
    return {"ok": True}
