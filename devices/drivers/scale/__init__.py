"""Scales speaking MT-SICS (Mettler-Toledo, Ohaus, many others) over TCP or a serial line."""
