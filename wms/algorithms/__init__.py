"""Pure planning, importable without database or web."""
