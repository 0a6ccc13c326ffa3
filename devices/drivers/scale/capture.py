"""When a shown weight may be taken as the weight of one load. Pure.

Rule (DEVICES.md 1.2): stable, in range, fresh, and the load removed since the last capture.
"""

from dataclasses import dataclass, field

AGREE_SAMPLES = 2
"""Consecutive stable samples within one interval: a scale may call a slow drift stable for one sample."""


@dataclass(slots=True)
class Pan:
    """What the stream of samples says about the load on the pan; `at_s` is any steady clock in seconds.

    States: unknown (load of unknown age at start) -> empty -> loaded -> taken -> empty ...
    """

    empty_g: int
    """At or below this the pan counts as empty."""
    min_load_g: int
    fresh_s: float = 0.5
    state: str = "unknown"
    seen_unasked: bool = False
    """The load was reported without being asked; a command may still take it."""
    _stable: list[int] = field(default_factory=list)
    _last_at_s: float = 0.0
    _out_since_s: float | None = None
    _out_over: bool = False

    def sample(self, weight_g: int, stable: bool, interval_g: int, at_s: float) -> None:
        """Take in one shown weight."""
        self._out_since_s, self._last_at_s = None, at_s
        if abs(weight_g) <= self.empty_g:
            self.state, self.seen_unasked = "empty", False
        elif self.state == "empty":
            self.state = "loaded"
        if not stable:
            self._stable.clear()
            return
        if self._stable and abs(self._stable[-1] - weight_g) > interval_g:
            self._stable.clear()
        self._stable = [*self._stable[1 - AGREE_SAMPLES :], weight_g]

    def out_of_range(self, over: bool, at_s: float) -> None:
        """Take in one overload or underload sign."""
        if self._out_since_s is None or over != self._out_over:
            self._out_since_s = at_s
        self._out_over, self._last_at_s = over, at_s
        self._stable.clear()
        if over and self.state == "empty":
            self.state = "loaded"

    def weight_g(self, now_s: float, not_before_s: float = 0.0) -> int | None:
        """The load's weight if it may be captured now, with its last sample not older than `not_before_s`."""
        fresh = now_s - self._last_at_s <= self.fresh_s and self._last_at_s >= not_before_s
        if self.state != "loaded" or not fresh or len(self._stable) < AGREE_SAMPLES:
            return None
        return self._stable[-1] if self._stable[-1] >= self.min_load_g else None

    def out_for_s(self, now_s: float) -> tuple[float, bool]:
        """How long the scale has been out of range without a break, and whether over."""
        return (0.0, False) if self._out_since_s is None else (now_s - self._out_since_s, self._out_over)

    def take(self) -> None:
        """The load has been captured: it has to leave the pan before the next capture."""
        self.state = "taken"

    def why_not(self) -> str:
        """What an operator should know when no weight could be taken."""
        if self.state in ("taken", "unknown"):
            return "the pan was not emptied since the last weighing: lift the load and put it back"
        return "nothing on the scale" if self.state == "empty" else "the weight does not become stable"
