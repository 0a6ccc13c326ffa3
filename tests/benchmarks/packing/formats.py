"""Readers and writers of the shared packing data."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wms.algorithms.packing.model import Box, Item, Packed

Record = dict[str, Any]


def shared() -> Path:
    """Errors: SystemExit, by name, where the shared folder is missing."""
    folder = Path(os.environ.get("WHARFINGER_SHARED", "../shared")) / "data" / "packing"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is missing: set WHARFINGER_SHARED to the folder with the published instances")
    return folder


def records(path: Path | str) -> Iterator[Record]:
    with open(path, encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def boxes(path: Path | str) -> list[Record]:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def box(given: Record) -> Box:
    outer = tuple(given[s] for s in ("ow", "ol", "od")) if "ow" in given else None
    inner = (given["w"], given["l"], given["d"])
    return Box(
        given["id"], inner, given.get("tare", 0), given.get("max_weight", 1 << 40), outer, given.get("cost", 0.0)
    )


def items(given: list[Record]) -> list[Item]:
    return [
        Item(
            str(i["id"]), (i["w"], i["l"], i["d"]), i["weight"], i.get("qty", 1), i.get("rotation", "any"),
            i.get("fragile", False), i.get("max_load"), tuple(i.get("tags", ())), tuple(i.get("not_with", ())),
        )
        for i in given
    ]  # fmt: skip


def answer(record: Record, given: dict[str, Record], cartons: tuple[Packed, ...]) -> Record:
    """A record as the judge reads it."""
    names = {str(i["id"]): i["id"] for i in record["items"]}
    return {
        "id": record["id"],
        "items": record["items"],
        "boxes": [
            {
                "box": given[c.box],
                "placements": [
                    dict(
                        zip(("id", "x", "y", "z", "dx", "dy", "dz"), (names[p.key], *p.at_mm, *p.size_mm), strict=True)
                    )
                    for p in c.placed
                ],
            }
            for c in cartons
        ],
    }
