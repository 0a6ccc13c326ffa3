"""Console: change a control point for this site. The board with live values is the twin's."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.controls import service

router = APIRouter(prefix="/api/v1/controls", tags=["controls"], route_class=UowRoute)


class PointIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit_value: float | None = Field(default=None, ge=0, le=1_000_000, allow_inf_nan=False)
    deadline_h: float | None = Field(default=None, gt=0, le=2160, allow_inf_nan=False)
    active: bool | None = None


@router.post("/{control_id}", dependencies=[needs("admin")])
async def change(uow: Uow, control_id: str, body: PointIn) -> dict[str, Any]:
    """Set limit, deadline, or whether it is watched."""
    await service.set_limit(uow, control_id, body.limit_value, deadline_h=body.deadline_h, active=body.active)
    return {"ok": True}
