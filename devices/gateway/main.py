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
from devices.gateway.control import Control, socket_path
from devices.gateway.floor import Floor
from devices.gateway.spool import Spool

log = logging.getLogger(__name__)

EXIT_CONFIG, EXIT_SPOOL = 2, 3


async def run(config: GatewayConfig, path: Path) -> None:
    """Serve all devices until cancelled; SIGHUP reads the file anew. Errors: sqlite3.Error when the spool cannot be opened."""
    clock, spool = WallClock(), Spool(config.spool.path, config.spool.max_rows, config.spool.max_bytes)
    floor = Floor(config, clock, spool)
    bridge = Bridge(config.gateway, config.broker, clock, spool, floor)
    control = Control(floor, path, clock, bridge.health)
    log.info("gateway %s: %d devices, spool epoch %s", config.gateway, len(config.devices), spool.epoch)
    floor.start()
    if hasattr(signal, "SIGHUP"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, floor, path)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bridge.run())
            tasks.create_task(control.serve(socket_path(config.spool.path)))
    finally:
        await floor.stop()
        spool.close()


_reloading: set["asyncio.Task[object]"] = set()


def _reload(floor: Floor, path: Path) -> None:
    try:
        task: asyncio.Task[object] = asyncio.create_task(floor.change(load(path)))
    except BadConfig as error:
        log.error("the configuration stays as it was: %s", error)
        return
    _reloading.add(task)
    task.add_done_callback(_reloaded)


def _reloaded(task: "asyncio.Task[object]") -> None:
    _reloading.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the configuration stays as it was: %s", error)


async def _run_until_signal(config: GatewayConfig, path: Path) -> None:
    work, loop = asyncio.create_task(run(config, path)), asyncio.get_running_loop()
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
        asyncio.run(_run_until_signal(config, arguments.config))
    except sqlite3.Error as error:
        print(f"{config.spool.path}: {error}", file=sys.stderr)
        return EXIT_SPOOL
    return 0
