"""Printers with what is loaded in them, and print jobs, each kept with exactly the bytes that were sent."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Printer(Base):
    """One that nobody has described is a ZPL printer of 203 dpi with 4 × 6 inch labels."""

    __tablename__ = "printer"
    code: Mapped[str] = mapped_column(primary_key=True)
    """The device's id at its gateway."""
    kind: Mapped[str] = mapped_column(default="label")
    """label; mobile, carried to the station; office, A4 sheets that a person prints from a PDF."""
    language: Mapped[str] = mapped_column(default="zpl")
    dpi: Mapped[int] = mapped_column(default=203)
    width_mm: Mapped[float] = mapped_column(Float, default=101.6)
    height_mm: Mapped[float] = mapped_column(Float, default=152.4)
    gap_mm: Mapped[float] = mapped_column(Float, default=3.0)
    stock: Mapped[str] = mapped_column(default="label")
    fallback: Mapped[list[Any]] = mapped_column(default=list)
    """Codes of the printers that take over for this one, the preferred first."""
    state: Mapped[str] = mapped_column(default="unknown")
    """As its gateway last told: online, offline, fault, refused; unknown before."""
    fault: Mapped[str] = mapped_column(default="")
    state_at: Mapped[datetime | None]
    moved_to: Mapped[str] = mapped_column(default="")
    """Who prints in its place now; `queue`: nobody, jobs wait."""
    moved_by: Mapped[str] = mapped_column(default="")
    moved_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("kind IN ('label', 'mobile', 'office')", name="kind"),
        CheckConstraint("language IN ('zpl', 'tspl', 'pdf')", name="language"),
        CheckConstraint("dpi BETWEEN 100 AND 1200 AND width_mm > 0 AND height_mm > 0", name="media"),
    )


class PrintJob(Base):
    """States: queued (no printer), sent, handed (a sheet for a person), printed, failed (nothing came out), unknown
    (something may have), void."""

    __tablename__ = "print_job"
    id: Mapped[uuid_pk]
    kind: Mapped[str]
    """A template, or carrier: a label that arrived finished."""
    printer: Mapped[str]
    """Who prints it."""
    home: Mapped[str] = mapped_column(default="")
    """Whose job it is; another than `printer` while that one's work is moved."""
    language: Mapped[str] = mapped_column(default="")
    content: Mapped[str]
    """What was sent: ZPL as text, TSPL as base64 of zlib; empty while queued or handed out."""
    data: Mapped[dict[str, Any]]
    ref: Mapped[str]
    """What wants it: `<process>:<id>`."""
    serial: Mapped[str] = mapped_column(default="")
    """The number that may be on one piece of paper only."""
    state: Mapped[str] = mapped_column(default="sent")
    code: Mapped[str] = mapped_column(default="")
    command_id: Mapped[UUID | None]
    actor: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    """Why it was printed again."""
    reprint_of: Mapped[UUID | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_print_job_ref", "ref"),
        Index("ix_print_job_open", "created_at", postgresql_where=text("state = 'sent'")),
        Index("ix_print_job_created_at", "created_at"),
        Index("ix_print_job_waiting", "home", "id", postgresql_where=text("state IN ('queued', 'handed')")),
    )
