"""Carton sizes chosen from what is shipped."""

import itertools
import random
from dataclasses import replace

import pytest

from wms.algorithms.packing.assortment import Grid, Parcel, choose, descending, is_held_out, litres, report
from wms.algorithms.packing.cost import INCH_UM, UPS
from wms.algorithms.packing.engine import EXACT, plan
from wms.algorithms.packing.model import Box, Item, Rules
from wms.algorithms.packing.shapes import shapes_of
from wms.twin.assortment import History, picture, propose


def parcels(n: int, seed: int = 3) -> list[Parcel]:
    chance = random.Random(seed)
    made = []
    for i in range(n):
        size = descending(10 * chance.randint(5, 40) for _ in range(3))
        made.append(Parcel(f"p{i}", (size,), size[0] * size[1] * size[2], 500))
    return made


def test_two_sizes_for_two_clusters() -> None:
    small = [Parcel(f"s{i}", ((200, 100, 50 + i),), 1_000_000, 100) for i in range(5)]
    large = [Parcel(f"l{i}", ((400, 300, 200 + i),), 24_000_000, 100) for i in range(5)]
    made = choose([*small, *large], 2, grid=Grid(1_000))
    assert made.sizes == ((200, 100, 54), (400, 300, 204))
    assert made.fitted.used == (5, 5) and made.fitted.alone == 0


def test_no_choice_of_two_shapes_is_better() -> None:
    few = parcels(9)
    made = choose(few, 2)
    sides = [sorted({p.shapes[0][axis] for p in few}) for axis in range(3)]
    sizes = [s for s in itertools.product(*sides) if s[0] >= s[1] >= s[2]]
    all_of_it = descending(max(p.shapes[0][axis] for p in few) for axis in range(3))
    best = min(report(few, [all_of_it, s]).litres for s in sizes)
    assert made.fitted.litres <= best + 1e-9


def test_a_locked_size_stays_and_more_sizes_never_cost_more() -> None:
    some = parcels(120)
    locked = (400, 400, 400)
    costs = []
    for count in (1, 3, 6):
        made = choose(some, count, locked=[locked], rounds=4)
        assert locked in made.sizes and len(made.sizes) == count
        costs.append(made.fitted.cost)
    assert costs == sorted(costs, reverse=True)
    assert made.fitted.fill > report(some, [locked]).fill


def test_an_inch_grid_wastes_no_billed_inch() -> None:
    grid = Grid(INCH_UM, wall_mm=4)
    assert grid.up(246) == 246 and grid.outer((246, 246, 246)) == (254, 254, 254)  # 10 in
    assert grid.up(247) == 271  # 11 in is 279.4
    some = parcels(150)

    def billed(outer: tuple[int, int, int], weight_g: int) -> float:
        return float(UPS.units(outer, weight_g))

    by_bill, by_litre = choose(some, 4, grid=grid, price=billed), choose(some, 4, grid=grid, price=litres)
    assert by_bill.fitted.cost <= report(some, by_litre.sizes, grid=grid, price=billed).cost


def test_any_of_several_shapes_is_enough() -> None:
    flexible = Parcel("f", ((300, 200, 100), (600, 100, 100)), 6_000_000, 100)
    assert report([flexible], [(600, 100, 100)]).alone == 0
    assert report([flexible], [(590, 100, 100)]).alone == 1


def test_the_same_parcels_in_any_order_give_the_same_sizes_and_the_hold_out_is_by_id() -> None:
    some = parcels(80)
    assert choose(some, 4, rounds=3) == choose(some[::-1], 4, rounds=3)
    assert 0.2 < sum(is_held_out(p.key) for p in parcels(1_000)) / 1_000 < 0.4


def test_an_impossible_wish_is_refused() -> None:
    with pytest.raises(ValueError):
        choose([], 3)
    with pytest.raises(ValueError):
        choose(parcels(3), 1, locked=[(1, 1, 1), (2, 2, 2)])


def shipped(n: int, seed: int = 4) -> History:
    chance = random.Random(seed)
    goods = [
        Item(f"{s}", (10 * chance.randint(5, 25), 10 * chance.randint(4, 18), 10 * chance.randint(2, 10)), 300)
        for s in range(12)
    ]
    contents = {
        f"p{i}": tuple(
            replace(g, qty=chance.randint(1, 3)) for g in sorted(chance.sample(goods, chance.randint(1, 3)), key=str)
        )
        for i in range(n)
    }
    return History(contents, {"S": (200, 150, 100), "L": (600, 400, 400)})


def test_a_proposal_from_history_is_judged_on_other_parcels_and_drawn() -> None:
    past = shipped(160)
    made = propose(past, 5, locked=["S"], grid=Grid(wall_mm=4))
    assert (200, 150, 100) in made.sizes and len(made.sizes) == 5
    assert made.proposed.parcels == sum(is_held_out(key) for key in past.contents)
    assert made.proposed.fill > made.now.fill and made.saved_pct > 20
    drawn = picture(made.sizes, made.proposed.used)
    assert drawn.count("<path") == 15 and "200 × 150 × 100 mm" in drawn
    with pytest.raises(ValueError, match="no such carton"):
        propose(past, 5, locked=["X"])
    with pytest.raises(ValueError, match="too few"):
        propose(shipped(1), 5)


def test_each_shape_of_a_parcel_holds_its_goods() -> None:
    for items in shipped(25).contents.values():
        shapes = shapes_of(items)
        assert shapes
        for a, b, c in shapes:
            fits = [
                plan(items, [Box("it", side, 0, 1 << 30)], Rules(), EXACT) for side in ((a, b, c), (a, c, b), (b, c, a))
            ]
            assert any(len(p.cartons) == 1 and not p.left_over for p in fits)
