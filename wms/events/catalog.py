"""Facts of the catalog."""

from dataclasses import dataclass
from typing import ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class CartonChanged(Event):
    """A carton is new, or another size, supplier or revision."""

    name: ClassVar[str] = "catalog.carton_changed.v1"
    stream: ClassVar[str] = "code"
    code: str


@dataclass(frozen=True, slots=True)
class SerialsSwitchedOn(Event):
    """A SKU keeps serials from now on; pieces that are here already have none."""

    name: ClassVar[str] = "catalog.serials_switched_on.v1"
    stream: ClassVar[str] = "sku_id"
    sku_id: int


@dataclass(frozen=True, slots=True)
class SkuMeasured(Event):
    """A SKU or pack level got its true size and weight."""

    name: ClassVar[str] = "catalog.sku_measured.v1"
    stream: ClassVar[str] = "sku_id"
    sku_id: int
    level: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
