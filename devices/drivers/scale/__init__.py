"""Scales: MT-SICS, Toledo continuous and protocols described by data, over TCP, a serial line or RFC 2217."""
