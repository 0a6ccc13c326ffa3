"""Devices answer a check."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.devices import CommandAnswered, ParcelMeasured
from wms.processes.calibration import service


async def on_command_answered(uow: UnitOfWork, event: CommandAnswered) -> None:
    purpose, _, check_id = event.ref.partition(":")
    if purpose == "calibration.check":
        await service.take_answer(uow, UUID(check_id), event.code, event.data)


async def on_parcel_measured(uow: UnitOfWork, event: ParcelMeasured) -> None:
    if event.command_id:
        size_mm = (event.length_mm, event.width_mm, event.height_mm)
        await service.take_size(uow, event.command_id, size_mm, event.weight_g, event.flags)
