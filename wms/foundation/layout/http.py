"""Layout import and the floor map."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.foundation.layout import queries, service

router = APIRouter(prefix="/api/v1/layout", tags=["layout"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NodeIn(_In):
    code: str = Field(min_length=1, max_length=40)
    x_mm: int
    y_mm: int


class EdgeIn(_In):
    a: str
    b: str
    length_mm: int = Field(default=0, ge=0)
    one_way: bool = False


class LocationIn(_In):
    code: str = Field(min_length=1, max_length=40)
    kind: str
    zone: str
    node: str
    x_mm: int
    y_mm: int
    z_mm: int = 0
    aisle: str = ""
    level: int = 0
    width_mm: int = Field(default=0, ge=0)
    depth_mm: int = Field(default=0, ge=0)
    height_mm: int = Field(default=0, ge=0)
    load_max_g: int = Field(default=0, ge=0)
    temperature: Literal["ambient", "chilled", "frozen"] = "ambient"
    check_digits: str = Field(default="", max_length=4)


class LayoutIn(_In):
    warehouse: str = Field(min_length=1, max_length=40)
    timezone: str = ""
    """IANA name; empty: UTC for a new warehouse, else as it is."""
    nodes: list[NodeIn]
    edges: list[EdgeIn]
    locations: list[LocationIn]


@router.post("", dependencies=[needs("admin")])
async def load(uow: Uow, body: LayoutIn) -> dict[str, Any]:
    """Load a layout, all or nothing."""
    n = await service.load_layout(
        uow, body.warehouse, [service.NodeDraft(**x.model_dump()) for x in body.nodes],
        [service.EdgeDraft(**x.model_dump()) for x in body.edges],
        [service.LocationDraft(**x.model_dump()) for x in body.locations], body.timezone,
    )  # fmt: skip
    return {"locations": n}


@router.get("", dependencies=[needs("worker")])
async def floor(uow: Uow) -> dict[str, Any]:
    """The floor map: locations and the walking graph, mm."""
    walk = await queries.walk_graph(uow)
    return {
        "locations": [
            {"code": s.code, "kind": s.kind, "zone": s.zone, "aisle": s.aisle, "x_mm": s.x_mm, "y_mm": s.y_mm, "level": s.level,
             "width_mm": s.width_mm, "depth_mm": s.depth_mm}
            for s in await queries.locations(uow)
        ],
        "nodes": [{"code": c, "x_mm": int(x), "y_mm": int(y)} for c, (x, y) in zip(walk.codes, walk.xy_mm, strict=True)],
        "edges": [[walk.codes[a], walk.codes[b]] for a, b, _, _ in walk.edges],
    }  # fmt: skip
