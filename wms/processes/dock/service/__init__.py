"""Verbs of the dock: `loading` (parcels and what holds them onto the truck), `bags`, `trucks` (doors, departure)."""
