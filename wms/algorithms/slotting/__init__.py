"""Classes of SKUs and the choice of a location. Pure."""
