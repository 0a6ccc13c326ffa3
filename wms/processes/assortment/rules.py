"""What an accepted size becomes, and the refusals."""

from collections.abc import Sequence
from statistics import median

from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "asked": {"solve": "ready", "fail": "failed", "dismiss": "dismissed"},
    "ready": {"accept": "accepted", "dismiss": "dismissed"},
    "failed": {"dismiss": "dismissed"},
    "accepted": {},
    "dismissed": {},
}
BOARD_G_M2 = 500.0
"""Weight of single-wall corrugated board where the site has no carton to learn it from."""
LOAD_MAX_G = 20_000
Size = tuple[int, int, int]


class UnknownProposal(Refusal):
    """No such proposal."""

    code, status = "assortment.unknown_proposal", 404


class Decided(Refusal):
    """It is not there to be decided on: still being chosen, failed, or decided already."""

    code, status = "assortment.decided", 409


class UnknownCarton(Refusal):
    """No such carton is in use."""

    code, status = "assortment.unknown_carton", 404


class NothingLeft(Refusal):
    """The site would be left without a carton."""

    code, status = "assortment.nothing_left", 409


class TooManyLocked(Refusal):
    """More sizes are locked than are asked for."""

    code, status = "assortment.too_many_locked", 422


def step(state: str, event: str) -> str:
    """Errors: Decided."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise Decided(state=state, event=event) from None


def surface_m2(size_mm: Size) -> float:
    a, b, c = size_mm
    return 2 * (a * b + b * c + a * c) / 1e6


def tare_g(size_mm: Size, known: Sequence[tuple[Size, int]]) -> int:
    """What an empty carton of this size weighs, by the board of the cartons that are `known` (outer sides, tare)."""
    board = (
        median(tare / surface_m2(outer) for outer, tare in known if tare) if any(t for _, t in known) else BOARD_G_M2
    )
    return max(1, round(board * surface_m2(size_mm)))


def code_of(inner_mm: Size) -> str:
    return "C-" + "x".join(map(str, inner_mm))
