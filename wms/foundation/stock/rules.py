"""The status table, who may change what, and the refusals of the ledger."""

from dataclasses import dataclass

from wms.kernel.errors import Refusal

AVAILABLE, QC_HOLD, COUNT_HOLD, DAMAGED = "available", "qc_hold", "count_hold", "damaged"

# status: (allocatable, countable, movable, shown to channels)
STATUSES: dict[str, tuple[bool, bool, bool, bool]] = {
    "available": (True, True, True, True),
    "qc_hold": (False, True, True, False),
    "count_hold": (False, True, False, False),
    "damaged": (False, True, True, False),
    "quarantine": (False, True, True, False),
    "blocked": (False, True, True, False),
    "customs_hold": (False, True, False, False),
    "returned_ungraded": (False, True, True, False),
    "expired": (False, True, True, False),
    "bonded": (True, True, True, False),
}

# from -> to -> least role
CHANGES: dict[str, dict[str, str]] = {
    "available": {
        "qc_hold": "lead", "count_hold": "worker", "damaged": "worker", "quarantine": "lead", "blocked": "supervisor",
        "customs_hold": "supervisor", "expired": "system", "bonded": "supervisor",
    },
    "qc_hold": {"available": "lead", "damaged": "lead", "quarantine": "lead", "blocked": "supervisor"},
    "count_hold": {"available": "supervisor", "damaged": "supervisor"},
    "damaged": {"available": "supervisor", "quarantine": "lead"},
    "quarantine": {"available": "supervisor", "damaged": "lead", "blocked": "supervisor"},
    "blocked": {"available": "supervisor", "quarantine": "supervisor"},
    "customs_hold": {"available": "supervisor", "bonded": "supervisor"},
    "returned_ungraded": {"available": "lead", "damaged": "lead", "quarantine": "lead"},
    "expired": {"quarantine": "lead"},
    "bonded": {"available": "supervisor", "customs_hold": "supervisor", "damaged": "worker"},
}  # fmt: skip

SERIAL_LONGEST = 60

VIRTUAL = ("SUPPLIER", "CUSTOMER", "ADJUSTMENT", "SCRAP", "IN_TRANSIT", "OPENING")


class NotEnough(Refusal):
    """There is not enough free stock there."""

    code, status = "stock.not_enough", 409


class ReservationNotOpen(Refusal):
    """The reservation was already used, cancelled, or is for other stock."""

    code, status = "stock.reservation_not_open", 409


class SerialProblem(Refusal):
    """The serial numbers do not match the units."""

    code, status = "stock.serial_problem", 409


class KeepsNoSerials(Refusal):
    """Units of this SKU carry no serials."""

    code, status = "stock.keeps_no_serials", 409


class NotASerial(Refusal):
    """This code is empty, too long, or means goods, a place or a unit: no serial."""

    code, status = "stock.not_a_serial", 422


class NameTaken(Refusal):
    """Another piece has this serial, or it was told twice."""

    code, status = "stock.name_taken", 409


class TooManyNames(Refusal):
    """There are fewer pieces without a serial than serials."""

    code, status = "stock.too_many_names", 409


class BadNesting(Refusal):
    """A handling unit cannot be put into itself."""

    code, status = "stock.bad_nesting", 409


class UnknownUnit(Refusal):
    """No such handling unit."""

    code, status = "stock.unknown_unit", 404


class AlreadyPosted(Refusal):
    """This line of this request is already in the ledger."""

    code, status = "stock.already_posted", 409


class IllegalStatusChange(Refusal):
    """Stock may not go from this status to that one, or not by your role."""

    code, status = "stock.illegal_status_change", 409


class NotMovable(Refusal):
    """Stock of this status may not be moved."""

    code, status = "stock.not_movable", 409


class OpeningRefused(Refusal):
    """The opening stock has faulty lines; nothing was loaded."""

    code, status = "stock.opening_refused", 422


@dataclass(frozen=True, slots=True)
class Grain:
    """What a balance is of."""

    sku_id: int
    lot_id: int
    owner_id: int
    status: str = AVAILABLE


def check_change(from_status: str, to_status: str, roles: frozenset[str]) -> None:
    """Errors: IllegalStatusChange."""
    least = CHANGES.get(from_status, {}).get(to_status)
    if least is None or (least not in roles and "system" not in roles):
        raise IllegalStatusChange(from_status=from_status, to_status=to_status, needs=least or "-")


def check_movable(status: str) -> None:
    """Errors: NotMovable."""
    if not STATUSES[status][2]:
        raise NotMovable(status=status)
