"""What the scale learns, how far it lets a parcel be off, and when it cannot see a piece."""

import random
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wms.processes.packing.rules.tolerance import (
    COLD_LEAST_G,
    WARM,
    Memory,
    Part,
    measured,
    part,
    sure,
    teach,
    tolerance,
)


def learned(mean_g: float, sigma_g: float, parcels: int, seed: int = 1, units: int = 1) -> Memory:
    draw, memory = random.Random(seed), Memory()
    for _ in range(parcels):
        memory = teach(memory, mean_g + draw.gauss(0, sigma_g) / sqrt(units), units)
    return memory


def test_before_anything_is_learned_the_rule_is_three_per_cent() -> None:
    told = tolerance([part(4, None, 500), part(1, None, 200, goods=False)], 1)
    assert (told.expected_g, told.tolerance_g) == (2200, 66)
    assert tolerance([part(1, None, 100)], 1).tolerance_g == COLD_LEAST_G
    assert tolerance([part(1, None, 100)], 20).tolerance_g == 40


@pytest.mark.parametrize("units", [1, 5])
def test_the_spread_of_single_units_is_learned_from_parcels_of_several(units: int) -> None:
    memory = learned(400, 3.0, 190, units=units)
    assert memory.mean_g == pytest.approx(400, abs=1)
    assert sqrt(memory.variance_g2) == pytest.approx(3.0, rel=0.2)


def test_a_steady_sku_gets_a_narrow_tolerance_and_a_loose_one_keeps_a_wide_one() -> None:
    steady, loose = learned(1000, 1.0, 60), learned(1000, 6.0, 60)
    narrow, wide = tolerance([part(4, steady, 0)], 1), tolerance([part(4, loose, 0)], 1)
    assert narrow.tolerance_g < wide.tolerance_g <= 120
    assert narrow.sees_each and wide.sees_each


def test_a_light_piece_among_heavy_ones_is_not_seen() -> None:
    heavy, light = part(8, learned(2000, 12, 60), 0), part(1, learned(20, 0.2, 60), 0)
    assert not tolerance([heavy, light], 5).sees_each
    assert tolerance([light, part(1, learned(150, 0.5, 60), 0, goods=False)], 1).sees_each


def test_what_was_learned_from_parcels_of_one_does_not_stop_a_parcel_of_twenty() -> None:
    """Tape and paper weigh 0 to 4 g a parcel, whatever is in it."""
    draw, memory = random.Random(7), Memory()
    for _ in range(60):
        memory = teach(memory, 205 + draw.randint(0, 4))
    few, many = tolerance([part(1, memory, 200)], 1), tolerance([part(20, memory, 200)], 1)
    assert few.tolerance_g <= 8 and few.sees_each
    assert all(many.agrees(20 * 205 + tape) for tape in range(5))


def test_one_wild_weighing_teaches_nothing_and_a_steady_shift_is_told_as_drift() -> None:
    memory = learned(500, 2.0, 40)
    assert teach(memory, 900).mean_g == memory.mean_g
    for _ in range(12):
        memory = teach(memory, 504)
    assert memory.drifts and memory.drift_g > 0
    assert not learned(500, 2.0, 40).drifts


def test_a_measurement_that_does_not_fit_begins_anew() -> None:
    memory = learned(500, 2.0, 40)
    assert measured(memory, 501).samples > 40
    anew = measured(memory, 620)
    assert (anew.samples, anew.mean_g) == (1, 620)


WEIGHTS = st.floats(5, 5_000)


@st.composite
def memories(draw: st.DrawFn, goods: bool = True) -> Part:
    mean, share = draw(WEIGHTS), draw(st.floats(0, 0.01))
    memory = learned(mean, mean * share, draw(st.integers(0, 60)), seed=draw(st.integers(0, 999)))
    return part(draw(st.integers(1, 12)) if goods else 1, memory, mean, goods=goods)


@settings(max_examples=80, deadline=None)
@given(st.lists(memories(), min_size=1, max_size=5), memories(goods=False), st.integers(1, 20), st.floats(0, 1))
def test_one_missing_unit_is_seen_or_every_unit_is_scanned(
    goods: list[Part], carton: Part, interval_g: int, share: float
) -> None:
    told = tolerance([*goods, carton], interval_g)
    if not told.sees_each:
        return  # the bench scans every unit
    for off in (-told.tolerance_g, round(told.tolerance_g * share), told.tolerance_g):
        whole = told.expected_g + off
        assert told.agrees(whole)
        for p in goods:
            assert not told.agrees(int(whole - p.unit_g))


@settings(max_examples=80, deadline=None)
@given(st.lists(memories(), min_size=1, max_size=5), memories(goods=False), st.integers(1, 20))
def test_the_tolerance_stays_between_two_intervals_and_the_cold_rule(
    goods: list[Part], carton: Part, interval_g: int
) -> None:
    told = tolerance([*goods, carton, sure(1, 3.0)], interval_g)
    cold = tolerance([Part(p.qty, p.unit_g, None, p.goods) for p in [*goods, carton, sure(1, 3.0)]], interval_g)
    assert 2 * interval_g <= told.tolerance_g <= cold.tolerance_g


@settings(max_examples=60, deadline=None)
@given(WEIGHTS, st.floats(0, 0.01), st.integers(WARM, 80), st.integers(1, 12), st.integers(1, 10))
def test_more_weighings_at_the_mean_never_widen_it(
    mean: float, share: float, n: int, qty: int, interval_g: int
) -> None:
    memory = learned(mean, mean * share, n)
    before = tolerance([part(qty, memory, mean)], interval_g).tolerance_g
    for _ in range(20):
        memory = teach(memory, memory.mean_g, qty)
        after = tolerance([part(qty, memory, mean)], interval_g).tolerance_g
        assert 2 * interval_g <= after <= before
        before = after
