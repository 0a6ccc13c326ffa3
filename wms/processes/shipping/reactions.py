"""Parcels arrive at the dock; cancelled ones leave it."""

from wms.db.uow import UnitOfWork
from wms.events.orders import OrderCancelRequested
from wms.events.packing import ParcelLabelled
from wms.processes.shipping import service


async def on_parcel_labelled(uow: UnitOfWork, event: ParcelLabelled) -> None:
    await service.expect(uow, event)


async def on_cancel_requested(uow: UnitOfWork, event: OrderCancelRequested) -> None:
    await service.pull_off(uow, event.order_id)
