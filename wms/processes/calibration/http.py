"""Console: check pieces and checks."""

from datetime import date
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.calibration import queries, service

router = APIRouter(prefix="/api/v1/calibration", tags=["calibration"], route_class=UowRoute)


class PieceIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    weight_g: int = Field(0, ge=0, le=10_000_000)
    length_mm: int = Field(0, ge=0, le=10_000)
    width_mm: int = Field(0, ge=0, le=10_000)
    height_mm: int = Field(0, ge=0, le=10_000)
    certificate: str = Field("", max_length=200)
    valid_until: date | None = None


class CheckIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    device: str = Field(min_length=1, max_length=60)
    measure: Literal["weight", "size"]
    piece: str = Field(min_length=1, max_length=40)
    interval: int = Field(5, ge=0, le=1_000)


@router.get("", dependencies=[needs("worker")])
async def devices(uow: Uow) -> dict[str, Any]:
    """Devices that can be checked with their newest check, and the pieces."""
    return {"devices": await queries.devices(uow), "pieces": await queries.pieces(uow)}


@router.post("/pieces", dependencies=[needs("supervisor")])
async def save_piece(uow: Uow, body: PieceIn) -> dict[str, Any]:
    size_mm = (body.length_mm, body.width_mm, body.height_mm)
    await service.save_piece(uow, body.code, body.weight_g, size_mm, body.certificate, body.valid_until)
    return {"ok": True}


@router.post("/checks", dependencies=[needs("lead")])
async def start(uow: Uow, body: CheckIn) -> dict[str, Any]:
    """The piece lies on the device, or is laid on it within a minute and a half."""
    check_id = await service.start_check(uow, body.device, body.measure, body.piece, body.interval)
    return {"id": str(check_id)}
