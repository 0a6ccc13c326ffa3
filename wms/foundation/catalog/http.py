"""Catalog import and lookup."""

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.catalog import queries, service

router = APIRouter(prefix="/api/v1/catalog", tags=["catalog"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PackIn(_In):
    name: Literal["EA", "INN", "CTN", "PAL"]
    qty_each: int = Field(ge=1, le=100_000)
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int


class SkuIn(_In):
    code: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")
    name: str = Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")
    name_zh: str = Field(default="", max_length=200)
    owner: str = Field(default="MAIN", max_length=40)
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    codes: list[tuple[str, str]] = []
    packs: list[PackIn] = []
    attributes: list[str] = []
    fragile: bool = False
    hazard: str = Field(default="", max_length=10)
    temperature: Literal["ambient", "chilled", "frozen"] = "ambient"
    family: str = Field(default="", max_length=40)
    lot_policy: Literal["none", "required"] = "none"
    serial_policy: Literal["none", "on_receipt", "on_ship", "always"] = "none"
    expiry_policy: Literal["none", "expiry", "production"] = "none"
    shelf_life_days: int = Field(default=0, ge=0, le=20_000)
    min_life_receipt_days: int = Field(default=0, ge=0, le=20_000)
    min_life_ship_days: int = Field(default=0, ge=0, le=20_000)
    value_cents: int = Field(default=0, ge=0)
    key_category: bool = False
    own_container: bool = False
    """Each piece ships as it is: no carton, a parcel by itself."""
    bundle: list[tuple[str, int]] = []


class CartonIn(_In):
    code: str = Field(min_length=1, max_length=40)
    inner_mm: tuple[int, int, int]
    """Of a bag: width, length and 0, as it lies empty and flat; the outer sides likewise."""
    outer_mm: tuple[int, int, int]
    tare_g: int = Field(ge=0, le=50_000)
    load_max_g: int = Field(ge=1, le=2_000_000)
    supplier: str = Field(default="", max_length=80)
    revision: str = Field(default="", max_length=40)
    bag: bool = False


@router.post("/skus", dependencies=[needs("integration")])
async def save_skus(uow: Uow, body: list[SkuIn]) -> dict[str, Any]:
    """Create or update SKUs, all or nothing."""
    drafts = [
        service.SkuDraft(**{
            **x.model_dump(exclude={"packs", "codes", "attributes", "bundle"}),
            "packs": tuple(service.PackDraft(**p.model_dump()) for p in x.packs),
            "codes": tuple(x.codes), "attributes": tuple(x.attributes), "bundle": tuple(x.bundle),
        })
        for x in body
    ]  # fmt: skip
    return {"saved": await service.save_skus(uow, drafts)}


@router.post("/cartons", dependencies=[needs("integration")])
async def save_cartons(uow: Uow, body: list[CartonIn]) -> dict[str, Any]:
    for x in body:
        await service.save_carton(
            uow,
            x.code,
            x.inner_mm,
            x.outer_mm,
            x.tare_g,
            x.load_max_g,
            supplier=x.supplier,
            revision=x.revision,
            bag=x.bag,
        )
    return {"saved": len(body)}


@router.get("/cartons", dependencies=[needs("worker")])
async def cartons(uow: Uow) -> list[dict[str, Any]]:
    """Cartons and bags in use."""
    return [asdict(c) for c in await queries.cartons(uow)]


@router.get("/skus/{code}", dependencies=[needs("worker")])
async def sku(uow: Uow, code: str) -> dict[str, Any]:
    """One SKU with its codes and pack levels."""
    found = await queries.sku_by_code(uow, code)
    codes = (await queries.codes_of(uow, [found.id])).get(found.id, [])
    packs = (await queries.packs_of(uow, [found.id])).get(found.id, [])
    return {**{n: getattr(found, n) for n in found.__slots__}, "codes": codes, "packs": packs}
