"""Standards follow the site."""

from wms.db.uow import UnitOfWork
from wms.processes.labour import service


async def learn(uow: UnitOfWork) -> None:
    """Tick."""
    await service.learn(uow)
