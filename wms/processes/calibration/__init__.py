"""Checks of scales, dimensioners and DWS with pieces of known weight and size; the second failed one locks the device.

Tables: check_piece, device_check. Emits DeviceChecked, IncidentDetected. Answers CommandAnswered and ParcelMeasured.
"""
