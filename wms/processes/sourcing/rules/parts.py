"""The life of a part of an order that another warehouse sends. The only copy of the state table."""

import hashlib

from wms.processes.sourcing.rules.refusals import PartEnded

NEXT: dict[str, dict[str, str]] = {
    "told": {"accept": "accepted", "refuse": "refused", "withdraw": "cancelled"},
    "accepted": {"accept": "accepted", "refuse": "refused", "withdraw": "cancelled", "end": "done"},
    "refused": {"refuse": "refused"},
    "cancelled": {},
    "done": {"accept": "done"},
}
TAKING = ("told", "accepted", "done")
"""Its pieces are taken off the warehouse's stock until a report that is newer than its acceptance."""
LIVE = ("told", "accepted")
REF_MOST = 64


def step(state: str, event: str, ref: str) -> str:
    """Errors: PartEnded."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise PartEnded(ref=ref, state=state, event=event) from None


def reference(order_ref: str, warehouse: str, before: int) -> str:
    """`<order>-<warehouse>`, with a number from the second on; `before`: parts of it that went there before."""
    tail = f"-{warehouse}" + (f"-{before + 1}" if before else "")
    if len(order_ref) + len(tail) > REF_MOST:  # two long references must not be cut to one
        order_ref = order_ref[: REF_MOST - len(tail) - 9] + "~" + hashlib.sha256(order_ref.encode()).hexdigest()[:8]
    return order_ref + tail
