"""Scales and printers answer the bench; orders change under it."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.devices import WeightMeasured
from wms.events.fleet import UnitDelivered
from wms.events.labels import LabelFailed, LabelPrinted
from wms.events.orders import OrderCancelRequested, OrderChanged
from wms.events.put_wall import ToteConsolidated
from wms.events.slotting import UnitEmptied
from wms.processes.packing import service


async def on_weight_measured(uow: UnitOfWork, event: WeightMeasured) -> None:
    await service.take_weight(uow, event.device, event.weight_g, event.interval_g)


async def on_label_printed(uow: UnitOfWork, event: LabelPrinted) -> None:
    purpose, _, parcel_id = event.ref.partition(":")
    if purpose == "packing.label":
        await service.label_printed(uow, UUID(parcel_id))


async def on_label_failed(uow: UnitOfWork, event: LabelFailed) -> None:
    purpose, _, parcel_id = event.ref.partition(":")
    if purpose == "packing.label":
        await service.label_failed(uow, UUID(parcel_id), event.outcome, event.code)


async def on_cancel_requested(uow: UnitOfWork, event: OrderCancelRequested) -> None:
    await service.cancel_order(uow, event.order_id)


async def on_order_changed(uow: UnitOfWork, event: OrderChanged) -> None:
    if "destination" in event.what:
        await service.readdress(uow, event.order_id)


async def on_unit_delivered(uow: UnitOfWork, event: UnitDelivered) -> None:
    """A cart may arrive with nothing on it that anybody wants."""
    await service.release_cart(uow, event.hu_id)


async def on_unit_emptied(uow: UnitOfWork, event: UnitEmptied) -> None:
    """A tote put back empty may have been the last that held its cart at a bench."""
    if event.kind == "tote":
        await service.release_cart(uow, event.in_place_id)


async def on_tote_consolidated(uow: UnitOfWork, event: ToteConsolidated) -> None:
    """The last tote of a cart emptied at the wall lets the cart go."""
    await service.release_cart(uow, event.in_place_id)
