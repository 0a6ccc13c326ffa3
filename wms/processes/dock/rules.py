"""The refusals of the dock."""

from wms.kernel.errors import Refusal


class UnknownParcel(Refusal):
    """No labelled parcel carries this code."""

    code, status = "dock.unknown_parcel", 404


class WrongTruck(Refusal):
    """This parcel goes with another carrier."""

    code, status = "dock.wrong_truck", 409


class AlreadyLoaded(Refusal):
    """This parcel is already on the manifest."""

    code, status = "dock.already_loaded", 409


class LabelVoid(Refusal):
    """This parcel's label is void: it gets a new one at the bench."""

    code, status = "dock.label_void", 409


class NothingLoaded(Refusal):
    """There is nothing on this carrier's manifest."""

    code, status = "dock.nothing_loaded", 409
