"""The best carton sizes for one-unit parcels: fitted on seven tenths of them, judged on the rest, by a hash of the id.

`--bound` also tells what no sizes can beat; `--salt` splits by another hash.
"""

import argparse
import json
import time

from tests.benchmarks.packing import bound, formats
from wms.algorithms.packing.assortment import ROUNDS, Grid, Parcel, choose, descending, is_held_out, litres, report
from wms.algorithms.packing.cost import INCH_UM, UPS
from wms.algorithms.packing.model import Size


def billed(outer: Size, weight_g: int) -> float:
    """Pounds that UPS and FedEx bill."""
    return float(UPS.units(outer, weight_g))


def run(argv: list[str]) -> int:
    """1 when a goal is missed."""
    ask = argparse.ArgumentParser(prog="assort", description=__doc__)
    ask.add_argument("orders", nargs="?", help="JSON lines; without it the marketplace parcels of the shared data")
    ask.add_argument("-p", type=int, default=12, help="sizes")
    ask.add_argument("--bound", action="store_true", help="lower bounds of billed weight, some 40 s")
    ask.add_argument("--salt", default="", help="put before each id that is hashed")
    o = ask.parse_args(argv)
    parcels = []
    for r in formats.records(o.orders or formats.shared() / "olist10k.orders.jsonl"):
        if len(r["items"]) == 1 and r["items"][0].get("qty", 1) == 1:
            i = r["items"][0]
            size = descending((i["w"], i["l"], i["d"]))
            parcels.append(Parcel(str(r["id"]), (size,), size[0] * size[1] * size[2], i["weight"]))
    seen = [p for p in parcels if not is_held_out(o.salt + p.key)]
    unseen = [p for p in parcels if is_held_out(o.salt + p.key)]
    print(json.dumps({"parcels": len(parcels), "seen": len(seen), "unseen": len(unseen)}))
    fixed = formats.boxes(formats.shared() / "olist12.boxes.json")
    told = {}
    for name, grid, price, rounds in (
        ("greedy and swaps, litres", Grid(), litres, 1),
        ("litres", Grid(), litres, ROUNDS),
        ("billed", Grid(), billed, ROUNDS),
        ("litres, inches", Grid(INCH_UM), litres, ROUNDS),
        ("billed, inches", Grid(INCH_UM), billed, ROUNDS),
    ):
        began = time.process_time()
        made = choose(seen, o.p, grid=grid, price=price, rounds=rounds)
        took = time.process_time() - began
        by_litre, by_bill = report(unseen, made.sizes, grid=grid), report(unseen, made.sizes, grid=grid, price=billed)
        told[name] = (by_litre.fill, by_bill.cost, took)
        billed_seen = report(seen, made.sizes, grid=grid, price=billed)
        print(json.dumps({
            "set": name, "fill_seen": round(report(seen, made.sizes, grid=grid).fill, 4), "fill_unseen": round(by_litre.fill, 4),
            "billed_lb_seen": billed_seen.cost, "alone_seen": billed_seen.alone, "billed_lb_unseen": by_bill.cost,
            "alone_unseen": by_bill.alone, "cpu_s": round(took, 2), "sizes": made.sizes,
        }))  # fmt: skip
    if o.bound:
        for name, part in (("seen", seen), ("unseen", unseen)):
            hindsight = report(
                part, choose(part, o.p, grid=Grid(INCH_UM), price=billed).sizes, grid=Grid(INCH_UM), price=billed
            )
            print(json.dumps({
                "bound": name, "each_its_own_carton_lb": bound.own(part), "fitted_on_these_lb": hindsight.cost,
                "alone": hindsight.alone, "no_sizes_below_lb": round(bound.least(part, o.p, hindsight.cost)),
            }))  # fmt: skip
    made_up = [descending((b["w"], b["l"], b["d"])) for b in fixed]
    old, old_bill = report(unseen, made_up), report(unseen, made_up, price=billed)
    billed_lb = told["billed, inches"][1]
    summary = {
        "fixed_fill": round(old.fill, 4), "fixed_billed_lb": old_bill.cost,
        "fill": round(told["litres"][0], 4), "greedy_swap_fill": round(told["greedy and swaps, litres"][0], 4),
        "volume_saved": round(1 - old.fill / told["litres"][0], 4),
        "billed_saved_over_litre_set": round(1 - billed_lb / told["litres"][1], 4),
        "billed_saved_over_greedy_swap": round(1 - billed_lb / told["greedy and swaps, litres"][1], 4), "cpu_s": round(told["litres"][2], 2),
    }  # fmt: skip
    print(json.dumps(summary))
    good = told["litres"][0] >= told["greedy and swaps, litres"][0] and summary["billed_saved_over_litre_set"] >= 0.075
    return 0 if good and told["litres"][2] <= 10 else 1
