"""Keep materials, pack versions, test records and what may share a parcel."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, select, update

from wms.algorithms.packing.bags import wraps
from wms.db.uow import UnitOfWork
from wms.events.packs import PackChanged
from wms.foundation.catalog import queries as catalog
from wms.foundation.packs import queries, rules
from wms.foundation.packs.tables import PackMaterial, PackPolicy, PackTest, PackVersion, ParcelLimit
from wms.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class StepDraft:
    """What goes in, how many, and how: in the words of the floor."""

    material: str
    qty: int = 1
    text: str = ""
    text_zh: str = ""


async def save_material(
    uow: UnitOfWork, code: str, *, kind: str, name: str, name_zh: str = "", supplier: str, revision: str, weight_g: int
) -> None:
    """Create or change a material. Another supplier or revision ends the approval of every version made with it."""
    await uow.session.merge(
        PackMaterial(code=code, kind=kind, name=name, name_zh=name_zh, supplier=supplier, revision=revision, weight_g=weight_g)
    )  # fmt: skip
    await uow.session.flush()
    await note_changed(uow, material=code)


async def note_changed(uow: UnitOfWork, *, material: str = "", carton: str = "") -> None:
    """What some versions are made of has changed: their SKUs' orders are judged anew."""
    for sku_id in sorted(await queries.made_with(uow, material=material, carton=carton)):
        uow.emit(PackChanged(sku_id=sku_id))


async def save_version(
    uow: UnitOfWork, sku_code: str, carton: str, steps: Sequence[StepDraft], units_max: int = 1
) -> UUID:
    """Make a new pack version of a SKU; it is shipped in once it is tested. Returns its id.

    Errors: UnknownSku, UnknownMaterial, BadVersion.
    """
    sku = await catalog.sku_by_code(uow, sku_code)
    known = await queries.materials(uow)
    for step in steps:
        if step.material not in known:
            raise rules.UnknownMaterial(material=step.material)
    box = next((c for c in await catalog.cartons(uow) if c.code == carton), None)
    if box is None:
        raise rules.BadVersion(field="carton", why=f"{carton} is not a carton of the site")
    size = (sku.length_mm, sku.width_mm, sku.height_mm)
    inside = all(s <= b for s, b in zip(sorted(size), sorted(box.inner_mm), strict=True))
    if not (wraps(box.inner_mm, size) if box.bag else inside):
        raise rules.BadVersion(field="carton", why=f"{sku_code} does not fit into {carton}")
    if not any(known[s.material].kind == "inner" for s in steps):
        raise rules.BadVersion(field="recipe", why="no inner pack in it")
    last = await uow.session.scalar(select(func.max(PackVersion.number)).where(PackVersion.sku_id == sku.id))
    version = PackVersion(
        id=uuid7(), sku_id=sku.id, number=(last or 0) + 1, carton=carton, units_max=units_max,
        recipe=[{"material": s.material, "qty": s.qty, "text": s.text, "text_zh": s.text_zh} for s in steps],
        made_of=await queries.made_of(uow, carton, [s.material for s in steps]), created_by=uow.actor.id, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(version)
    await uow.session.flush()
    uow.emit(PackChanged(sku_id=sku.id))
    return version.id


async def retire_version(uow: UnitOfWork, version_id: UUID) -> None:
    """Nothing more is packed in it. Errors: UnknownVersion."""
    sku_id = await uow.session.scalar(
        update(PackVersion).where(PackVersion.id == version_id, PackVersion.retired_at.is_(None))
        .values(retired_at=uow.now).returning(PackVersion.sku_id)
    )  # fmt: skip
    if sku_id is None:
        raise rules.UnknownVersion(version=str(version_id))
    uow.emit(PackChanged(sku_id=sku_id))


async def record_test(
    uow: UnitOfWork, version_id: UUID, kind: str, *, passed: bool, lab: str, tested_on: date, expires_on: date | None,
    weight_g: int, file_name: str, file_sha256: str = "", file_base64: str = "",
) -> UUID:  # fmt: skip
    """Keep a lab's result with its report, or with the hash of a report kept elsewhere. Returns its id.

    Errors: UnknownVersion, BadTest.
    """
    row = await uow.session.get(PackVersion, version_id)
    if row is None:
        raise rules.UnknownVersion(version=str(version_id))
    content = None
    if file_base64:
        try:
            content = base64.b64decode(file_base64, validate=True)
        except binascii.Error:
            raise rules.BadTest(field="file_base64", why="is no base64") from None
        found = hashlib.sha256(content).hexdigest()
        if file_sha256 and file_sha256.lower() != found:
            raise rules.BadTest(field="file_sha256", why="is not the hash of the report sent")
        file_sha256 = found
    rules.check_test(kind, lab, tested_on, expires_on, weight_g, file_sha256, await uow.today())
    test = PackTest(
        id=uuid7(), version_id=version_id, kind=kind, passed=passed, lab=lab.strip(), tested_on=tested_on, expires_on=expires_on,
        weight_g=weight_g, file_name=file_name, file_sha256=file_sha256.lower(), file=content, recorded_by=uow.actor.id,
        recorded_at=uow.now,
    )  # fmt: skip
    uow.session.add(test)
    await uow.session.flush()
    uow.emit(PackChanged(sku_id=row.sku_id))
    return test.id


async def set_policy(uow: UnitOfWork, *, ista_3a: bool, compression: bool) -> None:
    """Which tests a version needs here."""
    await uow.session.merge(PackPolicy(id=1, ista_3a=ista_3a, compression=compression))
    await uow.session.flush()
    for sku_id in sorted({s.version.sku_id for s in await queries.standings(uow)}):
        uow.emit(PackChanged(sku_id=sku_id))


async def save_limits(uow: UnitOfWork, limits: Sequence[queries.Limit]) -> None:
    """Replace what may not share a parcel. Errors: BadLimit."""
    for n, x in enumerate(limits, 1):
        if x.apart and not x.beside:
            raise rules.BadLimit(limit=n, why="apart from what?")
        if not x.apart and x.each_max is None and x.weight_max_g is None:
            raise rules.BadLimit(limit=n, why="neither pieces nor grams are limited")
    if len({(x.tag, x.beside) for x in limits}) < len(limits):
        raise rules.BadLimit(limit=0, why="two limits are about the same tags")
    await uow.session.execute(delete(ParcelLimit))
    uow.session.add_all([
        ParcelLimit(tag=x.tag, beside=x.beside, apart=x.apart, each_max=x.each_max, weight_max_g=x.weight_max_g) for x in limits
    ])  # fmt: skip
    await uow.session.flush()
