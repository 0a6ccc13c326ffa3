"""Pick-to-light and put walls: Atop ABLEPick controllers over TCP."""
