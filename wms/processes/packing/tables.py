"""Parcels on their way from tote to label."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Parcel(Base):
    """States: open, weighing, weight_off, aside (for a lead), labelling, on_hold (its order is held), label_failed, printed,
    labelled, void."""

    __tablename__ = "parcel"
    id: Mapped[uuid_pk]
    order_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[int]
    of: Mapped[int]
    carton: Mapped[str]
    """Code of a carton or bag; empty: goods in their own container."""
    tote: Mapped[str]
    items: Mapped[dict[str, Any]]
    """SKU id to pieces."""
    station: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    hu_id: Mapped[int] = mapped_column(default=0)
    sscc: Mapped[str] = mapped_column(default="")
    tracking: Mapped[str] = mapped_column(default="")
    """The carrier's number on its label; empty: the label is the house's own and says the SSCC."""
    expected_g: Mapped[int] = mapped_column(default=0)
    tolerance_g: Mapped[int] = mapped_column(default=0)
    weight_g: Mapped[int] = mapped_column(default=0)
    measured_mm: Mapped[list[Any]] = mapped_column(default=list)
    """Sides that a tunnel measured, where they are not as planned; empty: as planned, or not measured."""
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
    offs: Mapped[int] = mapped_column(default=0)
    """How many of its weighings were off, each time closed anew."""
    extras: Mapped[list[Any]] = mapped_column(default=list)
    """What goes in beside the goods: [{code, kind: material, insert, paper, message or wrap, name, name_zh, qty, weight_g, ...}]."""
    single: Mapped[bool] = mapped_column(default=False)
    """The one unit of its order came in a tote of single units."""
    pack_version_id: Mapped[UUID | None]
    """Pack version that a fragile SKU was packed in."""
    belt_at: Mapped[datetime | None]
    """When it was put on the belt."""
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    weighed_at: Mapped[datetime | None]
    labelled_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_parcel_station_open", "station", postgresql_where=text("state NOT IN ('labelled','void')")),
        Index("ix_parcel_labelled", "labelled_at"),
        Index("uq_parcel_plate", "plate", unique=True, postgresql_where=text("plate <> '' AND state <> 'void'")),
        Index("ix_parcel_tracking", "tracking", postgresql_where=text("tracking <> ''")),
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
    tolerance_mm: Mapped[int] = mapped_column(default=20)
    """A side that the tunnel measures may be so far off the planned one."""
    passes_max: Mapped[int] = mapped_column(default=2)
    """A parcel that is not ready goes round so often, then to the reject lane."""
    alarms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What its sorter complains of now: `zone code` to when it came."""
    __table_args__ = (
        CheckConstraint("interval_g > 0 AND passes_max >= 0", name="limits"),
        CheckConstraint("tolerance_mm > 0", name="tolerance"),
    )


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


class LearnedWeight(Base):
    """What units of a SKU, or cartons of a kind, have weighed so far."""

    __tablename__ = "learned_weight"
    kind: Mapped[str] = mapped_column(primary_key=True)
    """sku or carton."""
    key: Mapped[str] = mapped_column(primary_key=True)
    """SKU id or carton code."""
    samples: Mapped[float] = mapped_column(Float)
    units: Mapped[float] = mapped_column(Float)
    mean_g: Mapped[float] = mapped_column(Float)
    m2: Mapped[float] = mapped_column(Float)
    drift_g: Mapped[float] = mapped_column(Float)
    taught_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("kind IN ('sku','carton')", name="kind"),)


class ParcelCheck(Base):
    """A parcel that was opened because its weight was off, and what was found."""

    __tablename__ = "parcel_check"
    id: Mapped[uuid_pk]
    parcel_id: Mapped[UUID]
    order_id: Mapped[UUID]
    at: Mapped[datetime]
    by: Mapped[str]
    reason: Mapped[str]
    weight_g: Mapped[int]
    """As the scale told; what was expected and allowed then beside it."""
    expected_g: Mapped[int]
    tolerance_g: Mapped[int]
    __table_args__ = (Index("ix_parcel_check_at", "at"),)


class BenchPolicy(Base):
    """The site's one row."""

    __tablename__ = "bench_policy"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scan_once: Mapped[bool]
    """Equal units are scanned once and counted, where the scale sees a missing one."""
    __table_args__ = (CheckConstraint("id = 1", name="one"),)


class InsertRule(Base):
    """What is laid into which parcels: a SKU from the bench's stock, or a paper."""

    __tablename__ = "insert_rule"
    code: Mapped[str] = mapped_column(primary_key=True)
    takes: Mapped[dict[str, Any]]
    """Fields of `rules.inserts.Takes`."""
    name: Mapped[str]
    name_zh: Mapped[str]
    sku_id: Mapped[int | None] = mapped_column(ForeignKey("sku.id"))
    """None: a paper."""
    weight_g: Mapped[int]
    """Of a paper; a SKU has its own."""
    qty_each: Mapped[int]
    active: Mapped[bool]
    __table_args__ = (CheckConstraint("qty_each > 0 AND weight_g >= 0", name="amounts"),)


class SingleWait(Base):
    """A picked single-unit order whose piece lies among others in a tote: matched at the bench by scanning the piece."""

    __tablename__ = "single_wait"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[int]
    tote: Mapped[str]
    cutoff_at: Mapped[datetime]
    matched_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_single_wait_sku", "sku_id", "cutoff_at", postgresql_where=text("matched_at IS NULL")),)
