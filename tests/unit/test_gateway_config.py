"""gateway.yaml: what is refused, and where secrets come from. Command payloads of any bytes."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import drivers
from devices.contract.driver import ConfigRefused
from devices.drivers.printer.driver import PrinterDriver
from devices.drivers.scale.driver import ScaleDriver
from devices.gateway.bridge import BadCommand, parse_command
from devices.gateway.config import BadConfig, load

GOOD = """\
gateway: gw-1
broker: {url: "mqtt://gw-1@127.0.0.1:1883", password_file: secret}
spool: {path: spool.db}
devices:
  - {id: scale-1, family: scale, config: {host: 127.0.0.1, port: 4001}}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    return path


def test_paths_count_from_the_file_and_the_password_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    config = load(write(tmp_path, GOOD))
    assert config.spool.path == tmp_path / "spool.db"
    assert (config.broker.host, config.broker.port, config.broker.user) == ("127.0.0.1", 1883, "gw-1")
    assert config.broker.password() == "s3cret"


def test_the_password_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WMS_MQTT_PASSWORD", "from env")
    config = load(write(tmp_path, GOOD.replace(", password_file: secret", "")))
    assert config.broker.password() == "from env"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("mqtt://", "http://", "broker.url"),
        ("gateway: gw-1", "gateway: gw/1", "gateway"),
        ("id: scale-1", "id: 'a b'", "devices.0.id"),
        ("family: scale", "famly: scale", "devices.0"),
        ("gateway: gw-1", "gateway: [", "gateway.yaml"),
    ],
)
def test_a_wrong_file_names_the_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    with pytest.raises(BadConfig, match=place):
        load(write(tmp_path, GOOD.replace(old, new)))


def test_two_devices_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="scale-1"):
        load(write(tmp_path, GOOD + "  - {id: scale-1, family: printer}\n"))


def test_unknown_families_and_settings_are_refused() -> None:
    with pytest.raises(ConfigRefused, match="toaster"):
        drivers.load("toaster")
    with pytest.raises(ConfigRefused, match="serial"):
        ScaleDriver({"host": "h", "port": 1, "serial": "/dev/ttyS0"})
    with pytest.raises(ConfigRefused, match="port"):
        PrinterDriver({"host": "h", "port": 0})


@settings(deadline=None)  # a busy machine is not a failure
@given(st.binary(max_size=200) | st.sampled_from([b"[" * 60_000, b'{"id":1}', b'{"id":"x"}', b"null", b"\xff\xfe"]))
def test_any_payload_is_a_command_or_refused(payload: bytes) -> None:
    with pytest.raises(BadCommand):
        parse_command(payload)


@pytest.mark.parametrize("expires_at", ["2026-01-01T00:00:00", "soon", 5, None])
def test_a_command_without_a_definite_end_is_refused(expires_at: object) -> None:
    body = {"id": "c", "device": "d", "kind": "weigh", "expires_at": expires_at, "data": {}}
    with pytest.raises(BadCommand) as caught:
        parse_command(json.dumps(body).encode())
    assert caught.value.command_id == "c"
