"""A real browser against a real server on a real database."""
