"""Proposed moves on a floor with heights, weights, hazards, temperatures and families: judged as putaway judges."""

from dataclasses import replace

import numpy as np
import pytest

from wms.algorithms.labour.standards import Standard
from wms.algorithms.slotting import forecast, putaway
from wms.algorithms.slotting.putaway import Bin, Goods, House
from wms.processes.slotting.rules import plan

AISLES, BAYS, LEVELS = 3, 5, (700, 1_200, 2_000)


def floor() -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int, int, bool], ...], list[Bin], list[int]]:
    """Nodes, edges, bins and the node of each: three aisles between two cross-aisles; the last bay is cold."""
    xy: list[tuple[int, int]] = []
    edges: list[tuple[int, int, int, bool]] = []
    bins: list[Bin] = []
    nodes: list[int] = []
    for a in range(AISLES):
        for y in range(BAYS + 2):
            xy.append((a * 4_000, y * 1_500))
            if y:
                edges.append((len(xy) - 2, len(xy) - 1, 1_500, False))
    for a in range(1, AISLES):
        for y in (0, BAYS + 1):
            edges.append(((a - 1) * (BAYS + 2) + y, a * (BAYS + 2) + y, 4_000, False))
    for a in range(AISLES):
        for y in range(1, BAYS + 1):
            for z in LEVELS:
                node = a * (BAYS + 2) + y
                bins.append(Bin(len(bins) + 1, f"{a}-{y}-{z}", node, z, (1200, 600, 450), 150_000, float(xy[node][0] + xy[node][1]),
                                temperature="chilled" if y == BAYS else "ambient"))  # fmt: skip
                nodes.append(node)
    return tuple(xy), tuple(edges), bins, nodes


def snapshot(seed: int, **other: object) -> plan.Snapshot:
    rng = np.random.default_rng(seed)
    xy, edges, bins, nodes = floor()
    items: list[plan.Item] = []
    house = House.of(bins)
    for p in rng.permutation(len(bins)):
        goods = Goods(
            (len(items), 1, 1, "available"), 5, (100, 80, 40), int(rng.choice([200, 9_000, 16_000], p=[0.8, 0.15, 0.05])),
            hazard=str(rng.choice(["", "UN3481", "UN1950"], p=[0.7, 0.15, 0.15])), family=str(rng.choice(["", "mugs"])),
            temperature=str(rng.choice(["ambient", "chilled"], p=[0.8, 0.2])),
        )  # fmt: skip
        b = bins[int(p)]
        if len(items) < 28 and not putaway.objection(goods, b, house.hazards_at[b.node]):
            house.promise(b.place_id, goods, 5)
            items.append(plan.Item(int(p), f"S{len(items)}", goods, bool(rng.random() < 0.1)))
    days = tuple(
        tuple(
            tuple(sorted(set(rng.zipf(1.4, 4).clip(1, len(items)).tolist()) - {len(items)})) or (0,) for _ in range(12)
        )
        for _ in range(4)
    )
    free = sorted(set(range(len(bins))) - {i.bin for i in items})
    made = plan.Snapshot(
        tuple(bins),
        tuple(nodes),
        frozenset(free[:2]),
        tuple(items),
        days,
        xy,
        edges,
        0,
        0,
        Standard(),
        14,
        30,
        0,
        rounds=6,
    )
    return replace(made, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(6))
def test_every_move_may_be_made_when_its_turn_comes_and_putaway_would_not_object(seed: int) -> None:
    given = snapshot(seed)
    made = plan.solve(given)
    assert made.moves and len(made.moves) <= given.budget
    house = House.of(given.bins)
    for item in given.items:
        house.promise(given.bins[item.bin].place_id, item.goods, item.goods.qty_each)
    at = {i: given.bins[item.bin].place_id for i, item in enumerate(given.items)}
    promised = {given.bins[p].place_id for p in given.promised}
    for move in made.moves:
        item = given.items[move.item]
        assert not item.stays and at[move.item] == move.source and move.target not in promised
        target = house.bins[move.target]
        assert not target.grains, "empty when its turn comes"
        near = {
            given.items[i].goods.hazard for i, p in at.items() if i != move.item and house.bins[p].node == target.node
        }
        assert putaway.objection(item.goods, target, frozenset(near - {""})) == ""
        source = house.bins[move.source]
        house.bins[move.source] = replace(source, grains=frozenset(), hazards=frozenset(), used_mm3=0, used_g=0)
        house.promise(move.target, item.goods, item.goods.qty_each)
        at[move.item] = move.target
    assert {m.net_mm > 0 for m in made.moves} == {True}
    saved = made.result["saved_mm"] + made.result["reach_saved_mm"]
    assert saved == pytest.approx(sum(m.saving_mm for m in made.moves))


def test_the_same_seed_gives_the_same_moves_and_each_says_why() -> None:
    made = plan.solve(snapshot(1))
    assert made == plan.solve(snapshot(1))
    assert all("tours a day" in m.why and "m from the benches" in m.why for m in made.moves)
    before, after = (sum(h[i] for h in made.result["heat"].values()) for i in (0, 1))
    assert before == pytest.approx(after, abs=0.05), "picks move, none is lost"
    assert made.result["saved_h"] == pytest.approx(
        (made.result["saved_mm"] + made.result["reach_saved_mm"]) / Standard().walk_mm_s / 3_600
    )


def test_a_floor_nobody_walked_and_one_where_all_must_stay_propose_nothing_and_say_so() -> None:
    assert plan.solve(snapshot(1, days=())).result["why_none"] == "no tours were walked in the last days"
    given = snapshot(2)
    still = tuple(replace(i, stays=True) for i in given.items)
    made = plan.solve(replace(given, items=still))
    assert (made.moves, made.result["why_none"]) == ((), "no move saves more than it costs")


def test_the_golden_lane_holds_the_busiest_where_hands_reach() -> None:
    given = snapshot(3, lane_size=6, horizon_days=90)
    made = plan.solve(given)
    best = sorted(given.bins, key=lambda b: (b.walk_mm + putaway.reach_mm(b.z_mm), b.code))[:6]
    lane = {b.place_id for b in best}
    rates = forecast.demand(given.days, 1).rates(len(given.items))
    busiest = set(np.argsort(-rates, kind="stable")[:6].tolist())
    assert {m.item for m in made.moves if m.target in lane} <= busiest


def test_temperature_is_kept_and_a_family_stays_together() -> None:
    _, _, bins, _ = floor()
    cold = Goods((1, 1, 1, "available"), 5, (100, 80, 40), 200, "A", temperature="chilled")
    assert "chilled" in " ".join(putaway.choose(cold, House.of(bins)).reasons)
    assert putaway.choose(cold, House.of([b for b in bins if b.temperature == "ambient"])).place_id == 0
    mug = Goods((2, 1, 1, "available"), 5, (100, 80, 40), 200, "A", family="mugs")
    alone = putaway.choose(mug, House.of(bins))
    beside = next(b for b in bins if b.walk_mm == 3_000 and b.z_mm == 700)
    with_family = [replace(b, families=frozenset({"mugs"})) if b is beside else b for b in bins]
    chosen = putaway.choose(mug, House.of(with_family))
    assert alone.code != chosen.code and chosen.code.startswith("0-2-")
    assert "beside its family mugs" in chosen.reasons


def test_classes_follow_the_picks_of_now() -> None:
    by_day = {1: [10.0] * 20 + [0.0] * 8, 2: [0.0] * 20 + [10.0] * 8}
    smooth = forecast.smoothed(by_day, 7.0, 28)
    assert smooth[2] > smooth[1] > 0
    assert forecast.smoothed({1: [3.0] * 28}, 7.0, 28)[1] == pytest.approx(84)
