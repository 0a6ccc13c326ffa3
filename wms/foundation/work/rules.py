"""The life of a task."""

from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "open": {"claim": "claimed", "cancel": "cancelled", "finish": "done"},
    "claimed": {"release": "open", "finish": "done", "short": "shorted", "cancel": "cancelled"},
    "done": {},
    "shorted": {},
    "cancelled": {},
}


class UnknownTask(Refusal):
    """No such task."""

    code, status = "work.unknown_task", 404


class NotYourTask(Refusal):
    """Someone else holds this task."""

    code, status = "work.not_yours", 409


class TaskClosed(Refusal):
    """The task is already done or was cancelled."""

    code, status = "work.task_closed", 409


class NothingClaimed(Refusal):
    """This person holds no such work."""

    code, status = "work.nothing_claimed", 409


class UnknownStation(Refusal):
    """No such station."""

    code, status = "work.unknown_station", 404


class StationLocked(Refusal):
    """A device of this station is locked; work goes on at the station named, or by hand on a device that was checked."""

    code, status = "work.station_locked", 409


def step(state: str, event: str) -> str:
    """Errors: TaskClosed."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise TaskClosed(state=state, event=event) from None
