"""The life of a receipt line, what a carton may weigh, what the gate proves, what a notice lacks; and the refusals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from wms.kernel.errors import Refusal

NEXT: dict[str, dict[str, str]] = {
    "serials": {"count": "counted", "recount": "void"},
    "counted": {
        "measure": "measuring",
        "weigh": "weighing",
        "print": "labelling",
        "finish": "received",
        "follow": "riding",
    },
    "measuring": {"measured": "counted", "skip": "counted", "recount": "void"},
    "weighing": {"agree": "counted", "differ": "weight_off", "skip": "counted", "recount": "void"},
    "weight_off": {"agree": "counted", "differ": "weight_off", "accept": "counted", "recount": "void"},
    "labelling": {"printed": "printed", "fail": "label_failed"},
    "label_failed": {"retry": "labelling"},
    "printed": {"apply": "received"},
    "riding": {"finish": "received", "recount": "void"},
    "received": {},
    "void": {},
}
"""`counted` is a crossing, never a stop: from it the line goes on to what is still to be done."""
BUSY = ("measuring", "weighing", "weight_off")
"""On the station's scale or dimensioner."""
UNDER_WAY = ("serials", "counted", *BUSY, "labelling", "label_failed", "printed", "riding")

DAMAGES = ("crushed", "wet", "open", "broken")
HOLD = "qc_hold"
QTY_MOST, PACKS_MOST, SERIALS_MOST = 100_000, 200, 200

TOLERANCE_SHARE = 0.03
"""Of the expected weight."""
TOLERANCE_LEAST_G = 10


class UnknownStation(Refusal):
    """This is not a receiving station."""

    code, status = "inbound.not_a_receive_station", 409


class NothingCounted(Refusal):
    """Count at least one piece."""

    code, status = "inbound.nothing_counted", 422


class AbsurdCount(Refusal):
    """That many cannot be on one unit; count it in parts."""

    code, status = "inbound.absurd_count", 422


class UnknownPack(Refusal):
    """This SKU has no such pack level."""

    code, status = "inbound.unknown_pack", 422


class MoreDamaged(Refusal):
    """More damaged pieces than came."""

    code, status = "inbound.more_damaged", 422


class DamageReasonMissing(Refusal):
    """Say what the damage is."""

    code, status = "inbound.damage_reason_missing", 422


class BadDate(Refusal):
    """Not a date such as 2027-03-31, or not one that goods can carry."""

    code, status = "inbound.bad_date", 422


class LotMissing(Refusal):
    """This SKU is traced: scan its lot, or say that there is none."""

    code, status = "inbound.lot_missing", 422


class BadSerials(Refusal):
    """Each piece needs a serial number of its own."""

    code, status = "inbound.bad_serials", 422


class NotOnNotice(Refusal):
    """The notice does not have this SKU."""

    code, status = "inbound.not_on_notice", 409


class NoticeIsClosed(Refusal):
    """The notice is closed; reopen it first."""

    code, status = "inbound.notice_closed", 409


class NoticeIsOpen(Refusal):
    """The notice is not closed."""

    code, status = "inbound.notice_open", 409


class LineUnderWay(Refusal):
    """Goods of this notice are still being weighed, labelled or filled onto a unit."""

    code, status = "inbound.line_under_way", 409


class ReasonMissing(Refusal):
    """The notice has differences: say why it is closed."""

    code, status = "inbound.reason_missing", 422


class StationBusy(Refusal):
    """Other goods are on this station's scale or dimensioner."""

    code, status, retry_helps = "inbound.station_busy", 409, True


class LineBusy(Refusal):
    """The line's state does not allow this."""

    code, status = "inbound.line_busy", 409


class UnknownLine(Refusal):
    """No such receipt line."""

    code, status = "inbound.unknown_line", 404


class NoOpenUnit(Refusal):
    """No unit is being filled at this station."""

    code, status = "inbound.no_open_unit", 409


class UnitOpen(Refusal):
    """A pallet is still being filled at this station; scan its label to close it."""

    code, status = "inbound.unit_open", 409


class WrongLabel(Refusal):
    """This label belongs to another unit."""

    code, status = "inbound.wrong_label", 409


class NotIdentified(Refusal):
    """The gate did not identify any open line of this notice in full: count it by hand."""

    code, status = "inbound.not_identified", 409


def step(state: str, event: str) -> str:
    """Errors: LineBusy."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise LineBusy(state=state, event=event) from None


def total_each(keyed: Mapping[str, int], sizes: Mapping[str, int]) -> int:
    """Pieces of a count keyed in packs: {"CTN": 3, "EA": 5} with CTN of 12 is 41.

    Errors: UnknownPack, NothingCounted, AbsurdCount.
    """
    for level, packs in keyed.items():
        if level != "EA" and level not in sizes:
            raise UnknownPack(level=level, known=sorted(sizes))
        if packs < 0 or packs > QTY_MOST:
            raise AbsurdCount(level=level, packs=packs)
    total = sum(packs * (1 if level == "EA" else sizes[level]) for level, packs in keyed.items())
    if total < 1:
        raise NothingCounted()
    if total > QTY_MOST or sum(packs for level, packs in keyed.items() if level != "EA") > PACKS_MOST:
        raise AbsurdCount(qty_each=total, most_each=QTY_MOST, most_packs=PACKS_MOST)
    return total


def check_damage(qty_each: int, damaged_each: int, reason: str) -> None:
    """Errors: MoreDamaged, DamageReasonMissing."""
    if damaged_each < 0 or damaged_each > qty_each:
        raise MoreDamaged(damaged_each=damaged_each, qty_each=qty_each)
    if damaged_each and reason not in DAMAGES:
        raise DamageReasonMissing(known=list(DAMAGES))


def check_serials(serials: Sequence[str], qty_each: int) -> None:
    """Errors: BadSerials."""
    if len(serials) != qty_each or len(set(serials)) != len(serials) or not all(1 <= len(s) <= 60 for s in serials):
        raise BadSerials(given=len(set(serials)), needed=qty_each)


def parse_date(text: str, today: date) -> date:
    """A date as typed; within ten years back and thirty ahead. Errors: BadDate."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        raise BadDate(given=text[:40]) from None
    if not today - timedelta(days=3660) <= found <= today + timedelta(days=10_980):
        raise BadDate(given=text[:40])
    return found


def expiry(policy: str, given: date | None, shelf_life_days: int) -> date | None:
    """The expiry that the policy makes of what is printed on the goods."""
    if policy == "none" or given is None:
        return None
    return given + timedelta(days=shelf_life_days) if policy == "production" else given


def hold_reasons(
    *, announced: bool, lot_policy: str, lot: str, expiry_policy: str, expires_on: date | None, min_life_days: int, today: date
) -> list[str]:  # fmt: skip
    """Why sound goods may not be sold yet; empty when they may."""
    reasons = [] if announced else ["no_notice"]
    if lot_policy == "required" and not lot:
        reasons.append("no_lot")
    if expiry_policy != "none":
        if expires_on is None:
            reasons.append("no_expiry")
        elif expires_on < today + timedelta(days=min_life_days):
            reasons.append("short_life")
    return reasons


def tolerance_g(expected_g: int, piece_g: int, interval_g: int) -> int:
    """How far a carton may be off: 3 %, yet never so far that a missing piece passes, nor finer than the scale is."""
    share = min(round(expected_g * TOLERANCE_SHARE), piece_g // 2)
    return max(TOLERANCE_LEAST_G, 2 * interval_g, share)


LIFT_MOST_G = 25_000
"""What one person puts on a scale in one go."""


@dataclass(frozen=True, slots=True)
class Part:
    """One load for the scale: a carton, or as many loose pieces as a person lifts."""

    level: str
    qty_each: int
    expected_g: int
    piece_g: int


def weigh_parts(
    keyed: Mapping[str, int], sizes: Mapping[str, int], pack_g: Mapping[str, int], unit_g: int
) -> list[Part]:
    """Every carton by itself, the loose pieces together. `sizes`, `pack_g`: pack level to pieces and to weight."""
    parts = [
        Part(level, sizes[level], pack_g[level], unit_g)
        for level, packs in sorted(keyed.items(), key=lambda k: -sizes.get(k[0], 1)) if level != "EA" for _ in range(packs)
    ]  # fmt: skip
    loose, lift = keyed.get("EA", 0), max(1, LIFT_MOST_G // max(1, unit_g))
    while loose > 0:
        parts.append(Part("EA", min(loose, lift), min(loose, lift) * unit_g, unit_g))
        loose -= lift
    return parts


@dataclass(frozen=True, slots=True)
class Announced:
    """A notice line as the gate knows it."""

    line_id: str
    qty_each: int
    epcs: frozenset[str]
    seen_before: frozenset[str]
    """Of its EPCs, in earlier passages."""


@dataclass(frozen=True, slots=True)
class Matched:
    line_id: str
    expected: int
    identified: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    verdict: str


def item_class(epc: str) -> str:
    """What EPCs of one item have in common: an SGTIN-96 without its serial (EPC Tag Data Standard 2.1, 14.6.1)."""
    if len(epc) != 24 or not epc.upper().startswith("30"):
        return ""
    try:
        return f"{int(epc, 16) >> 38:x}"
    except ValueError:
        return ""


def match_gate(lines: Sequence[Announced], passed: Collection[str], overflow: bool) -> tuple[list[Matched], list[str]]:
    """Hold what passed against the notices' lines. Returns a verdict for each line that was touched, and the surplus that
    fits no line.

    A line is identified when all of its EPCs have been seen, now or earlier, each stands for one piece, and no foreign
    tag of its item came along. An overflowing reader proves nothing.
    """
    seen = {e.upper() for e in passed}
    known = {epc for line in lines for epc in line.epcs}
    foreign = seen - known
    strangers: dict[str, set[str]] = {}
    for epc in foreign:
        strangers.setdefault(item_class(epc), set()).add(epc)
    matched, claimed = [], set[str]()
    for line in lines:
        # One line of several with the same item is enough to be told of a stranger.
        extra: set[str] = set()
        for kind in {item_class(epc) for epc in line.epcs} - {""}:
            extra |= strangers.get(kind, set()) - claimed
        if not (line.epcs & seen) and not extra:
            continue
        claimed |= extra
        found = (line.epcs & seen) | (line.epcs & line.seen_before)
        missing = sorted(line.epcs - found)
        exact = not missing and not extra and not overflow and len(line.epcs) == line.qty_each
        matched.append(
            Matched(line.line_id, len(line.epcs), len(found), tuple(missing), tuple(sorted(extra)),
                    "identified" if exact else "hand_count")
        )  # fmt: skip
    return matched, sorted(foreign - claimed)


@dataclass(frozen=True, slots=True)
class Difference:
    line_id: str
    over_each: int
    short_each: int


def differences(lines: Sequence[tuple[str, int, int]]) -> list[Difference]:
    """Lines (id, announced, received) that do not agree."""
    return [
        Difference(line_id, max(0, came - told), max(0, told - came)) for line_id, told, came in lines if told != came
    ]
