"""Waves and streams: choose orders, stock, cartons and which orders share a cart; show the plan, release, pause, undo.

Tables: wave, wave_order, release_channel. Emits FloorHasRoom, WaveRequested, WaveConfirmed, WaveReleased, VisitsReleased,
OrderWithdrawn, IncidentDetected. Answers its own FloorHasRoom (chooses), WaveRequested (plans) and WaveConfirmed (reserves and releases), and
OrderCancelRequested (a released order that nobody started).
"""
