"""Tests on a machine that stands still again and again: `python -m tests.standstill [--for 0.5 1.0] tests/wire -n 2`.

Every process below pytest is stopped for a random part of a second every three to six seconds, as a starved virtual
machine would stop it. A test that fails only then has a limit which says nothing about the product, or has found a
place in it that takes its own standstill for somebody else's silence. Everything after the options goes to pytest.
"""

import argparse
import contextlib
import random
import signal
import subprocess
import sys
import time

import psutil

EVERY_S = (3.0, 6.0)


def send(processes: list[psutil.Process], what: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(what)


def stand_still(tests: subprocess.Popen[bytes], shortest_s: float, longest_s: float, seed: int) -> int:
    """Until the tests end; how often everything stood."""
    chance, stops = random.Random(seed), 0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            tests.wait(chance.uniform(*EVERY_S))
        if tests.returncode is not None:
            return stops
        below = psutil.Process(tests.pid).children(recursive=True)
        try:
            send(below, signal.SIGSTOP)
            time.sleep(chance.uniform(shortest_s, longest_s))
        finally:
            send(below, signal.SIGCONT)
        stops += 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.standstill", description=__doc__)
    parser.add_argument(
        "--for", dest="span_s", nargs=2, type=float, default=(0.5, 1.0), metavar=("SHORTEST", "LONGEST")
    )
    parser.add_argument("--seed", type=int, default=1)
    options, rest = parser.parse_known_args()
    tests = subprocess.Popen([sys.executable, "-m", "pytest", *rest])
    stops = stand_still(tests, *options.span_s, options.seed)
    print(f"everything stood still {stops} times")
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main())
