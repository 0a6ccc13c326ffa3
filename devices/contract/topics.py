"""Every MQTT topic of the gateway link, in one place. VDA 5050 topics are the vehicles' own and live in their driver."""

PREFIX = "wms/v1"
ALL_EVENTS = f"{PREFIX}/+/ev"
ALL_HEALTH = f"{PREFIX}/+/health"


def events(gateway: str) -> str:
    """Reports, gateway to WES, QoS 1."""
    return f"{PREFIX}/{gateway}/ev"


def acks(gateway: str) -> str:
    """Application acknowledgements, WES to gateway, QoS 1: the only thing that lets the spool delete."""
    return f"{PREFIX}/{gateway}/ack"


def commands(gateway: str) -> str:
    """Commands, WES to gateway, QoS 1, each with `expires_at`."""
    return f"{PREFIX}/{gateway}/cmd"


def health(gateway: str) -> str:
    """Health, gateway to WES, QoS 0, every 2 s."""
    return f"{PREFIX}/{gateway}/health"


def gateway_of(topic: str) -> str:
    """Gateway id of a topic under our prefix. Errors: ValueError for any other topic."""
    head, _, rest = topic.partition(f"{PREFIX}/")
    gateway, slash, _ = rest.partition("/")
    if head or not gateway or not slash:
        raise ValueError(f"not a gateway topic: {topic!r}")
    return gateway
