"""Console and host: recipes, work orders with their photos, chargeable acts; shipments to a marketplace."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.catalog import queries as catalog
from wms.processes.value_added import queries, service
from wms.processes.value_added.service import fba as shipments
from wms.processes.value_added.service import orders

router = APIRouter(prefix="/api/v1/value-added", tags=["value added"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StepIn(_In):
    kind: Literal["scan", "confirm", "photo", "label"]
    text: str = Field(default="", max_length=300)
    text_zh: str = Field(default="", max_length=300)
    code: str = Field(default="", max_length=60)
    """What is scanned: of a bag, a leaflet, or of the printed label."""
    label: str = Field(default="", max_length=40)
    """Template of the label to print, one a unit."""
    data: dict[str, Any] = {}
    """More of the label's data."""


class RecipeIn(_In):
    name: str = Field(min_length=1, max_length=120)
    name_zh: str = Field(default="", max_length=120)
    kind: Literal["service", "kit", "unkit"] = "service"
    sku: str = Field(default="", max_length=64)
    """The kit that is made or taken apart."""
    parts: list[tuple[str, Annotated[int, Field(ge=1, le=1000)]]] = Field(default=[], max_length=50)
    steps: list[StepIn] = Field(default=[], max_length=30)
    consumables: list[tuple[str, Annotated[int, Field(ge=1, le=1000)]]] = Field(default=[], max_length=20)
    minutes: float = Field(default=0, ge=0, le=600)
    round_each: int = Field(default=1, ge=1, le=200)
    active: bool = True


class WorkOrderIn(_In):
    ref: str = Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]+$")
    recipe: str = Field(max_length=40)
    qty_each: int = Field(ge=1, le=100_000)
    sku: str = Field(default="", max_length=64)
    place: str = Field(default="", max_length=60)
    """Where the goods lie; empty with `order`."""
    owner: str = Field(default="", max_length=40)
    order: str = Field(default="", max_length=100)
    """A customer's order: its goods are worked in their tote before they are packed."""


class WhyIn(_In):
    reason: str = Field(min_length=1, max_length=200)


@router.get("/recipes", dependencies=[needs("worker")])
async def recipes(uow: Uow) -> list[dict[str, Any]]:
    """Every recipe."""
    found = await queries.recipes(uow)
    skus = await catalog.skus(uow, {r.sku_id for r in found if r.sku_id is not None})
    return [{**asdict(r), "sku": skus[r.sku_id].code if r.sku_id is not None else ""} for r in found]


@router.put("/recipes/{code}", dependencies=[needs("supervisor")])
async def save_recipe(
    uow: Uow, code: Annotated[str, Path(min_length=1, max_length=40)], body: RecipeIn
) -> dict[str, Any]:
    """Create or change a recipe."""
    steps = [x.model_dump() for x in body.steps]
    await service.save_recipe(uow, code, **{**body.model_dump(exclude={"steps"}), "steps": steps})
    return {"code": code}


@router.post("/orders", dependencies=[needs("integration", "supervisor")])
async def create(uow: Uow, body: WorkOrderIn) -> dict[str, Any]:
    """A work order; the same again gives the same answer."""
    more = body.model_dump(exclude={"ref", "recipe"})
    return {"id": str(await orders.create(uow, body.ref, body.recipe, **more))}


@router.get("/orders", dependencies=[needs("worker")])
async def board(uow: Uow) -> list[dict[str, Any]]:
    """Work orders, those that wait first."""
    return await queries.board(uow)


@router.post("/orders/{work_order_id}/cancel", dependencies=[needs("supervisor")])
async def cancel(uow: Uow, work_order_id: UUID, body: WhyIn) -> dict[str, Any]:
    """End it where it is."""
    await orders.cancel(uow, work_order_id, body.reason)
    return {"id": str(work_order_id)}


@router.get("/orders/{work_order_id}/photos", dependencies=[needs("worker")])
async def photos(uow: Uow, work_order_id: UUID) -> list[dict[str, Any]]:
    return await queries.photos_of(uow, work_order_id)


@router.get("/photos/{photo_id}", dependencies=[needs("worker")])
async def photo(uow: Uow, photo_id: UUID) -> Response:
    return Response(await queries.photo(uow, photo_id), media_type="image/jpeg")


@router.get("/kit-serials", dependencies=[needs("worker")])
async def kit_serials(uow: Uow, serial: str = "", ref: str = "") -> list[dict[str, Any]]:
    """Which serials went into which kits, newest first, at most 1,000: of one serial, or of a work order's number."""
    return await queries.kit_serials(uow, serial=serial, ref=ref)


@router.get("/acts", dependencies=[needs("supervisor", "finance")])
async def acts(
    uow: Uow, since: datetime | None = None, until: datetime | None = None, owner: str = ""
) -> list[dict[str, Any]]:
    """Chargeable acts, the last 30 days unless told."""
    return await queries.acts(
        uow, since or uow.now - timedelta(days=30), until or uow.now + timedelta(seconds=1), owner
    )


fba = APIRouter(prefix="/api/v1/fba", tags=["fba"], route_class=UowRoute)


class LineIn(_In):
    sku: str = Field(max_length=64)
    fnsku: str = Field(pattern=r"^[A-Za-z0-9-]{4,40}$")
    """The code that the marketplace knows a unit by."""
    qty_each: int = Field(ge=1, le=100_000)
    """Units; a bundle is one."""
    unit_each: int = Field(default=1, ge=1, le=1000)
    """Pieces of one unit."""
    prep: list[Literal["label", "polybag", "bundle"]] = ["label"]


class ShipmentIn(_In):
    ref: str = Field(pattern=r"^[A-Za-z0-9-]{1,30}$")
    """The marketplace's shipment id: boxes are numbered below it."""
    owner: str = Field(default="MAIN", max_length=40)
    centre: str = Field(pattern=r"^[A-Za-z0-9-]{2,20}$")
    address: dict[str, str] = {}
    place: str = Field(max_length=60)
    """Where the goods lie."""
    mixed: bool = False
    each_max: int = Field(default=0, ge=0, le=10_000)
    lines: list[LineIn] = Field(min_length=1, max_length=500)


class LimitIn(_In):
    centre: str = Field(default="", max_length=20)
    starts_on: date
    weight_max_g: int = Field(ge=1, le=1_000_000)
    side_max_mm: int = Field(ge=1, le=5_000)
    each_max: int = Field(ge=1, le=10_000)
    source: str = Field(min_length=1, max_length=300)


class DepartIn(_In):
    why: str = Field(default="", max_length=200)
    """Needed where less goes than was planned."""


class PalletIn(_In):
    boxes: list[str] = Field(min_length=1, max_length=500)
    printer: str = Field(default="", max_length=60)


@fba.get("/limits", dependencies=[needs("worker")])
async def limits(uow: Uow) -> list[dict[str, Any]]:
    """What a box may be, by centre and day."""
    return [asdict(x) for x in await queries.limits(uow)]


@fba.put("/limits", dependencies=[needs("supervisor")])
async def set_limit(uow: Uow, body: LimitIn) -> dict[str, Any]:
    await shipments.set_limit(uow, **body.model_dump())
    return {"centre": body.centre, "starts_on": body.starts_on.isoformat()}


@fba.post("/shipments", dependencies=[needs("integration", "supervisor")])
async def plan(uow: Uow, body: ShipmentIn) -> dict[str, Any]:
    """A shipment plan; the same again gives the same answer."""
    made = body.model_dump()
    return {"id": str(await shipments.plan(uow, made.pop("ref"), **made))}


@fba.get("/shipments", dependencies=[needs("worker")])
async def shipment_board(uow: Uow) -> list[dict[str, Any]]:
    """Shipments with their lines, boxes and differences, newest first."""
    return await queries.shipment_board(uow)


@fba.get("/shipments/{shipment_id}/box-content", dependencies=[needs("worker")])
async def contents(uow: Uow, shipment_id: UUID) -> list[dict[str, Any]]:
    """What is in each closed box."""
    return await queries.box_contents(uow, shipment_id)


@fba.get("/shipments/{shipment_id}/box-content.csv", dependencies=[needs("worker")])
async def contents_csv(uow: Uow, shipment_id: UUID) -> Response:
    name, told = await queries.box_content_file(uow, shipment_id)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(told, media_type="text/csv; charset=utf-8", headers=headers)


@fba.post("/shipments/{shipment_id}/pallets", dependencies=[needs("worker")])
async def palletise(uow: Uow, shipment_id: UUID, body: PalletIn) -> dict[str, Any]:
    """Labelled boxes onto a new pallet."""
    return {"sscc": await shipments.palletise(uow, shipment_id, body.boxes, body.printer)}


@fba.post("/shipments/{shipment_id}/depart", dependencies=[needs("lead", "supervisor")])
async def depart(uow: Uow, shipment_id: UUID, body: DepartIn) -> dict[str, Any]:
    """The truck has it."""
    return {"differences": await shipments.depart(uow, shipment_id, body.why)}


@fba.post("/shipments/{shipment_id}/cancel", dependencies=[needs("supervisor")])
async def cancel_shipment(uow: Uow, shipment_id: UUID, body: WhyIn) -> dict[str, Any]:
    await shipments.cancel(uow, shipment_id, body.reason)
    return {"id": str(shipment_id)}
