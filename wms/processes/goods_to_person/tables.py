"""Visits of pods to stations, and the orders that are picked there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class PodVisit(Base):
    """States: called (on its way), here, leaving (on its way to store), done."""

    __tablename__ = "pod_visit"
    id: Mapped[uuid_pk]
    pod_id: Mapped[int]
    station: Mapped[str]
    state: Mapped[str] = mapped_column(default="called")
    home_id: Mapped[int] = mapped_column(default=0)
    """Where it goes from the station; 0 until that is chosen."""
    why: Mapped[str] = mapped_column(default="")
    called_at: Mapped[datetime]
    arrived_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('called','here','leaving','done')", name="state"),
        Index("uq_pod_visit_open", "pod_id", unique=True, postgresql_where=text("state <> 'done'")),
    )


class StationOrder(Base):
    """States: waiting (for a free tote), here (its tote stands at the station), picked, gone (left the floor)."""

    __tablename__ = "station_order"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    wave_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="waiting")
    station: Mapped[str] = mapped_column(default="")
    tote: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        CheckConstraint("state IN ('waiting','here','picked','gone')", name="state"),
        Index("ix_station_order_open", "order_id", postgresql_where=text("state IN ('waiting','here')")),
    )
