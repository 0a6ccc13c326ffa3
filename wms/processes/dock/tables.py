"""Doors and their trucks, bags and pallets, manifests and what is on them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Manifest(Base):
    """States: open, closed. One open manifest per carrier."""

    __tablename__ = "manifest"
    id: Mapped[uuid_pk]
    carrier: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(default="")
    door: Mapped[str] = mapped_column(default="")
    plate: Mapped[str] = mapped_column(default="")
    """Of the truck."""
    seal: Mapped[str] = mapped_column(default="")
    signed_by: Mapped[str] = mapped_column(default="")
    """Who took the goods over for the carrier."""
    __table_args__ = (Index("uq_manifest_open", "carrier", unique=True, postgresql_where=text("state = 'open'")),)


class Load(Base):
    """A labelled parcel and where it is. States: ready, loaded, shipped, removed."""

    __tablename__ = "load"
    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    sscc: Mapped[str] = mapped_column(unique=True)
    tracking: Mapped[str] = mapped_column(default="", index=True)
    hu_id: Mapped[int]
    carrier: Mapped[str]
    service: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    weight_g: Mapped[int]
    of: Mapped[int]
    state: Mapped[str] = mapped_column(default="ready")
    manifest_id: Mapped[UUID | None] = mapped_column(ForeignKey("manifest.id"), index=True)
    container_id: Mapped[UUID | None] = mapped_column(ForeignKey("container.id"), index=True)
    """The bag or pallet that it is in."""
    cutoff_at: Mapped[datetime | None]
    ready_at: Mapped[datetime]
    loaded_at: Mapped[datetime | None]
    loaded_by: Mapped[str] = mapped_column(default="")


class Container(Base):
    """A channel bag or a pallet of parcels for one carrier. States: open, sealed, loaded, departed, void."""

    __tablename__ = "container"
    id: Mapped[uuid_pk]
    kind: Mapped[str]
    """bag or pallet."""
    code: Mapped[str] = mapped_column(index=True)
    """The bag's tag, which comes back and is used again; a pallet's SSCC. One that has not left has it alone."""
    hu_id: Mapped[int]
    carrier: Mapped[str] = mapped_column(default="")
    """Its first parcel says whose it is; empty before."""
    service: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    """Of a bag that is sorted by country."""
    state: Mapped[str] = mapped_column(default="open")
    seal: Mapped[str] = mapped_column(default="")
    expected_g: Mapped[int] = mapped_column(default=0)
    weight_g: Mapped[int] = mapped_column(default=0)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("container.id"), index=True)
    """The pallet that a bag lies on."""
    manifest_id: Mapped[UUID | None] = mapped_column(ForeignKey("manifest.id"), index=True)
    opened_at: Mapped[datetime]
    sealed_at: Mapped[datetime | None]
    sealed_by: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        CheckConstraint("kind IN ('bag','pallet')", name="kind"),
        CheckConstraint("state IN ('open','sealed','loaded','departed','void')", name="state"),
        Index("uq_container_here", "code", unique=True, postgresql_where=text("state IN ('open','sealed','loaded')")),
        Index("uq_container_seal", "seal", unique=True, postgresql_where=text("seal <> ''")),
    )


class BagRule(Base):
    """What a carrier's service takes in one bag; service '' stands for all of the carrier's."""

    __tablename__ = "bag_rule"
    carrier: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    parcels_max: Mapped[int]
    weight_max_g: Mapped[int]
    tare_g: Mapped[int]
    pallet_tare_g: Mapped[int] = mapped_column(default=0)
    """What an empty pallet of this carrier weighs."""
    by_country: Mapped[bool]
    """A bag holds one country only."""
    needs_bag: Mapped[bool]
    """Parcels of it are loaded in bags only."""
    __table_args__ = (
        CheckConstraint("parcels_max > 0 AND weight_max_g > 0 AND tare_g >= 0 AND pallet_tare_g >= 0", name="limits"),
    )


class Door(Base):
    __tablename__ = "dock_door"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")


class CarrierLane(Base):
    """Location where a carrier's parcels wait for its truck."""

    __tablename__ = "carrier_lane"
    carrier: Mapped[str] = mapped_column(primary_key=True)
    location: Mapped[str]


class Appointment(Base):
    """A truck at a door for a time. States: planned, arrived, departed, missed, cancelled."""

    __tablename__ = "appointment"
    id: Mapped[uuid_pk]
    carrier: Mapped[str]
    door: Mapped[str] = mapped_column(ForeignKey("dock_door.code"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="planned")
    plate: Mapped[str] = mapped_column(default="")
    driver: Mapped[str] = mapped_column(default="")
    arrived_at: Mapped[datetime | None]
    departed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="times"),
        Index("ix_appointment_door", "door", "starts_at"),
        Index("uq_appointment_there", "door", unique=True, postgresql_where=text("state = 'arrived'")),
    )
