"""gateway.yaml: which broker, which spool, which devices."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from devices import drivers
from devices.contract.driver import ConfigRefused

STALE_S = {"vehicle": 120.0}
"""Where 30 s are too short: a standing VDA 5050 vehicle sends its state every 30 s (2.1.0, 6.6)."""
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class BadConfig(ValueError):
    """The file cannot be read or does not fit; the text names the place."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Broker(_Strict):
    """Secrets never stand in the file: they come from `password_file` or the variable `password_env`."""

    url: str
    """mqtt://[user@]host[:port]"""
    username: str | None = None
    password_file: Path | None = None
    password_env: str = "WMS_MQTT_PASSWORD"
    keepalive_s: int = Field(10, ge=2)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "mqtt" or not parts.hostname:
            raise ValueError("expected mqtt://[user@]host[:port]")
        return url

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 1883

    @property
    def user(self) -> str | None:
        name = urlsplit(self.url).username
        return self.username or (unquote(name) if name else None)

    def password(self) -> str | None:
        """Read anew at each connect, so that a rotated secret is taken. Errors: BadConfig."""
        if self.password_file is not None:
            try:
                return self.password_file.read_text("utf-8").strip()
            except OSError as error:
                raise BadConfig(f"password_file: {error}") from error
        from_url = urlsplit(self.url).password
        return os.environ.get(self.password_env) or (unquote(from_url) if from_url else None)


class SpoolLimits(_Strict):
    path: Path
    max_rows: int = Field(200_000, ge=1)
    max_bytes: int = Field(512 * 1024 * 1024, ge=4096)


class Firmware(_Strict):
    """Which configuration of firmware_configs/ this device is meant to have."""

    folder: Path
    """`<class>/<vendor>_<model>/<profile>`; relative ones count from this file."""
    params: dict[str, Any] = Field(default_factory=dict)


class Device(_Strict):
    id: str
    family: str
    firmware: Firmware | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    stale_s: float | None = Field(None, ge=0)
    """Restart the driver when no good frame came for so long; 0 = the device may be silent for ever."""

    @property
    def silence_limit_s(self) -> float:
        return STALE_S.get(self.family, 30.0) if self.stale_s is None else self.stale_s

    @field_validator("id")
    @classmethod
    def _id(cls, value: str) -> str:
        if not ID.fullmatch(value):
            raise ValueError("letters, digits, dot, dash and underscore only")
        return value


class GatewayConfig(_Strict):
    gateway: str
    broker: Broker
    spool: SpoolLimits
    devices: list[Device] = Field(default_factory=list)

    @field_validator("gateway")
    @classmethod
    def _gateway(cls, value: str) -> str:
        if not ID.fullmatch(value):
            raise ValueError("letters, digits, dot, dash and underscore only")
        return value

    @model_validator(mode="after")
    def _unique(self) -> "GatewayConfig":
        ids = [device.id for device in self.devices]
        ports = [str(d.config["serial"]) for d in self.devices if d.family != "vehicle" and "serial" in d.config]
        if doubled := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"device ids used twice: {', '.join(doubled)}")
        if doubled := sorted({p for p in ports if ports.count(p) > 1}):
            raise ValueError(f"serial ports used twice: {', '.join(doubled)}")
        return self


def with_broker(device: Device, broker: Broker) -> dict[str, Any]:
    """A device's settings for its driver; vehicles and Zebra's readers are reached over the gateway's broker.

    Errors: BadConfig.
    """
    on_broker = device.family == "vehicle" or device.config.get("transport") == "zebra_iotc"
    if not on_broker or "broker" in device.config:
        return dict(device.config)
    login = {"host": broker.host, "port": broker.port, "username": broker.user, "password": broker.password()}
    return {**device.config, "broker": login}


def load(path: Path) -> GatewayConfig:
    """Read and check the file; relative paths in it count from its folder. Errors: BadConfig."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BadConfig(f"{path}: {error}") from error
    try:
        config = GatewayConfig.model_validate(raw)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadConfig(f"{path}: {places}") from error
    config.spool.path = path.parent / config.spool.path
    for device in config.devices:
        if device.firmware is not None:
            device.firmware.folder = path.parent / device.firmware.folder
        _check(path, device)
    if config.broker.password_file is not None:
        config.broker.password_file = path.parent / config.broker.password_file
    return config


def _check(path: Path, device: Device) -> None:
    """Refuse settings that the driver could never work with, line settings above all. Errors: BadConfig.

    A family that is not installed is the device's own trouble: the others work.
    """
    if device.family == "vehicle" or device.config.get("transport") == "zebra_iotc":
        return  # their broker's login is given at the start
    try:
        drivers.load(device.family)
    except ConfigRefused:
        return
    try:
        drivers.check(device.family, device.config)
    except ConfigRefused as error:
        raise BadConfig(f"{path}: {device.id}: {error}") from error
