"""What customs says no to; each code's text says what to mend."""

from wms.kernel.errors import NotFound, Refusal


class UnknownTable(NotFound):
    """No such table: these are known."""

    code = "customs.unknown_table"


class RowsRefused(Refusal):
    """Rows have faulty fields; nothing was loaded."""

    code, status = "customs.rows_refused", 422


class BadPeriod(Refusal):
    """A table's last day is before its first, or a table of this kind begins on that day already."""

    code, status = "customs.bad_period", 422


class UnknownHs(Refusal):
    """The HS code is not in the loaded HS table: correct it, or load the table that holds it."""

    code, status = "customs.unknown_hs", 422


class NoSuchOrder(NotFound):
    """Customs has not judged this order."""

    code = "customs.unknown_order"


class UnknownBatch(NotFound):
    """No such declaration batch."""

    code = "customs.unknown_batch"


class UnknownDocument(NotFound):
    """No such document for this order."""

    code = "customs.unknown_document"


class NothingToDeclare(Refusal):
    """No parcel is ready for this declaration: those named first need their faults mended."""

    code, status = "customs.nothing_to_declare", 409


class WrongState(Refusal):
    """The state of this declaration does not allow that."""

    code, status = "customs.wrong_state", 409


class FieldsDiffer(Refusal):
    """The documents do not agree: correct the fields named, in the document that is wrong."""

    code, status = "customs.fields_differ", 409


class TableExpired(Refusal):
    """A table that is needed has expired or was never loaded: load the one valid today."""

    code, status = "customs.table_expired", 409


class NoFiling(Refusal):
    """The SKU has no customs filing: load one."""

    code, status = "customs.filing_missing", 409


class MarkUnproven(Refusal):
    """A mandatory mark has no valid document on file: file the certificate, then print."""

    code, status = "customs.mark_unproven", 409


class LabelIncomplete(Refusal):
    """The market asks for contents that the label does not have."""

    code, status = "customs.label_incomplete", 409


class LegalHold(Refusal):
    """The papers are under legal hold and stay."""

    code, status = "customs.legal_hold", 409


class ReasonMissing(Refusal):
    """Say why."""

    code, status = "customs.reason_missing", 422


class NotFixable(Refusal):
    """Not a customs mode, or the order has left."""

    code, status = "customs.bad_mode", 422


class NotAnswerable(Refusal):
    """Customs holds nothing of this order that papers could answer."""

    code, status = "customs.no_hold", 409


class BadAnswer(Refusal):
    """The agent's answer names parcels or outcomes that this batch does not know; nothing was taken in."""

    code, status = "customs.bad_answer", 422
