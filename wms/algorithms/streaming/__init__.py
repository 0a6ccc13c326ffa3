"""What to release next: pools, waves, and whether an order makes its truck."""
