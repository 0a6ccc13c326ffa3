"""`python -m tests.benchmarks.packing pack|speed|cases|exact|br|mpv|assort|all`: JSON lines and a summary."""

import sys
from importlib import import_module

PARTS = ("pack", "speed", "cases", "exact", "br", "mpv", "assort")

if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
    raise SystemExit(
        f"usage: python -m tests.benchmarks.packing {'|'.join(PARTS)} [...] (-h after the part tells its options)"
    )
sys.exit(import_module(f"tests.benchmarks.packing.{sys.argv[1]}").run(sys.argv[2:]))
