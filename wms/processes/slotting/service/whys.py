"""Why everything lies where it does."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.processes.slotting.tables import SlotWhy


async def note(uow: UnitOfWork, place_id: int, sku_id: int, why: str) -> None:
    """Keep the reasons with the slot; the newest stand."""
    values = {"at": uow.now, "by": uow.actor.id, "why": why}
    await uow.session.execute(
        insert(SlotWhy).values(place_id=place_id, sku_id=sku_id, **values)
        .on_conflict_do_update(index_elements=["place_id", "sku_id"], set_=values)
    )  # fmt: skip


async def forget(uow: UnitOfWork, place_id: int, sku_id: int) -> None:
    """The goods have left."""
    await uow.session.execute(delete(SlotWhy).where(SlotWhy.place_id == place_id, SlotWhy.sku_id == sku_id))
