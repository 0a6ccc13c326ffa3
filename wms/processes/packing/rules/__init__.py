"""What fits a parcel's weight, what goes into which parcel, and the refusals of the bench."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Protocol

from wms.algorithms.packing.bags import filled, high_mm, least_high_mm, wraps
from wms.kernel.errors import Refusal

Size = tuple[int, int, int]
Goods = Sequence[tuple[Size, int, int]]
"""(size, weight of one, pieces)."""


class Carton(Protocol):
    """As the catalog keeps it."""

    @property
    def inner_mm(self) -> Size: ...
    @property
    def outer_mm(self) -> Size: ...
    @property
    def bag(self) -> bool: ...


NEXT: dict[str, dict[str, str]] = {
    "open": {"close": "weighing", "void": "void"},
    "weighing": {
        "agree": "labelling",
        "differ": "weight_off",
        "reopen": "open",
        "set_aside": "aside",
        "void": "void",
    },
    "weight_off": {
        "agree": "labelling",
        "differ": "weight_off",
        "reopen": "open",
        "set_aside": "aside",
        "void": "void",
    },
    "aside": {"reopen": "open", "void": "void"},
    "labelling": {
        "printed": "printed",
        "fail": "label_failed",
        "relabel": "labelling",
        "miss": "label_failed",
        "hold": "on_hold",
        "void": "void",
    },
    "on_hold": {"free": "labelling", "relabel": "labelling", "miss": "label_failed", "void": "void"},
    "label_failed": {"retry": "labelling", "miss": "label_failed", "void": "void"},
    "printed": {"apply": "labelled", "relabel": "labelling", "miss": "label_failed", "void": "void"},
    "labelled": {"relabel": "labelling", "void": "void"},
    "void": {},
}

WEIGHED = frozenset({"labelling", "on_hold", "label_failed", "printed", "labelled"})
"""States of a parcel whose weight agreed."""

OFFS_MAX = 1
"""So often a packer opens and checks alone; then it goes aside for a lead."""
FOUND = ("missing", "extra", "wrong_item", "carton", "unit_weight", "nothing")
"""What opening a parcel whose weight was off may find."""


class NotAPackTote(Refusal):
    """This tote has nothing to pack."""

    code, status = "packing.not_a_pack_tote", 409


class NotAllHere(Refusal):
    """Another share of this order is still on its way: it comes together at the wall first."""

    code, status, retry_helps = "packing.not_all_here", 409, True


class ToteElsewhere(Refusal):
    """The tote is not at this station."""

    code, status = "packing.tote_elsewhere", 409


class UnknownParcel(Refusal):
    """No such parcel."""

    code, status = "packing.unknown_parcel", 404


class CountDiffers(Refusal):
    """What was scanned is not what belongs in this parcel."""

    code, status = "packing.count_differs", 409


class SerialNeeded(Refusal):
    """Each piece of this SKU leaves with its own serial."""

    code, status = "packing.serial_needed", 422


class WrongCarton(Refusal):
    """Another carton was chosen for this parcel."""

    code, status = "packing.wrong_carton", 409


class WrongLabel(Refusal):
    """This label belongs to another parcel."""

    code, status = "packing.wrong_label", 409


class ParcelBusy(Refusal):
    """The parcel's state does not allow this."""

    code, status = "packing.parcel_busy", 409


class Aside(Refusal):
    """This parcel's weight stayed off: a lead opens its tote and checks it."""

    code, status = "packing.aside", 409


class FindingNeeded(Refusal):
    """This parcel's weight was off: say what opening it has shown."""

    code, status = "packing.finding_needed", 422


class CartonGone(Refusal):
    """The carton that this parcel was planned in is not kept any more."""

    code, status = "packing.carton_gone", 409


class NeedsCarton(Refusal):
    """This was to ship as it is, and its goods do not ship in their own container."""

    code, status = "packing.needs_carton", 409


class NotInTote(Refusal):
    """By the book no such piece is left in this tote."""

    code, status = "packing.not_in_tote", 409


class CartonTooSmall(Refusal):
    """The goods do not go into this carton."""

    code, status = "packing.carton_too_small", 409


class NoPackVersion(Refusal):
    """Fragile goods, and no valid pack version to pack them in."""

    code, status = "packing.no_pack_version", 409


class WrongPack(Refusal):
    """Fragile goods, planned in a carton that none of their valid pack versions has."""

    code, status = "packing.wrong_pack", 409


class WrongMaterial(Refusal):
    """What was scanned is not what the recipe asks for."""

    code, status = "packing.wrong_material", 409


class StationBusy(Refusal):
    """Another parcel is on this station's scale."""

    code, status = "packing.station_busy", 409


class NoPlate(Refusal):
    """This bench feeds the line: stick a plate on the parcel and scan it."""

    code, status = "packing.no_plate", 409


class PlateTaken(Refusal):
    """This plate is on another parcel: take the next one from the roll."""

    code, status = "packing.plate_taken", 409


class OnTheBelt(Refusal):
    """All parcels of this tote are on the belt. One that came out at the reject lane is found by its plate."""

    code, status = "packing.on_the_belt", 409


class UnknownLine(Refusal):
    """No such pack line."""

    code, status = "packing.unknown_line", 404


class BadLine(Refusal):
    """This pack line cannot work."""

    code, status = "packing.bad_line", 422


def step(state: str, event: str) -> str:
    """Errors: ParcelBusy."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise ParcelBusy(state=state, event=event) from None


def too_small(inner_mm: Size, load_max_g: int, goods: Goods, *, bag: bool = False) -> str:
    """Why goods cannot go into a carton or a bag, by the plain bounds that no arrangement beats; empty when they may."""
    if bag:
        if any(not wraps(inner_mm, size) for size, _, _ in goods):
            return "a piece is larger than the bag wraps"
        if not least_high_mm(inner_mm, sum(prod(size) * n for size, _, n in goods)):
            return "the pieces have more volume than the bag"
    elif any(s > b for size, _, _ in goods for s, b in zip(sorted(size), sorted(inner_mm), strict=True)):
        return "a piece is longer than the carton"
    elif sum(prod(size) * n for size, _, n in goods) > prod(inner_mm):
        return "the pieces have more volume than the carton"
    return "the pieces weigh more than it holds" if sum(w * n for _, w, n in goods) > load_max_g else ""


def outer_mm(carton: Carton | None, placed: Sequence[Sequence[int]], goods: Goods) -> Size:
    """What a carrier measures of a parcel. carton: None: goods in their own container. placed: as planned, rows of (SKU id, x, y,
    z, dx, dy, dz); of a bag whose content is not as planned the least that it can be high."""
    if carton is None:
        return max((size for size, _, _ in goods), key=prod, default=(0, 0, 0))
    if not carton.bag:
        return carton.outer_mm
    low = max((min(size) for size, _, _ in goods), default=1)
    high = high_mm(placed) or least_high_mm(carton.inner_mm, sum(prod(size) * n for size, _, n in goods), low)
    return filled(carton.outer_mm, high or low)


def share_out(planned: Sequence[Mapping[str, Any]], picked: Mapping[int, int]) -> list[tuple[str, dict[int, int]]]:
    """What was really picked, over the planned parcels: (carton, {sku id: pieces}). Empty parcels fall away.

    More than was planned goes into the last carton; where all ship as they are, each piece by itself.
    """
    left = {sku: qty for sku, qty in picked.items() if qty > 0}
    parcels: list[tuple[str, dict[int, int]]] = []
    for parcel in planned:
        content = {}
        for key, qty in parcel["items"].items():
            taken = min(qty, left.get(int(key), 0))
            if taken:
                content[int(key)] = taken
                left[int(key)] -= taken
        if content:
            parcels.append((str(parcel["carton"]), content))
    surplus = {sku: qty for sku, qty in left.items() if qty}
    last = next((content for carton, content in reversed(parcels) if carton), None)
    for sku, qty in surplus.items() if parcels else ():
        if last is None:
            parcels += [("", {sku: 1}) for _ in range(qty)]
        else:
            last[sku] = last.get(sku, 0) + qty
    return parcels
