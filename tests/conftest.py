"""What every test may ask for.

| fixture    | scope   | gives |
|------------|---------|-------|
| `cluster`  | session | a running embedded PostgreSQL (`Cluster`); one per pytest process, so one per xdist worker |
| `pg_url`   | session | SQLAlchemy URL (`postgresql+psycopg://...`) of the cluster's empty database `wms` |
| `new_db`   | session | `new_db(migrated=True) -> url`: a further database; migrated ones are copied from a template, about 50 ms |
| `fresh_db` | module  | URL of an own, empty database for this test module |
| `migrated_db` | module | URL of an own database for this test module, schema at `head` |
| `broker`   | session | a running embedded broker (`Broker`): `.url("wes")`, `.url("gw-1")`, `.embedded.add_agv(...)` |

PostgreSQL and broker are the real ones of `wms.stack`, kept in a temporary folder, deleted at the end; the kernel ends
them if pytest is killed. URLs carry their credentials. A test that uses one of these needs no marker: it is marked
`integration` here.
"""

import asyncio
import contextlib
import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from wms.stack.broker import EmbeddedBroker
from wms.stack.postgres import EmbeddedPostgres
from wms.stack.process import die_with_parent
from wms.stack.supervisor import Child

ROOT = Path(__file__).resolve().parents[1]
STARTED = {"cluster", "broker"}

# The same examples each time, however slow the machine: a run must not fail by chance. `make long` draws others, and more.
settings.register_profile("short", derandomize=True, deadline=None)
settings.register_profile("long", deadline=None, max_examples=2000)
settings.load_profile("long" if os.environ.get("WMS_LONG") else "short")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if STARTED & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.integration)


@dataclass
class Cluster:
    """The session's PostgreSQL."""

    postgres: EmbeddedPostgres
    made: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _template: str | None = None

    def url(self, database: str = "wms") -> str:
        return self.postgres.url(database)

    def new_db(self, migrated: bool = False) -> str:
        """Make a database and answer its SQLAlchemy URL."""
        with self._lock:
            template = self._migrated_template() if migrated else "template1"
            return self.url(self._create(template))

    def drop(self, url: str) -> None:
        name = url.rsplit("/", 1)[-1].split("?")[0]
        with psycopg.connect(self.postgres.libpq_url("postgres"), autocommit=True) as db:
            db.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _create(self, template: str) -> str:
        name = f"t_{secrets.token_hex(6)}"
        with psycopg.connect(self.postgres.libpq_url("postgres"), autocommit=True) as db:
            db.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return name

    def _migrated_template(self) -> str:
        if self._template is None:
            name = self._create("template1")
            done = subprocess.run(
                [sys.executable, "-m", "wms", "db", "upgrade"],
                env={**os.environ, "WMS_DATABASE_URL": self.url(name)},
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"wms db upgrade failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
            self._template = name
        return self._template


@dataclass
class Broker:
    """The session's MQTT broker; users `wes`, `gw-1` and `vehicles` exist."""

    embedded: EmbeddedBroker

    def url(self, user: str = "wes") -> str:
        return self.embedded.url(user)


@pytest.fixture(scope="session")
def stack_dir() -> Iterator[Path]:
    """A short folder (socket paths are) that an unprivileged account may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="wms-t-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(stack_dir: Path) -> Iterator[Cluster]:
    postgres = EmbeddedPostgres(stack_dir / "pg", home=stack_dir / "c")
    child = postgres.child()
    # A killed server loses nothing by it, only a machine that loses its power would: no test does that.
    process = start(replace(child, argv=[*child.argv, "-c", "fsync=off"]))
    yield Cluster(postgres)
    stop(process, signal.SIGQUIT if os.name == "posix" else signal.SIGTERM)


@pytest.fixture(scope="session")
def pg_url(cluster: Cluster) -> str:
    return cluster.url()


@pytest.fixture(scope="session")
def new_db(cluster: Cluster) -> Callable[..., str]:
    return cluster.new_db


@pytest.fixture(scope="module")
def fresh_db(cluster: Cluster) -> Iterator[str]:
    url = cluster.new_db()
    yield url
    cluster.drop(url)


@pytest.fixture(scope="module")
def migrated_db(cluster: Cluster) -> Iterator[str]:
    url = cluster.new_db(migrated=True)
    yield url
    cluster.drop(url)


@pytest.fixture(scope="session")
def broker(stack_dir: Path) -> Iterator[Broker]:
    embedded = EmbeddedBroker(stack_dir / "mqtt", port=free_port())
    embedded.add_gateway("gw-1")
    embedded.add_vehicles()
    process = start(embedded.child())
    yield Broker(embedded)
    stop(process, signal.SIGTERM)


def free_port() -> int:
    """A port that nothing listens on, never the same twice. It lies below those that the kernel gives to connections, and
    in this xdist worker's own range, so that nobody takes it between here and the server that is to listen on it."""
    while True:
        port = next(_ports)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
_BELOW, _MANY = 17_000 + 3_800 * _WORKER, 3_800
_ports = (_BELOW + (os.getpid() * 41 + n) % _MANY for n in itertools.count())
"""From a place of this run's own: two runs side by side on one machine seldom meet."""


def start(child: Child) -> subprocess.Popen[bytes]:
    """Start a child of the stack without its supervisor and wait until it is ready."""
    if child.before:
        child.before()
    who = {"user": child.account.uid, "group": child.account.gid, "extra_groups": []} if child.account else {}
    process = subprocess.Popen(
        list(child.argv),
        env={**os.environ, **child.env},
        cwd=child.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGKILL),
        **who,
    )
    ready = child.ready
    assert ready is not None

    async def wait() -> None:
        async with asyncio.timeout(60):
            while not await ready():
                assert process.poll() is None, f"{child.name} ended with {process.returncode}"
                await asyncio.sleep(0.05)

    asyncio.run(wait())
    return process


def stop(process: subprocess.Popen[bytes], sig: int) -> None:
    process.send_signal(sig)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
