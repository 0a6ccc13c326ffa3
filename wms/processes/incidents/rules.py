"""Who hears of an overdue incident, and the refusals."""

from wms.kernel.errors import Refusal

ESCALATION = {"worker": "lead", "lead": "supervisor", "finance": "admin", "supervisor": "admin", "admin": "admin"}


class UnknownIncident(Refusal):
    """No such incident."""

    code, status = "incidents.unknown", 404


class AlreadyResolved(Refusal):
    """The incident is already resolved."""

    code, status = "incidents.already_resolved", 409


class ReasonMissing(Refusal):
    """Say how it was resolved."""

    code, status = "incidents.reason_missing", 422
