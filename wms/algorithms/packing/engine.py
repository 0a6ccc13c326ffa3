"""Which cartons an order needs, shown by a true 3D arrangement.

In turn: what cannot be packed is named; what may not travel together is parted; then, group by group, one carton by `single`,
several by `several`. Every answer is checked by `check` before it is given.
"""

import time
from collections.abc import Sequence
from itertools import chain, repeat, starmap
from operator import itemgetter

from wms.algorithms.packing import check, company, screen
from wms.algorithms.packing.kinds import Kind, Shelf, kinds_of, shelf
from wms.algorithms.packing.model import Box, Effort, Item, LeftOver, Packed, Placed, Plan, Rules
from wms.algorithms.packing.search import Found, Search
from wms.algorithms.packing.several import cheaper, several
from wms.algorithms.packing.single import single

FAST = Effort(starts=20, steps=6_000)
EXACT = Effort(starts=400, steps=60_000, exact_units=8, exact_steps=40_000)

LOWEST = itemgetter(2, 1, 0)
OWN_CONTAINER = ""
"""The box of what ships as it is."""


class BadAnswer(Exception):
    """The search gave an arrangement that the checker refuses: a bug, never the caller's fault."""


def plan(
    items: Sequence[Item], boxes: Sequence[Box] | Shelf, rules: Rules | None = None, effort: Effort = FAST
) -> Plan:
    """Pack all items into the fewest (or cheapest) cartons, each the smallest found. Deterministic unless `effort.seconds` ends it.

    Never raises for what cannot be packed: it stands in `left_over` with its reason. Errors: BadAnswer.
    """
    rules = rules or Rules()
    stock = boxes if isinstance(boxes, Shelf) else shelf(tuple(boxes))
    good, left = screen.screen(items, stock)
    search = Search(rules, effort, stock, None if effort.seconds is None else time.monotonic() + effort.seconds)
    packed: list[Packed] = []
    for item in good:
        if item.own_container:
            packed += [
                Packed(OWN_CONTAINER, (Placed(item.key, (0, 0, 0), item.size_mm),), item.weight_g, True)
            ] * item.qty
    cost = 0.0
    for group in company.parts(kinds_of([i for i in good if not i.own_container]), rules.limits):
        found, unpacked = _pack(group, search)
        for f in found:
            packed.append(_describe(f))
            cost += f.price
        left += unpacked
    made = Plan(tuple(packed), tuple(left), cost, search.steps)
    wrong = check.faults(items, stock.by_code, made.cartons, made.left_over, rules)
    if wrong:
        raise BadAnswer("; ".join(wrong[:5]))
    return made


def _pack(group: list[Kind], search: Search) -> tuple[list[Found], list[LeftOver]]:
    one = single(group, search)
    if search.rules.price is not None:
        made, left = ([one], []) if one else several(group, search)
        less = cheaper(group, search, sum(f.price for f in made) if not left else float("inf"))
        return (less, []) if less else (made, left)
    return ([one], []) if one else several(group, search)


def _describe(found: Found) -> Packed:
    """Hand the units of each kind out to the keys they came with; lowest first, so that what carries is there before its load."""
    found.placed.sort(key=LOWEST)
    keys = [chain.from_iterable(starmap(repeat, k.keys)) for k in found.kinds]
    placed = [
        Placed(next(keys[k]), (x1, y1, z1), (x2 - x1, y2 - y1, z2 - z1)) for x1, y1, z1, x2, y2, z2, k in found.placed
    ]
    return Packed(found.box.code, tuple(placed), found.gross_g, found.proven)
