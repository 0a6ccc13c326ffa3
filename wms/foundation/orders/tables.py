"""Order tables. Quantities are base units."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class PurchaseOrder(Base):
    __tablename__ = "purchase_order"
    id: Mapped[uuid_pk]
    ref: Mapped[str] = mapped_column(unique=True)
    supplier: Mapped[str]
    due_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="open")


class PurchaseLine(Base):
    __tablename__ = "purchase_line"
    id: Mapped[uuid_pk]
    purchase_id: Mapped[UUID] = mapped_column(ForeignKey("purchase_order.id"), index=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    qty_each: Mapped[int]
    received_each: Mapped[int] = mapped_column(default=0)


class Notice(Base):
    """A supplier's advance shipping notice. States: open, arrived, closed."""

    __tablename__ = "notice"
    id: Mapped[uuid_pk]
    ref: Mapped[str] = mapped_column(unique=True)
    supplier: Mapped[str]
    purchase_ref: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="open")
    accepted_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class NoticeLine(Base):
    __tablename__ = "notice_line"
    id: Mapped[uuid_pk]
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"), index=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    qty_each: Mapped[int]
    received_each: Mapped[int] = mapped_column(default=0)
    damaged_each: Mapped[int] = mapped_column(default=0)
    lot: Mapped[str] = mapped_column(default="")
    expires_on: Mapped[str] = mapped_column(default="")
    hu_code: Mapped[str] = mapped_column(default="")
    """SSCC of the pallet that it comes on, where told."""
    epcs: Mapped[list[Any]] = mapped_column(default=list)
    """EPCs (hex) of the tagged cartons or units, where told."""
    closed_reason: Mapped[str] = mapped_column(default="")
    __table_args__ = (CheckConstraint("qty_each >= 0 AND received_each >= 0 AND damaged_each >= 0", name="qty"),)


class Carriage(Base):
    """What a service charges for a parcel, told once for all orders that it is the same for."""

    __tablename__ = "carriage"
    key: Mapped[str] = mapped_column(primary_key=True)
    ladders: Mapped[dict[str, Any]]
    """Carton to [[up to so many grams gross, cents], ...]."""
    as_is: Mapped[dict[str, Any]]
    """SKU id to the cents of a piece that ships as it is."""
    divisor: Mapped[int]
    dim_over_mm: Mapped[int]
    """All of them as `rules.Prices` has them."""


class CustomerOrder(Base):
    __tablename__ = "customer_order"
    id: Mapped[uuid_pk]
    channel: Mapped[str]
    ref: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    state: Mapped[str]
    priority: Mapped[int] = mapped_column(default=5)
    """1 most urgent, 9 least."""
    cutoff_at: Mapped[datetime]
    """When the carrier's truck leaves."""
    carrier: Mapped[str]
    service: Mapped[str] = mapped_column(default="")
    """Shipping service whose label the carrier sells; empty: the house prints its own."""
    parcel_max_g: Mapped[int] = mapped_column(default=0)
    """What a parcel of its service may weigh; 0: no limit but the cartons' own."""
    parcel_max_cents: Mapped[int] = mapped_column(default=0)
    """What a parcel of it may be worth, in the order's currency; 0: no limit."""
    carriage: Mapped[str] = mapped_column(default="")
    """Key of what its service charges for a parcel of each carton; empty: not known."""
    duty_term: Mapped[str] = mapped_column(default="")
    """DAP or DDP: who pays duty; empty: not chosen, or none falls due."""
    customs_mode: Mapped[str] = mapped_column(default="")
    """9610, 9710, 9810, plain or domestic; empty: not chosen."""
    fixed: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the host chose of service, duty_term and customs_mode, as it was accepted."""
    currency: Mapped[str] = mapped_column(default="USD")
    promised_at: Mapped[datetime | None]
    """When the customer was promised it."""
    gift: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{message, wrap}; empty: no gift."""
    holds: Mapped[list[Any]] = mapped_column(default=list)
    """Why it may not go on: [{kind, code, why, fields, at}], one a kind."""
    destination: Mapped[dict[str, Any]]
    short_policy: Mapped[str] = mapped_column(default="ship_partial")
    """complete_only, ship_partial, backorder, cancel_line."""
    may_split: Mapped[bool] = mapped_column(default=False)
    """Of a complete-only order: other warehouses may send a part of it."""
    parcels_max: Mapped[int] = mapped_column(default=3)
    parcels: Mapped[list[Any]] = mapped_column(default=list)
    """Planned parcels: [{carton, expected_g, items: {sku_id: pieces}, placed: [[sku_id, x, y, z, dx, dy, dz]]}], mm. No carton: ships as
    it is."""
    why: Mapped[list[Any]] = mapped_column(default=list)
    """Reasons of the decisions taken for it, newest last."""
    cancel_requested_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    picked_at: Mapped[datetime | None]
    labelled_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        UniqueConstraint("channel", "ref", name="uq_customer_order_channel_ref"),
        Index("ix_customer_order_picked_at", "picked_at", postgresql_where=text("picked_at IS NOT NULL")),
        Index(
            "ix_customer_order_open",
            "state",
            "cutoff_at",
            postgresql_where=text("state NOT IN ('shipped','cancelled')"),
        ),
    )


class OrderLine(Base):
    __tablename__ = "order_line"
    id: Mapped[uuid_pk]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("customer_order.id"), index=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    qty_each: Mapped[int]
    picked_each: Mapped[int] = mapped_column(default=0)
    short_each: Mapped[int] = mapped_column(default=0)
    """Will not be shipped with this order."""
    elsewhere_each: Mapped[int] = mapped_column(default=0)
    """Of the short pieces those that another warehouse sends."""
    bundle: Mapped[str] = mapped_column(default="")
    """Code of the bundle it was exploded from."""
    value_cents: Mapped[int] = mapped_column(default=0)
    """Declared value of one piece, in the order's currency."""
    __table_args__ = (
        CheckConstraint("value_cents >= 0", name="value"),
        CheckConstraint("qty_each >= 0 AND picked_each >= 0 AND short_each >= 0", name="qty"),
        CheckConstraint("picked_each + short_each <= qty_each", name="within"),
        CheckConstraint("elsewhere_each >= 0 AND elsewhere_each <= short_each", name="elsewhere"),
    )


class OrderCheck(Base):
    """A check that every order begins held for: its process frees it, or holds it with a reason."""

    __tablename__ = "order_check"
    kind: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
