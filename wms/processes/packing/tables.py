"""Parcels on their way from tote to label."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
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
    line: Mapped[str] = mapped_column(default="")
    """Pack line on whose belt it is; empty: at a bench."""
    plate: Mapped[str] = mapped_column(default="")
    """Pre-printed code by which the line knows it."""
    passes: Mapped[int] = mapped_column(default=0)
    """How often the sorter sent it round."""
    held: Mapped[str] = mapped_column(default="")
    """Why the tunnel's last result of it could not be used."""
    rejected: Mapped[str] = mapped_column(default="")
    """Why it lies in the reject lane."""
    belt_at: Mapped[datetime | None]
    """When it was put on the belt."""
    opened_at: Mapped[datetime]
    weighed_at: Mapped[datetime | None]
    labelled_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_parcel_station_open", "station", postgresql_where=text("state NOT IN ('labelled','void')")),
        Index("ix_parcel_labelled", "labelled_at"),
        Index("uq_parcel_plate", "plate", unique=True, postgresql_where=text("plate <> '' AND state <> 'void'")),
        Index("ix_parcel_sscc", "sscc", postgresql_where=text("sscc <> ''")),
    )


class PackLine(Base):
    """Tunnel, applicator and sorter behind some benches."""

    __tablename__ = "pack_line"
    code: Mapped[str] = mapped_column(primary_key=True)
    dws: Mapped[str]
    printer: Mapped[str]
    sorter: Mapped[str]
    benches: Mapped[list[Any]]
    """Codes of the stations that put parcels on its belt."""
    interval_g: Mapped[int] = mapped_column(default=5)
    """Scale interval of the tunnel at belt speed."""
    passes_max: Mapped[int] = mapped_column(default=2)
    """A parcel that is not ready goes round so often, then to the reject lane."""
    alarms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What its sorter complains of now: `zone code` to when it came."""
    __table_args__ = (CheckConstraint("interval_g > 0 AND passes_max >= 0", name="limits"),)


class LineLane(Base):
    """What a lane of a line's sorter takes: a carrier, `reject`, or `recirculate`."""

    __tablename__ = "line_lane"
    line: Mapped[str] = mapped_column(ForeignKey("pack_line.code", ondelete="CASCADE"), primary_key=True)
    lane: Mapped[int] = mapped_column(primary_key=True)
    takes: Mapped[str]


class LinePassage(Base):
    """One parcel at one point of a line: what was read, what was decided, what became of it. Kept 30 days."""

    __tablename__ = "line_passage"
    id: Mapped[uuid_pk]
    line: Mapped[str]
    point: Mapped[str]
    """weigh, label or sort."""
    at: Mapped[datetime]
    parcel_id: Mapped[UUID | None]
    sequence: Mapped[int] = mapped_column(default=0)
    """The device's own number of it."""
    barcode: Mapped[str] = mapped_column(default="")
    aim: Mapped[str] = mapped_column(default="")
    """sort: carrier, recirculate or reject."""
    lane: Mapped[int] = mapped_column(default=0)
    """Decided; `went` is where it really went."""
    went: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(default="")
    result: Mapped[str] = mapped_column(default="")
    """As the sorter told."""
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_line_passage_at", "line", "at"),
        Index("ix_line_passage_sequence", "line", "point", "sequence"),
        Index("ix_line_passage_parcel", "parcel_id"),
    )
