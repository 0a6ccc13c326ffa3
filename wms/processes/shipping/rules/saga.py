"""The life of a carrier's label. The only copy of the state table.

A label is asked for under a key that is on disk before the carrier hears of it. Until the carrier has said what became of that key,
the parcel gets no other: `unknown` is asked after, never bought again. A label that will not be used is voided, and the parcel's
next one waits until it is.
"""

from wms.processes.shipping.rules.refusals import WrongSagaState

# state -> event -> state
NEXT: dict[str, dict[str, str]] = {
    "wanted": {"ask": "buying", "drop": "voided", "refuse": "refused"},
    "buying": {"bought": "bought", "refused": "refused", "silent": "unknown"},
    "unknown": {"bought": "bought", "refused": "refused", "silent": "unknown"},
    "bought": {"void": "voiding", "settle": "voided"},
    "voiding": {"voided": "voided", "void_refused": "bought", "silent": "voiding"},
    "voided": {},
    "refused": {},
}

LIVE = ("buying", "unknown", "bought", "voiding")
"""The carrier has or may have sold a label: one of these per parcel, by a unique index."""


def step(state: str, event: str) -> str:
    """Errors: WrongSagaState."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise WrongSagaState(state=state, event=event) from None
