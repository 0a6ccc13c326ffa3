"""Readers of the published instances, and the options and output that all parts share."""

import argparse
import csv
import io
import json
import os
import platform
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wms.algorithms.compiled import COMPILED
from wms.algorithms.routing.rectangular import Layout


@dataclass(frozen=True, slots=True)
class Options:
    seconds: float
    seed: int
    instance: str
    wg: bool
    two_block: bool
    out: Path | None
    sample: int
    """Instances per set, drawn by the seed; 0: all."""
    like: str = ""
    """Only instances whose name matches this regular expression."""
    scattered: bool = False


def shared() -> Path:
    """Errors: SystemExit, by name, where the shared folder is missing."""
    folder = Path(os.environ.get("WHARFINGER_SHARED", "../shared")) / "data" / "picking"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is missing: set WHARFINGER_SHARED to the folder with the published instances")
    return folder


def text_of(path: str) -> str:
    """`archive.zip!member` or a plain path."""
    if "!" in path:
        archive, member = path.split("!", 1)
        return zipfile.ZipFile(archive).read(member).decode("latin-1")
    return Path(path).read_text(encoding="latin-1")


def members(archive: Path, starts: str = "") -> list[str]:
    """Addresses of an archive's instances, by name."""
    names = sorted(
        n for n in zipfile.ZipFile(archive).namelist() if n.endswith(".txt") and Path(n).name.startswith(starts)
    )
    return [f"{archive}!{n}" for n in names]


@dataclass(slots=True)
class Instance:
    """Picker routing and order batching. Positions are (aisle, cell)."""

    name: str
    layout: Layout
    ys: list[float]
    """Of each cell, in the aisle's own frame."""
    weight: dict[int, float] = field(default_factory=dict)
    at: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    """Article to (aisle, cell, quantity) of every location."""
    orders: list[list[tuple[int, int]]] = field(default_factory=list)
    """(article, quantity)."""
    capacity: float = float("inf")


def read_hi(address: str, *, wg: bool = False, two_block: bool = False) -> Instance:
    """The text format of Hessler and Irnich (2022). wg: aisle entry 1.5, as Muter and Oncan's reference values have it."""
    head: dict[str, str] = {}
    found = Instance(Path(address.split("!")[-1]).stem, Layout((0.0, 1.0), 1.0), [])
    section = ""
    for line in text_of(address).splitlines():
        words = line.split()
        if not words or words[0] == "EOF":
            continue
        if words[0].endswith("_SECTION"):
            section = words[0]
        elif len(words) > 1 and words[1] == ":":
            if section == "ORDER_SECTION" and words[0].startswith("NUM_ARTICLES"):
                found.orders.append([])
            else:
                head[words[0]] = " ".join(words[2:])
        elif section == "ARTICLE_SECTION":
            found.weight[int(words[1])] = float(words[3]) if len(words) > 3 else 1.0
        elif section == "SKU_SECTION":
            found.at.setdefault(int(words[1]), []).append((int(words[3]), int(words[5]), int(words[7])))
        elif section == "ORDER_SECTION":
            found.orders[-1].append((int(words[1]), int(words[3]) if len(words) > 3 else 1))
    found.layout, found.ys = _geometry(head, wg, two_block)
    found.capacity = float(head.get("PICKER_CAPACITY", "inf"))
    return found


def _geometry(head: dict[str, str], wg: bool, two_block: bool) -> tuple[Layout, list[float]]:
    cells, step = int(head["NUM_CELLS"]), float(head["DISTANCE_CELL_TO_CELL"])
    top, bottom = (1.5, 1.5) if wg else (float(head["DISTANCE_TOP_TO_CELL"]), float(head["DISTANCE_BOTTOM_TO_CELL"]))
    ys = [top + c * step for c in range(cells)]  # cell 0 is next to the top cross-aisle
    rows = [0.0, ys[-1] + bottom]
    if two_block:
        half = cells // 2
        middle = ys[half - 1] + 1
        ys[half:] = [middle + 1 + i * step for i in range(cells - half)]
        rows = [0.0, middle, ys[-1] + bottom]
    if head["DEPOT_LOCATION"] == "bottom":
        end = rows[-1]
        rows, ys = [end - r for r in reversed(rows)], [end - y for y in ys]
    layout = Layout(
        tuple(rows), float(head["DISTANCE_AISLE_TO_AISLE"]), int(head["DEPOT_AISLE"]),
        float(head["DISTANCE_TOP_OR_BOTTOM_TO_DEPOT"]),
    )  # fmt: skip
    return layout, ys


@dataclass(frozen=True, slots=True)
class Grid:
    """The evaluation layout of the real orders. A slot is (aisle, block, cell)."""

    layout: Layout
    aisles: int
    blocks: int
    cells: int
    per_cell: int
    end_gap: float
    cell_len: float

    def y(self, block: int, cell: int) -> float:
        return self.layout.rows[block] + self.end_gap + cell * self.cell_len

    def slots(self) -> Iterator[tuple[int, int, int]]:
        """Every cell once."""
        return ((a, b, c) for a in range(self.aisles) for b in range(self.blocks) for c in range(self.cells))


def read_grid(path: Path) -> Grid:
    g = json.loads(path.read_text(encoding="utf-8"))
    rows = [0.0]
    for _ in range(g["blocks"]):
        rows.append(rows[-1] + 2 * g["end_gap"] + (g["cells_per_block"] - 1) * g["cell_len"])
    layout = Layout(tuple(rows), g["aisle_pitch"], g["depot_aisle"], g.get("depot_extra", 0.0))
    return Grid(layout, g["aisles"], g["blocks"], g["cells_per_block"], g["skus_per_cell"], g["end_gap"], g["cell_len"])


def read_orders(address: str, low: str = "0", high: str = "9") -> dict[str, tuple[str, list[str]]]:
    """Order to (date, SKUs of its lines), in file order, for the days `low` to `high`."""
    found: dict[str, tuple[str, list[str]]] = {}
    for row in csv.DictReader(io.StringIO(text_of(address))):
        if low <= row["date"] <= high:
            found.setdefault(row["order"], (row["date"], []))[1].append(row["sku"])
    return found


def options(argv: list[str]) -> tuple[str, Options]:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.picking", description=__doc__)
    parser.add_argument("part", choices=("route", "batch", "wave", "release", "slot", "end2end"))
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU time per instance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instance", default="", help="FILE or ARCHIVE!MEMBER")
    parser.add_argument("--wg", action="store_true", help="aisle entry 1.5 (Muter-Oncan)")
    parser.add_argument("--two-block", action="store_true", help="a middle cross-aisle is added")
    parser.add_argument("--out", type=Path, help="solution file that the judge reads")
    parser.add_argument("--sample", type=int, default=0, help="instances per set, drawn by the seed; 0: all")
    parser.add_argument("--like", default="", help="regular expression on an instance's name")
    parser.add_argument("--scattered", action="store_true", help="route: articles that lie in several locations")
    a = parser.parse_args(argv)
    return a.part, Options(a.seconds, a.seed, a.instance, a.wg, a.two_block, a.out, a.sample, a.like, a.scattered)


def say(**line: Any) -> None:
    """One JSON line."""
    print(json.dumps(line), flush=True)


class Summary:
    """Gaps of a run, told at its end."""

    def __init__(self, part: str, given: Options) -> None:
        self.part, self.given = part, given
        self.gaps: list[float] = []
        self.feasible = self.n = 0
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def add(self, gap_pct: float | None, feasible: bool = True) -> None:
        self.n += 1
        self.feasible += feasible
        if gap_pct is not None:
            self.gaps.append(gap_pct)

    def tell(self, **more: Any) -> None:
        gaps = self.gaps or [0.0]
        say(
            summary=self.part, instances=self.n, mean_gap_pct=round(sum(gaps) / len(gaps), 4), max_gap_pct=round(max(gaps), 4),
            feasible_pct=round(100 * self.feasible / max(self.n, 1), 2), cpu_s=round(time.process_time() - self._cpu, 2),
            wall_s=round(time.perf_counter() - self._wall, 2), seed=self.given.seed, compiled=COMPILED,
            python=platform.python_version(), numpy=version("numpy"), **more,
        )  # fmt: skip
