"""Orders come to be packed, are cancelled; printers fail."""

from wms.db.uow import UnitOfWork
from wms.events.labels import LabelFailed
from wms.events.orders import OrderCancelled
from wms.events.picking import OrderPicked
from wms.processes.value_added.service import boxes, orders


async def on_order_picked(uow: UnitOfWork, event: OrderPicked) -> None:
    """Work that was ordered before the release is done before the parcel is labelled."""
    await orders.hold(uow, event.order_id)


async def on_order_cancelled(uow: UnitOfWork, event: OrderCancelled) -> None:
    await orders.cancel_for(uow, event.order_id)


async def on_label_failed(uow: UnitOfWork, event: LabelFailed) -> None:
    if event.ref.startswith(orders.LABEL_REF):
        await orders.label_failed(uow, event.ref, event.code)
    if event.ref.startswith(boxes.LABEL_REF):
        await boxes.label_failed(uow, event.ref, event.code)
