"""The life of a bag and of a truck's appointment, what a bag may weigh, and the refusals of the dock."""

import re

from wms.kernel.errors import Refusal

CONTAINER: dict[str, dict[str, str]] = {
    "open": {"seal": "sealed", "void": "void"},
    "sealed": {"open": "open", "load": "loaded"},
    "loaded": {"unload": "sealed", "open": "open", "depart": "departed"},
    "departed": {},
    "void": {},
}
APPOINTMENT: dict[str, dict[str, str]] = {
    "planned": {"arrive": "arrived", "cancel": "cancelled", "miss": "missed"},
    "missed": {"arrive": "arrived", "cancel": "cancelled"},
    "arrived": {"depart": "departed"},
    "departed": {},
    "cancelled": {},
}

_TAG = re.compile(r"[A-Z0-9][A-Z0-9-]{3,29}")
BAG_TOLERANCE_G, BAG_TOLERANCE_SHARE = 50, 0.01
"""How far a bag may weigh from the sum of its parcels and its tare: the parcels were weighed to the gram, the bag is not."""


class UnknownParcel(Refusal):
    """No labelled parcel carries this code."""

    code, status = "dock.unknown_parcel", 404


class WrongTruck(Refusal):
    """This parcel goes with another carrier."""

    code, status = "dock.wrong_truck", 409


class AlreadyLoaded(Refusal):
    """This parcel is already on the manifest."""

    code, status = "dock.already_loaded", 409


class NotLoaded(Refusal):
    """This parcel is on no truck."""

    code, status = "dock.not_loaded", 409


class LabelVoid(Refusal):
    """This parcel's label is void: it gets a new one at the bench."""

    code, status = "dock.label_void", 409


class NothingLoaded(Refusal):
    """There is nothing on this carrier's manifest."""

    code, status = "dock.nothing_loaded", 409


class StillAboard(Refusal):
    """Parcels are aboard that may not leave: their order is held, or its other parcels are not loaded."""

    code, status = "dock.still_aboard", 409


class UnknownDoor(Refusal):
    """No such door."""

    code, status = "dock.unknown_door", 404


class NoTruck(Refusal):
    """No truck stands at this door."""

    code, status = "dock.no_truck", 409


class DoorTaken(Refusal):
    """Another truck has this door at that time."""

    code, status = "dock.door_taken", 409


class BadAppointment(Refusal):
    """This appointment cannot be."""

    code, status = "dock.bad_appointment", 422


class UnknownAppointment(Refusal):
    """No such appointment."""

    code, status = "dock.unknown_appointment", 404


class NotATag(Refusal):
    """A bag's tag is 4 to 30 letters, digits and dashes, and means nothing else here."""

    code, status = "dock.not_a_tag", 422


class ContainerClosed(Refusal):
    """The bag or pallet is sealed, or has left."""

    code, status = "dock.container_closed", 409


class ContainerOpen(Refusal):
    """The bag or pallet is not sealed yet."""

    code, status = "dock.container_open", 409


class ContainerEmpty(Refusal):
    """There is nothing in this bag or pallet."""

    code, status = "dock.container_empty", 409


class WrongBag(Refusal):
    """The parcel goes another way than this bag."""

    code, status = "dock.wrong_bag", 409


class BagFull(Refusal):
    """The bag would be over its limit."""

    code, status = "dock.bag_full", 409


class InAnotherBag(Refusal):
    """The parcel is in a bag already: scan it out of there first."""

    code, status = "dock.in_another_bag", 409


class NeedsBag(Refusal):
    """This carrier takes such parcels in bags only."""

    code, status = "dock.needs_bag", 409


class SealTaken(Refusal):
    """This seal closes another bag."""

    code, status = "dock.seal_taken", 409


class BagWeightOff(Refusal):
    """The bag does not weigh what its parcels weigh: open it and scan them again."""

    code, status = "dock.bag_weight_off", 409


class BadBagRule(Refusal):
    """This bag rule cannot be."""

    code, status = "dock.bad_bag_rule", 422


def is_tag(code: str) -> bool:
    return _TAG.fullmatch(code) is not None


def expected_g(kind: str, parcels_g: int, bags_g: int, tare_g: int, pallet_tare_g: int) -> int:
    """What a bag or pallet should weigh: its own weight, its loose parcels, and the bags on it as they were weighed."""
    return parcels_g + bags_g + (tare_g if kind == "bag" else pallet_tare_g)


def bag_tolerance_g(expected_g: int) -> int:
    return max(BAG_TOLERANCE_G, round(expected_g * BAG_TOLERANCE_SHARE))


def step(table: dict[str, dict[str, str]], state: str, event: str, code: str) -> str:
    """Errors: ContainerClosed, ContainerOpen, BadAppointment."""
    found = table[state].get(event)
    if found is not None:
        return found
    if table is APPOINTMENT:
        raise BadAppointment(problem=f"it is {state}")
    if event in ("load", "depart") and state == "open":
        raise ContainerOpen(bag=code)
    raise ContainerClosed(bag=code, state=state)
