"""Byte streams to devices. Every loss is a NotReady; nothing here retries."""
