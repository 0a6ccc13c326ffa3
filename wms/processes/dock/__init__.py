"""The dock: parcels loaded by scan onto a carrier's manifest, closed when the truck leaves.

Tables: manifest, load. Emits ManifestClosed. Answers ParcelLabelled, OrderCancelRequested.
"""
