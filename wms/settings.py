"""What an operator may set: environment variables `WMS_*`, read once at the start of a process.

Any `WMS_X` may come from a file instead: `WMS_X_FILE=/run/secrets/x` (the file's text, stripped). A variable that
is set in the environment itself wins over its file.
"""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "WMS_"


def default_data_dir() -> Path:
    """Answer `.wms/` beside a checkout's pyproject.toml; the user's data folder when installed from a wheel."""
    root = Path(__file__).resolve().parents[1]
    if (root / "pyproject.toml").is_file():
        return root / ".wms"
    share = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(share) / "wharfinger"


class _FromFiles(PydanticBaseSettingsSource):
    """Read field `x` from the file named by `WMS_X_FILE`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        return (Path(path).read_text(encoding="utf-8").strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        read = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in read.items() if value is not None}


class Settings(BaseSettings):
    """Everything that differs between two installations and is not data of the warehouse."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    data_dir: Path = Field(default_factory=default_data_dir)
    """All that the stack keeps: database, broker store, secrets, logs. (As root the cluster lies elsewhere: stack.)"""

    database_url: str | None = Field(default=None, repr=False)
    """`postgresql+psycopg://...`; None: the embedded PostgreSQL of `data_dir`."""
    db_pool_size: int = Field(default=10, ge=1, le=80)
    """Connections per process; (API workers + worker) x this must stay under max_connections - 10."""

    broker_url: str | None = Field(default=None, repr=False)
    """`mqtt://user:password@host:port`; None: the embedded broker of `data_dir`."""
    broker_host: str = "127.0.0.1"
    """Where the embedded broker listens; `0.0.0.0` lets vehicles on the network in."""
    broker_port: int = Field(default=18830, ge=1, le=65535)

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=1, le=65535)
    http_workers: int = Field(default=1, ge=1, le=64)
    public_url: str | None = None
    """How browsers reach us when a proxy stands before us, e.g. `https://wms.example`; makes cookies `Secure`."""

    gateway_id: str = Field(default="gw-1", pattern=r"^[A-Za-z0-9_-]{1,40}$")
    """Its level in the topics `wms/v1/<gw>/...` and its user name at the broker."""
    gateway_config: Path | None = None
    """Devices of the gateway that `wms up` runs; None: no gateway."""

    host_url: str = ""
    """Webhook address of the order system; empty: messages wait in the outbox."""
    host_secret: str = Field(default="", repr=False)
    """Key of the webhook signatures (HMAC-SHA256, Standard Webhooks)."""

    carriers_config: Path | None = None
    """Carrier accounts with their adapters and secrets (docs/plugins.md); None: no label can be bought."""

    company_prefix: str = Field(default="0614141", pattern=r"^[0-9]{7,10}$")
    """GS1 company prefix of the SSCCs; the default is GS1's own example and means nothing outside."""

    compare_people: bool = False
    """Expected against actual work also by person; off, no figure anywhere is about one person."""

    simulators_url: str = ""
    """Where simulated devices take their faults, on loopback; `wms demo` sets it. Empty: this site has none."""

    site_name: str = "Wharfinger"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = True

    @property
    def url(self) -> str:
        """Address to print for a browser."""
        host = "localhost" if self.http_host in {"0.0.0.0", "127.0.0.1", "::"} else self.http_host
        return self.public_url or f"http://{host}:{self.http_port}"

    @property
    def secure_cookies(self) -> bool:
        return (self.public_url or "").startswith("https://")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FromFiles(settings_cls)
