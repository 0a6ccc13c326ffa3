"""Catalog tables. Sizes in mm, weights in g; a pack level is versioned so that open work keeps what it began with."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, int_pk


class Owner(Base):
    __tablename__ = "owner"
    id: Mapped[int_pk]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


class Sku(Base):
    __tablename__ = "sku"
    id: Mapped[int_pk]
    code: Mapped[str] = mapped_column(unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="")
    length_mm: Mapped[int]
    width_mm: Mapped[int]
    height_mm: Mapped[int]
    weight_g: Mapped[int]
    measured_at: Mapped[datetime | None]
    """When size and weight were last measured here; None: as declared."""
    attributes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"), default=list)
    """ordinary, battery_contained, battery_packed, battery_loose, magnet, liquid, powder, paste, blade, aerosol, brand."""
    fragile: Mapped[bool] = mapped_column(default=False)
    hazard: Mapped[str] = mapped_column(default="")
    """UN number, empty when none."""
    temperature: Mapped[str] = mapped_column(default="ambient")
    """ambient, chilled or frozen: what it has to be kept at."""
    family: Mapped[str] = mapped_column(default="")
    """What is kept side by side, empty when none."""
    lot_policy: Mapped[str] = mapped_column(default="none")
    """none or required."""
    serial_policy: Mapped[str] = mapped_column(default="none")
    """none, on_receipt, on_ship or always."""
    expiry_policy: Mapped[str] = mapped_column(default="none")
    """none, expiry or production."""
    shelf_life_days: Mapped[int] = mapped_column(default=0)
    min_life_receipt_days: Mapped[int] = mapped_column(default=0)
    min_life_ship_days: Mapped[int] = mapped_column(default=0)
    value_cents: Mapped[int] = mapped_column(default=0)
    key_category: Mapped[bool] = mapped_column(default=False)
    """Counted every day."""
    own_container: Mapped[bool] = mapped_column(default=False)
    """Each piece ships as it is, in what its supplier packed it in."""
    velocity_class: Mapped[str] = mapped_column(default="C")
    """A, B or C by pick lines."""
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        CheckConstraint(
            "length_mm BETWEEN 1 AND 10000 AND width_mm BETWEEN 1 AND 10000 AND height_mm BETWEEN 1 AND 10000",
            name="size",
        ),
        CheckConstraint("weight_g BETWEEN 1 AND 2000000", name="weight"),
        CheckConstraint("NOT (own_container AND fragile)", name="own_container"),
    )


class SkuCode(Base):
    """A scannable code. Active codes resolve to exactly one SKU and pack level."""

    __tablename__ = "sku_code"
    id: Mapped[int_pk]
    code: Mapped[str]
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), index=True)
    level: Mapped[str] = mapped_column(default="EA")
    kind: Mapped[str] = mapped_column(default="alias")
    """primary or alias."""
    active: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (
        Index("uq_sku_code_code_active", "code", unique=True, postgresql_where=text("active")),
        Index("uq_sku_code_primary", "sku_id", unique=True, postgresql_where=text("active AND kind = 'primary'")),
    )


class PackLevel(Base):
    __tablename__ = "pack_level"
    id: Mapped[int_pk]
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    name: Mapped[str]
    """EA, INN, CTN or PAL."""
    qty_each: Mapped[int]
    length_mm: Mapped[int]
    width_mm: Mapped[int]
    height_mm: Mapped[int]
    weight_g: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    measured_at: Mapped[datetime | None]
    current: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (
        Index("uq_pack_level_current", "sku_id", "name", unique=True, postgresql_where=text("current")),
        CheckConstraint("qty_each > 0", name="qty"),
    )


class BundlePart(Base):
    __tablename__ = "bundle_part"
    bundle_sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    part_sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    qty_each: Mapped[int]


class Carton(Base):
    """A shipping carton: inner size in any orientation, greatest content weight. A bag's sizes are of it lying empty and flat."""

    __tablename__ = "carton"
    id: Mapped[int_pk]
    code: Mapped[str] = mapped_column(unique=True)
    inner_length_mm: Mapped[int]
    inner_width_mm: Mapped[int]
    inner_height_mm: Mapped[int]
    outer_length_mm: Mapped[int]
    outer_width_mm: Mapped[int]
    outer_height_mm: Mapped[int]
    tare_g: Mapped[int]
    load_max_g: Mapped[int]
    supplier: Mapped[str] = mapped_column(default="")
    revision: Mapped[str] = mapped_column(default="")
    """Of what the supplier makes: another board, another flute."""
    bag: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (CheckConstraint("bag = (inner_height_mm = 0) AND bag = (outer_height_mm = 0)", name="flat"),)
