"""What a carton costs: its material, and what the carrier bills for it: the greater of its weight and its dimensional weight.

Every carrier rounds in its own way, so the rounding is data: the unit of a side and of a weight, the divisor, and from which
volume dimensional weight counts at all. All arithmetic is in integers: micrometres and milligrams.
Source: UPS and FedEx, divisor 139 in3/lb, each side rounded up to the inch since 2025-08-18, then the pound up; USPS 166 above one
cubic foot; IATA 6,000 and express carriers 5,000 cm3/kg (carriers' tariffs, 2025).
"""

from dataclasses import dataclass

from wms.algorithms.packing.model import Box

INCH_UM, CM_UM = 25_400, 10_000
POUND_MG, HALF_KG_MG = 453_592, 500_000


@dataclass(frozen=True, slots=True)
class Tariff:
    """divisor: cubic side units for one weight unit. above_units3: dimensional weight counts only above so many cubic side units.
    base and per_unit: price of a parcel and of each billed weight unit. steps: (up to so many units, price), in place of per_unit.
    surcharges: (longest side above so many mm, price).
    """

    side_um: int = INCH_UM
    weight_mg: int = POUND_MG
    divisor: int = 139
    above_units3: int = 0
    base: float = 0.0
    per_unit: float = 1.0
    steps: tuple[tuple[int, float], ...] = ()
    surcharges: tuple[tuple[int, float], ...] = ()
    with_material: bool = True

    def units(self, sides_mm: tuple[int, int, int], gross_g: int) -> int:
        """Billed weight units."""
        a, b, c = (-(-1_000 * s // self.side_um) for s in sides_mm)
        actual = -(-1_000 * gross_g // self.weight_mg)
        return max(actual, -(-a * b * c // self.divisor)) if a * b * c > self.above_units3 else actual

    def __call__(self, box: Box, gross_g: int) -> float:
        """Price of a parcel; its outer sides are billed."""
        sides = box.outer_mm or box.inner_mm
        billed = self.units(sides, gross_g)
        price = self.base + self.per_unit * billed
        if self.steps:
            over = billed - self.steps[-1][0]
            price = next((p for up_to, p in self.steps if billed <= up_to), self.steps[-1][1] + self.per_unit * over)
        price += sum(extra for longest, extra in self.surcharges if max(sides) > longest)
        return price + box.cost if self.with_material else price


UPS = Tariff()
USPS = Tariff(divisor=166, above_units3=1_728)
EXPRESS = Tariff(side_um=CM_UM, weight_mg=HALF_KG_MG, divisor=2_500)
"""5,000 cm3 a kilogram, by the half kilogram."""


def material(box: Box, gross_g: int) -> float:
    """The carton alone."""
    return box.cost
