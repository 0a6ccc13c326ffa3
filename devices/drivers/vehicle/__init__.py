"""Vehicle: VDA 5050 2.1 master side over MQTT; one driver per vehicle."""
