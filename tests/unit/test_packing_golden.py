"""Plan quality on made orders, pinned: a change that packs worse fails here. The pure-Python forms give the same answers."""

import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path

from wms.algorithms.packing.bins import fewest
from wms.algorithms.packing.blocks import load
from wms.algorithms.packing.engine import EXACT, FAST, plan
from wms.algorithms.packing.kinds import shelf
from wms.algorithms.packing.model import Box, Effort, Item, Rules, turns

GOLDEN = Path(__file__).parent.parent / "golden" / "packing.csv"
SHELF = shelf([
    Box("A", (200, 150, 60), 60, 20_000), Box("B", (260, 190, 100), 100, 20_000), Box("C", (310, 230, 150), 160, 20_000),
    Box("D", (400, 300, 200), 310, 20_000), Box("E", (600, 400, 300), 760, 20_000), Box("F", (800, 600, 500), 1_500, 30_000),
])  # fmt: skip


def orders(seed: int, count: int, most: int) -> list[list[Item]]:
    chance = random.Random(seed)
    return [
        [
            Item(
                f"{o}-{i}", (10 * chance.randint(4, 30), 10 * chance.randint(3, 20), 10 * chance.randint(1, 12)),
                chance.randint(50, 2_000), chance.choice((1, 1, 1, 2, 4)), chance.choice(("any", "any", "any", "flat")),
                fragile=seed == 3 and chance.random() < 0.15,
            )
            for i in range(chance.randint(1, most))
        ]
        for o in range(count)
    ]  # fmt: skip


def measured(effort: Effort, count: int) -> list[dict[str, str]]:
    """Boxes and litres of each made set, with and without support."""
    rows = []
    for seed, most in ((1, 4), (2, 10), (3, 8)):
        for support in (0, 75):
            made = [plan(o, SHELF, Rules(support), effort) for o in orders(seed, count, most)]
            volume = sum(SHELF.by_code[c.box].volume_mm3 for p in made for c in p.cartons)
            rows.append({"set": f"{seed}", "support": f"{support}", "effort": "exact" if effort is EXACT else "fast",
                         "boxes": f"{sum(len(p.cartons) for p in made)}", "litres": f"{volume / 1e6:.3f}"})  # fmt: skip
    return rows


def test_no_set_is_packed_worse_than_before() -> None:
    pinned = list(csv.DictReader(GOLDEN.open(encoding="utf-8")))
    now = measured(FAST, 60) + measured(EXACT, 25)
    assert len(now) == len(pinned)
    for row, was in zip(now, pinned, strict=True):
        assert (row["set"], row["support"], row["effort"]) == (was["set"], was["support"], was["effort"])
        assert (int(row["boxes"]), float(row["litres"])) <= (int(was["boxes"]), float(was["litres"])), (row, was)


def small() -> str:
    """Answers that are quick without compilation as well."""
    chance = random.Random(5)
    units = [((tuple(chance.randint(2, 6) for _ in range(3)),), 1) for _ in range(30)]
    boxes = fewest((10, 10, 10), 20, units, 30)  # type: ignore[arg-type]
    full = load((30, 20, 20), [(turns((7, 5, 4), "any"), 20), (turns((6, 6, 3), "flat"), 20)], 150_000, blocks_max=150)
    packed = [repr(plan(o, SHELF, Rules(s), FAST)) for o in orders(2, 12, 10) for s in (0, 75)]
    few = [repr(plan(o, SHELF, Rules(), Effort(25, 2_000, 6, 300))) for o in orders(1, 6, 3)]
    return json.dumps([boxes, full, packed, few])


def test_without_compilation_the_same_answers() -> None:
    code = "from tests.unit import test_packing_golden as golden; print(golden.small())"
    here = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "WMS_COMPILED": "0"},
        cwd=here,
        capture_output=True,
        text=True,
        check=True,
    )
    boxes, full, packed, few = json.loads(done.stdout)
    assert sum(len(b) for b in boxes) == 30 and len(boxes) <= 3
    for content in [*boxes, full]:
        for n, p in enumerate(content):
            assert not any(all(p[k] < q[k + 3] and q[k] < p[k + 3] for k in range(3)) for q in content[:n])
    assert sum((p[3] - p[0]) * (p[4] - p[1]) * (p[5] - p[2]) for p in full) >= 0.40 * 30 * 20 * 20
    ours = [repr(plan(o, SHELF, Rules(s), FAST)) for o in orders(2, 12, 10) for s in (0, 75)]
    assert packed == ours
    assert few == [repr(plan(o, SHELF, Rules(), Effort(25, 2_000, 6, 300))) for o in orders(1, 6, 3)]
