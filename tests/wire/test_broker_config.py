"""The broker's configuration on a real Mosquitto: what each user may say arrives, what it may not does not."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from devices.firmware.render import render
from tests.conftest import ROOT, free_port

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
FOLDER = ROOT / "firmware_configs" / "broker" / "eclipse_mosquitto"
USERS = ("wes", "gw-1", "gw-2", "agv-1", "agv-2")
pytestmark = [
    pytest.mark.wire,
    pytest.mark.skipif(MOSQUITTO is None, reason="no broker: install the package mosquitto"),
]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, port = tmp_path_factory.mktemp("mosquitto"), free_port()
    (folder / "data").mkdir()
    conf = render(FOLDER / "site_conf", {"port": port, "folder": str(folder), "data": f"{folder}/data/"}).content
    # Started by root it would give up its rights, and the test's folder is not its own.
    (folder / "wharfinger.conf").write_bytes(conf + f"user {_me()}\n".encode())
    acl = render(FOLDER / "site_acl", {"gateways": ["gw-1", "gw-2"], "manufacturers": ["ACME"]}).content
    (folder / "wharfinger.acl").write_bytes(acl)
    passwords = folder / "wharfinger.passwords"
    passwords.touch(0o600)
    for user in USERS:
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, f"pw-{user}"], check=True, capture_output=True)
    broker = subprocess.Popen([str(MOSQUITTO), "-c", str(folder / "wharfinger.conf")], stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        broker.terminate()
        broker.wait(10)


def _me() -> str:
    import getpass

    return getpass.getuser()


class Peer:
    def __init__(self, port: int, user: str, listens: str = "") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.answer: ReasonCode | None = None
        self._subscribed = not listens
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"probe-{user}-{time.monotonic_ns()}")
        if user:
            self.client.username_pw_set(user, f"pw-{user}")
        self.client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload))
        self.client.on_subscribe = lambda *_: setattr(self, "_subscribed", True)

        def connected(client: mqtt.Client, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
            self.answer = reason
            if listens and not reason.is_failure:
                client.subscribe(listens, 1)

        self.client.on_connect = connected
        end = time.monotonic() + 20
        while True:
            try:
                self.client.connect("127.0.0.1", port)
                break
            except OSError:
                assert time.monotonic() < end, "the broker does not listen"
                time.sleep(0.05)
        self.client.loop_start()
        until(lambda: self.answer is not None and (self._subscribed or self.answer.is_failure))

    def say(self, topic: str) -> None:
        self.client.publish(topic, json.dumps({"topic": topic}), qos=1).wait_for_publish(10)


def until(true: object) -> None:
    end = time.monotonic() + 20
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_nobody_comes_in_without_a_name_or_with_another_password(port: int) -> None:
    nameless = Peer(port, "")
    assert nameless.answer is not None and nameless.answer.is_failure
    stranger = Peer(port, "mallory")
    assert stranger.answer is not None and stranger.answer.is_failure


def test_gateways_and_vehicles_say_only_what_is_theirs(port: int) -> None:
    wes, gateway, other = Peer(port, "wes", "wms/v1/#"), Peer(port, "gw-1", "uagv/v2/#"), Peer(port, "gw-2")
    vehicle = Peer(port, "agv-1", "uagv/v2/ACME/agv-1/order")
    for topic in ("uagv/v2/ACME/agv-2/state", "uagv/v2/ACME/agv-1/order", "wms/v1/gw-1/ev", "uagv/v2/ACME/agv-1/state"):
        vehicle.say(topic)
    for topic in ("wms/v1/gw-1/ev", "wms/v1/gw-2/ev"):
        other.say(topic)
    gateway.say("wms/v1/gw-1/ev")
    gateway.say("uagv/v2/ACME/agv-1/order")
    until(lambda: len(wes.heard) >= 2 and len(vehicle.heard) >= 1 and len(gateway.heard) >= 2)
    time.sleep(0.3)  # what must not arrive has had its time
    assert sorted(t for t, _ in wes.heard) == ["wms/v1/gw-1/ev", "wms/v1/gw-2/ev"]
    assert [t for t, _ in vehicle.heard] == ["uagv/v2/ACME/agv-1/order"]
    assert [t for t, _ in gateway.heard] == ["uagv/v2/ACME/agv-1/state", "uagv/v2/ACME/agv-1/order"]
