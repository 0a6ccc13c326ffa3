"""Facts of pack versions."""

from dataclasses import dataclass
from typing import ClassVar

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class PackChanged(Event):
    """A pack version of this SKU came, went, was tested, or something that it is made of changed: judge its orders anew."""

    name: ClassVar[str] = "packs.pack_changed.v1"
    stream: ClassVar[str] = "sku_id"
    sku_id: int
