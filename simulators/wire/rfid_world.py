"""The gate as a place: a pallet, its tags, four antennas and a light barrier. Every reader simulator stands in one."""

import asyncio
import random
import time
from abc import ABC, abstractmethod

_GAP_S = 0.2
"""Wall time between two passages: the barrier needs it whatever the factor."""


class GateWorld(ABC):
    """Antennas 1 and 2 look at the yard, 3 and 4 into the house; `factor` speeds up the pallet only.

    A reader overrides `barrier_edge`, `tag_in_field` and `drain`.
    """

    def __init__(
        self, factor: float, seed: int, reads_per_s: int, miss_rate: float, residents: tuple[str, ...]
    ) -> None:
        self.factor = factor
        self.reads_per_s = reads_per_s
        self.miss_rate = miss_rate
        """Share of tags that no antenna reads during one passage."""
        self.residents = residents
        """EPCs that live at the gate (forklift, rack) and are read whenever the reader reads."""
        self.bounce = False
        """The barrier's input bounces once, 5 ms long, in the middle of each passage."""
        self.clock_step_us = 0
        """How far the reader's clock is off."""
        self.silent_antennas: set[int] = set()
        """Cables that came off without an event."""
        self.stray_tags = 0
        """So many tags of the next door are heard with each passage, beside those that are given."""
        self._epoch_us: int | None = None
        self.reads_sent = 0
        self.barrier_broken = False
        self._rng = random.Random(seed)
        self._gate = asyncio.Lock()

    @abstractmethod
    def barrier_edge(self, broken: bool) -> None:
        """The reader's input changes."""

    @abstractmethod
    def tag_in_field(self, epc: str, antenna: int, rssi_dbm: int, at_us: int) -> None:
        """One antenna hears one tag at `at_us` of the true time."""

    @abstractmethod
    async def drain(self) -> None:
        """Let the reader send what it has."""

    def now_us(self) -> int:
        """The true time, by the loop's clock: where that is virtual, so is this."""
        loop_us = int(asyncio.get_running_loop().time() * 1e6)
        if self._epoch_us is None:
            self._epoch_us = time.time_ns() // 1000 - loop_us
        return self._epoch_us + loop_us

    def set_barrier(self, broken: bool) -> None:
        """Break or clear the light barrier."""
        if broken != self.barrier_broken:
            self.barrier_broken = broken
            self.barrier_edge(broken)

    async def pass_pallet(
        self,
        epcs: list[str],
        seconds: float = 2.0,
        direction: str = "in",
        strays: tuple[str, ...] | list[str] = (),
    ) -> list[str]:
        """Carry `epcs` (hex) through the gate in `seconds` of physical time; the EPCs no antenna caught.

        direction: in or out. strays: tags of the next door, read weakly and seldom. One passage at a time.
        """
        async with self._gate:
            missed = [epc for epc in epcs if self._rng.random() < self.miss_rate]
            plan = self._plan_reads([e for e in epcs if e not in missed], seconds, direction, list(strays))
            await self._passage(plan, seconds / self.factor)
            await asyncio.sleep(_GAP_S + 1.0 / self.factor)
            return missed

    async def _passage(self, plan: list[tuple[float, str, int, int]], wall_s: float) -> None:
        loop = asyncio.get_running_loop()
        started, at_us, sent, bounced = loop.time(), self.now_us(), 0, False
        self.set_barrier(True)
        try:
            while sent < len(plan):
                share = min((loop.time() - started) / wall_s, 1.0) if wall_s else 1.0
                while sent < len(plan) and plan[sent][0] <= share:
                    when, epc, antenna, rssi = plan[sent]
                    if antenna not in self.silent_antennas:
                        self.tag_in_field(epc, antenna, rssi, at_us + int(when * wall_s * 1e6))
                    sent += 1
                if self.bounce and not bounced and share >= 0.5:
                    bounced = True
                    self.set_barrier(False)
                    await asyncio.sleep(0.005)
                    self.set_barrier(True)
                await self.drain()
                await asyncio.sleep(min(0.02, wall_s / 4))
            await asyncio.sleep(max(0.0, started + wall_s - loop.time()))
        finally:
            self.set_barrier(False)
            await self.drain()

    def _plan_reads(
        self, epcs: list[str], seconds: float, direction: str, strays: list[str]
    ) -> list[tuple[float, str, int, int]]:
        """Reads as (share of the passage, EPC, antenna, RSSI), in time order."""
        rng, reads = self._rng, []
        strays = [*strays, *(f"3034257BF7194E4{number:09X}" for number in range(self.stray_tags))]
        present = len(epcs) + len(self.residents)
        mean = self.reads_per_s * seconds / present if present else 0
        for epc in epcs:
            for _ in range(max(6, round(rng.gauss(mean, mean**0.5)))):
                share = rng.random()
                reads.append((share, epc, self._antenna(share, direction), self._rssi(-48, 6, -62)))
        for epc in self.residents:
            for _ in range(max(6, round(mean))):
                reads.append((rng.random(), epc, rng.randint(1, 4), self._rssi(-45, 3, -60)))
        for epc in strays:
            for _ in range(rng.randint(1, 3)):
                reads.append((rng.random(), epc, rng.randint(1, 4), self._rssi(-75, 3, -128, -68)))
        return sorted(reads)

    def _antenna(self, share: float, direction: str) -> int:
        """The side that sees the pallet now; one read in ten comes by reflection from anywhere."""
        if self._rng.random() < 0.1:
            return self._rng.randint(1, 4)
        early = self._rng.random() > share
        outside = early if direction == "in" else not early
        return self._rng.choice((1, 2) if outside else (3, 4))

    def _rssi(self, mean: float, sigma: float, low: int, high: int = -28) -> int:
        return min(high, max(low, round(self._rng.gauss(mean, sigma))))
