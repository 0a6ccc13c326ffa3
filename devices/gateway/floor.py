"""The devices of one gateway, each with its supervisor; a changed configuration touches only what it changes."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from devices.contract.clock import Clock
from devices.gateway.config import BadConfig, GatewayConfig
from devices.gateway.spool import Spool
from devices.gateway.supervisor import Supervisor

log = logging.getLogger(__name__)
STOP_S = 8.0


@dataclass(frozen=True, slots=True)
class Changes:
    started: list[str]
    restarted: list[str]
    stopped: list[str]


class Floor(Mapping[str, Supervisor]):
    """Device id to its supervisor."""

    def __init__(self, config: GatewayConfig, clock: Clock, spool: Spool) -> None:
        self._config, self._clock, self._spool = config, clock, spool
        self._supervisors: dict[str, Supervisor] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __getitem__(self, device: str) -> Supervisor:
        return self._supervisors[device]

    def __iter__(self) -> Iterator[str]:
        return iter(self._supervisors)

    def __len__(self) -> int:
        return len(self._supervisors)

    def start(self) -> None:
        for device in self._config.devices:
            self._start(device.id)

    async def stop(self) -> None:
        await asyncio.gather(*(self._stop(device) for device in list(self._tasks)))

    async def change(self, config: GatewayConfig) -> Changes:
        """Take a new configuration. Errors: BadConfig for what needs a restart of the process; nothing is changed then."""
        if (config.gateway, config.broker, config.spool) != (
            self._config.gateway, self._config.broker, self._config.spool,
        ):  # fmt: skip
            raise BadConfig("gateway, broker and spool change only with a restart of the gateway")
        old, new = ({d.id: d for d in each.devices} for each in (self._config, config))
        changes = Changes(
            [i for i in new if i not in old], [i for i in new if i in old and new[i] != old[i]], [i for i in old if i not in new]
        )  # fmt: skip
        self._config = config
        await asyncio.gather(*(self._stop(device) for device in (*changes.stopped, *changes.restarted)))
        for device in (*changes.started, *changes.restarted):
            self._start(device)
        log.info(
            "configuration: started %s, restarted %s, stopped %s", changes.started, changes.restarted, changes.stopped
        )
        return changes

    def _start(self, device: str) -> None:
        settings = next(d for d in self._config.devices if d.id == device)
        supervisor = Supervisor(settings, self._config.broker, self._clock, self._spool)
        self._supervisors[device] = supervisor
        self._tasks[device] = asyncio.create_task(supervisor.run(), name=f"supervisor {device}")

    async def _stop(self, device: str) -> None:
        del self._supervisors[device]
        task = self._tasks.pop(device)
        task.cancel()
        await asyncio.wait({task}, timeout=STOP_S)
