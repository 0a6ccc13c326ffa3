"""Manifests and what is on them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
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
    weight_g: Mapped[int]
    of: Mapped[int]
    state: Mapped[str] = mapped_column(default="ready")
    manifest_id: Mapped[UUID | None] = mapped_column(ForeignKey("manifest.id"), index=True)
    ready_at: Mapped[datetime]
    loaded_at: Mapped[datetime | None]
    loaded_by: Mapped[str] = mapped_column(default="")
