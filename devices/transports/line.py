"""How a stream device is reached: TCP, a serial port, or a serial port behind an RFC 2217 device server."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devices.contract.driver import ConfigRefused
from devices.transports import rfc2217, serial, tcp
from devices.transports.link import Link


@dataclass(frozen=True, slots=True)
class LineNeeds:
    """What a protocol can run at; the first of each is the device's own default. Empty = anything."""

    bauds: Sequence[int] = ()
    formats: Sequence[str] = ()
    """Such as 8N1 or 7E1."""


class LineConfig(BaseModel):
    """Settings that every stream device shares. Either host and port, or serial."""

    model_config = ConfigDict(extra="forbid")
    host: str | None = None
    port: int | None = Field(None, ge=1, le=65535)
    rfc2217: bool = False
    """host and port are a device server that takes the line settings (RFC 2217), not a raw TCP port."""
    serial: str | None = None
    baud: int | None = Field(None, ge=50, le=4_000_000)
    data_bits: int | None = Field(None, ge=7, le=8)
    parity: str | None = Field(None, pattern="^[NEO]$")
    stop_bits: int | None = Field(None, ge=1, le=2)
    xonxoff: bool = False

    @model_validator(mode="after")
    def _one_way_to_reach_it(self) -> "LineConfig":
        if (self.serial is None) == (self.host is None) or (self.host is not None and self.port is None):
            raise ValueError("give either host and port, or serial")
        if self.rfc2217 and self.host is None:
            raise ValueError("rfc2217 needs host and port")
        return self

    def resolved(self, needs: LineNeeds) -> tuple[int, int, str, int]:
        """(baud, data bits, parity, stop bits), the device's defaults where nothing is set.

        Errors: ConfigRefused where the protocol cannot run at them; a raw TCP port has no line and is never refused.
        """
        usual = needs.formats[0] if needs.formats else "8N1"
        baud = self.baud or (needs.bauds[0] if needs.bauds else 9600)
        data_bits, parity = self.data_bits or int(usual[0]), self.parity or usual[1]
        stop_bits = self.stop_bits or int(usual[2])
        if self.serial is None and not self.rfc2217:
            return baud, data_bits, parity, stop_bits
        if needs.bauds and baud not in needs.bauds:
            raise ConfigRefused(f"line settings: {baud} baud, the device has {', '.join(map(str, needs.bauds))}")
        form = f"{data_bits}{parity}{stop_bits}"
        if needs.formats and form not in needs.formats:
            raise ConfigRefused(f"line settings: {form}, the device has {', '.join(needs.formats)}")
        return baud, data_bits, parity, stop_bits


async def connect(config: LineConfig, needs: LineNeeds) -> Link:
    """Open the device's stream. Errors: NotReady, ConfigRefused."""
    baud, data_bits, parity, stop_bits = config.resolved(needs)
    if config.serial is not None:
        return await serial.connect(config.serial, baud, data_bits, parity, stop_bits, xonxoff=config.xonxoff)
    assert config.host is not None and config.port is not None
    if config.rfc2217:
        com = rfc2217.ComPort(baud, data_bits, parity, stop_bits, config.xonxoff)
        return await rfc2217.connect(config.host, config.port, com)
    return await tcp.connect(config.host, config.port)
