"""Pack versions never change: what they are made of is kept as it was, and compared with what is bought today."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, int_pk, uuid_pk


class PackMaterial(Base):
    """Inner pack or dunnage, as it is bought now."""

    __tablename__ = "pack_material"
    code: Mapped[str] = mapped_column(primary_key=True)
    """What is printed on it, and scanned."""
    kind: Mapped[str]
    name: Mapped[str]
    name_zh: Mapped[str]
    supplier: Mapped[str]
    revision: Mapped[str]
    weight_g: Mapped[int]
    __table_args__ = (
        CheckConstraint("kind IN ('inner','dunnage')", name="kind"),
        CheckConstraint("weight_g >= 0", name="weight"),
    )


class PackVersion(Base):
    """One way to pack a fragile SKU."""

    __tablename__ = "pack_version"
    id: Mapped[uuid_pk]
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    number: Mapped[int]
    carton: Mapped[str]
    units_max: Mapped[int]
    """Units in the carton as it was tested."""
    recipe: Mapped[list[Any]]
    """In packing order: [{material, qty, text, text_zh}]."""
    made_of: Mapped[dict[str, Any]]
    """Carton and materials with supplier and revision when the version was made."""
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("sku_id", "number", name="uq_pack_version_sku_id_number"),
        CheckConstraint("units_max > 0", name="units"),
    )


class PackTest(Base):
    """A lab's result for a pack version."""

    __tablename__ = "pack_test"
    id: Mapped[uuid_pk]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("pack_version.id"), index=True)
    kind: Mapped[str]
    passed: Mapped[bool]
    lab: Mapped[str]
    tested_on: Mapped[date] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    weight_g: Mapped[int]
    """Of the packed product."""
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    file: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Empty where the report is kept elsewhere: then its hash proves it."""
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("kind IN ('ista_3a','compression')", name="kind"),)


class PackPolicy(Base):
    """The site's one row: which tests a pack version needs."""

    __tablename__ = "pack_policy"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ista_3a: Mapped[bool]
    compression: Mapped[bool]
    __table_args__ = (CheckConstraint("id = 1", name="one"),)


class ParcelLimit(Base):
    """What goods with a tag may do in one parcel: not beside another tag, or only so many, always or beside another tag."""

    __tablename__ = "parcel_limit"
    id: Mapped[int_pk]
    tag: Mapped[str]
    """A goods attribute, a UN number, or `hazard` for any."""
    beside: Mapped[str]
    apart: Mapped[bool]
    each_max: Mapped[int | None]
    weight_max_g: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("tag", "beside", name="uq_parcel_limit_tag_beside"),
        CheckConstraint(
            "apart AND beside <> '' OR NOT apart AND (each_max > 0 OR weight_max_g > 0)", name="says_something"
        ),
    )
