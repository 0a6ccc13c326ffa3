"""Printers answer."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.devices import CommandAnswered
from wms.foundation.labels import service


async def on_command_answered(uow: UnitOfWork, event: CommandAnswered) -> None:
    purpose, _, job_id = event.ref.partition(":")
    if purpose == "labels.print":
        await service.settle(uow, UUID(job_id), event.outcome, event.code)
