"""Reads of counting: positions, the book at a moment, records, variances and the rate."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from wms.db.uow import UnitOfWork
from wms.processes.counting import rules
from wms.processes.counting.tables import CountRecord, CountSetting, CountVariance


@dataclass(frozen=True, slots=True)
class Settings:
    daily_share_pct: int
    empty_checks: int
    tolerance_each: int
    auto_below_cents: int
    review_hours: int


async def settings(uow: UnitOfWork) -> Settings:
    row = await uow.session.get(CountSetting, 1, populate_existing=True)
    if row is None:
        raise LookupError("count_setting has lost its row")
    return Settings(**{name: getattr(row, name) for name in Settings.__slots__})


# A position is what a counter finds standing at a location: loose, or in a unit that stands there.
_INSIDE = """
WITH RECURSIVE inside AS (
  SELECT l.id, l.id AS root FROM location l WHERE l.active AND l.kind IN ('bin', 'reserve')
  UNION ALL
  SELECT h.id, i.root FROM handling_unit h JOIN inside i ON h.in_place_id = i.id WHERE h.closed_at IS NULL
)"""
_HELD = """, held AS (
  SELECT DISTINCT i.root AS place_id, b.sku_id
  FROM inside i JOIN stock_balance b ON b.place_id = i.id JOIN stock_status s ON s.code = b.status
  WHERE b.qty_each > 0 AND s.countable
), seen AS (
  SELECT place_id, sku_id, max(recorded_at) AS at FROM count_record WHERE outcome <> 'recount' GROUP BY place_id, sku_id
)
SELECT h.place_id, h.sku_id, k.key_category, seen.at AS last_counted, l.aisle, l.y_mm, l.code
FROM held h JOIN sku k ON k.id = h.sku_id JOIN location l ON l.id = h.place_id
LEFT JOIN seen ON seen.place_id = h.place_id AND seen.sku_id = h.sku_id
ORDER BY h.place_id, h.sku_id
"""
_POSITIONS = text(_INSIDE + _HELD)
_EMPTY = text("""
SELECT l.id AS place_id, 0 AS sku_id, false AS key_category, l.aisle, l.y_mm, l.code,
       (SELECT max(recorded_at) FROM count_record r WHERE r.place_id = l.id AND r.sku_id = 0) AS last_counted
FROM location l
WHERE l.active AND l.kind = 'bin'
  AND NOT EXISTS (SELECT 1 FROM stock_balance b WHERE b.place_id = l.id AND b.qty_each > 0)
  AND NOT EXISTS (SELECT 1 FROM handling_unit h WHERE h.in_place_id = l.id AND h.closed_at IS NULL)
ORDER BY l.id
""")


async def positions(uow: UnitOfWork, *, empty: bool = False) -> list[rules.Position]:
    """All positions with stock; or the locations that the book calls empty."""
    return [
        rules.Position(r.place_id, r.sku_id, r.key_category, r.last_counted, (r.aisle, r.y_mm, r.code))
        for r in await uow.session.execute(_EMPTY if empty else _POSITIONS)
    ]


# The book at :at is today's book of what stood there then, less what has moved since. `occurred_at` is the floor's time, so
# it does not matter in which order the devices told their stories.
_THEN = """
WITH RECURSIVE moved AS (
  SELECT DISTINCT ON (hu_id) hu_id, from_place_id AS was_in FROM hu_move
  WHERE occurred_at > :at AND from_place_id <> to_place_id ORDER BY hu_id, seq
), inside AS (
  SELECT CAST(:place AS bigint) AS id
  UNION
  SELECT u.id FROM inside i JOIN LATERAL (
    SELECT h.id FROM handling_unit h
    WHERE h.in_place_id = i.id AND NOT EXISTS (SELECT 1 FROM moved m WHERE m.hu_id = h.id)
    UNION ALL SELECT m.hu_id FROM moved m WHERE m.was_in = i.id
  ) u ON true
), since AS (
  SELECT id, from_place_id, to_place_id, qty_each, occurred_at FROM movement
  WHERE sku_id = :sku AND occurred_at > :at AND from_place_id <> to_place_id
)
"""
_BOOK = """
SELECT coalesce((SELECT sum(b.qty_each) FROM stock_balance b JOIN inside i ON i.id = b.place_id WHERE b.sku_id = :sku), 0)
     - coalesce((SELECT sum(s.qty_each) FROM since s JOIN inside i ON i.id = s.to_place_id), 0)
     + coalesce((SELECT sum(s.qty_each) FROM since s JOIN inside i ON i.id = s.from_place_id), 0)
"""
_BOOK_AT = text(_THEN + _BOOK)


_NAMELESS = """, held AS (
  SELECT place_id, status, sum(qty_each) AS pieces FROM stock_balance WHERE sku_id = :sku AND qty_each > 0 GROUP BY 1, 2
)
SELECT DISTINCT coalesce(i.root, h.place_id) AS place_id
FROM held h LEFT JOIN inside i ON i.id = h.place_id LEFT JOIN handling_unit u ON u.id = h.place_id
WHERE u.bound_to IS NULL
  AND h.pieces > (SELECT count(*) FROM serial s WHERE s.sku_id = :sku AND s.place_id = h.place_id AND s.status = h.status)
ORDER BY 1
"""
_UNNAMED = text(_INSIDE + _NAMELESS)


async def unnamed_positions(uow: UnitOfWork, sku_id: int) -> list[int]:
    """Where pieces of a SKU lie that have no serial: locations, and units that stand elsewhere than in a bin. What is on
    its way for an order is not looked into."""
    return list(await uow.session.scalars(_UNNAMED, {"sku": sku_id}))


async def book_at(uow: UnitOfWork, place_id: int, sku_id: int, at: datetime) -> int:
    """Pieces that the ledger had at a location at a moment, units that stood there included, over lots and statuses.

    `sku_id` 0: of any SKU.
    """
    if sku_id == 0:
        return int(await uow.session.scalar(_ANY_AT, {"place": place_id, "at": at}) or 0)
    return int(await uow.session.scalar(_BOOK_AT, {"place": place_id, "sku": sku_id, "at": at}) or 0)


_SERIALS = """, first AS (
  SELECT DISTINCT ON (m.serial) m.serial, s.from_place_id AS was_in FROM since s JOIN movement_serial m ON m.movement_id = s.id
  ORDER BY m.serial, s.occurred_at, s.id
)
SELECT coalesce(f.serial, s.serial) AS serial
FROM (SELECT serial, place_id FROM serial WHERE sku_id = :sku) s FULL JOIN first f USING (serial)
WHERE coalesce(f.was_in, s.place_id) IN (SELECT id FROM inside) ORDER BY 1
"""
_SERIALS_AT = text(_THEN.rstrip() + _SERIALS)


async def serials_at(uow: UnitOfWork, place_id: int, sku_id: int, at: datetime) -> list[str]:
    """As book_at: which serials the ledger had there at that moment."""
    return list(await uow.session.scalars(_SERIALS_AT, {"place": place_id, "sku": sku_id, "at": at}))


_ANY_AT = text("""
SELECT coalesce((SELECT sum(qty_each) FROM stock_balance WHERE place_id = :place), 0)
     - coalesce((SELECT sum(CASE WHEN to_place_id = :place THEN qty_each ELSE -qty_each END) FROM movement
                 WHERE (to_place_id = :place OR from_place_id = :place) AND from_place_id <> to_place_id
                   AND occurred_at > :at AND recorded_at > CAST(:at AS timestamptz) - interval '1 day'), 0)
""")


@dataclass(frozen=True, slots=True)
class Record:
    task_id: UUID
    place_id: int
    sku_id: int
    round: int
    counted_each: int
    book_each: int
    outcome: str
    counted_by: str
    missing: list[Any]
    extra: list[Any]

    @property
    def difference(self) -> rules.Difference:
        return rules.Difference(self.counted_each - self.book_each, tuple(self.missing), tuple(self.extra))


async def rounds(uow: UnitOfWork, task_ids: Sequence[UUID]) -> list[Record]:
    """The counts of these tasks, first to last."""
    rows = await uow.session.scalars(
        select(CountRecord).where(CountRecord.task_id.in_(task_ids)).order_by(CountRecord.round, CountRecord.id)
    )
    return [Record(**{name: getattr(row, name) for name in Record.__slots__}) for row in rows]


@dataclass(frozen=True, slots=True)
class Variance:
    id: UUID
    place_id: int
    sku_id: int
    state: str
    origin: str
    system_each: int
    counted_each: int
    recount_each: int
    delta_each: int
    value_delta_cents: int
    missing: list[Any]
    extra: list[Any]
    missing_reserved_each: int
    counters: list[Any]
    opened_at: datetime
    due_at: datetime
    decided_at: datetime | None
    decided_by: str
    reason: str


def _variance(row: CountVariance) -> Variance:
    return Variance(**{name: getattr(row, name) for name in Variance.__slots__})


async def lock_variance(uow: UnitOfWork, variance_id: UUID) -> Variance:
    """Errors: UnknownVariance."""
    row = await uow.session.get(CountVariance, variance_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise rules.UnknownVariance(variance_id=str(variance_id))
    return _variance(row)


async def open_variance(uow: UnitOfWork, place_id: int, sku_id: int) -> Variance | None:
    row = await uow.session.scalar(
        select(CountVariance)
        .where(CountVariance.place_id == place_id, CountVariance.sku_id == sku_id, CountVariance.state == "open")
        .execution_options(populate_existing=True)
    )
    return _variance(row) if row else None


_VARIANCES = text("""
SELECT v.id, l.code AS location, s.code AS sku, s.name, s.name_zh, v.state, v.origin, v.system_each, v.counted_each,
       v.recount_each, v.delta_each, v.value_delta_cents, v.missing, v.extra,
       v.missing_reserved_each, v.counters, v.opened_at, v.due_at,
       v.decided_at, v.decided_by, v.reason,
       coalesce((SELECT sum(qty_each) FROM stock_balance b WHERE b.place_id = v.place_id AND b.sku_id = v.sku_id
                 AND b.status = 'count_hold'), 0)::bigint AS held_each
FROM count_variance v JOIN place l ON l.id = v.place_id JOIN sku s ON s.id = v.sku_id
WHERE (:state = 'all' OR v.state = :state OR (:state = 'decided' AND v.state <> 'open'))
ORDER BY (v.state = 'open') DESC, v.due_at, v.id LIMIT :limit
""")


async def variances(uow: UnitOfWork, state: str = "open", limit: int = 500) -> list[dict[str, Any]]:
    """Variances by time left. `state`: open, decided, approved, automatic, rejected, all."""
    rows = await uow.session.execute(_VARIANCES, {"state": state, "limit": limit})
    return [dict(r._mapping) for r in rows]


async def busy_positions(uow: UnitOfWork) -> set[tuple[int, int]]:
    """Positions with an open count or an undecided variance."""
    rows = await uow.session.execute(
        text("""
        SELECT place_id, sku_id FROM task WHERE kind = 'count' AND state IN ('open', 'claimed')
        UNION SELECT place_id, sku_id FROM count_variance WHERE state = 'open'""")
    )
    return {(r.place_id, r.sku_id) for r in rows}


async def open_count(uow: UnitOfWork, place_id: int, sku_id: int) -> UUID | None:
    """The count that is open at a position."""
    found: UUID | None = await uow.session.scalar(
        text("""
        SELECT id FROM task WHERE kind = 'count' AND state IN ('open', 'claimed') AND place_id = :place AND sku_id = :sku
        ORDER BY id LIMIT 1"""),
        {"place": place_id, "sku": sku_id},
    )
    return found


_PROMISED = text("""
SELECT r.demand, r.open_each FROM reservation r JOIN stock_balance b ON b.id = r.balance_id
WHERE b.place_id = :place AND b.sku_id = :sku AND r.state = 'pending' ORDER BY r.id
""")


async def promised(uow: UnitOfWork, place_id: int, sku_id: int) -> list[dict[str, Any]]:
    """Pending reservations on a position: what it is promised to."""
    rows = await uow.session.execute(_PROMISED, {"place": place_id, "sku": sku_id})
    return [dict(r._mapping) for r in rows]


async def confirmed(uow: UnitOfWork, since: datetime) -> list[dict[str, Any]]:
    """Sampled counts that are final, with their zone."""
    rows = await uow.session.execute(
        text("""
        SELECT r.counted_each, r.book_each, l.zone FROM count_record r JOIN location l ON l.id = r.place_id
        WHERE r.recorded_at >= :since AND r.in_rate AND r.outcome <> 'recount' AND r.sku_id <> 0 ORDER BY r.id"""),
        {"since": since},
    )
    return [dict(r._mapping) for r in rows]


async def accuracy(uow: UnitOfWork) -> dict[str, Any]:
    """The variance rate of the last five working days: location accuracy, gross and net difference, zones worst first."""
    since = rules.rate_start(uow.now, await uow.zone())
    rows = await confirmed(uow, since)
    zones: dict[str, list[tuple[int, int]]] = {}
    for r in rows:
        zones.setdefault(r["zone"], []).append((r["counted_each"], r["book_each"]))
    rate = rules.variance_rate([pair for pairs in zones.values() for pair in pairs])
    by_zone = [{"zone": zone, **asdict(rules.variance_rate(pairs))} for zone, pairs in zones.items()]
    return {
        "since": since, "limit_pct": rules.RATE_LIMIT_PCT, "units_needed": rules.RATE_UNITS, **asdict(rate),
        "zones": sorted(by_zone, key=lambda z: (-(z["rate_pct"] or 0), z["zone"])),
    }  # fmt: skip


async def site_day(uow: UnitOfWork) -> tuple[datetime, datetime]:
    """The site's calendar day [start, end)."""
    return rules.site_day(uow.now, await uow.zone())


async def coverage(uow: UnitOfWork) -> dict[str, Any]:
    """How much of today's counting is done: positions, counted, open tasks, key category positions not counted yet."""
    day = await site_day(uow)
    found = await positions(uow)
    known = {(p.place_id, p.sku_id) for p in found}
    done = [p for p in found if p.last_counted is not None and p.last_counted >= day[0]]
    left = [p for p in found if p.key_category and (p.last_counted is None or p.last_counted < day[0])]
    return {
        "positions": len(found), "counted": len(done), "open": len(known & await busy_positions(uow)),
        "key_left": len(left), "share_pct": 100 * len(done) / len(found) if found else None, "day_ends": day[1],
    }  # fmt: skip
