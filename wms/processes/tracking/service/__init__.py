"""Verbs of tracking."""
