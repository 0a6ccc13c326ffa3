"""Verbs of slotting: putaways, classes, proposals to re-slot, and the moves that carry them out."""

from wms.processes.slotting.service.classes import classify
from wms.processes.slotting.service.moves import claim_moves, confirm_move, set_move_aside
from wms.processes.slotting.service.proposals import (
    approve,
    dismiss,
    drop_stale,
    keep_plan,
    propose,
    propose_daily,
    set_policy,
    solve,
)
from wms.processes.slotting.service.putaways import choose_again, claim, confirm_putaway, open_putaway, suggest

__all__ = [
    "approve", "choose_again", "claim", "claim_moves", "classify", "confirm_move", "confirm_putaway", "dismiss", "drop_stale",
    "keep_plan", "open_putaway", "propose", "propose_daily", "set_move_aside", "set_policy", "solve", "suggest",
]  # fmt: skip
