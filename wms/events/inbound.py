"""Facts of the receiving dock."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class GoodsReceived(Event):
    """Pieces of one SKU stand on the dock in a handling unit and want a place."""

    name: ClassVar[str] = "inbound.goods_received.v1"
    stream: ClassVar[str] = "hu_id"
    receipt_id: UUID
    hu_id: int
    sku_id: int
    qty_each: int
    status: str


@dataclass(frozen=True, slots=True)
class GateMatched(Event):
    """What the gate saw against the notice."""

    name: ClassVar[str] = "inbound.gate_matched.v1"
    stream: ClassVar[str] = "gate"
    gate: str
    session_id: str
    expected: int
    identified: int
    missing: int
    surplus: int


@dataclass(frozen=True, slots=True)
class NoticeClosed(Event):
    name: ClassVar[str] = "inbound.notice_closed.v1"
    stream: ClassVar[str] = "notice_id"
    notice_id: UUID
    ref: str
    over_each: int
    short_each: int
    damaged_each: int
