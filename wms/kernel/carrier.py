"""The contract of a carrier adapter: what it is asked, what it answers, and the three ways in which it fails.

An adapter is a class of the entry point group `wms.carriers`, made with its account's configuration (docs/plugins.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class BuyLabel:
    """Buy one label, at most once a `key`. mm and g as packed; values in cents of `currency`."""

    key: str
    """The same at every try: the carrier sells one label for it."""
    service: str
    reference: str
    """The parcel's own number (SSCC)."""
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    recipient: dict[str, Any]
    duty_term: str
    value_cents: int
    currency: str
    contents: list[dict[str, Any]]
    """[{sku, name, pieces, value_cents, attributes, un_number}]; value of one piece."""
    number: int = 1
    of: int = 1
    sender: dict[str, Any] = field(default_factory=dict)
    """Who hands it over; filled on a return's label, empty where the account's own address sends."""


@dataclass(frozen=True, slots=True)
class SoldLabel:
    """The label that a key has bought. `document` is its bytes in base64; `voided` when it was given back."""

    key: str
    tracking: str
    carrier_ref: str
    format: str
    """zpl, png or pdf."""
    document: str
    price_cents: int
    currency: str
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """A parcel seen by the carrier. `code`: accepted, in_transit, export, import, customs_hold, customs_released, out_for_delivery,
    delivered, exception, lost, damaged or returned."""

    at: str
    """ISO 8601 with its zone."""
    code: str
    place: str
    text: str = ""


class CarrierRefused(Exception):
    """The carrier said no, for good: nothing was bought, or nothing voided."""

    def __init__(self, code: str, why: str) -> None:
        self.code, self.why = code, why
        super().__init__(f"{code}: {why}")


class CarrierSilent(Exception):
    """Nobody knows whether it happened: asked after by the key, never done again blindly."""


class CarrierAway(Exception):
    """It surely did not happen: the carrier was not reached, or asked to come back later."""


class Carrier(Protocol):
    """Every method may raise CarrierRefused, CarrierSilent or CarrierAway; any other exception counts as CarrierSilent."""

    async def buy(self, wanted: BuyLabel) -> SoldLabel:
        """Buy; the same key again is answered with the same label."""

    async def get(self, key: str) -> SoldLabel | None:
        """What this key has bought; None when the carrier surely does not know it."""

    async def void(self, key: str, carrier_ref: str) -> None:
        """Give a label back before its parcel is handed over; one that is void already is no error."""

    async def track(self, tracking: str) -> Sequence[Scan]:
        """Every scan so far, oldest first."""

    async def manifest(self, trackings: Sequence[str]) -> str:
        """Tell which parcels are handed over. Returns the carrier's number for it."""

    async def close(self) -> None:
        """Let go of connections."""
