"""Declarations as files that a broker's system can take: CSV and XML; the same parcels give the same bytes.

Format (docs/customs.md): one entry per parcel, one line per SKU of it, sorted by entry number and SKU; money with two decimals, weights
in kilograms with three; UTF-8, LF in XML, CRLF in CSV (RFC 4180).
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

COLUMNS = (
    "batch", "kind", "mode", "port", "declarant", "entry", "order", "tracking", "gross_kg", "consignee", "country", "currency", "sku", "hs_code",
    "name_zh", "name_en", "origin", "qty", "unit", "unit_price", "amount", "net_kg",
)  # fmt: skip
SUMMARY_COLUMNS = (
    "batch",
    "kind",
    "mode",
    "port",
    "declarant",
    "month",
    "hs_code",
    "origin",
    "country",
    "currency",
    "qty",
    "amount",
    "net_kg",
    "parcels",
)


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def kilograms(grams: int) -> str:
    return f"{grams / 1000:.3f}"


def entry(
    parcel: Mapping[str, Any], papers: Mapping[str, Mapping[str, Any]], units: Mapping[str, str]
) -> dict[str, Any]:
    """What is declared of one parcel. `parcel`: sscc, tracking, gross_g, contents (SKU to pieces); `units`: SKU to its unit."""
    order, filing = papers["order"], papers["filing"]
    lines = [
        {"sku": sku, "hs_code": filing.get(f"hs@{sku}", ""), "name_zh": filing.get(f"name_zh@{sku}", ""), "name_en": filing.get(f"name@{sku}", ""),
         "origin": filing.get(f"origin@{sku}", ""), "qty": qty, "unit": units.get(sku, "piece"), "value_cents": order.get(f"value@{sku}", 0),
         "net_g": qty * filing.get(f"net_g@{sku}", 0)}
        for sku, qty in sorted(parcel["contents"].items())
    ]  # fmt: skip
    return {
        "entry": parcel["sscc"], "order": order["number"], "tracking": parcel["tracking"] or parcel["sscc"], "gross_g": parcel["gross_g"],
        "consignee": order["consignee"], "country": order["country"], "currency": order["currency"], "lines": lines,
    }  # fmt: skip


def list_paper(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A declared entry as a paper, to be matched against the others."""
    paper = {"country": declared["country"], "consignee": declared["consignee"], "currency": declared["currency"],
             "gross_g": declared["gross_g"], "tracking": declared["tracking"]}  # fmt: skip
    for x in declared["lines"]:
        sku = x["sku"]
        paper |= {f"qty@{sku}": x["qty"], f"hs@{sku}": x["hs_code"], f"name@{sku}": x["name_en"], f"name_zh@{sku}": x["name_zh"],
                  f"origin@{sku}": x["origin"], f"value@{sku}": x["value_cents"]}  # fmt: skip
    return paper


def summarise(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Released entries by HS code, origin, country and currency: what the monthly summary declares."""
    sums: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for e in entries:
        for key, lines in _grouped(e).items():
            row = sums.setdefault(key, {"hs_code": key[0], "origin": key[1], "country": key[2], "currency": key[3], "qty": 0, "value_cents": 0, "net_g": 0, "parcels": 0})  # fmt: skip
            row["qty"] += sum(x["qty"] for x in lines)
            row["value_cents"] += sum(x["qty"] * x["value_cents"] for x in lines)
            row["net_g"] += sum(x["net_g"] for x in lines)
            row["parcels"] += 1
    return [sums[key] for key in sorted(sums)]


def _grouped(e: Mapping[str, Any]) -> dict[tuple[str, str, str, str], list[Mapping[str, Any]]]:
    groups: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = {}
    for x in e["lines"]:
        groups.setdefault((x["hs_code"], x["origin"], e["country"], e["currency"]), []).append(x)
    return groups


def rows(
    batch: Mapping[str, Any], site: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """A batch as flat rows of texts, in a fixed order."""
    head = {
        "batch": batch["number"],
        "kind": batch["kind"],
        "mode": batch["mode"],
        "port": batch["port"],
        "declarant": site["code"],
    }
    if batch["kind"] == "summary":
        return [
            {**head, "month": batch["month"], "hs_code": e["hs_code"], "origin": e["origin"], "country": e["country"], "currency": e["currency"],
             "qty": str(e["qty"]), "amount": money(e["value_cents"]), "net_kg": kilograms(e["net_g"]), "parcels": str(e["parcels"])}
            for e in entries
        ]  # fmt: skip
    return [
        {**head, "entry": e["entry"], "order": e["order"], "tracking": e["tracking"], "gross_kg": kilograms(e["gross_g"]), "consignee": e["consignee"],
         "country": e["country"], "currency": e["currency"], "sku": x["sku"], "hs_code": x["hs_code"], "name_zh": x["name_zh"], "name_en": x["name_en"],
         "origin": x["origin"], "qty": str(x["qty"]), "unit": x["unit"], "unit_price": money(x["value_cents"]),
         "amount": money(x["qty"] * x["value_cents"]), "net_kg": kilograms(x["net_g"])}
        for e in sorted(entries, key=lambda e: e["entry"]) for x in e["lines"]
    ]  # fmt: skip


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is quoted as text (OWASP, CSV injection)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def as_csv(batch: Mapping[str, Any], site: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, SUMMARY_COLUMNS if batch["kind"] == "summary" else COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({k: _harmless(v) for k, v in row.items()} for row in rows(batch, site, entries))
    return out.getvalue().encode("utf-8")


def as_xml(batch: Mapping[str, Any], site: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> bytes:
    head = {"number": batch["number"], "kind": batch["kind"], "mode": batch["mode"], "port": batch["port"], "month": batch["month"],
            "declarant": site["code"], "declarantName": site["name"], "platform": site["platform_code"]}  # fmt: skip
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<declaration xmlns="urn:wharfinger:customs:1"{_attributes(head)}>',
    ]
    entry_now = ""
    for row in rows(batch, site, entries):
        if batch["kind"] == "summary":
            out.append(f"  <goods{_attributes({k: row[k] for k in SUMMARY_COLUMNS[6:]})}/>")
            continue
        if row["entry"] != entry_now:
            if entry_now:
                out.append("  </entry>")
            entry_now = row["entry"]
            out.append(f"  <entry{_attributes({('number' if k == 'entry' else k): row[k] for k in COLUMNS[5:12]})}>")
        out.append(f"    <goods{_attributes({k: row[k] for k in COLUMNS[12:]})}/>")
    if entry_now:
        out.append("  </entry>")
    return "\n".join([*out, "</declaration>", ""]).encode("utf-8")


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())
