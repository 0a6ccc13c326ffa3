"""Console and host: the pack station (what it learned, found and lays in) and the pack lines."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.processes.packing import queries
from wms.processes.packing.service import extras, weights
from wms.processes.packing.service import line as service

router = APIRouter(prefix="/api/v1/pack-lines", tags=["pack line"], route_class=UowRoute)


station = APIRouter(prefix="/api/v1/pack-station", tags=["pack station"], route_class=UowRoute)


class PolicyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    scan_once: bool


@station.get("/weights", dependencies=[needs("worker")])
async def learned(uow: Uow) -> list[dict[str, Any]]:
    """What units and cartons have weighed, those that drift first."""
    told = await queries.weights_board(uow)
    skus = await catalog.skus(uow, {int(w["key"]) for w in told if w["kind"] == "sku"})
    bags = {c.code for c in await catalog.cartons(uow) if c.bag}
    return [
        {**w, "name": skus[int(w["key"])].code if w["kind"] == "sku" else w["key"], "bag": w["kind"] == "carton" and w["key"] in bags}
        for w in told
    ]  # fmt: skip


@station.get("/checks", dependencies=[needs("worker")])
async def opened(uow: Uow, days: int = 30) -> list[dict[str, Any]]:
    """Parcels that were opened because their weight was off, and what was found."""
    told = await queries.checks(uow, uow.now - timedelta(days=min(max(days, 1), 366)))
    skus = await catalog.skus(uow, {int(i) for c in told for i in c["items"]})
    return [{**c, "goods": ", ".join(f"{n} × {skus[int(i)].code}" for i, n in c["items"].items())} for c in told]


@station.get("/policy", dependencies=[needs("worker")])
async def policy(uow: Uow) -> dict[str, Any]:
    """How the site's benches work."""
    return {"scan_once": await queries.scan_once(uow)}


@station.post("/policy", dependencies=[needs("admin")])
async def set_policy(uow: Uow, body: PolicyIn) -> dict[str, Any]:
    """Let equal units be scanned once and counted, where the scale sees a missing one; or not."""
    await weights.set_policy(uow, scan_once=body.scan_once)
    return {"scan_once": body.scan_once}


class TakesIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    channels: list[str] = Field(default=[], max_length=50)
    countries: list[str] = Field(default=[], max_length=250)
    skus: list[str] = Field(default=[], max_length=500)
    families: list[str] = Field(default=[], max_length=100)
    value_min_cents: int | None = Field(default=None, ge=0)
    first_order: bool = False
    starts_on: date | None = None
    ends_on: date | None = None


class InsertIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    takes: TakesIn = TakesIn()
    name: str = Field(min_length=1, max_length=120)
    name_zh: str = Field(default="", max_length=120)
    sku: str = Field(default="", max_length=64)
    """From the bench's stock; empty: a paper."""
    weight_g: int = Field(default=0, ge=0, le=10_000)
    qty_each: int = Field(default=1, ge=1, le=100)
    active: bool = True


@station.get("/inserts", dependencies=[needs("worker")])
async def inserts(uow: Uow) -> list[dict[str, Any]]:
    """What is laid into which parcels."""
    rows = await queries.insert_rules(uow)
    skus = await catalog.skus(uow, {r.sku_id for r in rows if r.sku_id is not None})
    return [
        {**{n: getattr(r, n) for n in r.__slots__ if n != "takes"}, "takes": asdict(r.takes),
         "sku": skus[r.sku_id].code if r.sku_id in skus else ""}
        for r in rows
    ]  # fmt: skip


@station.put("/inserts/{code}", dependencies=[needs("supervisor")])
async def save_insert(
    uow: Uow, code: Annotated[str, Path(min_length=1, max_length=40)], body: InsertIn
) -> dict[str, Any]:
    """Create or change a rule."""
    takes = body.takes.model_dump(mode="json")
    await extras.save_rule(uow, code, takes, **body.model_dump(exclude={"takes"}))
    return {"code": code}


@station.delete("/inserts/{code}", dependencies=[needs("supervisor")])
async def delete_insert(uow: Uow, code: str) -> dict[str, Any]:
    await extras.delete_rule(uow, code)
    return {"code": code}


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str = Field(min_length=1, max_length=60)
    dws: str = Field(min_length=1, max_length=60)
    printer: str = Field(min_length=1, max_length=60)
    sorter: str = Field(min_length=1, max_length=60)
    benches: list[str]
    lanes: dict[int, str]
    """Lane number to a carrier, `reject` or `recirculate`."""
    interval_g: int = Field(5, ge=1, le=1000)
    tolerance_mm: int = Field(20, ge=1, le=500)
    passes_max: int = Field(2, ge=0, le=20)


@router.post("", dependencies=[needs("admin")])
async def save_line(uow: Uow, body: LineIn) -> dict[str, Any]:
    """Describe a line, or describe it anew."""
    await service.save_line(
        uow, body.code, body.dws, body.printer, body.sorter, body.benches, body.lanes,
        interval_g=body.interval_g, tolerance_mm=body.tolerance_mm, passes_max=body.passes_max,
    )  # fmt: skip
    return {"code": body.code}


@router.get("", dependencies=[needs("worker")])
async def boards(uow: Uow) -> list[dict[str, Any]]:
    """Every line's last 15 min: pace, queues, bottleneck, what went round or out and why."""
    return [await queries.line_board(uow, line) for line in await queries.lines(uow)]
