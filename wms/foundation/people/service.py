"""Enrol people and machines, sign in and out."""

import hashlib
import secrets
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import func, or_, select, update

from wms.db.uow import Actor, UnitOfWork
from wms.foundation.people import rules
from wms.foundation.people.tables import MachineKey, Operator, Session
from wms.kernel.errors import NotSignedIn, Refusal

# Sized for a 4-6 digit PIN behind a lock-out: about 0.1 s a try on a small server.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def enrol_operator(
    uow: UnitOfWork, code: str, name: str, pin: str, roles: list[str], *, badge: str | None = None, locale: str = "en"
) -> str:
    """Create or update an operator; returns the badge code to print. Errors: UnknownRole."""
    rules.expand(roles)
    row = await uow.session.scalar(select(Operator).where(Operator.code == code))
    if row is None:
        row = Operator(
            code=code, badge=badge or f"B{secrets.token_hex(8).upper()}", pin_hash="", name=name, roles=roles
        )
        uow.session.add(row)
    elif badge:
        row.badge = badge
    row.name, row.roles, row.locale, row.pin_hash = name, roles, locale, _hasher.hash(pin)
    await uow.session.flush()
    return row.badge


async def sign_in(uow: UnitOfWork, badge: str, pin: str, device: str) -> tuple[str, Operator] | Refusal:
    """Open a session; `badge` may also be the login code typed at a console. Returns (token, operator).

    BadSignIn and BadgeLocked are returned, not raised: a wrong PIN is counted, so this transaction must commit. The
    fifth locks the badge.
    """
    wanted = badge.strip()
    row = await uow.session.scalar(
        select(Operator).where(or_(Operator.badge == wanted, Operator.code == wanted)).with_for_update()
    )
    if row is None or not row.active:
        return rules.BadSignIn()
    if row.locked_until and row.locked_until > uow.now:
        return rules.BadgeLocked(until=row.locked_until.isoformat())
    try:
        _hasher.verify(row.pin_hash, pin)
    except VerificationError:
        row.failures += 1
        if row.failures >= rules.PIN_TRIES_MAX:
            row.failures, row.locked_until = 0, uow.now + timedelta(minutes=rules.LOCK_MINUTES)
        return rules.BadSignIn()
    row.failures, row.locked_until = 0, None
    token = secrets.token_urlsafe(32)
    uow.session.add(
        Session(
            token_hash=digest(token), operator_code=row.code, device=device, opened_at=uow.now,
            expires_at=uow.now + timedelta(hours=rules.SESSION_HOURS),
        )
    )  # fmt: skip
    return token, row


def granted(operator: Operator) -> frozenset[str]:
    """Everything an operator's roles include."""
    return rules.expand(list(operator.roles))


async def sign_out(uow: UnitOfWork, token: str) -> None:
    await uow.session.execute(update(Session).where(Session.token_hash == digest(token)).values(closed_at=uow.now))


async def grant_machine(uow: UnitOfWork, name: str, roles: list[str], key: str | None = None) -> str:
    """Make (or store) the key of a device or integration. Returns the key, which is shown only once."""
    rules.expand(roles)
    secret = key or f"wms_{name}_{secrets.token_urlsafe(24)}"
    await uow.session.merge(MachineKey(key_hash=digest(secret), name=name, roles=roles, created_at=uow.now))
    return secret


async def who(uow: UnitOfWork, token: str) -> Actor:
    """The actor behind a session token or a machine key. Errors: NotSignedIn."""
    hashed = digest(token)
    found = (
        await uow.session.execute(
            select(Operator.code, Operator.name, Operator.roles, Session.device)
            .join(Session, Session.operator_code == Operator.code)
            .where(
                Session.token_hash == hashed, Session.closed_at.is_(None), Session.expires_at > uow.now, Operator.active
            )
        )
    ).one_or_none()
    if found:
        return Actor(found.code, found.name, rules.expand(found.roles), found.device)
    machine = await uow.session.scalar(
        select(MachineKey).where(MachineKey.key_hash == hashed, MachineKey.revoked_at.is_(None))
    )
    if machine is None:
        raise NotSignedIn()
    return Actor(f"machine:{machine.name}", machine.name, rules.expand(machine.roles), machine.name)


async def operators_known(uow: UnitOfWork) -> int:
    return int(await uow.session.scalar(select(func.count()).select_from(Operator)) or 0)
