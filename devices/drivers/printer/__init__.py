"""Label printers speaking ZPL II over raw TCP (port 9100), confirmed by their own counters."""
