"""Facts of value-added services."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class WorkOrderEnded(Event):
    """`state`: done or cancelled; `done_each` of `qty_each` units were worked."""

    name: ClassVar[str] = "value_added.work_order_ended.v1"
    stream: ClassVar[str] = "work_order_id"
    work_order_id: UUID
    ref: str
    state: str
    qty_each: int
    done_each: int


@dataclass(frozen=True, slots=True)
class ShipmentDeparted(Event):
    """Boxes left for a marketplace's warehouse."""

    name: ClassVar[str] = "value_added.shipment_departed.v1"
    stream: ClassVar[str] = "shipment_id"
    shipment_id: UUID
    ref: str
    centre: str
    boxes: int
    pieces: int
    short_each: int
