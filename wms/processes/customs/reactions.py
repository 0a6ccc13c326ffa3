"""Orders are judged when they come, when they change and when their parcels are labelled; what leaves is counted as sold."""

from wms.db.uow import UnitOfWork
from wms.events.customs import JudgementDue, RulesChanged
from wms.events.orders import OrderAccepted, OrderCancelled, OrderChanged, OrderFreed, OrderShipped
from wms.events.packing import LabelDropped, ParcelLabelled
from wms.events.tracking import CustomsHeld, CustomsPassed
from wms.processes.customs import service


async def on_order_accepted(uow: UnitOfWork, event: OrderAccepted) -> None:
    await service.judge_order(uow, event.order_id)


async def on_order_changed(uow: UnitOfWork, event: OrderChanged) -> None:
    await service.judge_order(uow, event.order_id)


async def on_order_freed(uow: UnitOfWork, event: OrderFreed) -> None:
    """Shipping has chosen channel and duty term: what they ask for is judged before anything is released."""
    if event.kind == "shipping":
        await service.judge_order(uow, event.order_id)


async def on_order_cancelled(uow: UnitOfWork, event: OrderCancelled) -> None:
    await service.forget_parcels(uow, event.order_id, event.ref)


async def on_order_shipped(uow: UnitOfWork, event: OrderShipped) -> None:
    await service.note_shipped(uow, event.order_id)
    await service.sell_order(uow, event.order_id)


async def on_parcel_labelled(uow: UnitOfWork, event: ParcelLabelled) -> None:
    await service.note_parcel(uow, event)


async def on_label_dropped(uow: UnitOfWork, event: LabelDropped) -> None:
    await service.drop_parcel(uow, event.parcel_id, event.order_id)


async def on_rules_changed(uow: UnitOfWork, event: RulesChanged) -> None:
    await service.rejudge(uow)


async def on_judgement_due(uow: UnitOfWork, event: JudgementDue) -> None:
    await service.judge_order(uow, event.order_id)


async def on_carrier_held(uow: UnitOfWork, event: CustomsHeld) -> None:
    await service.hold_by_carrier(uow, event)


async def on_carrier_passed(uow: UnitOfWork, event: CustomsPassed) -> None:
    await service.release_by_carrier(uow, event)


async def purge(uow: UnitOfWork) -> None:
    """Tick: drop papers whose time is over."""
    await service.purge(uow)


async def judge_again(uow: UnitOfWork) -> None:
    """Tick: what holds an order may end by the calendar alone, as when a new table begins."""
    await service.rejudge(uow)
