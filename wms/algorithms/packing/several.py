"""Several cartons: which contents go together, so that the cartons are few and small, or cheap.

First pairs of sizes in order of price, the first filled in several ways and the rest put in the second. Else the fullest carton is
closed and the rest begins anew.
"""

from collections.abc import Sequence
from itertools import combinations

from wms.algorithms.packing.bins import fewest
from wms.algorithms.packing.kinds import NO_LIMIT, Kind, Room, merged
from wms.algorithms.packing.model import LeftOver
from wms.algorithms.packing.search import Found, Search, stands
from wms.algorithms.packing.single import QUICK, Candidate, layout, single
from wms.algorithms.packing.space import Cuboids
from wms.algorithms.packing.starts import STARTS_ROW, TWO_ROW, flat, fullest, two

NO_ROOM = "no_room"
UNITS_MAX = 400
"""More are not packed anew."""


def several(kinds: list[Kind], search: Search) -> tuple[list[Found], list[LeftOver]]:
    """All units in several cartons. What fits none is left over (screening lets nothing of that kind through)."""
    done, left = _one_after_the_other(kinds, search)
    if len(done) > 2 and not left and search.effort.starts > QUICK and not search.late():
        done = _fewer(kinds, search, len(done)) or done
    return _pairs_anew(done, search) if len(done) > 2 else done, left


def _pairs_anew(done: list[Found], search: Search) -> list[Found]:
    """Pack what two cartons hold into a cheaper pair, as long as there is one. Two that become one are welcome as well."""
    better = True
    while better and not search.late():
        better = False
        for i, k in combinations(range(len(done)), 2):
            a, b = done[i], done[k]
            kinds = merged([*a.kinds, *b.kinds])
            one = single(kinds, search)
            new = [one] if one else _two(kinds, search, a.price + b.price - 1e-9)
            if new and sum(f.price for f in new) < a.price + b.price - 1e-9:
                done = [f for n, f in enumerate(done) if n not in (i, k)] + new
                better = True
                break
    return done


def _fewer(kinds: list[Kind], search: Search, than: int) -> list[Found]:
    """The largest or the strongest carton only, emptied and filled anew until fewer do; empty when they don't."""
    rooms = search.shelf.cartons
    units = [k for k, kind in enumerate(kinds) for _ in range(kind.units)]
    if len(units) > UNITS_MAX or any(k.cap_g != NO_LIMIT or k.only_in for k in kinds) or not rooms:
        return []
    strongest = max(rooms, key=lambda r: (search.payload_g(r.box, 0), r.volume))
    for room in dict.fromkeys((rooms[-1], strongest)):
        payload = search.payload_g(room.box, 0)
        if any(k.weight_g > payload or not stands(k, room) for k in kinds):
            continue
        asked = [(kinds[k].turns, kinds[k].weight_g) for k in units]
        rules, effort = search.rules, search.effort
        boxes = fewest(room.inner, payload, asked, 4 * effort.starts, support_pct=rules.support_pct, seed=effort.seed)
        if len(boxes) < than:
            done: list[Found] = []
            rest = kinds
            for box in boxes:
                placed = [(*p[:6], units[p[6]]) for p in box]
                inside, rest = _taken(rest, placed)
                done.append(single(inside, search) or search.found(room.box, inside, renumber(placed)))
            return done
    return []


def _one_after_the_other(kinds: list[Kind], search: Search) -> tuple[list[Found], list[LeftOver]]:
    done: list[Found] = []
    rest = kinds
    while rest:
        last = single(rest, search) if done else None
        if last is not None:
            return [*done, last], []
        pair = [] if search.late() else _two(rest, search)
        if pair:
            return done + pair, []
        first, rest = _fullest(rest, search)
        if first is None:
            return done, [LeftOver(k, NO_ROOM, "no carton takes it", q) for kind in rest for k, q in kind.keys]
        done.append(single(first.kinds, search) or first)
    return done, []


def cheaper(kinds: list[Kind], search: Search, limit: float) -> list[Found]:
    """Several cartons that cost less than `limit` together; empty when none are found.

    Tried: two cartons, and each size again and again with the last carton free.
    """
    best = _two(kinds, search)
    if sum(f.price for f in best) >= limit:
        best = []
    limit = min(limit, sum(f.price for f in best)) if best else limit
    for room in search.shelf.rooms(kinds):
        done: list[Found] = []
        rest, spent = kinds, 0.0
        while rest and spent < limit and not search.late():
            last = single(rest, search)
            if last is not None and spent + last.price < limit and (done or not best):
                limit, best = spent + last.price, [*done, last]
            first, rest = _fullest(rest, search, [room])
            if first is None:
                break
            done.append(first)
            spent += first.price
        if not rest and spent < limit:
            limit, best = spent, done
    return best


def _two(kinds: list[Kind], search: Search, limit: float = float("inf")) -> list[Found]:
    """The cheapest two cartons, empty below `limit`, that are found to hold all; empty when none are."""
    volume = sum(k.volume * k.units for k in kinds)
    net = sum(k.weight_g * k.units for k in kinds)
    rooms: list[Candidate] = [
        (search.price(r.box, r.box.tare_g), *r.inner, search.payload_g(r.box, 0), r.box)
        for r in search.shelf.rooms(kinds)
        if not any(k.only_in and r.box.code not in k.only_in for k in kinds)
    ]
    pairs = []
    for i, (price, w, l, h, load, _) in enumerate(rooms):  # noqa: E741
        for k, (price_2, w_2, l_2, h_2, load_2, _) in enumerate(rooms):
            if price + price_2 < limit and w * l * h + w_2 * l_2 * h_2 >= volume and load + load_2 >= net:
                pairs.append((price + price_2, -i, k))
    if not pairs:
        return []
    pairs.sort()
    ranks = [-1] * len(rooms) ** 2
    for rank, (_, i, k) in enumerate(pairs):
        ranks[-i * len(rooms) + k] = rank
    effort = search.effort
    at, inside, placed, steps = two(
        layout(kinds, rooms), flat(ranks), TWO_ROW, max(1, effort.starts // 4), effort.steps, search.rules.support_pct,
        effort.seed,
    )  # fmt: skip
    search.steps += steps
    if at < 0:
        return []
    content, rest = part(kinds, inside)
    content_2, _ = part(rest, _renumbered(placed))
    halves = (
        search.found(rooms[-pairs[at][1]][5], content, renumber(inside)),
        search.found(rooms[pairs[at][2]][5], content_2, renumber(placed)),
    )
    return [single(half.kinds, search) or half for half in halves if half.kinds]


def _renumbered(placed: Cuboids) -> Cuboids:
    """All that was left of the kinds is in here: its kinds numbered without those of which nothing was left."""
    number = {k: n for n, k in enumerate(sorted({p[6] for p in placed}))}
    return [(*p[:6], number[p[6]]) for p in placed]


def _fullest(kinds: list[Kind], search: Search, rooms: Sequence[Room] = ()) -> tuple[Found | None, list[Kind]]:
    """The carton that takes the largest share of volume and weight together, and what is left."""
    volume = sum(k.volume * k.units for k in kinds)
    net = sum(k.weight_g * k.units for k in kinds)
    best: tuple[float, float, Found, list[Kind]] | None = None
    effort = search.effort
    tried = rooms or search.shelf.rooms(kinds)
    for room in tried[-1:] if search.late() else tried:
        here = [k for k in kinds if not k.only_in or room.box.code in k.only_in]
        if not here or (best and room.volume / volume + search.payload_g(room.box, 0) / net <= -best[0]):
            continue
        data = layout(here, [(0.0, *room.inner, search.payload_g(room.box, 0), room.box)])
        starts = 1 if search.late() else max(1, effort.starts // 3)
        placed, steps = fullest(data, STARTS_ROW, starts, effort.steps, search.rules.support_pct, effort.seed, False)
        search.steps += steps
        if not placed:
            continue
        inside, rest = part(here, placed)
        share = sum(k.units * (k.volume / volume + k.weight_g / net) for k in inside)
        found = search.found(room.box, inside, renumber(placed))
        if best is None or (-share, found.price) < best[:2]:
            best = (-share, found.price, found, rest + [k for k in kinds if k not in here])
    return (best[2], best[3]) if best else (None, kinds)


def _taken(kinds: list[Kind], placed: Cuboids) -> tuple[list[Kind], list[Kind]]:
    """As `part`, but a kind of which nothing is left keeps its number."""
    count: dict[int, int] = {}
    for p in placed:
        count[p[6]] = count.get(p[6], 0) + 1
    return [kinds[k].take(n) for k, n in count.items()], [k.drop(count.get(i, 0)) for i, k in enumerate(kinds)]


def part(here: list[Kind], placed: Cuboids) -> tuple[list[Kind], list[Kind]]:
    """(what lies in the carton, in the order of first use; what is left)."""
    count = [0] * len(here)
    first: list[int] = []
    for p in placed:
        if not count[p[6]]:
            first.append(p[6])
        count[p[6]] += 1
    return [here[i].take(count[i]) for i in first], [k.drop(n) for k, n in zip(here, count, strict=True) if n < k.units]


def renumber(placed: Cuboids) -> Cuboids:
    """Kinds numbered in the order of first use, as `part` lists them."""
    index: dict[int, int] = {}
    return [(*p[:6], index.setdefault(p[6], len(index))) for p in placed]
