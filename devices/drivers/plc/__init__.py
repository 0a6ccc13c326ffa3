"""Conveyor zones and sorters over Modbus TCP."""
