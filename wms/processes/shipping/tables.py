"""Services, versions of rate cards, matrices and policies, choices, and labels bought."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, int_pk, uuid_pk

_LIVE = "state IN ('buying', 'unknown', 'bought', 'voiding')"


class ShipService(Base):
    __tablename__ = "ship_service"
    code: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    """As rules.services.parse_service takes it."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class ShipVersion(Base):
    """A rate card, a matrix or a policy as it was loaded; never changed, only followed by the next version."""

    __tablename__ = "ship_version"
    id: Mapped[int_pk]
    kind: Mapped[str]
    """card, matrix or policy."""
    code: Mapped[str]
    """A card's service; empty for the others."""
    version: Mapped[int]
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    body: Mapped[dict[str, Any]]
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("kind", "code", "version", name="uq_ship_version_kind_code_version"),
        CheckConstraint("kind IN ('card','matrix','policy')", name="kind"),
    )


class ShipGoods(Base):
    """A SKU's dangerous goods record, per piece: the strongest battery in mWh and mg lithium, cells, net ml; papers with expiry."""

    __tablename__ = "ship_goods"
    sku_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    un_number: Mapped[str] = mapped_column(default="")
    packing_instruction: Mapped[str] = mapped_column(default="")
    energy_mwh: Mapped[int] = mapped_column(default=0)
    lithium_mg: Mapped[int] = mapped_column(default=0)
    cells: Mapped[int] = mapped_column(default=0)
    net_ml: Mapped[int] = mapped_column(default=0)
    papers: Mapped[list[Any]]
    """[{kind, ref, valid_until}]."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class ShipChoice(Base):
    """What was chosen for an order, or why nothing could be."""

    __tablename__ = "ship_choice"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    fixed_service: Mapped[str] = mapped_column(default="")
    """The host's own."""
    fixed_term: Mapped[str] = mapped_column(default="")
    service: Mapped[str] = mapped_column(default="")
    term: Mapped[str] = mapped_column(default="")
    term_why: Mapped[str] = mapped_column(default="")
    code: Mapped[str] = mapped_column(default="")
    """Of the hold; empty when a service was found."""
    why: Mapped[str] = mapped_column(default="")
    cents: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(default="")
    offers: Mapped[list[Any]]
    """Every service with price, days and reasons, the chosen first."""
    judged_at: Mapped[datetime]


class ShipCheck(Base):
    """One judgement of goods against the matrix: at release on the order, at the label on the parcel."""

    __tablename__ = "ship_check"
    id: Mapped[uuid_pk]
    order_id: Mapped[UUID] = mapped_column(index=True)
    parcel_id: Mapped[UUID | None]
    stage: Mapped[str]
    """release or label."""
    passed: Mapped[bool]
    lines: Mapped[int]
    """SKUs judged."""
    bans: Mapped[list[Any]]
    matrix: Mapped[int] = mapped_column(default=0)
    """Version of the matrix judged by; 0: none was valid."""
    at: Mapped[datetime]
    __table_args__ = (CheckConstraint("stage IN ('release','label')", name="stage"),)


class ShipTransit(Base):
    """How long a parcel took, in tenths of a day."""

    __tablename__ = "ship_transit"
    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str]
    country: Mapped[str]
    tenths: Mapped[int]
    at: Mapped[datetime]
    __table_args__ = (Index("ix_ship_transit_service_country_at", "service", "country", "at"),)


class ShipWindow(Base):
    """What the transits of a service to a country have taught, in tenths of a day."""

    __tablename__ = "ship_window"
    service: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[int]
    p10: Mapped[int]
    p50: Mapped[int]
    p90: Mapped[int]
    learned_at: Mapped[datetime]


class ShipPurchase(Base):
    """A label asked of a carrier; `id` is the key that the carrier knows it by. States: rules.saga."""

    __tablename__ = "ship_purchase"
    id: Mapped[uuid_pk]
    kind: Mapped[str] = mapped_column(default="parcel")
    """parcel, or return: what comes back with it is known by its authorisation and the number of that."""
    parcel_id: Mapped[UUID] = mapped_column(index=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    sscc: Mapped[str]
    service: Mapped[str]
    account: Mapped[str]
    state: Mapped[str]
    request: Mapped[dict[str, Any]]
    """What the carrier is asked, as events.shipping.BuyLabel."""
    expected_cents: Mapped[int] = mapped_column(default=0)
    """By the rate card, duty-paid handling included, in `expected_currency`: the site's."""
    expected_currency: Mapped[str] = mapped_column(default="")
    tracking: Mapped[str] = mapped_column(default="")
    carrier_ref: Mapped[str] = mapped_column(default="")
    format: Mapped[str] = mapped_column(default="")
    document: Mapped[str] = mapped_column(default="")
    """Base64."""
    price_cents: Mapped[int] = mapped_column(default=0)
    price_currency: Mapped[str] = mapped_column(default="")
    dropped: Mapped[str] = mapped_column(default="")
    """Why it will not be used; empty while it will."""
    code: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(default="")
    wanted_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('wanted','buying','unknown','bought','voiding','voided','refused')", name="state"),
        CheckConstraint("kind IN ('parcel','return')", name="kind"),
        Index("uq_ship_purchase_live", "parcel_id", unique=True, postgresql_where=text(_LIVE)),
        Index("uq_ship_purchase_wanted", "parcel_id", unique=True, postgresql_where=text("state = 'wanted'")),
        Index("ix_ship_purchase_tracking", "tracking", postgresql_where=text("tracking <> ''")),
    )
