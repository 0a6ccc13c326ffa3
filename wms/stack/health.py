"""Does it answer? Asked by health checks of containers and by probes."""

import asyncio
import os
from typing import Literal
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

import aiomqtt
import psycopg

from wms.settings import Settings

PATIENCE_S = 3


async def answers(what: Literal["api", "database", "broker"], settings: Settings) -> bool:
    """Tell whether it does, within a few seconds; without its URL the answer is no."""
    match what:
        case "api":
            return await asyncio.to_thread(_http, settings)
        case "database":
            return bool(settings.database_url) and await asyncio.to_thread(_database, settings.database_url or "")
        case "broker":
            return bool(settings.broker_url) and await mqtt(settings.broker_url or "")


async def mqtt(url: str) -> bool:
    """Tell whether the broker at `mqtt://user:password@host:port` admits that user."""
    at = urlsplit(url)
    client = aiomqtt.Client(
        at.hostname or "",
        at.port or 1883,
        username=unquote(at.username or "") or None,
        password=unquote(at.password or "") or None,
        identifier=f"probe-{os.getpid()}",
        timeout=PATIENCE_S,
    )
    try:
        async with client:
            return True
    except (aiomqtt.MqttError, OSError):
        return False


def _http(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.http_host in {"0.0.0.0", "::"} else settings.http_host
    try:
        with urlopen(f"http://{host}:{settings.http_port}/livez", timeout=PATIENCE_S) as answer:
            return bool(answer.status < 400)
    except (URLError, OSError):
        return False


def _database(url: str) -> bool:
    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=PATIENCE_S):
            return True
    except psycopg.OperationalError:
        return False
