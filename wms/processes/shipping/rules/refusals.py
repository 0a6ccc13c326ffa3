"""What shipping says no to."""

from wms.kernel.errors import Refusal


class UnknownService(Refusal):
    """No such shipping service."""

    code, status = "shipping.unknown_service", 404


class ServiceRefused(Refusal):
    """The services have faulty fields; nothing was loaded."""

    code, status = "shipping.service_refused", 422


class CardRefused(Refusal):
    """The rate card has faulty rows, gaps or overlaps; nothing was loaded."""

    code, status = "shipping.card_refused", 422


class MatrixRefused(Refusal):
    """The eligibility matrix has faulty or overlapping rules; nothing was loaded."""

    code, status = "shipping.matrix_refused", 422


class PolicyRefused(Refusal):
    """The shipping policy has faulty fields; nothing was changed."""

    code, status = "shipping.policy_refused", 422


class PaperRefused(Refusal):
    """The goods record has faulty fields; nothing was changed."""

    code, status = "shipping.paper_refused", 422


class NoPurchase(Refusal):
    """No label was bought for this parcel."""

    code, status = "shipping.no_purchase", 404


class WrongSagaState(Refusal):
    """The label's state does not allow this."""

    code, status = "shipping.wrong_state", 409


class NoEligibleService(Refusal):
    """No shipping service may carry this order."""

    code = "shipping.no_service"


class RestrictedGoods(Refusal):
    """The goods may not go this way: a rule or a missing paper."""

    code = "shipping.restricted"


class ServiceNotEligible(Refusal):
    """The service that the host fixed cannot carry this order."""

    code = "shipping.fixed_not_eligible"


class CarrierSilent(Refusal):
    """The carrier has not answered; it is asked again by the same key."""

    code, retry_helps = "shipping.carrier_silent", True


class CarrierRefused(Refusal):
    """The carrier refused the label."""

    code = "shipping.carrier_refused"


class NoAccount(Refusal):
    """No carrier account of this name is configured on this server."""

    code = "shipping.no_account"


class BadDocument(Refusal):
    """The carrier's answer has no usable label: it is voided."""

    code = "shipping.bad_document"


class VoidPending(Refusal):
    """The parcel's earlier label is not void yet; a second one is never bought beside it."""

    code, retry_helps = "shipping.void_pending", True


class VoidRefused(Refusal):
    """The carrier will not void the earlier label: a lead settles it."""

    code = "shipping.void_refused"
