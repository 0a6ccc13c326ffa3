"""Receipts with their counted lines, the units they fill, and what passed the gate."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Receipt(Base):
    """One delivery, or one day of it, at one station. States: open, closed."""

    __tablename__ = "receipt"
    id: Mapped[uuid_pk]
    notice_id: Mapped[UUID | None] = mapped_column(index=True)
    """None: goods that nobody announced."""
    supplier: Mapped[str] = mapped_column(default="")
    station: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ReceiptLine(Base):
    """One count of one SKU on one unit. States: rules.NEXT."""

    __tablename__ = "receipt_line"
    id: Mapped[uuid_pk]
    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipt.id"), index=True)
    notice_line_id: Mapped[UUID | None] = mapped_column(index=True)
    follows_id: Mapped[UUID | None] = mapped_column(index=True)
    """The line that is weighed and labelled for this one: a pallet confirmed whole."""
    station: Mapped[str]
    state: Mapped[str]
    sku_id: Mapped[int]
    qty_each: Mapped[int]
    """All that came, damaged pieces included."""
    damaged_each: Mapped[int] = mapped_column(default=0)
    damage_reason: Mapped[str] = mapped_column(default="")
    keyed: Mapped[dict[str, Any]]
    """Pack level to packs, as counted."""
    how: Mapped[str] = mapped_column(default="count")
    """count or gate."""
    lot: Mapped[str] = mapped_column(default="")
    lot_id: Mapped[int] = mapped_column(default=0)
    expires_on: Mapped[date | None]
    serials: Mapped[list[Any]] = mapped_column(default=list)
    """Of serialised pieces, the damaged ones last."""
    status: Mapped[str]
    """Of the sound pieces."""
    why: Mapped[str] = mapped_column(default="")
    """Why they are on hold."""
    unit: Mapped[str] = mapped_column(default="")
    """case, pallet or onto: what it is to be put on."""
    hu_id: Mapped[int] = mapped_column(default=0)
    hu_code: Mapped[str] = mapped_column(default="")
    measure: Mapped[list[Any]] = mapped_column(default=list)
    """[[SKU id, level], ...] still to be put on the dimensioner."""
    parts: Mapped[list[Any]] = mapped_column(default=list)
    """Every carton: [{level, sku_id, qty_each, expected_g, piece_g, weight_g}], weighed in this order."""
    weight_g: Mapped[int] = mapped_column(default=0)
    flags: Mapped[list[Any]] = mapped_column(default=list)
    """What the dimensioner or the scale said against the last try."""
    counted_by: Mapped[str]
    counted_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("qty_each > 0 AND damaged_each >= 0 AND damaged_each <= qty_each", name="qty"),
        # A scale and a dimensioner tell no names: one load at a time.
        Index(
            "uq_receipt_line_station_busy", "station", unique=True,
            postgresql_where=text("state IN ('measuring','weighing','weight_off')"),
        ),
    )  # fmt: skip


class ReceiptUnit(Base):
    """A handling unit made at the dock. States: filling, closed."""

    __tablename__ = "receipt_unit"
    hu_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    station: Mapped[str] = mapped_column(index=True)
    receipt_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="filling")
    labelled: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]


class GatePassage(Base):
    """One passage through an RFID gate with all its evidence."""

    __tablename__ = "gate_passage"
    id: Mapped[uuid_pk]
    gate: Mapped[str]
    session_id: Mapped[str]
    direction: Mapped[str]
    at: Mapped[datetime]
    epcs: Mapped[list[Any]]
    surplus: Mapped[list[Any]]
    """Passed, and on no open notice."""
    stray: Mapped[list[Any]]
    resident: Mapped[list[Any]]
    """Live at the gate: forklift, pallet jack."""
    unknown: Mapped[list[Any]]
    overflow: Mapped[bool]
    __table_args__ = (UniqueConstraint("gate", "session_id"), Index("ix_gate_passage_at", "at"))


class GateMatch(Base):
    """What passages said of one notice line. Verdict: identified, or hand_count."""

    __tablename__ = "gate_match"
    id: Mapped[uuid_pk]
    passage_id: Mapped[UUID] = mapped_column(ForeignKey("gate_passage.id"), index=True)
    notice_id: Mapped[UUID] = mapped_column(index=True)
    notice_line_id: Mapped[UUID] = mapped_column(index=True)
    verdict: Mapped[str]
    expected: Mapped[int]
    identified: Mapped[int]
    missing: Mapped[list[Any]]
    surplus: Mapped[list[Any]]
    found_later: Mapped[int] = mapped_column(default=0)
    """Pieces that the gate missed and the count found."""
