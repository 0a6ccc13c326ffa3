"""Console: the wave board, release channels, and whether orders make their trucks."""

import math
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.processes.order_release import queries, service

waves = APIRouter(prefix="/waves", tags=["waves"], route_class=UowRoute)
channels = APIRouter(prefix="/release-channels", tags=["release channels"], route_class=UowRoute)
promises = APIRouter(prefix="/promises", tags=["promises"], route_class=UowRoute)


Method = Literal["cluster", "zone", "goods_to_person", "singles"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WaveIn(_In):
    name: str = Field(min_length=1, max_length=80)
    order_ids: list[UUID] = Field(default=[], max_length=5_000)
    limit: int = Field(default=48, ge=1, le=5_000)
    """Without order ids: the most urgent waiting orders, at most this many."""
    pieces_max: int = Field(default=0, ge=0, le=1_000_000)
    """Densest first, when labour is short: so many pieces, of the orders with most per visited aisle; 0: all."""
    draft: bool = False
    """Plan and show it; nothing is reserved until it is confirmed."""
    method: Method = "cluster"
    """singles: orders of one piece, picked together by SKU and matched at the bench. zone: each zone picks its share by itself, the put wall brings the orders together. goods_to_person: vehicles bring
    pods to a station, and each order is picked there into its tote."""


class OrdersIn(_In):
    order_ids: list[UUID]


class ReasonIn(_In):
    reason: str = Field(default="supervisor", max_length=200)


class FilterIn(_In):
    carriers: list[str] = Field(default=[], max_length=50)
    channels: list[str] = Field(default=[], max_length=50)
    countries: list[str] = Field(default=[], max_length=250)
    zones: list[str] = Field(default=[], max_length=100)
    priority_max: int | None = Field(default=None, ge=0, le=9)
    lines_max: int | None = Field(default=None, ge=1, le=10_000)


class ChannelIn(_In):
    seq: int = Field(default=50, ge=0, le=10_000)
    mode: Literal["stream", "wave"]
    state: Literal["open", "locked", "asleep"] = "open"
    wakes_at: datetime | None = None
    filter: FilterIn = FilterIn()
    wip_max: int = Field(default=0, ge=0, le=100_000)
    lead_min: int = Field(default=0, ge=0, le=10_080)
    method: Method = "cluster"


@waves.get("", dependencies=[needs("worker")])
async def board(uow: Uow) -> list[dict[str, Any]]:
    """Waves newest first with their orders by state."""
    return await queries.board(uow)


@waves.post("", dependencies=[needs("supervisor")])
async def release(uow: Uow, body: WaveIn) -> dict[str, Any]:
    """Release a wave, or plan one to look at; planning goes on as its own step."""
    if body.order_ids:
        wave_id: UUID | None = await service.release_wave(
            uow, body.name, body.order_ids, draft=body.draft, method=body.method, pieces_max=body.pieces_max
        )
    else:
        wave_id = await service.release_waiting(
            uow, body.name, body.limit, draft=body.draft, method=body.method, pieces_max=body.pieces_max
        )
    return {"wave_id": str(wave_id) if wave_id else None}


@waves.get("/{wave_id}/plan", dependencies=[needs("worker")])
async def plan(uow: Uow, wave_id: UUID) -> dict[str, Any]:
    """The wave's tours with walk, time and expected end; each order in a tour, or the reason why it is in none."""
    return await queries.plan_of(uow, wave_id)


@waves.post("/{wave_id}/confirm", dependencies=[needs("supervisor")])
async def confirm(uow: Uow, wave_id: UUID) -> dict[str, Any]:
    """Release the wave as planned."""
    return {"orders": await service.confirm(uow, wave_id)}


@waves.post("/{wave_id}/pause", dependencies=[needs("supervisor")])
async def pause(uow: Uow, wave_id: UUID) -> dict[str, Any]:
    await service.set_paused(uow, wave_id, True)
    return {"state": (await queries.wave(uow, wave_id)).state}


@waves.post("/{wave_id}/resume", dependencies=[needs("supervisor")])
async def resume(uow: Uow, wave_id: UUID) -> dict[str, Any]:
    await service.set_paused(uow, wave_id, False)
    return {"state": (await queries.wave(uow, wave_id)).state}


@waves.post("/{wave_id}/orders", dependencies=[needs("supervisor")])
async def add(uow: Uow, wave_id: UUID, body: OrdersIn) -> dict[str, Any]:
    return {"added": await service.add_orders(uow, wave_id, body.order_ids)}


@waves.delete("/orders/{order_id}", dependencies=[needs("supervisor")])
async def remove(uow: Uow, order_id: UUID, reason: str = "supervisor") -> dict[str, Any]:
    """Take an order out of its wave; it waits again."""
    await service.remove_order(uow, order_id, reason[:200])
    return {"ok": True}


@waves.post("/{wave_id}/undo", dependencies=[needs("supervisor")])
async def undo(uow: Uow, wave_id: UUID, body: ReasonIn) -> dict[str, Any]:
    """Every order not yet picked leaves the wave."""
    return {"undone": await service.undo_wave(uow, wave_id, body.reason)}


@channels.get("", dependencies=[needs("worker")])
async def channel_board(uow: Uow) -> dict[str, Any]:
    """Channels in sequence with what waits and is under way in each, and what the floor has room for."""
    return await queries.channel_board(uow)


@channels.put("/{code}", dependencies=[needs("supervisor")])
async def save_channel(uow: Uow, code: str, body: ChannelIn) -> dict[str, Any]:
    """Open a channel or change it."""
    given = body.model_dump()
    await service.save_channel(uow, code[:60], given.pop("filter"), **given)
    return await queries.channel_board(uow)


@channels.delete("/{code}", dependencies=[needs("supervisor")])
async def delete_channel(uow: Uow, code: str) -> dict[str, Any]:
    """Its orders go to the next channel that takes them."""
    await service.delete_channel(uow, code)
    return await queries.channel_board(uow)


def _promised(found: queries.Promised) -> dict[str, Any]:
    order, answer = found.order, asdict(found.promise)
    for key in ("needs_s", "slack_s"):
        answer[key] = _finite(answer[key])
    answer["reasons"] = [r | {"seconds": _finite(r["seconds"])} for r in answer["reasons"]]
    return {
        "order_id": str(order.id), "ref": order.ref, "state": order.state, "carrier": order.carrier,
        "cutoff_at": order.cutoff_at, **answer,
    }  # fmt: skip


def _finite(seconds: float) -> float | None:
    """None: nobody can say how long."""
    return round(seconds, 1) if math.isfinite(seconds) else None


@promises.get("", dependencies=[needs("worker")])
async def trucks(uow: Uow, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> dict[str, Any]:
    """Orders counted by truck (carrier and cut-off) and verdict, and those at risk, the worst first."""
    found = await queries.promises(uow)
    by_truck: dict[tuple[datetime, str], dict[str, Any]] = {}
    for p in found:
        key = (p.order.cutoff_at, p.order.carrier)
        row = by_truck.setdefault(key, {"carrier": key[1], "cutoff_at": key[0], "makes": 0, "tight": 0, "misses": 0})
        row[p.promise.verdict] += 1
    at_risk = sorted((p for p in found if p.promise.verdict != "makes"), key=lambda p: p.promise.slack_s)
    return {"trucks": [by_truck[k] for k in sorted(by_truck)], "at_risk": [_promised(p) for p in at_risk[:limit]]}


@promises.get("/{order_id}", dependencies=[needs("worker")])
async def promised(uow: Uow, order_id: UUID) -> dict[str, Any]:
    """Will it make its truck, and if not why."""
    return _promised(await queries.promised(uow, order_id))


router = APIRouter(prefix="/api/v1")
for part in (waves, channels, promises):
    router.include_router(part)
