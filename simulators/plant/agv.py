"""How an AGV moves: trapezoidal speed along straight legs, turning on the spot. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
"""x, y in mm."""


@dataclass(frozen=True, slots=True)
class Limits:
    speed_mm_s: float = 1500.0
    acceleration_mm_s2: float = 600.0
    turn_rad_s: float = 1.2


@dataclass(frozen=True, slots=True)
class SpeedProfile:
    """Speed over time from `v0_mm_s` to a stop after `distance_mm`: accelerate, cruise, brake."""

    distance_mm: float
    v0_mm_s: float
    peak_mm_s: float
    accelerate_s: float
    cruise_s: float
    brake_s: float
    brake_mm_s2: float

    @property
    def duration_s(self) -> float:
        return self.accelerate_s + self.cruise_s + self.brake_s

    def at(self, seconds: float) -> tuple[float, float]:
        """(distance in mm, speed in mm/s) after `seconds`."""
        if seconds <= 0:
            return 0.0, self.v0_mm_s
        if seconds >= self.duration_s:
            return self.distance_mm, 0.0
        if seconds < self.accelerate_s:
            speed = self.v0_mm_s + (self.peak_mm_s - self.v0_mm_s) * seconds / self.accelerate_s
            return (self.v0_mm_s + speed) / 2 * seconds, speed
        left_s = self.duration_s - seconds
        if left_s > self.brake_s:
            ramp_mm = (self.v0_mm_s + self.peak_mm_s) / 2 * self.accelerate_s
            return ramp_mm + self.peak_mm_s * (seconds - self.accelerate_s), self.peak_mm_s
        speed = self.brake_mm_s2 * left_s
        return self.distance_mm - speed * left_s / 2, speed


def profile(distance_mm: float, limits: Limits, v0_mm_s: float = 0.0) -> SpeedProfile:
    """Fastest profile that stops after `distance_mm`; brakes harder than the limit only where it must."""
    if distance_mm <= 0:
        return SpeedProfile(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, limits.acceleration_mm_s2)
    a, v0 = limits.acceleration_mm_s2, min(v0_mm_s, limits.speed_mm_s)
    if v0 * v0 / (2 * a) >= distance_mm:
        hard = v0 * v0 / (2 * distance_mm)
        return SpeedProfile(distance_mm, v0, v0, 0.0, 0.0, v0 / hard, hard)
    peak = min(limits.speed_mm_s, math.sqrt(a * distance_mm + v0 * v0 / 2))
    accelerate_s, brake_s = (peak - v0) / a, peak / a
    ramps_mm = (peak * peak - v0 * v0) / (2 * a) + peak * peak / (2 * a)
    cruise_s = max(0.0, distance_mm - ramps_mm) / peak
    return SpeedProfile(distance_mm, v0, peak, accelerate_s, cruise_s, brake_s, a)


def heading(start: Point, end: Point) -> float:
    """Direction of travel in radians, -pi to pi."""
    return math.atan2(end[1] - start[1], end[0] - start[0])


def turn_s(from_rad: float, to_rad: float, limits: Limits) -> float:
    """Seconds to turn on the spot the shorter way round."""
    return abs(math.remainder(to_rad - from_rad, math.tau)) / limits.turn_rad_s


def straight_run(points: Sequence[Point], tolerance_rad: float = 0.1) -> int:
    """Index of the last point reachable from points[0] without turning."""
    for i in range(1, len(points) - 1):
        if (
            abs(math.remainder(heading(points[i], points[i + 1]) - heading(points[0], points[1]), math.tau))
            > tolerance_rad
        ):
            return i
    return len(points) - 1


def along(points: Sequence[Point], distance_mm: float) -> tuple[Point, int]:
    """Position after `distance_mm` along the polyline and the index of the last point passed."""
    for i in range(len(points) - 1):
        step_mm = math.dist(points[i], points[i + 1])
        if distance_mm < step_mm - 1e-6:
            share = distance_mm / step_mm
            (x0, y0), (x1, y1) = points[i], points[i + 1]
            return (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share), i
        distance_mm -= step_mm
    return points[-1], len(points) - 1


def travel_s(points: Sequence[Point], limits: Limits, heading_rad: float = 0.0) -> float:
    """Seconds to drive the polyline from standstill, turning at every corner."""
    total_s, at = 0.0, 0
    while at < len(points) - 1:
        end = at + straight_run(points[at:])
        total_s += turn_s(heading_rad, heading(points[at], points[at + 1]), limits)
        heading_rad = heading(points[at], points[at + 1])
        total_s += profile(sum(math.dist(points[i], points[i + 1]) for i in range(at, end)), limits).duration_s
        at = end
    return total_s
