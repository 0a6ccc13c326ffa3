"""Verbs of the dock: count what came, weigh, measure and label it, match the gate, close notices."""

from wms.processes.inbound.service.count import Count, confirm_gate, count, give_serials, identified, recount
from wms.processes.inbound.service.line import go_on, receive_station
from wms.processes.inbound.service.notice import close_notice, match_passage, reopen_notice
from wms.processes.inbound.service.station import (
    accept_weight,
    apply_label,
    close_unit,
    label_failed,
    label_printed,
    retry_label,
    skip_device,
    take_size,
    take_weight,
)

__all__ = [
    "Count",
    "accept_weight",
    "apply_label",
    "close_notice",
    "close_unit",
    "confirm_gate",
    "count",
    "give_serials",
    "go_on",
    "identified",
    "label_failed",
    "label_printed",
    "match_passage",
    "receive_station",
    "recount",
    "reopen_notice",
    "retry_label",
    "skip_device",
    "take_size",
    "take_weight",
]
