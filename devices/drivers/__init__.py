"""Driver families by name: ours, and those that other packages add by the entry point group `wharfinger.drivers`.

Each is imported only when a device of it is configured.
"""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

from devices.contract.driver import ConfigRefused, Driver

GROUP = "wharfinger.drivers"
"""Entry point group of third-party drivers: name = family, value = module:Class."""

FAMILIES = {
    "scale": "devices.drivers.scale.driver:ScaleDriver",
    "printer": "devices.drivers.printer.driver:PrinterDriver",
    "rfid_gate": "devices.drivers.rfid_gate.driver:RfidGateDriver",
    "dws": "devices.drivers.dws.driver:DwsDriver",
    "dimensioner": "devices.drivers.dimensioner.driver:DimensionerDriver",
    "plc": "devices.drivers.plc.driver:PlcDriver",
    "light": "devices.drivers.light.driver:LightDriver",
    "vehicle": "devices.drivers.vehicle.driver:VehicleDriver",
}
"""Our own; no plug-in can take one of these names."""


def families() -> dict[str, str]:
    """Every family that can be configured here and the class that serves it. Errors: ConfigRefused."""
    found = dict(FAMILIES)
    for point in entry_points(group=GROUP):
        if found.setdefault(point.name, point.value) != point.value:
            raise ConfigRefused(f"driver family {point.name!r} is claimed by {found[point.name]} and {point.value}")
    return found


def load(family: str) -> type[Driver]:
    """Return the driver class of a family. Errors: ConfigRefused for an unknown, doubly claimed or broken one."""
    target = FAMILIES.get(family) or (known := families()).get(family)
    if target is None:
        raise ConfigRefused(f"unknown device family {family!r}, known: {', '.join(sorted(known))}")
    module, _, name = target.partition(":")
    try:
        return cast(type[Driver], getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        raise ConfigRefused(f"driver of {family} cannot be loaded: {error}") from error


def check(family: str, config: dict[str, Any]) -> None:
    """Refuse a configuration before anything starts: unknown settings, or line settings the device cannot speak at.

    Calls the class's own `check(config)` where it has one, else only its constructor. Errors: ConfigRefused.
    """
    driver = load(family)
    own = getattr(driver, "check", None)
    if own is not None:
        own(config)
    else:
        driver(config)
