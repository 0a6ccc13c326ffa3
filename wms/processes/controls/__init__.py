"""The register of control points: what is measured, its limit, who answers when it is out, and the samples of its trend.

Tables: control_point, control_sample. Emits IncidentDetected (kind control.<id>), ControlRecovered. The values come from
wms.twin.measures, handed in by the schedule.
"""
