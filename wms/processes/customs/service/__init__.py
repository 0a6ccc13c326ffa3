"""Load rules and filings, judge orders, declare parcels, tie overseas stock to its declarations, issue papers and keep them."""

from wms.processes.customs.service.declaring import (
    answer,
    answer_hold,
    correct,
    declare,
    drop_parcel,
    forget_parcels,
    hold_by_carrier,
    make_batch,
    note_parcel,
    note_shipped,
    release_by_carrier,
    summarise,
)
from wms.processes.customs.service.judging import fix_mode, judge_order, rejudge
from wms.processes.customs.service.labelling import label_content, print_market_label
from wms.processes.customs.service.loading import load_filings, load_items, load_records, load_table, rows_of
from wms.processes.customs.service.overseas import report_sold, sell, sell_order, settle
from wms.processes.customs.service.papers import batch_file, bundle_file, issue, issue_file, purge, set_legal_hold

__all__ = [
    "answer", "answer_hold", "batch_file", "bundle_file", "correct", "declare", "drop_parcel", "fix_mode", "forget_parcels", "hold_by_carrier", "issue", "issue_file", "judge_order", "label_content",
    "load_filings", "load_items", "load_records", "load_table", "make_batch", "note_parcel", "note_shipped", "print_market_label",
    "purge", "rejudge", "release_by_carrier", "report_sold", "rows_of", "sell", "sell_order", "set_legal_hold", "settle", "summarise",
]  # fmt: skip
