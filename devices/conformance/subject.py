"""What a driver's author gives the kit besides the driver: its simulator and how to reach, stir and command it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

import yaml

GROUP = "wharfinger.conformance"
"""Entry point group of subjects: name = family, value = module:Class, made without arguments."""
OURS = "simulators.wire.subjects"
"""Our own families' subjects; named, not imported, because devices know no simulators."""


class NoSubject(Exception):
    """Nothing to test the driver against."""


class Subject(Protocol):
    host: str
    port: int
    """Where the simulator listens once started."""
    bad_configs: list[dict[str, Any]]
    """Each must be refused by the constructor."""
    commands: Mapping[str, dict[str, Any]]
    """Command kind -> data the simulator can carry out."""
    stale_s: float
    """After so long without a byte of the device, the driver must have noticed."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def config(self, host: str, port: int) -> dict[str, Any]:
        """The driver's configuration for the simulator behind `host:port`, which may be the kit's proxy."""
        ...

    async def stir(self, kind: str) -> None:
        """Called after a command was given: let the physical world do its part, such as laying a load on."""
        ...


@dataclass(slots=True)
class Configured:
    """A device or simulator that is already there, described by a file; commands only where the file names some.

    YAML: `config` (with host and port), optional `bad_configs`, `commands`, `stale_s`.
    """

    settings: dict[str, Any]
    bad_configs: list[dict[str, Any]] = field(default_factory=list)
    commands: dict[str, dict[str, Any]] = field(default_factory=dict)
    stale_s: float = 30.0

    @property
    def host(self) -> str:
        return str(self.settings["host"])

    @property
    def port(self) -> int:
        return int(self.settings["port"])

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    def config(self, host: str, port: int) -> dict[str, Any]:
        return {**self.settings, "host": host, "port": port}

    async def stir(self, kind: str) -> None:
        return


def from_file(path: Path) -> Subject:
    """Errors: NoSubject."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
        made = Configured(raw.pop("config"), **raw)
        if not made.host or not made.port:
            raise KeyError("port")
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise NoSubject(f"{path}: expected config with host and port: {error!r}") from error
    return made  # type: ignore[return-value]


def by_family(family: str) -> Subject:
    """Errors: NoSubject."""
    found = [point.value for point in entry_points(group=GROUP) if point.name == family]
    target = found[0] if found else f"{OURS}:{family}"
    module, _, name = target.partition(":")
    try:
        made: Subject = getattr(import_module(module), name)()
    except (ImportError, AttributeError) as error:
        raise NoSubject(
            f"{family}: no subject {target}: {error}; give --config or an entry point of {GROUP}"
        ) from error
    return made
