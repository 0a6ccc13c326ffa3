"""Transports of handling units by vehicles.

Tables: vehicle, transport. Emits UnitDelivered, IncidentDetected. Answers TourCompleted, CartEmptied, PodCalled,
VehicleReported, CommandAnswered.
"""
