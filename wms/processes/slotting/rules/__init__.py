"""The refusals of putaway, and how long picks count for a class."""

from wms.kernel.errors import Refusal

WINDOW_DAYS = 28
OTHER_REASONS = ("occupied", "blocked", "too_small", "damaged_place")
"""Why a person may choose another location than the directed one."""


class WrongUnit(Refusal):
    """This is not the unit of the task."""

    code, status = "slotting.wrong_unit", 409


class WrongSku(Refusal):
    """Scanned goods are not the ones to put away."""

    code, status = "slotting.wrong_sku", 409


class WrongLocation(Refusal):
    """Scanned location is not the directed one; say why if it has to be another."""

    code, status = "slotting.wrong_location", 409


class NotAStorageLocation(Refusal):
    """Goods are put away into bins only."""

    code, status = "slotting.not_a_bin", 409


class DoesNotFit(Refusal):
    """The goods may not lie here."""

    code, status = "slotting.does_not_fit", 409


class BadQuantity(Refusal):
    """At least one piece, at most what the task holds."""

    code, status = "slotting.bad_quantity", 422


class SerialsWhole(Refusal):
    """Serialised pieces are put away all together."""

    code, status = "slotting.serials_whole", 409


class GoodsGone(Refusal):
    """The goods are no longer on this unit."""

    code, status = "slotting.goods_gone", 409


HALF_LIFE_DAYS = 7.0
"""Of what a pick says about tomorrow, when classes are set."""
STALE_H = 24
"""A proposal that nobody answers says nothing about the floor after this."""


class UnknownProposal(Refusal):
    """No such proposal."""

    code, status = "slotting.unknown_proposal", 404


class ProposalClosed(Refusal):
    """This proposal has been answered already, or is not planned yet."""

    code, status = "slotting.proposal_closed", 409


class NothingToMove(Refusal):
    """None of these moves is possible any more."""

    code, status = "slotting.nothing_to_move", 409


class EarlierMoveFirst(Refusal):
    """What lies in the target has to leave first."""

    code, status = "slotting.earlier_move_first", 409
