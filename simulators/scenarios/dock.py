"""The demo's dock: doors, what carriers take in a bag, and the trucks that are booked for the next hours."""

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

DOORS = [{"code": "DOOR-1", "name": "North"}, {"code": "DOOR-2", "name": "South"}, {"code": "DOOR-3", "name": "Vans"}]
BAG_TARE_G = 120
BAG_RULES = [
    {
        "carrier": "CPOST",
        "service": "",
        "parcels_max": 12,
        "weight_max_g": 25_000,
        "tare_g": BAG_TARE_G,
        "pallet_tare_g": 22_000,
        "needs_bag": True,
    },
]
"""The postal carrier takes bags only."""


def appointments(carriers: list[str]) -> list[Json]:
    """Two trucks a carrier, three hours apart, each at a door of its own."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return [
        {"carrier": carrier, "door": DOORS[n % len(DOORS)]["code"], "starts_at": at.isoformat(),
         "ends_at": (at + timedelta(minutes=50)).isoformat()}
        for turn in (0, 3) for n, carrier in enumerate(sorted(carriers))
        for at in (now + timedelta(hours=turn + n // len(DOORS)),)
    ]  # fmt: skip
