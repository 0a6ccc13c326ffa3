"""Sites to simulate: a seeded demo house, or a shop's own files in that house."""
