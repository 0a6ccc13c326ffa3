"""Serial port or pty as a stream."""

import asyncio
import termios

import serial
import serial_asyncio_fast

from devices.contract.driver import ConfigRefused, NotReady
from devices.transports.link import Link

BYTE_SIZES = {7: serial.SEVENBITS, 8: serial.EIGHTBITS}
PARITIES = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}


async def connect(
    path: str, baud: int = 9600, data_bits: int = 8, parity: str = "N", stop_bits: int = 1, xonxoff: bool = False
) -> Link:
    """Open a port. Errors: ConfigRefused for line settings no port has, NotReady."""
    if data_bits not in BYTE_SIZES or parity not in PARITIES or stop_bits not in (1, 2):
        raise ConfigRefused(f"{path}: no such line setting as {data_bits}{parity}{stop_bits}")
    try:
        reader, writer = await serial_asyncio_fast.open_serial_connection(
            loop=asyncio.get_running_loop(),
            url=path,
            baudrate=baud,
            bytesize=BYTE_SIZES[data_bits],
            parity=PARITIES[parity],
            stopbits=stop_bits,
            xonxoff=xonxoff,
        )
    except (ValueError, termios.error) as error:  # the second: this port cannot do these settings
        raise ConfigRefused(f"{path}: {error}") from error
    except OSError as error:
        raise NotReady(f"{path}: {error}") from error
    return Link(reader, writer, path)
