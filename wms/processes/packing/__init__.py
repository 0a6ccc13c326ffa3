"""The pack bench: tote in, every unit scanned, carton, scale against expectation, label.

Tables: parcel. Emits ParcelWeighed, ParcelLabelled, CartEmptied, GoodsToPutBack, IncidentDetected.
Answers WeightMeasured, LabelPrinted, LabelFailed, OrderCancelRequested, OrderChanged.
"""
