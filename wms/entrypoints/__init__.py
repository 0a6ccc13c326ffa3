"""Front doors: HTTP, MQTT, the worker, the host."""
