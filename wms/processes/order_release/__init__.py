"""Waves: choose orders, cartons and stock, release, pause, add to, take from, undo.

Tables: wave, wave_order. Emits WaveRequested, WaveReleased, OrderWithdrawn, IncidentDetected.
Answers WaveRequested (plans), OrderCancelRequested (a released order that nobody started).
"""
