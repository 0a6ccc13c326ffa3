"""What a parcel is shipped in: a carton, a bag, or nothing, where its goods ship in their own container."""

from typing import Any

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.kernel.errors import Refusal
from wms.processes.packing import queries, rules


async def block_of(uow: UnitOfWork, parcel: queries.ParcelInfo) -> Refusal | None:
    """Why a parcel cannot ship in what it was planned in; None when it can."""
    if parcel.carton:
        known = await catalog.carton(uow, parcel.carton)
        return None if known else rules.CartonGone(carton=parcel.carton, parcel=parcel.number)
    loose = [s.code for s in (await catalog.skus(uow, parcel.content)).values() if not s.own_container]
    return rules.NeedsCarton(sku=", ".join(sorted(loose)), parcel=parcel.number) if loose else None


async def placed(uow: UnitOfWork, parcel: queries.ParcelInfo) -> list[list[int]]:
    """The arrangement as planned, rows of (SKU id, x, y, z, dx, dy, dz); empty where it is packed otherwise."""
    for planned in (await orders.order(uow, parcel.order_id)).parcels:
        content = {int(sku): int(n) for sku, n in planned["items"].items()}
        if planned["carton"] == parcel.carton and content == parcel.content:
            rows: list[list[int]] = planned["placed"]
            return rows
    return []


async def goods(uow: UnitOfWork, parcel: queries.ParcelInfo) -> rules.Goods:
    skus = await catalog.skus(uow, parcel.content)
    return [((s.length_mm, s.width_mm, s.height_mm), s.weight_g, parcel.content[i]) for i, s in skus.items()]


async def outer_mm(uow: UnitOfWork, parcel: queries.ParcelInfo) -> rules.Size:
    """What a carrier measures of it."""
    carton = await catalog.carton(uow, parcel.carton, retired=True)
    return rules.outer_mm(carton, await placed(uow, parcel), await goods(uow, parcel))


async def shown(uow: UnitOfWork, parcel: queries.ParcelInfo) -> dict[str, Any]:
    """How the bench's screens tell of it."""
    carton = await catalog.carton(uow, parcel.carton)
    if carton is not None:
        return {"carton": carton.code} | ({"bag": True} if carton.bag else {})
    return {"carton": parcel.carton} if parcel.carton else {"as_is": True}
