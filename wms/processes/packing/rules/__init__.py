"""What fits a parcel's weight, what goes into which parcel, and the refusals of the bench."""

from collections.abc import Mapping, Sequence
from typing import Any

from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "open": {"close": "weighing", "void": "void"},
    "weighing": {"agree": "labelling", "differ": "weight_off", "void": "void"},
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
        "void": "void",
    },
    "label_failed": {"retry": "labelling", "miss": "label_failed", "void": "void"},
    "printed": {"apply": "labelled", "relabel": "labelling", "miss": "label_failed", "void": "void"},
    "labelled": {"relabel": "labelling", "void": "void"},
    "void": {},
}

TOLERANCE_SHARE = 0.03
"""Of the expected weight: unit weights vary, cartons take up moisture."""
TOLERANCE_LEAST_G = 10


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


def tolerance_g(expected_g: int, interval_g: int) -> int:
    """How far the scale may be off: never below two scale intervals (one of the reading, one of the tare)."""
    return max(TOLERANCE_LEAST_G, 2 * interval_g, round(expected_g * TOLERANCE_SHARE))


def share_out(planned: Sequence[Mapping[str, Any]], picked: Mapping[int, int]) -> list[tuple[str, dict[int, int]]]:
    """What was really picked, over the planned parcels: (carton, {sku id: pieces}). Empty parcels fall away."""
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
    if surplus and parcels:
        for sku, qty in surplus.items():
            parcels[-1][1][sku] = parcels[-1][1].get(sku, 0) + qty
    return parcels
