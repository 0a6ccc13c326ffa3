"""The handover list, drawn away from the event loop."""

import asyncio
from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.processes.dock import queries
from wms.processes.dock.rules import handover


async def handover_pdf(uow: UnitOfWork, manifest_id: UUID) -> bytes:
    """Errors: NothingLoaded."""
    return await asyncio.to_thread(handover.as_pdf, await queries.handover(uow, manifest_id))


async def handover_csv(uow: UnitOfWork, manifest_id: UUID) -> str:
    """Errors: NothingLoaded."""
    return handover.as_csv(await queries.handover(uow, manifest_id))
