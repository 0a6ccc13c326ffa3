"""Console: the wave board."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.order_release import queries, service

router = APIRouter(prefix="/api/v1/waves", tags=["waves"], route_class=UowRoute)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WaveIn(_In):
    name: str = Field(min_length=1, max_length=80)
    order_ids: list[UUID] = []
    limit: int = Field(default=48, ge=1, le=500)
    """Without order ids: the most urgent waiting orders, at most this many."""


class OrdersIn(_In):
    order_ids: list[UUID]


class ReasonIn(_In):
    reason: str = Field(default="supervisor", max_length=200)


@router.get("", dependencies=[needs("worker")])
async def board(uow: Uow) -> list[dict[str, Any]]:
    """Waves newest first with their orders by state."""
    return await queries.board(uow)


@router.post("", dependencies=[needs("supervisor")])
async def release(uow: Uow, body: WaveIn) -> dict[str, Any]:
    """Release a wave; planning goes on as its own step."""
    if body.order_ids:
        wave_id: UUID | None = await service.release_wave(uow, body.name, body.order_ids)
    else:
        wave_id = await service.release_waiting(uow, body.name, body.limit)
    return {"wave_id": str(wave_id) if wave_id else None}


@router.post("/{wave_id}/pause", dependencies=[needs("supervisor")])
async def pause(uow: Uow, wave_id: UUID) -> dict[str, Any]:
    await service.set_paused(uow, wave_id, True)
    return {"state": (await queries.wave(uow, wave_id)).state}


@router.post("/{wave_id}/resume", dependencies=[needs("supervisor")])
async def resume(uow: Uow, wave_id: UUID) -> dict[str, Any]:
    await service.set_paused(uow, wave_id, False)
    return {"state": (await queries.wave(uow, wave_id)).state}


@router.post("/{wave_id}/orders", dependencies=[needs("supervisor")])
async def add(uow: Uow, wave_id: UUID, body: OrdersIn) -> dict[str, Any]:
    return {"added": await service.add_orders(uow, wave_id, body.order_ids)}


@router.delete("/orders/{order_id}", dependencies=[needs("supervisor")])
async def remove(uow: Uow, order_id: UUID, reason: str = "supervisor") -> dict[str, Any]:
    """Take an order out of its wave; it waits again."""
    await service.remove_order(uow, order_id, reason[:200])
    return {"ok": True}


@router.post("/{wave_id}/undo", dependencies=[needs("supervisor")])
async def undo(uow: Uow, wave_id: UUID, body: ReasonIn) -> dict[str, Any]:
    """Every order not yet picked leaves the wave."""
    return {"undone": await service.undo_wave(uow, wave_id, body.reason)}
