"""Waves bring orders, vehicles bring pods, benches free totes; orders leave."""

from wms.db.uow import UnitOfWork
from wms.events.fleet import UnitDelivered
from wms.events.order_release import OrderWithdrawn, VisitsReleased
from wms.events.orders import OrderCancelRequested
from wms.events.packing import ParcelLabelled
from wms.events.slotting import UnitEmptied
from wms.processes.goods_to_person import service


async def on_visits_released(uow: UnitOfWork, event: VisitsReleased) -> None:
    await service.take_in(uow, event.wave_id, event.order_ids)


async def on_unit_delivered(uow: UnitOfWork, event: UnitDelivered) -> None:
    if event.purpose in ("pod", "pod_home"):
        await service.pod_delivered(uow, event.hu_id, event.place_id)


async def on_parcel_labelled(uow: UnitOfWork, event: ParcelLabelled) -> None:
    """Its tote may be free for the next order."""
    await service.feed(uow)


async def on_unit_emptied(uow: UnitOfWork, event: UnitEmptied) -> None:
    """A tote put back empty may serve the next order."""
    if event.kind == "tote":
        await service.feed(uow)


async def on_cancel_requested(uow: UnitOfWork, event: OrderCancelRequested) -> None:
    if event.effect == "stop":
        await service.cancel_order(uow, event.order_id)


async def on_order_withdrawn(uow: UnitOfWork, event: OrderWithdrawn) -> None:
    await service.withdraw_order(uow, event.order_id, event.reason, event.wave_id)


async def look_around(uow: UnitOfWork) -> None:
    """Tick: totes and pods that a person set down, or a place in store that became free."""
    await service.feed(uow)
