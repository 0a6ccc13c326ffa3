"""Verbs of sourcing: keep warehouses and their reports, judge orders, carry their parts."""
