"""What was counted, what did not agree, and the site's settings."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class CountSetting(Base):
    """The site's rules of counting, one row."""

    __tablename__ = "count_setting"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    daily_share_pct: Mapped[int] = mapped_column(default=5)
    """Positions to count each day."""
    empty_checks: Mapped[int] = mapped_column(default=5)
    """Locations that the book calls empty, looked at each day."""
    tolerance_each: Mapped[int] = mapped_column(default=0)
    auto_below_cents: Mapped[int] = mapped_column(default=0)
    """Differences of less value are posted without finance; 0: none."""
    review_hours: Mapped[int] = mapped_column(default=48)
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint(
            "daily_share_pct BETWEEN 0 AND 100 AND empty_checks >= 0 AND tolerance_each >= 0", name="range"
        ),
    )


class CountRecord(Base):
    """One count of one position (location x SKU; SKU 0: the location should be empty). Outcome: agreed, recount, variance."""

    __tablename__ = "count_record"
    id: Mapped[uuid_pk]
    task_id: Mapped[UUID] = mapped_column(index=True)
    place_id: Mapped[int]
    sku_id: Mapped[int]
    round: Mapped[int]
    """1: first count; a recount has the next number."""
    origin: Mapped[str]
    """plan, short, found, names or review: why the position was counted."""
    in_rate: Mapped[bool]
    """A random sample: part of the variance rate."""
    counted_each: Mapped[int]
    book_each: Mapped[int]
    """What the ledger held at `scanned_at`."""
    missing: Mapped[list[Any]] = mapped_column(default=list)
    """Serials of the book that were not scanned."""
    extra: Mapped[list[Any]] = mapped_column(default=list)
    """Serials that were scanned and are not in the book here."""
    outcome: Mapped[str]
    counted_by: Mapped[str]
    scanned_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("counted_each >= 0", name="counted"),
        Index("ix_count_record_position", "place_id", "sku_id", "recorded_at"),
        Index("ix_count_record_recorded_at", "recorded_at"),
    )


class CountVariance(Base):
    """A confirmed difference. States: rules.NEXT. At most one is open per position."""

    __tablename__ = "count_variance"
    id: Mapped[uuid_pk]
    place_id: Mapped[int]
    sku_id: Mapped[int]
    state: Mapped[str] = mapped_column(default="open")
    origin: Mapped[str]
    system_each: Mapped[int]
    """Book at the confirming count."""
    counted_each: Mapped[int]
    """The first count."""
    recount_each: Mapped[int]
    """The confirming count."""
    delta_each: Mapped[int]
    value_delta_cents: Mapped[int]
    missing: Mapped[list[Any]] = mapped_column(default=list)
    extra: Mapped[list[Any]] = mapped_column(default=list)
    """Serials, as in the confirming count."""
    missing_reserved_each: Mapped[int] = mapped_column(default=0)
    """Missing pieces that could not be held, being promised to orders or of another status."""
    counters: Mapped[list[Any]]
    """Who counted; none of them may decide."""
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        Index("uq_count_variance_open", "place_id", "sku_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_count_variance_opened_at", "opened_at"),
    )
