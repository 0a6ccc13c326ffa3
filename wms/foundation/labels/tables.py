"""Print jobs, each kept with exactly the bytes that were sent."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class PrintJob(Base):
    """States: sent, printed, failed (nothing came out), unknown (something may have), void."""

    __tablename__ = "print_job"
    id: Mapped[uuid_pk]
    kind: Mapped[str]
    printer: Mapped[str]
    content: Mapped[str]
    data: Mapped[dict[str, Any]]
    ref: Mapped[str]
    """What wants it: `<process>:<id>`."""
    state: Mapped[str] = mapped_column(default="sent")
    code: Mapped[str] = mapped_column(default="")
    command_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_print_job_ref", "ref"),
        Index("ix_print_job_open", "created_at", postgresql_where=text("state = 'sent'")),
    )
