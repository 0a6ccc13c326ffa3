"""Planning a requested wave, feeding the floor, and orders that stop before anyone walked."""

from typing import Any

from wms.db.outbox import Plan
from wms.db.uow import UnitOfWork
from wms.events.order_release import FloorHasRoom, OrderWithdrawn, WaveConfirmed, WaveRequested
from wms.events.orders import OrderCancelled, OrderCancelRequested
from wms.events.slotting import GoodsPutAway
from wms.events.stock import StockStatusChanged
from wms.foundation.orders import queries as orders
from wms.processes.order_release import service


async def _read(uow: UnitOfWork, event: WaveRequested) -> Any:
    return await service.snapshot(uow, event.wave_id, event.order_ids)


async def _apply(uow: UnitOfWork, event: WaveRequested, _snapshot: Any, solution: Any) -> None:
    await service.keep_plan(uow, event.wave_id, solution)


plan_wave = Plan(read=_read, solve=service.solve, apply=_apply)


async def on_wave_confirmed(uow: UnitOfWork, event: WaveConfirmed) -> None:
    await service.release_part(uow, event.wave_id, event.order_ids)


async def _read_pool(uow: UnitOfWork, event: FloorHasRoom) -> Any:
    return await service.pool(uow, event.channel_id, event.orders_max)


async def _release_chosen(uow: UnitOfWork, event: FloorHasRoom, pool: Any, chosen: Any) -> None:
    await service.release_chosen(uow, event.channel_id, chosen, of=len(pool.loads))


fill_floor = Plan(read=_read_pool, solve=service.choose, apply=_release_chosen)


async def on_goods_put_away(uow: UnitOfWork, event: GoodsPutAway) -> None:
    """Only what lies in a location can be picked: on the dock would be too early."""
    if event.status == "available":
        await service.reopen_backorders(uow, event.sku_id)


async def on_stock_status_changed(uow: UnitOfWork, event: StockStatusChanged) -> None:
    """A count or a check found it good: who waited for it tries again."""
    if event.to_status == "available":
        await service.reopen_backorders(uow, event.sku_id)


async def on_cancel_requested(uow: UnitOfWork, event: OrderCancelRequested) -> None:
    await service.cancel_order(uow, event.order_id)


async def on_order_cancelled(uow: UnitOfWork, event: OrderCancelled) -> None:
    """What one order gives up, another may have waited for."""
    for sku_id in sorted({x.sku_id for x in (await orders.order(uow, event.order_id)).lines}):
        await service.reopen_backorders(uow, sku_id)


async def on_order_withdrawn(uow: UnitOfWork, event: OrderWithdrawn) -> None:
    if event.wave_id is not None:
        await service.note_withdrawn(uow, event.wave_id, event.order_id, event.reason)


async def feed_floor(uow: UnitOfWork) -> None:
    """Tick: release what the channels may, while the floor has room."""
    await service.feed(uow)
    await service.drop_old_drafts(uow)
    await service.finish_waves(uow)
