"""Simulated physical world: devices that speak the real protocols, and what moves between them."""
