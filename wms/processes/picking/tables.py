"""Tours and the totes on their carts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Tour(Base):
    """States: planned, walking, left (its picker went, the cart stands somewhere), done, cancelled."""

    __tablename__ = "tour"
    id: Mapped[uuid_pk]
    wave_id: Mapped[UUID] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(default="planned")
    priority: Mapped[int] = mapped_column(default=5)
    length_mm: Mapped[int]
    expected_s: Mapped[float] = mapped_column(default=0.0)
    """By the site's standard; 0 where there was none."""
    path: Mapped[list[Any]]
    """Walked polyline [[x_mm, y_mm], ...], ready to draw."""
    station: Mapped[str] = mapped_column(default="")
    zone: Mapped[str] = mapped_column(default="")
    """Whose share of its orders it picks; their totes meet at the put wall. Empty: its orders whole."""
    singles: Mapped[bool] = mapped_column(default=False)
    """Single-unit orders: their pieces share totes, and are matched with the orders at the bench."""
    claimed_by: Mapped[str] = mapped_column(default="")
    cart: Mapped[str] = mapped_column(default="")
    planned_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_tour_open", "priority", "id", postgresql_where=text("state = 'planned'")),)


class TourSlot(Base):
    """One order's tote on the cart; by zone an order has one on each of several."""

    __tablename__ = "tour_slot"
    tour_id: Mapped[UUID] = mapped_column(ForeignKey("tour.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    tote: Mapped[str] = mapped_column(default="")
    done: Mapped[bool] = mapped_column(default=False)
