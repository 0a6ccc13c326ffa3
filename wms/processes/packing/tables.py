"""Parcels on their way from tote to label."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Parcel(Base):
    """States: open, weighing, weight_off, aside (for a lead), labelling, label_failed, printed, labelled, void."""

    __tablename__ = "parcel"
    id: Mapped[uuid_pk]
    order_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[int]
    of: Mapped[int]
    carton: Mapped[str]
    tote: Mapped[str]
    items: Mapped[dict[str, Any]]
    """SKU id to pieces."""
    station: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    hu_id: Mapped[int] = mapped_column(default=0)
    sscc: Mapped[str] = mapped_column(default="")
    expected_g: Mapped[int] = mapped_column(default=0)
    tolerance_g: Mapped[int] = mapped_column(default=0)
    weight_g: Mapped[int] = mapped_column(default=0)
    packed_by: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    weighed_at: Mapped[datetime | None]
    labelled_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_parcel_station_open", "station", postgresql_where=text("state NOT IN ('labelled','void')")),
        Index("ix_parcel_labelled", "labelled_at"),
    )
