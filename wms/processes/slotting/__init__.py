"""Where goods lie: ABC by picks, directed putaway, free positions, and moves that shorten walks.

Owns velocity_run, slot_policy, slot_proposal, slot_move, slot_why. Emits GoodsPutAway, UnitEmptied, VelocityClassified,
SlotsRequested, GoodsMoved; answers GoodsReceived, GoodsToPutBack, SlotsRequested and, for the golden zone, IncidentDetected.
"""
