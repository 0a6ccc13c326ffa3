"""Independent siblings; they share the foundation and answer events, and never import each other."""
