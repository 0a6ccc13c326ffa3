"""What cannot be packed at all, each piece with a stable code and what to mend."""

from collections.abc import Sequence

from wms.algorithms.packing.kinds import Shelf
from wms.algorithms.packing.model import SIDE_MAX_MM, WEIGHT_MAX_G, Box, Item, LeftOver, turns, uprights

BAD_QUANTITY, BAD_SIZE, BAD_WEIGHT, BAD_TURN = "bad_quantity", "bad_size", "bad_weight", "bad_turn"
TOO_LARGE, TOO_HEAVY, NO_CARTON, NOT_APPROVED = "too_large", "too_heavy", "no_carton", "no_approved_carton"
SEEN_MAX = 100_000


def screen(items: Sequence[Item], shelf: Shelf) -> tuple[list[Item], list[LeftOver]]:
    """Part what may be packed from what may not."""
    good: list[Item] = []
    left: list[LeftOver] = []
    seen = shelf.seen
    for i in items:
        known = (i.size_mm, i.turn, i.weight_g, i.only_in, i.own_container)
        if known in seen:
            fault = seen[known]
        else:
            if len(seen) > SEEN_MAX:
                seen.clear()
            fault = seen[known] = _data_fault(i) or (None if i.own_container else _misfit(i, shelf))
        if i.qty.__class__ is not int or i.qty < 1:
            fault = (BAD_QUANTITY, f"pieces must be a whole number above 0, not {i.qty}")
        if fault is None:
            good.append(i)
        else:
            left.append(LeftOver(i.key, *fault, max(i.qty, 0) if i.qty.__class__ is int else 0))
    return good, left


def _data_fault(i: Item) -> tuple[str, str] | None:
    if any(s.__class__ is not int or not 0 < s <= SIDE_MAX_MM for s in i.size_mm):
        sides = " x ".join(str(s) for s in i.size_mm)
        return BAD_SIZE, f"measure it: sides must be whole millimetres from 1 to {SIDE_MAX_MM:,}, not {sides}"
    if i.weight_g.__class__ is not int or not 0 < i.weight_g <= WEIGHT_MAX_G:
        return BAD_WEIGHT, f"weigh it: the weight must be whole grams from 1 to {WEIGHT_MAX_G:,}, not {i.weight_g}"
    try:
        uprights(i.turn)
    except ValueError as error:
        return BAD_TURN, f"{error}: any, flat, none, or v: with the sides that may stand upright"
    return None


def _misfit(i: Item, shelf: Shelf) -> tuple[str, str] | None:
    """Why no carton takes one piece."""
    if not shelf.boxes:
        return NO_CARTON, "there is no carton on hand: add cartons with inner sizes and load"
    allowed = [b for b in shelf.boxes if not i.only_in or b.code in i.only_in]
    if not allowed:
        return NOT_APPROVED, f"none of its approved cartons is on hand: {', '.join(i.only_in)}"
    if any(i.weight_g <= payload_g(b) and holds(b, i) for b in reversed(allowed)):  # mostly the largest
        return None
    roomy = [b for b in allowed if holds(b, i)]
    if not roomy:
        largest = allowed[-1]
        sides = " x ".join(str(s) for s in largest.inner_mm)
        return (
            TOO_LARGE,
            f"no carton takes its size; the largest is {largest.code} ({sides} mm): add a carton or ship it as it is",
        )
    most = max(payload_g(b) for b in roomy)
    return TOO_HEAVY, f"weighs {i.weight_g} g; the strongest carton that takes its size carries {most} g"


def payload_g(box: Box) -> int:
    """Net load of a box, its tare respected."""
    return box.load_max_g if box.gross_max_g is None else min(box.load_max_g, box.gross_max_g - box.tare_g)


def holds(box: Box, item: Item) -> bool:
    """Tell whether one piece fits by size."""
    w, l, h = box.inner_mm  # noqa: E741
    if box.bag:
        return any(
            (a + c <= w and b + c <= l) or (b + c <= w and a + c <= l) for a, b, c in turns(item.size_mm, item.turn)
        )
    if item.turn == "any":
        a, b, c = sorted(item.size_mm)
        w, l, h = sorted(box.inner_mm)  # noqa: E741
        return a <= w and b <= l and c <= h
    return any((a <= w and b <= l and c <= h) for a, b, c in turns(item.size_mm, item.turn))
