"""Verbs of release: waves (plan, confirm, release, undo) and channels (feed the floor)."""

from wms.processes.order_release.service.channels import (
    choose,
    delete_channel,
    feed,
    pool,
    release_chosen,
    save_channel,
)
from wms.processes.order_release.service.waves import (
    add_orders,
    cancel_order,
    confirm,
    drop_old_drafts,
    finish_waves,
    free_stock,
    keep_plan,
    note_withdrawn,
    release_part,
    release_waiting,
    release_wave,
    remove_order,
    reopen_backorders,
    set_paused,
    snapshot,
    solve,
    undo_wave,
)

__all__ = [
    "add_orders", "cancel_order", "choose", "confirm", "delete_channel", "drop_old_drafts", "feed", "finish_waves",
    "free_stock", "keep_plan", "note_withdrawn", "pool", "release_chosen", "release_part", "release_waiting",
    "release_wave", "remove_order", "reopen_backorders", "save_channel", "set_paused", "snapshot", "solve", "undo_wave",
]  # fmt: skip
