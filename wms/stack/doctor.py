"""What is wrong with this installation, in sentences that say what to do."""

import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory

import wms
from wms.settings import Settings
from wms.stack.broker import nats_server
from wms.stack.local import KEPT_CONNECTIONS, LEAST_FREE_BYTES, MAX_CONNECTIONS, Stack
from wms.stack.postgres import OLDEST_MAJOR
from wms.stack.process import StackFault
from wms.stack.supervisor import read_status


@dataclass(frozen=True)
class Finding:
    level: Literal["ok", "warn", "bad"]
    what: str
    says: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a stack that runs is examined too."""
    running = read_status(settings.data_dir) is not None
    checks = [_python(), _disk(settings), _connections(settings), _secrets(settings)]
    checks += [_binaries(settings)] if settings.database_url is None or settings.broker_url is None else []
    checks += [] if running else _ports(settings)
    return [*checks, *_database(settings, running)]


def alembic_config(settings: Settings) -> Config:
    """Alembic's configuration without an ini file; the URL is the settings' own."""
    config = Config()
    config.set_main_option("script_location", str(Path(wms.__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", (settings.database_url or "").replace("%", "%%"))
    return config


def migration_state(settings: Settings) -> tuple[str | None, str | None]:
    """Answer the database's revision and the newest one in the code. Errors: psycopg.OperationalError."""
    newest = ScriptDirectory.from_config(alembic_config(settings)).get_current_head()
    with psycopg.connect(_libpq(settings.database_url or ""), connect_timeout=5) as db:
        table = db.execute("SELECT to_regclass('alembic_version')").fetchone()
        if table is None or table[0] is None:
            return None, newest
        row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    return (str(row[0]) if row else None), newest


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("ok" if sys.version_info >= (3, 11) else "bad", "python", f"{version}, wharfinger {wms.__version__}")


def _disk(settings: Settings) -> Finding:
    there = next(folder for folder in (settings.data_dir, *settings.data_dir.resolve().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    level: Literal["ok", "warn", "bad"] = "ok" if free > 10 * LEAST_FREE_BYTES else "warn"
    return Finding("bad" if free < LEAST_FREE_BYTES else level, "disk", f"{free // 1_000_000} MB free for {there}")


def _connections(settings: Settings) -> Finding:
    wanted, given = (settings.http_workers + 1) * settings.db_pool_size, MAX_CONNECTIONS - KEPT_CONNECTIONS
    return Finding("ok" if wanted <= given else "bad", "connections", f"{wanted} wanted, {given} to be had")


def _secrets(settings: Settings) -> Finding:
    kept = settings.data_dir / "secrets"
    if os.name != "posix" or not kept.exists():
        return Finding("ok", "secrets", "none kept yet")
    open_ones = [str(path) for path in (kept, *kept.iterdir()) if path.stat().st_mode & 0o077]
    if open_ones:
        return Finding("bad", "secrets", f"others can read {', '.join(open_ones)}: chmod go= them")
    return Finding("ok", "secrets", f"private in {kept}")


def _binaries(settings: Settings) -> Finding:
    try:
        stack = Stack(settings, apps=False)
        found = [f"PostgreSQL {stack.postgres.major}" if stack.postgres else "", nats_server() if stack.broker else ""]
    except (StackFault, OSError) as error:
        return Finding("bad", "embedded servers", str(error))
    return Finding("ok", "embedded servers", ", ".join(filter(None, found)))


def _ports(settings: Settings) -> list[Finding]:
    wanted = {"web": (settings.http_host, settings.http_port, "WMS_HTTP_PORT")}
    if settings.broker_url is None:
        wanted["broker"] = (settings.broker_host, settings.broker_port, "WMS_BROKER_PORT")
    return [_port(what, *where) for what, where in wanted.items()]


def _port(what: str, host: str, port: int, variable: str) -> Finding:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Finding("bad", f"{what} port {port}", f"{error.strerror}: choose another with {variable}")
    return Finding("ok", f"{what} port {port}", "free")


def _database(settings: Settings, running: bool) -> list[Finding]:
    if settings.database_url is None and not running:
        return [Finding("ok", "database", "embedded, not running")]
    stack = Stack(settings, apps=False)
    try:
        with psycopg.connect(_libpq(stack.database_url), connect_timeout=5) as db:
            major = db.info.server_version // 10_000
        now, newest = migration_state(settings.model_copy(update={"database_url": stack.database_url}))
    except psycopg.Error as error:
        return [Finding("bad", "database", str(error).strip())]
    except Exception as error:  # alembic tells a broken history in many classes
        return [Finding("bad", "migrations", str(error))]
    return [
        Finding("ok" if major >= OLDEST_MAJOR else "bad", "database", f"PostgreSQL {major}"),
        Finding("ok" if now == newest else "warn", "migrations", f"database {now or 'empty'}, newest {newest}"),
    ]
