"""Who may sign in, and what a role includes."""

from wms.kernel.errors import Refusal

ROLES = ("worker", "lead", "supervisor", "finance", "admin", "device", "integration")

INCLUDES: dict[str, frozenset[str]] = {
    "worker": frozenset({"worker"}),
    "lead": frozenset({"worker", "lead"}),
    "supervisor": frozenset({"worker", "lead", "supervisor"}),
    "finance": frozenset({"finance"}),
    "admin": frozenset({"worker", "lead", "supervisor", "finance", "admin", "integration"}),
    "device": frozenset({"device"}),
    "integration": frozenset({"integration"}),
}

PIN_TRIES_MAX = 5
LOCK_MINUTES = 15
SESSION_HOURS = 12


class BadSignIn(Refusal):
    """Badge and PIN do not match an active operator."""

    code, status = "people.bad_sign_in", 401


class BadgeLocked(Refusal):
    """Too many wrong PINs: the badge is locked for a while."""

    code, status = "people.badge_locked", 423


class UnknownRole(Refusal):
    """There is no such role."""

    code, status = "people.unknown_role", 422


def expand(roles: list[str]) -> frozenset[str]:
    """All roles that these include. Errors: UnknownRole."""
    granted: frozenset[str] = frozenset()
    for role in roles:
        if role not in INCLUDES:
            raise UnknownRole(role=role)
        granted |= INCLUDES[role]
    return granted
