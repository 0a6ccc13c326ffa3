"""`python -m devices.gateway --config gateway.yaml`"""

import argparse
import asyncio
import logging
import signal
import sqlite3
import sys
from pathlib import Path

from devices.contract.clock import WallClock
from devices.gateway.bridge import Bridge
from devices.gateway.config import BadConfig, GatewayConfig, load
from devices.gateway.spool import Spool
from devices.gateway.supervisor import Supervisor

log = logging.getLogger(__name__)

EXIT_CONFIG, EXIT_SPOOL = 2, 3


async def run(config: GatewayConfig) -> None:
    """Serve all devices until cancelled. Errors: sqlite3.Error when the spool cannot be opened."""
    clock, spool = WallClock(), Spool(config.spool.path, config.spool.max_rows, config.spool.max_bytes)
    devices = {d.id: Supervisor(d, config.broker, clock, spool) for d in config.devices}
    bridge = Bridge(config.gateway, config.broker, clock, spool, devices)
    log.info("gateway %s: %d devices, spool epoch %s", config.gateway, len(devices), spool.epoch)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bridge.run())
            for supervisor in devices.values():
                tasks.create_task(supervisor.run())
    finally:
        spool.close()


async def _run_until_signal(config: GatewayConfig) -> None:
    work, loop = asyncio.create_task(run(config)), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("gateway %s stopped", config.gateway)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m devices.gateway", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=arguments.log_level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        config = load(arguments.config)
    except BadConfig as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    try:
        asyncio.run(_run_until_signal(config))
    except sqlite3.Error as error:
        print(f"{config.spool.path}: {error}", file=sys.stderr)
        return EXIT_SPOOL
    return 0
