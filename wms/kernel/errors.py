"""Refusals: what the system expects to say no to. One class per reason, a stable code, an operator text by that code."""

from typing import Any, ClassVar


class Refusal(Exception):
    """A request that is understood and not granted; it changed nothing.

    The texts for people live with the screens, keyed by `code` and filled with `params`.
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 409
    retry_helps: ClassVar[bool] = False

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(f"{self.code}: {(self.__doc__ or '').strip()} {params}")

    @property
    def detail(self) -> str:
        said = ", ".join(f"{k}={v}" for k, v in self.params.items())
        sentence = " ".join((self.__doc__ or "").split())
        return f"{sentence} ({said})" if said else sentence


class NotFound(Refusal):
    """There is no such thing."""

    code, status = "common.not_found", 404


class NotSignedIn(Refusal):
    """Sign in first."""

    code, status = "common.not_signed_in", 401


class NotAllowed(Refusal):
    """Your role may not do this."""

    code, status = "common.not_allowed", 403


class BadInput(Refusal):
    """The value cannot be used."""

    code, status = "common.bad_input", 422


def all_refusals() -> list[type[Refusal]]:
    """Every refusal class loaded so far; a test holds their codes against the operator texts."""
    found: list[type[Refusal]] = []
    queue = list(Refusal.__subclasses__())
    while queue:
        cls = queue.pop()
        found.append(cls)
        queue.extend(cls.__subclasses__())
    return sorted(found, key=lambda c: c.code)
