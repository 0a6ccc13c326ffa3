"""What parcels are planned with: cartons, goods, hazard rules, approved pack versions, and what carriers charge."""

from collections.abc import Mapping, Set

from wms.algorithms.packing.model import Box, Limit
from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.packs import queries as packs
from wms.processes.order_release.rules.parcels import Goods, Supply


async def supply(uow: UnitOfWork, skus: Mapping[int, catalog.SkuInfo], carriages: Set[str]) -> Supply:
    goods, limits = await _goods_of(uow, skus)
    return Supply(
        {s.id: ((s.length_mm, s.width_mm, s.height_mm), s.weight_g) for s in skus.values()},
        tuple(Box(c.code, c.inner_mm, c.tare_g, c.load_max_g, c.outer_mm, bag=c.bag) for c in await catalog.cartons(uow)),
        frozenset(s.id for s in skus.values() if s.fragile), goods, limits,
        await orders.prices(uow, carriages - {""}),
    )  # fmt: skip


async def _goods_of(uow: UnitOfWork, skus: Mapping[int, catalog.SkuInfo]) -> tuple[dict[int, Goods], tuple[Limit, ...]]:
    """What limits the parcels of these SKUs: hazard rules, of fragile ones their approved pack versions, and what ships as it is."""
    told = await packs.limits(uow)
    fragile = [s.id for s in skus.values() if s.fragile] if await packs.any_version(uow) else []
    approved = {i: a for i, a in (await packs.approvals(uow, fragile)).items() if a.valid}
    own = {i: f"pack:{i}" for i in approved}
    goods = {}
    for sku in skus.values():
        tags = packs.tags_of(sku.attributes, sku.hazard)
        apart = {x.beside for x in told if x.apart and x.tag in tags}
        if approved:  # what a lab tested was one SKU by itself
            tags = (*tags, own.get(sku.id, "loose"))
            apart |= {"loose", *own.values()} - {own[sku.id]} if sku.id in own else set()
        only_in = tuple(sorted({v.carton for v in approved[sku.id].valid})) if sku.id in approved else ()
        if tags or only_in or sku.own_container:
            goods[sku.id] = Goods(tags, tuple(sorted(apart)), only_in, sku.own_container)
    limits = [Limit(x.tag, x.each_max, x.weight_max_g, x.beside or None) for x in told if not x.apart]
    limits += [Limit(own[i], min(v.units_max for v in a.valid)) for i, a in sorted(approved.items())]
    return goods, tuple(limits)
