"""Reads of recipes, work orders and chargeable acts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.processes.value_added import rules
from wms.processes.value_added.tables import Act, Photo, RecipeRow, WorkOrder


@dataclass(frozen=True, slots=True)
class RecipeInfo:
    code: str
    name: str
    name_zh: str
    kind: str
    sku_id: int | None
    parts: list[Any]
    steps: list[Any]
    consumables: list[Any]
    minutes: float
    round_each: int
    active: bool


@dataclass(frozen=True, slots=True)
class WorkOrderInfo:
    id: UUID
    ref: str
    recipe: str
    made: dict[str, Any]
    sku_id: int
    owner_id: int
    place_id: int
    order_id: UUID | None
    line_id: UUID | None
    qty_each: int
    done_each: int
    round_each: int
    round_at: datetime | None
    state: str
    station: str
    why: str
    created_by: str
    created_at: datetime
    ended_at: datetime | None

    @property
    def demand(self) -> str:
        """Under which its goods are reserved."""
        return f"vas:{self.id}"


def _order(row: WorkOrder) -> WorkOrderInfo:
    return WorkOrderInfo(**{n: getattr(row, n) for n in WorkOrderInfo.__slots__})


async def recipes(uow: UnitOfWork) -> list[RecipeInfo]:
    rows = await uow.session.scalars(select(RecipeRow).order_by(RecipeRow.code))
    return [RecipeInfo(**{n: getattr(r, n) for n in RecipeInfo.__slots__}) for r in rows]


async def recipe(uow: UnitOfWork, code: str) -> RecipeInfo:
    """One in use. Errors: UnknownRecipe."""
    row = await uow.session.get(RecipeRow, code, populate_existing=True)
    if row is None or not row.active:
        raise rules.UnknownRecipe(recipe=code)
    return RecipeInfo(**{n: getattr(row, n) for n in RecipeInfo.__slots__})


async def work_order(uow: UnitOfWork, work_order_id: UUID, *, lock: bool = False) -> WorkOrderInfo:
    """Errors: UnknownWorkOrder."""
    row = await uow.session.get(WorkOrder, work_order_id, populate_existing=True, with_for_update=lock or None)
    if row is None:
        raise rules.UnknownWorkOrder(work_order=str(work_order_id))
    return _order(row)


async def find(uow: UnitOfWork, ref: str) -> WorkOrderInfo | None:
    row = await uow.session.scalar(select(WorkOrder).where(WorkOrder.ref == ref))
    return _order(row) if row else None


async def work_orders(
    uow: UnitOfWork, *, states: Collection[str] = ("open", "working"), order_id: UUID | None = None,
    lines: Collection[UUID] | None = None, limit: int = 200,
) -> list[WorkOrderInfo]:  # fmt: skip
    """Oldest first while they wait, as they came."""
    query = select(WorkOrder).where(WorkOrder.state.in_(states)).order_by(WorkOrder.created_at, WorkOrder.id)
    if order_id is not None:
        query = query.where(WorkOrder.order_id == order_id)
    if lines is not None:
        query = query.where(WorkOrder.line_id.in_(lines))
    return [_order(r) for r in await uow.session.scalars(query.limit(limit).execution_options(populate_existing=True))]


async def board(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Work orders that wait or are in hand, then those that ended last, with codes instead of ids."""
    open_ = await work_orders(uow)
    ended = await uow.session.scalars(
        select(WorkOrder).where(WorkOrder.state.in_(("done", "cancelled"))).order_by(WorkOrder.ended_at.desc()).limit(50)
    )  # fmt: skip
    found = [*open_, *map(_order, ended)]
    skus = await catalog.skus(uow, {w.sku_id for w in found})
    owners = {i: code for code, i in (await catalog.owner_ids(uow)).items()}
    places = await layout.place_codes(uow, {w.place_id for w in found if w.place_id})
    pictures = await uow.session.execute(
        select(Photo.work_order_id, func.count()).where(Photo.work_order_id.in_([w.id for w in found]))
        .group_by(Photo.work_order_id)
    )  # fmt: skip
    photos = {i: n for i, n in pictures.all()}
    return [
        {"id": str(w.id), "ref": w.ref, "recipe": w.recipe, "name": w.made["name"], "name_zh": w.made["name_zh"], "kind": w.made["kind"],
         "sku": skus[w.sku_id].code, "owner": owners[w.owner_id], "place": places.get(w.place_id, ""), "qty_each": w.qty_each,
         "done_each": w.done_each, "state": w.state, "station": w.station, "why": w.why, "photos": photos.get(w.id, 0),
         "standard_min": rules.standard_minutes(w.made, w.qty_each), "created_at": w.created_at, "ended_at": w.ended_at}
        for w in found
    ]  # fmt: skip


async def photos_of(uow: UnitOfWork, work_order_id: UUID) -> list[dict[str, Any]]:
    rows = await uow.session.execute(
        select(Photo.id, Photo.step, Photo.units_from, Photo.at, Photo.by)
        .where(Photo.work_order_id == work_order_id).order_by(Photo.id)
    )  # fmt: skip
    return [dict(r._mapping) for r in rows]


async def photo(uow: UnitOfWork, photo_id: UUID) -> bytes:
    """The picture as JPEG. Errors: UnknownWorkOrder."""
    row = await uow.session.get(Photo, photo_id)
    if row is None:
        raise rules.UnknownWorkOrder(photo=str(photo_id))
    return row.jpeg


async def acts(uow: UnitOfWork, since: datetime, until: datetime, owner: str = "") -> list[dict[str, Any]]:
    """What was done for owners in a time, oldest first."""
    ids = await catalog.owner_ids(uow)
    query = select(Act).where(Act.at >= since, Act.at < until).order_by(Act.at, Act.id).limit(20_000)
    if owner:
        query = query.where(Act.owner_id == ids.get(owner, 0))
    codes = {i: code for code, i in ids.items()}
    return [
        {"owner": codes[a.owner_id], "kind": a.kind, "qty": a.qty, "unit": a.unit, "ref": a.ref, "at": a.at, "by": a.by, "data": a.data}
        for a in await uow.session.scalars(query)
    ]  # fmt: skip
