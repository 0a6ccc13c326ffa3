"""docker-compose.yml fits the specification, names only what exists, and each command of it really runs."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import pytest
import yaml

from devices.gateway.config import load
from tests.conftest import free_port, stop
from wms.settings import PREFIX, Settings
from wms.stack import secret_files

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BIN = Path(sys.executable).parent
OURS = ("wms", "python")
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/sbin")


def our_commands() -> list[list[str]]:
    """Commands and health checks that our image runs, without the words that stand after `--`."""
    found = [service["command"] for service in SERVICES.values() if service.get("command", [""])[0] in OURS]
    checks = [service.get("healthcheck", {}).get("test", [""])[1:] for service in SERVICES.values()]
    return found + [check for check in checks if check and check[0] in OURS]


def test_fits_the_compose_specification() -> None:
    check = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(ROOT / "docker-compose.yml")]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", our_commands(), ids=" ".join)
def test_command_exists(command: list[str]) -> None:
    """With --help in the place of nothing: options and arguments are parsed, an unknown one fails."""
    program = [str(BIN / command[0]), *command[1:], "--help"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "usage" in done.stdout.lower()


def test_every_service_is_watched_and_restarted() -> None:
    for name, service in SERVICES.items():
        if name not in {"migrate", "simulators"}:
            assert "healthcheck" in service, name
            assert service["restart"] == "unless-stopped", name
    assert SERVICES["api"]["deploy"]["replicas"] >= 2


def test_what_services_name_is_there(tmp_path: Path) -> None:
    made = {path.name for path in secret_files.make(tmp_path / "secrets")}
    for name, secret in COMPOSE["secrets"].items():
        assert Path(secret["file"]) == Path("deploy/secrets") / name
        assert name in made
    for name, service in SERVICES.items():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"]), name
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"]), name
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], volume


def test_variables_are_settings_and_files_are_secrets() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if variable.startswith(PREFIX) and service.get("image", "").startswith("wharfinger"):
                assert variable.removeprefix(PREFIX).removesuffix("_FILE").lower() in Settings.model_fields, variable
            if variable.endswith("_FILE"):
                assert Path(value).name in service["secrets"], f"{name} {variable}"


def test_settings_come_from_secret_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WMS_DATABASE_URL", raising=False)
    (tmp_path / "url").write_text("postgresql+psycopg://wms:x@database/wms\n")
    monkeypatch.setenv("WMS_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert Settings().database_url == "postgresql+psycopg://wms:x@database/wms"
    assert "wms:x" not in repr(Settings())
    monkeypatch.setenv("WMS_DATABASE_URL", "postgresql+psycopg://elsewhere/wms")
    assert Settings().database_url == "postgresql+psycopg://elsewhere/wms"


def test_secrets_are_made_once(tmp_path: Path) -> None:
    assert secret_files.make(tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert secret_files.make(tmp_path) == []
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    assert before["database_password"] in before["database_url"]


def test_gateway_configuration_is_valid() -> None:
    config = load(ROOT / "deploy" / "gateway.yaml")
    assert config.gateway == "gw-1"
    assert str(config.broker.password_file) == "/run/secrets/broker_password_gw-1"


@pytest.mark.integration
@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed (apt-get install mosquitto)")
async def test_mosquitto_takes_configuration_rights_and_passwords(tmp_path: Path) -> None:
    secret_files.make(tmp_path / "secrets")
    port, conf = free_port(), (ROOT / "deploy" / "mosquitto.conf").read_text()
    (tmp_path / "mosquitto.acl").write_text((ROOT / "deploy" / "mosquitto.acl").read_text())
    for inside, here in {
        "listener 1883": f"listener {port} 127.0.0.1\nuser root",
        "/run/secrets": str(tmp_path / "secrets"),
        "/mosquitto/config": str(tmp_path),
        "/mosquitto/data": str(tmp_path),
    }.items():
        assert inside in conf
        conf = conf.replace(inside, here)
    (tmp_path / "mosquitto.conf").write_text(conf)
    process = subprocess.Popen([str(MOSQUITTO), "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.PIPE)
    try:
        await _until_open(port, process)
        may = {
            "gw-1": {"wms/v1/gw-1/ev", "uagv/v2/acme/1/order"},
            "vehicles": {"uagv/v2/acme/1/order"},
            "wes": {"wms/v1/gw-1/ev", "wms/v1/gw-2/ev", "uagv/v2/acme/1/order"},
        }
        for user, allowed in may.items():
            assert await _delivered(tmp_path / "secrets", port, user) == allowed, user
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", port, timeout=3):
                pass
    finally:
        stop(process, 15)


async def _until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.poll() is None, process.stderr and process.stderr.read()
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


async def _delivered(secrets: Path, port: int, user: str) -> set[str]:
    """Answer the topics on which WES hears what `user` publishes."""

    def client(name: str, identifier: str) -> aiomqtt.Client:
        at = urlsplit((secrets / f"broker_url_{name}").read_text())
        return aiomqtt.Client(
            "127.0.0.1", port, username=at.username, password=at.password, identifier=identifier, timeout=3
        )

    got = set[str]()
    async with client("wes", "ears") as ears, client(user, "mouth") as mouth:
        await ears.subscribe("#", qos=1)
        for topic in ("wms/v1/gw-1/ev", "wms/v1/gw-2/ev", "uagv/v2/acme/1/order", "other/topic"):
            await mouth.publish(topic, user.encode(), qos=1)
        try:
            async with asyncio.timeout(0.7):
                async for message in ears.messages:
                    got.add(str(message.topic))
        except TimeoutError:
            pass
    return got
