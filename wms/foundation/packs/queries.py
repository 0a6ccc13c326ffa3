"""Reads of pack versions with their standing today, of materials, and of what may share a parcel."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.packs import rules
from wms.foundation.packs.tables import PackMaterial, PackPolicy, PackTest, PackVersion, ParcelLimit


@dataclass(frozen=True, slots=True)
class Material:
    code: str
    kind: str
    name: str
    name_zh: str
    supplier: str
    revision: str
    weight_g: int


async def materials(uow: UnitOfWork) -> dict[str, Material]:
    rows = await uow.session.scalars(
        select(PackMaterial).order_by(PackMaterial.code).execution_options(populate_existing=True)
    )
    return {r.code: Material(**{n: getattr(r, n) for n in Material.__slots__}) for r in rows}


async def any_version(uow: UnitOfWork) -> bool:
    """The site keeps pack versions: from then on fragile goods ship in none other."""
    return bool(await uow.session.scalar(select(func.count()).select_from(select(PackVersion.id).limit(1).subquery())))


async def needs(uow: UnitOfWork) -> frozenset[str]:
    """Kinds of test that the site asks for; all, until it says otherwise."""
    row = await uow.session.get(PackPolicy, 1, populate_existing=True)
    if row is None:
        return frozenset(rules.PASSES)
    return frozenset(kind for kind in rules.PASSES if getattr(row, kind))


async def made_of(uow: UnitOfWork, carton: str, codes: Collection[str]) -> dict[str, Any]:
    """What a pack of this carton and these materials is made of today; what is not kept any more is missing."""
    found: dict[str, Any] = {}
    for c in await catalog.cartons(uow):
        if c.code == carton:
            found[f"carton {c.code}"] = {
                "supplier": c.supplier, "revision": c.revision, "inner_mm": list(c.inner_mm), "outer_mm": list(c.outer_mm),
            }  # fmt: skip
    known = await materials(uow)
    for code in codes:
        if code in known:
            found[f"{known[code].kind} {code}"] = {"supplier": known[code].supplier, "revision": known[code].revision}
    return found


def _version(row: PackVersion) -> rules.Version:
    return rules.Version(
        row.id, row.sku_id, row.number, row.carton, row.units_max, tuple(row.recipe), row.made_of, row.retired_at is not None
    )  # fmt: skip


async def standings(uow: UnitOfWork, sku_ids: Collection[int] | None = None) -> list[rules.Standing]:
    """Every version of these SKUs (None: of all) as it stands today, by SKU and number."""
    query = select(PackVersion).order_by(PackVersion.sku_id, PackVersion.number)
    if sku_ids is not None:
        query = query.where(PackVersion.sku_id.in_(sku_ids))
    rows = list(await uow.session.scalars(query.execution_options(populate_existing=True)))
    tests: dict[UUID, list[rules.Test]] = {}
    for t in await uow.session.scalars(select(PackTest).where(PackTest.version_id.in_([r.id for r in rows]))):
        tests.setdefault(t.version_id, []).append(rules.Test(t.kind, t.passed, t.tested_on, t.expires_on))
    asked, today = await needs(uow), await uow.today()
    now = {key: await made_of(uow, *key) for key in {(r.carton, tuple(s["material"] for s in r.recipe)) for r in rows}}
    return [
        rules.judge(_version(r), now[r.carton, tuple(s["material"] for s in r.recipe)], tests.get(r.id, []), asked, today)
        for r in rows
    ]  # fmt: skip


async def approvals(uow: UnitOfWork, sku_ids: Collection[int]) -> dict[int, rules.Approval]:
    """Of each SKU the versions that it may be shipped in, or why there is none."""
    of: dict[int, list[rules.Standing]] = {i: [] for i in sku_ids}
    for standing in await standings(uow, sku_ids):
        of[standing.version.sku_id].append(standing)
    return {i: rules.approval(i, found) for i, found in of.items()}


async def made_with(uow: UnitOfWork, *, material: str = "", carton: str = "") -> set[int]:
    """SKUs that have a version made with this material or carton."""
    rows = await uow.session.scalars(select(PackVersion).where(PackVersion.retired_at.is_(None)))
    return {
        r.sku_id
        for r in rows
        if (carton and r.carton == carton) or (material and any(s["material"] == material for s in r.recipe))
    }


async def board(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Every version with its recipe, tests and standing, for the console."""
    told = await standings(uow)
    skus = await catalog.skus(uow, {s.version.sku_id for s in told})
    tests: dict[UUID, list[dict[str, Any]]] = {}
    for t in await uow.session.scalars(select(PackTest).order_by(PackTest.tested_on, PackTest.id)):
        names = (
            "id",
            "kind",
            "passed",
            "lab",
            "tested_on",
            "expires_on",
            "weight_g",
            "file_name",
            "file_sha256",
            "recorded_by",
        )
        tests.setdefault(t.version_id, []).append({n: getattr(t, n) for n in names})
    return [
        {"id": s.version.id, "sku": skus[s.version.sku_id].code, "name": skus[s.version.sku_id].name, "number": s.version.number,
         "carton": s.version.carton, "units_max": s.version.units_max, "recipe": list(s.version.recipe),
         "made_of": dict(s.version.made_of), "retired": s.version.retired, "valid": s.valid, "code": s.code, "why": s.why,
         "tests": tests.get(s.version.id, [])}
        for s in told
    ]  # fmt: skip


async def report(uow: UnitOfWork, test_id: UUID) -> tuple[str, bytes]:
    """A test's report: its name and bytes. Errors: UnknownTest."""
    row = (await uow.session.execute(select(PackTest.file_name, PackTest.file).where(PackTest.id == test_id))).first()
    if row is None or row.file is None:
        raise rules.UnknownTest(test=str(test_id))
    return str(row.file_name), bytes(row.file)


@dataclass(frozen=True, slots=True)
class Limit:
    tag: str
    beside: str
    apart: bool
    each_max: int | None
    weight_max_g: int | None


async def limits(uow: UnitOfWork) -> list[Limit]:
    """What may not share a parcel, or only so many."""
    rows = await uow.session.scalars(select(ParcelLimit).order_by(ParcelLimit.tag, ParcelLimit.beside))
    return [Limit(r.tag, r.beside, r.apart, r.each_max, r.weight_max_g) for r in rows]


tags_of = rules.tags
