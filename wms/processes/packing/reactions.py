"""Scales, printers, tunnels and sorters answer bench and line; orders change under them."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.catalog import CartonChanged, SkuMeasured
from wms.events.devices import ConveyorAlarmed, ParcelInducted, ParcelMeasured, ParcelSorted, WeightMeasured
from wms.events.fleet import UnitDelivered
from wms.events.labels import LabelFailed, LabelPrinted
from wms.events.orders import OrderAccepted, OrderCancelRequested, OrderChanged, OrderFreed
from wms.events.packs import PackChanged
from wms.events.picking import SinglePicked
from wms.events.put_wall import ToteConsolidated
from wms.events.shipping import LabelBought, LabelRefused
from wms.events.slotting import UnitEmptied
from wms.processes.packing import queries
from wms.processes.packing.service import bench, extras, fragile, line, parcels, singles, weights


async def on_order_accepted(uow: UnitOfWork, event: OrderAccepted) -> None:
    """Fragile goods without a valid pack version are not released."""
    await fragile.judge(uow, event.order_id)


async def on_pack_changed(uow: UnitOfWork, event: PackChanged) -> None:
    await fragile.begin(uow, event.sku_id)


async def on_carton_changed(uow: UnitOfWork, event: CartonChanged) -> None:
    """A pack version made with it is not what was tested any more."""
    await fragile.carton_changed(uow, event.code)


async def judge_packs(uow: UnitOfWork) -> None:
    """Tick: tests run out by themselves."""
    await fragile.judge_all(uow)


async def ask_after_scales(uow: UnitOfWork) -> None:
    """Tick: a parcel whose scale tells no weight needs somebody."""
    await bench.ask_after_scales(uow)


async def on_sku_measured(uow: UnitOfWork, event: SkuMeasured) -> None:
    """A unit that was measured alone is the surest teacher of its weight; and who waited for it need not any more."""
    if event.level == "EA":
        await weights.learn_measured(uow, event.sku_id, event.weight_g)


async def on_weight_measured(uow: UnitOfWork, event: WeightMeasured) -> None:
    await bench.take_weight(uow, event.device, event.weight_g, event.interval_g)


async def on_parcel_measured(uow: UnitOfWork, event: ParcelMeasured) -> None:
    if not event.command_id:  # else somebody asked for it: a check piece
        await line.take_result(uow, event)


async def on_parcel_inducted(uow: UnitOfWork, event: ParcelInducted) -> None:
    await line.decide(uow, event)


async def on_parcel_sorted(uow: UnitOfWork, event: ParcelSorted) -> None:
    await line.take_sorted(uow, event)


async def on_conveyor_alarmed(uow: UnitOfWork, event: ConveyorAlarmed) -> None:
    await line.take_alarm(uow, event)


async def forget_passages(uow: UnitOfWork) -> None:
    await line.forget_passages(uow)


async def on_label_printed(uow: UnitOfWork, event: LabelPrinted) -> None:
    purpose, _, parcel_id = event.ref.partition(":")
    if purpose == "packing.label":
        await parcels.label_printed(uow, UUID(parcel_id))
        await line.note_label(uow, UUID(parcel_id))


async def on_label_failed(uow: UnitOfWork, event: LabelFailed) -> None:
    purpose, _, parcel_id = event.ref.partition(":")
    if purpose == "packing.label":
        await parcels.label_failed(uow, UUID(parcel_id), event.outcome, event.code)
    elif purpose == "packing.gift":
        extras.gift_failed(uow, await queries.parcel(uow, UUID(parcel_id)), event.code or event.outcome)


async def on_label_bought(uow: UnitOfWork, event: LabelBought) -> None:
    await parcels.print_bought(uow, event)


async def on_label_refused(uow: UnitOfWork, event: LabelRefused) -> None:
    await parcels.label_refused(uow, event)


async def on_order_freed(uow: UnitOfWork, event: OrderFreed) -> None:
    if not event.holds_left:
        await parcels.free(uow, event.order_id)


async def on_cancel_requested(uow: UnitOfWork, event: OrderCancelRequested) -> None:
    await parcels.cancel_order(uow, event.order_id)


async def on_order_changed(uow: UnitOfWork, event: OrderChanged) -> None:
    await fragile.judge(uow, event.order_id)
    if "destination" in event.what:
        await parcels.readdress(uow, event.order_id)


async def on_single_picked(uow: UnitOfWork, event: SinglePicked) -> None:
    await singles.wait(uow, event.order_id, event.tote)


async def forget_singles(uow: UnitOfWork) -> None:
    await singles.forget(uow)


async def on_unit_delivered(uow: UnitOfWork, event: UnitDelivered) -> None:
    """A cart may arrive with nothing on it that anybody wants."""
    await parcels.release_cart(uow, event.hu_id)


async def on_unit_emptied(uow: UnitOfWork, event: UnitEmptied) -> None:
    """A tote put back empty may have been the last that held its cart at a bench."""
    if event.kind == "tote":
        await parcels.release_cart(uow, event.in_place_id)


async def on_tote_consolidated(uow: UnitOfWork, event: ToteConsolidated) -> None:
    """What was planned to be packed from the tote is packed from its slot; the last tote of a cart lets the cart go."""
    await parcels.packed_from(uow, event.order_id, event.tote, event.slot)
    await parcels.release_cart(uow, event.in_place_id)
