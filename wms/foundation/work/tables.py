"""Tasks, stations, locked devices and the standards of work."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Task(Base):
    """One piece of work. States: open, claimed, done, shorted, cancelled."""

    __tablename__ = "task"
    id: Mapped[uuid_pk]
    kind: Mapped[str]
    """pick, putaway, count, putback, move, wall, g2p, vas, refurbish; pack is noted when it is done."""
    state: Mapped[str] = mapped_column(default="open")
    priority: Mapped[int] = mapped_column(default=5)
    group_id: Mapped[UUID | None]
    """Tour, plan or receipt that it is part of."""
    seq: Mapped[int] = mapped_column(default=0)
    """Order within the group."""
    place_id: Mapped[int] = mapped_column(default=0)
    """Where it is done, 0 when not at a place."""
    to_place_id: Mapped[int] = mapped_column(default=0)
    sku_id: Mapped[int] = mapped_column(default=0)
    qty_each: Mapped[int] = mapped_column(default=0)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What only the owning process reads."""
    why: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    claimed_by: Mapped[str] = mapped_column(default="")
    claimed_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        Index("ix_task_open", "kind", "priority", "id", postgresql_where=text("state IN ('open','claimed')")),
        Index("ix_task_group", "group_id", "seq"),
        Index("ix_task_done", "done_at", postgresql_where=text("done_at IS NOT NULL")),
    )


class Station(Base):
    """A bench with its equipment: which scale, printer and dimensioner serve it."""

    __tablename__ = "station"
    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """receive, wall, g2p, pack, vas, ship or returns."""
    location: Mapped[str]
    """Code of the location that it is."""
    scale: Mapped[str] = mapped_column(default="")
    printer: Mapped[str] = mapped_column(default="")
    dimensioner: Mapped[str] = mapped_column(default="")
    gate: Mapped[str] = mapped_column(default="")
    light: Mapped[str] = mapped_column(default="")
    """Controller of its lights."""
    pods_max: Mapped[int] = mapped_column(default=3)
    """g2p: pods that have room there, those on their way in and out counted."""
    active: Mapped[bool] = mapped_column(default=True)


class DeviceLock(Base):
    """A device whose results must not be used until it is let back."""

    __tablename__ = "device_lock"
    device: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    locked_by: Mapped[str]
    locked_at: Mapped[datetime]


class WorkStandard(Base):
    """How long a kind of work takes, learned from the site's own timings."""

    __tablename__ = "work_standard"
    kind: Mapped[str] = mapped_column(primary_key=True)
    walk_mm_s: Mapped[float]
    stop_s: Mapped[float]
    piece_s: Mapped[float]
    fixed_s: Mapped[float]
    samples: Mapped[int]
    learned_at: Mapped[datetime]
