"""The location that a quantity of one SKU and lot is to be put into, and why; or why none.

Hard: size, free volume and weight, one grain per bin, status apart, temperature, hazards apart and low, heavy low. Soft: the same
goods first, then the zone of the SKU's class, reach, walk, and its family near. Re-slotting judges by the same `objection` and the
same `reach_mm`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

FILL = 0.85
"""Of a bin's volume that hands can fill."""
HEAVY_G, VERY_HEAVY_G = 8_000, 15_000
"""A piece above the first goes no higher than the hip, above the second on the floor."""
HIP_MM, FLOOR_MM, REACH_MM, GOLDEN_MM = 1_100, 600, 1_900, (500, 1_400)
HAZARD_MM = 1_100
"""Hazardous goods are kept below: what leaks does not drip on others."""
ZONES = {"A": 0.20, "B": 0.50, "C": 1.0}
"""Share of the bins, by walk from the benches, that a class may expect."""
FAMILY_MM = 6_000.0
"""Walk that lying beside its family is worth."""

Grain = tuple[int, int, int, str]
"""(SKU, lot, owner, status)."""


@dataclass(frozen=True, slots=True)
class Goods:
    grain: Grain
    qty_each: int
    size_mm: tuple[int, int, int]
    weight_g: int
    """Of one piece."""
    velocity: str = "C"
    hazard: str = ""
    """UN number, empty when none."""
    temperature: str = "ambient"
    family: str = ""

    @property
    def volume_mm3(self) -> int:
        a, b, c = self.size_mm
        return a * b * c


@dataclass(frozen=True, slots=True)
class Bin:
    """A storage position as it stands, with what is already on its way to it."""

    place_id: int
    code: str
    node: int
    """Neighbours share it: the bay on both sides."""
    z_mm: int
    size_mm: tuple[int, int, int]
    load_max_g: int
    """0: no limit."""
    walk_mm: float
    """From the nearest bench."""
    used_mm3: int = 0
    used_g: int = 0
    grains: frozenset[Grain] = frozenset()
    hazards: frozenset[str] = frozenset()
    temperature: str = "ambient"
    families: frozenset[str] = frozenset()

    @property
    def volume_mm3(self) -> int:
        a, b, c = self.size_mm
        return a * b * c


@dataclass(frozen=True, slots=True)
class Choice:
    """`place_id` 0: none, and `reasons` say why."""

    place_id: int
    code: str
    qty_each: int
    reasons: tuple[str, ...]


@dataclass(slots=True)
class House:
    """All bins with what depends on them together: class zones and the hazards of each bay."""

    bins: dict[int, Bin]
    zone_of: dict[int, int] = field(default_factory=dict)
    """Bin to 0, 1, 2 for A, B, C."""
    hazards_at: dict[int, frozenset[str]] = field(default_factory=dict)
    families_at: dict[int, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, bins: Iterable[Bin]) -> "House":
        house = cls({b.place_id: b for b in bins})
        ranked = sorted(house.bins.values(), key=lambda b: (b.walk_mm, b.code))
        for i, b in enumerate(ranked):
            share = i / len(ranked)
            house.zone_of[b.place_id] = next(z for z, upto in enumerate(ZONES.values()) if share < upto)
            house.hazards_at[b.node] = house.hazards_at.get(b.node, frozenset()) | b.hazards
            house.families_at[b.node] = house.families_at.get(b.node, frozenset()) | b.families
        return house

    def promise(self, place_id: int, goods: Goods, qty_each: int) -> None:
        """Count goods as on their way, so that the next choice does not give the same room away."""
        b = self.bins[place_id]
        extra = frozenset({goods.hazard}) if goods.hazard else frozenset()
        self.bins[place_id] = replace(
            b, used_mm3=b.used_mm3 + qty_each * goods.volume_mm3, used_g=b.used_g + qty_each * goods.weight_g,
            grains=b.grains | {goods.grain}, hazards=b.hazards | extra,
        )  # fmt: skip
        self.hazards_at[b.node] = self.hazards_at.get(b.node, frozenset()) | extra


def room_each(goods: Goods, b: Bin) -> int:
    """Pieces that still go in, by volume and weight; one that fills an empty bin alone needs no room for hands."""
    by_volume = max(0, int(b.volume_mm3 * FILL) - b.used_mm3) // max(1, goods.volume_mm3)
    by_volume = max(by_volume, 0 if b.used_mm3 else 1)
    if not b.load_max_g:
        return by_volume
    return min(by_volume, max(0, b.load_max_g - b.used_g) // max(1, goods.weight_g))


def objection(goods: Goods, b: Bin, hazards_near: frozenset[str]) -> str:
    """Why these goods may not lie here at all; empty when they may. Room is judged apart."""
    if any(piece > hole for piece, hole in zip(sorted(goods.size_mm), sorted(b.size_mm), strict=True)):
        return "too_small"
    if goods.temperature != b.temperature:
        return "other_temperature"
    if b.grains - {goods.grain}:
        return "other_goods"
    if goods.weight_g > VERY_HEAVY_G and b.z_mm > FLOOR_MM:
        return "too_heavy_for_height"
    if goods.weight_g > HEAVY_G and b.z_mm > HIP_MM:
        return "too_heavy_for_height"
    if goods.hazard and b.z_mm > HAZARD_MM:
        return "hazard_too_high"
    # The bay's hazards include its own: one UN number per bay, and nothing next to it that may not be.
    if goods.hazard and hazards_near - {goods.hazard}:
        return "other_hazard_near"
    return "" if room_each(goods, b) >= 1 else "full"


def choose(goods: Goods, house: House) -> Choice:
    """The best bin for as much of the goods as it takes; the rest is the next question.

    Never raises for want of room: place_id 0 carries how many bins refused for which reason.
    """
    refused: dict[str, int] = {}
    best: tuple[tuple[float, ...], Bin] | None = None
    for b in house.bins.values():
        why = objection(goods, b, house.hazards_at.get(b.node, frozenset()))
        if why:
            refused[why] = refused.get(why, 0) + 1
            continue
        cost = _cost(goods, b, house)
        if best is None or (*cost, b.place_id) < (*best[0], best[1].place_id):
            best = (cost, b)
    if best is None:
        said = sorted(refused.items(), key=lambda r: -r[1])
        return Choice(0, "", 0, tuple(f"{n} bins: {why}" for why, n in said) or ("no bins",))
    b = best[1]
    return Choice(b.place_id, b.code, min(goods.qty_each, room_each(goods, b)), tuple(_reasons(goods, b, house)))


def _cost(goods: Goods, b: Bin, house: House) -> tuple[float, ...]:
    together = 0 if goods.grain in b.grains else 1
    whole = 0 if room_each(goods, b) >= goods.qty_each else 1
    wanted = list(ZONES).index(goods.velocity) if goods.velocity in ZONES else 2
    zone = abs(house.zone_of[b.place_id] - wanted)
    near = FAMILY_MM if goods.family and goods.family in house.families_at.get(b.node, frozenset()) else 0.0
    return (together, whole, zone, b.walk_mm + _reach_mm(goods, b) - near)


def reach_mm(z_mm: int) -> float:
    """Bending, stretching and ladders at this height, as walk."""
    if z_mm > REACH_MM:
        return 12_000.0
    return 0.0 if GOLDEN_MM[0] <= z_mm <= GOLDEN_MM[1] else 4_000.0


def _reach_mm(goods: Goods, b: Bin) -> float:
    """A slow SKU leaves the golden height to the fast ones."""
    reach = reach_mm(b.z_mm)
    return reach if goods.velocity != "C" or b.z_mm > REACH_MM else 4_000.0 - reach


def _reasons(goods: Goods, b: Bin, house: House) -> list[str]:
    said = []
    if goods.grain in b.grains:
        said.append("same SKU and lot already here")
    else:
        said.append("empty")
    said.append(f"class {goods.velocity} in zone {'ABC'[house.zone_of[b.place_id]]}")
    said.append(f"{round(b.walk_mm / 1000)} m from the benches")
    room = room_each(goods, b)
    said.append(f"room for {room}" if room >= goods.qty_each else f"room for {room} of {goods.qty_each}")
    if goods.weight_g > HEAVY_G:
        said.append("heavy, kept low")
    if goods.hazard:
        said.append(f"{goods.hazard} kept low and apart")
    if goods.temperature != "ambient":
        said.append(f"kept {goods.temperature}")
    if goods.family and goods.family in house.families_at.get(b.node, frozenset()):
        said.append(f"beside its family {goods.family}")
    return said


def assign(goods: Goods, house: House, pieces_max: int = 12) -> tuple[list[Choice], Sequence[str]]:
    """Bins for all of the goods, best first, each promised in `house`. Returns them and, for what is left, why."""
    made: list[Choice] = []
    left = goods
    while left.qty_each and len(made) < pieces_max:
        choice = choose(left, house)
        if not choice.place_id:
            return made, choice.reasons
        made.append(choice)
        house.promise(choice.place_id, goods, choice.qty_each)
        left = replace(left, qty_each=left.qty_each - choice.qty_each)
    return made, (f"more than {pieces_max} bins needed",) if left.qty_each else ()
