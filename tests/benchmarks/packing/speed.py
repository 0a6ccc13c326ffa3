"""Orders per CPU second with support on, pure and compiled, beside py3dbp on the same orders in interleaved rounds.

The peer is installed in a virtual environment of its own (`pip install py3dbp==1.1.2`) and named by `--peer`; without it, only we
are measured. It packs as its users do: the smallest box that takes all, else the fullest, and again.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from tests.benchmarks.packing import formats

SETS = (
    ("A", "boxpacker.orders.jsonl", "boxpacker.boxes.json", 2_500),
    ("B", "olistmix.orders.jsonl", "olist12.boxes.json", 300),
)
PEER = """
import json, sys, time
from py3dbp import Bin, Item, Packer
orders = [json.loads(line) for line in open(sys.argv[1])][: int(sys.argv[3])]
boxes = sorted(json.load(open(sys.argv[2])), key=lambda b: b["w"] * b["l"] * b["d"])
began = time.process_time()
for order in orders:
    rest = [(i["w"], i["l"], i["d"], i["weight"]) for i in order["items"] for _ in range(i["qty"])]
    while rest:
        best, most = None, -1
        for b in boxes:
            packer = Packer()
            packer.add_bin(Bin(b["id"], b["w"], b["l"], b["d"], b["max_weight"]))
            for k, i in enumerate(rest):
                packer.add_item(Item(str(k), *i))
            packer.pack(bigger_first=True, number_of_decimals=0)
            inside = packer.bins[0].items
            volume = sum(i.get_volume() for i in inside)
            if volume > most:
                best, most = {int(i.name) for i in inside}, volume
            if len(inside) == len(rest):
                best = {int(i.name) for i in inside}
                break
        if not best:
            break
        rest = [i for k, i in enumerate(rest) if k not in best]
print(len(orders) / (time.process_time() - began))
"""


def run(argv: list[str]) -> int:
    ask = argparse.ArgumentParser(prog="speed", description=__doc__.splitlines()[0])
    ask.add_argument("--peer", help="a Python that has py3dbp")
    ask.add_argument("--rounds", type=int, default=3)
    o = ask.parse_args(argv)
    has_peer = (
        bool(o.peer)
        and subprocess.run([o.peer, "-c", "import py3dbp"], capture_output=True, check=False).returncode == 0
    )
    if not has_peer:
        print("py3dbp is not installed there: only our own figures" if o.peer else "no --peer: only our own figures")
    for name, orders, boxes, first in SETS:
        paths = [str(formats.shared() / orders), str(formats.shared() / boxes)]
        rounds: dict[str, list[float]] = {"pure": [], "compiled": [], "py3dbp": []}
        for _ in range(o.rounds):
            if has_peer:
                told = subprocess.run(
                    [o.peer, "-c", PEER, *paths, str(first)], capture_output=True, text=True, check=True
                )
                rounds["py3dbp"].append(float(told.stdout))
            for mode, flag in (("pure", "0"), ("compiled", "1")):
                command = [
                    sys.executable,
                    "-m",
                    "tests.benchmarks.packing",
                    "pack",
                    *paths,
                    "--first",
                    str(first),
                    "--support",
                    ".75",
                ]
                told = subprocess.run(
                    command, env={**os.environ, "WMS_COMPILED": flag}, capture_output=True, text=True, check=True
                )
                rounds[mode].append(json.loads(told.stdout)["orders_per_s"])
        median = {mode: statistics.median(found) for mode, found in rounds.items() if found}
        line = {"set": name, **{f"{mode}_per_s": round(rate, 1) for mode, rate in median.items()}}
        if has_peer:  # of each round against the peer of the same round
            for mode in ("pure", "compiled"):
                ratios = [a / b for a, b in zip(rounds[mode], rounds["py3dbp"], strict=True)]
                line[f"{mode}_x_py3dbp"] = round(statistics.median(ratios), 1)
        print(json.dumps(line), flush=True)
    return 0
