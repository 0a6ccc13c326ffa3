"""Shared truths, a ladder: scanning > labels > work > orders > stock > layout > catalog > people."""
