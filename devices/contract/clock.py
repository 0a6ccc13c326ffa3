"""Wall time as a port; timers are the event loop's own, so a virtual-clock loop can replace them."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC time."""
        ...


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
