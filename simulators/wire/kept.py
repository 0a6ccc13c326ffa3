"""What a simulator remembers for whoever looks: a list that forgets its oldest entries, so that it may run for weeks."""

from typing import TypeVar

T = TypeVar("T")
KEPT = 5_000


class Kept(list[T]):
    """Append only; holds the last 5,000 to 10,000."""

    def append(self, entry: T) -> None:
        super().append(entry)
        if len(self) >= 2 * KEPT:
            del self[:KEPT]
