"""Every simulated device of a floor, each TCP device behind its own faulty cable, all on one board of faults.

A row is a device of a gateway's configuration: {"id", "family", "config": {host and port, or manufacturer and serial,
and what else decides which simulator is meant}}, with "sim": {...} for what only the simulator knows.
"""

from typing import Any

from simulators.faults.board import Board
from simulators.faults.catalogue import Json
from simulators.faults.proxy import FaultProxy
from simulators.wire import catalogue
from simulators.wire.dimensioner import DimensionerSim
from simulators.wire.dws import DwsSim
from simulators.wire.light import LightSim, WallSim
from simulators.wire.plc import ConveyLinxSim, SorterSim
from simulators.wire.printer import PrinterSim
from simulators.wire.rfid_gate import RfidGateSim
from simulators.wire.rfid_zebra import ZebraSim
from simulators.wire.scale import ScaleSim
from simulators.wire.tspl_printer import TsplPrinterSim
from simulators.wire.vehicle import VehicleSim

LOOPBACK = "127.0.0.1"


class NoSimulator(ValueError):
    """A device that no simulator plays."""


def _over_mqtt(family: str, config: Json) -> bool:
    return family == "vehicle" or config.get("transport") == "zebra_iotc"


def _zebra_broker(config: Json, broker: Json) -> Json:
    own = config.get("broker", {})
    return {key: own[key] for key in ("host", "port", "username", "password") if key in own} or broker


def make(row: Json, factor: float, seed: int, broker: Json) -> Any:
    """The simulator that plays a device, on a port of its own choice. Errors: NoSimulator."""
    config, own = row["config"], row.get("sim", {})
    match row["family"]:
        case "scale":
            protocol = config.get("protocol", "mt_sics")
            return ScaleSim(LOOPBACK, 0, factor=factor, seed=seed, protocol=protocol, **own)
        case "printer" if config.get("protocol") == "tspl":
            return TsplPrinterSim(LOOPBACK, 0, factor=factor, **own)
        case "printer":
            return PrinterSim(LOOPBACK, 0, factor=factor, **own)
        case "rfid_gate" if config.get("transport") == "zebra_iotc":
            return ZebraSim(_zebra_broker(config, broker), config["base_topic"], factor, seed, **own)
        case "rfid_gate" if config.get("transport", "llrp") == "llrp":
            return RfidGateSim(LOOPBACK, 0, factor=factor, seed=seed, **own)
        case "dws":
            return DwsSim(LOOPBACK, 0, factor=factor, **own)
        case "dimensioner":
            return DimensionerSim(LOOPBACK, 0, factor=factor, **own)
        case "light":
            return WallSim(LOOPBACK, 0) if config.get("protocol") == "modbus" else LightSim(LOOPBACK, 0, **own)
        case "plc" if config.get("map") == "conveylinx":
            return ConveyLinxSim(LOOPBACK, 0, factor=factor)
        case "plc":
            return SorterSim(LOOPBACK, 0, factor=factor, **own)
        case "vehicle":
            return VehicleSim(
                broker, config["manufacturer"], config["serial"], factor=factor, version=config.get("version", "v2"), **own
            )  # fmt: skip
    raise NoSimulator(f"{row['id']}: no simulator plays {row['family']} {config.get('transport', '')}".rstrip())


class Ensemble:
    """Simulators by device id, and their board. Errors: NoSimulator."""

    def __init__(self, rows: list[Json], *, factor: float = 1.0, seed: int = 0, broker: Json | None = None) -> None:
        self.sims: dict[str, Any] = {}
        self.board = Board()
        self._cables: list[tuple[FaultProxy, Any]] = []
        for number, row in enumerate(rows):
            sim = self.sims[row["id"]] = make(row, factor, seed + number, broker or {"host": LOOPBACK})
            cable = None
            if not _over_mqtt(row["family"], row["config"]):
                cable = FaultProxy(
                    LOOPBACK, 0, host=row["config"]["host"], port=int(row["config"]["port"]), seed=seed + number
                )
                self._cables.append((cable, sim))
            catalogue.put_on(self.board, row["id"], row["family"], sim, cable)

    def of(self, kind: type[Any]) -> dict[str, Any]:
        """Simulators of a class, by device id."""
        return {device: sim for device, sim in self.sims.items() if isinstance(sim, kind)}

    async def start(self) -> None:
        """Errors: OSError for a port that is taken."""
        for sim in self.sims.values():
            await sim.start()
        for cable, sim in self._cables:
            cable.target_port = sim.port
            await cable.start()

    async def stop(self) -> None:
        self.board.close()
        for cable, _ in self._cables:
            await cable.stop()
        for sim in self.sims.values():
            await sim.stop()
