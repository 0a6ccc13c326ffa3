"""What may not travel together is parted before anything is arranged.

Conflicts make a graph; its kinds are coloured in order of how many others they exclude (Brélaz's DSATUR, CACM 22(4), 1979),
each to the emptiest of the parts it may join, so that the parts stay as few as conflicts ask for. Quantity limits split a kind.
"""

from collections.abc import Sequence

from wms.algorithms.packing.kinds import Kind
from wms.algorithms.packing.model import Limit


def parts(kinds: list[Kind], limits: Sequence[Limit]) -> list[list[Kind]]:
    """Lists of kinds that may share a carton; one list where nothing forbids it."""
    if not kinds:
        return []
    if not limits and not any([k.not_with or k.only_in for k in kinds]):
        return [kinds]
    groups: list[list[Kind]] = []
    for kind in _coloured(kinds):
        rest = kind
        for group in groups:
            if rest.units and not any(apart(rest, other) for other in group) and approved([*group, rest]):
                n = min(rest.units, room(group, rest, limits))
                if n:
                    group.append(rest.take(n))
                    rest = rest.drop(n)
        while rest.units:
            n = min(rest.units, room([], rest, limits), 1 if set(rest.tags) & set(rest.not_with) else rest.units)
            groups.append([rest.take(max(1, n))])
            rest = rest.drop(max(1, n))
    for group in groups:
        group.sort(key=lambda k: kinds.index(next(o for o in kinds if same(o, k))))
    return groups


def same(a: Kind, b: Kind) -> bool:
    return (a.size, a.turns, a.weight_g, a.cap_g, a.tags, a.not_with, a.only_in) == (
        b.size, b.turns, b.weight_g, b.cap_g, b.tags, b.not_with, b.only_in
    )  # fmt: skip


def apart(a: Kind, b: Kind) -> bool:
    """Tell whether two kinds may share no carton."""
    if set(a.not_with) & set(b.tags) or set(b.not_with) & set(a.tags):
        return True
    return not approved([a, b])


def approved(kinds: Sequence[Kind]) -> bool:
    """Tell whether some carton is approved for all of them."""
    lists = [set(k.only_in) for k in kinds if k.only_in]
    return not lists or bool(set.intersection(*lists))


def _coloured(kinds: list[Kind]) -> list[Kind]:
    """Those with most enemies first; the canonical order among equals."""
    enemies = [sum(apart(a, b) for b in kinds) for a in kinds]
    return [kinds[i] for i in sorted(range(len(kinds)), key=lambda i: (-enemies[i], i))]


def room(group: Sequence[Kind], kind: Kind, limits: Sequence[Limit]) -> int:
    """How many units of `kind` a part still takes; the limits of what is there are kept as well."""
    most = kind.units
    tags = {tag for k in group for tag in k.tags} | set(kind.tags)
    for limit in limits:
        if limit.tag not in tags or (limit.beside is not None and limit.beside not in tags):
            continue
        there = [k for k in group if limit.tag in k.tags]
        each, weight = sum(k.units for k in there), sum(k.units * k.weight_g for k in there)
        if limit.tag not in kind.tags:  # it may be the neighbour that makes a limit bite
            over = (limit.each_max is not None and each > limit.each_max) or (
                limit.weight_max_g is not None and weight > limit.weight_max_g
            )
            most = 0 if over else most
            continue
        if limit.each_max is not None:
            most = min(most, limit.each_max - each)
        if limit.weight_max_g is not None:
            most = min(most, (limit.weight_max_g - weight) // max(kind.weight_g, 1))
    return max(0, most)
