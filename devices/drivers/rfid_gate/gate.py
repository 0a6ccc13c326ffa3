"""The light barrier and the session behind it: the same for every reader, whatever it speaks."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from devices.contract.driver import DriverContext
from devices.drivers.rfid_gate.alarms import Alarms
from devices.drivers.rfid_gate.codec import TagRead
from devices.drivers.rfid_gate.session import GateRules, GateSession

_CLOCK_LIMIT_S = 60.0
"""A reader's clock may be off by so much; sessions take the gateway's time, so only evidence suffers."""
_STEP_US = 1_000_000
_STOOD_STILL_S = 0.1
"""A timer that fires so much too late means that this machine stood still."""
_EARLY_US = 50_000
_EARLY_READS = 2_000
"""Where reads and inputs travel on different topics, the first reads may come before the edge that started them."""


class Gate:
    """One per connection: opens and closes sessions, watches the reader's clock and its antennas."""

    def __init__(self, ctx: DriverContext, rules: GateRules, settle_s: float, max_open_s: float) -> None:
        self.alarms = Alarms(ctx)
        self._ctx, self._rules = ctx, rules
        self._settle_s, self._max_open_s = settle_s, max_open_s
        self._session: GateSession | None = None
        self._cleared_us: int | None = None
        self._stopped_us: int | None = None
        self._clock_us = 0
        self._closing: asyncio.Task[None] | None = None
        self._silent: dict[int, int] = {}
        self._early: deque[TagRead] = deque(maxlen=_EARLY_READS)

    def reads(self, found: Sequence[TagRead]) -> None:
        """Count reads; outside a session nobody stands in the gate, so they mean nothing, unless its edge is still under
        way."""
        if self._session is not None:
            self._session.add(found, self._now().isoformat())
        else:
            self._early.extend(found)

    async def barrier(self, broken: bool, at_us: int) -> None:
        """An edge of the light barrier at `at_us` of the reader's own clock."""
        if broken:
            await self._broken(at_us)
        else:
            self._clear(at_us)

    def stopped(self, at_us: int) -> None:
        """The reader ended its inventory."""
        self._stopped_us = at_us

    async def lost_reads(self, detail: str) -> None:
        """The reader's buffer overflowed: what is open must be counted by hand."""
        if self._session is not None:
            self._session.overflow = True
        await self.alarms.set("overflow", detail)

    async def antenna(self, antenna: int, back: bool, code: str) -> None:
        """The reader says that an antenna is gone or back."""
        key = f"antenna {antenna}"
        if back:
            await self.alarms.clear(key, f"{code}.antenna_back: antenna {antenna}")
        else:
            await self.alarms.set(key, f"{code}.antenna_lost: antenna {antenna}")

    async def clock(self, at_us: int, live: bool, code: str) -> None:
        """Check the reader's UTC clock. `live`: sent just now, not held back: then being behind is wrong too."""
        ahead_s = at_us / 1e6 - self._now().timestamp()
        if ahead_s > _CLOCK_LIMIT_S or (live and ahead_s < -_CLOCK_LIMIT_S):
            await self.alarms.set("clock", f"{code}.clock: reader is {ahead_s:+.0f} s from our time, at_us {at_us}")
        elif abs(ahead_s) <= _CLOCK_LIMIT_S:
            await self.alarms.clear("clock", f"{code}.clock_right: within {_CLOCK_LIMIT_S:.0f} s")
        if at_us < self._clock_us - _STEP_US and self._session is not None:
            self._session.clock_stepped = True
        self._clock_us = at_us

    async def open(self, overflow: bool = False) -> None:
        if self._session is not None:
            return
        self._session = GateSession(self._rules, str(uuid4()), self._now().isoformat(), overflow)
        self._cleared_us = self._stopped_us = None
        self._close_in(self._max_open_s, stuck=True)

    async def cut(self) -> None:
        """The connection is gone: what was read so far is evidence, but it must be counted by hand."""
        if self._session is not None:
            self._session.overflow = True
        await self._close()

    async def _broken(self, at_us: int) -> None:
        if self._session is None or self._cleared_us is None:
            await self._open_at(at_us)
            return
        if 0 <= at_us - self._cleared_us < self._settle_s * 1e6:
            # The barrier bounced, judged by the reader's clock: a held backlog arrives all at once.
            self._cleared_us = None
            self._close_in(self._max_open_s, stuck=True)
            return
        await self._close()
        await self._open_at(at_us)

    async def _open_at(self, at_us: int) -> None:
        early = [read for read in self._early if read.first_us >= at_us - _EARLY_US]
        self._early.clear()
        await self.open()
        self.reads(early)

    def _clear(self, at_us: int) -> None:
        if self._session is None or self._cleared_us is not None:
            return
        self._cleared_us = at_us
        self._close_in(self._settle_s, stuck=False)

    def _close_in(self, delay_s: float, stuck: bool) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.create_task(self._close_later(delay_s, stuck))

    async def _close_later(self, delay_s: float, stuck: bool) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + delay_s
        last_s = due_s + self._max_open_s
        await asyncio.sleep(delay_s)
        while due_s + _STOOD_STILL_S < loop.time() < last_s:
            # We are late ourselves, so what the reader said meanwhile still waits in the socket.
            due_s = loop.time() + self._settle_s
            await asyncio.sleep(self._settle_s)
        self._closing = None
        if stuck and self._session is not None:
            self._session.overflow = True
        await self._close()

    async def _close(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        session, self._session = self._session, None
        if session is None:
            return
        if self._stopped_early():
            session.overflow = True
        await self._ctx.report(session.close(self._now().isoformat()))
        if not session.overflow:
            await self.alarms.clear("overflow", "rfid.overflow_over: a session without loss")
        await self._watch_antennas(session)

    def _stopped_early(self) -> bool:
        """The reader's own timeout ended the inventory well before the barrier cleared: reads were lost."""
        if self._stopped_us is None or self._cleared_us is None:
            return False
        return self._cleared_us - self._stopped_us > self._settle_s * 1e6

    async def _watch_antennas(self, session: GateSession) -> None:
        """An antenna whose cable came off may say nothing at all: it reads nothing while the others read much."""
        for antenna in sorted(self._rules.outside | self._rules.inside):
            key, reads = f"silent {antenna}", session.antenna_reads.get(antenna, 0)
            if reads:
                self._silent[antenna] = 0
                await self.alarms.clear(key, f"rfid.antenna_heard: antenna {antenna}")
            elif sum(session.antenna_reads.values()) >= self._rules.silent_reads:
                self._silent[antenna] = self._silent.get(antenna, 0) + 1
                if self._silent[antenna] >= self._rules.silent_sessions:
                    await self.alarms.set(
                        key, f"rfid.antenna_silent: antenna {antenna}, {self._silent[antenna]} sessions without a read"
                    )

    def _now(self) -> datetime:
        return self._ctx.clock.now()
