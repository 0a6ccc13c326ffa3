"""Policies, authorisations, what came back, what was found wrong, parcels without an order. Money in cents."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class ReturnPolicy(Base):
    """One loaded version; of those valid on a day the last loaded counts."""

    __tablename__ = "return_policy"
    id: Mapped[uuid_pk]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    rows: Mapped[list[Any]]
    """Of rules.policy.Row, the first that fits decides."""
    source: Mapped[str]
    loaded_by: Mapped[str]
    loaded_at: Mapped[datetime]


class ReturnSite(Base):
    """The site's one row: fields of rules.policy.Site."""

    __tablename__ = "return_site"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[dict[str, Any]]
    __table_args__ = (CheckConstraint("id = 1", name="one"),)


class SentParcel(Base):
    """A parcel that left, as its return may be known by."""

    __tablename__ = "sent_parcel"
    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    sscc: Mapped[str] = mapped_column(index=True)
    tracking: Mapped[str] = mapped_column(index=True)
    departed_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class Rma(Base):
    """An authorisation. States: rules.states.NEXT."""

    __tablename__ = "rma"
    id: Mapped[uuid_pk]
    number: Mapped[str] = mapped_column(unique=True)
    channel: Mapped[str]
    ref: Mapped[str]
    """The host's; the number itself where the bench opened it."""
    order_id: Mapped[UUID] = mapped_column(index=True)
    order_ref: Mapped[str]
    state: Mapped[str]
    method: Mapped[str] = mapped_column(default="")
    """label, address, keep, refuse, unannounced; empty while held."""
    reason: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    restock_pct: Mapped[int] = mapped_column(default=0)
    label_cents: Mapped[int] = mapped_column(default=0)
    """What the way back costs us, in the site's currency."""
    hold_code: Mapped[str] = mapped_column(default="")
    why: Mapped[list[Any]] = mapped_column(default=list)
    currency: Mapped[str]
    order_cents: Mapped[int]
    """Value of what was shipped, in the order's currency."""
    rate: Mapped[float] = mapped_column(default=1.0)
    """Cents of the site's currency for one of the order's; 0: not known."""
    buyer: Mapped[str]
    """Hash of the buyer's identity; empty: unknown."""
    station: Mapped[str] = mapped_column(default="")
    refund_cents: Mapped[int] = mapped_column(default=0)
    """In the order's currency."""
    cost_cents: Mapped[int] = mapped_column(default=0)
    """Label, handling and loss of value, in the site's currency."""
    advised_at: Mapped[datetime | None]
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("channel", "ref", name="uq_rma_channel_ref"),
        Index("ix_rma_buyer", "buyer", postgresql_where=text("buyer <> ''")),
        Index("ix_rma_state", "state"),
        Index("ix_rma_closed_at", "closed_at"),
    )


class ReturnLabel(Base):
    """The carrier's label that a return comes back with. States: wanted, bought, refused, dropped."""

    __tablename__ = "return_label"
    rma_id: Mapped[UUID] = mapped_column(ForeignKey("rma.id"), primary_key=True)
    service: Mapped[str]
    house: Mapped[bool]
    """Whether our own label goes out where the carrier sells none."""
    state: Mapped[str] = mapped_column(default="wanted")
    tracking: Mapped[str] = mapped_column(default="")
    format: Mapped[str] = mapped_column(default="")
    document: Mapped[str] = mapped_column(default="", deferred=True)
    """Base64."""
    price_cents: Mapped[int] = mapped_column(default=0)
    price_currency: Mapped[str] = mapped_column(default="")
    code: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(default="")
    wanted_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('wanted','bought','refused','dropped')", name="state"),
        Index("ix_return_label_tracking", "tracking", postgresql_where=text("tracking <> ''")),
    )


class RmaLine(Base):
    """Pieces of one order line. Never more received than were shipped: checked under the order's lock."""

    __tablename__ = "rma_line"
    id: Mapped[uuid_pk]
    rma_id: Mapped[UUID] = mapped_column(ForeignKey("rma.id"), index=True)
    order_line_id: Mapped[UUID] = mapped_column(index=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    qty_each: Mapped[int]
    """Authorised; 0: came without being announced."""
    received_each: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str]
    value_cents: Mapped[int]
    """Of one piece, in the order's currency."""
    __table_args__ = (CheckConstraint("qty_each >= 0 AND received_each >= 0", name="qty"),)


class ReturnItem(Base):
    """Pieces received together that get one grade. States: rules.states.ITEM."""

    __tablename__ = "return_item"
    id: Mapped[uuid_pk]
    rma_id: Mapped[UUID] = mapped_column(ForeignKey("rma.id"), index=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("rma_line.id"))
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    qty_each: Mapped[int]
    parts: Mapped[list[Any]]
    """[{lot_id, owner_id, qty_each, serials}]: the lots that they were shipped of."""
    place_id: Mapped[int]
    """Where they lie while ungraded."""
    station: Mapped[str]
    state: Mapped[str]
    grade: Mapped[str] = mapped_column(default="")
    first_grade: Mapped[str] = mapped_column(default="")
    """As it came, before any refurbishing: what the refund goes by."""
    outcome: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    loss_cents: Mapped[int] = mapped_column(default=0)
    """Loss of value, in the order's currency."""
    task_id: Mapped[UUID | None]
    received_by: Mapped[str]
    received_at: Mapped[datetime]
    graded_by: Mapped[str] = mapped_column(default="")
    graded_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        CheckConstraint("qty_each > 0", name="qty"),
        Index("ix_return_item_open", "station", postgresql_where=text("state <> 'done'")),
    )


class ReturnFinding(Base):
    """What was wrong with a parcel: wrong_item, extra_item, empty_box, foreign_serial. No stock came of it."""

    __tablename__ = "return_finding"
    id: Mapped[uuid_pk]
    rma_id: Mapped[UUID] = mapped_column(ForeignKey("rma.id"), index=True)
    kind: Mapped[str]
    what: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]


class ReturnPhoto(Base):
    __tablename__ = "return_photo"
    id: Mapped[uuid_pk]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    """An authorisation, an item or a parcel without order."""
    media: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    at: Mapped[datetime]
    by: Mapped[str]


class StrayParcel(Base):
    """A parcel that no order is known for. States: shelved, identified, disposed."""

    __tablename__ = "stray_parcel"
    id: Mapped[uuid_pk]
    number: Mapped[str] = mapped_column(unique=True)
    marks: Mapped[str]
    """What stands on it: tracking, sender."""
    station: Mapped[str]
    state: Mapped[str] = mapped_column(default="shelved")
    rma_id: Mapped[UUID | None]
    at: Mapped[datetime]
    by: Mapped[str]
    due_at: Mapped[datetime]
    """From then on it may be disposed of."""
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    __table_args__ = (Index("ix_stray_parcel_shelved", "due_at", postgresql_where=text("state = 'shelved'")),)


class ReturnFlag(Base):
    """A suspicion of abuse with its reasons, until a person has judged it. States: open, cleared, confirmed."""

    __tablename__ = "return_flag"
    id: Mapped[uuid_pk]
    rma_id: Mapped[UUID] = mapped_column(ForeignKey("rma.id"), unique=True)
    buyer: Mapped[str]
    reasons: Mapped[list[Any]]
    """[{code, ...figures}]."""
    state: Mapped[str] = mapped_column(default="open")
    at: Mapped[datetime]
    reviewed_by: Mapped[str] = mapped_column(default="")
    reviewed_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")
