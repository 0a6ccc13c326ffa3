"""What one passage through the light barrier means: raw tag reads in, one GateSessionClosed out. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from devices.contract.driver import ConfigRefused
from devices.contract.reports import GateSessionClosed, TagSeen
from devices.drivers.rfid_gate.codec import TagRead
from devices.drivers.rfid_gate.epc import pure_identity

_DIRECTION_MARGIN = 0.05
"""Share of the session by which one side must be earlier; below it the direction is unknown."""
_CLOCK_STEP_US = 2_000_000
"""Reports of one reader come in the order of its clock, give or take its report interval."""


@dataclass(frozen=True, slots=True)
class GateRules:
    """How reads are judged. A tag is stray when it is both weak and seldom read, or is known to live at the gate."""

    outside: frozenset[int] = frozenset({1, 2})
    """Antennas on the yard side: `in` means they see a tag earlier than the inside ones."""
    inside: frozenset[int] = frozenset({3, 4})
    stray_rssi_dbm: int = -65
    """A tag whose strongest read stays below this is weak."""
    stray_reads: int = 5
    """A tag read fewer times than this is seldom read."""
    resident: frozenset[str] = frozenset()
    """EPCs (upper-case hex) of the forklift, the gate, the pallet rack."""
    silent_reads: int = 40
    """A session with at least so many reads should have been heard by every antenna of the gate."""
    silent_sessions: int = 5
    """After so many such sessions in a row without a read an antenna counts as silent."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "GateRules":
        """Errors: ConfigRefused for antennas on both sides."""
        rules = cls(
            outside=frozenset(map(int, config.get("outside_antennas", (1, 2)))),
            inside=frozenset(map(int, config.get("inside_antennas", (3, 4)))),
            stray_rssi_dbm=int(config.get("stray_rssi_dbm", -65)),
            stray_reads=int(config.get("stray_reads", 5)),
            resident=frozenset(str(epc).upper() for epc in config.get("resident", ())),
            silent_reads=int(config.get("silent_reads", 40)),
            silent_sessions=int(config.get("silent_sessions", 5)),
        )
        if rules.outside & rules.inside:
            raise ConfigRefused(f"antennas {sorted(rules.outside & rules.inside)} are on both sides of the gate")
        return rules


@dataclass(slots=True)
class _Tag:
    reads: int = 0
    antenna: int = 0
    rssi_dbm: int = -1000
    first_seen: str = ""
    last_seen: str = ""
    side_reads: list[int] = field(default_factory=lambda: [0, 0])
    side_time_us: list[int] = field(default_factory=lambda: [0, 0])


class GateSession:
    """Reads between barrier broken and barrier clear."""

    def __init__(self, rules: GateRules, session_id: str, opened_at: str, overflow: bool = False) -> None:
        self.overflow = overflow
        self.clock_stepped = False
        """The reader's clock was set back in the middle: the order of the antennas cannot be trusted."""
        self.antenna_reads: dict[int, int] = {}
        self._rules = rules
        self._id = session_id
        self._opened_at = opened_at
        self._tags: dict[bytes, _Tag] = {}
        self._origin_us = 0
        self._span_us = 0
        self._latest_us = 0

    def add(self, reads: Iterable[TagRead], now: str) -> None:
        """Count one report's reads, arrived at `now` (the gateway's time, ISO 8601)."""
        rules, tags = self._rules, self._tags
        for read in reads:
            tag = tags.get(read.epc)
            if tag is None:
                tag = tags[read.epc] = _Tag(first_seen=now)
            tag.reads += read.seen
            self.antenna_reads[read.antenna] = self.antenna_reads.get(read.antenna, 0) + read.seen
            tag.last_seen = now
            if read.rssi_dbm > tag.rssi_dbm:
                tag.rssi_dbm, tag.antenna = read.rssi_dbm, read.antenna
            side = 0 if read.antenna in rules.outside else 1 if read.antenna in rules.inside else None
            if read.first_us:
                self._note_time(tag, side, read)

    def _note_time(self, tag: _Tag, side: int | None, read: TagRead) -> None:
        at_us = read.first_us
        # A report of many reads ends at its last one, so only that must not lie far behind what came before.
        if read.last_us < self._latest_us - _CLOCK_STEP_US:
            self.clock_stepped = True
        self._latest_us = max(self._latest_us, read.last_us)
        if side is None:
            return
        self._origin_us = self._origin_us or at_us
        offset_us = at_us - self._origin_us
        tag.side_reads[side] += 1
        tag.side_time_us[side] += offset_us
        self._span_us = max(self._span_us, abs(offset_us))

    def close(self, now: str) -> GateSessionClosed:
        """The report; tags in the order of their EPC so that equal passages give equal reports."""
        groups: dict[str, list[TagSeen]] = {"tags": [], "stray": [], "resident": [], "unknown": []}
        passed: list[_Tag] = []
        for epc, tag in sorted(self._tags.items()):
            seen = TagSeen(
                epc.hex().upper(),
                pure_identity(epc.hex().upper()),
                tag.reads,
                tag.antenna,
                tag.rssi_dbm,
                tag.first_seen,
                tag.last_seen,
            )
            group = self._group(seen)
            groups[group].append(seen)
            if group == "tags":
                passed.append(tag)
        return GateSessionClosed(
            session_id=self._id,
            opened_at=self._opened_at,
            closed_at=now,
            direction=self._direction(passed),
            tags=tuple(groups["tags"]),
            stray=tuple(groups["stray"]),
            resident=tuple(groups["resident"]),
            unknown=tuple(groups["unknown"]),
            overflow=self.overflow,
        )

    def _group(self, seen: TagSeen) -> str:
        if seen.epc in self._rules.resident:
            return "resident"
        if seen.uri is None:
            return "unknown"
        weak = seen.rssi_dbm < self._rules.stray_rssi_dbm and seen.reads < self._rules.stray_reads
        return "stray" if weak else "tags"

    def _direction(self, passed: list[_Tag]) -> str:
        """Compare the mean reading time of both sides over the tags that passed, by the reader's own clock."""
        counts = [sum(tag.side_reads[side] for tag in passed) for side in (0, 1)]
        if not all(counts) or not self._span_us or self.clock_stepped:
            return "unknown"
        outside, inside = (sum(tag.side_time_us[side] for tag in passed) / counts[side] for side in (0, 1))
        lead_us = inside - outside
        if abs(lead_us) < self._span_us * _DIRECTION_MARGIN:
            return "unknown"
        return "in" if lead_us > 0 else "out"
