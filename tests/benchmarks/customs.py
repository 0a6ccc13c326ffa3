"""`python -m tests.benchmarks.customs match`: the papers of 10,000 parcels judged before they are loaded. Limit: 10 s on one core.

Seeded orders of one to six SKUs, each with its payment, its real parcel and its waybill; one in fifty has one wrong field. Judged with
the demo's tables, with mode, parties, certificates, documents, match and (for half of them) the duty estimate. CPU time of this process.
"""

import argparse
import json
import random
import time
from datetime import date
from typing import Any

from simulators.scenarios import customs as demo
from wms.processes.customs.rules import judge, sheets
from wms.processes.customs.rules.filings import Certificate, Filing

LIMIT_S = 10.0
COUNTRIES = ("DE", "FR", "GB", "US", "JP")


def tables() -> sheets.Sheets:
    """The demo's tables, valid on a day in their time."""
    found = []
    for t in demo.tables():
        rows, _ = sheets.check_rows(t["kind"], t["rows"])
        found.append(sheets.Sheet(t["kind"], date(2026, 1, 1), None, tuple(rows)))
    return sheets.valid_on(found, date(2026, 11, 29))


def parcels(count: int, seed: int) -> tuple[dict[str, Filing], list[tuple[judge.Order, dict[str, Any], bool]]]:
    """Filings, and orders with their papers and whether one of these is wrong."""
    rng = random.Random(seed)
    goods = list(demo.GOODS.items())
    filings = {}
    for n in range(500):
        name, (hs, materials, use, category) = goods[n % len(goods)]
        filings[f"S{n}"] = Filing(f"S{n}", hs, "CN", 50 + n, f"{name} {n}", f"货{n}", materials, use, category,
                                  certificates=(Certificate("toy_safety", "EN71", "Lab", "2029-12-31"),))  # fmt: skip
    made = []
    for n in range(count):
        skus = rng.sample(range(500), rng.choice((1, 1, 1, 2, 2, 3, 4, 6)))
        lines = tuple(judge.Line(f"S{i}", rng.choice((1, 1, 2, 3)), rng.randint(200, 9_000)) for i in skus)
        to = {
            "name": f"Customer {n}",
            "street": f"{n} Main Street",
            "city": "Sample City",
            "phone": "+1 555 0100 200",
            "country": rng.choice(COUNTRIES),
            "ioss": "IM0123456789",
        }
        order = judge.Order(f"B{n}", "shop", "USD", rng.choice(("", "DDP")), "", to, lines)
        gross = sum(x.qty_each * filings[x.sku].net_g for x in lines) + 120
        papers: dict[str, Any] = {
            "payment": {"number": f"P{n}", "currency": "USD", "total": order.value_cents, "payer": to["name"]},
            "parcel": {"gross_g": gross, **{f"qty@{x.sku}": x.qty_each for x in lines}},
            "waybill": {"number": f"W{n}", "tracking": f"W{n}", "gross_g": gross + rng.randint(-15, 15), "consignee": to["name"].upper(), "country": to["country"]},
        }  # fmt: skip
        wrong = n % 50 == 0
        if wrong:
            match n // 50 % 4:
                case 0:
                    papers["payment"]["total"] += 100
                case 1:
                    papers["parcel"][f"qty@{lines[0].sku}"] += 1
                case 2:
                    papers["waybill"]["country"] = "SE"
                case 3:
                    papers["waybill"]["gross_g"] += 1_000 + gross
        made.append((order, papers, wrong))
    return filings, made


def match(count: int, seed: int) -> dict[str, Any]:
    """The figures of one run."""
    valid = tables()
    filings, made = parcels(count, seed)
    began = time.process_time()
    found = [judge.judge(order, filings, valid, papers, stage="parcel") for order, papers, _ in made]
    spent = time.process_time() - began
    missed = sum(wrong and not f.faults for f, (_, _, wrong) in zip(found, made, strict=True))
    false = sum(bool(f.faults) and not wrong for f, (_, _, wrong) in zip(found, made, strict=True))
    return {"parcels": count, "cpu_s": round(spent, 2), "per_parcel_us": round(1e6 * spent / count), "limit_s": LIMIT_S * count / 10_000,
            "wrong": sum(w for *_, w in made), "missed": missed, "false_alarms": false, "good": spent <= LIMIT_S * count / 10_000 and not missed and not false}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["match"])
    parser.add_argument("--parcels", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    told = match(options.parcels, options.seed)
    print(json.dumps(told, indent=1))
    return 0 if told["good"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
