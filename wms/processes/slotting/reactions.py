"""What stands about is put away; classes follow the picks."""

from wms.db.uow import UnitOfWork
from wms.events.inbound import GoodsReceived
from wms.events.picking import GoodsToPutBack
from wms.processes.slotting import service


async def on_goods_received(uow: UnitOfWork, event: GoodsReceived) -> None:
    await service.open_putaway(uow, event.hu_id, "received")


async def on_goods_to_put_back(uow: UnitOfWork, event: GoodsToPutBack) -> None:
    await service.open_putaway(uow, event.hu_id, event.reason)


async def classify(uow: UnitOfWork) -> None:
    """Tick: classes of the day."""
    await service.classify(uow)
