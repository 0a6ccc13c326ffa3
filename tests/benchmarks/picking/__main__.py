"""`python -m tests.benchmarks.picking route|batch|wave|release|slot|end2end`: one JSON line per instance and a summary."""

import sys
from importlib import import_module

from tests.benchmarks.picking import formats

part, given = formats.options(sys.argv[1:])
sys.exit(import_module(f"tests.benchmarks.picking.{part}").run(given))
