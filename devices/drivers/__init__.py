"""Driver families by name; each is imported only when a device of it is configured."""

from importlib import import_module
from typing import cast

from devices.contract.driver import ConfigRefused, Driver

FAMILIES = {
    "scale": "devices.drivers.scale.driver:ScaleDriver",
    "printer": "devices.drivers.printer.driver:PrinterDriver",
    "rfid_gate": "devices.drivers.rfid_gate.driver:RfidGateDriver",
    "dws": "devices.drivers.dws.driver:DwsDriver",
    "vehicle": "devices.drivers.vehicle.driver:VehicleDriver",
}


def load(family: str) -> type[Driver]:
    """Return the driver class of a family. Errors: ConfigRefused for an unknown or broken one."""
    target = FAMILIES.get(family)
    if target is None:
        raise ConfigRefused(f"unknown device family {family!r}, known: {', '.join(sorted(FAMILIES))}")
    module, _, name = target.partition(":")
    try:
        return cast(type[Driver], getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        raise ConfigRefused(f"driver of {family} cannot be loaded: {error}") from error
