"""The control point carton-fill: shipped cartons against the site's own first month."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.house import House, open_house, pack_order, pick_all
from wms.twin.assortment import history, propose
from wms.twin.cartons import carton_fill


@pytest.fixture
async def house(new_db: Any) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        yield opened


async def test_cartons_are_compared_with_the_first_month(house: House) -> None:
    async with house.db.begin() as uow:
        assert (await carton_fill(uow)).why_not == "no carton has left yet"
    order = await house.order("O1", {"A": 2})
    await house.release(order)
    tote = await pick_all(house, await house.sign_in("picker"))
    await pack_order(house, await house.sign_in("packer"), tote)
    async with house.db.begin() as uow:
        young = await carton_fill(uow)
        row = (await uow.session.execute(text("""
            SELECT 2.0 * s.length_mm * s.width_mm * s.height_mm / (c.inner_length_mm * c.inner_width_mm * c.inner_height_mm) AS fill
            FROM parcel p JOIN carton c ON c.code = p.carton JOIN sku s ON s.code = 'A' WHERE p.state = 'labelled'"""))).one()  # fmt: skip
        assert young.value is None and "comparable from" in young.why_not
        assert young.evidence["share"] == pytest.approx(float(row.fill), abs=1e-4)  # type: ignore[call-overload]
        assert young.evidence["cartons"][0]["parcels"] == 1  # type: ignore[call-overload]
        past = await history(uow, 90)
        assert [sum(i.qty for i in items) for items in past.contents.values()] == [2] and past.cartons
        with pytest.raises(ValueError, match="too few"):
            propose(past, 3)
    # The same parcel half as full, 70 days ago, as the first month.
    async with house.db.begin() as uow:
        await uow.session.execute(text("""
            INSERT INTO parcel SELECT (jsonb_populate_record(p, jsonb_build_object(
              'id', gen_random_uuid(), 'labelled_at', p.labelled_at - interval '70 days', 'hu_id', 0, 'sscc', '',
              'items', (SELECT jsonb_object_agg(key, CAST(value AS int) / 2) FROM jsonb_each_text(p.items))))).*
            FROM parcel p WHERE state = 'labelled'"""))  # fmt: skip
    async with house.db.begin() as uow:
        old = await carton_fill(uow)
        assert old.value == pytest.approx(100.0, abs=0.5) and old.shown.startswith("+")


def test_the_command_says_when_there_is_too_little_to_choose_by(new_db: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wms", "assortment"], env={**os.environ, "WMS_DATABASE_URL": new_db(migrated=True)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "0 parcels are too few" in done.stdout, done.stderr
