"""Tours: plan them, hand them out, confirm picks, answer shorts and cancellations.

Tables: tour, tour_slot; tasks of kind pick. Emits PickConfirmed, PickShorted, OrderPicked, SinglePicked, TourCompleted, GoodsToPutBack,
IncidentDetected. Answers WaveReleased (plans), OrderCancelRequested, OrderWithdrawn.
"""
