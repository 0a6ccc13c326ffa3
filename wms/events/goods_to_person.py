"""Facts of the stations that pods are brought to."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class PodCalled(Event):
    """A pod is wanted at a place: at a station (`purpose` pod), or in store again (`purpose` pod_home)."""

    name: ClassVar[str] = "goods_to_person.pod_called.v1"
    stream: ClassVar[str] = "pod_id"
    pod_id: int
    visit_id: UUID
    to_place_id: int
    purpose: str
