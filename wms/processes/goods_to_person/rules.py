"""Which order comes to a station and which pod is called next (pure), and the refusals of the station."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from wms.kernel.errors import Refusal

VISIT: dict[str, dict[str, str]] = {
    "called": {"arrive": "here"},
    "here": {"send_off": "leaving"},
    "leaving": {"come_home": "done"},
    "done": {},
}
"""The life of a pod's visit."""
KIND = "g2p"
"""Of its tasks, stations and locations."""
CUTOFF_S = 900
"""Cut-offs closer together than this are one truck's: among its orders the pods decide."""
PROBLEMS = ("short", "damaged")


class NotAStation(Refusal):
    """Pods are not brought to this station."""

    code, status = "goods_to_person.not_a_station", 404


class PodNotHere(Refusal):
    """The pod of this pick does not stand at this station."""

    code, status = "goods_to_person.pod_not_here", 409


class WrongPod(Refusal):
    """Another pod, compartment or SKU than the one to pick from."""

    code, status = "goods_to_person.wrong_pod", 409


class WrongSku(Refusal):
    """Scanned goods are not the ones to pick, or were not scanned where a pod holds several."""

    code, status = "goods_to_person.wrong_sku", 409


class WrongTote(Refusal):
    """This tote serves another order."""

    code, status = "goods_to_person.wrong_tote", 409


class BadQuantity(Refusal):
    """A pick is at least one piece and no more than is asked for."""

    code, status = "goods_to_person.bad_quantity", 409


class UnknownProblem(Refusal):
    """Not one of the problems a pick can have."""

    code, status = "goods_to_person.unknown_problem", 422


@dataclass(frozen=True, slots=True)
class Order:
    """An order as a station sees it. `rank`: priority and cut-off; `pods`: of its open picks, one per pick."""

    id: UUID
    rank: tuple[float, float]
    pods: tuple[int, ...]


def next_order(waiting: Iterable[Order], near: Collection[int]) -> Order:
    """Whose turn it is when a tote is free: the most urgent; among equals who wants most of the pods already called."""
    return min(waiting, key=lambda o: (o.rank, -sum(p in near for p in o.pods), o.id))


def next_pods(orders: Iterable[Order], out: Collection[int], room: int) -> list[tuple[int, str]]:
    """Pods to call now with their why: the one with the most urgent pick first, then with most picks; at most `room`.

    `out`: pods that are already on a visit. Each visit serves all that the station wants of the pod, so no order of visits
    takes fewer; holding them to the room at the station (CONWIP) keeps the queue short and lets urgent ones pass.
    """
    wants: dict[int, list[Order]] = {}
    for order in orders:
        for pod in order.pods:
            wants.setdefault(pod, []).append(order)
    ranked = sorted(wants.keys() - set(out), key=lambda p: (min(o.rank for o in wants[p]), -len(wants[p]), p))
    return [(p, _why(wants, p)) for p in ranked[: max(room, 0)]]


def _why(wants: Mapping[int, list[Order]], pod: int) -> str:
    return (
        f"{len(wants[pod])} pick(s) of {len({o.id for o in wants[pod]})} order(s) at the station, the most urgent first"
    )


def check_quantity(qty_each: int, open_each: int) -> None:
    """Errors: BadQuantity."""
    if not 1 <= qty_each <= open_each:
        raise BadQuantity(qty_each=qty_each, open_each=open_each)
