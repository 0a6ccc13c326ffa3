"""Runs of the ABC classification; proposals to re-slot and their moves; why everything lies where it does."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class VelocityRun(Base):
    """One classification and what it rests on."""

    __tablename__ = "velocity_run"
    id: Mapped[uuid_pk]
    at: Mapped[datetime]
    window_days: Mapped[int]
    lines: Mapped[int]
    skus: Mapped[int]
    changed: Mapped[int]
    sizes: Mapped[dict[str, Any]]
    """Class to number of SKUs."""
    by: Mapped[str]


class SlotPolicy(Base):
    """The site's one row: how many moves are proposed, for how long they are to pay, and whether it is peak."""

    __tablename__ = "slot_policy"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    budget: Mapped[int]
    horizon_days: Mapped[int]
    peak: Mapped[bool]
    lane_size: Mapped[int]
    """SKUs of the golden lane."""
    peak_since: Mapped[datetime | None]
    before: Mapped[dict[str, Any]]
    """Layout before the peak: SKU id of the lane to the walk of one line, mm."""
    __table_args__ = (CheckConstraint("id = 1", name="one"),)


class SlotProposal(Base):
    """States: planning, planned, approved, done, dismissed, dropped."""

    __tablename__ = "slot_proposal"
    id: Mapped[uuid_pk]
    state: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    planned_at: Mapped[datetime | None]
    budget: Mapped[int]
    horizon_days: Mapped[int]
    lane_size: Mapped[int]
    """Of a golden lane; 0: any SKU anywhere."""
    result: Mapped[dict[str, Any]]
    """Walk a day before and after, picks a day by location before and after, what was refused."""


class SlotMove(Base):
    """States: proposed, approved, done, dropped, rejected. Moves of one group are walked in sequence."""

    __tablename__ = "slot_move"
    id: Mapped[uuid_pk]
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("slot_proposal.id"))
    grp: Mapped[int]
    seq: Mapped[int]
    sku_id: Mapped[int]
    grain: Mapped[dict[str, Any]]
    """lot_id, owner_id, status."""
    qty_each: Mapped[int]
    from_place_id: Mapped[int]
    to_place_id: Mapped[int]
    saving_mm: Mapped[float]
    """A day; negative where the move only makes room."""
    walk_mm: Mapped[float]
    net_mm: Mapped[float]
    """Of its whole group over the horizon, walk and handling of the moves taken off."""
    why: Mapped[str]
    state: Mapped[str]
    ended_why: Mapped[str] = mapped_column(default="")
    task_id: Mapped[UUID | None]
    __table_args__ = (
        Index("ix_slot_move_proposal", "proposal_id", "grp", "seq"),
        Index("ix_slot_move_task", "task_id"),
    )


class SlotWhy(Base):
    """Why a SKU lies in a location: the reasons of the choice that brought it there."""

    __tablename__ = "slot_why"
    place_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sku_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    by: Mapped[str]
    why: Mapped[str]
