"""Receiving: gate passages and counts against supplier notices, weighed, measured, labelled; notices closed by reason."""
