"""S1, S2: slots of real SKUs from the orders of 1 to 21 January, judged on 22 to 24 January by exact walks.

Two assignments, one for each way to pick: single-order tours and tours of ten orders, first in, first out. Nothing of the judged
days is used but the list of SKUs. Days 19 to 21 are held out first, so that what is gained by over-fitting would show.
"""

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks.picking import formats
from wms.algorithms.batching.search import Aisled
from wms.algorithms.compiled import COMPILED
from wms.algorithms.routing.rectangular import Tours
from wms.algorithms.slotting import forecast, reslot, search

FILE = "slotting/orders_2017_01.zip!orders_2017_01.csv"
GOALS = {1: 60.0, 10: 44.0}
QUICK_GOAL_PCT, QUICK_S, LIMIT_S = 39.5, 1.0, 120.0
RANDOM = {1: 821_417.0, 10: 219_830.0}
"""The judge's random assignment (seed 1) on the judged days."""
BUDGETS, HORIZON_DAYS = (50, 200), 14
Slots = Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class House:
    """The evaluation layout with its SKUs as items. Position p holds one SKU; `place[p]` is its cell."""

    grid: formats.Grid
    skus: tuple[str, ...]
    cells: tuple[tuple[int, int, int], ...]
    positions: search.Positions

    @classmethod
    def of(cls, grid: formats.Grid, skus: Sequence[str]) -> "House":
        cells = tuple(grid.slots())
        cost = Aisled(
            Tours(grid.layout), np.array([a for a, _, _ in cells]), np.array([grid.y(b, c) for _, b, c in cells])
        )
        return cls(grid, tuple(skus), cells, search.Positions(cost, np.repeat(np.arange(len(cells)), grid.per_cell)))

    def slots(self, at: Sequence[int]) -> dict[str, tuple[int, int, int]]:
        """As the judge reads it."""
        return {sku: self.cells[self.positions.place[p]] for sku, p in zip(self.skus, at, strict=True)}

    def days(self, orders: Mapping[str, tuple[str, list[str]]]) -> list[list[list[int]]]:
        """Orders by day, oldest first, as items."""
        index = {s: i for i, s in enumerate(self.skus)}
        by_day: dict[str, list[list[int]]] = {}
        for date, skus in orders.values():
            by_day.setdefault(date, []).append([index[s] for s in skus])
        return [by_day[d] for d in sorted(by_day)]

    def walk(self, at: Sequence[int], days: Sequence[Sequence[Sequence[int]]], per_tour: int) -> float:
        """Of all orders, tours running over midnight, as the judge has it."""
        orders = [o for day in days for o in day]
        tours = [
            tuple(sorted({i for o in orders[k : k + per_tour] for i in o})) for k in range(0, len(orders), per_tour)
        ]
        return float(search.walks(at, self.positions, forecast.Demand(tuple(tours), (1.0,) * len(tours))).sum())

    def between(self, a: int, b: int) -> float:
        """Way from one position to another: along the aisles and the nearest cross-aisle."""
        (x, block, cell), (x2, block2, cell2) = self.cells[self.positions.place[a]], self.cells[self.positions.place[b]]
        y, y2 = self.grid.y(block, cell), self.grid.y(block2, cell2)
        if x == x2:
            return abs(y - y2)
        return abs(x - x2) * self.grid.layout.pitch + min(abs(y - r) + abs(y2 - r) for r in self.grid.layout.rows)

    def scattered(self, seed: int) -> list[int]:
        """Any SKU anywhere."""
        every = list(range(len(self.positions.place)))
        random.Random(seed).shuffle(every)
        return every[: len(self.skus)]


def quick(house: House, days: Sequence[forecast.Day], per_tour: int) -> list[int]:
    """By the rates of now and the best of the simple rules."""
    return search.start(forecast.rates(days, len(house.skus)), house.positions, forecast.demand(days, per_tour))


def assign(house: House, days: Sequence[forecast.Day], per_tour: int, seconds: float, seed: int) -> list[int]:
    return search.improve(
        quick(house, days, per_tour), house.positions, forecast.demand(days, per_tour), seconds, seed
    )  # fmt: skip


def run(given: formats.Options) -> int:
    """0 when both ways to pick are within their goals."""
    folder = formats.shared()
    grid = formats.read_grid(folder / "slotting" / "layout_20x2.json")
    everything = formats.read_orders(f"{folder}/{FILE}")
    house = House.of(grid, sorted({s for _, skus in everything.values() for s in skus}))
    days = house.days(everything)
    known, judged = days[:21], days[21:]
    warm(house, days)
    seconds = min(given.seconds, LIMIT_S - 5)
    good = True
    for per_tour, goal in GOALS.items():
        held_out, base = _held_out(house, known, per_tour, seconds / 4, given.seed)
        formats.say(part="held out", per_tour=per_tour, trained="1-18", judged="19-21", saved_pct=round(held_out, 2),
                    by_rule_pct=round(base, 2))  # fmt: skip
        began = time.process_time()
        ruled = quick(house, known, per_tour)
        rule_s = time.process_time() - began
        by_rule = _saved(house.walk(ruled, judged, per_tour), per_tour)
        began = time.process_time()
        at = assign(house, known, per_tour, seconds, given.seed)
        cpu = time.process_time() - began
        walk = house.walk(at, judged, per_tour)
        saved = _saved(walk, per_tour)
        formats.say(
            part="slots", per_tour=per_tour, trained="1-21", judged="22-24", random=RANDOM[per_tour], walk=round(walk, 1),
            saved_pct=round(saved, 2), goal_pct=goal, cpu_s=round(cpu, 1), limit_s=LIMIT_S, quick_pct=round(by_rule, 2),
            quick_s=round(rule_s, 2),
        )  # fmt: skip
        good &= saved >= goal and cpu <= LIMIT_S
        if per_tour == 10:
            good &= by_rule >= QUICK_GOAL_PCT and rule_s <= QUICK_S
        if given.out:
            path = given.out if per_tour == 10 else given.out.with_suffix(".single.json")
            path.write_text(json.dumps(house.slots(at)), encoding="utf-8")
    for line in _moves(house, days, given):
        formats.say(**line)
        good &= line["net_per_move"] > 0
    formats.say(summary="slot", skus=len(house.skus), seed=given.seed, within_goals=good, compiled=COMPILED)
    return 0 if good else 1


def warm(house: House, days: Sequence[forecast.Day]) -> None:
    """Compilation is no part of the measured time."""
    little = [day[:50] for day in days[:2]]
    at = quick(house, little, 10)
    search.improve(at, house.positions, forecast.demand(little, 10), 0, rounds=1)


def _saved(walk: float, per_tour: int) -> float:
    return 100 * (1 - walk / RANDOM[per_tour])


def _held_out(
    house: House, known: Sequence[forecast.Day], per_tour: int, seconds: float, seed: int
) -> tuple[float, float]:
    """(by search, by rule): saved on days that were not looked at, against random."""
    base = house.walk(house.scattered(seed), known[18:], per_tour)
    at = assign(house, known[:18], per_tour, seconds, seed)
    ruled = quick(house, known[:18], per_tour)
    return tuple(100 * (1 - house.walk(x, known[18:], per_tour) / base) for x in (at, ruled))  # type: ignore[return-value]


def _moves(house: House, days: Sequence[forecast.Day], given: formats.Options) -> list[dict[str, Any]]:
    """S2: the house slotted by the picks of the first week, re-slotted by what is known on day 21; judged on the days after."""
    known, judged = days[:21], days[21:]
    at = search.start(forecast.rates(days[:7], len(house.skus)), house.positions, forecast.demand(days[:7], 10))
    asked = forecast.demand(known, 10)
    before = house.walk(at, judged, 10) / len(judged)
    told: list[dict[str, Any]] = []
    for budget in BUDGETS:
        began = time.process_time()
        terms = reslot.Terms(budget, HORIZON_DAYS)
        found = reslot.propose(at, house.positions, asked, house.between, terms, seed=given.seed)
        cpu = time.process_time() - began
        moved = list(at)
        for move in found.moves:
            moved[move.item] = move.target
        saved = before - house.walk(moved, judged, 10) / len(judged)
        walk = sum(m.walk for m in found.moves)
        n = len(found.moves)
        net = HORIZON_DAYS * saved - walk
        told.append(dict(
            part="moves", budget=budget, moves=n, groups=len(found.groups), walk_a_day=round(before, 1), saved_a_day=round(saved, 1),
            forecast_a_day=round(found.before - found.after, 1), relocation_walk=round(walk, 1), horizon_days=HORIZON_DAYS,
            saved_per_move=round(HORIZON_DAYS * saved / n, 1), net_per_move=round(net / n, 1),
            paid_back_days=round(walk / saved, 2), cpu_s=round(cpu, 2),
        ))  # fmt: skip
    return told
