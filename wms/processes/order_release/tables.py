"""Waves and the plan of each order in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Wave(Base):
    """States: planning, released, paused, done, undone."""

    __tablename__ = "wave"
    id: Mapped[uuid_pk]
    name: Mapped[str]
    state: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(default="")


class WaveOrder(Base):
    """States: planning, released, refused, withdrawn."""

    __tablename__ = "wave_order"
    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    state: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
