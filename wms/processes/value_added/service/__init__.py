"""Verbs of value-added services: recipes and acts (here), work orders (`orders`), their goods (`goods`, `kits`), shipments
(`fba`)."""

from collections.abc import Sequence
from typing import Any

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.labels.rules import templates
from wms.kernel.ids import uuid7
from wms.processes.value_added import rules
from wms.processes.value_added.tables import Act, RecipeRow


def note_act(
    uow: UnitOfWork, owner_id: int, kind: str, qty: float, unit: str, ref: str, data: dict[str, Any] | None = None
) -> None:
    """Keep something that the owner may be charged for."""
    uow.session.add(Act(
        id=uuid7(), owner_id=owner_id, kind=kind, qty=qty, unit=unit, ref=ref, at=uow.now, by=uow.actor.id, data=data or {}
    ))  # fmt: skip


async def save_recipe(
    uow: UnitOfWork, code: str, *, name: str, name_zh: str, kind: str, sku: str, parts: Sequence[tuple[str, int]],
    steps: Sequence[dict[str, Any]], consumables: Sequence[tuple[str, int]], minutes: float, round_each: int, active: bool,
) -> None:  # fmt: skip
    """Create or change a recipe; work orders that are there keep the one they came with.

    Errors: BadRecipe, SerialGoods (of a kit or a consumable), UnknownSku.
    """
    rules.check_recipe(kind, steps, parts, bool(sku), list(templates.TEMPLATES))
    kit = await catalog.sku_by_code(uow, sku) if sku else None
    if kit and (await catalog.bundle_parts(uow, [kit.id])):
        raise rules.BadRecipe(field="sku", reason="a bundle is exploded at intake and holds no stock of its own")
    if kit and kit.code in dict(parts):
        raise rules.BadRecipe(field="parts", reason="a kit is not a part of itself")
    kept = {}
    for field, wanted in (("parts", parts), ("consumables", consumables)):
        if len(dict(wanted)) != len(wanted):
            raise rules.BadRecipe(field=field, reason="each SKU once")
        found = [(await catalog.sku_by_code(uow, each), qty) for each, qty in wanted]
        kept[field] = [{"sku_id": s.id, "sku": s.code, "qty_each": qty} for s, qty in found]
        for s, _ in found:
            if s.keeps_serials and field == "consumables":
                raise rules.SerialGoods(sku=s.code)
    if kit and kit.keeps_serials:
        raise rules.SerialGoods(sku=kit.code)
    await uow.session.merge(RecipeRow(
        code=code, name=name, name_zh=name_zh, kind=kind, sku_id=kit.id if kit else None, steps=list(steps), minutes=minutes,
        round_each=round_each, active=active, **kept,
    ))  # fmt: skip
    await uow.session.flush()
