"""Devices on a socket, pty or broker. They share nothing with our drivers, codecs least of all."""
