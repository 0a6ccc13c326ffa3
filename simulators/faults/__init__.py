"""What goes wrong on demand: the catalogue's terms, the board that sets faults, scenarios, and the control over HTTP."""
