"""From tote to label: the pack bench (every unit scanned, carton, scale against expectation, label) and the pack line behind
it (tunnel, weigh check, print-and-apply, sorter lane); what units weigh is learned, fragile goods are packed by a tested
recipe, inserts and gifts go in, and pieces of single-unit orders are matched with them.

Tables: parcel, parcel_check, learned_weight, bench_policy, insert_rule, single_wait, pack_line, line_lane, line_passage. Emits
ParcelWeighed, ParcelLabelled, LabelWanted, LabelDropped, CartEmptied, GoodsToPutBack, IncidentDetected. Answers WeightMeasured,
ParcelMeasured, ParcelInducted, ParcelSorted, ConveyorAlarmed, LabelPrinted, LabelFailed, LabelBought, LabelRefused, OrderAccepted,
OrderChanged, OrderFreed, OrderCancelRequested, PackChanged, CartonChanged, SkuMeasured, SinglePicked, UnitDelivered, UnitEmptied,
ToteConsolidated.
"""
