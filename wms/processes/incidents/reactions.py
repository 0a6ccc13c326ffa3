"""What becomes an incident."""

from wms.db.uow import UnitOfWork
from wms.events.devices import DeviceStateChanged, MessageParked
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


async def on_message_parked(uow: UnitOfWork, event: MessageParked) -> None:
    await service.open_incident(uow, IncidentDetected(
        kind="device.message_parked", key=f"parked:{event.origin}", subject=f"{event.origin} sent what nobody can read",
        detail={"origin": event.origin, "reason": event.reason, "dead_letter": event.dead_letter_id}, due_h=4.0,
    ))  # fmt: skip
