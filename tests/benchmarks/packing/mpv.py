"""Martello, Pisinger and Vigo's 3D bin packing instances, classes 1 and 4 to 8: one box size, nothing turned."""

import argparse
import json
import time

from tests.benchmarks.packing import formats
from wms.algorithms.compiled import COMPILED
from wms.algorithms.packing.bins import fewest

CLASSES = ("c1", "c4", "c5", "c6", "c7", "c8")


def run(argv: list[str]) -> int:
    """1 when a packing is wrong."""
    ask = argparse.ArgumentParser(prog="mpv", description=__doc__)
    ask.add_argument("--rounds", type=int, default=7_500)
    ask.add_argument("--every", type=int, default=1, help="only each so many-th instance")
    ask.add_argument("--out", help="JSON lines for the judge")
    o = ask.parse_args(argv)
    given = [r for r in formats.records(formats.shared() / "mpv" / "mpv_320.jsonl") if r["id"].split("-")[1] in CLASSES]
    fewest((10, 10, 10), 1, [(((9, 9, 9),), 0), (((9, 9, 9),), 0)], 3)
    bounds = dict(
        line.split(",")[:2] for line in (formats.shared() / "mpv" / "lb_ub_3dbpp_1s.csv").read_text().splitlines()[1:]
    )
    total = bound = 0
    took = 0.0
    out = open(o.out, "w", encoding="utf-8") if o.out else None  # noqa: SIM115
    by_class: dict[str, int] = {}
    for r in given[:: o.every]:
        w, l, d = r["bin"]  # noqa: E741
        began = time.process_time()
        made = fewest((w, l, d), 1, [((tuple(i),), 0) for i in r["items"]], o.rounds)
        took += time.process_time() - began
        total += len(made)
        bound += int(bounds[r["id"]])
        kind = r["id"].split("-")[1]
        by_class[kind] = by_class.get(kind, 0) + len(made)
        if out:
            items = [
                {"id": str(n), "w": i[0], "l": i[1], "d": i[2], "rotation": "none"} for n, i in enumerate(r["items"])
            ]
            boxes = [
                {"box": {"id": "bin", "w": w, "l": l, "d": d},
                 "placements": [{"id": str(p[6]), "x": p[0], "y": p[1], "z": p[2], "dx": p[3] - p[0], "dy": p[4] - p[1],
                                 "dz": p[5] - p[2]} for p in box]}
                for box in made
            ]  # fmt: skip
            out.write(json.dumps({"id": r["id"], "items": items, "boxes": boxes}) + "\n")
    if out:
        out.close()
    print(json.dumps({"instances": len(given[:: o.every]), "bins": total, "lower_bound": bound, "cpu_s": round(took, 1),
                      "by_class": by_class, "rounds": o.rounds, "compiled": COMPILED}))  # fmt: skip
    return 0
