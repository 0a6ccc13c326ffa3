"""Write the catalog: owners, SKUs with codes and pack levels, bundles, cartons, measurements."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from wms.db.uow import UnitOfWork
from wms.events.catalog import CartonChanged, SerialsSwitchedOn, SkuMeasured
from wms.foundation.catalog import queries, rules
from wms.foundation.catalog.tables import BundlePart, Carton, Owner, PackLevel, Sku, SkuCode
from wms.kernel.errors import BadInput


@dataclass(frozen=True, slots=True)
class PackDraft:
    name: str
    qty_each: int
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int


@dataclass(frozen=True, slots=True)
class SkuDraft:
    """A SKU as an upstream system declares it."""

    code: str
    name: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    name_zh: str = ""
    owner: str = "MAIN"
    codes: tuple[tuple[str, str], ...] = ()
    """(scan code, pack level); the first one of level EA is primary. None given: the SKU code itself."""
    packs: tuple[PackDraft, ...] = ()
    attributes: tuple[str, ...] = ()
    fragile: bool = False
    hazard: str = ""
    temperature: str = "ambient"
    family: str = ""
    lot_policy: str = "none"
    serial_policy: str = "none"
    expiry_policy: str = "none"
    shelf_life_days: int = 0
    min_life_receipt_days: int = 0
    min_life_ship_days: int = 0
    value_cents: int = 0
    key_category: bool = False
    own_container: bool = False
    bundle: tuple[tuple[str, int], ...] = field(default=())
    """(part SKU code, pieces): this SKU is a bundle and holds no stock of its own."""


async def ensure_owner(uow: UnitOfWork, code: str, name: str = "") -> int:
    owners = await queries.owner_ids(uow)
    if code in owners:
        return owners[code]
    row = Owner(code=code, name=name or code)
    uow.session.add(row)
    await uow.session.flush()
    return row.id


_PLAIN = (
    "name", "name_zh", "length_mm", "width_mm", "height_mm", "weight_g", "fragile", "hazard", "lot_policy",
    "serial_policy", "expiry_policy", "shelf_life_days", "min_life_receipt_days", "min_life_ship_days", "value_cents",
    "key_category", "own_container", "temperature", "family",
)  # fmt: skip


async def save_skus(uow: UnitOfWork, drafts: Sequence[SkuDraft]) -> int:
    """Create or update SKUs by code, all or nothing. A measured size is kept against a declared one.

    Errors: AbsurdSize, UnknownAttribute, CodeInUse, UnknownSku (a bundle's part), BadInput (a code that comes twice),
    FragileAsItIs, BundleAsItIs, TooLargeAsItIs.
    """
    if twice := sorted(code for code, n in Counter(d.code for d in drafts).items() if n > 1):
        raise BadInput(field="code", reason=f"unique in a request, unlike {', '.join(twice[:10])}")
    known = await queries.skus_by_code(uow, {d.code for d in drafts})
    owners = {code: await ensure_owner(uow, code) for code in {d.owner for d in drafts}}
    rows: list[tuple[Sku, SkuDraft]] = []
    for draft in drafts:
        rules.check_size(draft.length_mm, draft.width_mm, draft.height_mm, draft.weight_g)
        if unknown := set(draft.attributes) - rules.ATTRIBUTES:
            raise rules.UnknownAttribute(sku=draft.code, attributes=sorted(unknown))
        row = await uow.session.get(Sku, known[draft.code].id) if draft.code in known else None
        if row is None:
            row = Sku(code=draft.code, owner_id=owners[draft.owner])
            uow.session.add(row)
        measured = row.measured_at is not None
        for name in _PLAIN:
            if not (measured and name in ("length_mm", "width_mm", "height_mm", "weight_g")):
                setattr(row, name, getattr(draft, name))
        if row.own_container:
            size = (row.length_mm, row.width_mm, row.height_mm)
            rules.check_own_container(row.code, size, row.weight_g, fragile=row.fragile, bundle=bool(draft.bundle))
        row.attributes = list(draft.attributes)
        row.version = (row.version or 0) + 1
        rows.append((row, draft))
    await uow.session.flush()
    for row, draft in rows:
        await _save_packs(uow, row.id, draft)
    await _save_codes(uow, [(row.id, draft) for row, draft in rows])
    for row, draft in rows:
        await _save_bundle(uow, row.id, draft)
    for sku in (await queries.skus_by_code(uow, known)).values():
        if sku.keeps_serials and not known[sku.code].keeps_serials:
            uow.emit(SerialsSwitchedOn(sku_id=sku.id))
    return len(rows)


async def _save_packs(uow: UnitOfWork, sku_id: int, draft: SkuDraft) -> None:
    unit = PackDraft("EA", 1, draft.length_mm, draft.width_mm, draft.height_mm, draft.weight_g)
    current = {p.name: p for p in (await queries.packs_of(uow, [sku_id])).get(sku_id, [])}
    for pack in (unit, *(p for p in draft.packs if p.name != "EA")):
        rules.check_size(pack.length_mm, pack.width_mm, pack.height_mm, pack.weight_g)
        old = current.get(pack.name)
        same = old and (old.qty_each, old.length_mm, old.width_mm, old.height_mm, old.weight_g) == (
            pack.qty_each, pack.length_mm, pack.width_mm, pack.height_mm, pack.weight_g
        )  # fmt: skip
        if same or (old and old.measured and old.qty_each == pack.qty_each):
            continue
        await _new_version(uow, sku_id, pack, (old.version + 1) if old else 1, measured=False)


async def _new_version(uow: UnitOfWork, sku_id: int, pack: PackDraft, version: int, *, measured: bool) -> None:
    await uow.session.execute(
        update(PackLevel).where(PackLevel.sku_id == sku_id, PackLevel.name == pack.name, PackLevel.current)
        .values(current=False)
    )  # fmt: skip
    uow.session.add(
        PackLevel(
            sku_id=sku_id, name=pack.name, qty_each=pack.qty_each, length_mm=pack.length_mm, width_mm=pack.width_mm,
            height_mm=pack.height_mm, weight_g=pack.weight_g, version=version,
            measured_at=uow.now if measured else None,
        )
    )  # fmt: skip
    await uow.session.flush()


async def _save_codes(uow: UnitOfWork, drafts: Sequence[tuple[int, SkuDraft]]) -> None:
    wanted = {code for _, d in drafts for code, _ in d.codes} | {d.code for _, d in drafts}
    taken = {m.code: m for m in await queries.meanings(uow, wanted)}
    for sku_id, draft in drafts:
        codes = dict((*draft.codes, (draft.code, "EA")))
        primary_set = any(m.sku_id == sku_id for m in taken.values())
        for code, level in codes.items():
            meaning = taken.get(code)
            if meaning and (meaning.sku_id, meaning.level) != (sku_id, level):
                raise rules.CodeInUse(code=code, sku=draft.code)
            if meaning is None:
                kind = "primary" if not primary_set and level == "EA" else "alias"
                primary_set = primary_set or kind == "primary"
                uow.session.add(SkuCode(code=code, sku_id=sku_id, level=level, kind=kind))
    try:
        await uow.session.flush()
    except IntegrityError:
        raise rules.CodeInUse(codes=sorted(wanted)[:20]) from None


async def _save_bundle(uow: UnitOfWork, sku_id: int, draft: SkuDraft) -> None:
    parts = await queries.skus_by_code(uow, {code for code, _ in draft.bundle})
    for code, qty_each in draft.bundle:
        if code not in parts:
            raise rules.UnknownSku(sku=code)
        await uow.session.merge(BundlePart(bundle_sku_id=sku_id, part_sku_id=parts[code].id, qty_each=qty_each))


async def record_measurement(
    uow: UnitOfWork, sku_id: int, level: str, length_mm: int, width_mm: int, height_mm: int, weight_g: int
) -> None:
    """Keep a measured size and weight: a new pack version, and the SKU's own for level EA. Errors: AbsurdSize, UnknownSku."""
    rules.check_size(length_mm, width_mm, height_mm, weight_g)
    sku = await uow.session.scalar(select(Sku).where(Sku.id == sku_id).with_for_update())
    if sku is None:
        raise rules.UnknownSku(sku_id=sku_id)
    packs = {p.name: p for p in (await queries.packs_of(uow, [sku_id])).get(sku_id, [])}
    old = packs.get(level)
    draft = PackDraft(level, old.qty_each if old else 1, length_mm, width_mm, height_mm, weight_g)
    await _new_version(uow, sku_id, draft, (old.version + 1) if old else 1, measured=True)
    if level == "EA":
        sku.length_mm, sku.width_mm, sku.height_mm, sku.weight_g = length_mm, width_mm, height_mm, weight_g
        sku.measured_at, sku.version = uow.now, sku.version + 1
    uow.emit(SkuMeasured(
        sku_id=sku_id, level=level, length_mm=length_mm, width_mm=width_mm, height_mm=height_mm, weight_g=weight_g
    ))  # fmt: skip


async def set_velocity(uow: UnitOfWork, classes: dict[int, str]) -> int:
    """Write ABC classes. Returns how many SKUs changed class."""
    changed = 0
    for sku_id, velocity in classes.items():
        result = await uow.session.execute(
            update(Sku).where(Sku.id == sku_id, Sku.velocity_class != velocity).values(velocity_class=velocity)
            .returning(Sku.id)
        )  # fmt: skip
        changed += len(result.all())
    return changed


async def retire_carton(uow: UnitOfWork, code: str) -> None:
    """Plan no order into it any more; saved again, it is back. Nothing happens where it is not in use."""
    gone = await uow.session.execute(update(Carton).where(Carton.code == code, Carton.active).values(active=False))
    if gone.rowcount:  # type: ignore[attr-defined]
        uow.emit(CartonChanged(code=code))


async def save_carton(
    uow: UnitOfWork,
    code: str,
    inner_mm: tuple[int, int, int],
    outer_mm: tuple[int, int, int],
    tare_g: int,
    load_max_g: int,
    *,
    supplier: str = "",
    revision: str = "",
    bag: bool = False,
) -> None:
    """Create or update a carton. Errors: AbsurdSize, NotFlat, InsideOut."""
    rules.check_carton(code, inner_mm, outer_mm, tare_g, load_max_g, bag=bag)
    row = await uow.session.scalar(select(Carton).where(Carton.code == code)) or Carton(code=code)
    row.inner_length_mm, row.inner_width_mm, row.inner_height_mm = inner_mm
    row.outer_length_mm, row.outer_width_mm, row.outer_height_mm = outer_mm
    row.tare_g, row.load_max_g, row.active = tare_g, load_max_g, True
    row.supplier, row.revision, row.bag = supplier, revision, bag
    uow.emit(CartonChanged(code=code))
    uow.session.add(row)
    await uow.session.flush()
