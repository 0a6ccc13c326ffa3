"""Parcels arrive at the dock; cancelled ones leave it."""

from wms.db.uow import UnitOfWork
from wms.events.orders import OrderCancelRequested, OrderChanged
from wms.events.packing import ParcelLabelled
from wms.processes.dock.service import loading, trucks


async def on_parcel_labelled(uow: UnitOfWork, event: ParcelLabelled) -> None:
    await loading.expect(uow, event)


async def on_cancel_requested(uow: UnitOfWork, event: OrderCancelRequested) -> None:
    await loading.pull_off(uow, event.order_id)


async def on_order_changed(uow: UnitOfWork, event: OrderChanged) -> None:
    """A new address voids every label there is."""
    if "destination" in event.what:
        await loading.forget_labels(uow, event.order_id)


async def miss_overdue(uow: UnitOfWork) -> None:
    await trucks.miss_overdue(uow)
