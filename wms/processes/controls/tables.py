"""Control points as data, and their samples."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base


class ControlPoint(Base):
    """One row of the register. `limit_op` and `limit_value` judge; `limit_text` is what people read where that is not all."""

    __tablename__ = "control_point"
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    node: Mapped[str]
    """Where in the flow it is measured."""
    measure: Mapped[str]
    unit: Mapped[str]
    limit_op: Mapped[str] = mapped_column(default="")
    """>=, <=, < or none: nothing to judge by one number."""
    limit_value: Mapped[float | None]
    """In `unit`; None: the site has set no target."""
    limit_text: Mapped[str] = mapped_column(default="")
    window: Mapped[str]
    action: Mapped[str]
    owner: Mapped[str]
    """supervisor, finance, quality, planning, shipping or customer_side."""
    deadline_h: Mapped[float]
    calendar: Mapped[str] = mapped_column(default="wall")
    """wall, or working: site working hours."""
    active: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(default="no_data")
    """As last sampled: ok, out or no_data."""
    state_since: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    """When its incident was last raised."""
    __table_args__ = (
        CheckConstraint("limit_op IN ('', '>=', '<=', '<')", name="op"),
        CheckConstraint("calendar IN ('wall', 'working')", name="calendar"),
    )


class ControlSample(Base):
    """A value at a time; kept for rules.KEEP_DAYS."""

    __tablename__ = "control_sample"
    control_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[float]
    state: Mapped[str]
    __table_args__ = (Index("ix_control_sample_at", "at"),)
