"""The gate, the scale, the dimensioner and the printer answer the dock."""

from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.devices import GateSessionClosed, ParcelMeasured, WeightMeasured
from wms.events.labels import LabelFailed, LabelPrinted
from wms.processes.inbound import service


async def on_gate_session_closed(uow: UnitOfWork, event: GateSessionClosed) -> None:
    await service.match_passage(uow, event)


async def on_weight_measured(uow: UnitOfWork, event: WeightMeasured) -> None:
    await service.take_weight(uow, event.device, event.weight_g, event.interval_g)


async def on_parcel_measured(uow: UnitOfWork, event: ParcelMeasured) -> None:
    if event.command_id:  # somebody else asked for it
        return
    size_mm = (event.length_mm, event.width_mm, event.height_mm)
    await service.take_size(uow, event.device, size_mm, event.weight_g, event.barcode, event.flags)


async def on_label_printed(uow: UnitOfWork, event: LabelPrinted) -> None:
    purpose, _, line_id = event.ref.partition(":")
    if purpose == "inbound.label":
        await service.label_printed(uow, UUID(line_id))


async def on_label_failed(uow: UnitOfWork, event: LabelFailed) -> None:
    purpose, _, line_id = event.ref.partition(":")
    if purpose == "inbound.label":
        await service.label_failed(uow, UUID(line_id), event.outcome, event.code)
