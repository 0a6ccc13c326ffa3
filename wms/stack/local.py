"""The whole stack of one data folder: which processes, in which order, with which addresses and credentials."""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from wms.settings import Settings
from wms.stack.broker import EmbeddedBroker
from wms.stack.health import answers
from wms.stack.postgres import EmbeddedPostgres
from wms.stack.process import StackFault
from wms.stack.supervisor import Child, ChildState, Supervisor

LEAST_FREE_BYTES = 500_000_000
MAX_CONNECTIONS, KEPT_CONNECTIONS = 100, 10


def module(name: str, *args: str) -> list[str]:
    """Command line for one of our own modules in this very interpreter."""
    return [sys.executable, "-m", name, *args]


class Stack:
    """Database, broker, migrations, API, worker and gateway of one installation.

    `extra` children join in (the demo's simulators); each gets WMS_DATABASE_URL, WMS_BROKER_URL and WMS_DATA_DIR like
    our own unless it sets them itself. `apps=False` runs database and broker only.

        async with Stack(settings) as stack: ...        # all ready inside
    """

    def __init__(
        self,
        settings: Settings,
        *,
        extra: Sequence[Child] = (),
        apps: bool = True,
        on_change: Callable[[ChildState], None] | None = None,
    ) -> None:
        self.settings = settings
        self.postgres = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
        self.broker = (
            None
            if settings.broker_url
            else EmbeddedBroker(settings.data_dir, settings.broker_host, settings.broker_port)
        )
        children = [*self._machines(), *(self._apps() if apps else []), *map(self._at_home, extra)]
        self.supervisor = Supervisor(children, settings.data_dir, on_change)

    @property
    def database_url(self) -> str:
        return self.settings.database_url or EmbeddedPostgres(self.settings.data_dir).url()

    def broker_url(self, user: str = "wes") -> str:
        """URL for a user of the embedded broker; with WMS_BROKER_URL set, that one for all."""
        return self.settings.broker_url or (self.broker.url(user) if self.broker else "")

    async def start(self) -> None:
        """Errors: StackFault with what to do about it."""
        self._check()
        await self.supervisor.start()

    async def stop(self) -> None:
        await self.supervisor.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _machines(self) -> list[Child]:
        return [machine.child() for machine in (self.postgres, self.broker) if machine is not None]

    def _apps(self) -> list[Child]:
        machines = tuple(child.name for child in self._machines())
        apps = [
            Child("migrate", module("wms", "db", "upgrade"), after=machines, one_shot=True, ready_timeout_s=600.0),
            Child("planners", module("wms.algorithms.kept"), one_shot=True, tells=True),
            # Not beside the compiler, which would take the core that they need to be ready in time.
            Child("api", module("wms", "api"), after=("migrate", "planners"), ready=self._answers),
            Child("worker", module("wms", "worker"), after=("migrate", "planners")),
        ]
        if self.settings.gateway_config is not None:
            apps.append(self._gateway(self.settings.gateway_config))
        return [self._at_home(child) for child in apps]

    def _gateway(self, config: Path) -> Child:
        env = {}
        if self.broker is not None:
            user = self.broker.add_gateway(self.settings.gateway_id)
            env = {"WMS_BROKER_URL": self.broker.url(user.name), "WMS_MQTT_PASSWORD": user.password}
        needs = tuple(child.name for child in self._machines() if child.name == EmbeddedBroker.name)
        return Child("gateway", module("devices.gateway", "--config", str(config)), env=env, after=needs)

    def _at_home(self, child: Child) -> Child:
        ours = {
            "WMS_DATA_DIR": str(self.settings.data_dir.resolve()),
            "WMS_DATABASE_URL": self.database_url,
            "WMS_BROKER_URL": self.broker_url(),
            "WMS_HTTP_HOST": self.settings.http_host,
            "WMS_HTTP_PORT": str(self.settings.http_port),
            "WMS_SIMULATORS_URL": self.settings.simulators_url,
            **(
                {"WMS_CARRIERS_CONFIG": str(self.settings.carriers_config.resolve())}
                if self.settings.carriers_config
                else {}
            ),
            "PYTHONUNBUFFERED": "1",
        }
        return replace(child, env={**ours, **child.env})

    async def _answers(self) -> bool:
        return await answers("api", self.settings)

    def _check(self) -> None:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.settings.data_dir).free
        if free < LEAST_FREE_BYTES:
            raise StackFault(f"only {free // 1_000_000} MB free in {self.settings.data_dir}: make room first")
        wanted = (self.settings.http_workers + 1) * self.settings.db_pool_size
        if self.postgres is not None and wanted > MAX_CONNECTIONS - KEPT_CONNECTIONS:
            raise StackFault(
                f"{self.settings.http_workers} API workers and the worker with {self.settings.db_pool_size} "
                f"connections each want {wanted} of {MAX_CONNECTIONS - KEPT_CONNECTIONS}: lower WMS_DB_POOL_SIZE"
            )
