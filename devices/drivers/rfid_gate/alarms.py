"""What is wrong with a reader now, told once when it comes and once when it goes."""

from devices.contract.driver import DriverContext
from devices.contract.reports import DeviceStateChanged


class Alarms:
    """Conditions by key; the device is `online` again when the last one has gone."""

    def __init__(self, ctx: DriverContext) -> None:
        self._ctx = ctx
        self._open: dict[str, str] = {}

    async def set(self, key: str, detail: str) -> None:
        """Report a fault unless it is known. detail: stable code, colon, evidence."""
        if key not in self._open:
            self._open[key] = detail
            await self._ctx.report(DeviceStateChanged("fault", detail))

    async def clear(self, key: str, detail: str) -> None:
        """Report that a fault has gone; another one that stays is named again."""
        if self._open.pop(key, None) is not None:
            left = "; ".join(self._open.values())
            await self._ctx.report(DeviceStateChanged("fault", left) if left else DeviceStateChanged("online", detail))

    async def repeat(self) -> None:
        """Tell again what was found wrong before the device came online."""
        if self._open:
            await self._ctx.report(DeviceStateChanged("fault", "; ".join(self._open.values())))
