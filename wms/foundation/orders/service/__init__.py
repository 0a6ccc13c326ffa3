"""Verbs of orders: customers' orders from acceptance to departure; purchases and notices of suppliers."""

from wms.foundation.orders.service.customers import (
    OrderDraft,
    ParcelTerms,
    accept_orders,
    add_picked,
    add_short,
    advance,
    bring_back,
    change,
    clear_progress,
    forget_identity,
    hold,
    keep_prices,
    lift,
    lock,
    lock_all,
    move_elsewhere,
    plan_parcels,
    request_cancel,
    require_check,
    route,
    set_customs_mode,
    ship_all,
)
from wms.foundation.orders.service.suppliers import (
    NoticeLineDraft,
    accept_notice,
    accept_purchase,
    add_received,
    close_notice_line,
    set_notice_state,
)

__all__ = [
    "NoticeLineDraft", "OrderDraft", "ParcelTerms", "accept_notice", "accept_orders", "accept_purchase", "add_picked",
    "add_received", "add_short", "advance", "bring_back", "change", "clear_progress", "close_notice_line",
    "forget_identity", "hold", "keep_prices", "lift", "lock", "lock_all", "move_elsewhere", "plan_parcels",
    "request_cancel", "require_check", "route", "set_customs_mode", "set_notice_state", "ship_all",
]  # fmt: skip
