"""Stock search, opening stock, units, audit."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.layout import queries as layout
from wms.foundation.stock import queries, service
from wms.kernel.errors import NotFound

router = APIRouter(prefix="/api/v1/stock", tags=["stock"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OpeningIn(_In):
    location: str
    sku: str
    qty_each: int
    owner: str = ""
    lot: str = ""
    received_on: date | None = None
    expires_on: date | None = None
    status: str = "available"
    declaration: str = Field(default="", max_length=60)
    serials: tuple[str, ...] = ()


class UnitIn(_In):
    kind: str = Field(pattern="^(pallet|case|tote|cart|pod)$")
    code: str = Field(min_length=1, max_length=40)
    at: str
    """Code of the location or unit it stands in."""


class StatusIn(_In):
    place: str
    sku: str
    from_status: str
    to_status: str
    qty_each: int = Field(ge=1)
    reason: str = Field(min_length=1, max_length=200)


@router.post("/opening", dependencies=[needs("admin")])
async def opening(uow: Uow, body: list[OpeningIn], dry_run: bool = True) -> dict[str, Any]:
    """Import opening stock; by default only tried."""
    lines = [service.OpeningLine(**x.model_dump()) for x in body]
    return {"lines": await service.load_opening(uow, lines, dry_run=dry_run), "dry_run": dry_run}


@router.post("/units", dependencies=[needs("admin")])
async def units(uow: Uow, body: list[UnitIn]) -> dict[str, Any]:
    """Make handling units (totes, carts) where they stand."""
    for x in body:
        spot = await layout.find_location(uow, x.at)
        unit = None if spot else await queries.find_unit(uow, x.at)
        if spot is None and unit is None:
            raise NotFound(place=x.at)
        await service.create_unit(uow, x.kind, x.code, spot.id if spot else unit.id)  # type: ignore[union-attr]
    return {"made": len(body)}


@router.post("/status", dependencies=[needs("worker")])
async def change_status(uow: Uow, body: StatusIn) -> dict[str, Any]:
    """Change the status of free stock; which changes a role may make is one table."""
    moved = await service.change_status_at(
        uow, body.place, body.sku, body.from_status, body.to_status, body.qty_each, body.reason
    )
    return {"moved_each": moved}


@router.get("", dependencies=[needs("worker")])
async def search(uow: Uow, q: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """Stock by SKU, name, place or unit."""
    return await queries.search(uow, q, min(limit, 1000))


@router.get("/unnamed", dependencies=[needs("worker")])
async def unnamed(uow: Uow) -> dict[str, int]:
    """SKUs that keep serials to their pieces on hand that have none yet: they were here before."""
    return await queries.unnamed(uow)


@router.get("/audit", dependencies=[needs("supervisor")])
async def audit(uow: Uow) -> list[dict[str, Any]]:
    """Recompute every balance from the movements."""
    return [{"check": a.check, "rows": a.rows, "agree": a.agree, "clean": a.clean} for a in await queries.audit(uow)]
