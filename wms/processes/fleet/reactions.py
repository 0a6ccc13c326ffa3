"""Carts and pods come and go; vehicles answer."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.devices import CommandAnswered, VehicleReported
from wms.events.goods_to_person import PodCalled
from wms.events.packing import CartEmptied
from wms.events.picking import TourCompleted
from wms.processes.fleet import service


async def on_tour_completed(uow: UnitOfWork, event: TourCompleted) -> None:
    await service.bring_cart(uow, event.cart, event.station)


async def on_cart_emptied(uow: UnitOfWork, event: CartEmptied) -> None:
    await service.return_cart(uow, event.cart_id)


async def on_pod_called(uow: UnitOfWork, event: PodCalled) -> None:
    await service.request(uow, event.pod_id, event.to_place_id, event.purpose)


async def on_vehicle_reported(uow: UnitOfWork, event: VehicleReported) -> None:
    await service.note_vehicle(uow, event)
    await service.dispatch(uow)


async def on_command_answered(uow: UnitOfWork, event: CommandAnswered) -> None:
    purpose, _, transport_id = event.ref.partition(":")
    if purpose == "fleet.transport":
        await service.settle(uow, UUID(transport_id), event.outcome, event.code, event.data)
