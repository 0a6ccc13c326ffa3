"""Which service carries an order: the least expected cost among those that may, with the reasons of those that may not.

Expected cost = rate + expected cost of lateness + duty-paid handling, in the site's currency, less what a site rule prefers.
Ties go to the quicker, then to the code. Pure: the same book and the same order give the same choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from wms.processes.shipping.rules.cards import Card, girth, half_up, quote
from wms.processes.shipping.rules.matrix import Goods, Matrix, judge
from wms.processes.shipping.rules.parcels import Box, Parcel, as_it_is, expected, split
from wms.processes.shipping.rules.policy import Policy, SiteRule, money, term_for
from wms.processes.shipping.rules.services import Days, Service
from wms.processes.shipping.rules.windows import lateness_cost

RESTRICTED = "restricted"
PLANNED_PERCENT = 98


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a service may not carry the order: a stable code and what fills its text."""

    code: str
    params: Mapping[str, Any]

    @property
    def said(self) -> str:
        name, given = self.code.replace("_", " "), self.params
        if "most" in given and "is" in given:
            return f"{name} {given['is']} {given['unit']}, at most {given['most']}"
        told = [given["ban"]] if self.code == RESTRICTED else given.values()
        filled = ", ".join(str(v) for v in told if v not in ("", None))
        return f"{name}: {filled}" if filled else name


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as the choice sees it. `parcels`: as planned; empty: expected from `content`."""

    country: str
    postcode: str
    content: tuple[tuple[Goods, int], ...]
    parcels: tuple[Parcel, ...] = ()
    channel: str = ""
    allowed_days: int | None = None
    """Tenths of a day from dispatch to the promise."""
    service: str = ""
    """Fixed by the host: judged, never changed."""
    term: str = ""
    """Fixed by the host."""
    parcels_max: int = 1
    unvalued: str = ""
    """The order's currency, when no rate is on file for it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one service would cost, cents in the site's currency; `reasons` empty where it may carry the order."""

    service: str
    carrier: str
    kind: str
    term: str
    reasons: tuple[Reason, ...]
    cents: int = 0
    """Rate with surcharges and duty-paid handling."""
    duty_cents: int = 0
    """Duty-paid handling, part of `cents`."""
    late_cents: int = 0
    preferred_cents: int = 0
    parcels: tuple[Parcel, ...] = ()
    charged_g: int = 0
    window: Days = (0, 0, 0)
    lines: tuple[tuple[str, int], ...] = ()
    """Of the first parcel, in the card's currency."""
    currency: str = ""
    card_version: int = 0

    @property
    def expected_cents(self) -> int:
        return self.cents + self.late_cents - self.preferred_cents


@dataclass(frozen=True, slots=True)
class Choice:
    """`offer` None: no service may carry it; then `code` says in one word why."""

    offer: Offer | None
    offers: tuple[Offer, ...]
    term: str
    term_why: str
    code: str = ""
    why: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """All that a choice needs, in memory. `windows`: learned days by (service, country)."""

    on: date
    services: tuple[Service, ...]
    cards: Mapping[str, Card]
    matrix: Matrix | None
    policy: Policy
    boxes: tuple[Box, ...] = ()
    windows: Mapping[tuple[str, str], Days] | None = None
    expired: Mapping[str, date] | None = None
    """Service to the day on which its newest card ended."""

    def window(self, service: Service, country: str) -> Days:
        return (self.windows or {}).get((service.code, country), service.days)


def choose(book: Book, asked: Asked) -> Choice:
    """Offers of every service, the one chosen first."""
    content_value = sum(goods.value_cents * n for goods, n in asked.content)
    term, term_why = (
        (asked.term, "fixed by the host") if asked.term else term_for(book.policy, asked.country, content_value)
    )
    if asked.country == book.policy.home:
        term = ""
    rules = [rule for rule in book.policy.rules if _holds(rule, asked, content_value)]
    plain = asked.parcels or _expect(book, asked, 0, 0)
    offers = [_offer(book, asked, service, term, rules, plain) for service in book.services]
    eligible = sorted((o for o in offers if not o.reasons), key=lambda o: (o.expected_cents, o.window[1], o.service))
    rest = sorted((o for o in offers if o.reasons), key=lambda o: (len(o.reasons), o.service))
    if asked.service:
        found = next((o for o in offers if o.service == asked.service), None)
        if found is None:
            reason = f"{asked.service} is no service of this site"
            return Choice(None, (*eligible, *rest), term, term_why, "shipping.unknown_service", reason, ("service",))
        others = [o for o in (*eligible, *rest) if o is not found]
        if found.reasons:
            return _none((found, *others), [found], term, term_why, "shipping.fixed_not_eligible")
        return Choice(found, (found, *others), term, term_why, why=f"{found.service}: fixed by the host")
    if not eligible:
        return _none(tuple(rest), rest, term, term_why, "shipping.no_service")
    return Choice(eligible[0], (*eligible, *rest), term, term_why, why=_why(eligible, book.policy.currency, rules))


def _none(offers: tuple[Offer, ...], judged: Sequence[Offer], term: str, term_why: str, code: str) -> Choice:
    """Nothing may carry it. Where only a ban stands in the way of some service, the ban is what has to be mended."""
    only_bans = [o for o in judged if all(r.code == RESTRICTED for r in o.reasons)]
    if only_bans:
        # The one that is nearest to being mended: what a paper would mend first, then the fewest bans.
        best = min(only_bans, key=lambda o: (not any(r.params["paper"] for r in o.reasons), len(o.reasons), o.service))
        fields = tuple(dict.fromkeys(str(r.params["paper"]) for r in best.reasons if r.params["paper"]))
        others = ", ".join(o.service for o in only_bans if o is not best)
        why = f"{best.service}: {'; '.join(str(r.params['ban']) for r in best.reasons[:6])}"
        return Choice(
            None,
            offers,
            term,
            term_why,
            "shipping.restricted",
            why + (f"; banned too with {others}" if others else ""),
            fields,
        )
    said = [f"{o.service}: {', '.join(r.said for r in o.reasons)}" for o in judged[:8]]
    return Choice(None, offers, term, term_why, code, "; ".join(said) or "this site has no shipping service")


def _why(eligible: Sequence[Offer], currency: str, rules: Sequence[SiteRule]) -> str:
    best = eligible[0]
    low, _, high = best.window
    said = f"{best.service}: {money(best.cents, currency)}, {low / 10:g} to {high / 10:g} days"
    if best.late_cents:
        said += f", lateness {money(best.late_cents, currency)}"
    if len(best.parcels) > 1:
        said += f", {len(best.parcels)} parcels"
    if len(eligible) > 1:
        second = eligible[1]
        said += f"; next {second.service} {money(second.cents + second.late_cents, currency)}"
    used = [f"{r.id} ({r.why})" for r in rules if r.do != "exclude" and r.target in (best.service, f"kind:{best.kind}")]
    return said + (f"; by rule {', '.join(used)}" if used else "")


def _holds(rule: SiteRule, asked: Asked, value_cents: int) -> bool:
    return (
        rule.channel in ("", asked.channel)
        and rule.country in ("", asked.country)
        and value_cents >= rule.value_from_cents
        and (not rule.value_below_cents or value_cents < rule.value_below_cents)
        and (not rule.attribute or any(rule.attribute in goods.attributes for goods, _ in asked.content))
    )


def _expect(book: Book, asked: Asked, weight_max_g: int, value_max_cents: int) -> tuple[Parcel, ...]:
    """Parcels expected for the content under a service's limits; empty where they would be too many.

    What ships in its own container is a parcel a piece, however many the customer takes: it cannot be fewer.
    """
    as_is = [as_it_is(goods) for goods, n in asked.content for _ in range(n) if goods.own_container]
    content = tuple((goods, n) for goods, n in asked.content if not goods.own_container)
    largest = max((box.holds_mm3 for box in book.boxes), default=0)
    load = max((box.load_max_g for box in book.boxes), default=0)
    tare = max((box.tare_g for box in book.boxes), default=book.policy.packing_g)
    limit = max(weight_max_g - tare, 1) if weight_max_g else 0
    if load:
        limit = min(limit, load) if limit else load
    parts = split(
        content, weight_max_g=limit, value_max_cents=value_max_cents, volume_max_mm3=largest * 70 // 100,
        most=max(asked.parcels_max - len(as_is), 1),
    )  # fmt: skip
    if parts is None and len(content) == 1 and content[0][1] == 1:
        parts = [list(content)]  # one piece that no carton takes goes as it is, and its size is judged
    if parts is None:
        return ()
    return (*as_is, *(expected(part, book.boxes, book.policy.packing_g) for part in parts))


def _offer(
    book: Book, asked: Asked, service: Service, term: str, rules: Sequence[SiteRule], plain: tuple[Parcel, ...]
) -> Offer:
    reasons = _barred(book, asked, service, term, rules)
    if any(r.code == "country" for r in reasons):  # nothing else matters
        return Offer(
            service.code,
            service.carrier,
            service.kind,
            term,
            tuple(_once(reasons)),
            window=book.window(service, asked.country),
        )
    country = book.policy.countries.get(asked.country)
    value_max = value_limit(book, service, asked.country)
    parcels = plain
    over = any(p.weight_g > service.weight_max_g or (value_max and p.value_cents > value_max) for p in plain)
    if not plain or (over and not asked.parcels):
        parcels = _expect(book, asked, service.weight_max_g, value_max)
        if not parcels:
            reasons.append(Reason("parcels", {"most": asked.parcels_max}))
            parcels = plain
    for parcel in parcels:
        reasons += limits(service, parcel, value_max)
        bans = judge(book.matrix, service, asked.country, parcel.content, book.on)
        reasons += [
            Reason(
                RESTRICTED,
                {
                    "ban": ban.said,
                    "rule": ban.rule,
                    "attribute": ban.attribute,
                    "paper": ban.paper,
                    "sku": ban.sku,
                    "detail": ban.detail,
                },
            )
            for ban in bans
        ]
    window = book.window(service, asked.country)
    card = book.cards.get(service.code)
    offer = Offer(service.code, service.carrier, service.kind, term, (), parcels=parcels, window=window)
    if card is None:
        ended = (book.expired or {}).get(service.code)
        reasons.append(Reason("no_card", {"ended": ended.isoformat() if ended else ""}))
        return _with(offer, reasons)
    price = priced(book, asked, card, term, parcels, country.duty_bp if country else 0)
    if isinstance(price, Reason):
        return _with(offer, [*reasons, price])
    cents, duty, charged_g, lines = price
    late = lateness_cost(window, asked.allowed_days, book.policy.late_once_cents, book.policy.late_day_cents)
    preferred = sum(r.cents for r in rules if r.do == "prefer" and r.meets(service))
    return Offer(
        service.code, service.carrier, service.kind, term, tuple(_once(reasons)), cents, duty, late, preferred,
        parcels, charged_g, window, lines, card.currency, card.version,
    )  # fmt: skip


def _once(reasons: Sequence[Reason]) -> list[Reason]:
    """Each reason once, in order."""
    seen: dict[str, Reason] = {}
    for reason in reasons:
        seen.setdefault(f"{reason.code}:{sorted(reason.params.items())}", reason)
    return list(seen.values())


def _with(offer: Offer, reasons: Sequence[Reason]) -> Offer:
    return Offer(
        offer.service,
        offer.carrier,
        offer.kind,
        offer.term,
        tuple(_once(reasons)),
        parcels=offer.parcels,
        window=offer.window,
    )


def _barred(book: Book, asked: Asked, service: Service, term: str, rules: Sequence[SiteRule]) -> list[Reason]:
    reasons = []
    if not service.active:
        reasons.append(Reason("inactive", {}))
    if asked.unvalued:
        reasons.append(Reason("no_rate", {"currency": asked.unvalued}))
    if service.countries and asked.country not in service.countries:
        reasons.append(Reason("country", {"country": asked.country}))
    if service.kind == "local" and asked.country != book.policy.home and not service.countries:
        reasons.append(Reason("country", {"country": asked.country}))
    if term and term not in service.terms:
        reasons.append(Reason("term", {"term": term}))
    country = book.policy.countries.get(asked.country)
    if country and country.valid_until and country.valid_until < book.on:
        reasons.append(Reason("country_expired", {"country": asked.country, "ended": country.valid_until.isoformat()}))
    if book.policy.valid_until < book.on:
        reasons.append(Reason("policy_expired", {"ended": book.policy.valid_until.isoformat()}))
    if asked.service == service.code:
        return reasons  # the host's own choice: the site's wishes do not change it
    pins = [r for r in rules if r.do == "pin"]
    if pins and not any(r.meets(service) for r in pins):
        reasons.append(Reason("pinned", {"rule": pins[0].id, "target": pins[0].target, "why": pins[0].why}))
    reasons += [
        Reason("excluded", {"rule": r.id, "why": r.why}) for r in rules if r.do == "exclude" and r.meets(service)
    ]
    return reasons


def value_limit(book: Book, service: Service, country: str) -> int:
    """What a parcel may be worth, in the site's currency: the lower of the service's and the country's limit; 0: none."""
    terms = book.policy.countries.get(country)
    return min((v for v in (service.value_max_cents, terms.parcel_value_max_cents if terms else 0) if v), default=0)


def planned_g(service: Service, content: Sequence[tuple[Goods, int]], tare_g: int) -> int:
    """What a planned parcel may weigh: a little less than the service takes, since the scale may say more than was expected.

    One piece that needs the whole limit has it: it cannot be parted. `tare_g`: of the heaviest carton.
    """
    below = service.weight_max_g * PLANNED_PERCENT // 100
    alone = max((g.weight_g + (0 if g.own_container else tare_g) for g, _ in content), default=0)
    return below if alone <= below else service.weight_max_g


def limits(service: Service, parcel: Parcel, value_max: int) -> list[Reason]:
    sides = parcel.sides_mm
    there = (
        ("weight", parcel.weight_g, service.weight_max_g, "g"), ("length", max(sides), service.length_max_mm, "mm"),
        ("girth", girth(sides), service.girth_max_mm, "mm"), ("sides", sum(sides), service.sum_max_mm, "mm"),
        ("value", parcel.value_cents, value_max, "cents"),
    )  # fmt: skip
    return [
        Reason(code, {"is": got, "most": most, "unit": unit}) for code, got, most, unit in there if most and got > most
    ]


def priced(
    book: Book, asked: Asked, card: Card, term: str, parcels: Sequence[Parcel], duty_bp: int
) -> tuple[int, int, int, tuple[tuple[str, int], ...]] | Reason:
    """(cents, duty part of them, charged grams, lines of the first parcel), the first two in the site's currency."""
    cents, duty, charged = 0, 0, 0
    lines: tuple[tuple[str, int], ...] = ()
    for n, parcel in enumerate(parcels):
        paid = None
        if term == "DDP":
            # Duty is advanced in the currency of the card; at the rates on file.
            rate = book.policy.in_site_currency(1_000_000, card.currency)
            if not rate:
                return Reason("no_rate", {"currency": card.currency})
            paid = half_up(half_up(parcel.value_cents * duty_bp, 10_000) * 1_000_000, rate)
        found = quote(
            card, weight_g=parcel.weight_g, sides_mm=parcel.sides_mm, country=asked.country, postcode=asked.postcode,
            attributes=parcel.attributes, duty_cents=paid,
        )  # fmt: skip
        if isinstance(found, str):
            return Reason(
                found,
                {"country": asked.country, "grams": parcel.weight_g}
                if found == "no_row"
                else {"country": asked.country},
            )
        cents, duty, charged = cents + found.cents, duty + found.duty_fee_cents, charged + found.charged_g
        lines = lines if n else found.lines
    total, part = (book.policy.in_site_currency(c, card.currency) for c in (cents, duty))
    if total is None or part is None:
        return Reason("no_rate", {"currency": card.currency})
    return total, part, charged, lines
