"""From tote to label: the pack bench (every unit scanned, carton, scale against expectation, label) and the pack line behind
it (tunnel, weigh check, print-and-apply, sorter lane).

Tables: parcel, pack_line, line_lane, line_passage. Emits ParcelWeighed, ParcelLabelled, CartEmptied, GoodsToPutBack,
IncidentDetected. Answers WeightMeasured, ParcelMeasured, ParcelInducted, ParcelSorted, ConveyorAlarmed, LabelPrinted,
LabelFailed, OrderCancelRequested, OrderChanged, UnitDelivered, UnitEmptied, ToteConsolidated.
"""
