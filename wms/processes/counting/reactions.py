"""A short pick asks for a count, as do pieces that are to get their serials; the day's plan is topped up."""

from wms.db.uow import UnitOfWork
from wms.events.catalog import SerialsSwitchedOn
from wms.events.picking import PickShorted
from wms.processes.counting import service


async def on_pick_shorted(uow: UnitOfWork, event: PickShorted) -> None:
    await service.count_after_short(uow, event.place_id, event.sku_id)


async def on_serials_switched_on(uow: UnitOfWork, event: SerialsSwitchedOn) -> None:
    await service.count_unnamed(uow, event.sku_id)


async def plan_day(uow: UnitOfWork) -> None:
    """Tick: what is missing of the day's counts becomes tasks."""
    await service.plan_day(uow)
