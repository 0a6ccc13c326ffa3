"""Standards from timings, expected against actual, and the work of the day as hours of hands. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from wms.algorithms.labour.staffing import UTILISATION, Hour, Work, staff
from wms.algorithms.labour.standards import Standard, Timing, fit

BREAK_S = 900.0
"""A longer gap between two tasks is a break, a meeting or other work: no timing."""
PICK_TO_TRUCK_H, PACK_TO_TRUCK_H = 0.75, 0.25
"""What still follows a pick and a pack before the cut-off."""
OTHER_DUE_H = 4.0
"""Work without a due time of its own is done within half a shift."""
WALK_EACH_MM = 8_000.0
"""Between two stops, until tours were walked here."""
TASK_S = {"pack": 45.0, "putaway": 90.0, "putback": 60.0, "count": 45.0, "move": 90.0}
"""Of kinds of work that nobody was timed at yet."""


@dataclass(frozen=True, slots=True)
class Done:
    """A finished piece of work with its time."""

    kind: str
    by: str
    pieces: int
    seconds: float
    walk_mm: int
    expected_s: float | None
    """From its plan; None: by the standard of its kind."""
    first: bool


def usable(done: Iterable[Done]) -> list[Done]:
    """Those whose time is of the work alone."""
    return [d for d in done if 0 < d.seconds <= BREAK_S and not (d.first and d.kind == "pick")]


def default(kind: str) -> Standard:
    """Until the site has learned its own."""
    return Standard() if kind == "pick" else Standard(stop_s=TASK_S.get(kind, 60.0), piece_s=0.0, fixed_s=0.0)


def learn(done: Sequence[Done], now: Mapping[str, Standard]) -> dict[str, Standard]:
    """The standards that changed."""
    learned = {}
    for kind in sorted({d.kind for d in done}):
        before = now.get(kind, default(kind))
        found = fit([Timing(d.walk_mm, d.pieces, d.seconds) for d in usable(done) if d.kind == kind], before)
        if found != before:
            learned[kind] = found
    return learned


@dataclass(frozen=True, slots=True)
class Performance:
    """Expected against actual. `ratio`: expected over actual, 1.0 is as expected and more is quicker."""

    kind: str
    by: str
    """Empty: everybody together."""
    tasks: int
    expected_s: float
    actual_s: float
    ratio: float
    median_s: float


def perform(done: Sequence[Done], standards: Mapping[str, Standard], *, people: bool) -> list[Performance]:
    """By kind of work, and by person within it only if the site wants that."""
    groups: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for d in usable(done):
        own = standards.get(d.kind, default(d.kind))
        expected = d.expected_s if d.expected_s is not None else own.seconds(d.walk_mm, 1, d.pieces, whole=False)
        for by in ("", d.by) if people else ("",):
            groups.setdefault((d.kind, by), []).append((expected, d.seconds))
    shown = []
    for (kind, by), pairs in sorted(groups.items()):
        expected_s, actual_s = sum(e for e, _ in pairs), sum(a for _, a in pairs)
        shown.append(Performance(
            kind, by, len(pairs), expected_s, actual_s, expected_s / actual_s, median(a for _, a in pairs)
        ))  # fmt: skip
    return shown


@dataclass(frozen=True, slots=True)
class Demand:
    """Work that waits. `due_h`: hours from now, None without a due time."""

    kind: str
    zone: str
    pieces: int
    due_h: float | None


@dataclass(frozen=True, slots=True)
class Crew:
    """People for one kind of work in one zone, hour by hour."""

    kind: str
    zone: str
    tasks: int
    hours: float
    """Of one person, all of it."""
    plan: tuple[Hour, ...]


def crews(
    demand: Sequence[Demand],
    standards: Mapping[str, Standard],
    walk_each_mm: float,
    stops_per_tour: float,
    horizon_h: int = 12,
) -> list[Crew]:
    """How many people where and when, so that all of it is done by its time; the largest share first."""
    groups: dict[tuple[str, str], list[Work]] = {}
    for d in demand:
        own = standards.get(d.kind, default(d.kind))
        walked = d.kind == "pick"
        seconds = own.seconds(walk_each_mm if walked else 0.0, 1, d.pieces, whole=False)
        seconds += own.fixed_s / max(stops_per_tour, 1.0) if walked else 0.0
        due_h = OTHER_DUE_H if d.due_h is None else d.due_h
        groups.setdefault((d.kind, d.zone), []).append(Work(due_h, seconds / 3_600))
    made = [
        Crew(kind, zone, len(work), sum(w.hours for w in work), tuple(staff(work, horizon_h=horizon_h)))
        for (kind, zone), work in groups.items()
    ]
    return sorted(made, key=lambda c: (-c.hours, c.kind, c.zone))


def together(made: Sequence[Crew]) -> list[int]:
    """People by hour when everybody does everything."""
    return [
        math.ceil(sum(h.hours for h in hour) / UTILISATION - 1e-9) for hour in zip(*(c.plan for c in made), strict=True)
    ]


def walk_each(done: Sequence[Done]) -> float:
    """Mean walk between two stops of late."""
    walks = [d.walk_mm for d in done if d.kind == "pick" and d.expected_s is not None]
    return fmean(walks) if len(walks) >= 20 else WALK_EACH_MM
