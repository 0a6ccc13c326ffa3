"""A gateway that stood still past a passage's end still counts what waited in its socket meanwhile."""

import asyncio
import time

from devices.conformance.checks import Context
from devices.contract.reports import GateSessionClosed
from devices.drivers.rfid_gate.codec import TagRead
from devices.drivers.rfid_gate.gate import Gate
from devices.drivers.rfid_gate.session import GateRules

EPC = bytes.fromhex("3034257BF7194E4000001A85")
SETTLE_S = 0.2


async def test_reads_that_wait_while_the_gateway_stands_still_belong_to_the_passage() -> None:
    ctx = Context()
    gate = Gate(ctx, GateRules(), settle_s=SETTLE_S, max_open_s=60)
    await gate.barrier(True, 1_000_000)
    await gate.barrier(False, 3_000_000)
    await asyncio.sleep(0)
    time.sleep(SETTLE_S + 0.3)  # nothing of this process runs, its sockets fill
    await asyncio.sleep(0.05)  # the timer is over, and the bytes are only now being read
    assert not ctx.reports
    gate.reads([TagRead(EPC, 1, -50, 2_000_000, 2_000_000, 1)])
    async with asyncio.timeout(20):
        while not ctx.reports:
            await asyncio.sleep(0.01)
    (session,) = ctx.reports
    assert isinstance(session, GateSessionClosed)
    assert [tag.epc for tag in session.tags] == [EPC.hex().upper()] and not session.overflow
