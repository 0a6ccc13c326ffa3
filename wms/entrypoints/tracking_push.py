"""Carriers tell of parcels by themselves: POST /api/v1/tracking/events, signed by the account's key as our own requests to it are.

The integration role lets a message in; the signature says whose it is. An account tells of the parcels that it sold labels for.
"""

import time
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from wms.db.web import Uow, UowRoute, needs
from wms.entrypoints import carriers
from wms.kernel.carrier import Carrier
from wms.processes.tracking import http as tracking_http
from wms.processes.tracking.rules.refusals import BadSignature
from wms.processes.tracking.service import intake

router = APIRouter(prefix="/api/v1/tracking", tags=["tracking"], route_class=UowRoute)
STALE_S = 300


class EventsIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    events: list[dict[str, Any]] = Field(min_length=1, max_length=1000)


def _accounts(request: Request) -> dict[str, Carrier]:
    """Read once a process, as the worker does."""
    state = request.app.state
    if not hasattr(state, "carrier_accounts"):
        state.carrier_accounts = carriers.accounts(state.settings.carriers_config)
    found: dict[str, Carrier] = state.carrier_accounts
    return found


@router.post("/events", dependencies=[needs("integration")])
async def take_events(uow: Uow, request: Request, body: EventsIn) -> dict[str, Any]:
    """Take in up to 1,000 events [{tracking, at, code, place, text, event_id}] of the account named by `wms-account`, all or nothing.

    Errors: BadSignature; BadEvents naming each faulty event. What cannot count is answered under `parked` with its reason.
    """
    account = request.headers.get("wms-account", "")
    desk = _accounts(request).get(account)
    signed = getattr(desk, "signed", None)
    stamp = request.headers.get("wms-timestamp", "")
    fresh = stamp.isdecimal() and len(stamp) < 13 and abs(time.time() - int(stamp)) <= STALE_S
    what = f"POST {request.url.path} {request.headers.get('idempotency-key', '')}"
    given = request.headers.get("wms-signature", "")
    if signed is None or not fresh or not signed(what, int(stamp), await request.body(), given):
        raise BadSignature(account=account[:40])
    return tracking_http.taken(await intake.take_pushed(uow, account, body.events))
