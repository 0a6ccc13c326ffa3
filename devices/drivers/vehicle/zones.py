"""Zones of VDA 5050 3.0.0: which zone set a vehicle should have enabled, and the answers to what it asks for. Pure.

Source: schemas zoneSet, responses and state of 3.0.0 (main, 2026-07). Who may enter a zone is the fleet controller's to
say; a driver alone sees one vehicle, so it rejects every request unless the site says that all may be granted.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
GRANTS = ("reject", "grant")
_TYPES = frozenset(
    [
        "BLOCKED",
        "LINE_GUIDED",
        "RELEASE",
        "COORDINATED_REPLANNING",
        "SPEED_LIMIT",
        "ACTION",
        "PRIORITY",
        "PENALTY",
        "DIRECTED",
        "BIDIRECTED",
    ]
)
_NEEDS = {
    "RELEASE": ("releaseLossBehavior",),
    "SPEED_LIMIT": ("maximumSpeed",),
    "ACTION": ("entryActions", "duringActions", "exitActions"),
    "PRIORITY": ("priorityFactor",),
    "PENALTY": ("penaltyFactor",),
}
_RENEW = 0.5
"""Share of a lease after which it is granted anew."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a vehicle asks leave for: a zone (ACCESS, REPLANNING) or the corridor of an edge (CORRIDOR)."""

    id: str
    kind: str
    of: str
    status: str
    """REQUESTED, GRANTED, REVOKED or EXPIRED."""


def stored(message: Json) -> dict[str, str]:
    """zoneSetId to ENABLED or DISABLED, of a state message. Errors: KeyError, TypeError."""
    return {str(one["zoneSetId"]): str(one["zoneSetStatus"]) for one in message.get("zoneSets") or ()}


def requests(message: Json) -> tuple[Request, ...]:
    """Every request of a state message. Errors: KeyError, TypeError."""
    asked = [(one, "zoneId") for one in message.get("zoneRequests") or ()]
    asked += [(one, "edgeId") for one in message.get("edgeRequests") or ()]
    return tuple(
        Request(str(one["requestId"]), str(one["requestType"]), str(one[of]), str(one["requestStatus"]))
        for one, of in asked
    )


def check(raw: Any) -> Json:
    """A zone set as it may be sent. Errors: ValueError with what is wrong."""
    try:
        name, zones = f"zone set {raw['zoneSetId']!r}", list(raw["zones"])
        if not str(raw["zoneSetId"]) or not isinstance(raw["mapId"], str):
            raise ValueError(f"{name}: zoneSetId and mapId must be texts")
        for zone in zones:
            kind = zone["zoneType"]
            if kind not in _TYPES:
                raise ValueError(f"{name}: zone {zone['zoneId']!r} has the unknown type {kind!r}")
            if missing := [need for need in _NEEDS.get(kind, ()) if need not in zone]:
                raise ValueError(f"{name}: zone {zone['zoneId']!r} of type {kind} lacks {', '.join(missing)}")
            if len([(float(v["x"]), float(v["y"])) for v in zone["vertices"]]) < 3:
                raise ValueError(f"{name}: zone {zone['zoneId']!r} has fewer than three vertices")
        if len({zone["zoneId"] for zone in zones}) < len(zones):
            raise ValueError(f"{name}: a zoneId stands twice")
    except (KeyError, TypeError) as error:
        raise ValueError(f"zone set: {error!r}") from error
    return dict(raw)


@dataclass(slots=True)
class Zones:
    """What is still to be said to one vehicle about zones. A message is repeated until the state shows its effect."""

    zone_set: Json | None
    grants: str
    lease_s: float
    resend_s: float
    _said_s: dict[str, float] = field(default_factory=dict)
    _tries: int = 0

    def due(
        self, sets: dict[str, str], asked: tuple[Request, ...], loop_s: float, now: datetime
    ) -> list[tuple[str, Json]]:
        """(topic, body) of each message to send at `loop_s` of the loop's clock, `now` by the wall."""
        messages: list[tuple[str, Json]] = []
        if self.zone_set is not None and (status := sets.get(self.zone_set["zoneSetId"])) != "ENABLED":
            if status is None and self._again("zoneSet", loop_s, self.resend_s):
                messages.append(("zoneSet", {"zoneSet": self.zone_set}))
            elif status is not None and self._again("enable", loop_s, self.resend_s):
                messages.append(("instantActions", self._enable(self.zone_set["zoneSetId"])))
        answers = [answer for request in asked if (answer := self._answer(request, loop_s, now)) is not None]
        self._said_s = {
            key: at for key, at in self._said_s.items() if key in ("zoneSet", "enable") or key in {r.id for r in asked}
        }
        return [*messages, ("responses", {"responses": answers})] if answers else messages

    def _again(self, what: str, loop_s: float, pause_s: float) -> bool:
        if loop_s - self._said_s.get(what, float("-inf")) < pause_s:
            return False
        self._said_s[what] = loop_s
        return True

    def _enable(self, zone_set_id: str) -> Json:
        self._tries += 1
        parameters = [{"key": "zoneSetId", "value": zone_set_id}]
        action = {"actionType": "enableZoneSet", "actionId": f"enableZoneSet-{zone_set_id}-{self._tries}"}
        return {"actions": [{**action, "blockingType": "NONE", "actionParameters": parameters}]}

    def _answer(self, request: Request, loop_s: float, now: datetime) -> Json | None:
        """A lease is renewed while the vehicle holds it; REVOKED and EXPIRED are over."""
        pause_s = {"REQUESTED": self.resend_s, "GRANTED": self.lease_s * _RENEW}.get(request.status)
        if pause_s is None or (request.status == "GRANTED" and self.grants != "grant"):
            return None
        if not self._again(request.id, loop_s, pause_s):
            return None
        if self.grants == "reject":
            return {"requestId": request.id, "grantType": "REJECTED"}
        until = (now + timedelta(seconds=self.lease_s)).astimezone(UTC)
        expiry = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"requestId": request.id, "grantType": "GRANTED", "leaseExpiry": expiry}
