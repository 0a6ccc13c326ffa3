"""Facts of shipping: carriers' labels, and the data that services are chosen by."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from wms.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class LabelBought(Event):
    """A carrier sold the label for this parcel's number; `document` in base64."""

    name: ClassVar[str] = "shipping.label_bought.v1"
    stream: ClassVar[str] = "parcel_id"
    parcel_id: UUID
    order_id: UUID
    sscc: str
    tracking: str
    format: Literal["zpl", "png", "pdf"]
    document: str
    service: str
    account: str = ""
    days: tuple[int, ...] = ()
    """Tenths of a day that the service states: p10, p50, p90."""


@dataclass(frozen=True, slots=True)
class LabelRefused(Event):
    """No label for this parcel: `why` says what to mend."""

    name: ClassVar[str] = "shipping.label_refused.v1"
    stream: ClassVar[str] = "parcel_id"
    parcel_id: UUID
    order_id: UUID
    sscc: str
    code: str
    why: str
    retry_helps: bool


@dataclass(frozen=True, slots=True)
class ReturnLabelBought(Event):
    """A carrier sold the label that a return comes back with; `document` in base64, what it cost in cents of `currency`."""

    name: ClassVar[str] = "shipping.return_label_bought.v1"
    stream: ClassVar[str] = "rma_id"
    rma_id: UUID
    number: str
    service: str
    tracking: str
    format: Literal["zpl", "png", "pdf"]
    document: str
    price_cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class ReturnLabelRefused(Event):
    """No label for this return: `why` says what to mend. Where a retry helps the carrier goes on being asked."""

    name: ClassVar[str] = "shipping.return_label_refused.v1"
    stream: ClassVar[str] = "rma_id"
    rma_id: UUID
    number: str
    code: str
    why: str
    retry_helps: bool


@dataclass(frozen=True, slots=True)
class ShippingDataChanged(Event):
    """A service, rate card, matrix, policy or goods record was loaded: what is held for shipping is judged anew."""

    name: ClassVar[str] = "shipping.data_changed.v1"
    stream: ClassVar[str] = "what"
    what: str
    """service, card, matrix, policy or goods."""
    code: str
    version: int


@dataclass(frozen=True, slots=True)
class CarrierAnswered(Event):
    """What became of a request to a carrier. `outcome` unknown: it may have happened, and is asked after by its key.

    The label's fields are filled when it is sold; `document` in base64.
    """

    name: ClassVar[str] = "shipping.carrier_answered.v1"
    stream: ClassVar[str] = "parcel_id"
    purchase_id: UUID
    parcel_id: UUID
    verb: Literal["buy", "void"]
    outcome: Literal["bought", "voided", "refused", "unknown"]
    attempt: int
    tracking: str = ""
    carrier_ref: str = ""
    format: str = ""
    document: str = ""
    price_cents: int = 0
    currency: str = ""
    code: str = ""
    why: str = ""
