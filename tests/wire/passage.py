"""A pallet through the gate, and what the driver makes of it."""

from typing import Any

from devices.contract.reports import GateSessionClosed
from simulators.wire.rfid_gate import RfidGateSim
from tests.wire.recorder import Recorder, until


async def carry(sim: RfidGateSim, ctx: Recorder, epcs: list[str], **passage: Any) -> list[str]:
    """Carry `epcs` through until the driver has closed the session; the EPCs no antenna caught."""
    before = len(ctx.of(GateSessionClosed))
    missed = await sim.pass_pallet(epcs, **passage)
    await until(lambda: len(ctx.of(GateSessionClosed)) > before)
    return missed
