"""Several cartons: which contents go together, so that the cartons are few and small, or cheap.

First the fullest first carton of each size with the rest in one: two cartons end here. Else the fullest carton is closed and the
rest begins anew.
"""

from wms.algorithms.packing.kernel import STARTS_ROW, fullest
from wms.algorithms.packing.kinds import Kind, Room
from wms.algorithms.packing.model import LeftOver
from wms.algorithms.packing.search import Cuboid, Found, Search
from wms.algorithms.packing.single import layout, single, upright

NO_ROOM = "no_room"
LARGEST = 4
"""Sizes tried for the first of three or more."""


def several(kinds: list[Kind], search: Search) -> tuple[list[Found], list[LeftOver]]:
    """All units in several cartons. What fits none is left over (screening lets nothing of that kind through)."""
    done: list[Found] = []
    rest = kinds
    while rest:
        last = single(rest, search) if done else None
        if last is not None:
            return [*done, last], []
        pair, fills = _two(rest, search)
        if pair:
            return [*done, *pair], []
        if not fills:
            return done, [LeftOver(k, NO_ROOM, "no carton takes it", q) for kind in rest for k, q in kind.keys]
        first, rest = max(fills, key=lambda t: (sum(k.volume * k.units for k in t[0].kinds), -t[0].price))
        done.append(single(first.kinds, search) or first)
    return done, []


Filled = tuple[Found, list[Kind]]


def _two(kinds: list[Kind], search: Search) -> tuple[list[Found], list[Filled]]:
    """The best two cartons that are found to hold all, and the fullest fillings of one where there are no two."""
    volume = sum(k.volume * k.units for k in kinds)
    net = sum(k.weight_g * k.units for k in kinds)
    rooms = [(r, search.payload_g(r.box, 0), search.price(r.box, r.box.tare_g)) for r in search.shelf.rooms(kinds)]
    turns = []
    for n, (room, payload, price) in enumerate(rooms):
        partners = [p for r, load, p in rooms if r.volume + room.volume >= volume and load + payload >= net]
        if partners:  # what no second carton can complete is not worth filling
            turns.append((price + min(partners), n))
    fills: list[Filled] = []
    best: list[Found] = []
    limit = float("inf")
    for least, n in sorted(turns):
        if least >= limit:
            break
        for first, rest in _fullest(kinds, rooms[n][0], rooms[n][1], search):
            fills.append((first, rest))
            second = single(rest, search)
            if second is None or first.price + second.price >= limit:
                continue
            best = [single(first.kinds, search) or first, second]
            limit = best[0].price + second.price
    if not fills:
        for room, payload, _ in rooms[-LARGEST:]:
            fills += _fullest(kinds, room, payload, search)
    return best, fills


def _fullest(kinds: list[Kind], room: Room, payload: int, search: Search) -> list[Filled]:
    """One carton as full as it gets, by volume and by weight, with what is left."""
    here = [k for k in kinds if not k.only_in or room.box.code in k.only_in]
    if not here:
        return []
    found: list[Filled] = []
    data = layout(here, [(0.0, *room.inner, payload, room.box)])
    effort = search.effort
    for by_weight in (False, True):
        turned, placed, steps = fullest(
            data, STARTS_ROW, effort.starts // 2, effort.steps // 2, search.rules.support_pct, effort.seed, by_weight
        )
        search.steps += steps
        if placed:
            inside, rest = part(kinds, here, placed)
            if not found or len(placed) != len(found[0][0].placed):
                found.append((search.found(room.box, inside, renumber(upright(placed, turned))), rest))
    return found


def part(kinds: list[Kind], here: list[Kind], placed: list[Cuboid]) -> tuple[list[Kind], list[Kind]]:
    """(what lies in the carton, in the order of first use; what is left)."""
    count = [0] * len(here)
    first: list[int] = []
    for p in placed:
        if not count[p[6]]:
            first.append(p[6])
        count[p[6]] += 1
    inside = [here[i].take(count[i]) for i in first]
    of = {id(k): n for k, n in zip(here, count, strict=True)}
    rest = [k.drop(of.get(id(k), 0)) for k in kinds if of.get(id(k), 0) < k.units]
    return inside, rest


def renumber(placed: list[Cuboid]) -> list[Cuboid]:
    """Kinds numbered in the order of first use, as `part` lists them."""
    index: dict[int, int] = {}
    return [(*p[:6], index.setdefault(p[6], len(index))) for p in placed]
