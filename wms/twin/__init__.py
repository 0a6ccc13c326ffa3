"""Views across processes. The twin reads and never writes."""
