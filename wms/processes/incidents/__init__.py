"""Exceptions with an owner and a clock.

Tables: incident. Emits IncidentEscalated. Answers IncidentDetected, MessageParked and what devices tell of themselves.
"""
