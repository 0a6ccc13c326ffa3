"""Verbs of picking: tours and their picks, and picks of several orders at once."""

from wms.processes.picking.service.bulk import confirm_bulk, groups_of, short_bulk
from wms.processes.picking.service.picks import cancel_order, confirm_pick, short_pick, stop_order, undo_pick
from wms.processes.picking.service.tours import (
    best_drop,
    cart_not_found,
    claim_tour,
    drops_of,
    finish_tour,
    free_carts,
    last_stop,
    leave_tour,
    open_tours,
    snapshot,
    solve,
    start_tour,
    take_tour,
)

__all__ = [
    "best_drop", "cancel_order", "cart_not_found", "claim_tour", "confirm_bulk", "confirm_pick", "drops_of", "finish_tour",
    "free_carts", "groups_of", "last_stop", "leave_tour", "open_tours", "short_bulk", "short_pick", "snapshot", "solve",
    "start_tour", "stop_order", "take_tour", "undo_pick",
]  # fmt: skip
