"""Buttons under lights; orders that leave the floor."""

from wms.db.uow import UnitOfWork
from wms.events.devices import LightConfirmed
from wms.events.order_release import OrderWithdrawn
from wms.events.orders import OrderCancelRequested
from wms.processes.put_wall import service


async def on_light_confirmed(uow: UnitOfWork, event: LightConfirmed) -> None:
    await service.confirm_light(uow, event.device, event.position, event.qty)


async def on_cancel_requested(uow: UnitOfWork, event: OrderCancelRequested) -> None:
    if event.effect == "stop":
        await service.clear(uow, event.order_id, "order cancelled")


async def on_order_withdrawn(uow: UnitOfWork, event: OrderWithdrawn) -> None:
    await service.clear(uow, event.order_id, event.reason)
