"""Location kinds and the refusals of the layout."""

from zoneinfo import available_timezones

from wms.kernel.errors import Refusal

KINDS = ("bin", "reserve", "pod", "g2p", "dock", "staging", "cart", "wall", "pack", "ship")
"""pod: where a pod stands in store. g2p: where pods are brought to a person."""


class UnknownLocation(Refusal):
    """No such location."""

    code, status = "layout.unknown_location", 404


class BadLayout(Refusal):
    """The layout has faulty rows; nothing was loaded."""

    code, status = "layout.bad_layout", 422


def known_zone(name: str) -> bool:
    """Whether it is an IANA time zone of a region, or UTC; empty says none.

    Others ("localtime", "Factory") this machine may know, but not every database and browser that is to tell its time.
    """
    return name in ("", "UTC") or ("/" in name and name in available_timezones())


def check_digits(code: str, salt: int = 0) -> str:
    """Two digits that the address does not give away (a sum over squares, changeable by salt)."""
    total = sum((i + 7) * (i + 7) * ord(c) for i, c in enumerate(code)) + salt * 31
    return f"{total % 97:02d}"
