"""Other warehouses with their stock as reported, what was decided for orders, and the parts that went elsewhere."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class WarehouseRow(Base):
    """Another warehouse. Its row is locked while its stock is promised, so that two orders do not get the same piece."""

    __tablename__ = "other_warehouse"
    code: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[dict[str, Any]]
    """As rules.warehouses.Warehouse takes it."""
    as_of: Mapped[datetime | None]
    """When its stock was as reported; none: no report yet."""
    reported_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class WarehouseStock(Base):
    """Free pieces as the last report told; what no report names it has none of."""

    __tablename__ = "warehouse_stock"
    warehouse: Mapped[str] = mapped_column(ForeignKey("other_warehouse.code"), primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    qty_each: Mapped[int]
    __table_args__ = (CheckConstraint("qty_each >= 0", name="qty"),)


class SourcingChoice(Base):
    """What was decided for an order that this house cannot serve, and why."""

    __tablename__ = "sourcing_choice"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """wait, split, elsewhere or short."""
    why: Mapped[str]
    considered: Mapped[list[Any]]
    """[[warehouse, what speaks for or against it], ...]."""
    until: Mapped[datetime | None]
    judged_at: Mapped[datetime]


class OrderPart(Base):
    """What another warehouse sends of an order. States: rules.parts.NEXT."""

    __tablename__ = "order_part"
    id: Mapped[uuid_pk]
    channel: Mapped[str]
    ref: Mapped[str]
    order_id: Mapped[UUID] = mapped_column(index=True)
    order_ref: Mapped[str]
    warehouse: Mapped[str] = mapped_column(ForeignKey("other_warehouse.code"))
    state: Mapped[str] = mapped_column(default="told")
    why: Mapped[str]
    cents: Mapped[int]
    lead_days: Mapped[float]
    answer: Mapped[str] = mapped_column(default="")
    """What the host said, or why it was taken back."""
    back_as: Mapped[UUID | None]
    """The order that a refused part became here; none: it came back into its own."""
    told_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("channel", "ref", name="uq_order_part_channel_ref"),
        CheckConstraint("state IN ('told','accepted','refused','cancelled','done')", name="state"),
        Index("ix_order_part_taking", "warehouse", postgresql_where=text("state IN ('told','accepted','done')")),
        Index("ix_order_part_back_as", "back_as", postgresql_where=text("back_as IS NOT NULL")),
    )


class OrderPartLine(Base):
    __tablename__ = "order_part_line"
    part_id: Mapped[UUID] = mapped_column(ForeignKey("order_part.id"), primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    qty_each: Mapped[int]
    __table_args__ = (CheckConstraint("qty_each > 0", name="qty"),)
