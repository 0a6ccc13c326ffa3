"""Proposed assortments."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class ProposalRow(Base):
    """States: asked, ready, failed, accepted, dismissed."""

    __tablename__ = "carton_proposal"
    id: Mapped[uuid_pk]
    ask: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="asked")
    made: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """sizes [{inner_mm, outer_mm, parcels, locked}], now and proposed {fill, cost, alone, parcels}, saved_pct, unit."""
    why: Mapped[str] = mapped_column(default="")
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
