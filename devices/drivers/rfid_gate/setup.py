"""The configuration a gate reader gets, as messages. Pure; the same messages firmware_configs renders as JSON."""

from dataclasses import dataclass
from typing import Any

from devices.contract.driver import ConfigRefused
from devices.drivers.rfid_gate.codec import Message, from_json

GPI_EVENT, ROSPEC_EVENT, BUFFER_WARNING, EXCEPTION_EVENT, ANTENNA_EVENT = 1, 2, 3, 4, 8


@dataclass(frozen=True, slots=True)
class GateSetup:
    """Reader settings. `transmit_power_index` is a row of an LLRP reader's own table (GET_READER_CAPABILITIES); Impinj
    and Zebra readers take the power itself."""

    rospec_id: int = 1
    trigger: str = "gpi"
    """gpi: the reader reads only while the barrier is broken; immediate: always; periodic: `read_ms` long every
    `period_ms`, for tags that rest. Sessions follow the barrier whatever the reader does."""
    period_ms: int = 2_000
    read_ms: int = 500
    gpi_port: int = 1
    gpi_broken: bool = True
    """Level of the input while the barrier is broken."""
    gate_timeout_ms: int = 60_000
    """The reader stops by itself after this; 0 = never."""
    antennas: tuple[int, ...] = (1, 2, 3, 4)
    transmit_power_index: int = 0
    """0 leaves the reader's own antenna configuration untouched."""
    transmit_power_cdbm: int = 3_000
    rf_mode: int = 4
    inventory_session: int = 1
    tag_population: int = 16
    receive_sensitivity_dbm: int = -80
    report_every_n: int = 1
    keepalive_ms: int = 5_000
    hold_on_reconnect: bool = True

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "GateSetup":
        """Errors: ConfigRefused."""
        outside, inside = config.get("outside_antennas", (1, 2)), config.get("inside_antennas", (3, 4))
        given = {key: config[key] for key in cls.__dataclass_fields__ if key in config}
        given["antennas"] = tuple(int(a) for a in config.get("antennas", sorted({*outside, *inside})))
        setup = cls(**given)
        if setup.trigger not in ("gpi", "immediate", "periodic"):
            raise ConfigRefused(f"trigger must be gpi, immediate or periodic, not {setup.trigger!r}")
        if not 0 < setup.read_ms <= setup.period_ms:
            raise ConfigRefused("read_ms must be above 0 and not longer than period_ms")
        if setup.keepalive_ms <= 0 or setup.report_every_n <= 0:
            raise ConfigRefused("keepalive_ms and report_every_n must be above 0")
        return setup


def reader_config(setup: GateSetup) -> Message:
    """SET_READER_CONFIG: events on, keepalive, input enabled, events held while nobody is connected."""
    events = (GPI_EVENT, ROSPEC_EVENT, BUFFER_WARNING, EXCEPTION_EVENT, ANTENNA_EVENT)
    tree = {
        "ResetToFactoryDefault": 0,
        "ReaderEventNotificationSpec": {
            "EventNotificationState": [{"EventType": event, "NotificationState": 1} for event in events]
        },
        "KeepaliveSpec": {"KeepaliveTriggerType": 1, "PeriodicTriggerValue": setup.keepalive_ms},
        "GPIPortCurrentState": {"GPIPortNum": setup.gpi_port, "Config": 1, "State": 2},
        "EventsAndReports": {"HoldEventsAndReportsUponReconnect": int(setup.hold_on_reconnect)},
    }
    return from_json("SET_READER_CONFIG", tree)


def add_rospec(setup: GateSetup) -> Message:
    """ADD_ROSPEC: inventory on all gate antennas, every tag reported with antenna, RSSI, times and count."""
    return from_json("ADD_ROSPEC", {"ROSpec": _rospec(setup)})


def _rospec(setup: GateSetup) -> dict[str, Any]:
    return {
        "ROSpecID": setup.rospec_id,
        "Priority": 0,
        "CurrentState": 0,
        "ROBoundarySpec": _boundary(setup),
        "AISpec": {
            "AntennaIDs": list(setup.antennas),
            "AISpecStopTrigger": {"AISpecStopTriggerType": 0, "DurationTrigger": 0},
            "InventoryParameterSpec": _inventory(setup),
        },
        "ROReportSpec": {
            "ROReportTrigger": 2,
            "N": setup.report_every_n,
            "TagReportContentSelector": {
                "EnableROSpecID": 1,
                "EnableAntennaID": 1,
                "EnablePeakRSSI": 1,
                "EnableFirstSeenTimestamp": 1,
                "EnableLastSeenTimestamp": 1,
                "EnableTagSeenCount": 1,
            },
        },
    }


def _boundary(setup: GateSetup) -> dict[str, Any]:
    """Source: LLRP 1.0.1 section 11.2.1.1: start 1 immediate, 2 periodic, 3 GPI; stop 1 duration, 2 GPI with timeout."""
    if setup.trigger == "immediate":
        return {
            "ROSpecStartTrigger": {"ROSpecStartTriggerType": 1},
            "ROSpecStopTrigger": {"ROSpecStopTriggerType": 0, "DurationTriggerValue": 0},
        }
    if setup.trigger == "periodic":
        return {
            "ROSpecStartTrigger": {
                "ROSpecStartTriggerType": 2,
                "PeriodicTriggerValue": {"Offset": 0, "Period": setup.period_ms},
            },
            "ROSpecStopTrigger": {"ROSpecStopTriggerType": 1, "DurationTriggerValue": setup.read_ms},
        }
    port, broken = setup.gpi_port, int(setup.gpi_broken)
    stop_gpi = {"GPIPortNum": port, "GPIEvent": 1 - broken, "Timeout": setup.gate_timeout_ms}
    return {
        "ROSpecStartTrigger": {
            "ROSpecStartTriggerType": 3,
            "GPITriggerValue": {"GPIPortNum": port, "GPIEvent": broken, "Timeout": 0},
        },
        "ROSpecStopTrigger": {"ROSpecStopTriggerType": 2, "DurationTriggerValue": 0, "GPITriggerValue": stop_gpi},
    }


def _inventory(setup: GateSetup) -> dict[str, Any]:
    inventory: dict[str, Any] = {"InventoryParameterSpecID": 1, "ProtocolID": 1}
    if setup.transmit_power_index:
        power = {"HopTableID": 1, "ChannelIndex": 0, "TransmitPower": setup.transmit_power_index}
        inventory["AntennaConfiguration"] = [{"AntennaID": a, "RFTransmitter": power} for a in setup.antennas]
    return inventory
