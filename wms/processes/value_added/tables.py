"""Recipes, work orders, chargeable acts, shipments to a marketplace. Weights in grams, lengths in millimetres."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class RecipeRow(Base):
    """How a service is done, or a kit made."""

    __tablename__ = "vas_recipe"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_zh: Mapped[str]
    kind: Mapped[str]
    """service, kit or unkit."""
    sku_id: Mapped[int | None] = mapped_column(ForeignKey("sku.id"))
    """The kit."""
    parts: Mapped[list[Any]]
    steps: Mapped[list[Any]]
    consumables: Mapped[list[Any]]
    minutes: Mapped[float] = mapped_column(Float)
    """Standard time of one unit."""
    round_each: Mapped[int]
    """Units worked together."""
    active: Mapped[bool]
    __table_args__ = (CheckConstraint("kind IN ('service','kit','unkit')", name="kind"),)


class WorkOrder(Base):
    """So many units by a recipe. States: open, working, done, cancelled."""

    __tablename__ = "vas_order"
    id: Mapped[uuid_pk]
    ref: Mapped[str] = mapped_column(unique=True)
    recipe: Mapped[str]
    made: Mapped[dict[str, Any]]
    """The recipe as it was when the order came: changing it changes no work under way."""
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    place_id: Mapped[int] = mapped_column(default=0)
    """Where the goods lie; of a customer's order, the tote that was scanned."""
    order_id: Mapped[UUID | None]
    """The customer's order whose goods these are."""
    line_id: Mapped[UUID | None]
    """The line of a shipment to a marketplace that is prepared."""
    qty_each: Mapped[int]
    done_each: Mapped[int] = mapped_column(default=0)
    round_each: Mapped[int] = mapped_column(default=0)
    """Units of the round under way, 0 between rounds."""
    round_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="open")
    station: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("qty_each > 0 AND done_each BETWEEN 0 AND qty_each", name="amounts"),
        Index("ix_vas_order_customer", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        Index("ix_vas_order_open", "created_at", postgresql_where=text("state IN ('open','working')")),
    )


class Photo(Base):
    """What a step's camera saw."""

    __tablename__ = "vas_photo"
    id: Mapped[uuid_pk]
    work_order_id: Mapped[UUID] = mapped_column(ForeignKey("vas_order.id"), index=True)
    step: Mapped[int]
    units_from: Mapped[int]
    """Units done before the round that it shows."""
    at: Mapped[datetime]
    by: Mapped[str]
    jpeg: Mapped[bytes]


class KitSerial(Base):
    """A piece known by its serial that went into a kit, and came out of it or not: what a recall asks."""

    __tablename__ = "vas_kit_serial"
    id: Mapped[uuid_pk]
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    serial: Mapped[str] = mapped_column(index=True)
    kit_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    """Of the kit."""
    work_order_id: Mapped[UUID] = mapped_column(ForeignKey("vas_order.id"), index=True)
    units_from: Mapped[int]
    """Units done before the round that it went in with."""
    at: Mapped[datetime]
    by: Mapped[str]
    out_of: Mapped[UUID | None] = mapped_column(ForeignKey("vas_order.id"))
    """The work order that took it out; None while it is in the kit."""
    out_at: Mapped[datetime | None]
    __table_args__ = (
        Index("uq_vas_kit_serial_inside", "sku_id", "serial", unique=True, postgresql_where=text("out_of IS NULL")),
    )


class Act(Base):
    """Something that its owner may be charged for; priced later."""

    __tablename__ = "chargeable_act"
    id: Mapped[uuid_pk]
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    kind: Mapped[str]
    qty: Mapped[float] = mapped_column(Float)
    unit: Mapped[str]
    ref: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    data: Mapped[dict[str, Any]]
    __table_args__ = (Index("ix_chargeable_act_owner", "owner_id", "at"),)


class Limit(Base):
    """What a marketplace takes as one box, from a day on. Empty centre: any."""

    __tablename__ = "fba_limit"
    id: Mapped[uuid_pk]
    centre: Mapped[str]
    starts_on: Mapped[date]
    weight_max_g: Mapped[int]
    side_max_mm: Mapped[int]
    each_max: Mapped[int]
    source: Mapped[str]
    __table_args__ = (UniqueConstraint("centre", "starts_on"),)


class Shipment(Base):
    """A plan of what goes to which fulfilment centre. States: open, departed, cancelled."""

    __tablename__ = "fba_shipment"
    id: Mapped[uuid_pk]
    ref: Mapped[str] = mapped_column(unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    centre: Mapped[str]
    address: Mapped[dict[str, Any]]
    place_id: Mapped[int]
    mixed: Mapped[bool]
    """More than one SKU may share a box."""
    each_max: Mapped[int]
    """Units per box that the plan allows; 0: the marketplace's own limit."""
    state: Mapped[str] = mapped_column(default="open")
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    departed_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(default="")


class ShipmentLine(Base):
    __tablename__ = "fba_line"
    id: Mapped[uuid_pk]
    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("fba_shipment.id"), index=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    fnsku: Mapped[str]
    prep: Mapped[list[Any]]
    unit_each: Mapped[int]
    """Pieces of one unit as the marketplace counts it."""
    qty_each: Mapped[int]
    """Units planned."""
    boxed_each: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        UniqueConstraint("shipment_id", "fnsku"),
        CheckConstraint("qty_each > 0 AND boxed_each BETWEEN 0 AND qty_each AND unit_each > 0", name="amounts"),
    )


class Box(Base):
    """States: open, closed (label due), labelled, departed, emptied."""

    __tablename__ = "fba_box"
    id: Mapped[uuid_pk]
    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("fba_shipment.id"), index=True)
    number: Mapped[int]
    code: Mapped[str] = mapped_column(unique=True)
    sscc: Mapped[str] = mapped_column(unique=True)
    hu_id: Mapped[int]
    carton: Mapped[str]
    length_mm: Mapped[int]
    width_mm: Mapped[int]
    height_mm: Mapped[int]
    tare_g: Mapped[int]
    weight_g: Mapped[int] = mapped_column(default=0)
    pallet: Mapped[str] = mapped_column(default="")
    station: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    content: Mapped[list[Any]] = mapped_column(default=list)
    """{sku_id, expires_on, qty_each, serials} as it was closed."""
    __table_args__ = (UniqueConstraint("shipment_id", "number"),)
