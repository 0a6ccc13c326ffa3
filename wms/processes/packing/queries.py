"""Reads of parcels."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, tuple_

from wms.db.uow import UnitOfWork
from wms.processes.packing import rules
from wms.processes.packing.rules import line as line_rules
from wms.processes.packing.rules.inserts import Takes
from wms.processes.packing.rules.tolerance import Memory
from wms.processes.packing.tables import (
    BenchPolicy,
    InsertRule,
    LearnedWeight,
    LineLane,
    LinePassage,
    PackLine,
    Parcel,
    ParcelCheck,
    SingleWait,
)


@dataclass(frozen=True, slots=True)
class ParcelInfo:
    id: UUID
    order_id: UUID
    number: int
    of: int
    carton: str
    tote: str
    items: dict[str, Any]
    station: str
    state: str
    hu_id: int
    sscc: str
    tracking: str
    expected_g: int
    tolerance_g: int
    weight_g: int
    measured_mm: list[int]
    packed_by: str
    line: str
    plate: str
    passes: int
    held: str
    rejected: str
    offs: int
    extras: list[Any]
    single: bool
    pack_version_id: UUID | None
    opened_at: datetime
    closed_at: datetime | None
    labelled_at: datetime | None

    @property
    def content(self) -> dict[int, int]:
        """SKU id to pieces."""
        return {int(sku): int(qty) for sku, qty in self.items.items()}

    @property
    def label(self) -> str:
        """What its label's barcode says."""
        return self.tracking or self.sscc

    @property
    def on_belt(self) -> bool:
        """The line has it, its reject lane included."""
        return self.line != "" and self.state not in ("open", "aside", "labelled", "void")


def _info(row: Parcel) -> ParcelInfo:
    return ParcelInfo(**{name: getattr(row, name) for name in ParcelInfo.__slots__})


async def parcel(uow: UnitOfWork, parcel_id: UUID) -> ParcelInfo:
    """Errors: UnknownParcel."""
    row = await uow.session.get(Parcel, parcel_id, populate_existing=True)
    if row is None:
        raise rules.UnknownParcel(parcel_id=str(parcel_id))
    return _info(row)


async def parcels_of(uow: UnitOfWork, order_id: UUID) -> list[ParcelInfo]:
    """Live parcels of an order in number order."""
    rows = await uow.session.scalars(
        select(Parcel).where(Parcel.order_id == order_id, Parcel.state != "void").order_by(Parcel.number)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return [_info(row) for row in rows]


async def on_scale(uow: UnitOfWork, station: str) -> ParcelInfo | None:
    """The parcel whose weight a station waits for."""
    row = await uow.session.scalar(
        select(Parcel).where(Parcel.station == station, Parcel.line == "", Parcel.state.in_(("weighing", "weight_off")))
        .order_by(Parcel.id.desc()).limit(1).with_for_update().execution_options(populate_existing=True)
    )  # fmt: skip
    return _info(row) if row else None


async def waits_for_label(uow: UnitOfWork, hu_id: int) -> ParcelInfo | None:
    """The parcel that is this unit, while its label is printing, failed, or not yet on it."""
    row = await uow.session.scalar(
        select(Parcel).where(Parcel.hu_id == hu_id, Parcel.state.in_(("labelling", "on_hold", "label_failed", "printed")))
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return _info(row) if row else None


async def rate(uow: UnitOfWork, since: datetime) -> dict[str, int]:
    """Parcels labelled since, by station."""
    rows = await uow.session.execute(
        select(Parcel.station, func.count()).where(Parcel.labelled_at >= since).group_by(Parcel.station)
    )
    return {station: int(n) for station, n in rows.all()}


async def board(uow: UnitOfWork, states: tuple[str, ...], limit: int = 100) -> list[ParcelInfo]:
    rows = await uow.session.scalars(
        select(Parcel).where(Parcel.state.in_(states)).order_by(Parcel.id.desc()).limit(limit)
    )
    return [_info(row) for row in rows]


async def memories(uow: UnitOfWork, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Memory]:
    """What was learned of these (kind, key)."""
    rows = await uow.session.scalars(
        select(LearnedWeight).where(tuple_(LearnedWeight.kind, LearnedWeight.key).in_(keys))
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return {(r.kind, r.key): Memory(r.samples, r.units, r.mean_g, r.m2, r.drift_g) for r in rows}


async def weights_board(uow: UnitOfWork) -> list[dict[str, Any]]:
    """What was learned of SKUs and cartons, those that drift first, then the last taught."""
    rows = await uow.session.scalars(
        select(LearnedWeight).where(LearnedWeight.samples > 0).order_by(LearnedWeight.taught_at.desc()).limit(500)
    )
    told = []
    for r in rows:
        m = Memory(r.samples, r.units, r.mean_g, r.m2, r.drift_g)
        told.append({
            "kind": r.kind, "key": r.key, "samples": round(m.samples), "mean_g": round(m.mean_g, 1),
            "sigma_g": round(m.variance_g2**0.5, 2), "drift_g": round(m.drift_g, 1), "warm": m.warm, "drifts": m.drifts,
            "taught_at": r.taught_at,
        })  # fmt: skip
    return sorted(told, key=lambda x: not x["drifts"])


async def scan_once(uow: UnitOfWork) -> bool:
    """The site lets equal units be scanned once and counted, where the scale sees a missing one."""
    row = await uow.session.get(BenchPolicy, 1, populate_existing=True)
    return row is not None and row.scan_once


@dataclass(frozen=True, slots=True)
class InsertInfo:
    code: str
    takes: Takes
    name: str
    name_zh: str
    sku_id: int | None
    weight_g: int
    qty_each: int
    active: bool


async def insert_rules(uow: UnitOfWork) -> list[InsertInfo]:
    """By code."""
    rows = await uow.session.scalars(
        select(InsertRule).order_by(InsertRule.code).execution_options(populate_existing=True)
    )
    names = [n for n in InsertInfo.__slots__ if n != "takes"]
    return [InsertInfo(takes=Takes.of(r.takes), **{n: getattr(r, n) for n in names}) for r in rows]


async def next_single(uow: UnitOfWork, sku_id: int) -> UUID | None:
    """The picked order with the earliest cut-off that waits for one piece of this SKU, its wait locked; held ones wait on."""
    found: UUID | None = await uow.session.scalar(
        text("""
        SELECT w.order_id FROM single_wait w JOIN customer_order o ON o.id = w.order_id
        WHERE w.sku_id = :sku AND w.matched_at IS NULL AND o.state = 'picked' AND o.cancel_requested_at IS NULL
          AND o.holds = '[]'::jsonb
        ORDER BY o.cutoff_at, o.priority, w.order_id LIMIT 1 FOR UPDATE OF w SKIP LOCKED"""),
        {"sku": sku_id},
    )
    return found


async def singles_waiting(uow: UnitOfWork, sku_ids: Collection[int]) -> list[UUID]:
    """Orders that wait for a piece of these SKUs, held ones too, by cut-off."""
    rows = await uow.session.scalars(
        text("""
        SELECT w.order_id FROM single_wait w JOIN customer_order o ON o.id = w.order_id
        WHERE w.sku_id = ANY(:skus) AND w.matched_at IS NULL AND o.state = 'picked' AND o.cancel_requested_at IS NULL
        ORDER BY o.cutoff_at, w.order_id"""),
        {"skus": list(sku_ids)},
    )
    return list(rows)


async def shared_totes(uow: UnitOfWork) -> set[str]:
    """Codes of totes in which pieces of single-unit orders were brought."""
    return set(await uow.session.scalars(select(SingleWait.tote).where(SingleWait.tote != "").distinct()))


async def singles_open(uow: UnitOfWork, *, tote: str, station: str = "") -> list[ParcelInfo]:
    """Open parcels of single units from a tote, oldest first."""
    query = select(Parcel).where(Parcel.single, Parcel.tote == tote, Parcel.state == "open").order_by(Parcel.id)
    if station:
        query = query.where(Parcel.station == station)
    return [_info(row) for row in await uow.session.scalars(query.execution_options(populate_existing=True))]


async def singles_live(uow: UnitOfWork, tote: str) -> bool:
    """Some parcel of a piece from this tote is neither labelled nor void: its piece may come back into it."""
    return bool(await uow.session.scalar(
        select(Parcel.id).where(Parcel.single, Parcel.tote == tote, Parcel.state.not_in(("labelled", "void"))).limit(1)
    ))  # fmt: skip


async def singles_over(uow: UnitOfWork) -> list[UUID]:
    """Orders whose wait has ended, however."""
    rows = await uow.session.scalars(
        text("""
        SELECT w.order_id FROM single_wait w JOIN customer_order o ON o.id = w.order_id
        WHERE o.state NOT IN ('picked', 'packed')
          AND NOT EXISTS (SELECT 1 FROM handling_unit h WHERE h.code = w.tote AND h.bound_to IS NOT NULL AND h.closed_at IS NULL)""")
    )
    return list(rows)


async def checks(uow: UnitOfWork, since: datetime, limit: int = 200) -> list[dict[str, Any]]:
    """Parcels that were opened because their weight was off, newest first, and what was found."""
    rows = await uow.session.execute(
        select(ParcelCheck, Parcel.sscc, Parcel.carton, Parcel.items, Parcel.state, Parcel.station)
        .join(Parcel, Parcel.id == ParcelCheck.parcel_id).where(ParcelCheck.at >= since)
        .order_by(ParcelCheck.at.desc()).limit(limit)
    )  # fmt: skip
    return [
        {"id": c.id, "at": c.at, "by": c.by, "reason": c.reason, "weight_g": c.weight_g, "expected_g": c.expected_g,
         "tolerance_g": c.tolerance_g, "order_id": c.order_id, "sscc": r.sscc, "carton": r.carton, "state": r.state,
         "items": r.items, "station": r.station}
        for r in rows for c in [r.ParcelCheck]
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineInfo:
    code: str
    dws: str
    printer: str
    sorter: str
    benches: list[str]
    interval_g: int
    tolerance_mm: int
    passes_max: int
    alarms: dict[str, str]
    lanes: dict[int, str]
    """Lane to what it takes: a carrier, reject or recirculate."""

    def lane_for(self, takes: str) -> int:
        """The first lane that takes it; 0: none does."""
        return min((lane for lane, what in self.lanes.items() if what == takes), default=0)


async def lines(uow: UnitOfWork) -> list[LineInfo]:
    """Pack lines by code."""
    lanes: dict[str, dict[int, str]] = {}
    for row in await uow.session.scalars(select(LineLane).order_by(LineLane.line, LineLane.lane)):
        lanes.setdefault(row.line, {})[row.lane] = row.takes
    rows = await uow.session.scalars(select(PackLine).order_by(PackLine.code).execution_options(populate_existing=True))
    names = [n for n in LineInfo.__slots__ if n != "lanes"]
    return [LineInfo(**{n: getattr(r, n) for n in names}, lanes=lanes.get(r.code, {})) for r in rows]


async def line(uow: UnitOfWork, code: str) -> LineInfo:
    """Errors: UnknownLine."""
    found = next((x for x in await lines(uow) if x.code == code), None)
    if found is None:
        raise rules.UnknownLine(line=code)
    return found


async def line_of(uow: UnitOfWork, *, bench: str = "", device: str = "") -> LineInfo | None:
    """The line that a bench feeds, or that a device is part of."""
    for found in await lines(uow):
        if (bench and bench in found.benches) or (device and device in (found.dws, found.printer, found.sorter)):
            return found
    return None


async def named(uow: UnitOfWork, codes: line_rules.Codes) -> list[ParcelInfo]:
    """Parcels that these codes name, by id; of several that had a plate one after another the last."""
    if not codes.any:
        return []
    rows = await uow.session.scalars(
        select(Parcel).where(or_(
            Parcel.plate.in_(codes.plates), Parcel.sscc.in_(codes.labels), Parcel.tracking.in_(codes.plates),
        ))
        .order_by(Parcel.id).execution_options(populate_existing=True)
    )  # fmt: skip
    last: dict[str, ParcelInfo] = {}
    for row in rows:
        last[row.plate or row.sscc] = _info(row)
    return sorted(last.values(), key=lambda p: p.id)


async def repeated(uow: UnitOfWork, line_code: str, sequence: int, barcode: str) -> LinePassage | None:
    """The same scan told before: a device that was cut off tells its last event again."""
    found: LinePassage | None = await uow.session.scalar(
        select(LinePassage).where(
            LinePassage.line == line_code, LinePassage.point == "sort", LinePassage.sequence == sequence,
            LinePassage.barcode == barcode, LinePassage.at > uow.now - timedelta(seconds=60), LinePassage.ended_at.is_(None),
        ).order_by(LinePassage.id.desc()).limit(1)
    )  # fmt: skip
    return found


async def underway(uow: UnitOfWork, line_code: str, sequence: int) -> LinePassage | None:
    """The decided passage that a sorter's answer is about."""
    found: LinePassage | None = await uow.session.scalar(
        select(LinePassage).where(
            LinePassage.line == line_code, LinePassage.point == "sort", LinePassage.sequence == sequence,
            LinePassage.ended_at.is_(None), LinePassage.at > uow.now - timedelta(hours=1),
        ).order_by(LinePassage.id.desc()).limit(1)
    )  # fmt: skip
    return found


async def unread_round(uow: UnitOfWork, line_code: str) -> int:
    """Unread parcels sent round lately."""
    since = uow.now - timedelta(seconds=line_rules.UNREAD_WINDOW_S)
    return int(await uow.session.scalar(
        select(func.count()).select_from(LinePassage).where(
            LinePassage.line == line_code, LinePassage.at > since, LinePassage.point == "sort", LinePassage.parcel_id.is_(None),
            LinePassage.aim == line_rules.RECIRCULATE,
        )
    ) or 0)  # fmt: skip


async def last_problems(uow: UnitOfWork, line_code: str, limit: int) -> list[str]:
    """Why the tunnel's last results could not be used, newest first; empty texts for those that could."""
    rows = await uow.session.scalars(
        select(LinePassage.reason).where(LinePassage.line == line_code, LinePassage.point == "weigh")
        .order_by(LinePassage.at.desc(), LinePassage.id.desc()).limit(limit)
    )  # fmt: skip
    return list(rows)


BOARD_WINDOW = timedelta(minutes=15)
_WAITING = {"weigh": ("weighing",), "label": ("labelling", "label_failed"), "sort": ("printed",)}
_SINCE = {"weigh": Parcel.belt_at, "label": Parcel.weighed_at, "sort": Parcel.weighed_at}


async def line_board(uow: UnitOfWork, found: LineInfo) -> dict[str, Any]:
    """The last 15 min of a line: pace and queue per stage, its bottleneck, what went round or out and why."""
    since = uow.now - BOARD_WINDOW
    rows = (await uow.session.execute(
        select(LinePassage.point, LinePassage.at, LinePassage.ended_at, LinePassage.parcel_id, LinePassage.aim,
               LinePassage.went, LinePassage.reason, LinePassage.result)
        .where(LinePassage.line == found.code, LinePassage.at > since).order_by(LinePassage.at)
    )).all()  # fmt: skip
    stages = [await _stage(uow, found, name, [r.at for r in rows if r.point == name]) for name in _WAITING]
    ended = [r for r in rows if r.point == "sort" and r.ended_at is not None]
    labelled = list(await uow.session.scalars(
        select(Parcel.labelled_at).where(Parcel.line == found.code, Parcel.labelled_at > since).order_by(Parcel.labelled_at)
    ))  # fmt: skip
    neck = line_rules.bottleneck(stages, found.alarms)
    return {
        "code": found.code, "dws": found.dws, "printer": found.printer, "sorter": found.sorter, "benches": found.benches,
        "lanes": {str(lane): takes for lane, takes in found.lanes.items()}, "passes_max": found.passes_max,
        "window_s": BOARD_WINDOW.total_seconds(), "labelled": len(labelled),
        "per_hour": round(len(labelled) * 3600 / BOARD_WINDOW.total_seconds()), "minutes": _by_minute(labelled, since),
        "stages": [{"name": s.name, "done": s.done, "pace_s": round(s.pace_s, 2), "waiting": s.waiting,
                    "oldest_s": round(s.oldest_s), "busy": round(s.busy, 3)} for s in stages],
        "bottleneck": {"stage": neck.stage, "why": neck.why}, "alarms": found.alarms,
        "no_reads": sum(r.reason == "no_read" for r in rows if r.point == "weigh"),
        "round": _reasons(r.reason for r in ended if found.lanes.get(r.went) == line_rules.RECIRCULATE),
        "rejected": _reasons(r.reason for r in ended if found.lanes.get(r.went) == line_rules.REJECT),
    }  # fmt: skip


def _reasons(reasons: Iterable[str]) -> list[dict[str, Any]]:
    counted: dict[str, int] = {}
    for reason in reasons:
        counted[reason] = counted.get(reason, 0) + 1
    return [{"reason": r, "count": n} for r, n in sorted(counted.items(), key=lambda x: (-x[1], x[0]))]


def _by_minute(ends: Sequence[datetime | None], since: datetime) -> list[int]:
    bars = [0] * round(BOARD_WINDOW.total_seconds() / 60)
    for end in ends:
        if end is not None:
            bars[min(len(bars) - 1, int((end - since).total_seconds() // 60))] += 1
    return bars


async def _stage(uow: UnitOfWork, found: LineInfo, name: str, ends: list[datetime]) -> line_rules.Stage:
    n, oldest = (await uow.session.execute(
        select(func.count(), func.min(_SINCE[name]))
        .where(Parcel.line == found.code, Parcel.rejected == "", Parcel.state.in_(_WAITING[name]))
    )).one()  # fmt: skip
    oldest_s = (uow.now - oldest).total_seconds() if oldest is not None else 0.0
    return line_rules.Stage(name, len(ends), line_rules.pace_s(ends), int(n), oldest_s, BOARD_WINDOW.total_seconds())
