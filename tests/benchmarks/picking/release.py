"""W2: the release pool on real orders. Pool of 100, tours of 10, days 23 and 24, against first in, first out.

Time is counted in tours: one is released each tick. Every order has a seeded cut-off 12 to 60 ticks after it entered the pool.
"""

import json
import random
import statistics
import time
from collections.abc import Mapping, Sequence

import numpy as np

from tests.benchmarks.picking import formats
from wms.algorithms.batching.search import Aisled, Orders
from wms.algorithms.routing.rectangular import Tours
from wms.algorithms.streaming import pool

POOL, TOUR = 100, 10
GOAL_PCT, DECISION_MS, REPLAY_S = 27.0, 20.0, 300.0
FILE = "slotting/orders_2017_01.zip!orders_2017_01.csv"
Slots = Mapping[str, tuple[int, int, int]]


def run(given: formats.Options) -> int:
    """0 when walk, speed and cut-offs are within their goals."""
    folder = formats.shared()
    grid = formats.read_grid(folder / "slotting" / "layout_20x2.json")
    slots = by_picks(
        grid, formats.read_orders(f"{folder}/{FILE}", high="2017-01-21"), formats.read_orders(f"{folder}/{FILE}")
    )
    orders = formats.read_orders(f"{folder}/{FILE}", "2017-01-23", "2017-01-24")
    fifo = [list(orders)[i : i + TOUR] for i in range(0, len(orders), TOUR)]
    base = walk(grid, slots, orders, fifo)
    release(grid, slots, dict(list(orders.items())[:300]), given.seed)  # compiled
    tours, ms, late = release(grid, slots, orders, given.seed)
    made = walk(grid, slots, orders, tours)
    saved = 100 * (1 - made / base)
    formats.say(
        part="days 23-24", orders=len(orders), tours=len(tours), fifo=base, pool=made, saved_pct=round(saved, 2), goal_pct=GOAL_PCT,
        decision_ms_median=round(statistics.median(ms), 2), decision_ms_max=round(max(ms), 2), limit_ms=DECISION_MS, late=late,
    )  # fmt: skip
    if given.out:
        given.out.write_text(json.dumps({"tours": tours}), encoding="utf-8")
        given.out.with_suffix(".slots.json").write_text(json.dumps(slots), encoding="utf-8")
    everything = formats.read_orders(f"{folder}/{FILE}")
    began = time.process_time()
    all_tours, _, all_late = release(grid, slots, everything, given.seed)
    cpu = time.process_time() - began
    formats.say(
        part="24 days",
        orders=len(everything),
        tours=len(all_tours),
        cpu_s=round(cpu, 1),
        limit_s=REPLAY_S,
        late=all_late,
    )
    good = saved >= GOAL_PCT and statistics.median(ms) <= DECISION_MS and late == all_late == 0 and cpu <= REPLAY_S
    return 0 if good else 1


def by_picks(
    grid: formats.Grid, known: Mapping[str, tuple[str, list[str]]], everything: Mapping[str, tuple[str, list[str]]]
) -> dict[str, tuple[int, int, int]]:
    """The busiest SKUs of the known days to the slots nearest to the depot (ABC)."""
    picks: dict[str, int] = {sku: 0 for _, skus in everything.values() for sku in skus}
    for _, skus in known.values():
        for sku in skus:
            picks[sku] += 1
    tours = Tours(grid.layout)
    cells = sorted(grid.slots(), key=lambda s: tours.length([s[0]], [grid.y(s[1], s[2])]))
    slots = [cell for cell in cells for _ in range(grid.per_cell)]
    return dict(zip(sorted(picks, key=lambda s: (-picks[s], s)), slots, strict=False))


class Floor:
    """Orders as places on the grid."""

    def __init__(self, grid: formats.Grid, slots: Slots) -> None:
        cells = list(grid.slots())
        self.index = {cell: i for i, cell in enumerate(cells)}
        self.slots = slots
        self.cost = Aisled(
            Tours(grid.layout), np.array([a for a, _, _ in cells]), np.array([grid.y(b, c) for _, b, c in cells])
        )

    def places(self, skus: Sequence[str]) -> list[int]:
        return sorted({self.index[tuple(self.slots[s])] for s in skus})  # type: ignore[index]

    def length(self, skus: Sequence[str]) -> float:
        at = self.places(skus)
        return self.cost.tours.length(self.cost.aisles[at], self.cost.ys[at])


def walk(
    grid: formats.Grid, slots: Slots, orders: Mapping[str, tuple[str, list[str]]], tours: Sequence[Sequence[str]]
) -> float:
    """Length of all tours."""
    floor = Floor(grid, slots)
    return sum(floor.length([s for o in tour for s in orders[o][1]]) for tour in tours)


def release(
    grid: formats.Grid, slots: Slots, orders: Mapping[str, tuple[str, list[str]]], seed: int
) -> tuple[list[list[str]], list[float], int]:
    """(tours, milliseconds of each decision, orders past their cut-off)."""
    rng, floor = random.Random(seed), Floor(grid, slots)
    names = list(orders)
    at = {o: floor.places(skus) for o, (_, skus) in orders.items()}
    due: dict[str, int] = {}
    waiting: list[str] = []
    tours: list[list[str]] = []
    ms: list[float] = []
    late = entered = 0
    while entered < len(names) or waiting:
        now = len(tours)
        while entered < len(names) and len(waiting) < POOL:
            waiting.append(names[entered])
            due[names[entered]] = now + rng.randint(12, 60)
            entered += 1
        began = time.perf_counter()
        line = sorted(waiting, key=lambda o: due[o] > now + 1)  # else as they came
        urgent = sum(due[o] <= now + 1 for o in line)
        given = Orders.of([at[o] for o in line], [[1]] * len(line), [TOUR])
        (chosen,) = pool.take(given, floor.cost, TOUR, urgent=urgent)
        ms.append(1_000 * (time.perf_counter() - began))
        tour = [line[i] for i in chosen]
        late += sum(due[o] < now for o in tour)
        gone = set(tour)
        waiting = [o for o in waiting if o not in gone]
        tours.append(tour)
    return tours, ms, late
