"""Tracking: where parcels are after they left, what has gone quiet, what comes too late, and claims for what is lost.

Tables: track_parcel, track_event, track_paper, track_gap, track_window, loss_claim. Emits: ParcelDelivered, ParcelMoved, CustomsHeld,
CustomsPassed, BagScanned, ClaimSettled. Answers: ParcelDeparted, ScansRead, LabelWanted, ParcelWeighed, LabelBought.
"""
