"""Layout tables. Coordinates in mm from the site's south-west corner, x east, y north, z up."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, int_pk


class Warehouse(Base):
    __tablename__ = "warehouse"
    id: Mapped[int_pk]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str] = mapped_column(default="UTC")


class Place(Base):
    """Anything that can hold stock: one key space, so that the ledger has one grain."""

    __tablename__ = "place"
    id: Mapped[int_pk]
    kind: Mapped[str]
    """location, handling_unit or virtual."""
    code: Mapped[str] = mapped_column(unique=True)
    __table_args__ = (CheckConstraint("kind IN ('location','handling_unit','virtual')", name="kind"),)


class PathNode(Base):
    __tablename__ = "path_node"
    id: Mapped[int_pk]
    code: Mapped[str] = mapped_column(unique=True)
    x_mm: Mapped[int]
    y_mm: Mapped[int]


class PathEdge(Base):
    """A walkable line between two nodes, both ways unless `one_way`."""

    __tablename__ = "path_edge"
    a_id: Mapped[int] = mapped_column(ForeignKey("path_node.id"), primary_key=True)
    b_id: Mapped[int] = mapped_column(ForeignKey("path_node.id"), primary_key=True)
    length_mm: Mapped[int]
    one_way: Mapped[bool] = mapped_column(default=False)


class Location(Base):
    __tablename__ = "location"
    id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True, autoincrement=False)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    code: Mapped[str] = mapped_column(unique=True)
    check_digits: Mapped[str]
    """2-3 digits on the label that the address does not give away."""
    kind: Mapped[str]
    """bin, reserve, pod, g2p, dock, staging, cart, wall, pack, ship."""
    zone: Mapped[str]
    aisle: Mapped[str] = mapped_column(default="")
    x_mm: Mapped[int]
    y_mm: Mapped[int]
    z_mm: Mapped[int] = mapped_column(default=0)
    level: Mapped[int] = mapped_column(default=0)
    width_mm: Mapped[int] = mapped_column(default=0)
    depth_mm: Mapped[int] = mapped_column(default=0)
    height_mm: Mapped[int] = mapped_column(default=0)
    load_max_g: Mapped[int] = mapped_column(default=0)
    """0: no limit."""
    temperature: Mapped[str] = mapped_column(default="ambient")
    """ambient, chilled or frozen: what is kept here has to want it."""
    node_id: Mapped[int] = mapped_column(ForeignKey("path_node.id"))
    """Where a walker stands to reach it."""
    active: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (Index("ix_location_kind_zone", "kind", "zone"),)
