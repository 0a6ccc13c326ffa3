"""Load and change the layout."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from wms.db.uow import UnitOfWork
from wms.foundation.layout import rules
from wms.foundation.layout.tables import Location, PathEdge, PathNode, Place, Warehouse


@dataclass(frozen=True, slots=True)
class NodeDraft:
    code: str
    x_mm: int
    y_mm: int


@dataclass(frozen=True, slots=True)
class EdgeDraft:
    a: str
    b: str
    length_mm: int = 0
    """0: the straight distance."""
    one_way: bool = False


@dataclass(frozen=True, slots=True)
class LocationDraft:
    code: str
    kind: str
    zone: str
    node: str
    x_mm: int
    y_mm: int
    z_mm: int = 0
    aisle: str = ""
    level: int = 0
    width_mm: int = 0
    depth_mm: int = 0
    height_mm: int = 0
    load_max_g: int = 0
    temperature: str = "ambient"
    check_digits: str = ""


async def load_layout(
    uow: UnitOfWork, warehouse: str, nodes: Sequence[NodeDraft], edges: Sequence[EdgeDraft],
    locations: Sequence[LocationDraft], timezone: str = "",
) -> int:  # fmt: skip
    """Load a layout, or what is new of one, all or nothing. Returns the number of locations. Errors: BadLayout naming the rows."""
    there = {n.code: n for n in await uow.session.scalars(select(PathNode))}
    taken = set(await uow.session.scalars(select(Place.code).where(Place.code.in_([x.code for x in locations]))))
    faults = [f"node {n.code}: there already" for n in nodes if n.code in there]
    faults += [f"location {x.code}: there already" for x in locations if x.code in taken]
    names = {n.code for n in nodes} | set(there)
    faults += [f"edge {e.a}-{e.b}: unknown node" for e in edges if e.a not in names or e.b not in names]
    faults += [f"location {x.code}: unknown node {x.node!r}" for x in locations if x.node not in names]
    faults += [f"location {x.code}: unknown kind {x.kind!r}" for x in locations if x.kind not in rules.KINDS]
    faults += [f"timezone {timezone!r}: unknown, say e.g. Asia/Shanghai"] if not rules.known_zone(timezone) else []
    codes = [x.code for x in locations]
    faults += (
        [f"location {c}: twice" for c in {c for c in codes if codes.count(c) > 1}]
        if len(set(codes)) < len(codes)
        else []
    )
    if faults:
        raise rules.BadLayout(count=len(faults), faults=faults[:50])
    house = await uow.session.scalar(select(Warehouse).where(Warehouse.code == warehouse))
    if house is None:
        house = Warehouse(code=warehouse, name=warehouse, timezone=timezone or "UTC")
        uow.session.add(house)
    elif timezone:
        house.timezone = timezone
    fresh = {n.code: PathNode(code=n.code, x_mm=n.x_mm, y_mm=n.y_mm) for n in nodes}
    uow.session.add_all(fresh.values())
    node_rows = there | fresh
    place_rows = {x.code: Place(kind="location", code=x.code) for x in locations}
    uow.session.add_all(place_rows.values())
    await uow.session.flush()
    for e in edges:
        a, b = node_rows[e.a], node_rows[e.b]
        length_mm = e.length_mm or round(((a.x_mm - b.x_mm) ** 2 + (a.y_mm - b.y_mm) ** 2) ** 0.5)
        uow.session.add(PathEdge(a_id=a.id, b_id=b.id, length_mm=length_mm, one_way=e.one_way))
    for x in locations:
        uow.session.add(
            Location(
                id=place_rows[x.code].id, warehouse_id=house.id, code=x.code, kind=x.kind, zone=x.zone, aisle=x.aisle,
                x_mm=x.x_mm, y_mm=x.y_mm, z_mm=x.z_mm, level=x.level, width_mm=x.width_mm, depth_mm=x.depth_mm,
                height_mm=x.height_mm, load_max_g=x.load_max_g, temperature=x.temperature, node_id=node_rows[x.node].id,
                check_digits=x.check_digits or rules.check_digits(x.code),
            )
        )  # fmt: skip
    await uow.session.flush()
    return len(locations)
