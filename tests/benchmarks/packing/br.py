"""Bischoff and Ratcliff's container loading instances: per cent of the container filled."""

import argparse
import json
import time

from tests.benchmarks.packing import formats
from wms.algorithms.compiled import COMPILED
from wms.algorithms.packing.blocks import BLOCKS_MAX, load
from wms.algorithms.packing.model import turns

STEPS_PER_S = 60_000_000


def run(argv: list[str]) -> int:
    ask = argparse.ArgumentParser(prog="br", description=__doc__)
    ask.add_argument("--seconds", type=float, default=1.0, help="of CPU for each instance, as counted steps")
    ask.add_argument("--first", type=int, default=10, help="instances of each class")
    ask.add_argument("--classes", default="1,2,3,4,5,6,7")
    ask.add_argument("--blocks", type=int, default=BLOCKS_MAX)
    ask.add_argument("--out", help="JSON lines for the judge (--knapsack)")
    o = ask.parse_args(argv)
    load((4, 4, 4), [([(2, 2, 1)], 3), ([(2, 1, 1)], 3)], 1_000)
    fills: dict[str, float] = {}
    slowest = total = 0.0
    out = open(o.out, "w", encoding="utf-8") if o.out else None  # noqa: SIM115
    for number in o.classes.split(","):
        reached = []
        for r in list(formats.records(formats.shared() / f"br{number}.jsonl"))[: o.first]:
            box = r["box"]
            kinds = [(turns((i["w"], i["l"], i["d"]), i["rotation"]), i["qty"]) for i in r["items"]]
            began = time.process_time()
            placed = load((box["w"], box["l"], box["d"]), kinds, round(o.seconds * STEPS_PER_S), blocks_max=o.blocks)
            took = time.process_time() - began
            slowest, total = max(slowest, took), total + took
            volume = sum((p[3] - p[0]) * (p[4] - p[1]) * (p[5] - p[2]) for p in placed)
            reached.append(100 * volume / (box["w"] * box["l"] * box["d"]))
            if out:
                ids = [i["id"] for i in r["items"]]
                out.write(json.dumps({**r, "placements": [
                    {"id": ids[p[6]], "x": p[0], "y": p[1], "z": p[2], "dx": p[3] - p[0], "dy": p[4] - p[1], "dz": p[5] - p[2]}
                    for p in placed
                ]}) + "\n")  # fmt: skip
        fills[f"BR{number}"] = round(sum(reached) / len(reached), 2)
        print(
            json.dumps({"class": f"BR{number}", "fill_pct": fills[f"BR{number}"], "least": round(min(reached), 2)}),
            flush=True,
        )
    if out:
        out.close()
    print(json.dumps({"mean_fill_pct": round(sum(fills.values()) / len(fills), 2), "cpu_s": round(total, 1),
                      "slowest_cpu_s": round(slowest, 2), "compiled": COMPILED}))  # fmt: skip
    return 0
