"""Stations and open work."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.work import queries, service

router = APIRouter(prefix="/api/v1/work", tags=["work"], route_class=UowRoute)


class StationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    kind: Literal["receive", "wall", "g2p", "pack", "vas", "ship", "returns"]
    location: str
    scale: str = ""
    printer: str = ""
    dimensioner: str = ""
    gate: str = ""
    light: str = ""
    pods_max: int = Field(default=3, ge=1, le=50)
    """g2p: pods that have room there, those on their way in and out counted."""


@router.post("/stations", dependencies=[needs("admin")])
async def save_stations(uow: Uow, body: list[StationIn]) -> dict[str, Any]:
    for x in body:
        await service.save_station(
            uow,
            x.code,
            x.kind,
            x.location,
            scale=x.scale,
            printer=x.printer,
            dimensioner=x.dimensioner,
            gate=x.gate,
            light=x.light,
            pods_max=x.pods_max,
        )
    return {"saved": len(body)}


@router.get("/stations", dependencies=[needs("worker")])
async def stations(uow: Uow, kind: str = "") -> list[dict[str, Any]]:
    return [{n: getattr(s, n) for n in s.__slots__} for s in await queries.stations(uow, kind)]


class Release(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["putaway", "count", "move", "wall", "vas"]
    holder: str


@router.post("/release", dependencies=[needs("lead")])
async def release(uow: Uow, body: Release) -> dict[str, Any]:
    """Take work from someone who went; tours are left by /api/v1/tours/{id}/leave."""
    return {"released": await service.release_of(uow, body.kind, body.holder)}


@router.get("/open", dependencies=[needs("worker")])
async def open_work(uow: Uow) -> dict[str, int]:
    """Open tasks by kind: the counters of the PDA's menu."""
    return await queries.open_counts(uow)
