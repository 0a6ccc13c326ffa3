"""The life of a wave and what is refused."""

from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "planning": {"plan": "planned", "confirm": "releasing", "release": "released", "undo": "undone"},
    "planned": {"confirm": "releasing", "undo": "undone"},
    "releasing": {"confirm": "releasing", "release": "released", "undo": "undone"},
    "released": {
        "confirm": "released", "release": "released", "pause": "paused", "finish": "done", "undo": "undone",
    },
    "paused": {"confirm": "paused", "release": "paused", "resume": "released", "undo": "undone"},
    "done": {},
    "undone": {},
}  # fmt: skip
"""planning: a plan is being made. planned: it is shown and waits for a person. releasing: its stock is being reserved."""

PART_ORDERS = 64
"""Orders of a wave released in one transaction: long enough to be quick, short enough to hold nobody up."""
DRAFT_MIN = 30
"""A plan that nobody confirmed for so long stands on stock and people that are no longer there."""


class UnknownWave(Refusal):
    """No such wave."""

    code, status = "release.unknown_wave", 404


class WaveClosed(Refusal):
    """The wave's state does not allow this."""

    code, status = "release.wave_closed", 409


class NothingToRelease(Refusal):
    """No accepted order matches."""

    code, status = "release.nothing_to_release", 409


class NoWall(Refusal):
    """Zones can pick apart only where a put wall brings an order together again."""

    code, status = "release.no_wall", 409


class NoPods(Refusal):
    """Goods come to a person only where the site has pods and a station that they are brought to."""

    code, status = "release.no_pods", 409


class NotInWave(Refusal):
    """The order is not in this wave."""

    code, status = "release.not_in_wave", 404


class UnknownChannel(Refusal):
    """No such release channel."""

    code, status = "release.unknown_channel", 404


class BadChannel(Refusal):
    """The channel's settings contradict each other."""

    code, status = "release.bad_channel", 422


def step(state: str, event: str) -> str:
    """Errors: WaveClosed."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise WaveClosed(state=state, event=event) from None
