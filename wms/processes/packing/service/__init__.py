"""Verbs of packing: at the bench, on the line, and what both do alike."""
