"""Blind counts of positions, recounts by another person, variances that finance decides.

Tables: count_setting, count_record, count_variance; tasks of kind count. Emits CountPlanned, PositionCounted,
VarianceFound, VarianceDecided, IncidentDetected. Answers PickShorted and SerialsSwitchedOn; a schedule tops up the day's plan.
"""
