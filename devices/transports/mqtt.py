"""What became of a connection to an MQTT broker, in the driver contract's terms."""

import aiomqtt

from devices.contract.driver import NotReady

_REFUSED = ("Bad user name or password", "Not authorized")


def not_ready(error: aiomqtt.MqttError) -> NotReady:
    """Never ConfigRefused: a broker that takes over changed users refuses right credentials too (2 of 480 connections
    at nats-server 2.15 while users were added), and a user may be admitted after its device was configured.
    """
    refused = any(reason in str(error) for reason in _REFUSED)
    return NotReady(f"mqtt.{'credentials' if refused else 'connection'}: {error}")
