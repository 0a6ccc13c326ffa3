"""The golden cases rebuilt from issue reports of packer users, and 5,000 equal units."""

import json
import time

from tests.benchmarks.packing import formats
from wms.algorithms.packing.cost import material
from wms.algorithms.packing.engine import EXACT, plan
from wms.algorithms.packing.model import Box, Item, Rules


def run(argv: list[str]) -> int:
    """1 when a case is answered wrongly."""
    wrong = 0
    for case in formats.records(argv[0] if argv else formats.shared() / "issue_cases.jsonl"):
        expect, boxes = case["expect"], [formats.box(b) for b in case["boxes_available"]]
        rules = Rules(support_pct=0, price=material if "max_cost" in expect else None)
        items = formats.items(case["items"])
        plan(items, boxes, rules, EXACT)
        began = time.process_time()
        made = plan(items, boxes, rules, EXACT)
        took = time.process_time() - began
        costs = sum(b.cost for c in made.cartons for b in boxes if b.code == c.box)
        good = not made.left_over
        good &= "box" not in expect or [c.box for c in made.cartons] == [expect["box"]]
        good &= len(made.cartons) <= expect.get("max_boxes", 1 << 30) and costs <= expect.get("max_cost", 1 << 30)
        good &= "infeasible" not in expect or len(made.cartons) > 1
        good &= took <= expect.get("seconds", 10.0)
        wrong += not good
        print(json.dumps({"case": case["id"], "right": bool(good), "ms": round(1000 * took, 2), "expect": expect,
                          "boxes": [c.box for c in made.cartons]}))  # fmt: skip
    equal = Item("x", (97, 61, 43), 250, 5_000)
    box = Box("crate", (600, 400, 300), 900, 30_000)
    began = time.process_time()
    made = plan([equal], [box])
    took = time.process_time() - began
    wrong += took > 1.0 or bool(made.left_over)
    print(
        json.dumps(
            {"case": "5,000 equal units", "right": took <= 1.0, "ms": round(1000 * took), "boxes": len(made.cartons)}
        )
    )
    print(json.dumps({"wrong": wrong}))
    return 1 if wrong else 0
