"""Facts of the ledger that others answer. Plain moves are told by the process that makes them."""

from dataclasses import dataclass
from typing import ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class StockStatusChanged(Event):
    name: ClassVar[str] = "stock.status_changed.v1"
    stream: ClassVar[str] = "place_id"
    place_id: int
    sku_id: int
    from_status: str
    to_status: str
    qty_each: int
    reason: str
