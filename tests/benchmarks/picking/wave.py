"""W1: waves of the SBPO challenge (set a): orders of LB to UB pieces in all, most pieces per visited aisle."""

import csv
import time
from pathlib import Path

from tests.benchmarks.picking import formats
from wms.algorithms.streaming.selection import Selection, densest

Stock = list[dict[int, int]]
GOAL_MEAN_PCT, GOAL_MIN_PCT = 98.0, 90.0


def run(given: formats.Options) -> int:
    """0 when every choice is feasible, and mean and least share of the best known are within their goals."""
    folder = formats.shared() / "wave"
    with (folder / "best_objectives.csv").open(encoding="utf-8", newline="") as file:
        best = {r["instance"]: float(r["best_objective"]) for r in csv.DictReader(file) if r["dataset"] == "a"}
    densest([{0: 1, 1: 1}, {0: 2}], [{0: 2}, {1: 1}], 1, 3, 0.0, rounds=1)  # compiled outside the measured time
    total = formats.Summary("wave", given)
    addresses = [given.instance] if given.instance else formats.members(folder / "sbpo2025_a.zip")
    if given.sample and not given.instance:
        addresses = addresses[:: max(1, len(addresses) // given.sample)]
    shares = []
    for address in addresses:
        wants, stock, low, high = read(address)
        began = time.process_time()
        found = densest(wants, stock, low, high, given.seconds, given.seed)
        cpu = time.process_time() - began
        feasible = check(found, wants, stock, low, high)
        name = Path(address.split("!")[-1]).name
        share = 100 * found.per_aisle / best[name] if name in best else 0.0
        shares.append(share)
        formats.say(instance=name, per_aisle=round(found.per_aisle, 4), of_best_pct=round(share, 3), pieces=found.pieces,
                    aisles=len(found.aisles), orders=len(found.orders), cpu_s=round(cpu, 2), feasible=feasible)  # fmt: skip
        if given.out:
            path = given.out if given.instance else given.out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = [len(found.orders), *found.orders, len(found.aisles), *found.aisles]
            path.write_text("\n".join(map(str, lines)) + "\n", encoding="utf-8")
        total.add(round(100 - share, 4), feasible)
    mean, least = sum(shares) / len(shares), min(shares)
    total.tell(seconds=given.seconds, mean_of_best_pct=round(mean, 3), min_of_best_pct=round(least, 3))
    return 0 if total.feasible == total.n and mean >= GOAL_MEAN_PCT and least >= GOAL_MIN_PCT else 1


def read(address: str) -> tuple[Stock, Stock, int, int]:
    """(pieces per item of each order, of each aisle, LB, UB). Format: the challenge's `o i a`, orders, aisles, `LB UB`."""
    words = iter(int(w) for w in formats.text_of(address).split())
    orders, _, aisles = next(words), next(words), next(words)

    def rows(n: int) -> Stock:
        return [{next(words): next(words) for _ in range(next(words))} for _ in range(n)]

    wants, stock = rows(orders), rows(aisles)
    return wants, stock, next(words), next(words)


def check(found: Selection, wants: Stock, stock: Stock, low: int, high: int) -> bool:
    """Within the bounds, each order and aisle once, and stock for all."""
    left: dict[int, int] = {}
    for a in found.aisles:
        for item, qty in stock[a].items():
            left[item] = left.get(item, 0) + qty
    for i in found.orders:
        for item, qty in wants[i].items():
            left[item] = left.get(item, 0) - qty
    once = len(set(found.orders)) == len(found.orders) and len(set(found.aisles)) == len(found.aisles)
    return bool(found.orders) and once and low <= found.pieces <= high and min(left.values()) >= 0
