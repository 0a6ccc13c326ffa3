"""E1: slots and release together on real orders. Slots from the days to 21 January, tours of ten from a pool of 100 on 23 and 24.

Slots suit the tours that are walked, and the pool makes tours that suit the slots: so the past days are released anew through the
pool on the slots found so far, and the search goes on with those tours.
"""

import json
import time
from collections.abc import Sequence

from tests.benchmarks.picking import formats, release, slot
from wms.algorithms.batching.search import Aisled, Orders
from wms.algorithms.compiled import COMPILED
from wms.algorithms.slotting import forecast, search
from wms.algorithms.streaming import pool

BASE, GOAL_PCT = 136_856.0, 57.0
"""The judge's random slots with tours first in, first out."""
LOOPS = 3


def run(given: formats.Options) -> int:
    """0 when the walk is within its goal and no order is late."""
    folder = formats.shared()
    grid = formats.read_grid(folder / "slotting" / "layout_20x2.json")
    everything = formats.read_orders(f"{folder}/{slot.FILE}")
    house = slot.House.of(grid, sorted({s for _, skus in everything.values() for s in skus}))
    known = house.days(everything)[:21]
    slot.warm(house, known)
    began = time.process_time()
    at = learn(house, known, given.seconds, given.seed)
    cpu = time.process_time() - began
    orders = formats.read_orders(f"{folder}/{slot.FILE}", "2017-01-23", "2017-01-24")
    slots = house.slots(at)
    fifo = [list(orders)[i : i + release.TOUR] for i in range(0, len(orders), release.TOUR)]
    tours, ms, late = release.release(grid, slots, orders, given.seed)
    walk = release.walk(grid, slots, orders, tours)
    saved = 100 * (1 - walk / BASE)
    formats.say(
        part="days 23-24", orders=len(orders), tours=len(tours), random_fifo=BASE, slots_fifo=release.walk(grid, slots, orders, fifo),
        slots_pool=walk, saved_pct=round(saved, 2), goal_pct=GOAL_PCT, slotting_cpu_s=round(cpu, 1), late=late,
        decision_ms_max=round(max(ms), 2),
    )  # fmt: skip
    if given.out:
        given.out.write_text(json.dumps({"tours": tours}), encoding="utf-8")
        given.out.with_suffix(".slots.json").write_text(json.dumps(slots), encoding="utf-8")
    good = saved >= GOAL_PCT and late == 0
    formats.say(summary="end2end", seed=given.seed, within_goals=good, compiled=COMPILED)
    return 0 if good else 1


def learn(house: slot.House, known: Sequence[forecast.Day], seconds: float, seed: int) -> list[int]:
    """Position of each SKU."""
    at = slot.quick(house, known, release.TOUR)
    asked = forecast.demand(known, release.TOUR)
    for loop in range(LOOPS):
        at = search.improve(at, house.positions, asked, seconds / LOOPS, seed + loop)
        asked = _released(house, at, known)
    return search.improve(at, house.positions, asked, seconds / LOOPS, seed + LOOPS)


def _released(house: slot.House, at: Sequence[int], known: Sequence[forecast.Day]) -> forecast.Demand:
    """The tours that the pool makes of the past days on these slots."""
    recent = known[-forecast.WINDOW_DAYS :]
    made: list[tuple[int, ...]] = []
    weights: list[float] = []
    for day, weight in zip(recent, forecast.day_weights(len(recent)), strict=True):
        for tour in pooled(house, at, day):
            made.append(tuple(sorted({i for o in tour for i in day[o]})))
            weights.append(weight)
    return forecast.Demand(tuple(made), tuple(weights))


def pooled(house: slot.House, at: Sequence[int], day: forecast.Day) -> list[tuple[int, ...]]:
    """One day's orders as the pool releases them: a tour at a time, from those that wait."""
    place = house.positions.place
    cost = house.positions.cost
    assert isinstance(cost, Aisled)
    lists = [sorted({int(place[at[i]]) for i in order}) for order in day]
    waiting, entered = list(range(min(release.POOL, len(day)))), min(release.POOL, len(day))
    tours: list[tuple[int, ...]] = []
    while waiting:
        given = Orders.of([lists[o] for o in waiting], [[1]] * len(waiting), [release.TOUR])
        (chosen,) = pool.take(given, cost, release.TOUR)
        tour = tuple(waiting[i] for i in chosen)
        tours.append(tour)
        gone = set(tour)
        waiting = [o for o in waiting if o not in gone]
        more = min(release.POOL - len(waiting), len(day) - entered)
        waiting += range(entered, entered + more)
        entered += more
    return tours
