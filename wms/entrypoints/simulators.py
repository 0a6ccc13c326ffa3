"""Simulated devices beside this installation: what goes wrong with them, asked of and told to their own process.

`WMS_SIMULATORS_URL` says where that is; a real site has none. A test of the floor may break a simulator, never a ledger.
"""

from typing import Any
from urllib.parse import quote

import httpx
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from wms.db.uow import UnitOfWork
from wms.db.web import Uow, UowRoute, needs
from wms.kernel.errors import Refusal

router = APIRouter(prefix="/api/v1/simulators", tags=["simulators"], route_class=UowRoute)
TIMEOUT_S = 3.0


class SimulatorsAbsent(Refusal):
    """This site has no simulated devices."""

    code, status = "simulators.absent", 404


class SimulatorsSilent(Refusal):
    """The simulators do not answer."""

    code, status, retry_helps = "simulators.silent", 409, True


class NoSuchFault(Refusal):
    """There is no such simulated device, or it has no such fault."""

    code, status = "simulators.no_fault", 404


class BadFault(Refusal):
    """The fault cannot be set to this value."""

    code, status = "simulators.bad_value", 422


class FaultIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: float = Field(default=1, allow_inf_nan=False)
    for_s: float | None = Field(default=None, gt=0, le=86_400, allow_inf_nan=False)


@router.get("", dependencies=[needs("worker")])
async def devices(request: Request) -> dict[str, Any]:
    """Every simulated device with what is on; `present` false and nothing more on a real site."""
    if not request.app.state.settings.simulators_url:
        return {"present": False, "devices": [], "scenario": None}
    return {"present": True, **await _ask(request, "GET", "/devices")}


@router.get("/catalogue", dependencies=[needs("worker")])
async def catalogue(request: Request) -> dict[str, list[dict[str, Any]]]:
    """What can go wrong with each kind of simulated device, in both languages. Errors: SimulatorsAbsent, SimulatorsSilent."""
    return dict(await _ask(request, "GET", "/catalogue"))


@router.get("/history", dependencies=[needs("worker")])
async def history(request: Request) -> list[dict[str, Any]]:
    """What was set and cleared, newest first. Errors: SimulatorsAbsent, SimulatorsSilent."""
    told: list[dict[str, Any]] = await _ask(request, "GET", "/history")
    return told


@router.post("/{device}/faults/{fault}", dependencies=[needs("supervisor")])
async def put(uow: Uow, request: Request, device: str, fault: str, body: FaultIn) -> dict[str, Any]:
    """Set a fault, until cleared or for a time. Errors: SimulatorsAbsent, SimulatorsSilent, NoSuchFault, BadFault."""
    return dict(await _ask(request, "PUT", _path(device, fault), {**body.model_dump(), "by": _by(uow)}))


@router.delete("/{device}/faults/{fault}", dependencies=[needs("supervisor")])
async def clear(uow: Uow, request: Request, device: str, fault: str) -> dict[str, Any]:
    """End a fault. Errors: as setting one."""
    return dict(await _ask(request, "DELETE", f"{_path(device, fault)}?by={quote(_by(uow))}"))


@router.delete("/faults", dependencies=[needs("supervisor")])
async def clear_all(uow: Uow, request: Request) -> dict[str, Any]:
    """End every fault that is on. Errors: SimulatorsAbsent, SimulatorsSilent."""
    return dict(await _ask(request, "DELETE", f"/faults?by={quote(_by(uow))}"))


def _by(uow: UnitOfWork) -> str:
    return (uow.actor.name or uow.actor.id)[:80]


def _path(device: str, fault: str) -> str:
    return f"/devices/{quote(device, safe='')}/faults/{quote(fault, safe='')}"


async def _ask(request: Request, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    url = request.app.state.settings.simulators_url
    if not url:
        raise SimulatorsAbsent()
    try:
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as client:
            answer = await client.request(method, path, json=body)
            told = answer.json()
    except (httpx.HTTPError, ValueError):
        raise SimulatorsSilent() from None
    if answer.status_code < 400:
        return told
    said = told.get("params", {}) if isinstance(told, dict) else {}
    if answer.status_code == 404:
        raise NoSuchFault(device=said.get("device", "?"), fault=said.get("fault", "?"))
    raise BadFault(fault=said.get("fault", "?"), must_be=said.get("must_be", "?"))
