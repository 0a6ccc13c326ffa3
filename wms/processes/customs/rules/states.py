"""The life of a declaration, of one parcel or of a batch. The only copy of the state table."""

from wms.processes.customs.rules.refusals import WrongState

# state -> event -> state
NEXT: dict[str, dict[str, str]] = {
    "draft": {"match": "matched", "differ": "draft"},
    "matched": {"match": "matched", "differ": "draft", "declare": "declared"},
    "declared": {"release": "released", "hold": "held", "query": "held", "correct": "corrected"},
    "held": {"release": "released", "answer": "declared", "correct": "corrected", "hold": "held", "query": "held"},
    "corrected": {"match": "corrected", "differ": "corrected", "declare": "declared"},
    "released": {},
}
OUTCOMES = ("release", "hold", "query")
"""What customs, by its agent, may say of a declared parcel."""


def step(state: str, event: str) -> str:
    """Errors: WrongState."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise WrongState(state=state, event=event) from None


def batch_state(states: list[str]) -> str:
    """A batch is where its slowest parcel is; one that is held holds it."""
    for state in ("held", "draft", "corrected", "matched", "declared"):
        if state in states:
            return state
    return "released" if states else "draft"
