"""Reads of the catalog as frozen rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from math import prod
from typing import Any

from sqlalchemy import Select, select

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import rules
from wms.foundation.catalog.tables import BundlePart, Carton, Owner, PackLevel, Sku, SkuCode


@dataclass(frozen=True, slots=True)
class SkuInfo:
    id: int
    code: str
    owner_id: int
    name: str
    name_zh: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    measured_at: datetime | None
    attributes: tuple[str, ...]
    fragile: bool
    hazard: str
    temperature: str
    family: str
    lot_policy: str
    serial_policy: str
    expiry_policy: str
    shelf_life_days: int
    min_life_receipt_days: int
    min_life_ship_days: int
    value_cents: int
    key_category: bool
    own_container: bool
    velocity_class: str

    @property
    def volume_mm3(self) -> int:
        return self.length_mm * self.width_mm * self.height_mm

    @property
    def keeps_serials(self) -> bool:
        """Its units are known by their serials from receipt on."""
        return self.serial_policy in ("on_receipt", "always")


def _info(row: Sku) -> SkuInfo:
    fields: dict[str, Any] = {name: getattr(row, name) for name in SkuInfo.__slots__}
    return SkuInfo(**{**fields, "attributes": tuple(row.attributes)})


async def _rows(uow: UnitOfWork, query: Select[Sku]) -> list[SkuInfo]:
    return [_info(row) for row in await uow.session.scalars(query.execution_options(populate_existing=True))]


async def sku(uow: UnitOfWork, sku_id: int) -> SkuInfo:
    """Errors: UnknownSku."""
    found = await _rows(uow, select(Sku).where(Sku.id == sku_id))
    if not found:
        raise rules.UnknownSku(sku_id=sku_id)
    return found[0]


async def sku_by_code(uow: UnitOfWork, code: str) -> SkuInfo:
    """Errors: UnknownSku."""
    found = await skus_by_code(uow, {code})
    if code not in found:
        raise rules.UnknownSku(sku=code)
    return found[code]


async def skus_by_code(uow: UnitOfWork, codes: Collection[str]) -> dict[str, SkuInfo]:
    return {s.code: s for s in await _rows(uow, select(Sku).where(Sku.code.in_(codes)))} if codes else {}


async def skus(uow: UnitOfWork, ids: Collection[int]) -> dict[int, SkuInfo]:
    return {s.id: s for s in await _rows(uow, select(Sku).where(Sku.id.in_(ids)))} if ids else {}


async def all_skus(uow: UnitOfWork) -> list[SkuInfo]:
    return await _rows(uow, select(Sku).order_by(Sku.id))


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    code: str
    sku_id: int
    level: str
    qty_each: int


async def meanings(uow: UnitOfWork, codes: Collection[str]) -> list[CodeMeaning]:
    """What active scan codes stand for; more than one row for a code is an ambiguity."""
    rows = await uow.session.execute(
        select(SkuCode.code, SkuCode.sku_id, SkuCode.level, PackLevel.qty_each)
        .outerjoin(
            PackLevel, (PackLevel.sku_id == SkuCode.sku_id) & (PackLevel.name == SkuCode.level) & PackLevel.current
        )
        .where(SkuCode.code.in_(codes), SkuCode.active)
    )
    return [CodeMeaning(r.code, r.sku_id, r.level, r.qty_each or 1) for r in rows]


async def codes_of(uow: UnitOfWork, sku_ids: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    """Active (code, level) of each SKU, the primary one first."""
    rows = await uow.session.execute(
        select(SkuCode.sku_id, SkuCode.code, SkuCode.level)
        .where(SkuCode.sku_id.in_(sku_ids), SkuCode.active).order_by(SkuCode.kind.desc(), SkuCode.id)
    )  # fmt: skip
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.sku_id, []).append((row.code, row.level))
    return found


@dataclass(frozen=True, slots=True)
class Pack:
    name: str
    qty_each: int
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    version: int
    measured: bool


async def packs_of(uow: UnitOfWork, sku_ids: Collection[int]) -> dict[int, list[Pack]]:
    """Current pack levels of each SKU, smallest first."""
    rows = await uow.session.scalars(
        select(PackLevel).where(PackLevel.sku_id.in_(sku_ids), PackLevel.current).order_by(PackLevel.qty_each)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    found: dict[int, list[Pack]] = {}
    for r in rows:
        found.setdefault(r.sku_id, []).append(
            Pack(
                r.name,
                r.qty_each,
                r.length_mm,
                r.width_mm,
                r.height_mm,
                r.weight_g,
                r.version,
                r.measured_at is not None,
            )
        )
    return found


async def bundle_parts(uow: UnitOfWork, sku_ids: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    """Bundle SKU to its (part SKU, pieces per bundle)."""
    rows = await uow.session.execute(
        select(BundlePart.bundle_sku_id, BundlePart.part_sku_id, BundlePart.qty_each)
        .where(BundlePart.bundle_sku_id.in_(sku_ids)).order_by(BundlePart.part_sku_id)
    )  # fmt: skip
    found: dict[int, list[tuple[int, int]]] = {}
    for r in rows:
        found.setdefault(r.bundle_sku_id, []).append((r.part_sku_id, r.qty_each))
    return found


async def owner_ids(uow: UnitOfWork) -> dict[str, int]:
    rows = await uow.session.execute(select(Owner.code, Owner.id))
    return {r.code: r.id for r in rows}


@dataclass(frozen=True, slots=True)
class CartonInfo:
    """A carton, or a bag as it lies empty and flat: height 0."""

    id: int
    code: str
    inner_mm: tuple[int, int, int]
    outer_mm: tuple[int, int, int]
    tare_g: int
    load_max_g: int
    supplier: str = ""
    revision: str = ""
    bag: bool = False


def _carton(r: Carton) -> CartonInfo:
    return CartonInfo(
        r.id, r.code, (r.inner_length_mm, r.inner_width_mm, r.inner_height_mm),
        (r.outer_length_mm, r.outer_width_mm, r.outer_height_mm), r.tare_g, r.load_max_g, r.supplier, r.revision, r.bag,
    )  # fmt: skip


async def carton(uow: UnitOfWork, code: str, *, retired: bool = False) -> CartonInfo | None:
    """A carton or bag by its code, in use or (`retired`) not any more; None: there is none, or none is meant (goods in their own
    container)."""
    row = await uow.session.scalar(
        select(Carton).where(Carton.code == code, Carton.active | retired).execution_options(populate_existing=True)
    )
    return _carton(row) if row else None


async def cartons(uow: UnitOfWork) -> list[CartonInfo]:
    """Active cartons, smallest inner volume first; bags before them, the smallest first."""
    found = [_carton(r) for r in await uow.session.scalars(select(Carton).where(Carton.active))]
    return sorted(found, key=lambda c: (not c.bag, prod(c.inner_mm[: 2 if c.bag else 3]), c.id))
