"""What a site decides about shipping, as dated data: duty terms by country, what lateness costs, rules that pin, exclude or prefer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from wms.processes.shipping.rules import shape
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
    parcel_cents: int = 100
    """What a further parcel costs the house: its carton and filling, and the work on it."""
    countries: Mapping[str, Country] = field(default_factory=dict)
    rules: tuple[SiteRule, ...] = ()
    rates: Mapping[str, int] = field(default_factory=dict)

    def in_site_currency(self, cents: int, currency: str) -> int | None:
        """Rounded half up; None where no rate is on file."""
        if currency == self.currency:
            return cents
        rate = self.rates.get(currency)
        return None if rate is None else (2 * cents * rate + MICRO) // (2 * MICRO)

    def from_site_currency(self, cents: int, currency: str) -> int | None:
        """Rounded down; None where no rate is on file."""
        rate = MICRO if currency == self.currency else self.rates.get(currency)
        return None if rate is None else cents * MICRO // rate


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
    own = frozenset({"countries", "rules", "rates", "version"})
    given = shape.typed(Policy, {k: v for k, v in body.items() if k != "version"}, "", faults, leave=own)
    if not is_currency(given.get("currency", "")):
        faults.append("currency: three capital letters")
    if given.get("home") and not is_country(given["home"]):
        faults.append("home: no ISO 3166 code")
    countries = {}
    for code, raw in shape.table(body.get("countries"), "countries", faults).items():
        if not is_country(code):
            faults.append(f"countries.{str(code)[:20]}: no ISO 3166 code")
        countries[code] = Country(**shape.typed(Country, raw, f"countries.{str(code)[:20]}", faults))
    rates = {}
    for currency, raw in shape.table(body.get("rates"), "rates", faults).items():
        rates[currency] = shape.whole(raw, f"rates.{str(currency)[:20]}", faults, 1) or 1
    rules = _site_rules(shape.rows(body.get("rules"), "rules", faults), set(services), faults)
    if faults:
        raise PolicyRefused(count=len(faults), faults=faults[:100])
    return Policy(version=version, countries=countries, rates=rates, rules=rules, **given)


def is_currency(code: object) -> bool:
    return isinstance(code, str) and len(code) == 3 and code.isascii() and code.isupper()


def _site_rules(given: Iterable[Any], services: set[str], faults: list[str]) -> tuple[SiteRule, ...]:
    found: list[SiteRule] = []
    for n, raw in enumerate(given, 1):
        where, before = f"rules[{n}]", len(faults)
        fields_given = shape.typed(SiteRule, raw, where, faults)
        if len(faults) > before:
            continue
        rule = SiteRule(**fields_given)
        if rule.do not in DO:
            faults.append(f"{where}.do: one of {', '.join(DO)}")
        if rule.target not in services and rule.target.removeprefix("kind:") not in KINDS:
            faults.append(f"{where}.target: {rule.target!r} is no service and no kind:<kind>")
        if not rule.id or rule.id in {r.id for r in found}:
            faults.append(f"{where}.id: {rule.id!r} is empty or comes twice")
        if not rule.why:
            faults.append(f"{where}.why: missing")
        found.append(rule)
    return tuple(found)
