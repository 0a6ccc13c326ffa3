"""What left, what was delivered, a new policy, labels that carriers sold; and what ends by time."""

from wms.db.uow import UnitOfWork
from wms.events.dock import ParcelDeparted
from wms.events.returns import ReturnPolicyChanged
from wms.events.shipping import ReturnLabelBought, ReturnLabelRefused
from wms.events.tracking import ParcelDelivered
from wms.processes.returns import queries
from wms.processes.returns.service import authorising, labelling, loading, strays


async def on_parcel_departed(uow: UnitOfWork, event: ParcelDeparted) -> None:
    await loading.note_departed(uow, event)


async def on_parcel_delivered(uow: UnitOfWork, event: ParcelDelivered) -> None:
    await loading.note_delivered(uow, event.parcel_id)


async def on_policy_changed(uow: UnitOfWork, event: ReturnPolicyChanged) -> None:
    for rma_id in await queries.held(uow):
        await authorising.decide(uow, rma_id)


async def on_return_label_bought(uow: UnitOfWork, event: ReturnLabelBought) -> None:
    await labelling.take(uow, event)


async def on_return_label_refused(uow: UnitOfWork, event: ReturnLabelRefused) -> None:
    await labelling.refuse(uow, event)


async def look_after(uow: UnitOfWork) -> None:
    """Tick: authorisations end, parcels on the shelf come due."""
    await authorising.expire(uow)
    await strays.remind(uow)
