"""Sign-in and enrolment."""

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from wms.db.uow import Actor
from wms.db.web import Uow, UowRoute, needs
from wms.foundation.people import service
from wms.kernel.errors import Refusal

router = APIRouter(prefix="/api/v1", tags=["people"])
managed = APIRouter(prefix="/api/v1", tags=["people"], route_class=UowRoute)
COOKIE = "wms_session"


class SignIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    badge: str = Field(max_length=80)
    pin: str = Field(max_length=80)
    device: str = Field(default="", max_length=80)


class OperatorIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[a-z0-9._-]{2,40}$")
    name: str = Field(min_length=1, max_length=80)
    pin: str = Field(min_length=4, max_length=80)
    roles: list[str]
    badge: str | None = Field(default=None, min_length=6, max_length=80)
    locale: Literal["en", "zh-CN"] = "en"


@router.post("/sign-in")
async def sign_in(request: Request, response: Response, body: SignIn) -> dict[str, Any]:
    """Open a session: cookie for browsers, the same token in the answer for devices."""
    async with request.app.state.db.begin(Actor("anonymous"), cause="sign-in") as uow:
        outcome = await service.sign_in(uow, body.badge, body.pin, body.device)
    if isinstance(outcome, Refusal):
        raise outcome
    token, operator = outcome
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="strict",
        secure=request.app.state.settings.secure_cookies,
        max_age=12 * 3600,
    )
    return {"token": token, "operator": operator.code, "name": operator.name, "roles": sorted(service.granted(operator)),
            "locale": operator.locale}  # fmt: skip


@managed.post("/sign-out", dependencies=[])
async def sign_out(uow: Uow, request: Request, response: Response) -> dict[str, Any]:
    token = request.cookies.get(COOKIE) or request.headers.get("authorization", "").removeprefix("Bearer ")
    if token:
        await service.sign_out(uow, token)
    response.delete_cookie(COOKIE)
    return {"ok": True}


@managed.get("/me", dependencies=[needs("worker")])
async def me(uow: Uow) -> dict[str, Any]:
    """Who is signed in, and the server's time and the site's time zone for clocks."""
    return {
        "operator": uow.actor.id,
        "name": uow.actor.name,
        "roles": sorted(uow.actor.roles),
        "now": uow.now.isoformat(),
        "timezone": (await uow.zone()).key,
    }


@managed.post("/operators", dependencies=[needs("admin")])
async def enrol(uow: Uow, body: OperatorIn) -> dict[str, Any]:
    """Enrol or change an operator; answers the badge to print."""
    badge = await service.enrol_operator(
        uow, body.code, body.name, body.pin, body.roles, badge=body.badge, locale=body.locale
    )
    return {"code": body.code, "badge": badge}
