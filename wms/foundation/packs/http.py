"""Pack versions, their tests, and what may share a parcel: loaded and looked at."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.packs import queries, service

router = APIRouter(prefix="/api/v1/packs", tags=["packs"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MaterialIn(_In):
    code: str = Field(min_length=1, max_length=40)
    kind: Literal["inner", "dunnage"]
    name: str = Field(min_length=1, max_length=120)
    name_zh: str = Field(default="", max_length=120)
    supplier: str = Field(min_length=1, max_length=80)
    revision: str = Field(min_length=1, max_length=40)
    weight_g: int = Field(ge=0, le=20_000)


class StepIn(_In):
    material: str = Field(min_length=1, max_length=40)
    qty: int = Field(default=1, ge=1, le=100)
    text: str = Field(default="", max_length=200)
    text_zh: str = Field(default="", max_length=200)


class VersionIn(_In):
    sku: str = Field(min_length=1, max_length=64)
    carton: str = Field(min_length=1, max_length=40)
    units_max: int = Field(default=1, ge=1, le=1_000)
    recipe: list[StepIn] = Field(min_length=1, max_length=20)


class TestIn(_In):
    kind: Literal["ista_3a", "compression"]
    passed: bool
    lab: str = Field(max_length=120)
    tested_on: date
    expires_on: date | None = None
    weight_g: int = Field(default=0, ge=0, le=2_000_000)
    file_name: str = Field(min_length=1, max_length=200)
    file_sha256: str = Field(default="", max_length=64)
    file_base64: str = Field(default="", max_length=8_000_000)


class PolicyIn(_In):
    ista_3a: bool
    compression: bool


class LimitIn(_In):
    tag: str = Field(min_length=1, max_length=40)
    beside: str = Field(default="", max_length=40)
    apart: bool = False
    each_max: int | None = Field(default=None, ge=1, le=100_000)
    weight_max_g: int | None = Field(default=None, ge=1, le=2_000_000)


@router.get("/materials", dependencies=[needs("worker")])
async def materials(uow: Uow) -> list[dict[str, Any]]:
    """Inner packs and dunnage as bought now."""
    return [{n: getattr(m, n) for n in m.__slots__} for m in (await queries.materials(uow)).values()]


@router.post("/materials", dependencies=[needs("integration", "supervisor")])
async def save_materials(uow: Uow, body: list[MaterialIn]) -> dict[str, Any]:
    """Create or change materials; another supplier or revision ends the approval of what is made with them."""
    for x in body:
        await service.save_material(uow, **x.model_dump())
    return {"saved": len(body)}


@router.get("/versions", dependencies=[needs("worker")])
async def versions(uow: Uow) -> list[dict[str, Any]]:
    """Every pack version with its tests, and whether it may be shipped in."""
    return await queries.board(uow)


@router.post("/versions", dependencies=[needs("integration", "supervisor")])
async def save_version(uow: Uow, body: VersionIn) -> dict[str, Any]:
    """Make a new pack version."""
    steps = [service.StepDraft(**s.model_dump()) for s in body.recipe]
    return {"id": str(await service.save_version(uow, body.sku, body.carton, steps, body.units_max))}


@router.post("/versions/{version_id}/retire", dependencies=[needs("supervisor")])
async def retire(uow: Uow, version_id: UUID) -> dict[str, Any]:
    """Pack nothing more in it."""
    await service.retire_version(uow, version_id)
    return {"id": str(version_id)}


@router.post("/versions/{version_id}/tests", dependencies=[needs("integration", "supervisor")])
async def record_test(uow: Uow, version_id: UUID, body: TestIn) -> dict[str, Any]:
    """Keep a lab's result."""
    return {"id": str(await service.record_test(uow, version_id, **body.model_dump()))}


@router.get("/tests/{test_id}/report", dependencies=[needs("worker")])
async def report(uow: Uow, test_id: UUID) -> Response:
    """A test's report as it was sent."""
    name, content = await queries.report(uow, test_id)
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return Response(content, media_type="application/octet-stream",
                    headers={"content-disposition": f'attachment; filename="{safe}"', "x-content-type-options": "nosniff"})  # fmt: skip


@router.get("/policy", dependencies=[needs("worker")])
async def policy(uow: Uow) -> dict[str, Any]:
    """Which tests a version needs here."""
    asked = await queries.needs(uow)
    return {"ista_3a": "ista_3a" in asked, "compression": "compression" in asked}


@router.post("/policy", dependencies=[needs("admin")])
async def set_policy(uow: Uow, body: PolicyIn) -> dict[str, Any]:
    """Switch a kind of test on or off."""
    await service.set_policy(uow, ista_3a=body.ista_3a, compression=body.compression)
    return body.model_dump()


@router.get("/limits", dependencies=[needs("worker")])
async def limits(uow: Uow) -> list[dict[str, Any]]:
    """What may not share a parcel, or only so many."""
    return [{n: getattr(x, n) for n in x.__slots__} for x in await queries.limits(uow)]


@router.put("/limits", dependencies=[needs("integration", "admin")])
async def save_limits(uow: Uow, body: list[LimitIn]) -> dict[str, Any]:
    """Replace them all."""
    await service.save_limits(uow, [queries.Limit(**x.model_dump()) for x in body])
    return {"saved": len(body)}
