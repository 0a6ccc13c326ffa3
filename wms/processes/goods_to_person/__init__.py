"""Goods to person: vehicles bring pods to a station, where a person picks from them into the totes of the orders.

Tables: pod_visit, station_order; tasks of kind g2p. Emits PodCalled, PickConfirmed, PickShorted, OrderPicked, OrderWithdrawn,
GoodsToPutBack, IncidentDetected. Answers VisitsReleased, UnitDelivered (a pod came or is home), ParcelLabelled and UnitEmptied (a
tote may be free), OrderCancelRequested and OrderWithdrawn.
"""
