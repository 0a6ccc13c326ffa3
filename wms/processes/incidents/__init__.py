"""Exceptions with an owner and a clock.

Tables: incident. Emits IncidentEscalated. Answers IncidentDetected, DeviceStateChanged, MessageParked.
"""
