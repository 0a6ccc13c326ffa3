"""Wall time as a port. Domain code reads `uow.now`, never the system clock, so the twin can run it under another."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC time."""
        ...


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
