"""Shortest walks on the site's own walking graph."""
