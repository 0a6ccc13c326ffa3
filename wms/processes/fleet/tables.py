"""Vehicles as last reported, and transports."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Vehicle(Base):
    """The last state a vehicle reported; the console renders it stale by `seen_at`, never by a stored flag."""

    __tablename__ = "vehicle"
    device: Mapped[str] = mapped_column(primary_key=True)
    x_mm: Mapped[int] = mapped_column(default=0)
    y_mm: Mapped[int] = mapped_column(default=0)
    theta_mrad: Mapped[int] = mapped_column(default=0)
    battery_pct: Mapped[int] = mapped_column(default=0)
    mode: Mapped[str] = mapped_column(default="")
    connection: Mapped[str] = mapped_column(default="")
    last_node: Mapped[str] = mapped_column(default="")
    errors: Mapped[str] = mapped_column(default="")
    e_stop: Mapped[str] = mapped_column(default="NONE")
    seen_at: Mapped[datetime]


class Transport(Base):
    """States: waiting, driving, done, failed (a person carries it)."""

    __tablename__ = "transport"
    id: Mapped[uuid_pk]
    hu_id: Mapped[int]
    from_place_id: Mapped[int]
    to_place_id: Mapped[int]
    purpose: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    vehicle: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    why: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    command_id: Mapped[UUID | None]
    __table_args__ = (Index("ix_transport_open", "id", postgresql_where=text("state IN ('waiting','driving')")),)
