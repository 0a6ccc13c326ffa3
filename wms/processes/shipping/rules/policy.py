"""What a site decides about shipping, as dated data: duty terms by country, what lateness costs, rules that pin, exclude or prefer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from wms.processes.shipping.rules.refusals import PolicyRefused
from wms.processes.shipping.rules.services import KINDS, Service, is_country

DO = ("pin", "exclude", "prefer")
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Country:
    """Thresholds in the site's currency; None in `ddp_from_cents`: the policy's own. `parcel_value_max_cents` of 0: none."""

    duty_bp: int = 0
    """Duty and import tax on the declared value, hundredths of a percent, as estimated for the choice; customs knows better."""
    ddp_from_cents: int | None = None
    parcel_value_max_cents: int = 0
    """A parcel above is split where the order's policy allows it."""
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class SiteRule:
    """pin: nothing but `target`; exclude: never `target`; prefer: `target` counts as `cents` cheaper. Empty conditions hold always."""

    id: str
    do: str
    target: str
    """Service code or kind:<kind>."""
    why: str
    channel: str = ""
    country: str = ""
    attribute: str = ""
    value_from_cents: int = 0
    value_below_cents: int = 0
    cents: int = 0

    def meets(self, service: Service) -> bool:
        return self.target in (service.code, f"kind:{service.kind}")


@dataclass(frozen=True, slots=True)
class Policy:
    """`rates`: millionths of the site's currency that one unit of another is worth."""

    version: int
    currency: str
    home: str = ""
    """The site's own country: no duty there."""
    valid_from: date = date.min
    valid_until: date = date.max
    ddp_from_cents: int = 15_000
    high_duty_bp: int = 2_000
    late_once_cents: int = 0
    late_day_cents: int = 0
    packing_g: int = 120
    """Carton and filling of a parcel that no carton is planned for."""
    countries: Mapping[str, Country] = field(default_factory=dict)
    rules: tuple[SiteRule, ...] = ()
    rates: Mapping[str, int] = field(default_factory=dict)

    def in_site_currency(self, cents: int, currency: str) -> int | None:
        """Rounded half up; None where no rate is on file."""
        if currency == self.currency:
            return cents
        rate = self.rates.get(currency)
        return None if rate is None else (2 * cents * rate + MICRO) // (2 * MICRO)


def term_for(policy: Policy, country: str, value_cents: int) -> tuple[str, str]:
    """(duty term, why): high value or high duty is delivered duty paid, the rest is not; at home there is none."""
    if country == policy.home:
        return "", "domestic: no duty"
    terms = policy.countries.get(country, Country())
    limit = policy.ddp_from_cents if terms.ddp_from_cents is None else terms.ddp_from_cents
    if value_cents >= limit:
        return "DDP", f"value {money(value_cents, policy.currency)} from {money(limit, policy.currency)} on"
    if terms.duty_bp >= policy.high_duty_bp:
        return "DDP", f"duty in {country} about {terms.duty_bp / 100:g} %"
    return "DAP", f"value {money(value_cents, policy.currency)} below {money(limit, policy.currency)}"


def money(cents: int, currency: str) -> str:
    return f"{currency} {cents // 100}.{cents % 100:02d}"


def parse_policy(body: Mapping[str, Any], services: Iterable[str], version: int = 1) -> Policy:
    """Errors: PolicyRefused naming each faulty field."""
    faults: list[str] = []
    names = {f.name for f in fields(Policy)} - {"version"}
    faults += [f"{name}: unknown field" for name in body if name not in names]
    given = {name: value for name, value in body.items() if name in names}
    if not (isinstance(body.get("currency"), str) and len(body["currency"]) == 3 and body["currency"].isupper()):
        faults.append("currency: three capital letters")
    if body.get("home") and not is_country(body["home"]):
        faults.append("home: no ISO 3166 code")
    for name in ("ddp_from_cents", "high_duty_bp", "late_once_cents", "late_day_cents", "packing_g"):
        if name in given:
            _number(given[name], name, faults)
    for name in ("valid_from", "valid_until"):
        if name in given:
            given[name] = _day(given[name], name, faults)
    countries = {}
    for code, raw in dict(body.get("countries") or {}).items():
        where = f"countries.{code}"
        if not is_country(code) or not isinstance(raw, Mapping):
            faults.append(f"{where}: ISO 3166 code to an object")
            continue
        faults += [f"{where}.{k}: unknown" for k in raw if k not in {f.name for f in fields(Country)}]
        for name in ("duty_bp", "ddp_from_cents", "parcel_value_max_cents"):
            if raw.get(name) is not None:
                _number(raw[name], f"{where}.{name}", faults)
        until = raw.get("valid_until")
        countries[code] = Country(
            raw.get("duty_bp", 0), raw.get("ddp_from_cents"), raw.get("parcel_value_max_cents", 0),
            _day(until, f"{where}.valid_until", faults) if until else None,
        )  # fmt: skip
    given["countries"] = countries
    given["rules"] = _site_rules(body.get("rules") or (), set(services), faults)
    for currency, rate in dict(body.get("rates") or {}).items():
        if not isinstance(rate, int) or isinstance(rate, bool) or rate <= 0:
            faults.append(f"rates.{currency}: millionths of the site's currency, above 0")
    if faults:
        raise PolicyRefused(count=len(faults), faults=faults[:100])
    return Policy(version=version, **given)


def _site_rules(given: Iterable[Any], services: set[str], faults: list[str]) -> tuple[SiteRule, ...]:
    found: list[SiteRule] = []
    names = {f.name for f in fields(SiteRule)}
    for n, raw in enumerate(given, 1):
        where = f"rules[{n}]"
        if not isinstance(raw, Mapping) or not all(raw.get(k) for k in ("id", "do", "target", "why")):
            faults.append(f"{where}: id, do, target and why")
            continue
        faults += [f"{where}.{k}: unknown" for k in raw if k not in names]
        rule = SiteRule(**{k: v for k, v in raw.items() if k in names})
        if rule.do not in DO:
            faults.append(f"{where}.do: one of {', '.join(DO)}")
        if rule.target not in services and rule.target.removeprefix("kind:") not in KINDS:
            faults.append(f"{where}.target: {rule.target!r} is no service and no kind:<kind>")
        if rule.id in {r.id for r in found}:
            faults.append(f"{where}.id: {rule.id!r} comes twice")
        for name in ("value_from_cents", "value_below_cents", "cents"):
            _number(getattr(rule, name), f"{where}.{name}", faults)
        found.append(rule)
    return tuple(found)


def _number(value: Any, name: str, faults: list[str]) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**12:
        faults.append(f"{name}: a whole number from 0")


def _day(value: Any, name: str, faults: list[str]) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        faults.append(f"{name}: a date, 2026-01-31")
        return date.min
