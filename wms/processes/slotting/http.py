"""Console: classes, free positions, putaway work and suggestions."""

from typing import Any

from fastapi import APIRouter

from wms.db.web import Uow, UowRoute, needs
from wms.processes.slotting import queries, service

router = APIRouter(prefix="/api/v1/slotting", tags=["slotting"], route_class=UowRoute)


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
