"""Stock of an overseas warehouse is sold first in, first out by the declaration items that it was exported under."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an export declaration and what of it is not sold yet."""

    id: UUID
    declaration: str
    item: int
    exported_on: date
    left_each: int


def consume(items: Iterable[Item], qty_each: int) -> tuple[list[tuple[UUID, int]], int]:
    """(item, pieces) in the order they were exported, and the pieces that no item is left for. Nothing is lost: they add up."""
    taken: list[tuple[UUID, int]] = []
    for item in sorted(items, key=lambda i: (i.exported_on, i.declaration, i.item, i.id)):
        pieces = min(item.left_each, qty_each)
        if pieces > 0:
            taken.append((item.id, pieces))
            qty_each -= pieces
    return taken, qty_each


def returned(taken: Sequence[tuple[UUID, int]], qty_each: int) -> tuple[list[tuple[UUID, int]], int]:
    """Which items pieces go back to, the last consumed first, and the pieces that were never taken from any."""
    back: list[tuple[UUID, int]] = []
    for item_id, pieces in reversed(taken):
        some = min(pieces, qty_each)
        if some > 0:
            back.append((item_id, some))
            qty_each -= some
    return back, qty_each
