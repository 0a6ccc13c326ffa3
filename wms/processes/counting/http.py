"""Console: the plan, the rate, the variances and finance's decision."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.counting import queries, service

router = APIRouter(prefix="/api/v1/counting", tags=["counting"], route_class=UowRoute)


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")
    approve: bool
    reason: str = Field(max_length=500)
    recount: bool = False
    """With a rejection: count once more instead of freeing the goods."""


class RulesIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    daily_share_pct: int = Field(ge=0, le=100)
    empty_checks: int = Field(ge=0, le=10_000)
    tolerance_each: int = Field(ge=0, le=1_000)
    auto_below_cents: int = Field(ge=0, le=10_000_000)
    review_hours: int = Field(ge=1, le=720)


@router.post("/plan", dependencies=[needs("supervisor")])
async def plan(uow: Uow) -> dict[str, Any]:
    """Open what is missing of today's counts."""
    return {"opened": await service.plan_day(uow)}


@router.get("/coverage", dependencies=[needs("lead")])
async def coverage(uow: Uow) -> dict[str, Any]:
    """How far today's counting is."""
    return await queries.coverage(uow)


@router.get("/accuracy", dependencies=[needs("lead")])
async def accuracy(uow: Uow) -> dict[str, Any]:
    """Variance rate, location accuracy, gross and net difference; zones worst first."""
    return await queries.accuracy(uow)


@router.get("/variances", dependencies=[needs("finance")])
async def variances(
    uow: Uow, state: Literal["open", "decided", "approved", "automatic", "rejected", "all"] = "open"
) -> list[dict[str, Any]]:
    """Confirmed differences by time left."""
    return await queries.variances(uow, state)


@router.post("/variances/{variance_id}/decide", dependencies=[needs("finance")])
async def decide(uow: Uow, variance_id: UUID, body: Decision) -> dict[str, Any]:
    """Approve (posts the adjustment) or reject."""
    await service.decide(uow, variance_id, body.approve, body.reason, recount=body.recount)
    return {"ok": True}


@router.get("/rules", dependencies=[needs("lead")])
async def rules_now(uow: Uow) -> dict[str, int]:
    """The site's rules of counting."""
    now = await queries.settings(uow)
    return {name: getattr(now, name) for name in now.__slots__}


@router.post("/rules", dependencies=[needs("admin")])
async def save_rules(uow: Uow, body: RulesIn) -> dict[str, Any]:
    """Change them; tolerance and threshold hold from the next count on."""
    await service.set_rules(uow, **body.model_dump())
    return {"ok": True}
