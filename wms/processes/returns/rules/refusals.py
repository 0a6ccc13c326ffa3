"""What returns says no to."""

from wms.kernel.errors import Refusal


class RowsRefused(Refusal):
    """The policy has faulty rows; nothing was loaded."""

    code, status = "returns.rows_refused", 422


class BadPeriod(Refusal):
    """The policy ends before it begins."""

    code, status = "returns.bad_period", 422


class BadSite(Refusal):
    """The site's data of returns has faults; nothing was changed."""

    code, status = "returns.bad_site", 422


class NotShipped(Refusal):
    """The order has not been shipped: cancel it instead."""

    code, status = "returns.not_shipped", 409


class LinesRefused(Refusal):
    """These pieces cannot be returned."""

    code, status = "returns.lines_refused", 422


class RefTaken(Refusal):
    """This reference was used for another return."""

    code, status = "returns.ref_taken", 409


class UnknownReturn(Refusal):
    """No such return."""

    code, status = "returns.unknown_return", 404


class UnknownParcel(Refusal):
    """No return, parcel or order has this code."""

    code, status = "returns.unknown_parcel", 404


class WrongState(Refusal):
    """The return's state does not allow this."""

    code, status = "returns.wrong_state", 409


class NotAuthorised(Refusal):
    """This return was refused, or its decision is held."""

    code, status = "returns.not_authorised", 409


class NoLabel(Refusal):
    """This return has no label of ours."""

    code, status = "returns.no_label", 409


class NoDepot(Refusal):
    """The site's data does not say where a carrier brings returns to."""

    code, status = "returns.no_depot", 409


class LabelRefused(Refusal):
    """The carrier sells no label for this return."""

    code, status, retry_helps = "returns.label_refused", 409, True


class NotABench(Refusal):
    """This is not a returns bench."""

    code, status = "returns.not_a_bench", 409


class NotOfOrder(Refusal):
    """This item was not shipped with the order."""

    code, status = "returns.not_of_order", 409


class MoreThanShipped(Refusal):
    """More pieces than were shipped and are not back yet."""

    code, status = "returns.more_than_shipped", 409


class BadQuantity(Refusal):
    """Not a quantity of pieces."""

    code, status = "returns.bad_quantity", 422


class SerialNotOurs(Refusal):
    """This serial did not leave with the order, or is back already."""

    code, status = "returns.serial_not_ours", 409


class SerialsNeeded(Refusal):
    """Each piece needs its serial scanned once."""

    code, status = "returns.serials_needed", 422


class BadGrade(Refusal):
    """No such grade."""

    code, status = "returns.bad_grade", 422


class ReasonNeeded(Refusal):
    """Say why."""

    code, status = "returns.reason_needed", 422


class BadTote(Refusal):
    """Returned goods go into a free tote that stands at the bench."""

    code, status = "returns.bad_tote", 409


class ItemsOpen(Refusal):
    """Items on the bench are not graded yet."""

    code, status = "returns.items_open", 409


class NothingToMend(Refusal):
    """Nothing waits to be refurbished."""

    code, status = "returns.nothing_to_mend", 409


class BadPhoto(Refusal):
    """Not a JPEG or PNG picture of at most 3 MB."""

    code, status = "returns.bad_photo", 422


class UnknownStray(Refusal):
    """No such parcel on the no-order shelf."""

    code, status = "returns.unknown_stray", 404


class TooEarly(Refusal):
    """The parcel may not be disposed of before its day."""

    code, status = "returns.too_early", 409


class NotIdentified(Refusal):
    """Nobody has said which order this parcel belongs to."""

    code, status = "returns.not_identified", 409


class UnknownFlag(Refusal):
    """No such suspicion."""

    code, status = "returns.unknown_flag", 404
