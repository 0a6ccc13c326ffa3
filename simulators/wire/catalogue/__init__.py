"""The catalogue of faults: for each simulator what can go wrong with it."""

from typing import Any

from simulators.faults.board import Board
from simulators.faults.catalogue import Fault
from simulators.faults.proxy import FaultProxy
from simulators.wire.catalogue import light, line, measuring, plc, printer, rfid, scale, vehicle
from simulators.wire.dimensioner import DimensionerSim
from simulators.wire.dws import DwsSim
from simulators.wire.light import LightSim, WallSim
from simulators.wire.plc import ConveyLinxSim, SorterSim
from simulators.wire.printer import PrinterSim
from simulators.wire.rfid_gate import RfidGateSim
from simulators.wire.rfid_impinj import ImpinjSim
from simulators.wire.rfid_zebra import ZebraSim
from simulators.wire.scale import ScaleSim
from simulators.wire.tspl_printer import TsplPrinterSim
from simulators.wire.vehicle import VehicleSim

CATALOGUE: dict[type[Any], tuple[Fault, ...]] = {
    ScaleSim: scale.FAULTS,
    PrinterSim: printer.FAULTS,
    TsplPrinterSim: (*printer.FAULTS, *printer.TSPL),
    DwsSim: measuring.DWS,
    DimensionerSim: measuring.DIMENSIONER,
    RfidGateSim: rfid.LLRP,
    ImpinjSim: rfid.IMPINJ,
    ZebraSim: rfid.ZEBRA,
    LightSim: light.ABLEPICK,
    WallSim: light.WALL,
    SorterSim: plc.SORTER,
    ConveyLinxSim: plc.CONVEYOR,
    VehicleSim: vehicle.FAULTS,
}
LINE = line.FAULTS


def put_on(board: Board, device: str, family: str, sim: Any, cable: FaultProxy | None = None) -> None:
    """Put a simulator on the board with everything that its catalogue lists."""
    board.add(device, family, sim, CATALOGUE[type(sim)], cable, LINE)
