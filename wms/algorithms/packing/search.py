"""What one call carries along: rules, effort, the shelf, the deadline, and the steps taken so far."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from wms.algorithms.packing.kinds import Kind, Room, Shelf, litres
from wms.algorithms.packing.model import Box, Effort, Rules

Cuboid = tuple[int, int, int, int, int, int, int]
"""(x1, y1, z1, x2, y2, z2, index of the kind)."""


@dataclass(slots=True)
class Found:
    """One carton: placements in packing order."""

    box: Box
    kinds: list[Kind]
    placed: list[Cuboid]
    gross_g: int
    price: float
    proven: bool = False


@dataclass(slots=True)
class Search:
    rules: Rules
    effort: Effort
    shelf: Shelf
    deadline: float | None
    steps: int = 0

    def late(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    def payload_g(self, box: Box, volume: int) -> int:
        """Net load that keeps the gross limit, when content of this volume leaves the rest to void fill."""
        if box.gross_max_g is None:
            return box.load_max_g
        return min(box.load_max_g, box.gross_max_g - box.tare_g - self.void_g(box, volume))

    def void_g(self, box: Box, volume: int) -> int:
        per_l = self.rules.void_g_per_l
        return max(0, box.volume_mm3 - volume) * per_l // 1_000_000 if per_l else 0

    def found(self, box: Box, kinds: list[Kind], placed: list[Cuboid], proven: bool = False) -> Found:
        net = volume = 0
        for k in kinds:
            net += k.weight_g * k.units
            volume += k.volume * k.units
        gross = net + box.tare_g + self.void_g(box, volume)
        return Found(box, kinds, placed, gross, self.price(box, gross), proven)

    def price(self, box: Box, gross_g: int) -> float:
        """What the objective counts for one carton."""
        if self.rules.price is not None:
            return self.rules.price(box, gross_g)
        return litres(box)

    def allowed(self, kinds: Sequence[Kind]) -> list[tuple[float, int, int, int, int, Box]]:
        """Cartons that the total, each single piece and the approved packs do not rule out, best first:
        (price, width, length, height, payload, box). Sides of six turns come the longest first."""
        volume = net = a = b = c = 0
        tariff = self.rules.price
        choosy = False
        stiff = []
        for k in kinds:
            volume += k.volume * k.units
            net += k.weight_g * k.units
            choosy = choosy or bool(k.only_in)
            x, y, z = k.size
            if len(k.turns) < 6:
                stiff.append(k)
                z, y, x = sorted(k.size)
            a = x if x > a else a
            b = y if y > b else b
            c = z if z > c else c
        found = []
        for room in self.shelf.rooms(kinds):
            w, l, h = room.sides  # noqa: E741
            if room.volume < volume or w < a or l < b or h < c:
                continue
            box = room.box
            payload = box.load_max_g if box.gross_max_g is None else self.payload_g(box, volume)
            if payload < net or (stiff and not all([stands(k, room) for k in stiff])):
                continue
            if choosy and any(k.only_in and box.code not in k.only_in for k in kinds):
                continue
            price = tariff(box, net + box.tare_g + self.void_g(box, volume)) if tariff else room.litres
            found.append((price, *room.inner, payload, box))
        if tariff:
            found.sort(key=lambda f: (f[0], f[1] * f[2] * f[3], f[5].code))
        return found


def stands(kind: Kind, room: Room) -> bool:
    """Tell whether one unit fits by size."""
    w, l, h = room.inner  # noqa: E741
    return any((x <= w and y <= l and z <= h) for x, y, z in kind.turns)
