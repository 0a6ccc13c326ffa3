"""Console and host: the pack lines, described and looked at."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.packing import queries
from wms.processes.packing.service import line as service

router = APIRouter(prefix="/api/v1/pack-lines", tags=["pack line"], route_class=UowRoute)


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
    passes_max: int = Field(2, ge=0, le=20)


@router.post("", dependencies=[needs("admin")])
async def save_line(uow: Uow, body: LineIn) -> dict[str, Any]:
    """Describe a line, or describe it anew."""
    await service.save_line(
        uow, body.code, body.dws, body.printer, body.sorter, body.benches, body.lanes,
        interval_g=body.interval_g, passes_max=body.passes_max,
    )  # fmt: skip
    return {"code": body.code}


@router.get("", dependencies=[needs("worker")])
async def boards(uow: Uow) -> list[dict[str, Any]]:
    """Every line's last 15 min: pace, queues, bottleneck, what went round or out and why."""
    return [await queries.line_board(uow, line) for line in await queries.lines(uow)]
