"""AGV kinematics: distances add up, speeds stay in limits, times match the textbook."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.plant.agv import Limits, along, profile, straight_run, travel_s, turn_s

LIMITS = Limits(speed_mm_s=1500, acceleration_mm_s2=600, turn_rad_s=1.2)


def test_a_long_leg_is_a_trapezoid_and_a_short_one_a_triangle() -> None:
    long = profile(15_000, LIMITS)
    assert (long.accelerate_s, long.brake_s, long.peak_mm_s) == (2.5, 2.5, 1500)
    assert long.duration_s == pytest.approx(2.5 + 2.5 + (15_000 - 3750) / 1500)
    short = profile(600, LIMITS)
    assert short.peak_mm_s == pytest.approx(600) and short.cruise_s == 0
    assert short.duration_s == pytest.approx(2.0)


@given(st.floats(1, 200_000), st.floats(0, 1500), st.floats(0, 1))
def test_speed_stays_in_limits_and_distance_only_grows(distance_mm: float, v0_mm_s: float, share: float) -> None:
    speeds = profile(distance_mm, LIMITS, v0_mm_s)
    at = share * speeds.duration_s
    done_mm, speed = speeds.at(at)
    later_mm, _ = speeds.at(at + 0.01)
    assert -1e-6 <= done_mm <= later_mm + 1e-6 <= distance_mm + 1e-3
    assert -1e-9 <= speed <= 1500 + 1e-6
    assert speeds.at(speeds.duration_s) == (distance_mm, 0.0)


@given(st.floats(10, 50_000), st.floats(0, 1500))
def test_speed_is_the_derivative_of_distance(distance_mm: float, v0_mm_s: float) -> None:
    speeds, step_s = profile(distance_mm, LIMITS, v0_mm_s), 1e-4
    middle = speeds.duration_s / 2
    if middle > step_s:
        slope = (speeds.at(middle + step_s)[0] - speeds.at(middle - step_s)[0]) / (2 * step_s)
        assert slope == pytest.approx(speeds.at(middle)[1], rel=0.05, abs=2)


def test_positions_along_a_corner() -> None:
    points = [(0.0, 0.0), (1000.0, 0.0), (1000.0, 500.0)]
    assert along(points, 400) == ((400.0, 0.0), 0)
    assert along(points, 1000) == ((1000.0, 0.0), 1)
    assert along(points, 1500) == ((1000.0, 500.0), 2)
    assert straight_run(points) == 1
    assert straight_run([*points[:2], (2000.0, 0.0)]) == 2
    assert turn_s(0, math.pi / 2, LIMITS) == pytest.approx(math.pi / 2 / 1.2)
    assert turn_s(-3.1, 3.1, LIMITS) < 0.1
    assert travel_s(points, LIMITS) == pytest.approx(
        profile(1000, LIMITS).duration_s + math.pi / 2 / 1.2 + profile(500, LIMITS).duration_s
    )
