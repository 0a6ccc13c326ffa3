"""The PDA contract. The server owns the flow: it hands out cards, the PDA only renders their steps.

A card is one unit of work with everything needed to finish it, so that it can be done with no network: the codes each
step accepts come along. The answers go back as one event (`submit`), which the server judges again in full.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["ok", "warn", "error"]


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    kind: Literal["scan", "quantity", "choice", "number", "confirm", "photo", "wait"]
    """scan: any barcode or typed code; quantity: pieces by scan or numpad; number: a measured value; choice: one of
    `options`; confirm: the primary key alone; photo: a picture by the PDA's camera, sent as a data URL (JPEG);
    wait: a device is at work, ask `poll` until its answer has other cards."""
    prompt: str
    """Text key of what to do now, filled with `show` and the card's `show`."""
    accept: tuple[str, ...] = ()
    """Codes that answer this step (case-insensitive, GS1 AIM prefix ignored). Empty: anything, the server decides."""
    show: dict[str, Any] = field(default_factory=dict)
    """Big fields: location, check_digits_hint, sku, name, qty, tote."""
    max: int | None = None
    """Quantity: more is refused on the spot."""
    count_each: bool = False
    """Quantity: each further scan of an `accept` code adds one."""
    scan_only: bool = False
    """Quantity: by scans alone, nothing is keyed."""
    each_once: bool = False
    """Quantity: each code counts once, for it is a serial (GS1: AI 21); sent as `<id>:codes`, one a line. `accept` empty: any."""
    options: tuple[str, ...] = ()
    """Choice: text keys (`choice.<option>`)."""
    blind: bool = False
    """Quantity: never prefilled, never hinted."""
    poll: str = ""
    """Wait: GET path whose reply is an Answer."""


@dataclass(frozen=True, slots=True)
class Card:
    id: str
    flow: str
    """receive, putaway, pick, pack, returns, count, load."""
    title: str
    """Text key."""
    submit: str
    """POST path taking {"answers": {step: value}, "scanned_at": iso} with an Idempotency-Key."""
    steps: tuple[Step, ...]
    show: dict[str, Any] = field(default_factory=dict)
    """Header: order, tour, progress {"done": 3, "of": 12}."""
    offline: bool = False
    """May be finished without the network."""
    undo: str = ""
    """POST path that takes this card back after it was done, until the next one is; empty: cannot be undone here."""
    problems: tuple[str, ...] = ()
    """Reasons offered under "Problem here": sent as answers {"problem": reason, ...} to the same path."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a PDA endpoint replies: feedback for ears and eyes, and the cards that now stand.

    `cards` None: the PDA keeps what it has, less the card just done. A tuple replaces its list; empty: nothing to do.
    """

    level: Level
    message: str
    """Text key."""
    params: dict[str, Any] = field(default_factory=dict)
    cards: tuple[Card, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
