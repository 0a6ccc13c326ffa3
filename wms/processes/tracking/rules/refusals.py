"""What tracking says no to."""

from wms.kernel.errors import Refusal


class BadEvents(Refusal):
    """Some rows or events cannot be taken in; nothing was changed."""

    code, status = "tracking.bad_events", 422


class BadSignature(Refusal):
    """The message is not signed by a carrier account of this site, or too old."""

    code, status = "tracking.bad_signature", 401


class NoParcel(Refusal):
    """No parcel that left has this number."""

    code, status = "tracking.no_parcel", 404


class NoClaim(Refusal):
    """No such claim."""

    code, status = "tracking.no_claim", 404


class ClaimOpen(Refusal):
    """There is an open claim for this parcel already."""

    code, status = "tracking.claim_open", 409


class NotLost(Refusal):
    """A claim is opened for a parcel that is lost, damaged, or stalled."""

    code, status = "tracking.not_lost", 409


class ClaimIncomplete(Refusal):
    """Label and weight record must be attached before a claim is sent."""

    code, status = "tracking.claim_incomplete", 409


class WrongClaimState(Refusal):
    """The claim is not in a state for this."""

    code, status = "tracking.claim_state", 409


class BadAmount(Refusal):
    """The amount must be above zero and within what a carrier account may hold."""

    code, status = "tracking.bad_amount", 422
