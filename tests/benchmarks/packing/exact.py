"""Orders of up to eight units at effort `exact`: how many are proven to lie in the smallest carton, within 50 ms."""

import argparse
import json
import time

from tests.benchmarks.packing import formats
from wms.algorithms.compiled import COMPILED
from wms.algorithms.packing.engine import EXACT, plan
from wms.algorithms.packing.kinds import shelf
from wms.algorithms.packing.model import Rules

SETS = (("olistmix", "olist12"), ("boxpacker", "boxpacker"), ("olist10k-multi", "olist12"))
LIMIT_S = 0.05


def run(argv: list[str]) -> int:
    """1 when fewer than 95 % are proven in time."""
    argparse.ArgumentParser(prog="exact", description=__doc__).parse_args(argv)
    good = True
    for name, boxes in SETS:
        stock = shelf([formats.box(b) for b in formats.boxes(formats.shared() / f"{boxes}.boxes.json")])
        asked = [formats.items(r["items"]) for r in formats.records(formats.shared() / f"{name}.orders.jsonl")]
        few = [items for items in asked if sum(i.qty for i in items) <= 8]
        for support in (0, 75):
            rules = Rules(support)
            for items in few[:30]:
                plan(items, stock, rules, EXACT)
            took, proven = [], 0
            for items in few:
                began = time.process_time()
                made = plan(items, stock, rules, EXACT)
                took.append(time.process_time() - began)
                proven += all(c.proven for c in made.cartons) and took[-1] <= LIMIT_S
            good &= proven >= 0.95 * len(few)
            print(json.dumps({"set": name, "support": support, "orders": len(few), "proven_in_50_ms": round(proven / len(few), 4),
                              "mean_ms": round(1000 * sum(took) / len(took), 3), "max_ms": round(1000 * max(took), 1),
                              "compiled": COMPILED}))  # fmt: skip
    return 0 if good else 1
