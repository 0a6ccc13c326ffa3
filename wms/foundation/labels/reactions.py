"""Printers answer, come and go."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.devices import CommandAnswered, DeviceStateChanged
from wms.foundation.labels import service


async def on_command_answered(uow: UnitOfWork, event: CommandAnswered) -> None:
    purpose, _, job_id = event.ref.partition(":")
    if purpose == "labels.print":
        await service.settle(uow, UUID(job_id), event.outcome, event.code)


async def on_device_state_changed(uow: UnitOfWork, event: DeviceStateChanged) -> None:
    await service.note_state(uow, event)
