"""TCP client with a connect limit and kernel keep-alives."""

import asyncio
import socket

from devices.contract.driver import NotReady
from devices.transports.link import Link

KEEPALIVE_IDLE_S, KEEPALIVE_EVERY_S, KEEPALIVE_PROBES = 5, 2, 3


async def connect(host: str, port: int, connect_timeout_s: float = 3.0) -> Link:
    """Connect to a device server. Errors: NotReady."""
    reader, writer = await open_stream(host, port, connect_timeout_s)
    return Link(reader, writer, f"{host}:{port}")


async def open_stream(
    host: str, port: int, connect_timeout_s: float = 3.0
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, with kernel keep-alives. Errors: NotReady."""
    name = f"{host}:{port}"
    try:
        async with asyncio.timeout(connect_timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        raise NotReady(f"{name}: no connection within {connect_timeout_s} s") from None
    except OSError as error:
        raise NotReady(f"{name}: {error.strerror or error}") from error
    sock: socket.socket = writer.get_extra_info("socket")
    keep_alive(sock)
    return reader, writer


def keep_alive(sock: socket.socket) -> None:
    """Let the kernel find a dead peer in about 11 s, idle or with unacknowledged data."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    limit_ms = (KEEPALIVE_IDLE_S + KEEPALIVE_EVERY_S * KEEPALIVE_PROBES) * 1000
    options = {
        "TCP_KEEPIDLE": KEEPALIVE_IDLE_S,
        "TCP_KEEPINTVL": KEEPALIVE_EVERY_S,
        "TCP_KEEPCNT": KEEPALIVE_PROBES,
        "TCP_USER_TIMEOUT": limit_ms,
    }
    for option, value in options.items():
        if hasattr(socket, option):  # not every system has them all
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
