"""Policy rows and the site's data as they are loaded, and which row decides a return."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from wms.processes.returns.rules.states import GRADES, OUTCOMES, REASONS

MOST_FAULTS = 50
Method = Literal["label", "address", "keep", "refuse"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _members(value: Any) -> Any:
    return [x.strip() for x in value.split("|") if x.strip()] if isinstance(value, str) else value


class Row(_In):
    """One row; limits of 0 do not limit. Money in cents of the site's currency."""

    countries: list[str] = Field(default=[], max_length=250)
    """ISO 3166; empty: all. In CSV separated by '|'."""
    value_min_cents: int = Field(default=0, ge=0, le=10**10)
    value_max_cents: int = Field(default=0, ge=0, le=10**10)
    weight_max_g: int = Field(default=0, ge=0, le=10**7)
    families: list[str] = Field(default=[], max_length=100)
    reasons: list[str] = Field(default=[], max_length=20)
    days_max: int = Field(default=0, ge=0, le=3_650)
    """Since delivery, or since shipping where delivery is not known."""
    method: Method
    address: str = Field(default="", max_length=300)
    """Where it is sent to; of a label: what stands on it."""
    restock_pct: int = Field(default=0, ge=0, le=100)
    label_cents: int = Field(default=0, ge=0, le=10**7)
    """What our own label costs us; a carrier's own price takes its place."""
    service: str = Field(default="", max_length=40)
    """Of a label: the shipping service whose carrier sells it. Empty: our own is printed."""
    house_label: bool = False
    """Our own goes out where the carrier sells none; else the return is held."""

    @field_validator("countries", "families", "reasons", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return _members(value)

    @field_validator("countries")
    @classmethod
    def _iso(cls, value: list[str]) -> list[str]:
        if bad := [c for c in value if not (len(c) == 2 and c.isascii() and c.isupper())]:
            raise ValueError(f"{bad[0]!r}: two capital letters of ISO 3166")
        return value

    @field_validator("reasons")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        if bad := [r for r in value if r not in REASONS]:
            raise ValueError(f"{bad[0]!r}: one of {', '.join(REASONS)}")
        return value


class Recipe(_In):
    """How goods of a family, or one SKU, are refurbished. Neither: any goods."""

    family: str = Field(default="", max_length=60)
    sku: str = Field(default="", max_length=64)
    text: str = Field(min_length=1, max_length=500)
    text_zh: str = Field(default="", max_length=500)


class Depot(_In):
    """Where a carrier brings returns to."""

    name: str = Field(min_length=1, max_length=80)
    street: str = Field(min_length=1, max_length=120)
    city: str = Field(min_length=1, max_length=80)
    postcode: str = Field(default="", max_length=20)
    country: str = Field(pattern="^[A-Z]{2}$")
    phone: str = Field(default="", max_length=40)


class Site(_In):
    """What a site says of its returns."""

    depot: Depot | None = None
    """Needed for labels that a carrier sells."""

    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    rates: dict[str, float] = {}
    """Order's currency to what one unit of it is in the site's."""
    handling_cents: int = Field(default=150, ge=0, le=10**6)
    """Work on one returned piece."""
    valid_days: int = Field(default=30, ge=1, le=365)
    """How long an authorisation stands."""
    stray_days: int = Field(default=30, ge=1, le=365)
    """How long a parcel without order is kept."""
    outcomes: dict[str, str] = {"A": "available", "B": "refurbish", "C": "damaged", "scrap": "scrap"}
    refund_pct: dict[str, int] = {"A": 100, "B": 90, "C": 50, "scrap": 0}
    """What a grade leaves of the refund where the fault is not ours."""
    loss_pct: dict[str, int] = {"available": 0, "refurbish": 20, "damaged": 60, "scrap": 100}
    scrap_limit_cents: int = Field(default=5_000, ge=0, le=10**9)
    """Above this value a supervisor approves."""
    rate_pct: int = Field(default=50, ge=1, le=100)
    """Of a buyer's orders returned within a year: suspicious above, from `rate_orders` orders on."""
    rate_orders: int = Field(default=4, ge=1, le=1_000)
    value_cents: int = Field(default=50_000, ge=0, le=10**10)
    """Returned by one buyer within a year: suspicious above."""
    empty_boxes: int = Field(default=2, ge=1, le=100)
    recipes: list[Recipe] = Field(default=[], max_length=500)

    @field_validator("rates")
    @classmethod
    def _rates(cls, value: dict[str, float]) -> dict[str, float]:
        if any(len(k) != 3 or not k.isupper() or not 0 < v < 10**6 for k, v in value.items()):
            raise ValueError("currencies of three capital letters to rates above 0")
        return value

    @field_validator("outcomes")
    @classmethod
    def _outcomes(cls, value: dict[str, str]) -> dict[str, str]:
        if set(value) != set(GRADES) or not set(value.values()) <= set(OUTCOMES):
            raise ValueError(f"each of {', '.join(GRADES)} to one of {', '.join(OUTCOMES)}")
        return value

    @field_validator("refund_pct", "loss_pct")
    @classmethod
    def _shares(cls, value: dict[str, int]) -> dict[str, int]:
        names = GRADES if "A" in value else OUTCOMES
        if set(value) != set(names) or not all(0 <= v <= 100 for v in value.values()):
            raise ValueError(f"each of {', '.join(names)} to 0..100")
        return value

    def rate(self, currency: str) -> float:
        """Of the site's currency for one unit of this; 0: not known."""
        return 1.0 if currency == self.currency else self.rates.get(currency, 0.0)

    def recipe(self, sku: str, family: str) -> Recipe | None:
        """The SKU's own, else its family's, else the general one."""
        ranked = sorted(self.recipes, key=lambda r: (not r.sku, not r.family))
        return next((r for r in ranked if r.sku in ("", sku) and r.family in ("", family)), None)


def said(error: ValidationError, where: str = "") -> list[str]:
    """Faults as "row 3, days_max: ..."."""
    return [
        ", ".join(filter(None, (where, ".".join(str(p) for p in e["loc"])))) + f": {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors()
    ]  # fmt: skip


def check_rows(rows: Iterable[Mapping[str, Any]], first: int = 1) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows as they are kept, and every fault by row and field. Rows count from `first`; empty cells are left out."""
    kept, faults = [], []
    for n, given in enumerate(rows, first):
        try:
            row = Row.model_validate({k: v for k, v in given.items() if v not in ("", None)})
        except ValidationError as error:
            faults += said(error, f"row {n}")
            continue
        if row.method == "address" and not row.address:
            faults.append(f"row {n}, address: missing")
        if row.method != "label" and (row.service or row.house_label):
            faults.append(f"row {n}, {'service' if row.service else 'house_label'}: only of a label")
        kept.append(row.model_dump())
    if not kept and not faults:
        faults.append("rows: at least one")
    return kept, faults


@dataclass(frozen=True, slots=True)
class Asked:
    """A return as the policy sees it. Value in cents of the site's currency."""

    country: str
    value_cents: int
    weight_g: int
    families: frozenset[str]
    reasons: frozenset[str]
    days: int
    basis: str
    """delivery or shipping: what the days count from."""


@dataclass(frozen=True, slots=True)
class Decision:
    method: Method
    why: str
    row: Row | None


def choose(rows: Sequence[Mapping[str, Any]], asked: Asked) -> Decision:
    """The first row that fits decides; where none does the return is refused, and why says how close each came."""
    missed = []
    for n, raw in enumerate(rows, 1):
        row = Row.model_validate(raw)
        if against := _against(row, asked):
            missed.append(f"row {n}: {against}")
            continue
        facts = f"{asked.country or '-'}, value {asked.value_cents / 100:.2f}, {asked.weight_g} g, {'/'.join(sorted(asked.reasons))}, {asked.days} days since {asked.basis}"
        return Decision(row.method, f"row {n}: {row.method}; {facts}", row)
    return Decision("refuse", "no row fits: " + "; ".join(missed[:10]), None)


def _against(row: Row, asked: Asked) -> str:
    if row.countries and asked.country not in row.countries:
        return f"country {asked.country or '-'}"
    if asked.value_cents < row.value_min_cents or (row.value_max_cents and asked.value_cents > row.value_max_cents):
        return f"value {asked.value_cents / 100:.2f}"
    if row.weight_max_g and asked.weight_g > row.weight_max_g:
        return f"{asked.weight_g} g"
    if row.families and not asked.families <= set(row.families):
        return f"family {'/'.join(sorted(asked.families - set(row.families))) or '-'}"
    if row.reasons and not asked.reasons <= set(row.reasons):
        return f"reason {'/'.join(sorted(asked.reasons - set(row.reasons)))}"
    if row.days_max and asked.days > row.days_max:
        return f"{asked.days} days since {asked.basis}, at most {row.days_max}"
    return ""
