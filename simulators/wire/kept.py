"""What a simulator remembers for whoever looks: a list that forgets its oldest entries, so that it may run for weeks."""

from typing import TypeVar

T = TypeVar("T")
KEPT = 1_000


class Kept(list[T]):
    """Append only; holds the last 1,000 to 2,000."""

    def append(self, entry: T) -> None:
        super().append(entry)
        if len(self) >= 2 * KEPT:
            del self[:KEPT]
