"""Which orders walk together."""
