"""What a parcel should weigh and how far it may be off, by what its units and its carton weighed before; and learning it."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.processes.packing import queries
from wms.processes.packing.rules import tolerance as rules
from wms.processes.packing.tables import BenchPolicy, LearnedWeight

Key = tuple[str, str]
"""("sku", its id) or ("carton", its code)."""


async def expectation(uow: UnitOfWork, parcel: queries.ParcelInfo, interval_g: int = 1) -> rules.Tolerance:
    """What the scale should say of a parcel as planned: its units, its carton, and what else goes in."""
    skus = await catalog.skus(uow, parcel.content)
    known = await queries.memories(uow, _keys(parcel))
    parts = [
        rules.part(qty, known.get(("sku", str(sku))), skus[sku].weight_g) for sku, qty in sorted(parcel.content.items())
    ]
    if parcel.carton:
        parts.append(rules.part(1, known.get(("carton", parcel.carton)), await _tare_g(uow, parcel), goods=False))
    parts += [rules.sure(int(x.get("qty", 1)), x["weight_g"]) for x in parcel.extras if x.get("weight_g")]
    return rules.tolerance(parts, interval_g)


def _keys(parcel: queries.ParcelInfo) -> list[Key]:
    """Goods in their own container have no carton to learn of."""
    return [*([("carton", parcel.carton)] if parcel.carton else []), *(("sku", str(sku)) for sku in parcel.content)]


async def _tare_g(uow: UnitOfWork, parcel: queries.ParcelInfo) -> int:
    carton = await catalog.carton(uow, parcel.carton, retired=True)  # it may go out of use while its parcel is packed
    return carton.tare_g if carton else 0


async def learn(uow: UnitOfWork, parcel: queries.ParcelInfo, weight_g: int) -> None:
    """Take in the weight of a whole parcel of one SKU. One that was off before, or holds more than goods, teaches nothing."""
    if len(parcel.content) != 1 or parcel.offs or parcel.extras:
        return
    ((sku_id, qty),) = parcel.content.items()
    tare = await _tare_g(uow, parcel)
    known = await _lock(uow, _keys(parcel))
    unit = known["sku", str(sku_id)]
    # The catalog's tare, not the learned one: else unit and carton could drift apart hand in hand.
    known["sku", str(sku_id)] = rules.teach(unit, (weight_g - tare) / qty, qty)
    if unit.warm and parcel.carton:
        known["carton", parcel.carton] = rules.teach(known["carton", parcel.carton], weight_g - qty * unit.mean_g)
    await _keep(uow, known)


async def learn_measured(uow: UnitOfWork, sku_id: int, weight_g: int) -> None:
    """A unit was measured by itself."""
    known = await _lock(uow, [("sku", str(sku_id))])
    await _keep(uow, {key: rules.measured(memory, weight_g) for key, memory in known.items()})


async def _lock(uow: UnitOfWork, keys: Collection[Key]) -> dict[Key, rules.Memory]:
    """In one order, so that two parcels never wait for each other."""
    for kind, key in sorted(keys):
        blank = insert(LearnedWeight).values(
            kind=kind, key=key, samples=0, units=0, mean_g=0, m2=0, drift_g=0, taught_at=uow.now
        )
        await uow.session.execute(blank.on_conflict_do_nothing())
        await uow.session.execute(
            select(LearnedWeight.kind).where(LearnedWeight.kind == kind, LearnedWeight.key == key).with_for_update()
        )
    return await queries.memories(uow, keys)


async def _keep(uow: UnitOfWork, known: dict[Key, rules.Memory]) -> None:
    for (kind, key), m in known.items():
        row = await uow.session.get_one(LearnedWeight, (kind, key))
        row.samples, row.units, row.mean_g, row.m2, row.drift_g = m.samples, m.units, m.mean_g, m.m2, m.drift_g
        row.taught_at = uow.now
    await uow.session.flush()


async def set_policy(uow: UnitOfWork, *, scan_once: bool) -> None:
    """Of the site's benches."""
    await uow.session.merge(BenchPolicy(id=1, scan_once=scan_once))
    await uow.session.flush()
