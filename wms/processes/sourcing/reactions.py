"""Orders are judged as they come, change and wait; their parts end with them."""

from wms.db.uow import UnitOfWork
from wms.events.orders import OrderAccepted, OrderCancelled, OrderChanged
from wms.events.slotting import GoodsPutAway
from wms.events.sourcing import WarehouseReported
from wms.events.stock import StockStatusChanged
from wms.processes.sourcing import queries
from wms.processes.sourcing.service import carrying, judging


async def on_order_accepted(uow: UnitOfWork, event: OrderAccepted) -> None:
    await judging.judge(uow, event.order_id)


async def on_order_changed(uow: UnitOfWork, event: OrderChanged) -> None:
    await carrying.on_change(uow, event.order_id, event.what)


async def on_order_cancelled(uow: UnitOfWork, event: OrderCancelled) -> None:
    await carrying.on_cancel(uow, event.order_id, event.reason)


async def on_goods_put_away(uow: UnitOfWork, event: GoodsPutAway) -> None:
    """What was waited for may have come."""
    if event.status == "available":
        await _look_again(uow, event.sku_id)


async def on_stock_status_changed(uow: UnitOfWork, event: StockStatusChanged) -> None:
    if event.to_status == "available":
        await _look_again(uow, event.sku_id)


async def on_warehouse_reported(uow: UnitOfWork, event: WarehouseReported) -> None:
    """It may have what was missing."""
    await judging.judge_waiting(uow)


async def look_again(uow: UnitOfWork) -> None:
    """Tick: a notice did not come in time, a report grew old."""
    await _look_again(uow)


async def _look_again(uow: UnitOfWork, sku_id: int | None = None) -> None:
    if await queries.any_stock(uow):
        await judging.judge_waiting(uow, sku_id)
