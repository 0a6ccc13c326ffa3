"""Waves become tours; cancellations reach the picker."""

from typing import Any

from wms.db.outbox import Plan
from wms.db.uow import UnitOfWork
from wms.events.order_release import OrderWithdrawn, WaveReleased
from wms.events.orders import OrderCancelRequested
from wms.processes.picking import service


async def _read(uow: UnitOfWork, event: WaveReleased) -> Any:
    return await service.snapshot(uow, event.tours, event.zones)


async def _apply(uow: UnitOfWork, event: WaveReleased, _snapshot: Any, solution: Any) -> None:
    await service.open_tours(uow, event.wave_id, solution, singles=event.singles)


plan_tours = Plan(read=_read, solve=service.solve, apply=_apply)


async def on_cancel_requested(uow: UnitOfWork, event: OrderCancelRequested) -> None:
    if event.effect == "stop":
        await service.cancel_order(uow, event.order_id)


async def on_order_withdrawn(uow: UnitOfWork, event: OrderWithdrawn) -> None:
    await service.stop_order(uow, event.order_id, event.reason, event.wave_id)
