"""Which carton holds an order, shown by a true 3D arrangement."""
