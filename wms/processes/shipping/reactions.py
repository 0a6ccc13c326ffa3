"""Orders are judged as they come; labels are bought as packing wants them."""

from wms.db.uow import UnitOfWork
from wms.events.orders import OrderAccepted, OrderChanged
from wms.events.packing import LabelDropped, LabelWanted
from wms.events.returns import ReturnLabelDropped, ReturnLabelWanted
from wms.events.shipping import CarrierAnswered, ShippingDataChanged
from wms.events.tracking import ParcelDelivered
from wms.processes.shipping.service import data, judging, labels, returning


async def on_order_accepted(uow: UnitOfWork, event: OrderAccepted) -> None:
    await judging.judge(uow, event.order_id)


async def on_order_changed(uow: UnitOfWork, event: OrderChanged) -> None:
    if {"destination", "lines", "elsewhere"} & set(event.what):
        await judging.judge(uow, event.order_id)


async def on_data_changed(uow: UnitOfWork, event: ShippingDataChanged) -> None:
    await judging.judge_held(uow)


async def rejudge(uow: UnitOfWork) -> None:
    """A version may begin or end by its date alone: what is held is looked at again."""
    await judging.judge_held(uow)


async def on_label_wanted(uow: UnitOfWork, event: LabelWanted) -> None:
    await labels.want(uow, event)


async def on_label_dropped(uow: UnitOfWork, event: LabelDropped) -> None:
    await labels.drop(uow, event.parcel_id, event.sscc, event.reason)


async def on_return_label_wanted(uow: UnitOfWork, event: ReturnLabelWanted) -> None:
    await returning.want(uow, event)


async def on_return_label_dropped(uow: UnitOfWork, event: ReturnLabelDropped) -> None:
    await labels.drop(uow, event.rma_id, event.number, event.reason)


async def on_carrier_answered(uow: UnitOfWork, event: CarrierAnswered) -> None:
    await labels.take_answer(uow, event)


async def on_parcel_delivered(uow: UnitOfWork, event: ParcelDelivered) -> None:
    await data.learn_transit(uow, event)
