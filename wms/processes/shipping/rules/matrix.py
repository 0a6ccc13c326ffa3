"""What may go where: service × goods attribute × country, judged on the whole parcel, as dated data.

An attribute that no rule answers may not go: silence is no permission. Of several rules the most particular answers: the service
before its kind before "*", then the country before "*".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from wms.processes.shipping.rules import shape
from wms.processes.shipping.rules.refusals import MatrixRefused, PaperRefused
from wms.processes.shipping.rules.services import KINDS, Service, is_country

ATTRIBUTES = (
    "battery_contained", "battery_packed", "battery_loose", "magnet", "liquid", "powder", "paste", "blade", "aerosol", "brand"
)  # fmt: skip
"""All but `ordinary`, which needs no rule."""
PAPERS = ("un383", "sds", "brand_letter", "magnet_report", "transport_report")
NO_PASSENGER_AIRCRAFT = ("UN3480", "UN3090")
"""Cells and batteries by themselves. Source: IATA Dangerous Goods Regulations, packing instructions 965 and 968: forbidden as cargo
on passenger aircraft. No matrix may allow it."""


@dataclass(frozen=True, slots=True)
class Paper:
    kind: str
    ref: str
    valid_until: date


@dataclass(frozen=True, slots=True)
class Goods:
    """What one piece of a SKU is. Energy in mWh and lithium in mg of the strongest battery in it; 0: unknown or none."""

    sku_id: int
    code: str
    weight_g: int
    sides_mm: tuple[int, int, int]
    value_cents: int = 0
    attributes: tuple[str, ...] = ()
    un_number: str = ""
    packing_instruction: str = ""
    energy_mwh: int = 0
    lithium_mg: int = 0
    cells: int = 0
    """Cells or batteries in one piece."""
    net_ml: int = 0
    papers: tuple[Paper, ...] = ()
    own_container: bool = False
    """Each piece is a parcel as it is."""

    @property
    def judged(self) -> tuple[str, ...]:
        return tuple(a for a in self.attributes if a != "ordinary")


@dataclass(frozen=True, slots=True)
class Rule:
    """Limits are per parcel unless they say battery; 0: no limit."""

    id: str
    service: str
    attribute: str
    country: str = "*"
    allowed: bool = True
    pieces_max: int = 0
    net_ml_max: int = 0
    net_g_max: int = 0
    cells_max: int = 0
    battery_mwh_max: int = 0
    battery_lithium_mg_max: int = 0
    papers: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ban:
    """Why goods may not go: the rule's id, the attribute, and the paper missing, if that is it."""

    code: str
    rule: str
    attribute: str
    sku: str
    paper: str = ""
    detail: str = ""

    @property
    def said(self) -> str:
        what = f"{self.sku}, {self.attribute.replace('_', ' ')}: "
        if not self.rule:
            return what + self.detail
        return (
            what
            + f"rule {self.rule}"
            + (f", paper missing: {self.paper}" if self.paper else "")
            + (f" ({self.detail})" if self.detail else "")
        )


@dataclass(frozen=True, slots=True)
class Matrix:
    version: int
    valid_from: date
    valid_until: date
    rules: tuple[Rule, ...]
    index: Mapping[tuple[str, str, str], Rule] = field(default_factory=dict)

    def rule_for(self, service: Service, attribute: str, country: str) -> Rule | None:
        for who in (service.code, f"kind:{service.kind}", "*"):
            for where in (country, "*"):
                if (rule := self.index.get((who, attribute, where))) is not None:
                    return rule
        return None


def judge(
    matrix: Matrix | None, service: Service, country: str, content: Sequence[tuple[Goods, int]], on: date
) -> tuple[Ban, ...]:
    """Every ban on this parcel content, (goods, pieces); empty where it may go."""
    bans = [_aircraft(service, goods) for goods, _ in content]
    found: list[Ban] = [ban for ban in bans if ban is not None]
    for attribute in dict.fromkeys(a for goods, _ in content for a in goods.judged):
        having = [(goods, pieces) for goods, pieces in content if attribute in goods.attributes]
        rule = matrix.rule_for(service, attribute, country) if matrix is not None else None
        if rule is None:
            why = "no matrix is valid today" if matrix is None else "no rule allows it"
            found.append(Ban("no_rule", "", attribute, having[0][0].code, detail=why))
        elif not rule.allowed:
            found += [Ban("banned", rule.id, attribute, goods.code, detail=rule.why) for goods, _ in having]
        else:
            found += _over_limits(rule, having)
            found += [ban for goods, _ in having for ban in _papers(rule, goods, on)]
    return tuple(found)


def _aircraft(service: Service, goods: Goods) -> Ban | None:
    if service.mode != "passenger_air":
        return None
    if goods.un_number in NO_PASSENGER_AIRCRAFT:
        rule = f"{goods.un_number}-PASSENGER"
        return Ban("banned", rule, goods.un_number, goods.code, detail="never as cargo on passenger aircraft")
    if "battery_loose" in goods.attributes and not goods.un_number:
        return Ban("paper", "UN3480-PASSENGER", "battery_loose", goods.code, paper="un_number")
    return None


def _over_limits(rule: Rule, having: Sequence[tuple[Goods, int]]) -> Iterable[Ban]:
    sums = (
        ("pieces_max", rule.pieces_max, sum(n for _, n in having), "pieces"),
        ("net_ml_max", rule.net_ml_max, sum(g.net_ml * n for g, n in having), "ml"),
        ("net_g_max", rule.net_g_max, sum(g.weight_g * n for g, n in having), "g"),
        ("cells_max", rule.cells_max, sum(g.cells * n for g, n in having), "cells"),
    )
    for _, limit, there, unit in sums:
        if limit and there > limit:
            yield Ban(
                "limit",
                rule.id,
                rule.attribute,
                having[0][0].code,
                detail=f"{there} of at most {limit} {unit} a parcel",
            )
    for goods, _ in having:
        # A limit that cannot be judged is not kept: the missing figure is named like a missing paper.
        if rule.cells_max and not goods.cells:
            yield Ban("paper", rule.id, rule.attribute, goods.code, paper="cells")
        if rule.net_ml_max and not goods.net_ml:
            yield Ban("paper", rule.id, rule.attribute, goods.code, paper="net_ml")
        if (rule.battery_mwh_max or rule.battery_lithium_mg_max) and not (goods.energy_mwh or goods.lithium_mg):
            yield Ban("paper", rule.id, rule.attribute, goods.code, paper="battery_rating")
        if rule.battery_mwh_max and goods.energy_mwh > rule.battery_mwh_max:
            detail = f"{goods.energy_mwh / 1000:g} of at most {rule.battery_mwh_max / 1000:g} Wh"
            yield Ban("limit", rule.id, rule.attribute, goods.code, detail=detail)
        if rule.battery_lithium_mg_max and goods.lithium_mg > rule.battery_lithium_mg_max:
            detail = f"{goods.lithium_mg / 1000:g} of at most {rule.battery_lithium_mg_max / 1000:g} g lithium"
            yield Ban("limit", rule.id, rule.attribute, goods.code, detail=detail)


def _papers(rule: Rule, goods: Goods, on: date) -> Iterable[Ban]:
    for kind in rule.papers:
        on_file = [p for p in goods.papers if p.kind == kind]
        if not on_file:
            yield Ban("paper", rule.id, rule.attribute, goods.code, paper=kind)
        elif all(p.valid_until < on for p in on_file):
            last = max(p.valid_until for p in on_file)
            yield Ban("paper", rule.id, rule.attribute, goods.code, paper=kind, detail=f"expired {last.isoformat()}")


def parse_matrix(body: Mapping[str, Any], services: Iterable[str], version: int = 1) -> Matrix:
    """Errors: MatrixRefused naming each faulty rule and every two that answer the same question."""
    faults: list[str] = []
    known, rules, index = set(services), list[Rule](), dict[tuple[str, str, str], Rule]()
    for n, raw in enumerate(shape.rows(body.get("rules"), "rules", faults), 1):
        where, before = f"rules[{n}]", len(faults)
        given = shape.typed(Rule, raw, where, faults)
        if len(faults) > before:
            continue
        rule = Rule(**given)
        if rule.service != "*" and rule.service not in known and rule.service.removeprefix("kind:") not in KINDS:
            faults.append(f"{where}.service: {rule.service!r} is no service, kind:<kind> or *")
        if rule.attribute not in ATTRIBUTES:
            faults.append(f"{where}.attribute: one of {', '.join(ATTRIBUTES)}")
        if rule.country != "*" and not is_country(rule.country):
            faults.append(f"{where}.country: {rule.country!r} is no ISO 3166 code or *")
        faults += [f"{where}.papers: {p!r} is none of {', '.join(PAPERS)}" for p in rule.papers if p not in PAPERS]
        if not rule.id or rule.id in {r.id for r in rules}:
            faults.append(f"{where}.id: {rule.id!r} is empty or comes twice")
        key = (rule.service, rule.attribute, rule.country)
        if key in index:
            faults.append(f"{where}: answers the same as {index[key].id}")
        index[key] = rule
        rules.append(rule)
    first = shape.day(body.get("valid_from"), "valid_from", faults)
    last = shape.day(body.get("valid_until"), "valid_until", faults)
    if first and last and last < first:
        faults.append("valid_until: before valid_from")
    if faults or first is None or last is None:
        raise MatrixRefused(count=len(faults), faults=faults[:100])
    return Matrix(version, first, last, tuple(rules), index)


def parse_goods_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A SKU's dangerous goods record, checked. Errors: PaperRefused naming each faulty field."""
    faults: list[str] = []
    un_number = (shape.text(row.get("un_number") or "", "un_number", faults, 12) or "").upper()
    if un_number and not (un_number.startswith("UN") and un_number[2:].isdigit() and len(un_number) == 6):
        faults.append("un_number: UN and four digits")
    clean: dict[str, Any] = {
        "un_number": un_number,
        "packing_instruction": shape.text(row.get("packing_instruction") or "", "packing_instruction", faults, 20),
        **{
            name: shape.whole(row.get(name, 0), name, faults)
            for name in ("energy_mwh", "lithium_mg", "cells", "net_ml")
        },
    }
    papers = []
    for n, raw in enumerate(shape.rows(row.get("papers"), "papers", faults), 1):
        before = len(faults)
        given = shape.typed(Paper, raw, f"papers[{n}]", faults)
        if len(faults) == before and given["kind"] not in PAPERS:
            faults.append(f"papers[{n}].kind: one of {', '.join(PAPERS)}")
        elif len(faults) == before:
            papers.append({**given, "valid_until": given["valid_until"].isoformat()})
    if faults:
        raise PaperRefused(sku=str(row.get("sku", ""))[:80], count=len(faults), faults=faults[:100])
    return {**clean, "papers": papers}
