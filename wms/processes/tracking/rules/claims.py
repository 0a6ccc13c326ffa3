"""Claims against a carrier for a lost or damaged parcel: their states, what must be attached, and the file that goes out."""

import base64
import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from wms.processes.tracking.rules.refusals import WrongClaimState

NEXT = {
    "open": {"send": "sent", "drop": "dropped"},
    "sent": {"accept": "accepted", "reject": "rejected", "drop": "dropped"},
    "rejected": {"send": "sent", "drop": "dropped"},
    "accepted": {"pay": "paid"},
    "paid": {},
    "dropped": {},
}  # fmt: skip
LIVE = ("open", "sent", "rejected", "accepted")
DUE = timedelta(hours=48)
"""A claim is open and complete this long after the loss is known (control point loss-claim)."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def step(state: str, event: str) -> str:
    """Errors: WrongClaimState."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise WrongClaimState(state=state, event=event) from None


def bundle(claim: Mapping[str, Any], parcel: Mapping[str, Any], scans: Sequence[Mapping[str, Any]],
           label: Mapping[str, str] | None, weight: Mapping[str, Any] | None) -> bytes:  # fmt: skip
    """ZIP: claim.csv and claim.json, tracking.csv, weight.csv and the label as its carrier sold it. The same claim, the same bytes."""
    head = {**claim, **parcel}
    files: dict[str, bytes] = {
        "claim.csv": _csv(list(head), [head]), "claim.json": json.dumps(
            {"claim": claim, "parcel": parcel, "scans": list(scans), "weight": weight}, indent=1, ensure_ascii=False, default=str
        ).encode(), "tracking.csv": _csv(["at", "code", "place", "text", "source"], scans),
    }  # fmt: skip
    if weight:
        files["weight.csv"] = _csv(list(weight), [weight])
    if label:
        files[f"label.{label['format']}"] = base64.b64decode(label["document"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return out.getvalue()


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(c)) for c in columns])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    """As text; what a spreadsheet would take for a formula begins with an apostrophe."""
    said = "" if value is None else str(value)
    return f"'{said}" if said[:1] in ("=", "+", "-", "@") else said
