"""Verbs of returns: loading, authorising, the bench, grading, closing with its money, parcels without an order."""
