"""Devices answer a check."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.devices import CommandAnswered, ParcelMeasured
from wms.processes.calibration import service


async def on_command_answered(uow: UnitOfWork, event: CommandAnswered) -> None:
    purpose, _, check_id = event.ref.partition(":")
    if purpose == "calibration.check":
        await service.take_answer(uow, UUID(check_id), event.device, event.code, event.data)


async def on_parcel_measured(uow: UnitOfWork, event: ParcelMeasured) -> None:
    command_id = _uuid(event.command_id)
    if command_id is not None:
        size_mm = (event.length_mm, event.width_mm, event.height_mm)
        await service.take_size(uow, event.device, command_id, size_mm, event.weight_g, event.flags)


def _uuid(text: str) -> UUID | None:
    """A device may tell anything."""
    try:
        return UUID(text)
    except ValueError:
        return None
