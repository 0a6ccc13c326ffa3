"""Reads of the layout: locations, the walking graph and walking distances on it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from wms.db.uow import UnitOfWork
from wms.foundation.layout import rules
from wms.foundation.layout.tables import Location, PathEdge, PathNode, Place


@dataclass(frozen=True, slots=True)
class Spot:
    id: int
    code: str
    check_digits: str
    kind: str
    zone: str
    aisle: str
    x_mm: int
    y_mm: int
    z_mm: int
    level: int
    width_mm: int
    depth_mm: int
    height_mm: int
    load_max_g: int
    node_id: int

    @property
    def volume_mm3(self) -> int:
        return self.width_mm * self.depth_mm * self.height_mm


def _spot(row: Location) -> Spot:
    return Spot(**{name: getattr(row, name) for name in Spot.__slots__})


async def location(uow: UnitOfWork, place_id: int) -> Spot:
    """Errors: UnknownLocation."""
    row = await uow.session.get(Location, place_id)
    if row is None:
        raise rules.UnknownLocation(place_id=place_id)
    return _spot(row)


async def find_location(uow: UnitOfWork, code: str) -> Spot | None:
    row = await uow.session.scalar(select(Location).where(Location.code == code, Location.active))
    return _spot(row) if row else None


async def locations(uow: UnitOfWork, kinds: Collection[str] = (), ids: Collection[int] = ()) -> list[Spot]:
    query = select(Location).where(Location.active).order_by(Location.id)
    if kinds:
        query = query.where(Location.kind.in_(kinds))
    if ids:
        query = query.where(Location.id.in_(ids))
    return [_spot(row) for row in await uow.session.scalars(query)]


async def location_ids(uow: UnitOfWork, codes: Collection[str]) -> dict[str, int]:
    rows = await uow.session.execute(select(Location.code, Location.id).where(Location.code.in_(codes)))
    return {r.code: r.id for r in rows}


async def place_codes(uow: UnitOfWork, ids: Collection[int]) -> dict[int, str]:
    rows = await uow.session.execute(select(Place.id, Place.code).where(Place.id.in_(ids)))
    return {r.id: r.code for r in rows}


async def virtual_places(uow: UnitOfWork) -> dict[str, int]:
    rows = await uow.session.execute(select(Place.code, Place.id).where(Place.kind == "virtual"))
    return {r.code: r.id for r in rows}


async def count_locations(uow: UnitOfWork) -> int:
    return int(await uow.session.scalar(select(func.count()).select_from(Location)) or 0)


@dataclass(frozen=True, slots=True)
class WalkGraph:
    """The walking graph. `ids`: node ids; `xy_mm`: (n, 2); `edges`: (a index, b index, length_mm, one_way)."""

    ids: tuple[int, ...]
    codes: tuple[str, ...]
    xy_mm: NDArray[np.int64]
    edges: tuple[tuple[int, int, int, bool], ...]

    def index(self) -> dict[int, int]:
        return {node: i for i, node in enumerate(self.ids)}


async def walk_graph(uow: UnitOfWork) -> WalkGraph:
    nodes = (
        await uow.session.execute(
            select(PathNode.id, PathNode.code, PathNode.x_mm, PathNode.y_mm).order_by(PathNode.id)
        )
    ).all()
    index = {r.id: i for i, r in enumerate(nodes)}
    edges = await uow.session.execute(select(PathEdge.a_id, PathEdge.b_id, PathEdge.length_mm, PathEdge.one_way))
    return WalkGraph(
        tuple(r.id for r in nodes), tuple(r.code for r in nodes),
        np.array([(r.x_mm, r.y_mm) for r in nodes], dtype=np.int64).reshape(-1, 2),
        tuple((index[e.a_id], index[e.b_id], e.length_mm, e.one_way) for e in edges),
    )  # fmt: skip
