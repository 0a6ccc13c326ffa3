"""Check pieces and what they showed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class CheckPiece(Base):
    """A certified weight or a rigid body of known size. A measure that it does not have is 0."""

    __tablename__ = "check_piece"
    code: Mapped[str] = mapped_column(primary_key=True)
    weight_g: Mapped[int] = mapped_column(default=0)
    length_mm: Mapped[int] = mapped_column(default=0)
    width_mm: Mapped[int] = mapped_column(default=0)
    height_mm: Mapped[int] = mapped_column(default=0)
    certificate: Mapped[str] = mapped_column(default="")
    valid_until: Mapped[date | None]
    """After it the piece proves nothing."""
    __table_args__ = (
        CheckConstraint("weight_g >= 0 AND length_mm >= 0 AND width_mm >= 0 AND height_mm >= 0", name="sizes"),
    )


class DeviceCheck(Base):
    """One check of one measure. States: asked, passed, failed, void (nothing was measured, or the piece is unfit)."""

    __tablename__ = "device_check"
    id: Mapped[uuid_pk]
    device: Mapped[str]
    measure: Mapped[str]
    piece: Mapped[str] = mapped_column(ForeignKey("check_piece.code"))
    state: Mapped[str] = mapped_column(default="asked")
    interval: Mapped[int] = mapped_column(default=0)
    """Of the device, in g or mm."""
    reference: Mapped[list[Any]]
    """[g], or [mm, mm, mm] longest first."""
    measured: Mapped[list[Any]] = mapped_column(default=list)
    error_pct: Mapped[float] = mapped_column(default=0.0)
    """Of the worst measure, against its reference."""
    allowed_pct: Mapped[float] = mapped_column(default=0.0)
    """What that measure's error must stay below."""
    why: Mapped[str] = mapped_column(default="")
    command_id: Mapped[UUID]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("measure IN ('weight','size')", name="measure"),
        CheckConstraint("state IN ('asked','passed','failed','void')", name="state"),
        Index("ix_device_check_device", "device", "measure", "asked_at"),
    )
