"""What sourcing says no to, and what it holds orders for."""

from wms.kernel.errors import Refusal


class WarehousesRefused(Refusal):
    """The warehouses have faulty fields; nothing was changed."""

    code, status = "sourcing.warehouses_refused", 422


class UnknownWarehouse(Refusal):
    """No such warehouse."""

    code, status = "sourcing.unknown_warehouse", 404


class ReportRefused(Refusal):
    """The stock report has faulty rows; nothing was taken in."""

    code, status = "sourcing.report_refused", 422


class ReportNotNew(Refusal):
    """A later report of this warehouse has been taken in already."""

    code, status = "sourcing.report_not_new", 409


class UnknownPart(Refusal):
    """No part of an order has this reference."""

    code, status = "sourcing.unknown_part", 404


class PartEnded(Refusal):
    """This part was answered for good, or taken back."""

    code, status = "sourcing.part_ended", 409


class Waits(Refusal):
    """What is missing comes before the order's truck leaves."""

    code = "sourcing.waits"


class Elsewhere(Refusal):
    """All of the order is sent by other warehouses that have not confirmed it yet."""

    code = "sourcing.elsewhere"
