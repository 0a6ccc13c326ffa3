"""Verbs of shipping: load its data, judge and route orders, carry labels through their saga."""
