"""Orders into cartons: boxes, litres, orders per second of CPU time; `--out` writes what the judge reads."""

import argparse
import json
import sys
import time
from dataclasses import replace

from tests.benchmarks.packing import formats
from wms.algorithms.compiled import COMPILED
from wms.algorithms.packing.blocks import load
from wms.algorithms.packing.engine import EXACT, FAST, plan
from wms.algorithms.packing.kinds import shelf
from wms.algorithms.packing.model import Box, Effort, Item, Plan, Rules


def run(argv: list[str]) -> int:
    """1 when something that fits a carton was left over."""
    ask = argparse.ArgumentParser(prog="pack", description=__doc__)
    ask.add_argument("orders")
    ask.add_argument("boxes")
    ask.add_argument("--support", type=float, default=0.0, help="least share of a base that rests on something")
    ask.add_argument("--effort", choices=("fast", "exact"), default="fast")
    ask.add_argument("--seconds", type=float, help="deadline of each order; none: counted steps only")
    ask.add_argument("--first", type=int, help="only so many orders")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--out", help="JSON lines for the judge")
    o = ask.parse_args(argv)
    effort = replace({"fast": FAST, "exact": EXACT}[o.effort], seconds=o.seconds, seed=o.seed)
    given = list(formats.records(o.orders))[: o.first]
    boxes = formats.boxes(o.boxes)
    stock = shelf([formats.box(b) for b in boxes])
    rules = Rules(support_pct=round(100 * o.support))
    asked = [formats.items(r["items"]) for r in given]
    for few in asked[:20]:  # the compiler's own time is not the packer's
        plan(few, stock, rules, effort)
    warm = shelf([Box("w", (9, 9, 9), 0, 9)])
    for n in (2, 3):  # two cartons, then three
        plan([Item("a", (8, 8, 8), 1, n), Item("b", (8, 8, 7), 1)], warm, rules, effort)
    load(warm.boxes[0].inner_mm, [([(8, 8, 8)], 1)], 1)
    made: list[Plan] = []
    took: list[float] = []
    for one in asked:
        began = time.process_time()
        made.append(plan(one, stock, rules, effort))
        took.append(time.process_time() - began)
    if o.out:
        by_code = {b["id"]: b for b in boxes}
        with open(o.out, "w", encoding="utf-8") as out:
            for record, each in zip(given, made, strict=True):
                out.write(json.dumps(formats.answer(record, by_code, each.cartons)) + "\n")
    left = tell(asked, made, took, stock.by_code, effort)
    return 1 if left else 0


def tell(asked: list[list[Item]], made: list[Plan], took: list[float], by_code: dict, effort: Effort) -> int:
    """The summary line; returns how many pieces were left over."""
    litres = sum(by_code[c.box].volume_mm3 for p in made for c in p.cartons) / 1e6
    left = sum(x.qty for p in made for x in p.left_over)
    few = sorted(t for a, t in zip(asked, took, strict=True) if sum(i.qty for i in a) <= 10)
    small = [p for a, p in zip(asked, made, strict=True) if sum(i.qty for i in a) <= 8]
    summary = {
        "orders": len(made), "boxes": sum(len(p.cartons) for p in made), "litres": round(litres, 3), "left_over": left,
        "orders_per_s": round(len(made) / max(sum(took), 1e-9), 1), "cpu_s": round(sum(took), 3),
        "p99_ms_to_10_units": round(1000 * few[int(0.99 * (len(few) - 1))], 3) if few else None,
        "max_ms": round(1000 * max(took), 2), "starts": effort.starts,
        "proven_to_8_units": round(sum(all(c.proven for c in p.cartons) for p in small) / max(len(small), 1), 4),
        "compiled": COMPILED,
    }  # fmt: skip
    json.dump(summary, sys.stdout)
    print()
    return left
