"""What a vehicle's driver is told: checked before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from devices.contract.driver import ConfigRefused
from devices.drivers.vehicle.codec import DIALECTS, V3, Dialect
from devices.drivers.vehicle.zones import GRANTS, Zones
from devices.drivers.vehicle.zones import check as check_zone_set

KEYS = frozenset({
    "manufacturer", "serial", "version", "interface", "map_id", "broker", "base_nodes",
    "resend_s", "presence_timeout_s", "state_timeout_s", "keepalive_s", "zone_set", "zone_grants", "zone_lease_s",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds. vehicle: what its topics are made of. base_nodes: released at once; 0: the whole path."""

    dialect: Dialect
    vehicle: dict[str, Any]
    manufacturer: str
    serial: str
    map_id: str
    host: str
    port: int
    username: str | None
    password: str | None
    base_nodes: int
    resend_s: float
    presence_timeout_s: float
    state_timeout_s: float
    keepalive_s: int
    zones: Zones

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Self:
        """Errors: ConfigRefused."""
        if unknown := sorted(set(config) - KEYS):
            raise ConfigRefused(f"vehicle: unknown settings {', '.join(unknown)}")
        try:
            dialect, broker = DIALECTS[str(config.get("version", "v2"))], config["broker"]
            resend_s = float(config.get("resend_s", 2))
            found = cls(
                dialect, {"interface": dialect.interface, "version": dialect.major, **config}, str(config["manufacturer"]),
                str(config["serial"]), str(config.get("map_id", "")), str(broker["host"]), int(broker.get("port", 1883)),
                broker.get("username"), broker.get("password"), int(config.get("base_nodes", 0)), resend_s,
                float(config.get("presence_timeout_s", 300)), float(config.get("state_timeout_s", 90)),
                int(config.get("keepalive_s", 15)), _zones_of(config, dialect, resend_s),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigRefused(f"vehicle: {error!r}") from error
        if found.base_nodes == 1:
            raise ConfigRefused("vehicle: base_nodes 1 would never move the vehicle; use 0 or at least 2")
        return found


def _zones_of(config: Mapping[str, Any], dialect: Dialect, resend_s: float) -> Zones:
    """Errors: ConfigRefused."""
    zone_set, grants = config.get("zone_set"), config.get("zone_grants", "reject")
    if grants not in GRANTS:
        raise ConfigRefused(f"vehicle: zone_grants must be one of {', '.join(GRANTS)}, not {grants!r}")
    if zone_set is not None and dialect is not V3:
        raise ConfigRefused("vehicle: zone sets came with version v3")
    try:
        known = None if zone_set is None else check_zone_set(zone_set)
        return Zones(known, grants, float(config.get("zone_lease_s", 60)), resend_s)
    except (TypeError, ValueError) as error:
        raise ConfigRefused(f"vehicle: {error}") from error
