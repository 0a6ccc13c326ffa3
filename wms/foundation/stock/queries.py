"""Reads of the ledger: balances, content of units, where a unit stands, candidates to pick, the audit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import aliased

from wms.db.base import among
from wms.db.uow import UnitOfWork
from wms.foundation.catalog import queries as catalog
from wms.foundation.layout import queries as layout
from wms.foundation.stock.rules import AVAILABLE, SERIAL_LONGEST, Grain
from wms.foundation.stock.tables import Balance, HandlingUnit, Lot, Reservation, Serial
from wms.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Held:
    """One balance row."""

    balance_id: int
    place_id: int
    grain: Grain
    qty_each: int
    allocated_each: int

    @property
    def free_each(self) -> int:
        return self.qty_each - self.allocated_each


async def virtual_places(uow: UnitOfWork) -> dict[str, int]:
    """Code to place id of the virtual holders."""
    return await layout.virtual_places(uow)


def _held(row: Balance) -> Held:
    return Held(
        row.id, row.place_id, Grain(row.sku_id, row.lot_id, row.owner_id, row.status), row.qty_each, row.allocated_each
    )


async def held_in(uow: UnitOfWork, place_id: int, sku_id: int | None = None) -> list[Held]:
    """Non-empty balances directly in a place, oldest lot first."""
    query = select(Balance).where(Balance.place_id == place_id, Balance.qty_each > 0).order_by(Balance.lot_id)
    if sku_id is not None:
        query = query.where(Balance.sku_id == sku_id)
    return [_held(row) for row in await uow.session.scalars(query.execution_options(populate_existing=True))]


_CONTENT = text("""
WITH RECURSIVE inside AS (
  SELECT CAST(:place AS bigint) AS id
  UNION ALL SELECT h.id FROM handling_unit h JOIN inside ON h.in_place_id = inside.id WHERE h.closed_at IS NULL
) SELECT b.id, b.place_id, b.sku_id, b.lot_id, b.owner_id, b.status, b.qty_each, b.allocated_each
FROM stock_balance b JOIN inside ON inside.id = b.place_id WHERE b.qty_each > 0 ORDER BY b.place_id, b.sku_id, b.lot_id
""")


async def content_of(uow: UnitOfWork, place_id: int) -> list[Held]:
    """Everything in a place or unit, at any depth."""
    rows = await uow.session.execute(_CONTENT, {"place": place_id})
    return [
        Held(r.id, r.place_id, Grain(r.sku_id, r.lot_id, r.owner_id, r.status), r.qty_each, r.allocated_each)
        for r in rows
    ]


async def contents_of(uow: UnitOfWork, place_ids: Sequence[int]) -> list[Held]:
    """What lies in these places or units themselves, by place."""
    names = ("id", "place_id", "sku_id", "lot_id", "owner_id", "status", "qty_each", "allocated_each")
    rows = await uow.session.execute(
        select(*(getattr(Balance, n) for n in names)).where(among(Balance.place_id, place_ids), Balance.qty_each > 0)
        .order_by(Balance.place_id, Balance.id)
    )  # fmt: skip
    return [
        Held(r.id, r.place_id, Grain(r.sku_id, r.lot_id, r.owner_id, r.status), r.qty_each, r.allocated_each)
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class Unit:
    id: int
    kind: str
    code: str
    in_place_id: int
    bound_to: UUID | None
    closed: bool
    weight_g: int


async def find_unit(uow: UnitOfWork, code: str) -> Unit | None:
    row = await uow.session.scalar(
        select(HandlingUnit).where(HandlingUnit.code == code).execution_options(populate_existing=True)
    )
    return _unit(row) if row else None


async def unit(uow: UnitOfWork, hu_id: int) -> Unit:
    """Errors: NotFound."""
    row = await uow.session.get(HandlingUnit, hu_id, populate_existing=True)
    if row is None:
        raise NotFound(unit=hu_id)
    return _unit(row)


async def unit_at(uow: UnitOfWork, place_id: int) -> Unit | None:
    """The unit that a place is; None for a location."""
    row = await uow.session.get(HandlingUnit, place_id, populate_existing=True)
    return _unit(row) if row else None


async def units_in(uow: UnitOfWork, place_id: int) -> list[Unit]:
    rows = await uow.session.scalars(
        select(HandlingUnit).where(HandlingUnit.in_place_id == place_id, HandlingUnit.closed_at.is_(None))
        .order_by(HandlingUnit.code).execution_options(populate_existing=True)
    )  # fmt: skip
    return [_unit(row) for row in rows]


async def units_bound_to(uow: UnitOfWork, bound_to: UUID) -> list[Unit]:
    rows = await uow.session.scalars(
        select(HandlingUnit).where(HandlingUnit.bound_to == bound_to, HandlingUnit.closed_at.is_(None))
        .order_by(HandlingUnit.id).execution_options(populate_existing=True)
    )  # fmt: skip
    return [_unit(row) for row in rows]


async def cart_totes(uow: UnitOfWork, default: int = 8) -> tuple[int, int]:
    """(carts, totes that most of them carry); `default` totes while no cart carries any."""
    tote = aliased(HandlingUnit)
    counted = (
        select(HandlingUnit.id, func.count(tote.id).label("totes"))
        .outerjoin(tote, (tote.in_place_id == HandlingUnit.id) & (tote.kind == "tote") & tote.closed_at.is_(None))
        .where(HandlingUnit.kind == "cart", HandlingUnit.closed_at.is_(None)).group_by(HandlingUnit.id).subquery()
    )  # fmt: skip
    rows = await uow.session.execute(select(counted.c.totes, func.count()).group_by(counted.c.totes))
    carts = {int(totes): int(n) for totes, n in rows}
    usual = max((n, totes) for totes, n in carts.items() if totes)[1] if any(carts) else default
    return sum(carts.values()), usual


async def loaded_carts_in(uow: UnitOfWork, place_ids: Collection[int]) -> int:
    """Carts at these places that serve somebody."""
    return int(await uow.session.scalar(
        select(func.count()).select_from(HandlingUnit).where(
            HandlingUnit.kind == "cart", HandlingUnit.closed_at.is_(None), HandlingUnit.bound_to.is_not(None),
            HandlingUnit.in_place_id.in_(place_ids),
        )
    ) or 0)  # fmt: skip


def _unit(row: HandlingUnit) -> Unit:
    return Unit(row.id, row.kind, row.code, row.in_place_id, row.bound_to, row.closed_at is not None, row.weight_g)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Free stock that a pick may be reserved on, in the order it should leave (FEFO, then FIFO)."""

    balance_id: int
    place_id: int
    location: str
    node_id: int
    x_mm: int
    y_mm: int
    sku_id: int
    lot_id: int
    owner_id: int
    status: str
    free_each: int
    expires_on: date
    received_on: date


_CANDIDATES = text("""
SELECT b.id AS balance_id, b.place_id, l.code AS location, l.node_id, l.x_mm, l.y_mm, b.sku_id, b.lot_id, b.owner_id, b.status,
       b.qty_each - b.allocated_each AS free_each, lot.expires_on, lot.received_on
FROM stock_balance b
JOIN location l ON l.id = b.place_id AND l.active AND l.kind IN ('bin', 'reserve')
JOIN lot ON lot.id = b.lot_id
WHERE b.sku_id IN :skus AND b.status = 'available' AND b.qty_each > b.allocated_each
ORDER BY b.sku_id, lot.expires_on, lot.received_on, (l.kind = 'bin') DESC, b.qty_each - b.allocated_each, b.id
""").bindparams(bindparam("skus", expanding=True))


async def candidates(uow: UnitOfWork, sku_ids: Sequence[int]) -> list[Candidate]:
    """Allocatable free stock of these SKUs, FEFO then FIFO, small remainders first so that bins empty."""
    if not sku_ids:
        return []
    rows = await uow.session.execute(_CANDIDATES, {"skus": list(sku_ids)})
    return [Candidate(**r._mapping) for r in rows]


_FREE_EACH = text("""
SELECT b.sku_id, sum(b.qty_each - b.allocated_each)::bigint AS n FROM stock_balance b
WHERE b.sku_id = ANY(:skus) AND b.status = 'available' AND b.qty_each > b.allocated_each AND (
  EXISTS (SELECT 1 FROM location l WHERE l.id = b.place_id AND l.active AND l.kind IN ('bin', 'reserve', 'dock'))
  OR EXISTS (SELECT 1 FROM handling_unit h JOIN location l ON l.id = h.in_place_id
             WHERE h.id = b.place_id AND h.kind IN ('pallet', 'case', 'tote') AND h.bound_to IS NULL AND l.kind = 'dock')
  OR EXISTS (SELECT 1 FROM handling_unit h JOIN handling_unit pod ON pod.id IN (h.id, h.in_place_id) AND pod.kind = 'pod'
             AND pod.closed_at IS NULL WHERE h.id = b.place_id))
GROUP BY b.sku_id
""")


async def free_each(uow: UnitOfWork, sku_ids: Collection[int]) -> dict[int, int]:
    """SKU id to sellable pieces that nothing is reserved on: in locations, in pods, and received at the dock on their way there."""
    rows = await uow.session.execute(_FREE_EACH, {"skus": list(sku_ids)})
    return {r.sku_id: int(r.n) for r in rows}


_POD_CANDIDATES = text("""
SELECT b.id AS balance_id, b.place_id, h.code AS location, l.node_id, l.x_mm, l.y_mm, b.sku_id, b.lot_id, b.owner_id, b.status,
       b.qty_each - b.allocated_each AS free_each, lot.expires_on, lot.received_on
FROM stock_balance b
JOIN handling_unit h ON h.id = b.place_id
JOIN handling_unit pod ON pod.id IN (h.id, h.in_place_id) AND pod.kind = 'pod' AND pod.closed_at IS NULL
JOIN location l ON l.id = pod.in_place_id AND l.active AND l.kind IN ('pod', 'g2p')
JOIN lot ON lot.id = b.lot_id
WHERE b.sku_id IN :skus AND b.status = 'available' AND b.qty_each > b.allocated_each
ORDER BY b.sku_id, lot.expires_on, lot.received_on, b.qty_each - b.allocated_each, b.id
""").bindparams(bindparam("skus", expanding=True))


async def pod_candidates(uow: UnitOfWork, sku_ids: Sequence[int]) -> list[Candidate]:
    """As `candidates`, of stock in pods and their compartments; `location`: code of the compartment, or of the pod."""
    if not sku_ids:
        return []
    rows = await uow.session.execute(_POD_CANDIDATES, {"skus": list(sku_ids)})
    return [Candidate(**r._mapping) for r in rows]


async def any_pod(uow: UnitOfWork) -> bool:
    """Whether the site has pods."""
    query = select(HandlingUnit.id).where(HandlingUnit.kind == "pod", HandlingUnit.closed_at.is_(None))
    return await uow.session.scalar(query.limit(1)) is not None


async def pods_of(uow: UnitOfWork, place_ids: Collection[int]) -> dict[int, Unit]:
    """Place to the pod that it is, or is a compartment of; places that are neither are not in it."""
    pod = aliased(HandlingUnit)
    rows = await uow.session.execute(
        select(HandlingUnit.id, pod).join(pod, pod.id.in_([HandlingUnit.id, HandlingUnit.in_place_id]))
        .where(HandlingUnit.id.in_(place_ids), pod.kind == "pod").execution_options(populate_existing=True)
    )  # fmt: skip
    return {place_id: _unit(row) for place_id, row in rows.all()}


async def spots(uow: UnitOfWork, place_ids: Collection[int]) -> dict[int, layout.Spot]:
    """Places as spots on the floor: a unit by its own code, at the location that it stands in at any depth."""
    found = {s.id: s for s in await layout.locations(uow, ids=place_ids)} if place_ids else {}
    for place_id in set(place_ids) - set(found):
        inner = outer = await unit(uow, place_id)
        while (spot := next(iter(await layout.locations(uow, ids=[outer.in_place_id])), None)) is None:
            outer = await unit(uow, outer.in_place_id)
        found[place_id] = replace(spot, id=place_id, code=inner.code, check_digits=inner.code)
    return found


async def stands_at(uow: UnitOfWork, place_id: int) -> str:
    """Code of the location that a unit stands in at any depth; empty for what is a location itself."""
    at = ""
    while (row := await uow.session.get(HandlingUnit, place_id, populate_existing=True)) is not None:
        place_id = row.in_place_id
        at = (await layout.place_codes(uow, [place_id]))[place_id]
    return at


async def first_places(uow: UnitOfWork, sku_ids: Collection[int]) -> dict[int, int]:
    """SKU to the place that its stock would leave from first; SKUs without free stock are not in it."""
    first: dict[int, int] = {}
    for c in await candidates(uow, sorted(sku_ids)):
        first.setdefault(c.sku_id, c.place_id)
    return first


async def balance(uow: UnitOfWork, balance_id: int) -> Held:
    """Errors: NotFound."""
    row = await uow.session.get(Balance, balance_id, populate_existing=True)
    if row is None:
        raise NotFound(balance=balance_id)
    return _held(row)


@dataclass(frozen=True, slots=True)
class Reserved:
    id: UUID
    demand: str
    balance_id: int
    open_each: int
    place_id: int
    grain: Grain


async def open_reservations(uow: UnitOfWork, demands: Sequence[str]) -> list[Reserved]:
    """Pending reservations of these demands."""
    rows = await uow.session.execute(
        select(Reservation.id, Reservation.demand, Reservation.balance_id, Reservation.open_each, Balance)
        .join(Balance, Balance.id == Reservation.balance_id)
        .where(Reservation.demand.in_(demands), Reservation.state == "pending")
        .order_by(Reservation.id).execution_options(populate_existing=True)
    )  # fmt: skip
    return [
        Reserved(r.id, r.demand, r.balance_id, r.open_each, r.Balance.place_id, _held(r.Balance).grain) for r in rows
    ]


async def serial_places(uow: UnitOfWork, sku_id: int, serials: Collection[str]) -> dict[str, tuple[int, str]]:
    """Where the book has these serials: to (place, status). One that it has nowhere is left out."""
    rows = await uow.session.execute(
        select(Serial.serial, Serial.place_id, Serial.status).where(Serial.sku_id == sku_id, Serial.serial.in_(serials))
    )
    return {r.serial: (r.place_id, r.status) for r in rows}


async def serials_in(
    uow: UnitOfWork, place_ids: Collection[int], sku_ids: Collection[int], status: str = AVAILABLE
) -> dict[tuple[int, int], list[str]]:
    """Serials of SKUs that keep them, by (place, SKU)."""
    query = select(Serial.place_id, Serial.sku_id, Serial.serial).where(
        Serial.place_id.in_(place_ids), Serial.sku_id.in_(sku_ids), Serial.status == status
    ).order_by(Serial.serial)  # fmt: skip
    found: dict[tuple[int, int], list[str]] = {}
    for place_id, sku_id, serial in (await uow.session.execute(query)).all():
        found.setdefault((place_id, sku_id), []).append(serial)
    return found


_SERIALS_BY_LOT = text("""
SELECT DISTINCT ON (s.sku_id, s.serial) s.sku_id, s.serial, m.lot_id FROM serial s
JOIN movement_serial n ON n.serial = s.serial
JOIN movement m ON m.id = n.movement_id AND m.sku_id = s.sku_id AND m.to_place_id = s.place_id
WHERE s.place_id = :place ORDER BY s.sku_id, s.serial, m.recorded_at DESC, m.line DESC
""")


async def serials_by_lot(uow: UnitOfWork, place_id: int) -> dict[tuple[int, int], list[str]]:
    """Serials that lie in a place, by (SKU, lot), as the movements brought them in."""
    found: dict[tuple[int, int], list[str]] = {}
    for r in await uow.session.execute(_SERIALS_BY_LOT, {"place": place_id}):
        found.setdefault((r.sku_id, r.lot_id), []).append(r.serial)
    return found


_UNNAMED = text("""
SELECT b.place_id, b.sku_id, b.status, b.pieces - coalesce(n.names, 0) AS unnamed FROM (
  SELECT place_id, sku_id, status, sum(qty_each)::bigint AS pieces FROM stock_balance
  WHERE place_id IN :places AND sku_id IN :skus GROUP BY place_id, sku_id, status
) b LEFT JOIN (
  SELECT place_id, sku_id, status, count(*) AS names FROM serial
  WHERE place_id IN :places AND sku_id IN :skus GROUP BY place_id, sku_id, status
) n USING (place_id, sku_id, status) WHERE b.pieces > coalesce(n.names, 0)
""").bindparams(bindparam("places", expanding=True), bindparam("skus", expanding=True))


async def unnamed_in(
    uow: UnitOfWork, place_ids: Collection[int], sku_ids: Collection[int]
) -> dict[tuple[int, int, str], int]:
    """Pieces without a name, by (place, SKU, status), of SKUs that keep serials. Which lot they are of the book does not say."""
    rows = await uow.session.execute(_UNNAMED, {"places": list(place_ids), "skus": list(sku_ids)})
    return {(r.place_id, r.sku_id, r.status): r.unnamed for r in rows}


_WAITING = text("""
SELECT code, unnamed FROM (
  SELECT k.code, coalesce((SELECT sum(b.qty_each) FROM stock_balance b WHERE b.sku_id = k.id), 0)::bigint
       - (SELECT count(*) FROM serial n WHERE n.sku_id = k.id) AS unnamed
  FROM sku k WHERE k.serial_policy IN ('on_receipt', 'always')
) x WHERE unnamed > 0 ORDER BY code
""")


async def unnamed(uow: UnitOfWork) -> dict[str, int]:
    """SKU to its pieces on hand that have no serial though it keeps them: they were here before."""
    return {r.code: r.unnamed for r in await uow.session.execute(_WAITING)}


async def no_serials(uow: UnitOfWork, codes: Collection[str]) -> list[str]:
    """Codes that cannot be serials: empty, too long, or meaning goods, a location or a unit."""
    units = await uow.session.scalars(select(HandlingUnit.code).where(HandlingUnit.code.in_(codes)))
    taken = (
        {m.code for m in await catalog.meanings(uow, codes)} | set(await layout.location_ids(uow, codes)) | set(units)
    )
    return sorted(c for c in codes if c in taken or not 1 <= len(c) <= SERIAL_LONGEST)


@dataclass(frozen=True, slots=True)
class Shipped:
    """Pieces of one lot that left in an order's parcels, with their serials where they were told."""

    sku_id: int
    lot_id: int
    owner_id: int
    qty_each: int
    serials: list[str]


_SHIPPED = text("""
WITH gone AS (
  SELECT m.id, m.sku_id, m.lot_id, m.owner_id, m.qty_each FROM movement m
  JOIN handling_unit h ON h.id = m.from_place_id AND h.bound_to = :order AND h.kind = 'parcel'
  JOIN place p ON p.id = m.to_place_id AND p.code = 'CUSTOMER' AND p.kind = 'virtual'
  WHERE m.reason = 'ship' AND m.sku_id IN :skus
)
SELECT g.sku_id, g.lot_id, g.owner_id, sum(g.qty_each)::bigint AS qty_each,
  (SELECT coalesce(jsonb_agg(s.serial ORDER BY s.serial), '[]') FROM gone x JOIN movement_serial s ON s.movement_id = x.id
   WHERE (x.sku_id, x.lot_id, x.owner_id) = (g.sku_id, g.lot_id, g.owner_id)) AS serials
FROM gone g JOIN lot ON lot.id = g.lot_id
GROUP BY g.sku_id, g.lot_id, g.owner_id, lot.received_on ORDER BY g.sku_id, lot.received_on DESC, g.lot_id DESC
""").bindparams(bindparam("skus", expanding=True))


async def shipped_of(uow: UnitOfWork, order_id: UUID, sku_ids: Collection[int]) -> list[Shipped]:
    """What left for the customer in an order's parcels, per lot, the newest lot first."""
    if not sku_ids:
        return []
    rows = await uow.session.execute(_SHIPPED, {"order": order_id, "skus": sorted(sku_ids)})
    return [Shipped(r.sku_id, r.lot_id, r.owner_id, r.qty_each, list(r.serials)) for r in rows]


async def orders_of_serial(uow: UnitOfWork, serial: str) -> list[UUID]:
    """Orders in whose parcels a serial left, the newest first."""
    rows = await uow.session.execute(
        text("""
        SELECT h.bound_to FROM movement_serial s JOIN movement m ON m.id = s.movement_id
        JOIN handling_unit h ON h.id = m.from_place_id AND h.kind = 'parcel' AND h.bound_to IS NOT NULL
        JOIN place p ON p.id = m.to_place_id AND p.code = 'CUSTOMER' AND p.kind = 'virtual'
        WHERE s.serial = :serial AND m.reason = 'ship' GROUP BY h.bound_to ORDER BY max(m.recorded_at) DESC"""),
        {"serial": serial},
    )
    return [r.bound_to for r in rows]


@dataclass(frozen=True, slots=True)
class LotInfo:
    id: int
    sku_id: int
    code: str
    received_on: date
    expires_on: date
    declaration: str


async def lots(uow: UnitOfWork, ids: Collection[int]) -> dict[int, LotInfo]:
    """Lots by id, with their dates and papers."""
    rows = await uow.session.scalars(select(Lot).where(Lot.id.in_(ids)))
    return {r.id: LotInfo(r.id, r.sku_id, r.code, r.received_on, r.expires_on, r.declaration) for r in rows}


async def expired_reservations(uow: UnitOfWork) -> list[UUID]:
    rows = await uow.session.scalars(
        select(Reservation.id).where(Reservation.state == "pending", Reservation.expires_at < uow.now).limit(500)
    )
    return list(rows)


async def resolve(uow: UnitOfWork, place: str, sku: str) -> tuple[int, int]:
    """Codes to (place id, sku id). Errors: NotFound, UnknownSku."""
    spot = await layout.find_location(uow, place)
    held_by = None if spot else await find_unit(uow, place)
    if spot is None and held_by is None:
        raise NotFound(place=place)
    return (spot.id if spot else held_by.id), (await catalog.sku_by_code(uow, sku)).id  # type: ignore[union-attr]


async def resolve_opening(
    uow: UnitOfWork, rows: Sequence[tuple[str, str, str]]
) -> tuple[list[tuple[int, int, int]], list[str]]:
    """(location, sku, owner) codes to ids, and a sentence per line that does not resolve."""
    places = await layout.location_ids(uow, {r[0] for r in rows})
    for code in {r[0] for r in rows} - set(places):
        if (held_by := await find_unit(uow, code)) is not None:
            places[code] = held_by.id
    skus = await catalog.skus_by_code(uow, {r[1] for r in rows})
    owners = await catalog.owner_ids(uow)
    good, faults = [], []
    for n, (location, sku, owner) in enumerate(rows, 1):
        if location not in places:
            faults.append(f"line {n}: unknown location {location!r}")
        elif sku not in skus:
            faults.append(f"line {n}: unknown sku {sku!r}")
        elif owner and owner not in owners:
            faults.append(f"line {n}: unknown owner {owner!r}")
        else:
            good.append((places[location], skus[sku].id, owners[owner] if owner else skus[sku].owner_id))
    return good, faults


# Every balance from the movements alone, every allocation from the reservations alone, every serial and every unit.
_AUDIT = {
    "balances": """
        WITH folded AS (
          SELECT place_id, sku_id, lot_id, owner_id, status, sum(q) AS qty FROM (
            SELECT from_place_id AS place_id, sku_id, lot_id, owner_id, from_status AS status, -qty_each AS q FROM movement
            UNION ALL SELECT to_place_id, sku_id, lot_id, owner_id, to_status, qty_each FROM movement
          ) s JOIN place p ON p.id = s.place_id AND p.kind <> 'virtual'
          GROUP BY place_id, sku_id, lot_id, owner_id, status
        ) SELECT count(*) AS rows, count(*) FILTER (WHERE coalesce(f.qty, 0) = coalesce(b.qty_each, 0)) AS agree
        FROM folded f FULL JOIN stock_balance b USING (place_id, sku_id, lot_id, owner_id, status)""",
    "allocations": """
        SELECT count(*) AS rows, count(*) FILTER (WHERE b.allocated_each = coalesce(r.open_each, 0)) AS agree
        FROM stock_balance b LEFT JOIN (
          SELECT balance_id, sum(open_each) AS open_each FROM reservation WHERE state = 'pending' GROUP BY balance_id
        ) r ON r.balance_id = b.id""",
    "conservation": """
        SELECT count(*) AS rows, count(*) FILTER (WHERE total = 0) AS agree FROM (
          SELECT sku_id, sum(q) AS total FROM (
            SELECT sku_id, qty_each AS q FROM stock_balance
            UNION ALL
            SELECT m.sku_id, -m.qty_each FROM movement m JOIN place p ON p.id = m.from_place_id AND p.kind = 'virtual'
            UNION ALL
            SELECT m.sku_id, m.qty_each FROM movement m JOIN place p ON p.id = m.to_place_id AND p.kind = 'virtual'
          ) x GROUP BY sku_id
        ) y""",
    "serials": """
        SELECT count(*) AS rows, count(*) FILTER (
          WHERE s.units = b.qty OR (s.units < b.qty AND k.serial_policy IN ('on_receipt', 'always'))
        ) AS agree FROM (
          SELECT place_id, sku_id, status, count(*) AS units FROM serial GROUP BY place_id, sku_id, status
        ) s JOIN sku k ON k.id = s.sku_id LEFT JOIN (
          SELECT place_id, sku_id, status, sum(qty_each) AS qty FROM stock_balance GROUP BY place_id, sku_id, status
        ) b USING (place_id, sku_id, status)""",
    # Pieces without a name only ever came in as such: once the movements have named them all, names and pieces are equal.
    "names": """
        WITH kept AS (
          SELECT id FROM sku WHERE serial_policy IN ('on_receipt', 'always')
        ), told AS (
          SELECT m.sku_id, m.qty_each, f.kind = 'virtual' AS comes, t.kind = 'virtual' AS goes,
                 m.from_place_id = m.to_place_id AND m.from_status = m.to_status AS named,
                 (SELECT count(*) FROM movement_serial s WHERE s.movement_id = m.id) AS names
          FROM movement m JOIN kept ON kept.id = m.sku_id
          JOIN place f ON f.id = m.from_place_id JOIN place t ON t.id = m.to_place_id
        ), without AS (
          SELECT sku_id, sum(CASE WHEN named THEN -names WHEN comes AND NOT goes THEN qty_each - names
                                  WHEN goes AND NOT comes THEN names - qty_each ELSE 0 END) AS due
          FROM told GROUP BY sku_id
        ) SELECT count(*) AS rows, count(*) FILTER (WHERE x.open BETWEEN 0 AND w.due) AS agree
        FROM without w JOIN LATERAL (
          SELECT (SELECT coalesce(sum(qty_each), 0) FROM stock_balance b WHERE b.sku_id = w.sku_id)
               - (SELECT count(*) FROM serial s WHERE s.sku_id = w.sku_id) AS open
        ) x ON true""",
    "units": """
        SELECT count(*) AS rows, count(*) FILTER (WHERE h.in_place_id = m.to_place_id) AS agree
        FROM handling_unit h LEFT JOIN LATERAL (
          SELECT to_place_id FROM hu_move WHERE hu_id = h.id ORDER BY seq DESC LIMIT 1
        ) m ON true""",
}


@dataclass(frozen=True, slots=True)
class AuditLine:
    check: str
    rows: int
    agree: int

    @property
    def clean(self) -> bool:
        return self.rows == self.agree


async def audit(uow: UnitOfWork) -> list[AuditLine]:
    """Recompute everything that is kept from what happened. One line per check."""
    lines = []
    for check, sql in _AUDIT.items():
        row = (await uow.session.execute(text(sql))).one()
        lines.append(AuditLine(check, int(row.rows), int(row.agree)))
    return lines


async def search(uow: UnitOfWork, words: str, limit: int = 100) -> list[dict[str, Any]]:
    """Stock rows whose SKU, name, location or unit contains `words`."""
    rows = await uow.session.execute(
        text("""
        SELECT s.code AS sku, s.name, p.code AS place, p.kind AS place_kind, b.status, lot.code AS lot,
               lot.received_on, nullif(lot.expires_on, '9999-12-31') AS expires_on, o.code AS owner,
               b.qty_each, b.allocated_each
        FROM stock_balance b JOIN sku s ON s.id = b.sku_id JOIN place p ON p.id = b.place_id
        JOIN lot ON lot.id = b.lot_id JOIN owner o ON o.id = b.owner_id
        WHERE b.qty_each > 0 AND (s.code ILIKE :q OR s.name ILIKE :q OR p.code ILIKE :q)
        ORDER BY s.code, p.code LIMIT :limit"""),
        {"q": f"%{words}%", "limit": limit},
    )
    return [dict(r._mapping) for r in rows]
