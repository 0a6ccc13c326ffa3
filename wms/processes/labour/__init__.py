"""Hands: the site's own standards learned from its timings, expected against actual, people needed by zone and hour.

Tables: none (standards are work's). Emits nothing. Figures are about kinds of work, never about a person, unless the site
turns that on (`WMS_COMPARE_PEOPLE`).
"""
