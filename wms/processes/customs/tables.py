"""Customs tables. Money in cents of the named currency, weights in grams."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class RuleTable(Base):
    """One loading of one kind of rules. Never changed: what was judged by it can be read back."""

    __tablename__ = "customs_table"
    id: Mapped[uuid_pk]
    kind: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    rows: Mapped[list[Any]]
    source: Mapped[str] = mapped_column(default="")
    loaded_by: Mapped[str]
    loaded_at: Mapped[datetime]
    __table_args__ = (Index("ix_customs_table_kind", "kind", "valid_from"),)


class FilingRow(Base):
    """A version of what is on file of a SKU."""

    __tablename__ = "customs_filing"
    id: Mapped[uuid_pk]
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    version: Mapped[int]
    current: Mapped[bool] = mapped_column(default=True)
    hs_code: Mapped[str]
    data: Mapped[dict[str, Any]]
    """The filing's other fields, as rules.filings.FIELDS names them."""
    filed_by: Mapped[str]
    filed_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("sku_id", "version"),
        Index("uq_customs_filing_current", "sku_id", unique=True, postgresql_where=text("current")),
    )


class Record(Base):
    """A paper of an order that came from elsewhere: payment, waybill, invoice, contract, booking note. May come before the order."""

    __tablename__ = "customs_record"
    id: Mapped[uuid_pk]
    channel: Mapped[str]
    ref: Mapped[str]
    paper: Mapped[str]
    data: Mapped[dict[str, Any]]
    came_by: Mapped[str]
    came_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("channel", "ref", "paper"),)


class CustomsOrder(Base):
    """An order as it was last judged."""

    __tablename__ = "customs_order"
    order_id: Mapped[uuid_pk]
    ref: Mapped[str]
    country: Mapped[str]
    mode: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(default="")
    fixed: Mapped[str] = mapped_column(default="")
    """Who fixed the mode: host, a person, or nobody."""
    stage: Mapped[str]
    ok: Mapped[bool]
    faults: Mapped[list[Any]]
    """[{code, field, said, difference}]"""
    papers: Mapped[dict[str, Any]]
    unverified: Mapped[list[Any]]
    estimate: Mapped[dict[str, Any]]
    value_cents: Mapped[int]
    currency: Mapped[str]
    judged_at: Mapped[datetime]
    first_fault_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    shipped_ok: Mapped[bool | None]
    """Whether its papers agreed when it left."""
    __table_args__ = (
        Index("ix_customs_order_faulty", "judged_at", postgresql_where=text("NOT ok")),
        Index("ix_customs_order_shipped_at", "shipped_at", postgresql_where=text("shipped_at IS NOT NULL")),
    )


class CustomsParcel(Base):
    """A labelled parcel with its declaration. States: rules/states.py."""

    __tablename__ = "customs_parcel"
    parcel_id: Mapped[uuid_pk]
    order_id: Mapped[UUID] = mapped_column(index=True)
    sscc: Mapped[str]
    tracking: Mapped[str] = mapped_column(default="")
    carrier: Mapped[str]
    mode: Mapped[str]
    gross_g: Mapped[int]
    of: Mapped[int]
    contents: Mapped[dict[str, Any]]
    """SKU code to pieces."""
    state: Mapped[str] = mapped_column(default="draft")
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("customs_batch.id"), index=True)
    declared: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The list's entry exactly as it was declared."""
    answer: Mapped[str] = mapped_column(default="")
    labelled_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (Index("ix_customs_parcel_open", "mode", "state", postgresql_where=text("state <> 'released'")),)


class Batch(Base):
    """Parcels declared together: a list for release, and by month and port the summary of released lists."""

    __tablename__ = "customs_batch"
    id: Mapped[uuid_pk]
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    mode: Mapped[str]
    port: Mapped[str]
    month: Mapped[str]
    """YYYY-MM."""
    state: Mapped[str]
    summary_id: Mapped[UUID | None] = mapped_column(ForeignKey("customs_batch.id"))
    entries: Mapped[list[Any]] = mapped_column(default=list)
    """A summary's goods by code, origin, country and currency; a list's are its parcels' own."""
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("kind IN ('list', 'summary')", name="kind"),)


class CustomsHold(Base):
    """Customs holds a declared parcel until papers answer it, within 24 hours."""

    __tablename__ = "customs_hold"
    id: Mapped[uuid_pk]
    parcel_id: Mapped[UUID] = mapped_column(ForeignKey("customs_parcel.parcel_id"))
    order_id: Mapped[UUID]
    asks: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(default="")
    papers: Mapped[list[Any]] = mapped_column(default=list)
    """Ids of the papers that were sent."""
    __table_args__ = (
        Index("uq_customs_hold_open", "parcel_id", unique=True, postgresql_where=text("answered_at IS NULL")),
    )


class StockItem(Base):
    """An item of an export declaration to an overseas warehouse, and what of it is sold."""

    __tablename__ = "customs_item"
    id: Mapped[uuid_pk]
    declaration: Mapped[str]
    item: Mapped[int]
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), index=True)
    country: Mapped[str]
    qty_each: Mapped[int]
    sold_each: Mapped[int] = mapped_column(default=0)
    value_cents: Mapped[int]
    """Declared value of one piece."""
    currency: Mapped[str]
    exported_on: Mapped[date]
    __table_args__ = (
        UniqueConstraint("declaration", "item"),
        CheckConstraint("qty_each > 0 AND sold_each BETWEEN 0 AND qty_each", name="qty"),
    )


class Sale(Base):
    """Pieces sold of an item; without an item: sold and never declared out."""

    __tablename__ = "customs_sale"
    id: Mapped[uuid_pk]
    item_id: Mapped[UUID | None] = mapped_column(ForeignKey("customs_item.id"), index=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    qty_each: Mapped[int]
    source: Mapped[str]
    """order or report."""
    ref: Mapped[str]
    sold_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    """When the refund of its share was settled."""
    __table_args__ = (
        Index("ix_customs_sale_source", "source", "ref"),
        CheckConstraint("qty_each > 0", name="qty"),
    )


class Paper(Base):
    """A document as it was issued, kept until its rule ends."""

    __tablename__ = "customs_paper"
    id: Mapped[uuid_pk]
    order_id: Mapped[UUID | None] = mapped_column(index=True)
    parcel_id: Mapped[UUID | None]
    batch_id: Mapped[UUID | None]
    kind: Mapped[str]
    number: Mapped[str]
    market: Mapped[str]
    data: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    made_on: Mapped[date]
    keep_until: Mapped[date]
    legal_hold: Mapped[str] = mapped_column(default="")
    """Why it must stay whatever its date says; empty: no legal hold."""
    __table_args__ = (
        UniqueConstraint("number", "kind", "sha256"),
        Index("ix_customs_paper_keep_until", "keep_until", postgresql_where=text("legal_hold = ''")),
    )
