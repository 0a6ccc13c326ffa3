"""`python -m tests.benchmarks.dock`: a truck with 5,000 parcels leaves. One JSON line with its limit and whether it held.

Orders, parcels and their pieces are made by the real services; only what happened between the shelf and the truck is
skipped. Timed is the whole departure: checks, stock to the customer, orders shipped, facts and their reactions' rows,
commit. Then the handover list is drawn, timed in seconds of CPU.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tests.conftest import start
from wms import flow
from wms.db.uow import SYSTEM, Database
from wms.events.packing import ParcelLabelled
from wms.foundation.catalog import queries as catalog
from wms.foundation.catalog import service as catalog_service
from wms.foundation.orders import service as orders
from wms.foundation.stock import queries as stock_queries
from wms.foundation.stock import service as stock
from wms.foundation.stock.rules import Grain
from wms.kernel.ids import uuid7
from wms.processes.dock import queries
from wms.processes.dock.rules import handover
from wms.processes.dock.service import loading, trucks
from wms.stack.postgres import EmbeddedPostgres

LIMIT_S = 5.0
LIST_CPU_S = 3.0
CARRIER = "POST"


async def prepare(db: Database, parcels: int) -> None:
    """So many one-piece orders, their parcels loaded on one manifest."""
    async with db.begin(SYSTEM) as uow:
        draft = catalog_service.SkuDraft(
            code="A", name="Item A", length_mm=100, width_mm=80, height_mm=40, weight_g=200
        )
        await catalog_service.save_skus(uow, [draft])
    for at in range(0, parcels, 250):
        async with db.begin(SYSTEM) as uow:
            drafts = [
                orders.OrderDraft(ref=f"D{n}", lines=(("A", 1),), carrier=CARRIER, destination={"country": "DE"})
                for n in range(at, min(at + 250, parcels))
            ]
            ids = await orders.accept_orders(uow, drafts)
            await uow.session.flush()
            await uow.session.execute(
                text("UPDATE customer_order SET state = 'labelled' WHERE id = ANY(:ids)"), {"ids": ids}
            )
            await _parcels(uow, ids, at)


async def _parcels(uow: Any, ids: list[UUID], at: int) -> None:
    sku = (await catalog.skus_by_code(uow, ["A"]))["A"]
    lot = await stock.lot_for(uow, sku.id)
    opening = (await stock_queries.virtual_places(uow))["OPENING"]
    grain = Grain(sku.id, lot, sku.owner_id, "available")
    units = [await stock.create_unit(uow, "parcel", f"{at + n:018}", opening) for n in range(len(ids))]
    await stock.post(uow, [stock.Line(grain, opening, hu, 1, "bench") for hu in units])
    for n, (order_id, hu) in enumerate(zip(ids, units, strict=True)):
        await loading.expect(uow, ParcelLabelled(
            parcel_id=uuid7(), order_id=order_id, sscc=f"{at + n:018}", hu_id=hu, weight_g=350, carrier=CARRIER, of=1,
        ))  # fmt: skip
    manifest = await loading.open_manifest(uow, CARRIER)
    await uow.session.execute(
        text("UPDATE load SET state = 'loaded', manifest_id = :m WHERE order_id = ANY(:ids)"),
        {"m": manifest, "ids": ids},
    )
    await uow.session.execute(text("UPDATE customer_order SET state = 'loaded' WHERE id = ANY(:ids)"), {"ids": ids})


async def run(parcels: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="wms-b-"))
    folder.chmod(0o711)
    postgres = EmbeddedPostgres(folder / "pg", home=folder / "c")
    process = await asyncio.to_thread(start, postgres.child())
    try:
        env = {**os.environ, "WMS_DATABASE_URL": postgres.url()}
        subprocess.run([sys.executable, "-m", "wms", "db", "upgrade"], check=True, env=env)
        db = Database(postgres.url(), router=flow.route)
        await prepare(db, parcels)
        began = time.perf_counter()
        async with db.begin(SYSTEM, cause="bench") as uow:
            manifest, left = await trucks.depart(uow, CARRIER, signed_by="bench")
        took = time.perf_counter() - began
        async with db.begin(SYSTEM) as uow:
            page = await queries.handover(uow, manifest)
            shipped = await uow.session.scalar(text("SELECT count(*) FROM customer_order WHERE state = 'shipped'"))
            audit = await stock_queries.audit(uow)
        began = time.process_time()
        document = handover.as_pdf(page)
        drawn = time.process_time() - began
        await db.close()
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(20)
    good = took <= LIMIT_S and drawn <= LIST_CPU_S and left == parcels == shipped and all(x.clean for x in audit)
    return {
        "parcels": left, "closed_s": round(took, 2), "shipped": shipped, "audit_clean": all(x.clean for x in audit),
        "list_cpu_s": round(drawn, 2), "list_kb": len(document) // 1024,
        "limit": f"closed <= {LIMIT_S:g} s, list <= {LIST_CPU_S:g} s of CPU", "pass": good,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=5_000)
    told = asyncio.run(run(parser.parse_args().parcels))
    print(json.dumps(told))
    return 0 if told["pass"] else 1


if __name__ == "__main__":
    sys.exit(main())
