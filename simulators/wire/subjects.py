"""Our simulators as subjects of the conformance kit, one class a family; found by name, see docs/plugins.md."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from simulators.wire.broker import OpenBroker
from simulators.wire.dimensioner import DimensionerSim
from simulators.wire.dws import DwsSim
from simulators.wire.light import LightSim
from simulators.wire.plc import SorterSim
from simulators.wire.printer import PrinterSim
from simulators.wire.rfid_gate import RfidGateSim
from simulators.wire.scale import ScaleSim
from simulators.wire.vehicle import VehicleSim

Json = dict[str, Any]


class _Subject(ABC):
    """A simulator that is made anew for every rule.

    Devices are set to show themselves far more often than `stale_s`, and drivers to wait seconds for an answer: a
    machine that stood still for a second must not look like a broken driver.
    """

    stale_s = 4.0
    bad_configs: tuple[Json, ...] | list[Json] = ()
    commands: dict[str, Json] = {}
    settings: Json = {}

    def __init__(self) -> None:
        self.sim: Any = self.make()

    @abstractmethod
    def make(self) -> Any: ...

    @property
    def host(self) -> str:
        return str(self.sim.host)

    @property
    def port(self) -> int:
        return int(self.sim.port)

    async def start(self) -> None:
        self.sim = self.make()
        await self.sim.start()

    async def stop(self) -> None:
        await self.sim.stop()

    def config(self, host: str, port: int) -> Json:
        return {"host": host, "port": port, **self.settings}

    async def stir(self, kind: str) -> None:
        return


class scale(_Subject):
    settings = {"silence_s": 2.0, "reply_timeout_s": 2.0}
    bad_configs = [{"host": "h", "port": 1, "protocol": "toaster"}, {"host": "h", "port": 0}]
    commands = {"weigh": {}, "zero": {}, "calibrate_check": {"reference_g": 1500, "tolerance_g": 5}}

    def make(self) -> ScaleSim:
        return ScaleSim(factor=20)

    async def stir(self, kind: str) -> None:
        self.sim.remove()
        await asyncio.sleep(0.3)
        self.sim.put(0 if kind == "zero" else 1500)


class dws(_Subject):
    settings = {"poll_ms": 20, "heartbeat_timeout_s": 2, "timeout_s": 2}
    bad_configs = [{"port": 502}, {"host": "h", "port": "x"}]
    commands = {"measure": {}}

    def make(self) -> DwsSim:
        return DwsSim(factor=20)

    async def stir(self, kind: str) -> None:
        await self.sim.present(300, 200, 100, 1500, "box")


class dimensioner(_Subject):
    settings = {"keep_alive_s": 0.3, "reply_timeout_s": 2.0}
    bad_configs = [{"port": 1}, {"host": "h", "port": 1, "baud": 1}]
    commands = {"zero": {}, "measure": {}}

    def make(self) -> DimensionerSim:
        return DimensionerSim(factor=20)


class plc(_Subject):
    settings = {"map": "sorter", "poll_ms": 20, "timeout_s": 2, "answer_timeout_s": 2}
    bad_configs = [{"host": "h"}, {"host": "h", "map": "toaster"}]
    commands = {"divert": {"sequence": 1, "lane": 3, "parcel": "P1"}}

    def make(self) -> SorterSim:
        return SorterSim(travel_s=15.0)

    async def start(self) -> None:
        await super().start()
        self.sim.induct("box")


class light(_Subject):
    settings = {"positions": {"W-01": 1}, "status_s": 0.2, "reply_timeout_s": 2.0, "settle_s": 0.1}
    bad_configs = [{"host": "h", "positions": {}}, {"host": "h", "positions": {"A": 999}}]
    commands = {"light": {"position": "W-01", "qty": 3, "colour": "red"}, "light_off": {"position": "W-01"}}

    def make(self) -> LightSim:
        return LightSim()


class printer(_Subject):
    settings = {"poll_s": 0.3, "reply_timeout_s": 2.0}
    bad_configs = [{"host": "h", "port": 0}]
    commands = {"print": {"job_id": "j1", "content": "^XA^FDx^FS^XZ", "labels": 1}}

    def make(self) -> PrinterSim:
        return PrinterSim(factor=20)


class rfid_gate(_Subject):
    settings = {"keepalive_ms": 500}
    bad_configs = [{"host": "h", "port": 0}]

    def make(self) -> RfidGateSim:
        return RfidGateSim(factor=20)


class vehicle(_Subject):
    """A vehicle behind a broker of its own; what the kit cuts, floods and silences is the driver's way to the broker."""

    settings = {"keepalive_s": 2, "resend_s": 0.3}
    stale_s = 10.0
    bad_configs = [
        {"manufacturer": "m"},
        {"manufacturer": "m", "serial": "1", "version": "v9", "broker": {"host": "h"}},
    ]
    commands = {
        "transport": {
            "order_id": "o-1",
            "stops": [
                {"node": "A", "x_mm": 0, "y_mm": 0, "action": None, "load": ""},
                {"node": "B", "x_mm": 4000, "y_mm": 0, "action": "pick", "load": "T-1"},
            ],
        },
        "pause": {},
        "resume": {},
    }

    def __init__(self) -> None:
        self._broker = OpenBroker()
        super().__init__()

    def make(self) -> VehicleSim:
        broker = {"host": self._broker.host, "port": self._broker.port}
        sim = VehicleSim(broker, "kit", "agv-1", factor=20, node_id="A")
        sim.state_s = 2.0
        return sim

    @property
    def host(self) -> str:
        return self._broker.host

    @property
    def port(self) -> int:
        return self._broker.port

    async def start(self) -> None:
        await self._broker.start()
        await super().start()
        while not self.sim.online:
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        await super().stop()
        await self._broker.stop()

    def config(self, host: str, port: int) -> Json:
        return {"manufacturer": "kit", "serial": "agv-1", "broker": {"host": host, "port": port}, **self.settings}
