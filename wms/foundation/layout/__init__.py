"""Where things stand: warehouse, zones, aisles, locations, the walking graph, and the key space of all holders.

Tables: warehouse, place, location, path_node, path_edge. Emits nothing.
"""
