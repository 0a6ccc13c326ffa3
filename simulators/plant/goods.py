"""What is really where, and what it really weighs. Pure and seeded; the WES never sees it."""

import random
from collections.abc import Iterable
from typing import Any


class Goods:
    """Bins with their true content, units with their true weights."""

    def __init__(
        self,
        seed: int,
        skus: Iterable[dict[str, Any]],
        stock: Iterable[dict[str, Any]],
        really: Iterable[dict[str, Any]],
    ):
        self._rng = random.Random(seed)
        self.unit_g = {s["code"]: max(1, round(s["weight_g"] * self._rng.uniform(0.995, 1.005))) for s in skus}
        self.bins: dict[tuple[str, str], int] = {(r["location"], r["sku"]): r["qty_each"] for r in stock}
        for row in really:
            self.bins[row["location"], row["sku"]] = row["qty_each"]

    def take(self, location: str, sku: str, wanted: int) -> int:
        """Pieces that a hand finds there, at most `wanted`; they are gone from the bin."""
        there = self.bins.get((location, sku), 0)
        taken = min(there, wanted)
        self.bins[location, sku] = there - taken
        return taken

    def put(self, location: str, sku: str, qty_each: int) -> None:
        self.bins[location, sku] = self.bins.get((location, sku), 0) + qty_each

    def count(self, location: str, sku: str) -> int:
        return self.bins.get((location, sku), 0)

    def parcel_g(self, content: dict[str, int], tare_g: int) -> int:
        """True gross weight: units, carton, and a few grams of tape and paper."""
        return sum(self.unit_g[sku] * qty for sku, qty in content.items()) + tare_g + self._rng.randint(0, 4)
