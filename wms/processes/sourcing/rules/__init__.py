"""What other warehouses are, and how an order is split among them. Pure."""
