"""What becomes an incident."""

from wms.db.uow import UnitOfWork
from wms.events.devices import (
    ConfigurationChecked,
    ConveyorAlarmed,
    DeviceQuarantined,
    DeviceStateChanged,
    MessageParked,
)
from wms.events.incidents import IncidentDetected
from wms.processes.incidents import service


async def on_incident_detected(uow: UnitOfWork, event: IncidentDetected) -> None:
    await service.open_incident(uow, event)


async def on_device_state_changed(uow: UnitOfWork, event: DeviceStateChanged) -> None:
    key = f"device:{event.device}"
    if event.state == "online":
        await service.resolve_key(uow, key, "device is back")
        return
    await service.open_incident(uow, IncidentDetected(
        kind="device.offline", key=key, subject=f"{event.device} is {event.state}",
        detail={"device": event.device, "gateway": event.gateway, "state": event.state, "reason": event.detail}, due_h=0.5,
    ))  # fmt: skip


async def on_device_quarantined(uow: UnitOfWork, event: DeviceQuarantined) -> None:
    await service.open_incident(uow, IncidentDetected(
        kind="device.quarantined", key=f"quarantine:{event.device}:{event.reason}", subject=f"{event.device} is not believed: {event.reason}",
        detail={"device": event.device, "reason": event.reason, **event.evidence}, due_h=0.5,
    ))  # fmt: skip


async def on_configuration_checked(uow: UnitOfWork, event: ConfigurationChecked) -> None:
    key = f"drift:{event.device}"
    if not event.differences:
        await service.resolve_key(uow, key, "as configured again")
        return
    await service.open_incident(uow, IncidentDetected(
        kind="device.drift", key=key, subject=f"{event.device} is not set as configured",
        detail={"device": event.device, "profile": event.profile, "differences": event.differences, "sha256": event.sha256}, due_h=4.0,
    ))  # fmt: skip


async def on_conveyor_alarmed(uow: UnitOfWork, event: ConveyorAlarmed) -> None:
    key = f"conveyor:{event.device}:{event.zone}:{event.code}"
    if not event.active:
        await service.resolve_key(uow, key, "it went away")
        return
    await service.open_incident(uow, IncidentDetected(
        kind="device.conveyor", key=key, subject=f"{event.device} {event.zone}: {event.code}".replace(" :", ":"), owner="lead",
        detail={"device": event.device, "zone": event.zone, "code": event.code, "reason": event.detail}, due_h=0.25,
    ))  # fmt: skip


async def on_message_parked(uow: UnitOfWork, event: MessageParked) -> None:
    await service.open_incident(uow, IncidentDetected(
        kind="device.message_parked", key=f"parked:{event.origin}", subject=f"{event.origin} sent what nobody can read",
        detail={"origin": event.origin, "reason": event.reason, "dead_letter": event.dead_letter_id}, due_h=4.0,
    ))  # fmt: skip
