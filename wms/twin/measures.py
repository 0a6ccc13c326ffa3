"""What the control points measure, across processes. Each measure is one read; none is stored here.

A measure says `why_not` where its value must not be judged yet: too small a sample, or a window that is not over.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from wms.db.uow import UnitOfWork
from wms.foundation.packs import queries as packs
from wms.processes.calibration import queries as calibration
from wms.processes.controls.queries import Reading
from wms.processes.counting import queries as counting
from wms.processes.customs import queries as customs
from wms.processes.returns import queries as returns
from wms.processes.slotting import queries as slotting
from wms.processes.tracking import queries as tracking
from wms.twin import boards
from wms.twin.cartons import carton_fill

NOTHING = "–"
GATE_TAGS = 10_000
LINE_WINDOW = timedelta(minutes=15)
FIRST_SCAN = timedelta(hours=24)
"""A parcel that is not scanned so long after it left counts as late."""

NOT_MEASURED = {
    "inspection-tier": "there is no inspection process yet",
    "supplier-on-time": "notices carry no promised date that was kept a quarter long",
    "supplier-pass": "there is no inspection process yet",
    "supplier-response": "there are no supplier cases yet",
    "ap-match": "there are no invoices yet",
    "order-screening": "there is no order screening yet",
    "days-on-hand": "there is no week of demand on record",
    "replenishment-error": "there are no forecasts yet",
    "over-stock": "there are no forecasts yet",
    "campaign-buffer": "there are no campaigns yet",
    "coverage-72h": "there is no placement model yet",
    "stock-sync": "no channel is synced yet",
}


async def read(uow: UnitOfWork) -> dict[str, Reading]:
    """Every control point's reading now, by id."""
    found = {control: Reading(None, NOTHING, why_not=why) for control, why in NOT_MEASURED.items()}
    for control, measure in MEASURES.items():
        found[control] = await measure(uow)
    return found


async def _row(uow: UnitOfWork, sql: str, **params: Any) -> Any:
    return (await uow.session.execute(text(sql), params)).one()


def _percent(part: int, whole: int, evidence: Any, *, nothing: str, why_not: str = "", digits: int = 2) -> Reading:
    if not whole:
        return Reading(None, NOTHING, evidence, why_not=nothing)
    share = 100 * part / whole
    return Reading(share, f"{share:.{digits}f} %", evidence, why_not)


async def rfid_gate(uow: UnitOfWork) -> Reading:
    """Identified ÷ (identified + found later) over the newest passages that make up the window."""
    r = await _row(uow, """
        SELECT coalesce(sum(identified), 0)::int AS identified, coalesce(sum(found_later), 0)::int AS later FROM (
          SELECT m.identified, m.found_later, sum(m.identified) OVER (ORDER BY p.at DESC, m.id) - m.identified AS newer
          FROM gate_match m JOIN gate_passage p ON p.id = m.passage_id) x WHERE newer < :window""", window=GATE_TAGS)  # fmt: skip
    gates = await uow.session.execute(
        text("""
        SELECT p.gate, sum(m.identified)::int AS identified, sum(m.found_later)::int AS found_later,
               (SELECT coalesce(sum(jsonb_array_length(s.stray)), 0) FROM gate_passage s WHERE s.gate = p.gate)::int AS stray
        FROM gate_match m JOIN gate_passage p ON p.id = m.passage_id GROUP BY p.gate ORDER BY p.gate""")
    )
    tags = r.identified + r.later
    few = f"{tags:,} of {GATE_TAGS:,} tags" if tags < GATE_TAGS else ""
    return _percent(r.identified, tags, [dict(g._mapping) for g in gates], nothing="nothing passed a gate", why_not=few)


async def dws_weight(uow: UnitOfWork) -> Reading:
    return await _checks(uow, "weight")


async def dws_dimension(uow: UnitOfWork) -> Reading:
    return await _checks(uow, "size")


async def _checks(uow: UnitOfWork, measure: str) -> Reading:
    """How much of the allowed error the worst device used up at its newest check."""
    told = await calibration.latest_judged(uow, measure)
    if not told:
        return Reading(None, NOTHING, why_not="no check piece was measured yet")
    worst = max(told, key=lambda c: c["error_pct"] / c["allowed_pct"])
    share = 100 * worst["error_pct"] / worst["allowed_pct"]
    shown = f"{worst['error_pct']:.2f} % ({worst['device']}, below {worst['allowed_pct']:.2f} %)"
    return Reading(
        share, shown, [{**c, "asked_at": str(c["asked_at"]), "answered_at": str(c["answered_at"])} for c in told]
    )


async def sku_code_unique(uow: UnitOfWork) -> Reading:
    r = await _row(uow, """
        SELECT (SELECT count(DISTINCT code) FROM sku_code WHERE active) AS codes,
          (SELECT count(*) FROM (SELECT code FROM sku_code WHERE active GROUP BY code HAVING count(*) = 1) u) AS unique_codes,
          (SELECT count(*) FROM sku) AS skus,
          (SELECT count(*) FROM sku s WHERE 1 = (SELECT count(*) FROM sku_code c
             WHERE c.sku_id = s.id AND c.active AND c.kind = 'primary')) AS with_primary""")  # fmt: skip
    evidence = {
        "codes": r.codes,
        "ambiguous": r.codes - r.unique_codes,
        "skus_without_one_primary": r.skus - r.with_primary,
    }
    return _percent(r.unique_codes + r.with_primary, r.codes + r.skus, evidence, nothing="no SKUs yet")


async def unit_serial_unique(uow: UnitOfWork) -> Reading:
    r = await _row(uow, """
        SELECT coalesce(sum(b.units), 0)::int AS units, coalesce(sum(least(b.units, coalesce(n.serials, 0))), 0)::int AS named FROM (
          SELECT place_id, sku_id, status, sum(qty_each) AS units FROM stock_balance
          JOIN sku ON sku.id = sku_id AND sku.serial_policy IN ('on_receipt', 'always') WHERE qty_each > 0 GROUP BY 1, 2, 3
        ) b LEFT JOIN (SELECT place_id, sku_id, status, count(*) AS serials FROM serial GROUP BY 1, 2, 3) n
        USING (place_id, sku_id, status)""")  # fmt: skip
    return _percent(
        r.named, r.units, {"units": r.units, "with_serial": r.named}, nothing="no serial-kept stock on hand"
    )


async def inbound_incident(uow: UnitOfWork) -> Reading:
    """Longest time from the fact to the incident that has a clock, last 24 h."""
    r = await _row(uow, """
        SELECT count(*) AS n, max(extract(epoch FROM i.opened_at - e.occurred_at)) / 3600 AS hours
        FROM incident i JOIN event e ON e.stream = 'key:' || i.key AND e.name = 'incidents.incident_detected.v1'
        WHERE i.kind LIKE 'inbound.%' AND i.opened_at > :since AND e.occurred_at <= i.opened_at""",
        since=uow.now - timedelta(hours=24))  # fmt: skip
    return _longest(r, "no inbound incident in 24 h")


def _longest(r: Any, nothing: str) -> Reading:
    if not r.n or r.hours is None:
        return Reading(None, NOTHING, why_not=nothing)
    return Reading(float(r.hours), _hours(float(r.hours)), {"cases": r.n})


def _hours(hours: float) -> str:
    if hours < 1 / 60:
        return f"{hours * 3600:.1f} s"
    return f"{hours * 60:.0f} min" if hours < 2 else f"{hours:.1f} h"


async def trace_time(uow: UnitOfWork) -> Reading:
    """How long the full history of the SKU moved last takes to tell."""
    sku = await uow.session.scalar(
        text("SELECT s.code FROM movement m JOIN sku s ON s.id = m.sku_id ORDER BY m.id DESC LIMIT 1")
    )
    if sku is None:
        return Reading(None, NOTHING, why_not="nothing has moved yet")
    before = await uow.session.scalar(text("SELECT clock_timestamp()"))
    told = await boards.trace(uow, str(sku))
    after = await uow.session.scalar(text("SELECT clock_timestamp()"))
    seconds = (after - before).total_seconds()
    return Reading(seconds / 3600, f"{seconds:.2f} s", {"asked": sku, "entries": len(told["entries"])})


async def golden_zone(uow: UnitOfWork) -> Reading:
    """Share of today's picks from levels 1 and 2, the reach between knee and shoulder."""
    day, _ = await counting.site_day(uow)
    r = await _row(uow, """
        SELECT count(*) AS picks, count(*) FILTER (WHERE l.level IN (1, 2)) AS golden
        FROM movement m JOIN location l ON l.id = m.from_place_id
        WHERE m.reason = 'pick' AND m.recorded_at >= :since""", since=day)  # fmt: skip
    return _percent(r.golden, r.picks, {"picks": r.picks, "golden": r.golden}, nothing="no picks today", digits=1)


async def golden_lane(uow: UnitOfWork) -> Reading:
    """Walk per line of the golden lane's SKUs against the layout before the peak."""
    lane = await slotting.golden_lane(uow)
    if lane is None:
        return Reading(None, NOTHING, why_not="it is no peak: slotting has no golden lane")
    change = lane.pop("change_pct")
    if change is None:
        return Reading(None, NOTHING, lane, why_not="no picks of the lane's SKUs since the peak began")
    return Reading(change, f"{change:+.1f} %", lane)


async def space_reserve(uow: UnitOfWork) -> Reading:
    rows = await uow.session.execute(
        text("""
        SELECT l.zone, count(*)::int AS positions, count(*) FILTER (WHERE b.place_id IS NULL AND h.in_place_id IS NULL)::int AS free
        FROM location l
        LEFT JOIN (SELECT DISTINCT place_id FROM stock_balance WHERE qty_each > 0) b ON b.place_id = l.id
        LEFT JOIN (SELECT DISTINCT in_place_id FROM handling_unit WHERE closed_at IS NULL) h ON h.in_place_id = l.id
        WHERE l.active AND l.kind IN ('bin', 'reserve') GROUP BY l.zone ORDER BY l.zone""")
    )
    zones = [dict(r._mapping) for r in rows]
    free, positions = sum(z["free"] for z in zones), sum(z["positions"] for z in zones)
    return _percent(free, positions, zones, nothing="no locations yet", digits=1)


async def count_coverage(uow: UnitOfWork) -> Reading:
    """Judged good as soon as it is reached, and bad only in the last hour of the day."""
    c = await counting.coverage(uow)
    evidence = {n: c[n] for n in ("positions", "counted", "open", "key_left")}
    if c["share_pct"] is None:
        return Reading(None, NOTHING, evidence, why_not="no stock yet")
    share, key_left = c["share_pct"], c["key_left"]
    limit = await uow.session.scalar(text("SELECT limit_value FROM control_point WHERE id = 'count-coverage'"))
    if share >= float(limit or 0) and not key_left:
        return Reading(share, f"{share:.2f} %", evidence)
    shown = f"{share:.2f} %" + (f", {key_left} key positions left" if key_left else "")
    if c["day_ends"] - uow.now > timedelta(hours=1):
        return Reading(share, shown, evidence, f"the day runs; {c['open']} counts open")
    return Reading(0.0 if key_left else share, shown, evidence)  # a key position left out is a day not counted


async def count_variance(uow: UnitOfWork) -> Reading:
    a = await counting.accuracy(uow)
    proposal = ""
    if a["lower_pct"] is not None and a["rate_pct"] is not None and a["rate_pct"] > a["limit_pct"]:
        certain = a["lower_pct"] > a["limit_pct"]
        proposal = "full count, zone by zone, worst first" if certain else "more count tasks"
    evidence = {
        n: a[n] for n in ("counts", "book_each", "gross_each", "net_each", "accurate_pct", "lower_pct", "zones")
    }
    if a["rate_pct"] is None:
        return Reading(None, NOTHING, evidence, why_not="no confirmed count of booked stock yet")
    few = f"{a['book_each']:,} of {a['units_needed']:,} units" if a["book_each"] < a["units_needed"] else ""
    shown = f"{a['rate_pct']:.3f} % of {a['book_each']:,} units"
    return Reading(a["rate_pct"], shown, {**evidence, "proposal": proposal}, few)


async def variance_review(uow: UnitOfWork) -> Reading:
    r = await _row(uow, """
        SELECT count(*) AS n, count(*) FILTER (WHERE state = 'open') AS open,
               max(extract(epoch FROM coalesce(decided_at, :now) - opened_at)) / 3600 AS hours
        FROM count_variance WHERE state = 'open' OR decided_at > :since""", now=uow.now, since=uow.now - timedelta(days=7))  # fmt: skip
    if not r.n:
        return Reading(None, NOTHING, why_not="no variance in 7 days")
    return Reading(float(r.hours), _hours(float(r.hours)), {"variances": r.n, "open": r.open})


async def fragile_pack(uow: UnitOfWork) -> Reading:
    """Parcels with fragile goods that left the bench in a pack version, of all of them; 30 days."""
    if not await packs.any_version(uow):
        return Reading(None, NOTHING, why_not="no pack version is on record")
    r = await _row(uow, """
        SELECT count(*) AS fragile, count(p.pack_version_id) AS packed FROM parcel p
        WHERE p.labelled_at > greatest(:since, (SELECT min(created_at) FROM pack_version)) AND p.state = 'labelled'
          AND EXISTS (SELECT 1 FROM jsonb_object_keys(p.items) i JOIN sku s ON s.id = CAST(i AS int) AND s.fragile)""",
        since=uow.now - timedelta(days=30))  # fmt: skip
    standing = [s for s in await packs.standings(uow) if not s.version.retired]
    evidence = {
        "fragile": r.fragile,
        "in_version": r.packed,
        "versions": len(standing),
        "valid": sum(s.valid for s in standing),
    }
    return _percent(r.packed, r.fragile, evidence, nothing="no fragile parcel in 30 days")


async def pack_line_rate(uow: UnitOfWork) -> Reading:
    """Per line (the zone of its benches); judged only while picked orders wait for a bench. The slowest line counts."""
    rows = await uow.session.execute(
        text("""
        SELECT l.zone AS line, count(*)::int AS parcels,
               extract(epoch FROM CAST(:now AS timestamptz) - greatest(min(p.opened_at), :since)) AS seconds
        FROM parcel p JOIN station s ON s.code = p.station JOIN location l ON l.code = s.location
        WHERE p.labelled_at > :since GROUP BY l.zone ORDER BY l.zone"""),
        {"now": uow.now, "since": uow.now - LINE_WINDOW},
    )
    lines = [
        {"line": r.line, "parcels": r.parcels, "per_hour": round(r.parcels * 3600 / max(float(r.seconds), 1.0))}
        for r in rows
    ]
    if not lines:
        return Reading(None, NOTHING, why_not="no parcel labelled in 15 min")
    queued = int(await uow.session.scalar(text("SELECT count(*) FROM customer_order WHERE state = 'picked'")) or 0)
    slowest = min(x["per_hour"] for x in lines)
    why = "" if queued else "no input is queued"
    return Reading(float(slowest), f"{slowest:,} /h", {"lines": lines, "orders_waiting": queued}, why)


async def restricted_goods(uow: UnitOfWork) -> Reading:
    """Lines judged before release, and labels whose parcel was judged before they were asked for; 30 days, since the check is due."""
    since = uow.now - timedelta(days=30)
    r = await _row(uow, """
        SELECT count(l.id) AS lines, count(l.id) FILTER (WHERE EXISTS (
          SELECT 1 FROM ship_check s WHERE s.order_id = o.id AND s.stage = 'release' AND s.passed AND s.at <= o.released_at)) AS judged
        FROM customer_order o JOIN order_check k ON k.kind = 'shipping' AND o.accepted_at >= k.since
        JOIN order_line l ON l.order_id = o.id WHERE o.released_at > :since""", since=since)  # fmt: skip
    b = await _row(uow, """
        SELECT count(*) AS labels, count(*) FILTER (WHERE EXISTS (SELECT 1 FROM ship_check s
          WHERE s.parcel_id = p.parcel_id AND s.stage = 'label' AND s.passed AND s.at <= p.asked_at)) AS judged
        FROM ship_purchase p WHERE p.asked_at > :since""", since=since)  # fmt: skip
    bans = await uow.session.execute(text("""
        SELECT coalesce(nullif(x->>'rule', ''), 'no rule') AS rule, count(DISTINCT s.order_id)::int AS orders
        FROM ship_check s CROSS JOIN jsonb_array_elements(s.bans) x WHERE s.at > :since GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"""),
        {"since": since})  # fmt: skip
    evidence = {"lines": r.lines, "lines_judged": r.judged, "labels": b.labels, "labels_judged": b.judged,
                "bans": [dict(x._mapping) for x in bans]}  # fmt: skip
    return _percent(
        r.judged + b.judged, r.lines + b.labels, evidence, nothing="nothing was released that a service takes"
    )


async def short_order(uow: UnitOfWork) -> Reading:
    """From the shortage to someone taking it up, longest of those open or closed in 24 h."""
    r = await _row(uow, """
        SELECT count(*) AS n, max(extract(epoch FROM coalesce(resolved_at, :now) - detected_at)) / 3600 AS hours
        FROM incident WHERE kind = 'order.short'
          AND (state = 'open' OR (state = 'resolved' AND resolved_at > :since))""", now=uow.now, since=uow.now - timedelta(hours=24))  # fmt: skip
    return _longest(r, "no shortage in 24 h")


async def late_dispatch(uow: UnitOfWork) -> Reading:
    """Orders that their carrier scanned first after their ship-by, of those shipped; where nobody scans, leaving counts."""
    r = await tracking.dispatch(uow, uow.now - timedelta(days=30), FIRST_SCAN)
    judged = r["shipped"] - r["waiting"]
    nothing = f"{r['waiting']} wait for their first scan" if r["waiting"] else "nothing shipped in 30 days"
    return _percent(r["late"], judged, r, nothing=nothing)


async def delay_notice(uow: UnitOfWork) -> Reading:
    """Hours from the notice to the promise that was missed, the fewest of 30 days; promises under way 48 hours before."""
    r = await tracking.notices(uow, uow.now - timedelta(days=30))
    if r["least_h"] is None:
        return Reading(None, NOTHING, r, why_not="no promise was missed in 30 days")
    return Reading(r["least_h"], f"{r['least_h']:.1f} h", r)


async def loss_claim(uow: UnitOfWork) -> Reading:
    """Longest time from a loss, told or presumed, to its claim with label and weight record; 30 days."""
    r = await tracking.claim_hours(uow, uow.now - timedelta(days=30))
    if r["hours"] is None:
        return Reading(None, NOTHING, r, why_not="no loss in 30 days")
    return Reading(r["hours"], _hours(r["hours"]), r)


async def order_defect(uow: UnitOfWork) -> Reading:
    """Orders with an incident of packing or of the order itself, of the orders that left or were short."""
    since = uow.now - timedelta(days=60)
    kinds = await uow.session.execute(
        text("""SELECT kind, count(*)::int AS n FROM incident
        WHERE (kind LIKE 'pack.%' OR kind LIKE 'order.%') AND opened_at > :since GROUP BY kind ORDER BY n DESC, kind"""),
        {"since": since},
    )
    by_kind = [dict(k._mapping) for k in kinds]
    orders = await _row(uow, """
        SELECT count(*) AS n,
          (SELECT count(DISTINCT coalesce(detail->>'order', key)) FROM incident
           WHERE (kind LIKE 'pack.%' OR kind LIKE 'order.%') AND opened_at > :since) AS defects
        FROM customer_order WHERE accepted_at > :since AND state NOT IN ('accepted', 'released')""", since=since)  # fmt: skip
    return _percent(orders.defects, orders.n, by_kind, nothing="no order worked on in 60 days")


async def stock_age(uow: UnitOfWork) -> Reading:
    r = await _row(uow, """
        SELECT count(*) AS n, max(:today - lot.received_on) AS oldest, count(*) FILTER (WHERE :today - lot.received_on > 90) AS old
        FROM stock_balance b JOIN lot ON lot.id = b.lot_id WHERE b.qty_each > 0""", today=await uow.today())  # fmt: skip
    if not r.n:
        return Reading(None, NOTHING, why_not="no stock yet")
    worst = await uow.session.execute(
        text("""
        SELECT s.code AS sku, p.code AS place, lot.received_on, b.qty_each FROM stock_balance b JOIN lot ON lot.id = b.lot_id
        JOIN sku s ON s.id = b.sku_id JOIN place p ON p.id = b.place_id WHERE b.qty_each > 0
        ORDER BY lot.received_on, s.code LIMIT 10""")
    )
    evidence = {
        "lots_over_90_days": r.old,
        "oldest": [{**w._mapping, "received_on": str(w.received_on)} for w in worst],
    }
    return Reading(float(r.oldest), f"{r.oldest} days", evidence)


async def customs_match(uow: UnitOfWork) -> Reading:
    """Orders that left with papers that agreed, of those that had to be declared; 30 days. Those held now are the evidence."""
    r = await customs.match_share(uow)
    why = f"{r['held']} held, none has left" if r["held"] else "nothing had to be declared yet"
    return _percent(r["good"], r["left"], r, nothing=why)


async def customs_hold(uow: UnitOfWork) -> Reading:
    """Longest time from a hold by customs to its papers, holds still open included; 30 days."""
    return _longest(await customs.hold_hours(uow), "customs held nothing in 30 days")


async def return_cost(uow: UnitOfWork) -> Reading:
    """Label, handling and loss of value of returns closed in 30 days against the value of the orders they came from."""
    r = await returns.cost_now(uow)
    return _percent(r["cost_cents"], r["value_cents"], r, nothing="no return was closed in 30 days")


MEASURES: dict[str, Callable[[UnitOfWork], Awaitable[Reading]]] = {
    "customs-match": customs_match, "customs-hold": customs_hold,
    "rfid-gate": rfid_gate, "dws-weight": dws_weight, "dws-dimension": dws_dimension, "sku-code-unique": sku_code_unique, "unit-serial-unique": unit_serial_unique,
    "inbound-incident": inbound_incident, "trace-time": trace_time, "golden-zone": golden_zone, "golden-lane": golden_lane,
    "space-reserve": space_reserve, "count-coverage": count_coverage, "count-variance": count_variance,
    "variance-review": variance_review, "pack-line-rate": pack_line_rate, "restricted-goods": restricted_goods, "short-order": short_order,
    "late-dispatch": late_dispatch, "delay-notice": delay_notice, "loss-claim": loss_claim, "order-defect": order_defect, "stock-age": stock_age,
    "carton-fill": carton_fill, "fragile-pack": fragile_pack, "return-cost": return_cost,
}  # fmt: skip
