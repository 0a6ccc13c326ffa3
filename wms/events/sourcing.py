"""Facts of sourcing: what other warehouses have."""

from dataclasses import dataclass
from typing import ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class WarehouseReported(Event):
    """A warehouse's data or its stock changed: orders that wait are judged anew."""

    name: ClassVar[str] = "sourcing.warehouse_reported.v1"
    stream: ClassVar[str] = "warehouse"
    warehouse: str
