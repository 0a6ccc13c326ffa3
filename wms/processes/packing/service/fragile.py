"""Fragile goods ship in an approved pack version or not at all: orders are held before release, and the bench packs by the
recipe.

A site that keeps no pack version is not asked for any.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from wms.db.uow import UnitOfWork
from wms.events.incidents import IncidentDetected
from wms.foundation.catalog import queries as catalog
from wms.foundation.orders import queries as orders
from wms.foundation.orders import service as order_service
from wms.foundation.packs import queries as packs
from wms.foundation.packs import rules as pack_rules
from wms.processes.packing import rules

KIND = "pack"
UNDECIDED = ("accepted", "backordered", "released", "picking", "picked", "packed")
"""States of an order that a pack version which ends still stops."""


async def begin(uow: UnitOfWork, sku_id: int) -> None:
    """A pack version came or changed: from the first one on every order is judged before its release."""
    await order_service.require_check(uow, KIND)
    await judge_all(uow, sku_id)


async def carton_changed(uow: UnitOfWork, carton: str) -> None:
    """Judge the orders of the SKUs that have a version in this carton."""
    for sku_id in sorted(await packs.made_with(uow, carton=carton)):
        await judge_all(uow, sku_id)


async def judge_all(uow: UnitOfWork, sku_id: int | None = None) -> None:
    """Judge the orders that have not left anew, all or those with this SKU: a test ran out, a pack was approved."""
    if not await packs.any_version(uow):
        return
    live = await orders.orders(uow, [q.id for q in await orders.queued(uow, UNDECIDED, limit=20_000)])
    touched = [o for o in live.values() if sku_id is None or _held(o) or any(x.sku_id == sku_id for x in o.lines)]
    await _judge(uow, touched)


async def judge(uow: UnitOfWork, order_id: UUID) -> None:
    """Hold an order of which some fragile SKU has no valid pack version, with the reason; free it when all have one."""
    if await packs.any_version(uow):
        await _judge(uow, [await orders.order(uow, order_id)])


def _held(order: orders.OrderInfo) -> dict[str, Any] | None:
    return next((h for h in order.holds if h["kind"] == KIND), None)


async def _judge(uow: UnitOfWork, touched: Collection[orders.OrderInfo]) -> None:
    skus = await catalog.skus(uow, {x.sku_id for o in touched for x in o.lines})
    found = await packs.approvals(uow, sorted(s.id for s in skus.values() if s.fragile))
    told = set[int]()
    for order in touched:
        missing = [found[i] for i in sorted({x.sku_id for x in order.lines}) if i in found and not found[i].valid]
        held = _held(order)
        if not missing:
            if held:
                await order_service.lift(uow, order.id, KIND, "every fragile SKU has a valid pack version")
            continue
        why = "; ".join(f"{skus[a.sku_id].code}: {a.why}" for a in missing)
        if not held or held["why"] != why:
            fields = [f"sku {skus[a.sku_id].code}" for a in missing]
            await order_service.hold(uow, order.id, KIND, missing[0].code, why, fields)
        told |= {a.sku_id for a in missing}
    for sku_id in sorted(told):
        a = found[sku_id]
        uow.emit(IncidentDetected(
            kind="pack.no_version", key=f"pack_version:{sku_id}", owner="qa", due_h=8.0,
            subject=f"{skus[sku_id].code}: its orders are held, {a.why}",
            detail={"sku": skus[sku_id].code, "sku_id": sku_id, "code": a.code, "why": a.why},
        ))  # fmt: skip


async def version_of(uow: UnitOfWork, carton: str, content: Collection[int]) -> pack_rules.Version | None:
    """The pack version that a parcel is packed in; None where nothing in it is fragile, or the site keeps no versions.

    Errors: NoPackVersion, WrongPack (it was planned into a carton that is not approved, or is not any more).
    """
    fragile = sorted(s.id for s in (await catalog.skus(uow, content)).values() if s.fragile)
    if not fragile or not await packs.any_version(uow):
        return None
    skus = await catalog.skus(uow, fragile)
    for sku_id, found in sorted((await packs.approvals(uow, fragile)).items()):
        if not found.valid:
            raise rules.NoPackVersion(sku=skus[sku_id].code, why=found.why)
        fitting = [v for v in found.valid if v.carton == carton]
        if not fitting:
            wanted = ", ".join(sorted({v.carton for v in found.valid}))
            raise rules.WrongPack(sku=skus[sku_id].code, carton=carton, approved=wanted)
        return max(fitting, key=lambda v: v.number)
    return None


async def recipe(uow: UnitOfWork, version: pack_rules.Version) -> list[dict[str, Any]]:
    """What goes in beside the goods, in packing order, as extras of a parcel."""
    known = await packs.materials(uow)
    steps = []
    for s in version.recipe:
        m = known[s["material"]]
        steps.append({
            "kind": "material", "code": m.code, "name": m.name, "name_zh": m.name_zh, "qty": s["qty"],
            "weight_g": m.weight_g, "text": s["text"], "text_zh": s["text_zh"], "inner": m.kind == "inner",
        })  # fmt: skip
    return steps
