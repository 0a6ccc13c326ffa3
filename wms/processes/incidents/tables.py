"""Incidents."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Incident(Base):
    """States: open, acknowledged, resolved. `key` is unique among those not resolved."""

    __tablename__ = "incident"
    id: Mapped[uuid_pk]
    kind: Mapped[str]
    key: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
    owner: Mapped[str]
    """Role that must answer."""
    state: Mapped[str] = mapped_column(default="open")
    detected_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    level: Mapped[int] = mapped_column(default=0)
    """How often it escalated."""
    acknowledged_by: Mapped[str] = mapped_column(default="")
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str] = mapped_column(default="")
    resolution: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        Index("uq_incident_key_open", "key", unique=True, postgresql_where=text("state <> 'resolved'")),
        Index("ix_incident_open", "due_at", postgresql_where=text("state <> 'resolved'")),
    )
