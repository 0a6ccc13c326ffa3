"""Pick-to-light and put walls: Atop ABLEPick controllers over TCP, walls behind a Modbus gateway by our map."""
