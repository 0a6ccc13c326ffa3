"""Waves, the plan of each order in them, and the channels that release them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, int_pk, uuid_pk


class Wave(Base):
    """States: planning, planned, releasing, released, paused, done, undone."""

    __tablename__ = "wave"
    id: Mapped[uuid_pk]
    name: Mapped[str]
    state: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(default="")
    draft: Mapped[bool] = mapped_column(default=False)
    """Its plan is shown before it is released."""
    method: Mapped[str] = mapped_column(default="cluster")
    """cluster: each order whole on one cart. zone: each zone's share by itself, put together at the wall.
    goods_to_person: vehicles bring pods to a station."""
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("release_channel.id"))
    planned_at: Mapped[datetime | None]
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The tours as planned: orders, stops, length_mm, time_s, path; cartons and refusals counted."""


class WaveOrder(Base):
    """States: planning, planned, released, refused, withdrawn."""

    __tablename__ = "wave_order"
    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    state: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    tour: Mapped[int] = mapped_column(default=0)
    """Number of its tour in the plan, from 1."""
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What is to be reserved and how it is packed, until it is released."""
    __table_args__ = (
        Index("ix_wave_order_open", "order_id", postgresql_where=text("state IN ('planning','planned')")),
    )


class ReleaseChannel(Base):
    """A queue of orders with its own rules; the first in sequence that takes an order has it."""

    __tablename__ = "release_channel"
    id: Mapped[int_pk]
    code: Mapped[str] = mapped_column(unique=True)
    seq: Mapped[int]
    mode: Mapped[str]
    method: Mapped[str] = mapped_column(default="cluster")
    """Of the waves it releases."""
    state: Mapped[str] = mapped_column(default="open")
    wakes_at: Mapped[datetime | None]
    filter: Mapped[dict[str, Any]] = mapped_column(default=dict)
    wip_max: Mapped[int] = mapped_column(default=0)
    lead_min: Mapped[int] = mapped_column(default=0)
    filling_at: Mapped[datetime | None]
    """Since when its next tours are being chosen; a choice that was lost is made anew."""
    __table_args__ = (
        CheckConstraint("mode IN ('stream','wave')", name="mode"),
        CheckConstraint("state IN ('open','locked','asleep')", name="state"),
        CheckConstraint("method IN ('cluster','zone','goods_to_person','singles')", name="method"),
        CheckConstraint("wip_max >= 0 AND lead_min >= 0", name="limits"),
    )
