"""What the labels say no to, each with a code whose text tells what to mend."""

from wms.kernel.errors import NotFound, Refusal


class UnknownTemplate(Refusal):
    """No such label template."""

    code, status = "labels.unknown_template", 404


class UnknownPrinter(NotFound):
    """No such printer."""

    code = "labels.unknown_printer"


class UnknownJob(NotFound):
    """No such print job."""

    code = "labels.unknown_job"


class NoPrinter(Refusal):
    """The station has no printer."""

    code, status = "labels.no_printer", 409


class BadLabelData(Refusal):
    """A field of the label is missing or cannot be used."""

    code, status = "labels.bad_data", 422


class MarkUnproven(Refusal):
    """A mark has no document that proves it; such a label is never printed."""

    code, status = "labels.mark_unproven", 409


class CannotDraw(Refusal):
    """No font on this server draws the character; a label never shows a question mark for it."""

    code, status = "labels.cannot_draw", 422


class CannotEncode(Refusal):
    """The barcode cannot hold these characters."""

    code, status = "labels.cannot_encode", 422


class DoesNotFit(Refusal):
    """The content does not fit the label at a readable size."""

    code, status = "labels.does_not_fit", 422


class MediaMismatch(Refusal):
    """The printer's loaded media are not what the label needs."""

    code, status = "labels.media_mismatch", 409


class TooLarge(Refusal):
    """The job is larger than a device command may be."""

    code, status = "labels.too_large", 422


class ReasonNeeded(Refusal):
    """A reprint needs a reason."""

    code, status = "labels.reason_needed", 422


class JobOpen(Refusal):
    """The job is still on its way: its outcome comes first."""

    code, status, retry_helps = "labels.job_open", 409, True


class JobVoid(Refusal):
    """The label is void: its number was replaced and must not be printed again."""

    code, status = "labels.job_void", 409


class NotHanded(Refusal):
    """Only a label that was handed out as a sheet is confirmed by a person."""

    code, status = "labels.not_handed", 409


class PrinterUnfit(Refusal):
    """That printer cannot take over: it is not in the station's chain, is in fault, or has other media."""

    code, status = "labels.printer_unfit", 409


class CarrierUnreadable(Refusal):
    """The carrier's file is not a PDF, PNG or ZPL of exactly one label."""

    code, status = "labels.carrier_unreadable", 422


class CarrierSize(Refusal):
    """The carrier's label has another size than the loaded media."""

    code, status = "labels.carrier_size", 409


class CarrierTooFine(Refusal):
    """At this printer's resolution the barcode would fall below its module width."""

    code, status = "labels.carrier_too_fine", 409


class CarrierBarcode(Refusal):
    """The barcode cannot be read back from the label as it would be printed."""

    code, status = "labels.carrier_barcode", 422


class CarrierContent(Refusal):
    """The barcode read back is not the shipment's."""

    code, status = "labels.carrier_content", 409
