"""Static dimensioners: Cubiscan over TCP or a serial line."""
