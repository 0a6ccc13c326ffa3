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
    drift_s: float = 2.0
    """A scale at rest this long beside zero, with less on it than any load, has drifted."""
    drifted: bool = False
    """Its zero cannot be trusted until it shows zero again."""
    state: str = "unknown"
    seen_unasked: bool = False
    """The load was reported without being asked; a command may still take it."""
    _stable: list[int] = field(default_factory=list)
    _last_at_s: float = 0.0
    _out_since_s: float | None = None
    _out_over: bool = False
    _off_since_s: float | None = None
    _shown_g: int = 0

    def sample(self, weight_g: int, stable: bool, interval_g: int, at_s: float) -> None:
        """Take in one shown weight."""
        self._out_since_s, self._last_at_s, self._shown_g = None, at_s, weight_g
        self._watch_zero(weight_g, stable, at_s)
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

    def moving(self, at_s: float) -> None:
        """Take in a sign of life that carries no weight."""
        self._out_since_s, self._last_at_s, self._off_since_s = None, at_s, None
        self._stable.clear()

    def _watch_zero(self, weight_g: int, stable: bool, at_s: float) -> None:
        if abs(weight_g) <= self.empty_g:
            self.drifted, self._off_since_s = False, None
        elif not stable or weight_g >= self.min_load_g:
            self._off_since_s = None
        elif self._off_since_s is None:
            self._off_since_s = at_s
        elif at_s - self._off_since_s >= self.drift_s:
            self.drifted = True

    @property
    def at_zero(self) -> bool:
        """The last samples stood at zero."""
        return bool(self._stable) and abs(self._shown_g) <= self.empty_g

    def weight_g(self, now_s: float, not_before_s: float = 0.0) -> int | None:
        """The load's weight if it may be captured now, with its last sample not older than `not_before_s`."""
        fresh = now_s - self._last_at_s <= self.fresh_s and self._last_at_s >= not_before_s
        if self.state != "loaded" or self.drifted or not fresh or len(self._stable) < AGREE_SAMPLES:
            return None
        return self._stable[-1] if self._stable[-1] >= self.min_load_g else None

    def out_for_s(self, since_s: float = 0.0) -> tuple[float, bool]:
        """How long the scale has said without a break, and after `since_s`, that it is out of range; whether over."""
        if self._out_since_s is None:
            return 0.0, False
        return max(0.0, self._last_at_s - max(self._out_since_s, since_s)), self._out_over

    def take(self) -> None:
        """The load has been captured: it has to leave the pan before the next capture."""
        self.state = "taken"

    def why_not(self) -> str:
        """What an operator should know when no weight could be taken."""
        if self.drifted:
            return f"the empty scale shows {self._shown_g} g: empty and zero it"
        if self.state in ("taken", "unknown"):
            return "the pan was not emptied since the last weighing: lift the load and put it back"
        return "nothing on the scale" if self.state == "empty" else "the weight does not become stable"
