"""One scan, one meaning: GS1 element strings, catalog codes, locations, licence plates. Ambiguity is refused, not guessed."""
