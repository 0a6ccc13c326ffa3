"""Ledger tables. The application's role may read them; only the SQL functions of the migration write them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, int_pk


class StockStatus(Base):
    """The one table of what each status allows (DOMAIN: rules of the processes)."""

    __tablename__ = "stock_status"
    code: Mapped[str] = mapped_column(primary_key=True)
    allocatable: Mapped[bool]
    countable: Mapped[bool]
    movable: Mapped[bool]
    shown: Mapped[bool]
    """Shown to sales channels."""


class StatusChange(Base):
    """A legal change of status and the least role that may make it."""

    __tablename__ = "status_change"
    from_status: Mapped[str] = mapped_column(ForeignKey("stock_status.code"), primary_key=True)
    to_status: Mapped[str] = mapped_column(ForeignKey("stock_status.code"), primary_key=True)
    role: Mapped[str]


class Lot(Base):
    """A batch with its dates and papers. Every receipt date makes a lot, so that dates survive every move."""

    __tablename__ = "lot"
    id: Mapped[int_pk]
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    code: Mapped[str] = mapped_column(default="")
    received_on: Mapped[date]
    expires_on: Mapped[date] = mapped_column(server_default=text("'9999-12-31'"))
    declaration: Mapped[str] = mapped_column(default="")
    """Customs declaration number and item, empty for free stock."""
    __table_args__ = (UniqueConstraint("sku_id", "code", "received_on", "expires_on", "declaration"),)


class HandlingUnit(Base):
    """A pallet, case, tote or parcel. It stands in a place (which may be another unit) and moves with its content."""

    __tablename__ = "handling_unit"
    id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True, autoincrement=False)
    kind: Mapped[str]
    """pallet, case, tote, parcel, cart, bag (of parcels for one carrier); pod: a rack that a vehicle carries, with units for its compartments or none."""
    code: Mapped[str] = mapped_column(unique=True)
    """Licence plate; an SSCC where it leaves the building."""
    in_place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    bound_to: Mapped[UUID | None] = mapped_column(index=True)
    """The order that a tote or parcel serves."""
    closed_at: Mapped[datetime | None]
    weight_g: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        CheckConstraint("kind IN ('pallet','case','tote','parcel','cart','pod','bag')", name="kind"),
        CheckConstraint("id <> in_place_id", name="nesting"),
    )


class HuMove(Base):
    """Where a unit was put, append-only."""

    __tablename__ = "hu_move"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, Identity())
    hu_id: Mapped[int] = mapped_column(index=True)
    from_place_id: Mapped[int]
    to_place_id: Mapped[int]
    cause: Mapped[str]
    actor: Mapped[str]
    request_id: Mapped[UUID]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Balance(Base):
    """What a place holds of one (SKU, lot, owner, status). Virtual places have no balance row."""

    __tablename__ = "stock_balance"
    id: Mapped[int_pk]
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    status: Mapped[str] = mapped_column(ForeignKey("stock_status.code"))
    qty_each: Mapped[int]
    allocated_each: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    version: Mapped[int] = mapped_column(server_default=text("1"), default=1)
    __table_args__ = (
        UniqueConstraint("place_id", "sku_id", "lot_id", "owner_id", "status", name="uq_stock_balance_grain"),
        CheckConstraint("qty_each >= 0", name="qty_not_negative"),
        CheckConstraint("allocated_each >= 0 AND allocated_each <= qty_each", name="allocated_within"),
        Index("ix_stock_balance_sku", "sku_id", "status", postgresql_where=text("qty_each > 0")),
        {"postgresql_with": {"fillfactor": "70"}},
    )


class Movement(Base):
    """One step of goods, immutable: takes from one holder and status, gives to another."""

    __tablename__ = "movement"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID]
    line: Mapped[int]
    sku_id: Mapped[int]
    lot_id: Mapped[int]
    owner_id: Mapped[int]
    from_place_id: Mapped[int]
    to_place_id: Mapped[int]
    from_status: Mapped[str]
    to_status: Mapped[str]
    qty_each: Mapped[int]
    reservation_id: Mapped[UUID | None]
    reason: Mapped[str]
    cause: Mapped[str]
    actor: Mapped[str]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("qty_each > 0", name="qty_positive"),
        CheckConstraint("from_place_id <> to_place_id OR from_status <> to_status OR reason = 'named'", name="moves"),
        UniqueConstraint("request_id", "line", name="uq_movement_request_line"),
        Index("ix_movement_sku", "sku_id", "recorded_at"),
        Index("ix_movement_ship", "from_place_id", postgresql_where=text("reason = 'ship'")),
    )


class Reservation(Base):
    """A pending transfer: posts, is voided, or expires. `open_each` of it still counts as allocated."""

    __tablename__ = "reservation"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    demand: Mapped[str]
    """What wants it, e.g. order_line:<id>."""
    balance_id: Mapped[int] = mapped_column(ForeignKey("stock_balance.id"), index=True)
    qty_each: Mapped[int]
    open_each: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    """pending, posted, voided or expired."""
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("qty_each > 0 AND open_each >= 0 AND open_each <= qty_each", name="qty"),
        CheckConstraint("(state = 'pending') = (open_each > 0)", name="state_open"),
        Index("ix_reservation_demand", "demand"),
        Index("ix_reservation_expiry", "expires_at", postgresql_where=text("state = 'pending'")),
    )


class Serial(Base):
    """A serialised unit: the primary key puts it in exactly one place."""

    __tablename__ = "serial"
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    serial: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    status: Mapped[str]


class MovementSerial(Base):
    __tablename__ = "movement_serial"
    movement_id: Mapped[UUID] = mapped_column(ForeignKey("movement.id"), primary_key=True)
    serial: Mapped[str] = mapped_column(primary_key=True, index=True)
