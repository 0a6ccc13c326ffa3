"""A short pick asks for a count; the day's plan is topped up."""

from wms.db.uow import UnitOfWork
from wms.events.picking import PickShorted
from wms.processes.counting import service


async def on_pick_shorted(uow: UnitOfWork, event: PickShorted) -> None:
    await service.count_after_short(uow, event.place_id, event.sku_id)


async def plan_day(uow: UnitOfWork) -> None:
    """Tick: what is missing of the day's counts becomes tasks."""
    await service.plan_day(uow)
