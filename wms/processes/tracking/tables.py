"""Parcels under way, what was told of them, their papers, learned gaps, and claims. Money in cents, weights in grams, gaps in minutes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class TrackParcel(Base):
    """A parcel that left, and where it stands by all that is known of it (rules.milestones)."""

    __tablename__ = "track_parcel"
    parcel_id: Mapped[uuid_pk]
    order_id: Mapped[UUID] = mapped_column(index=True)
    ref: Mapped[str]
    sscc: Mapped[str]
    tracking: Mapped[str] = mapped_column(index=True)
    """The carrier's number; of the house's own label its SSCC."""
    carrier: Mapped[str]
    service: Mapped[str]
    country: Mapped[str]
    account: Mapped[str] = mapped_column(default="")
    """Carrier account that sold its label and is asked after it; empty: nobody is."""
    days: Mapped[list[Any]]
    """Tenths of a day [p10, p50, p90] that its service stated when its label was bought."""
    watched: Mapped[bool]
    """Its carrier tells scans: silence means something."""
    manifest_id: Mapped[UUID] = mapped_column(index=True)
    bag: Mapped[str] = mapped_column(default="")
    seal: Mapped[str] = mapped_column(default="")
    weight_g: Mapped[int]
    departed_at: Mapped[datetime]
    handed_over_at: Mapped[datetime | None]
    """When its carrier was told that it is on its way to it."""
    promised_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="under_way")
    milestone: Mapped[str] = mapped_column(default="departed")
    reached_at: Mapped[datetime]
    first_scan_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    """Quiet for longer is stalled."""
    lost_due_at: Mapped[datetime]
    """Quiet for longer is taken for lost."""
    expected_at: Mapped[datetime]
    """By what is usual; once that is over, it slides: now and `rest_min`."""
    latest_at: Mapped[datetime]
    """By how long each gap may take."""
    rest_min: Mapped[int]
    """What is usual from the next milestone on."""
    stalled_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    papers_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    presumed: Mapped[bool] = mapped_column(default=False)
    """Nobody said that it is lost: its window is over."""
    ended_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    delay_told_at: Mapped[datetime | None]
    delay_expected_at: Mapped[datetime | None]
    host_told: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Milestone to when it was reached, of those that the host was told."""
    __table_args__ = (
        CheckConstraint("state IN ('under_way','delivered','returned','damaged','lost')", name="state"),
        Index("ix_track_parcel_due", "due_at", postgresql_where=sql("state = 'under_way'")),
        Index(
            "ix_track_parcel_handover", "manifest_id", postgresql_where=sql("handed_over_at IS NULL AND account <> ''")
        ),
        Index("ix_track_parcel_departed", "departed_at"),
    )


class TrackEvent(Base):
    """What was told of a parcel; never changed once taken. States: taken, parked (with its reason, counts for nothing)."""

    __tablename__ = "track_event"
    id: Mapped[uuid_pk]
    carrier: Mapped[str]
    """The parcel's carrier; of an event of no parcel of ours whoever told it."""
    tracking: Mapped[str]
    key: Mapped[str]
    parcel_id: Mapped[UUID | None] = mapped_column(ForeignKey("track_parcel.parcel_id"), index=True)
    at: Mapped[datetime]
    code: Mapped[str]
    place: Mapped[str]
    text: Mapped[str]
    source: Mapped[str]
    """poll, push or file."""
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    taken_at: Mapped[datetime]
    taken_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("carrier", "tracking", "key"),
        Index("ix_track_event_parked", "tracking", postgresql_where=sql("state = 'parked'")),
    )


class TrackPaper(Base):
    """What a claim is proved with: the label as it was sold, the weight as it was measured, the declared value."""

    __tablename__ = "track_paper"
    parcel_id: Mapped[uuid_pk]
    account: Mapped[str] = mapped_column(default="")
    days: Mapped[list[Any]] = mapped_column(default=list)
    tracking: Mapped[str] = mapped_column(default="")
    format: Mapped[str] = mapped_column(default="")
    document: Mapped[str] = mapped_column(default="")
    """Base64; dropped a while after delivery."""
    weight: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{weight_g, expected_g, tolerance_g, agrees, at}"""
    contents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """SKU id to pieces."""
    changed_at: Mapped[datetime]


class TrackGap(Base):
    """Minutes that a parcel took from a milestone to its next."""

    __tablename__ = "track_gap"
    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    after: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    country: Mapped[str]
    minutes: Mapped[int]
    at: Mapped[datetime]
    __table_args__ = (Index("ix_track_gap_service_country_at", "service", "country", "at"),)


class TrackWindow(Base):
    """What the gaps of a service to a country have taught."""

    __tablename__ = "track_window"
    service: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    after: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[int]
    observed: Mapped[list[Any]]
    """Quantiles [p50, p95] of what was seen."""
    learned_at: Mapped[datetime]


class LossClaim(Base):
    """A claim against a carrier. States: rules.claims."""

    __tablename__ = "loss_claim"
    id: Mapped[uuid_pk]
    number: Mapped[str] = mapped_column(unique=True)
    parcel_id: Mapped[UUID] = mapped_column(ForeignKey("track_parcel.parcel_id"), index=True)
    kind: Mapped[str]
    """lost or damaged."""
    state: Mapped[str]
    lost_at: Mapped[datetime]
    """When the loss was known, or had to be presumed: the clock runs from here."""
    presumed: Mapped[bool]
    amount_cents: Mapped[int]
    currency: Mapped[str]
    paid_cents: Mapped[int] = mapped_column(default=0)
    label: Mapped[dict[str, Any] | None]
    """{format, document, tracking}"""
    weight: Mapped[dict[str, Any] | None]
    complete_at: Mapped[datetime | None]
    """Since when label and weight record are attached."""
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    log: Mapped[list[Any]]
    """[{at, by, event, note}]"""
    __table_args__ = (
        CheckConstraint("state IN ('open','sent','accepted','rejected','paid','dropped')", name="state"),
        CheckConstraint("kind IN ('lost','damaged')", name="kind"),
        CheckConstraint("amount_cents >= 0 AND paid_cents >= 0", name="amounts"),
        Index("uq_loss_claim_live", "parcel_id", unique=True, postgresql_where=sql("state NOT IN ('paid','dropped')")),
    )
