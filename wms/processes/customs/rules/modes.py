"""How an order is declared: the first row of the dated table that fits it."""

from collections.abc import Iterable
from dataclasses import dataclass

from wms.processes.customs.rules.fields import Row
from wms.processes.customs.rules.sheets import fits_country


@dataclass(frozen=True, slots=True)
class Trade:
    """What a mode is chosen by. `value_cents`: in the order's own currency."""

    site: str
    country: str
    channel: str
    commercial: bool
    to_warehouse: bool
    value_cents: int


def _fits(row: Row, trade: Trade) -> bool:
    return (
        fits_country(row["countries"], trade.country, trade.site)
        and row["commercial"] in ("", "yes" if trade.commercial else "no")
        and row["warehouse"] in ("", "yes" if trade.to_warehouse else "no")
        and (not row["channels"] or trade.channel in row["channels"])
        and trade.value_cents >= row["value_from_cents"]
        and (not row["value_to_cents"] or trade.value_cents <= row["value_to_cents"])
    )


def choose(rows: Iterable[Row], trade: Trade) -> tuple[str, str]:
    """The mode and why it is that one; ("", why) where no row fits."""
    for row in sorted(rows, key=lambda r: r["seq"]):
        if _fits(row, trade):
            said = ", ".join(filter(None, (
                f"{trade.site} to {trade.country}", "business buyer" if trade.commercial else "private buyer",
                "to an overseas warehouse" if trade.to_warehouse else "", f"channel {trade.channel}",
            )))  # fmt: skip
            return row["mode"], f"{row['mode']} by row {row['seq']}{': ' + row['note'] if row['note'] else ''} ({said})"
    return "", f"no row of the mode table fits {trade.site} to {trade.country}, channel {trade.channel}"
