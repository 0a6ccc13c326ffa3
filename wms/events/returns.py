"""Facts of returns."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ReturnAuthorised(Event):
    """Pieces of a shipped order may come back; `method`: label, address, keep (refunded without return), unannounced."""

    name: ClassVar[str] = "returns.return_authorised.v1"
    stream: ClassVar[str] = "order_id"
    rma_id: UUID
    order_id: UUID
    number: str
    method: str


@dataclass(frozen=True, slots=True)
class ReturnLabelWanted(Event):
    """A return is to come back with a label of a carrier's service. `contents`: SKU id to pieces; `depot`: where it is brought."""

    name: ClassVar[str] = "returns.label_wanted.v1"
    stream: ClassVar[str] = "rma_id"
    rma_id: UUID
    order_id: UUID
    number: str
    service: str
    contents: dict[str, int]
    depot: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReturnLabelDropped(Event):
    """The label of this return will not be used."""

    name: ClassVar[str] = "returns.label_dropped.v1"
    stream: ClassVar[str] = "rma_id"
    rma_id: UUID
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class ItemGraded(Event):
    """A returned item was graded; `outcome`: available, damaged, refurbish, scrap."""

    name: ClassVar[str] = "returns.item_graded.v1"
    stream: ClassVar[str] = "order_id"
    rma_id: UUID
    order_id: UUID
    sku_id: int
    qty_each: int
    grade: str
    outcome: str


@dataclass(frozen=True, slots=True)
class ReturnClosed(Event):
    """Nothing more is expected of a return. Money in cents of the order's currency."""

    name: ClassVar[str] = "returns.return_closed.v1"
    stream: ClassVar[str] = "order_id"
    rma_id: UUID
    order_id: UUID
    number: str
    received_each: int
    refund_cents: int
    cost_cents: int


@dataclass(frozen=True, slots=True)
class ReturnPolicyChanged(Event):
    """A policy or the site's rates were loaded: authorisations held for want of them are decided again."""

    name: ClassVar[str] = "returns.policy_changed.v1"
    stream: ClassVar[str] = "policy_id"
    policy_id: UUID


@dataclass(frozen=True, slots=True)
class MatterSettled(Event):
    """What an incident of returns waited for has been decided; `key` is the incident's."""

    name: ClassVar[str] = "returns.matter_settled.v1"
    stream: ClassVar[str] = "key"
    key: str
    outcome: str
