"""The refusals of the wall."""

from wms.kernel.errors import Refusal

COLOUR = "green"


class NotAWallTote(Refusal):
    """This tote has no order's share in it, or does not stand at a wall."""

    code, status = "put_wall.not_a_wall_tote", 409


class WallFull(Refusal):
    """No slot is free: pack a finished order first."""

    code, status, retry_helps = "put_wall.full", 409, True


class WrongSlot(Refusal):
    """The order has another slot."""

    code, status = "put_wall.wrong_slot", 409
