"""Runs of the ABC classification."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped

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
