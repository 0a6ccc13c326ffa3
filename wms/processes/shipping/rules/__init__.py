"""Pure decisions of shipping: what a service costs, what may fly, which service is chosen, and the life of a label."""
