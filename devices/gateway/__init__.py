"""The process beside the devices: supervises drivers, spools their reports durably, bridges to the WES over MQTT."""
