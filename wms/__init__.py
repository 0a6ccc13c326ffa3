"""Wharfinger: a warehouse execution system (HOUSE: one ladder, `migrations > cli > stack > main > ... > kernel`)."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("wharfinger")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
