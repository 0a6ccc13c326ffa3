"""The dock: parcels bagged, sealed and loaded by scan onto the truck at a door; the truck leaves, its carrier signs for them.

Tables: manifest, load, container, bag_rule, dock_door, carrier_lane, appointment. Emits ContainerSealed, ParcelDeparted,
ManifestClosed. Answers ParcelLabelled, OrderCancelRequested, OrderChanged.
"""
